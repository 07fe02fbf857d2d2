/** One signed-in person: the state, and everything that is done about it. */
import type { ConversationJson, ListConversationsResponseJson, ListMembersResponseJson } from "../gen/im/messaging/v1/conversation_pb";
import type { ListEntriesResponseJson } from "../gen/im/messaging/v1/mailbox_pb";
import type { ListMessagesResponseJson } from "../gen/im/messaging/v1/message_pb";
import type { ContactJson, ListContactsResponseJson } from "../gen/im/presence/v1/contact_pb";
import type { ListPresencesResponseJson } from "../gen/im/presence/v1/presence_pb";
import type { CreateStreamTicketResponseJson, ServerFrameJson } from "../gen/im/gateway/v1/stream_pb";
import { ApiError } from "../api/errors";
import { query } from "../api/http";
import { Client } from "../api/session";
import { openSocket } from "../api/socket";
import { Stream, type Status } from "../api/stream";
import * as wire from "../api/wire";
import { Commands, newKey } from "./commands";
import { emptyState, type Conversation, type Entry, type Message, type State } from "./model";
import { Outbox } from "./outbox";
import { reduce, type Action } from "./reduce";
import { isAtEnd, isAtStart, watched } from "./select";

/** Entries are applied together for this long: a busy server says more than a screen can show. */
const APPLY_MS = 16;
const PAGE = 60;
/** A run that lags further behind is replaced by the newest page instead of continued. */
const FOLLOW_MAX = 400;
const CONVERSATIONS_MAX = 2_000;
const WATCH_MAX = 500;
const WATCH_DELAY_MS = 300;
const REFRESH_DELAY_MS = 150;
const REFRESH_RETRY_MS = 5_000;
const IDLE_MS = 5 * 60_000;
const TYPING_EVERY_MS = 3_000;

export class Messenger extends Commands {
  override state = $state.raw<State>(emptyState(""));
  status = $state<Status>("connecting");
  /** Why there is no connection, if the server said so. */
  statusReason = $state("");
  isReady = $state(false);
  openId = $state("");
  /** What went wrong last, for people to see; the reason. */
  trouble = $state.raw<ApiError | null>(null);

  private readonly stream: Stream;
  private readonly outbox: Outbox;
  private readonly loading = new Set<string>();
  private readonly reads = new Map<string, number>();
  private queued: Entry[] = [];
  private queuedCursor = "";
  private watching = "";
  private timers = new Map<string, ReturnType<typeof setTimeout>>();
  private typedAt = 0;
  private isIdle = false;
  private stopped = false;

  constructor(
    override readonly client: Client,
    /** A message of somebody else has come that had not been there before. */
    private readonly onNews: (message: Message) => void,
    onEnd: (reason: string) => void,
  ) {
    super();
    this.state = emptyState(client.userId);
    this.outbox = new Outbox(client, (action) => this.dispatch(action));
    this.stream = new Stream({
      ticket: async () =>
        (await client.call<CreateStreamTicketResponseJson>("POST", "stream:ticket", {})).ticket ?? "",
      open: (ticket, cursor) => openSocket(ticket, cursor),
      cursor: () => this.state.cursor,
      snapshot: () => this.takeSnapshot(),
      onFrame: (frame) => this.onFrame(frame),
      onStatus: (status, reason) => this.onStatus(status, reason),
      onEnd: (reason) => {
        client.end(reason);
        onEnd(reason);
      },
      random: Math.random,
    });
  }

  start(): void {
    for (const action of this.outbox.restore()) this.dispatch(action);
    this.stream.start();
    if (!navigator.onLine) this.stream.setOnline(false);
    this.noteActivity();
  }

  stop(): void {
    this.stopped = true;
    this.stream.stop();
    this.outbox.stop();
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  setOnline(isOnline: boolean): void {
    this.stream.setOnline(isOnline);
    if (isOnline) this.outbox.wake(this.state.outbox);
  }

  retryNow(): void {
    this.stream.retryNow();
  }

  override dispatch(action: Action): void {
    if (this.stopped) return;
    const old = this.state;
    this.state = reduce(old, action);
    if (this.state === old) return;
    if (this.state.outbox !== old.outbox) this.outbox.changed(this.state.outbox);
    if (this.state.conversations !== old.conversations) {
      if (Object.values(this.state.conversations).some((c) => c.isStale)) {
        this.later("refresh", REFRESH_DELAY_MS, () => void this.refreshStale());
      }
      void this.follow();
    }
    if (this.state.conversations !== old.conversations || this.state.contacts !== old.contacts) {
      this.later("watch", WATCH_DELAY_MS, () => this.watch());
    }
  }

  // --- the live connection ---

  private onStatus(status: Status, reason: string): void {
    this.status = status;
    this.statusReason = reason;
    if (status === "live") {
      this.outbox.wake(this.state.outbox);
      void this.flushReads();
      void this.refreshStale();
    }
    if (status !== "live" && status !== "catching-up") this.watching = "";
  }

  private onFrame(frame: ServerFrameJson): void {
    if (frame.welcome) {
      this.watch();
    } else if (frame.batch) {
      const entries = (frame.batch.entries ?? []).map(wire.entry);
      const first = entries[0]?.seq ?? 0;
      const known = this.queued.at(-1)?.seq ?? this.state.mailboxSeq;
      if (known > 0 && first > known + 1) {
        this.stream.resume();
        return;
      }
      this.queued.push(...entries);
      this.queuedCursor = frame.batch.cursor ?? "";
      this.later("apply", APPLY_MS, () => this.applyQueued());
    } else if (frame.presence) {
      this.dispatch({ type: "presences", presences: (frame.presence.presences ?? []).map(wire.presence) });
    } else if (frame.typing) {
      const { conversationId = "", userId = "" } = frame.typing;
      this.dispatch({ type: "typing", conversationId, userId, now: Date.now() });
      this.later("quiet", 6_500, () => this.dispatch({ type: "quiet", now: Date.now() }), true);
    }
  }

  /** What came within a picture's time is drawn at once. */
  private applyQueued(): void {
    const entries = this.queued;
    this.queued = [];
    const before = this.state.conversations;
    this.dispatch({ type: "batch", entries, cursor: this.queuedCursor });
    for (const { event } of entries) {
      if (event.kind !== "message" || event.message.senderId === this.state.me || event.message.removal) continue;
      const { conversationId, seq } = event.message;
      if (seq > (before[conversationId]?.lastSeq ?? 0)) this.onNews(event.message);
    }
  }

  /** The position first, then the state: what happens in between comes as entries. */
  private async takeSnapshot(): Promise<void> {
    const position = await this.client.call<ListEntriesResponseJson>("GET", "mailbox");
    this.queued = [];
    const [conversations, contacts] = await Promise.all([this.allConversations(), this.allContacts()]);
    this.dispatch({
      type: "snapshot",
      cursor: position.cursor ?? "",
      conversations: conversations.map(wire.conversation),
      contacts: contacts.map(wire.contact),
    });
    this.isReady = true;
    void this.loadOwnPresence();
    if (this.openId) void this.loadMembers(this.openId);
  }

  private async allConversations(): Promise<ConversationJson[]> {
    const all: ConversationJson[] = [];
    let pageToken = "";
    do {
      const page = await this.client.call<ListConversationsResponseJson>("GET", `conversations${query({ pageSize: 200, pageToken })}`);
      all.push(...(page.conversations ?? []));
      pageToken = page.nextPageToken ?? "";
    } while (pageToken && all.length < CONVERSATIONS_MAX);
    return all;
  }

  private async allContacts(): Promise<ContactJson[]> {
    const all: ContactJson[] = [];
    let pageToken = "";
    do {
      const page = await this.client.call<ListContactsResponseJson>("GET", `contacts${query({ pageSize: 1000, pageToken })}`);
      all.push(...(page.contacts ?? []));
      pageToken = page.nextPageToken ?? "";
    } while (pageToken);
    return all;
  }

  private watch(): void {
    const userIds = watched(this.state, this.openId, WATCH_MAX);
    const key = userIds.join();
    if (key !== this.watching && this.stream.say({ watch: { userIds } })) this.watching = key;
  }

  // --- what the entries cannot tell ---

  private async refreshStale(): Promise<void> {
    const stale = Object.values(this.state.conversations).filter((c) => c.isStale && !this.loading.has(`c ${c.id}`));
    await Promise.all(
      stale.map((c) =>
        this.once(`c ${c.id}`, async () => {
          try {
            const json = await this.client.call<ConversationJson>("GET", `conversations/${c.id}`);
            this.dispatch({ type: "conversations", conversations: [wire.conversation(json)] });
            if (c.id === this.openId) void this.loadMembers(c.id);
          } catch (error) {
            if (error instanceof ApiError && error.reason === "CONVERSATION_NOT_FOUND") {
              this.dispatch({ type: "forget", conversationId: c.id });
            } else {
              this.later("refresh", REFRESH_RETRY_MS, () => void this.refreshStale());
            }
          }
        }),
      ),
    );
  }

  /** Loads what the open conversation lacks at its end. */
  private async follow(): Promise<void> {
    const c = this.state.conversations[this.openId];
    if (!c || isAtEnd(c)) return;
    const last = c.messages.at(-1)?.seq ?? 0;
    if (last > 0 && c.lastSeq - last <= FOLLOW_MAX) await this.loadPage(c.id, { afterSeq: last });
    else await this.loadPage(c.id, {});
  }

  /** Loads the page before the oldest message. */
  async loadOlder(id: string): Promise<void> {
    const c = this.state.conversations[id];
    if (!c || c.messages.length === 0 || isAtStart(c)) return;
    await this.loadPage(id, { beforeSeq: c.messages[0]!.seq });
  }

  private loadPage(id: string, bound: { beforeSeq?: number; afterSeq?: number }): Promise<void> {
    return this.once(`m ${id}`, async () => {
      try {
        const page = await this.client.call<ListMessagesResponseJson>("GET", `conversations/${id}/messages${query({ ...bound, pageSize: PAGE })}`);
        this.dispatch({
          type: "page",
          conversationId: id,
          messages: (page.messages ?? []).map(wire.message),
          firstAvailableSeq: Number(page.firstAvailableSeq ?? 1) || 1,
        });
      } catch {
        this.later("follow", REFRESH_RETRY_MS, () => void this.follow());
      }
    });
  }

  private async loadMembers(id: string): Promise<void> {
    await this.once(`p ${id}`, async () => {
      try {
        const page = await this.client.call<ListMembersResponseJson>("GET", `conversations/${id}/members`);
        this.dispatch({ type: "members", conversationId: id, pointers: wire.pointers(page.members ?? []) });
      } catch {
        // Only ticks are missing; the next receipt brings them.
      }
    });
  }

  private async once(key: string, work: () => Promise<void>): Promise<void> {
    if (this.loading.has(key) || this.stopped) return;
    this.loading.add(key);
    try {
      await work();
    } finally {
      this.loading.delete(key);
    }
  }

  private later(name: string, ms: number, work: () => void, restart = false): void {
    if (this.stopped || (this.timers.has(name) && !restart)) return;
    clearTimeout(this.timers.get(name));
    this.timers.set(
      name,
      setTimeout(() => {
        this.timers.delete(name);
        work();
      }, ms),
    );
  }

  // --- conversations ---

  open(id: string): void {
    if (this.openId && this.openId !== id) this.dispatch({ type: "trim", conversationId: this.openId });
    this.openId = id;
    if (!id) return;
    void this.follow();
    void this.loadMembers(id);
    this.later("watch", WATCH_DELAY_MS, () => this.watch());
  }

  // --- messages ---

  send(conversationId: string, text: string, replyToSeq: number): boolean {
    return this.outbox.add(this.state.outbox, {
      clientKey: newKey(), conversationId, text, replyToSeq, createdAt: Date.now(), status: "pending", reason: "", seq: 0,
    });
  }

  retry(clientKey: string): void {
    this.dispatch({ type: "retry", clientKey });
    this.outbox.wake(this.state.outbox);
  }

  typing(conversationId: string): void {
    const now = Date.now();
    if (now - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = now;
    this.stream.say({ typing: { conversationId } });
  }

  /** The person has everything up to a message before their eyes. */
  markRead(c: Conversation, seq: number): void {
    if (seq <= c.readSeq) return;
    this.dispatch({ type: "read", conversationId: c.id, seq });
    this.reads.set(c.id, Math.max(seq, this.reads.get(c.id) ?? 0));
    this.later("reads", 250, () => void this.flushReads());
  }

  private async flushReads(): Promise<void> {
    for (const [id, seq] of [...this.reads]) {
      try {
        await this.client.call("POST", `conversations/${id}:markRead`, { seq: String(seq) });
        if (this.reads.get(id) === seq) this.reads.delete(id);
      } catch (error) {
        // What is refused is not asked again; the rest goes out when the connection is back.
        if (error instanceof ApiError && !error.isTransient) this.reads.delete(id);
      }
    }
  }

  // --- oneself ---

  private async loadOwnPresence(): Promise<void> {
    try {
      const page = await this.client.call<ListPresencesResponseJson>("GET", `presence${query({ userIds: this.state.me })}`);
      this.dispatch({ type: "presences", presences: (page.presences ?? []).map(wire.presence) });
    } catch {
      // The stream tells it too.
    }
  }

  /** Somebody sits in front of this page. */
  noteActivity(): void {
    if (this.isIdle) {
      this.isIdle = false;
      this.stream.say({ activity: { idle: false } });
    }
    this.later("idle", IDLE_MS, () => {
      this.isIdle = true;
      this.stream.say({ activity: { idle: true } });
    }, true);
  }

  /** Runs what may fail, and shows why. */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.trouble = error instanceof ApiError ? error : ApiError.network();
      return false;
    }
  }
}
