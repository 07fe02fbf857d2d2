/**
 * Messages on their way: kept in the browser until the server has them, sent in order within a
 * conversation, repeated with the same key, so that nothing is lost and nothing comes twice.
 */
import type { SendMessageResponseJson } from "../gen/im/messaging/v1/message_pb";
import { ApiError } from "../api/errors";
import { storagePrefix, type Client } from "../api/session";
import type { Pending } from "./model";
import type { Action } from "./reduce";

const WAITING_MAX = 200;
const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 20_000;

export class Outbox {
  private readonly prefix: string;
  private readonly running = new Set<string>();
  private known: Pending[] = [];
  private stopped = false;
  /** Ends the waiting of all that wait. */
  private wakers = new Set<() => void>();

  constructor(
    private readonly client: Pick<Client, "call" | "userId">,
    private readonly dispatch: (action: Action) => void,
  ) {
    this.prefix = `${storagePrefix}outbox.${client.userId}.`;
  }

  /** What an earlier page left. */
  restore(): Action[] {
    const found: Pending[] = [];
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(this.prefix)) continue;
      try {
        found.push(JSON.parse(localStorage.getItem(key) ?? "") as Pending);
      } catch {
        localStorage.removeItem(key);
      }
    }
    found.sort((a, b) => a.createdAt - b.createdAt);
    return found.map((pending) => ({ type: "pending", pending }));
  }

  /** False if too many wait already. */
  add(waiting: Pending[], pending: Pending): boolean {
    if (waiting.length >= WAITING_MAX) return false;
    this.dispatch({ type: "pending", pending });
    return true;
  }

  /** Keeps the browser's copy as the state is. */
  changed(now: Pending[]): void {
    for (const p of this.known) {
      if (!now.some((other) => other.clientKey === p.clientKey && other.status !== "sent")) {
        localStorage.removeItem(this.prefix + p.clientKey);
      }
    }
    for (const p of now) {
      if (p.status === "sent" || this.known.includes(p)) continue;
      try {
        localStorage.setItem(this.prefix + p.clientKey, JSON.stringify(p));
      } catch {
        // The storage is full: the message is still sent, it only would not survive a reload.
      }
    }
    this.known = now;
    this.flush();
  }

  /** The connection is back, or somebody wants it now. */
  wake(now: Pending[]): void {
    this.known = now;
    for (const waker of this.wakers) waker();
    this.flush();
  }

  stop(): void {
    this.stopped = true;
    for (const waker of this.wakers) waker();
  }

  private flush(): void {
    for (const id of new Set(this.known.filter((p) => p.status === "pending").map((p) => p.conversationId))) {
      if (!this.running.has(id)) void this.run(id);
    }
  }

  private async run(conversationId: string): Promise<void> {
    this.running.add(conversationId);
    let attempts = 0;
    try {
      for (;;) {
        const next = this.known.find((p) => p.conversationId === conversationId && p.status === "pending");
        if (!next || this.stopped) return;
        try {
          const { clientKey, text, replyToSeq } = next;
          const answer = await this.client.call<SendMessageResponseJson>("POST", `conversations/${conversationId}/messages`, {
            clientKey, text, replyToSeq: String(replyToSeq),
          });
          attempts = 0;
          this.dispatch({ type: "sent", clientKey, seq: Number(answer.message?.seq ?? 0) });
        } catch (error) {
          const failure = error instanceof ApiError ? error : ApiError.network();
          if (failure.isUnauthenticated) return;
          if (failure.isTransient) await this.pause(attempts++, failure.retryAfterMs);
          else this.dispatch({ type: "failed", clientKey: next.clientKey, reason: failure.reason });
        }
      }
    } finally {
      this.running.delete(conversationId);
    }
  }

  private pause(attempts: number, atLeastMs: number): Promise<void> {
    const ms = Math.max(atLeastMs, Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(attempts, 6)));
    return new Promise((done) => {
      const timer = setTimeout(wake, ms);
      const wakers = this.wakers;
      function wake(): void {
        clearTimeout(timer);
        wakers.delete(wake);
        done();
      }
      wakers.add(wake);
    });
  }
}
