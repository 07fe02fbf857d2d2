import type { Message } from "./model";

/** Of the same message the newer state. */
export function newer(a: Message, b: Message): Message {
  return b.revision >= a.revision ? { ...b, clientKey: b.clientKey || a.clientKey } : a;
}

export function find(run: Message[], seq: number): Message | undefined {
  const first = run[0];
  return first ? run[seq - first.seq] : undefined;
}

/** Replaces a message of the run, or continues it at its end; whatever lies elsewhere is dropped. */
export function put(run: Message[], message: Message, firstAvailableSeq: number): Message[] {
  const last = run.at(-1);
  if (!last) return message.seq <= firstAvailableSeq ? [message] : run;
  if (message.seq === last.seq + 1) return [...run, message];
  const known = find(run, message.seq);
  if (!known) return run;
  const winner = newer(known, message);
  if (winner === known) return run;
  const copy = run.slice();
  copy[message.seq - copy[0]!.seq] = winner;
  return copy;
}

/** Joins a page to a run. If there is a hole between them the later of the two stays. */
export function join(run: Message[], page: Message[]): Message[] {
  if (page.length === 0) return run;
  if (run.length === 0) return page;
  const [runFirst, runLast] = [run[0]!.seq, run.at(-1)!.seq];
  const [pageFirst, pageLast] = [page[0]!.seq, page.at(-1)!.seq];
  if (pageFirst > runLast + 1 || runFirst > pageLast + 1) return pageLast > runLast ? page : run;
  const before = pageFirst < runFirst ? page.slice(0, runFirst - pageFirst) : [];
  const after = pageLast > runLast ? page.slice(runLast + 1 - pageFirst) : [];
  const middle = run.map((message) => {
    const other = find(page, message.seq);
    return other ? newer(message, other) : message;
  });
  return [...before, ...middle, ...after];
}

/** Messages of others after `readSeq` that still exist; undefined if the run does not reach far enough. */
export function countUnread(
  run: Message[],
  readSeq: number,
  lastSeq: number,
  me: string,
): number | undefined {
  if (readSeq >= lastSeq) return 0;
  const [first, last] = [run[0], run.at(-1)];
  if (!first || !last || first.seq > readSeq + 1 || last.seq < lastSeq) return undefined;
  return run.filter((m) => m.seq > readSeq && m.senderId !== me && !m.removal).length;
}
