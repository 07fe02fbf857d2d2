/** One at a time over all tabs of the browser. */

const LEASE_MS = 20_000;
const LOOK_MS = 50;

/**
 * Runs `work` while no other tab does. `navigator.locks` exists on https and localhost only; plain
 * http, as small intranets use it, takes turns through an entry of the local storage instead.
 */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (navigator.locks) return navigator.locks.request(name, work);
  const key = `${name}.lock`;
  const mine = Math.random().toString(36).slice(2);
  for (;;) {
    const [holder, until] = (localStorage.getItem(key) ?? "").split(" ");
    if (holder === mine) break;
    if (!holder || Number(until) < Date.now()) localStorage.setItem(key, `${mine} ${Date.now() + LEASE_MS}`);
    // Whoever wrote last after the pause has it.
    await new Promise((done) => setTimeout(done, LOOK_MS + Math.random() * LOOK_MS));
  }
  try {
    return await work();
  } finally {
    localStorage.removeItem(key);
  }
}
