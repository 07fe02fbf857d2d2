/** The only way in which the state changes: a pure function of the state and what happened. */
import { applyEntry, change, changeKnown, point, read } from "./entries";
import type { Contact, Conversation, Entry, Message, Pending, Person, Pointers, Presence, State } from "./model";
import { countUnread, join } from "./run";

/** Messages that a conversation keeps when it is left. */
const KEPT_MESSAGES = 200;
/** How long "types" counts without being said again, in milliseconds. */
const TYPING_MS = 6_000;

export type Action =
  | { type: "snapshot"; cursor: string; conversations: Conversation[]; contacts: Contact[] }
  | { type: "conversations"; conversations: Conversation[] }
  | { type: "forget"; conversationId: string }
  | { type: "batch"; entries: Entry[]; cursor: string }
  | { type: "page"; conversationId: string; messages: Message[]; firstAvailableSeq: number }
  | { type: "trim"; conversationId: string }
  | { type: "members"; conversationId: string; pointers: Record<string, Pointers> }
  | { type: "read"; conversationId: string; seq: number }
  | { type: "people"; people: Person[] }
  | { type: "contact"; contact: Contact }
  | { type: "presences"; presences: Presence[] }
  | { type: "typing"; conversationId: string; userId: string; now: number }
  | { type: "quiet"; now: number }
  | { type: "pending"; pending: Pending }
  | { type: "sent"; clientKey: string; seq: number }
  | { type: "failed"; clientKey: string; reason: string }
  | { type: "retry"; clientKey: string }
  | { type: "discard"; clientKey: string };

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "snapshot":
      return snapshot(state, action);
    case "conversations":
      return action.conversations.reduce(refresh, state);
    case "forget": {
      const { [action.conversationId]: _, ...conversations } = state.conversations;
      return { ...state, conversations };
    }
    case "batch":
      return batch(state, action.entries, action.cursor);
    case "page":
      return page(state, action);
    case "trim":
      return changeKnown(state, action.conversationId, (c) =>
        c.messages.length > KEPT_MESSAGES ? { ...c, messages: c.messages.slice(-KEPT_MESSAGES) } : c,
      );
    case "members":
      return changeKnown(state, action.conversationId, (conversation) =>
        Object.entries(action.pointers).reduce(
          (c, [id, p]) => (id === state.me ? c : point(c, id, p.read, p.delivered)),
          conversation,
        ),
      );
    case "read":
      return changeKnown(state, action.conversationId, (c) => read(c, action.seq, state.me));
    case "people":
      return { ...state, people: { ...state.people, ...Object.fromEntries(action.people.map((p) => [p.id, p])) } };
    case "contact":
      return applyEntry(state, { seq: 0, event: { kind: "contact", contact: action.contact } });
    case "presences":
      return presences(state, action.presences);
    case "typing":
    case "quiet":
      return typing(state, action);
    default:
      return { ...state, outbox: outbox(state.outbox, action) };
  }
}

function snapshot(state: State, action: Extract<Action, { type: "snapshot" }>): State {
  const fresh: State = {
    ...state,
    cursor: action.cursor,
    mailboxSeq: 0,
    conversations: {},
    contacts: Object.fromEntries(action.contacts.map((c) => [c.userId, c])),
  };
  return action.conversations.reduce(refresh, fresh);
}

/** Takes over what the server says of a conversation, unless the client knows of something later. */
function refresh(state: State, told: Conversation): State {
  return change(state, told.id, (c) => {
    const readSeq = Math.max(told.readSeq, c.readSeq);
    if (told.lastSeq < c.lastSeq) return { ...c, isStale: true };
    const unread =
      readSeq === told.readSeq ? told.unread : countUnread(c.messages, readSeq, told.lastSeq, state.me);
    return {
      ...told,
      readSeq,
      unread: unread ?? Math.min(told.unread, told.lastSeq - readSeq),
      isStale: unread === undefined,
      activeAt: Math.max(c.activeAt, told.activeAt),
      messages: c.messages,
      pointers: c.pointers,
    };
  });
}

function batch(state: State, entries: Entry[], cursor: string): State {
  let next = state;
  for (const entry of entries) {
    if (entry.seq <= next.mailboxSeq) continue;
    next = { ...applyEntry(next, entry), mailboxSeq: entry.seq };
  }
  return { ...next, cursor };
}

function page(state: State, action: Extract<Action, { type: "page" }>): State {
  const next = changeKnown(state, action.conversationId, (c) => {
    const messages = join(c.messages, action.messages);
    // A page may know more than the entries so far; these will tell the rest.
    const isAhead = (messages.at(-1)?.seq ?? 0) > c.lastSeq;
    const bounded = isAhead ? messages.filter((m) => m.seq <= c.lastSeq) : messages;
    return { ...c, messages: bounded, firstAvailableSeq: action.firstAvailableSeq };
  });
  const last = next.conversations[action.conversationId]?.messages.at(-1)?.seq ?? 0;
  const isThere = (p: Pending) => p.conversationId === action.conversationId && p.seq > 0 && p.seq <= last;
  return { ...next, outbox: next.outbox.filter((p) => !isThere(p)) };
}

function presences(state: State, told: Presence[]): State {
  const known = { ...state.presences };
  for (const p of told) {
    const old = known[p.userId];
    if (old && old.epoch === p.epoch && old.revision > p.revision) continue;
    known[p.userId] = p;
  }
  return { ...state, presences: known };
}

function typing(state: State, action: Extract<Action, { type: "typing" | "quiet" }>): State {
  const all: State["typing"] = {};
  for (const [id, people] of Object.entries(state.typing)) {
    const left = Object.entries(people).filter(([, until]) => until > action.now);
    if (left.length > 0) all[id] = Object.fromEntries(left);
  }
  if (action.type === "typing" && action.userId !== state.me) {
    all[action.conversationId] = { ...all[action.conversationId], [action.userId]: action.now + TYPING_MS };
  }
  return { ...state, typing: all };
}

function outbox(
  old: Pending[],
  action: Extract<Action, { type: "pending" | "sent" | "failed" | "retry" | "discard" }>,
): Pending[] {
  const set = (part: Partial<Pending>) =>
    old.map((p) => (p.clientKey === (action as { clientKey: string }).clientKey ? { ...p, ...part } : p));
  switch (action.type) {
    case "pending":
      return old.some((p) => p.clientKey === action.pending.clientKey) ? old : [...old, action.pending];
    case "sent":
      return set({ status: "sent", seq: action.seq, reason: "" });
    case "failed":
      return set({ status: "failed", reason: action.reason });
    case "retry":
      return set({ status: "pending", reason: "" });
    case "discard":
      return old.filter((p) => p.clientKey !== action.clientKey);
  }
}
