import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/api/errors";
import { Stream, type Hooks, type Socket, type Status } from "../src/api/stream";

/** A server's end of a WebSocket. */
class Fake implements Socket {
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  said: Record<string, unknown>[] = [];
  isClosed = false;
  constructor(readonly ticket: string, readonly cursor: string) {}
  send(text: string): void {
    this.said.push(JSON.parse(text) as Record<string, unknown>);
  }
  close(): void {
    this.isClosed = true;
  }
  tell(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

function setUp(overrides: Partial<Hooks> = {}) {
  const sockets: Fake[] = [];
  const seen = { statuses: [] as string[], ends: [] as string[], frames: [] as object[], snapshots: 0, tickets: 0 };
  let cursor = "";
  const stream = new Stream({
    ticket: () => Promise.resolve(`ticket ${++seen.tickets}`),
    open: (ticket, from) => {
      const socket = new Fake(ticket, from);
      sockets.push(socket);
      return socket;
    },
    cursor: () => cursor,
    snapshot: () => {
      seen.snapshots++;
      cursor = `snapshot ${seen.snapshots}`;
      return Promise.resolve();
    },
    onFrame: (frame) => {
      seen.frames.push(frame);
      if (frame.batch?.cursor) cursor = frame.batch.cursor;
    },
    onStatus: (status: Status, reason) => seen.statuses.push(reason ? `${status} ${reason}` : status),
    onEnd: (reason) => seen.ends.push(reason),
    random: () => 0.5,
    ...overrides,
  });
  const settle = () => vi.advanceTimersByTimeAsync(0);
  const last = () => sockets.at(-1)!;
  const welcome = async () => {
    await settle();
    last().tell({ welcome: { heartbeatMs: 1000 } });
  };
  return { stream, sockets, seen, settle, last, welcome };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the stream", () => {
  it("takes a snapshot first, then goes on from its cursor, and is live when it has caught up", async () => {
    const { stream, seen, last, welcome } = setUp();
    stream.start();
    await welcome();
    expect(seen.snapshots).toBe(1);
    expect(last().cursor).toBe("snapshot 1");
    last().tell({ batch: { entries: [], cursor: "c1" } });
    expect(seen.statuses.at(-1)).toBe("catching-up");
    await vi.advanceTimersByTimeAsync(500);
    expect(seen.statuses.at(-1)).toBe("live");
    stream.stop();
  });

  it("acknowledges the newest cursor once, a while after batches", async () => {
    const { stream, last, welcome } = setUp();
    stream.start();
    await welcome();
    for (const cursor of ["c1", "c2", "c3"]) last().tell({ batch: { entries: [], cursor } });
    await vi.advanceTimersByTimeAsync(1100);
    expect(last().said.filter((f) => "ack" in f)).toEqual([{ ack: { cursor: "c3" } }]);
    stream.stop();
  });

  it("comes again after goaway, when it was told to, with a new ticket and the last cursor", async () => {
    const { stream, sockets, seen, last, welcome } = setUp();
    stream.start();
    await welcome();
    last().tell({ batch: { entries: [], cursor: "c9" } });
    last().tell({ goaway: { reason: "DRAINING", reconnectAfterMs: 4000 } });
    expect(seen.statuses.at(-1)).toBe("waiting DRAINING");
    await vi.advanceTimersByTimeAsync(3900);
    expect(sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(500);
    expect(last()).toMatchObject({ ticket: "ticket 2", cursor: "c9" });
    expect(seen.snapshots).toBe(1);
    stream.stop();
  });

  it("waits longer after each failure, and never longer than half a minute", async () => {
    let attempts = 0;
    const { stream } = setUp({
      ticket: () => {
        attempts++;
        return Promise.reject(ApiError.network());
      },
    });
    stream.start();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(attempts).toBe(2);
    await vi.advanceTimersByTimeAsync(120_000);
    const early = attempts;
    expect(early).toBeLessThan(14);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(attempts).toBeGreaterThan(early);
    stream.stop();
  });

  it("leaves a server from which nothing is heard for two heartbeats", async () => {
    const { stream, sockets, welcome, seen } = setUp();
    stream.start();
    await welcome();
    await vi.advanceTimersByTimeAsync(1900);
    expect(sockets[0]!.isClosed).toBe(false);
    expect(sockets[0]!.said.filter((f) => "ping" in f).length).toBeGreaterThan(2);
    await vi.advanceTimersByTimeAsync(200);
    expect(sockets[0]!.isClosed).toBe(true);
    expect(seen.statuses).toContain("waiting HEARTBEAT_LOST");
    stream.stop();
  });

  it("takes a snapshot when the cursor is of no use", async () => {
    const { stream, seen, last, welcome } = setUp();
    stream.start();
    await welcome();
    last().tell({ error: { code: 9, reason: "CURSOR_TOO_OLD" } });
    await vi.advanceTimersByTimeAsync(1000);
    expect(seen.snapshots).toBe(2);
    expect(last().cursor).toBe("snapshot 2");
    stream.stop();
  });

  it("ends for good when the session is over, said by the stream or by a call", async () => {
    const one = setUp();
    one.stream.start();
    await one.welcome();
    one.last().tell({ error: { code: 16, reason: "SESSION_REVOKED" } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(one.seen.ends).toEqual(["SESSION_REVOKED"]);
    expect(one.sockets).toHaveLength(1);

    const two = setUp({ ticket: () => Promise.reject(new ApiError(16, "SESSION_REVOKED", "")) });
    two.stream.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(two.seen.ends).toEqual(["SESSION_REVOKED"]);
  });

  it("stays when only an answer to a frame has failed", async () => {
    const { stream, seen, sockets, last, welcome } = setUp();
    stream.start();
    await welcome();
    last().tell({ error: { code: 3, reason: "WATCH_TOO_LARGE" } });
    last().tell({ error: { code: 7, reason: "NOT_A_CONTACT", clientKey: "k" } });
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(1);
    expect(seen.statuses.at(-1)).toBe("live");
    stream.stop();
  });

  it("lets go when the network goes, and comes at once when it is back", async () => {
    const { stream, seen, sockets, last, welcome, settle } = setUp();
    stream.start();
    await welcome();
    stream.setOnline(false);
    expect(last().isClosed).toBe(true);
    expect(seen.statuses.at(-1)).toBe("offline");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(1);
    stream.setOnline(true);
    await settle();
    expect(sockets).toHaveLength(2);
    stream.stop();
  });

  it("hears nothing from a socket that it has left", async () => {
    const { stream, seen, sockets, welcome } = setUp();
    stream.start();
    await welcome();
    const old = sockets[0]!.onmessage!;
    stream.setOnline(false);
    const before = seen.frames.length;
    old({ data: '{"batch":{"entries":[],"cursor":"late"}}' });
    expect(seen.frames).toHaveLength(before);
    stream.stop();
  });
});
