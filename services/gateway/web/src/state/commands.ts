/** What a person does by one call each; the answer, if there is one, goes into the state. */
import type { UserJson, ListUsersResponseJson } from "../gen/im/auth/v1/user_pb";
import type { ConversationJson } from "../gen/im/messaging/v1/conversation_pb";
import type { ContactJson } from "../gen/im/presence/v1/contact_pb";
import type { PresenceJson } from "../gen/im/presence/v1/presence_pb";
import { ApiError } from "../api/errors";
import { query } from "../api/http";
import type { Client } from "../api/session";
import * as wire from "../api/wire";
import type { Message, Person, State, UserId } from "./model";
import type { Action } from "./reduce";

const FOUND_MAX = 30;
/** People whose names are looked up at the same time. */
const LOOKUPS_MAX = 4;
const LOOKUP_DELAY_MS = 20;

export abstract class Commands {
  abstract readonly client: Client;
  abstract state: State;
  abstract dispatch(action: Action): void;

  private readonly wanted = new Set<UserId>();
  private readonly asked = new Set<UserId>();
  private lookups = 0;

  // --- conversations ---

  async startDirect(userId: UserId): Promise<string> {
    return this.take(await this.client.call<ConversationJson>("POST", "conversations", { kind: "DIRECT", memberIds: [userId] }));
  }

  async startGroup(title: string, memberIds: UserId[]): Promise<string> {
    const body = { kind: "GROUP", title, memberIds, clientKey: newKey() };
    return this.take(await this.client.call<ConversationJson>("POST", "conversations", body));
  }

  async retitle(id: string, title: string): Promise<void> {
    this.take(await this.client.call<ConversationJson>("PATCH", `conversations/${id}`, { title }));
  }

  async addMembers(id: string, userIds: UserId[]): Promise<void> {
    this.take(await this.client.call<ConversationJson>("POST", `conversations/${id}/members`, { userIds }));
  }

  async removeMember(id: string, userId: UserId): Promise<void> {
    await this.client.call("DELETE", `conversations/${id}/members/${userId === this.state.me ? "me" : userId}`);
  }

  private take(json: ConversationJson): string {
    const conversation = wire.conversation(json);
    this.dispatch({ type: "conversations", conversations: [conversation] });
    return conversation.id;
  }

  // --- messages ---

  edit(m: Message, text: string): Promise<unknown> {
    return this.client.call("PATCH", `conversations/${m.conversationId}/messages/${m.seq}`, { text });
  }

  remove(m: Message): Promise<unknown> {
    return this.client.call("DELETE", `conversations/${m.conversationId}/messages/${m.seq}`);
  }

  react(m: Message, emoji: string): Promise<unknown> {
    const path = `conversations/${m.conversationId}/messages/${m.seq}/reactions`;
    const isMine = m.reactions.some((r) => r.emoji === emoji && r.userIds.includes(this.state.me));
    return isMine ? this.client.call("DELETE", `${path}/${encodeURIComponent(emoji)}`) : this.client.call("POST", path, { emoji });
  }

  // --- people ---

  async find(text: string): Promise<Person[]> {
    const page = await this.client.call<ListUsersResponseJson>("GET", `users${query({ query: text, pageSize: FOUND_MAX })}`);
    const people = (page.users ?? []).map(wire.person).filter((p) => p.id !== this.state.me);
    this.dispatch({ type: "people", people });
    return people;
  }

  async ask(userId: UserId, note: string): Promise<void> {
    const json = await this.client.call<ContactJson>("POST", "contacts", { userId, note });
    this.dispatch({ type: "contact", contact: wire.contact(json) });
  }

  async answer(userId: UserId, verb: "accept" | "decline" | "block" | "unblock"): Promise<void> {
    const json = await this.client.call<ContactJson>("POST", `contacts/${userId}:${verb}`, {});
    // Declining and unblocking answer nothing: the entry tells what is left.
    if (json.userId) this.dispatch({ type: "contact", contact: wire.contact(json) });
  }

  async endContact(userId: UserId): Promise<void> {
    await this.client.call("DELETE", `contacts/${userId}`);
  }

  // --- oneself ---

  async setPresence(state: string, reason: string): Promise<void> {
    const json = await this.client.call<PresenceJson>("PUT", "presence", { state, reason });
    this.dispatch({ type: "presences", presences: [wire.presence(json)] });
  }

  // --- names ---

  /** Looks up the name of somebody who is no contact, a few people at a time. */
  needName(id: UserId): void {
    if (!id || this.asked.has(id) || this.state.people[id] || this.state.contacts[id]?.displayName) return;
    this.asked.add(id);
    this.wanted.add(id);
    if (this.lookups < LOOKUPS_MAX) {
      this.lookups++;
      setTimeout(() => void this.lookUp(), LOOKUP_DELAY_MS);
    }
  }

  private async lookUp(): Promise<void> {
    for (;;) {
      const [id] = this.wanted;
      if (!id) break;
      this.wanted.delete(id);
      try {
        const json = await this.client.call<UserJson>("GET", `users/${id}`);
        this.dispatch({ type: "people", people: [wire.person(json)] });
      } catch (error) {
        if (error instanceof ApiError && error.isTransient) this.asked.delete(id);
      }
    }
    this.lookups--;
  }
}

/** 128 random bits: `crypto.randomUUID` is not there on plain http. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
