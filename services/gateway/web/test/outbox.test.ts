import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/api/errors";
import type { Pending } from "../src/state/model";
import { emptyState } from "../src/state/model";
import { reduce, type Action } from "../src/state/reduce";

/** As much of the browser as the outbox uses. */
class Storage {
  [key: string]: unknown;
  getItem(key: string): string | null {
    return (this[key] as string | undefined) ?? null;
  }
  setItem(key: string, value: string): void {
    this[key] = value;
  }
  removeItem(key: string): void {
    delete this[key];
  }
}

const storage = new Storage();
vi.stubGlobal("localStorage", storage);
vi.stubGlobal("document", { baseURI: "http://im.example/" });
const { Outbox } = await import("../src/state/outbox");

const pending = (clientKey: string, createdAt = 1, conversationId = "c0"): Pending => ({
  clientKey, conversationId, text: `text ${clientKey}`, replyToSeq: 0, createdAt, status: "pending", reason: "", seq: 0,
});

function setUp(answer: (key: string, attempt: number) => unknown) {
  let state = emptyState("usr_me");
  const sent: string[] = [];
  const call = async (_method: string, _path: string, body?: unknown) => {
    const { clientKey } = body as { clientKey: string };
    sent.push(clientKey);
    const outcome = answer(clientKey, sent.filter((k) => k === clientKey).length);
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  const dispatch = (action: Action) => {
    const old = state;
    state = reduce(state, action);
    if (state.outbox !== old.outbox) outbox.changed(state.outbox);
  };
  const outbox = new Outbox({ userId: "usr_me", call: call as never }, dispatch);
  return { outbox, dispatch, sent, get: () => state.outbox };
}

const kept = () => Object.keys(storage).filter((key) => key.includes("outbox"));
const ok = { message: { seq: "7" } };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  for (const key of Object.keys(storage)) delete storage[key];
});

describe("the outbox", () => {
  it("sends in order, one at a time, and keeps a copy until the server has it", async () => {
    const { dispatch, sent, get } = setUp(() => ok);
    dispatch({ type: "pending", pending: pending("a", 1) });
    dispatch({ type: "pending", pending: pending("b", 2) });
    expect(kept()).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual(["a", "b"]);
    expect(get().map((p) => [p.status, p.seq])).toEqual([["sent", 7], ["sent", 7]]);
    expect(kept()).toHaveLength(0);
  });

  it("repeats with the same key while no answer comes, and nothing overtakes", async () => {
    const { dispatch, sent } = setUp((key, attempt) => (key === "a" && attempt < 3 ? ApiError.network() : ok));
    dispatch({ type: "pending", pending: pending("a", 1) });
    dispatch({ type: "pending", pending: pending("b", 2) });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent).toEqual(["a", "a", "a", "b"]);
  });

  it("does not wait any longer when the connection is back", async () => {
    const { outbox, dispatch, sent, get } = setUp((_key, attempt) => (attempt === 1 ? new ApiError(8, "RATE_LIMITED", "", {}, 60_000) : ok));
    dispatch({ type: "pending", pending: pending("a") });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toEqual(["a"]);
    outbox.wake(get());
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual(["a", "a"]);
  });

  it("gives up what is refused, says why, and goes on with the next", async () => {
    const { dispatch, get, sent } = setUp((key) => (key === "a" ? new ApiError(7, "NOT_A_CONTACT", "") : ok));
    dispatch({ type: "pending", pending: pending("a", 1) });
    dispatch({ type: "pending", pending: pending("b", 2) });
    await vi.advanceTimersByTimeAsync(0);
    expect(get().map((p) => [p.status, p.reason])).toEqual([["failed", "NOT_A_CONTACT"], ["sent", ""]]);
    expect(sent).toEqual(["a", "b"]);
    dispatch({ type: "retry", clientKey: "a" });
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual(["a", "b", "a"]);
  });

  it("brings back what an earlier page left, in the order of writing", () => {
    const first = setUp(() => ApiError.network());
    first.dispatch({ type: "pending", pending: pending("b", 2) });
    first.dispatch({ type: "pending", pending: pending("a", 1) });
    first.outbox.stop();
    const second = setUp(() => ok);
    const restored = second.outbox.restore();
    expect(restored.map((a) => (a.type === "pending" ? a.pending.clientKey : ""))).toEqual(["a", "b"]);
  });

  it("takes so many and no more", () => {
    const { outbox } = setUp(() => ok);
    expect(outbox.add(Array.from({ length: 200 }, (_, i) => pending(`k${i}`)), pending("more"))).toBe(false);
  });
});
