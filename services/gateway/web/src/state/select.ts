/** What the views ask of the state. */
import type { Contact, Conversation, Message, Pending, State, UserId } from "./model";

/** What a person is called: by the caller's alias, else by the name they chose. */
export function nameOf(state: State, id: UserId): string {
  const contact = state.contacts[id];
  const person = state.people[id];
  return contact?.alias || contact?.displayName || person?.displayName || person?.username || "…";
}

/** The other one of a conversation between two. */
export function partner(state: State, c: Conversation): UserId | undefined {
  return c.kind === "DIRECT" ? (c.memberIds.find((id) => id !== state.me) ?? state.me) : undefined;
}

export function titleOf(state: State, c: Conversation): string {
  const other = partner(state, c);
  return other ? nameOf(state, other) : c.title;
}

/** Newest activity first. */
export function listed(state: State): Conversation[] {
  return Object.values(state.conversations).sort(
    (a, b) => b.activeAt - a.activeAt || (a.id < b.id ? 1 : -1),
  );
}

export const totalUnread = (state: State): number =>
  Object.values(state.conversations).reduce((sum, c) => sum + c.unread, 0);

/** The roster in parts, each by name. */
export function roster(state: State): Record<"incoming" | "outgoing" | "accepted" | "blocked", Contact[]> {
  const of = (wanted: string) =>
    Object.values(state.contacts)
      .filter((c) => c.state === wanted)
      .sort((a, b) => nameOf(state, a.userId).localeCompare(nameOf(state, b.userId)));
  return { incoming: of("PENDING"), outgoing: of("REQUESTED"), accepted: of("ACCEPTED"), blocked: of("BLOCKED") };
}

/** How far an own message has come: by the one who came least far. */
export function delivery(state: State, c: Conversation, message: Message): "sent" | "delivered" | "read" {
  const others = c.memberIds.filter((id) => id !== state.me);
  const all = (of: "read" | "delivered") =>
    others.length > 0 && others.every((id) => (c.pointers[id]?.[of] ?? 0) >= message.seq);
  return all("read") ? "read" : all("delivered") ? "delivered" : "sent";
}

/** Who has read a message, of those who tell. */
export const readers = (c: Conversation, seq: number, me: UserId): UserId[] =>
  Object.entries(c.pointers).filter(([id, p]) => id !== me && p.read >= seq).map(([id]) => id);

/** Messages of a conversation that are still on their way. */
export const onTheirWay = (state: State, c: Conversation): Pending[] =>
  state.outbox.filter((p) => p.conversationId === c.id && !(p.seq > 0 && p.seq <= c.lastSeq));

/** The newest own message that still has a text: what the Up arrow edits. */
export const lastOwn = (state: State, c: Conversation): Message | undefined =>
  c.messages.findLast((m) => m.senderId === state.me && !m.removal);

/** Whether everything up to the newest message is loaded. */
export const isAtEnd = (c: Conversation): boolean => (c.messages.at(-1)?.seq ?? 0) >= c.lastSeq;

/** Whether the beginning of what is kept is loaded. */
export const isAtStart = (c: Conversation): boolean =>
  c.lastSeq === 0 || (c.messages[0]?.seq ?? Number.MAX_SAFE_INTEGER) <= c.firstAvailableSeq;

/** Everybody whose presence is shown, the most important first, at most `max`. */
export function watched(state: State, openId: string, max: number): UserId[] {
  const ids = new Set<UserId>([state.me]);
  for (const id of state.conversations[openId]?.memberIds ?? []) ids.add(id);
  for (const c of Object.values(state.contacts)) if (c.state === "ACCEPTED") ids.add(c.userId);
  for (const c of listed(state)) {
    const other = partner(state, c);
    if (other) ids.add(other);
  }
  return [...ids].slice(0, max);
}
