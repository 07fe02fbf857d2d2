/** From the JSON of the contract to the client's own values: the only place that knows both. */
import type { UserJson } from "../gen/im/auth/v1/user_pb";
import type { ConversationJson, MemberJson, MessageJson } from "../gen/im/messaging/v1/conversation_pb";
import type { EntryJson, MembershipJson } from "../gen/im/messaging/v1/mailbox_pb";
import type { ContactJson } from "../gen/im/presence/v1/contact_pb";
import type { PresenceJson } from "../gen/im/presence/v1/presence_pb";
import type { Contact, Conversation, Entry, Membership, Message, Person, Pointers, Presence } from "../state/model";

/** 64-bit integers are strings in JSON; all that is counted here fits a number. */
const int = (value: string | number | undefined): number => Number(value ?? 0);
const time = (value: string | undefined): number => (value ? Date.parse(value) : 0);

export function message(json: MessageJson): Message {
  return {
    id: json.id ?? "",
    conversationId: json.conversationId ?? "",
    seq: int(json.seq),
    senderId: json.senderId ?? "",
    text: json.text ?? "",
    createdAt: time(json.createTime),
    editedAt: time(json.editTime),
    revision: int(json.revision),
    replyToSeq: int(json.replyToSeq),
    removal: json.removal && json.removal !== "REMOVAL_UNSPECIFIED" ? json.removal : "",
    reactions: (json.reactions ?? []).map((r) => ({
      emoji: r.emoji ?? "",
      userIds: r.userIds ?? [],
      count: r.count ?? 0,
    })),
    clientKey: json.clientKey ?? "",
  };
}

export function conversation(json: ConversationJson): Conversation {
  const lastMessage = json.lastMessage ? message(json.lastMessage) : null;
  return {
    id: json.id ?? "",
    kind: json.kind === "GROUP" ? "GROUP" : "DIRECT",
    title: json.title ?? "",
    memberIds: json.memberIds ?? [],
    memberCount: json.memberCount ?? 0,
    lastSeq: int(json.lastSeq),
    readSeq: int(json.readSeq),
    unread: json.unreadCount ?? 0,
    lastMessage,
    firstAvailableSeq: int(json.firstAvailableSeq) || 1,
    isOwner: json.isOwner ?? false,
    activeAt: Math.max(time(json.createTime), lastMessage?.createdAt ?? 0),
    isStale: false,
    messages: [],
    pointers: {},
  };
}

export function pointers(members: MemberJson[]): Record<string, Pointers> {
  return Object.fromEntries(
    members.map((m) => [m.userId ?? "", { read: int(m.readSeq), delivered: int(m.deliveredSeq) }]),
  );
}

export function contact(json: ContactJson): Contact {
  const state = json.state && json.state !== "STATE_UNSPECIFIED" ? json.state : "NONE";
  return {
    userId: json.userId ?? "",
    state,
    username: json.username ?? "",
    displayName: json.displayName ?? "",
    alias: json.alias ?? "",
    isHiddenFrom: json.isHiddenFrom ?? false,
    isVip: json.isVip ?? false,
    note: json.note ?? "",
  };
}

export function person(json: UserJson): Person {
  return { id: json.id ?? "", username: json.username ?? "", displayName: json.displayName ?? "" };
}

export function presence(json: PresenceJson): Presence {
  const state = json.state && json.state !== "STATE_UNSPECIFIED" ? json.state : "OFFLINE";
  return {
    userId: json.userId ?? "",
    state,
    reason: json.reason ?? "",
    lastSeenAt: time(json.lastSeenTime),
    revision: int(json.revision),
    epoch: int(json.epoch),
  };
}

function membership(json: MembershipJson): Membership {
  const change = json.change && json.change !== "CHANGE_UNSPECIFIED" ? json.change : "UNKNOWN";
  return {
    conversationId: json.conversationId ?? "",
    change,
    userIds: json.userIds ?? [],
    actorId: json.actorId ?? "",
    title: json.title ?? "",
    kind: json.kind === "GROUP" ? "GROUP" : "DIRECT",
  };
}

/** An entry; of a kind that this client does not know only the number is taken. */
export function entry(json: EntryJson): Entry {
  const seq = int(json.seq);
  if (json.message) {
    return { seq, event: { kind: json.kind === "MESSAGE" ? "message" : "changed", message: message(json.message) } };
  }
  if (json.receipt) {
    const r = json.receipt;
    return {
      seq,
      event: {
        kind: "receipt",
        conversationId: r.conversationId ?? "",
        userId: r.userId ?? "",
        read: int(r.readSeq),
        delivered: int(r.deliveredSeq),
      },
    };
  }
  if (json.membership) return { seq, event: { kind: "membership", membership: membership(json.membership) } };
  if (json.contact) return { seq, event: { kind: "contact", contact: contact(json.contact) } };
  if (json.advanced) {
    const { conversationId = "", lastSeq } = json.advanced;
    return { seq, event: { kind: "advanced", conversationId, lastSeq: int(lastSeq) } };
  }
  return { seq, event: { kind: "unknown" } };
}
