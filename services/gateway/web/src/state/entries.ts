/**
 * Mailbox entries applied to the state. Whoever has the entries up to a cursor has the state of the
 * server, except for what the entries cannot tell: that is marked `isStale` and asked for.
 * Applying an entry to a state that knows it already changes nothing, so that a snapshot may be
 * taken between two entries.
 */
import { blankConversation, type Contact, type Conversation, type Entry, type Membership, type Message, type State } from "./model";
import { countUnread, find, newer, put } from "./run";

/** Applies one entry. */
export function applyEntry(state: State, entry: Entry): State {
  const event = entry.event;
  switch (event.kind) {
    case "message":
      return settle(change(state, event.message.conversationId, (c) => onMessage(c, event.message, state.me)), event.message);
    case "changed":
      return change(state, event.message.conversationId, (c) => onChanged(c, event.message, state.me));
    case "receipt":
      return change(state, event.conversationId, (c) =>
        event.userId === state.me
          ? read(c, event.read, state.me)
          : point(c, event.userId, event.read, event.delivered),
      );
    case "membership":
      return onMembership(state, event.membership);
    case "contact":
      return onContact(state, event.contact);
    case "advanced":
      return change(state, event.conversationId, (c) =>
        event.lastSeq > c.lastSeq ? { ...c, lastSeq: event.lastSeq, isStale: true } : c,
      );
    case "unknown":
      return state;
  }
}

/** Changes one conversation; one that is not known is made and marked as stale. */
export function change(
  state: State,
  id: string,
  how: (conversation: Conversation) => Conversation,
): State {
  const old = state.conversations[id];
  const next = how(old ?? blankConversation(id));
  if (next === old) return state;
  return { ...state, conversations: { ...state.conversations, [id]: next } };
}

/** Changes one conversation if it is known. */
export function changeKnown(
  state: State,
  id: string,
  how: (conversation: Conversation) => Conversation,
): State {
  return state.conversations[id] ? change(state, id, how) : state;
}

function onMessage(c: Conversation, message: Message, me: string): Conversation {
  if (message.seq <= c.lastSeq) return onChanged(c, message, me);
  const isOthers = message.senderId !== me && !message.removal;
  return {
    ...c,
    lastSeq: message.seq,
    lastMessage: message,
    activeAt: Math.max(c.activeAt, message.createdAt),
    unread: isOthers && message.seq > c.readSeq ? c.unread + 1 : c.unread,
    isStale: c.isStale || message.seq > c.lastSeq + 1,
    messages: put(c.messages, message, c.firstAvailableSeq),
  };
}

function onChanged(c: Conversation, message: Message, me: string): Conversation {
  const isLast = c.lastMessage?.seq === message.seq;
  const known = find(c.messages, message.seq) ?? (isLast ? c.lastMessage! : undefined);
  if (known && known.revision >= message.revision && (known.clientKey || !message.clientKey)) return c;
  let { unread, isStale } = c;
  if (message.removal && message.senderId !== me && message.seq > c.readSeq) {
    if (!known) isStale = true;
    else if (!known.removal) unread = Math.max(0, unread - 1);
  }
  return {
    ...c,
    unread,
    isStale,
    lastMessage: isLast ? newer(c.lastMessage!, message) : c.lastMessage,
    messages: put(c.messages, message, 0),
  };
}

/** Moves the own read pointer forward. */
export function read(c: Conversation, seq: number, me: string): Conversation {
  if (seq <= c.readSeq) return c;
  const counted = countUnread(c.messages, seq, c.lastSeq, me);
  return {
    ...c,
    readSeq: seq,
    unread: counted ?? Math.min(c.unread, Math.max(0, c.lastSeq - seq)),
    isStale: c.isStale || counted === undefined,
  };
}

/** Moves the pointers of another person forward. */
export function point(c: Conversation, userId: string, readSeq: number, delivered: number): Conversation {
  const old = c.pointers[userId] ?? { read: 0, delivered: 0 };
  const next = {
    read: Math.max(old.read, readSeq),
    delivered: Math.max(old.delivered, delivered, readSeq),
  };
  if (next.read === old.read && next.delivered === old.delivered) return c;
  return { ...c, pointers: { ...c.pointers, [userId]: next } };
}

function onMembership(state: State, m: Membership): State {
  const concernsMe = m.userIds.includes(state.me);
  if (m.change === "REMOVED" && concernsMe) {
    const { [m.conversationId]: _, ...conversations } = state.conversations;
    return { ...state, conversations };
  }
  return change(state, m.conversationId, (c) => {
    switch (m.change) {
      case "RETITLED":
        return { ...c, title: m.title };
      case "REMOVED": {
        const memberIds = c.memberIds.filter((id) => !m.userIds.includes(id));
        return { ...c, memberIds, isStale: true };
      }
      default: {
        const memberIds = [...new Set([...c.memberIds, ...m.userIds])];
        return { ...c, kind: m.kind, title: m.title || c.title, memberIds, isStale: true };
      }
    }
  });
}

function onContact(state: State, contact: Contact): State {
  const isGone = contact.state === "NONE" && !contact.isHiddenFrom && !contact.isVip;
  const { [contact.userId]: old, ...others } = state.contacts;
  if (isGone) return old ? { ...state, contacts: others } : state;
  return { ...state, contacts: { ...others, [contact.userId]: contact } };
}

/** An own message that has come back is on its way no longer; who has written types no longer. */
function settle(state: State, message: Message): State {
  const { conversationId, senderId, clientKey } = message;
  const typing = state.typing[conversationId];
  let next = state;
  if (typing && senderId in typing) {
    const { [senderId]: _, ...others } = typing;
    next = { ...next, typing: { ...next.typing, [conversationId]: others } };
  }
  if (senderId === state.me && clientKey && next.outbox.some((p) => p.clientKey === clientKey)) {
    next = { ...next, outbox: next.outbox.filter((p) => p.clientKey !== clientKey) };
  }
  return next;
}
