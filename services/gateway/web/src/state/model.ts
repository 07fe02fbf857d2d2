/** What the client knows. Plain data: all of it comes from pages, mailbox entries and the person. */

export type UserId = string;
export type ConversationId = string;

export type Removal = "" | "DELETED" | "EXPIRED_UNREAD" | "RETENTION";

export interface Reaction {
  emoji: string;
  userIds: UserId[];
  count: number;
}

export interface Message {
  id: string;
  conversationId: ConversationId;
  /** Contiguous within the conversation, from 1. */
  seq: number;
  senderId: UserId;
  text: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  /** Milliseconds since 1970; 0 if never edited. */
  editedAt: number;
  /** The largest is the newest. */
  revision: number;
  /** 0 if none. */
  replyToSeq: number;
  removal: Removal;
  reactions: Reaction[];
  /** Only of own messages. */
  clientKey: string;
}

export interface Pointers {
  read: number;
  delivered: number;
}

export interface Conversation {
  id: ConversationId;
  kind: "DIRECT" | "GROUP";
  title: string;
  memberIds: UserId[];
  memberCount: number;
  lastSeq: number;
  readSeq: number;
  unread: number;
  lastMessage: Message | null;
  firstAvailableSeq: number;
  isOwner: boolean;
  /** What the list is ordered by: milliseconds since 1970. */
  activeAt: number;
  /** Something cannot be told from the entries: ask the server. */
  isStale: boolean;
  /** A contiguous run of messages, ascending; empty until the conversation is opened. */
  messages: Message[];
  /** How far others have come. */
  pointers: Record<UserId, Pointers>;
}

export type ContactState = "REQUESTED" | "PENDING" | "ACCEPTED" | "BLOCKED" | "NONE";

export interface Contact {
  userId: UserId;
  state: ContactState;
  username: string;
  displayName: string;
  alias: string;
  isHiddenFrom: boolean;
  isVip: boolean;
  note: string;
}

export type PresenceState = "ONLINE" | "AWAY" | "BUSY" | "DO_NOT_DISTURB" | "INVISIBLE" | "OFFLINE";

export interface Presence {
  userId: UserId;
  state: PresenceState;
  reason: string;
  /** Milliseconds since 1970; 0 if not told. */
  lastSeenAt: number;
  revision: number;
  epoch: number;
}

export interface Person {
  id: UserId;
  username: string;
  displayName: string;
}

/** A message on its way, known by its key. */
export interface Pending {
  clientKey: string;
  conversationId: ConversationId;
  text: string;
  replyToSeq: number;
  createdAt: number;
  status: "pending" | "sent" | "failed";
  /** Of the server; empty unless failed. */
  reason: string;
  /** Once sent; 0 before. */
  seq: number;
}

export interface State {
  me: UserId;
  /** Number of the newest mailbox entry that was applied; 0 if none since the snapshot. */
  mailboxSeq: number;
  /** Where to go on from. */
  cursor: string;
  conversations: Record<ConversationId, Conversation>;
  contacts: Record<UserId, Contact>;
  people: Record<UserId, Person>;
  presences: Record<UserId, Presence>;
  /** Who types where, and until when that counts. */
  typing: Record<ConversationId, Record<UserId, number>>;
  outbox: Pending[];
}

export interface Membership {
  conversationId: ConversationId;
  change: "CREATED" | "ADDED" | "REMOVED" | "RETITLED" | "UNKNOWN";
  userIds: UserId[];
  actorId: UserId;
  title: string;
  kind: "DIRECT" | "GROUP";
}

export interface Entry {
  seq: number;
  event:
    | { kind: "message" | "changed"; message: Message }
    | { kind: "receipt"; conversationId: ConversationId; userId: UserId; read: number; delivered: number }
    | { kind: "membership"; membership: Membership }
    | { kind: "contact"; contact: Contact }
    | { kind: "advanced"; conversationId: ConversationId; lastSeq: number }
    | { kind: "unknown" };
}

/** Nothing is known yet. */
export function emptyState(me: UserId): State {
  return {
    me,
    mailboxSeq: 0,
    cursor: "",
    conversations: {},
    contacts: {},
    people: {},
    presences: {},
    typing: {},
    outbox: [],
  };
}

/** A conversation of which only the id is known. */
export function blankConversation(id: ConversationId): Conversation {
  return {
    id,
    kind: "DIRECT",
    title: "",
    memberIds: [],
    memberCount: 0,
    lastSeq: 0,
    readSeq: 0,
    unread: 0,
    lastMessage: null,
    firstAvailableSeq: 1,
    isOwner: false,
    activeAt: 0,
    isStale: true,
    messages: [],
    pointers: {},
  };
}
