/**
 * The live connection: ticket, WebSocket, resume by cursor. It never gives up by itself; what it
 * cannot settle (the session is over, the cursor is of no use) it tells.
 */
import type { ServerFrameJson } from "../gen/im/gateway/v1/stream_pb";

/** Where the connection stands. */
export type Status = "connecting" | "catching-up" | "live" | "waiting" | "offline";

export interface Hooks {
  /** A ticket; throws with `isUnauthenticated` if the session is over. */
  ticket(): Promise<string>;
  open(ticket: string, cursor: string): Socket;
  /** Where to go on from; empty: take a snapshot first. */
  cursor(): string;
  /** Takes the state anew, and with it a cursor. */
  snapshot(): Promise<void>;
  onFrame(frame: ServerFrameJson): void;
  onStatus(status: Status, reason: string): void;
  /** The session is over. */
  onEnd(reason: string): void;
  random(): number;
}

/** As much of a WebSocket as is needed. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
}

const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 30_000;
/** A connection that stood this long starts the waiting times anew. */
const STABLE_MS = 10_000;
/** Until `welcome` has to be there. */
const WELCOME_MS = 15_000;
const ACK_MS = 1_000;
/** Nothing for this long after `welcome`: everything that had been missed is there. */
const CAUGHT_UP_MS = 400;

const SESSION_OVER = new Set(["SESSION_REVOKED", "TOKEN_INVALID", "WRONG_SITE", "DISABLED", "BANNED", "REFRESH_TOKEN_INVALID", "REFRESH_TOKEN_REUSED"]);
const CURSOR_USELESS = new Set(["CURSOR_INVALID", "CURSOR_TOO_OLD"]);

export class Stream {
  private socket: Socket | null = null;
  private attempts = 0;
  private stopped = false;
  private isOnline = true;
  private generation = 0;
  private timers = new Map<string, ReturnType<typeof setTimeout>>();
  private heartbeatMs = 30_000;
  private needsSnapshot = false;
  private acked = "";

  constructor(private readonly hooks: Hooks) {}

  start(): void {
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.drop();
  }

  /** What the browser knows of the network. */
  setOnline(isOnline: boolean): void {
    if (this.stopped || isOnline === this.isOnline) return;
    this.isOnline = isOnline;
    this.drop();
    if (isOnline) {
      this.attempts = 0;
      void this.connect();
    } else {
      this.hooks.onStatus("offline", "");
    }
  }

  /** Says something if the connection stands; else it is lost, as such frames may be. */
  say(frame: object): boolean {
    if (!this.socket || this.timers.has("welcome")) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** Connects at once instead of waiting any longer. */
  retryNow(): void {
    if (this.timers.has("retry")) {
      this.drop();
      void this.connect();
    }
  }

  /** The entries have a hole: go on from the last cursor on a new connection. */
  resume(): void {
    this.retry(0, "");
  }

  private async connect(): Promise<void> {
    if (this.stopped || !this.isOnline) return;
    const generation = ++this.generation;
    this.hooks.onStatus("connecting", "");
    try {
      if (this.needsSnapshot || !this.hooks.cursor()) {
        await this.hooks.snapshot();
        this.needsSnapshot = false;
      }
      const ticket = await this.hooks.ticket();
      if (generation !== this.generation || this.stopped) return;
      this.attach(this.hooks.open(ticket, this.hooks.cursor()), generation);
    } catch (error) {
      if (generation !== this.generation || this.stopped) return;
      const { reason = "", isUnauthenticated = false, retryAfterMs = 0 } = error as {
        reason?: string;
        isUnauthenticated?: boolean;
        retryAfterMs?: number;
      };
      if (isUnauthenticated) this.end(reason);
      else this.retry(retryAfterMs, reason);
    }
  }

  private attach(socket: Socket, generation: number): void {
    this.socket = socket;
    this.after("welcome", WELCOME_MS, () => this.retry(0, ""));
    socket.onmessage = (event) => {
      if (generation !== this.generation || typeof event.data !== "string") return;
      try {
        this.take(JSON.parse(event.data) as ServerFrameJson);
      } catch {
        this.retry(0, "");
      }
    };
    socket.onclose = () => {
      if (generation === this.generation) this.retry(0, "");
    };
  }

  private take(frame: ServerFrameJson): void {
    this.watchSilence();
    if (frame.welcome) {
      this.cancel("welcome");
      this.heartbeatMs = frame.welcome.heartbeatMs || this.heartbeatMs;
      this.watchSilence();
      this.after("stable", STABLE_MS, () => (this.attempts = 0));
      this.hooks.onStatus("catching-up", "");
      this.ping();
      this.settle();
    } else if (frame.batch) {
      this.after("ack", ACK_MS, () => this.acknowledge(), false);
      if (this.timers.has("settle")) this.settle();
    } else if (frame.goaway) {
      this.retry((frame.goaway.reconnectAfterMs ?? 0) || 1, frame.goaway.reason ?? "");
      return;
    } else if (frame.error && !frame.error.clientKey && this.isFinal(frame.error.reason ?? "")) {
      const { reason = "", retryAfterMs = 0 } = frame.error;
      if (SESSION_OVER.has(reason)) this.end(reason);
      else {
        this.needsSnapshot ||= CURSOR_USELESS.has(reason);
        this.retry(retryAfterMs, reason);
      }
      return;
    }
    this.hooks.onFrame(frame);
  }

  /** Answers to `watch` and `typing` that failed leave the connection as it is. */
  private isFinal(reason: string): boolean {
    return !["WATCH_TOO_LARGE", "CONVERSATION_NOT_FOUND", "RATE_LIMITED", "FRAME_INVALID", "FRAME_NOT_ALLOWED"].includes(reason);
  }

  private settle(): void {
    this.after("settle", CAUGHT_UP_MS, () => this.hooks.onStatus("live", ""));
  }

  private acknowledge(): void {
    const cursor = this.hooks.cursor();
    if (cursor && cursor !== this.acked && this.say({ ack: { cursor } })) this.acked = cursor;
  }

  private ping(): void {
    this.say({ ping: {} });
    this.after("ping", this.heartbeatMs / 2, () => this.ping());
  }

  private watchSilence(): void {
    this.after("silence", this.heartbeatMs * 2, () => this.retry(0, "HEARTBEAT_LOST"));
  }

  private retry(afterMs: number, reason: string): void {
    this.drop();
    if (this.stopped || !this.isOnline) return;
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.attempts);
    this.attempts = Math.min(this.attempts + 1, 10);
    const delay = afterMs > 0 ? afterMs + this.hooks.random() * BACKOFF_MIN_MS : ceiling * (0.5 + this.hooks.random() / 2);
    this.hooks.onStatus("waiting", reason);
    this.after("retry", delay, () => void this.connect());
  }

  private end(reason: string): void {
    this.stop();
    this.hooks.onEnd(reason);
  }

  /** Lets go of the socket and of everything that waits. */
  private drop(): void {
    this.generation++;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
  }

  private after(name: string, ms: number, work: () => void, restart = true): void {
    if (!restart && this.timers.has(name)) return;
    this.cancel(name);
    this.timers.set(
      name,
      setTimeout(() => {
        this.timers.delete(name);
        work();
      }, ms),
    );
  }

  private cancel(name: string): void {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }
}
