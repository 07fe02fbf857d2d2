import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { blankConversation, emptyState, type Conversation, type Entry, type Message, type State } from "../src/state/model";
import { reduce } from "../src/state/reduce";
import { isAtEnd } from "../src/state/select";

const ME = "usr_me";
const PEOPLE = [ME, "usr_a", "usr_b"];

/** A server in small: what it keeps, and the entries it writes into the mailbox of ME. */
class Server {
  conversations = new Map<string, { messages: Message[]; readSeq: number; members: string[]; title: string }>();
  entries: Entry[] = [];

  private log(event: Entry["event"]): void {
    this.entries.push({ seq: this.entries.length + 1, event });
  }

  create(id: string): void {
    if (this.conversations.has(id)) return;
    this.conversations.set(id, { messages: [], readSeq: 0, members: PEOPLE, title: "t" });
    this.log({
      kind: "membership",
      membership: { conversationId: id, change: "CREATED", userIds: PEOPLE, actorId: "usr_a", title: "t", kind: "GROUP" },
    });
  }

  send(id: string, senderId: string): void {
    const c = this.conversations.get(id);
    if (!c) return;
    const seq = c.messages.length + 1;
    const message: Message = {
      id: `msg_${id}_${seq}`, conversationId: id, seq, senderId, text: `text ${seq}`, createdAt: this.entries.length,
      editedAt: 0, revision: 1, replyToSeq: 0, removal: "", reactions: [], clientKey: "",
    };
    c.messages.push(message);
    this.log({ kind: "message", message });
  }

  change(id: string, index: number, removal: "" | "DELETED"): void {
    const c = this.conversations.get(id);
    const old = c?.messages[index % Math.max(1, c.messages.length)];
    if (!c || !old || old.removal) return;
    const message = { ...old, revision: old.revision + 1, removal, text: removal ? "" : `${old.text}!` };
    c.messages[old.seq - 1] = message;
    this.log({ kind: "changed", message });
  }

  read(id: string, userId: string, seq: number): void {
    const c = this.conversations.get(id);
    if (!c) return;
    const to = Math.min(seq, c.messages.length);
    if (userId === ME) {
      if (to <= c.readSeq) return;
      c.readSeq = to;
    }
    this.log({ kind: "receipt", conversationId: id, userId, read: to, delivered: to });
  }

  list(): Conversation[] {
    return [...this.conversations].map(([id, c]) => ({
      ...blankConversation(id),
      kind: "GROUP" as const,
      title: c.title,
      memberIds: c.members,
      memberCount: c.members.length,
      lastSeq: c.messages.length,
      readSeq: c.readSeq,
      unread: c.messages.filter((m) => m.seq > c.readSeq && m.senderId !== ME && !m.removal).length,
      lastMessage: c.messages.at(-1) ?? null,
      activeAt: Math.max(0, c.messages.at(-1)?.createdAt ?? 0),
      isStale: false,
    }));
  }
}

type Step =
  | { do: "create" | "send" | "change" | "remove" | "read"; conversation: number; person: number; n: number };

const steps = fc.array(
  fc.record<Step>({
    do: fc.constantFrom("create", "send", "send", "send", "change", "remove", "read"),
    conversation: fc.nat(2),
    person: fc.nat(2),
    n: fc.nat(20),
  }),
  { maxLength: 80 },
);

function run(server: Server, list: Step[]): void {
  server.create("c0");
  for (const step of list) {
    const id = `c${step.conversation}`;
    const person = PEOPLE[step.person]!;
    if (step.do === "create") server.create(id);
    else if (step.do === "send") server.send(id, person);
    else if (step.do === "change") server.change(id, step.n, "");
    else if (step.do === "remove") server.change(id, step.n, "DELETED");
    else server.read(id, person, step.n);
  }
}

/** Asks for what the entries could not tell, as the client does. */
function settle(state: State, server: Server): State {
  const stale = server.list().filter((c) => state.conversations[c.id]?.isStale);
  return reduce(state, { type: "conversations", conversations: stale });
}

/** What counts of a state: without the windows and pointers, which a snapshot does not bring. */
const essence = (state: State) =>
  Object.fromEntries(
    Object.values(state.conversations).map((c) => [
      c.id,
      { lastSeq: c.lastSeq, readSeq: c.readSeq, unread: c.unread, last: c.lastMessage, members: c.memberIds, stale: c.isStale },
    ]),
  );

const batch = (state: State, entries: Entry[]): State =>
  reduce(state, { type: "batch", entries, cursor: `after ${entries.at(-1)?.seq ?? 0}` });

const snapshot = (server: Server): State =>
  reduce(emptyState(ME), { type: "snapshot", cursor: "", conversations: server.list(), contacts: [] });

describe("the state", () => {
  it("equals that of the server after a replay from the beginning", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const server = new Server();
        run(server, list);
        const replayed = settle(batch(emptyState(ME), server.entries), server);
        expect(essence(replayed)).toEqual(essence(snapshot(server)));
      }),
    );
  });

  it("is the same however the entries are cut into batches, and when they come twice", () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(100)), (list, cuts) => {
        const server = new Server();
        run(server, list);
        const whole = batch(emptyState(ME), server.entries);
        let cut = emptyState(ME);
        let from = 0;
        for (const to of [...cuts.map((c) => c % (server.entries.length + 1)), server.entries.length].sort((a, b) => a - b)) {
          cut = batch(cut, server.entries.slice(Math.max(0, from - 2), to));
          from = to;
        }
        expect({ ...cut, cursor: "" }).toEqual({ ...whole, cursor: "" });
      }),
    );
  });

  it("may start from a snapshot taken anywhere, with entries that the snapshot already knows", () => {
    fc.assert(
      fc.property(steps, steps, fc.nat(100), (before, after, back) => {
        const server = new Server();
        run(server, before);
        const from = Math.max(0, server.entries.length - (back % (server.entries.length + 1)));
        let state = snapshot(server);
        run(server, after);
        state = settle(batch(state, server.entries.slice(from)), server);
        expect(essence(state)).toEqual(essence(snapshot(server)));
      }),
    );
  });

  it("keeps an opened conversation complete, message by message", () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const server = new Server();
        run(server, before);
        let state = snapshot(server);
        const known = server.entries.length;
        for (const [id, c] of server.conversations) {
          state = reduce(state, { type: "page", conversationId: id, messages: c.messages.slice(-5), firstAvailableSeq: 1 });
        }
        const opened = new Set(Object.values(state.conversations).filter((c) => c.messages.length > 0).map((c) => c.id));
        run(server, after);
        state = settle(batch(state, server.entries.slice(known)), server);
        expect(essence(state)).toEqual(essence(snapshot(server)));
        for (const id of opened) {
          const c = state.conversations[id]!;
          const truth = server.conversations.get(id)!.messages;
          expect(isAtEnd(c)).toBe(true);
          expect(c.messages).toEqual(truth.slice(c.messages[0]!.seq - 1));
        }
      }),
    );
  });
});

describe("a page", () => {
  const server = new Server();
  server.create("c0");
  for (let i = 0; i < 30; i++) server.send("c0", "usr_a");
  const all = server.conversations.get("c0")!.messages;
  const page = (state: State, messages: Message[]) =>
    reduce(state, { type: "page", conversationId: "c0", messages, firstAvailableSeq: 1 });
  const seqs = (state: State) => state.conversations["c0"]!.messages.map((m) => m.seq);

  it("continues the run at either end and never leaves a hole", () => {
    let state = page(snapshot(server), all.slice(20));
    state = page(state, all.slice(12, 21));
    expect(seqs(state)).toEqual(all.slice(12).map((m) => m.seq));
    state = page(state, all.slice(0, 5));
    expect(seqs(state)).toEqual(all.slice(12).map((m) => m.seq));
  });

  it("never replaces what is newer", () => {
    const old = all.slice(20);
    const edited = { ...old[3]!, revision: 9, text: "edited" };
    let state = page(snapshot(server), old);
    state = batch(state, [{ seq: 1, event: { kind: "changed", message: edited } }]);
    state = page(state, old);
    expect(state.conversations["c0"]!.messages[3]!.text).toBe("edited");
  });

  it("shows nothing that the entries have not told yet, so that unread counts agree", () => {
    const state = reduce(emptyState(ME), {
      type: "snapshot", cursor: "", contacts: [], conversations: [{ ...server.list()[0]!, lastSeq: 25 }],
    });
    expect(seqs(page(state, all.slice(20)))).toEqual([21, 22, 23, 24, 25]);
  });
});

describe("reading", () => {
  const server = new Server();
  server.create("c0");
  for (let i = 0; i < 10; i++) server.send("c0", "usr_a");
  const told = server.list()[0]!;
  const start = () =>
    reduce(snapshot(server), { type: "page", conversationId: "c0", messages: server.conversations.get("c0")!.messages, firstAvailableSeq: 1 });

  it("is not undone by an answer that was under way meanwhile", () => {
    let state = reduce(start(), { type: "read", conversationId: "c0", seq: 8 });
    state = reduce(state, { type: "conversations", conversations: [told] });
    expect(state.conversations["c0"]).toMatchObject({ readSeq: 8, unread: 2, isStale: false });
  });

  it("asks the server where the loaded messages do not reach the newest", () => {
    let state = batch(start(), [{ seq: 1, event: { kind: "advanced", conversationId: "c0", lastSeq: 20 } }]);
    state = reduce(state, { type: "conversations", conversations: [{ ...told, lastSeq: 20, unread: 20 }] });
    expect(state.conversations["c0"]!.isStale).toBe(false);
    state = reduce(state, { type: "read", conversationId: "c0", seq: 5 });
    expect(state.conversations["c0"]).toMatchObject({ readSeq: 5, isStale: true });
  });
});

describe("the outbox", () => {
  const pending = {
    clientKey: "k1", conversationId: "c0", text: "hello", replyToSeq: 0, createdAt: 1, status: "pending" as const, reason: "", seq: 0,
  };
  const own = (seq: number): Message => ({
    id: "m", conversationId: "c0", seq, senderId: ME, text: "hello", createdAt: 2, editedAt: 0, revision: 1, replyToSeq: 0,
    removal: "", reactions: [], clientKey: "k1",
  });

  it("holds a message until its entry comes, whichever of answer and entry is first", () => {
    const start = reduce(emptyState(ME), { type: "pending", pending });
    const entry: Entry = { seq: 1, event: { kind: "message", message: own(1) } };
    const answered = reduce(start, { type: "sent", clientKey: "k1", seq: 1 });
    expect(answered.outbox[0]!.status).toBe("sent");
    expect(batch(answered, [entry]).outbox).toEqual([]);
    const early = reduce(batch(start, [entry]), { type: "sent", clientKey: "k1", seq: 1 });
    expect(early.outbox).toEqual([]);
  });

  it("fails, is tried again and can be given up", () => {
    let state = reduce(emptyState(ME), { type: "pending", pending });
    state = reduce(state, { type: "failed", clientKey: "k1", reason: "NOT_A_CONTACT" });
    expect(state.outbox[0]).toMatchObject({ status: "failed", reason: "NOT_A_CONTACT" });
    state = reduce(state, { type: "retry", clientKey: "k1" });
    expect(state.outbox[0]!.status).toBe("pending");
    expect(reduce(state, { type: "discard", clientKey: "k1" }).outbox).toEqual([]);
  });
});

describe("presence and typing", () => {
  const presence = (revision: number, epoch: number, state: "ONLINE" | "AWAY") => ({
    userId: "usr_a", state, reason: "", lastSeenAt: 0, revision, epoch,
  });

  it("never goes back within an epoch", () => {
    let state = reduce(emptyState(ME), { type: "presences", presences: [presence(5, 1, "ONLINE")] });
    state = reduce(state, { type: "presences", presences: [presence(4, 1, "AWAY")] });
    expect(state.presences["usr_a"]!.state).toBe("ONLINE");
    state = reduce(state, { type: "presences", presences: [presence(1, 2, "AWAY")] });
    expect(state.presences["usr_a"]!.state).toBe("AWAY");
  });

  it("forgets who types after a while", () => {
    let state = reduce(emptyState(ME), { type: "typing", conversationId: "c0", userId: "usr_a", now: 1000 });
    expect(Object.keys(state.typing["c0"]!)).toEqual(["usr_a"]);
    state = reduce(state, { type: "quiet", now: 8000 });
    expect(state.typing).toEqual({});
  });
});
