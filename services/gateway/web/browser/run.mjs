// Two people in two real browsers against a real server.
//
//   node browser/run.mjs ADDRESS [DIRECTORY FOR SCREENSHOTS]
//
// ADDRESS is that of a fresh server; CHROMIUM may name the browser's program.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";

const address = process.argv[2];
const shots = process.argv[3] ?? mkdtempSync(join(tmpdir(), "im-web-"));
assert.ok(address, "the address of a server is missing");

/** Everything here is over well within this, or something hangs. */
const TIMEOUT_MS = 15_000;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const complaints = [];

async function person(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 720 }, locale: "en-GB", ...options });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  page.on("console", (message) => {
    // A refused call is told by the browser too, and is part of some steps.
    if (message.type() === "error" && !/Failed to load resource|ERR_INTERNET_DISCONNECTED|WebSocket connection/.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  await page.goto(address);
  return { context, page };
}

async function step(name, work) {
  const began = Date.now();
  try {
    await work();
  } catch (error) {
    await ann.page.screenshot({ path: join(shots, "failed-ann.png") });
    await bob.page.screenshot({ path: join(shots, "failed-bob.png") });
    console.error(`FAIL ${name}; screenshots: ${shots}`, complaints);
    throw error;
  }
  console.log(`ok   ${name} (${Date.now() - began} ms)`);
}

/** No violation of WCAG 2 A and AA that axe can find; and a picture for people. */
async function look(page, name) {
  await page.screenshot({ path: join(shots, `${name}.png`) });
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const list = found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 4).map((n) => `${n.html.slice(0, 160)} ${n.failureSummary}`).join(" | ")}`);
  assert.deepEqual(list, [], `axe on ${name}`);
}

async function register(page, username, password, displayName) {
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Name that others see").fill(displayName);
  await page.getByLabel("Password").fill("short");
  await page.getByText("at least 8 characters").waitFor();
  assert.equal(await page.locator(".rules .kept").count(), 0);
  await page.getByLabel("Password").fill(password);
  assert.equal(await page.locator(".rules .kept").count(), 1);
  if (username === "ann") await look(page, "register");
  await page.getByRole("button", { name: "Create the account" }).click();
  await page.getByRole("heading", { name: `Hello, ${displayName}` }).waitFor();
}

const log = (page) => page.getByRole("log");
const compose = (page) => page.locator("#compose");
async function write(page, text) {
  await compose(page).fill(text);
  await compose(page).press("Enter");
}
const texts = (page) => page.locator(".message .text").allInnerTexts();

const ann = await person();
const bob = await person({ colorScheme: "dark" });

await step("signing in says why it fails", async () => {
  await look(ann.page, "sign-in");
  await ann.page.getByLabel("Username").fill("nobody");
  await ann.page.getByLabel("Password").fill("wrong password");
  await ann.page.getByRole("button", { name: "Sign in" }).click();
  await ann.page.getByText("Username or password is wrong.").waitFor();
});

await step("two people register", async () => {
  await register(ann.page, "ann", "swordfish", "Ann Archer");
  await register(bob.page, "bob", "tuna salad", "Bob Baker");
  await look(ann.page, "empty");
});

await step("they become contacts", async () => {
  await ann.page.getByRole("link", { name: "People", exact: true }).click();
  await ann.page.getByRole("searchbox", { name: "Find people" }).fill("bob");
  await ann.page.getByRole("button", { name: "Add" }).click();
  await ann.page.getByLabel("A word to go with it").fill("It is Ann, from the third floor.");
  await ann.page.getByRole("button", { name: "Ask" }).click();
  await ann.page.getByText("asked, no answer yet").waitFor();
  await bob.page.getByRole("link", { name: /People.*1 request/ }).click();
  await bob.page.getByText("It is Ann, from the third floor.").waitFor();
  await look(bob.page, "request-dark");
  await bob.page.getByRole("button", { name: "Accept" }).click();
  await bob.page.getByRole("button", { name: "Message Ann Archer" }).waitFor();
  await ann.page.getByRole("searchbox", { name: "Find people" }).fill("");
  await ann.page.getByRole("button", { name: "Message Bob Baker" }).waitFor();
});

await step("presence is seen", async () => {
  await ann.page.locator(".person .dot.ONLINE").waitFor();
  await bob.page.getByRole("button", { name: /change how others see you/ }).click();
  await bob.page.getByRole("radio", { name: /Busy/ }).check();
  await bob.page.getByLabel("Reason").fill("In a meeting");
  await look(bob.page, "presence-dark");
  await bob.page.getByRole("button", { name: "Save" }).click();
  await ann.page.locator(".person .dot.BUSY").waitFor();
  await ann.page.getByText("In a meeting").waitFor();
  await look(ann.page, "people");
});

await step("they chat, with typing, ticks and unread counts", async () => {
  await ann.page.getByRole("button", { name: "Message Bob Baker" }).click();
  await log(ann.page).waitFor();
  await write(ann.page, "Lunch **at noon**? See https://intra.example/menu");
  await bob.page.getByRole("link", { name: /Chats.*1 unread message/ }).click();
  await bob.page.waitForFunction(() => document.title.startsWith("(1)"));
  await ann.page.locator('[data-state="delivered"]').waitFor();
  await bob.page.getByRole("link", { name: /Ann Archer/ }).click();
  await ann.page.locator('[data-state="read"]').waitFor();
  assert.equal(await bob.page.locator(".message .text strong").innerText(), "at noon");
  const link = bob.page.locator(".message .text a");
  assert.match(await link.getAttribute("rel"), /noopener/);
  await compose(bob.page).pressSequentially("Gla");
  await ann.page.getByText("Bob Baker is typing").first().waitFor();
  await write(bob.page, "Gladly.");
  await log(ann.page).getByText("Gladly.").waitFor();
});

await step("a message is markup for nobody", async () => {
  const nasty = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) <script>alert(2)</script>";
  await write(bob.page, nasty);
  await log(ann.page).getByText("<img src=x").waitFor();
  assert.equal(await ann.page.locator(".text img, .text script, .text a[href^=javascript]").count(), 0);
});

await step("edit, react, reply, delete", async () => {
  await compose(ann.page).press("ArrowUp");
  assert.equal(await compose(ann.page).inputValue(), "Lunch **at noon**? See https://intra.example/menu");
  await write(ann.page, "Lunch at *one*?");
  await log(bob.page).getByText("Lunch at one?").waitFor();
  await log(bob.page).getByText("edited").waitFor();
  const first = bob.page.locator('[data-seq="1"]');
  await first.hover();
  await first.getByRole("button", { name: "React", exact: true }).click();
  await first.getByRole("button", { name: "React with 👍" }).click();
  await ann.page.getByRole("button", { name: /👍 by Bob Baker/ }).waitFor();
  await first.hover();
  await first.getByRole("button", { name: "Reply" }).click();
  await write(bob.page, "One is fine.");
  await ann.page.locator(".quoted", { hasText: "Lunch at one?" }).waitFor();
  const nasty = bob.page.locator('[data-seq="3"]');
  await nasty.hover();
  await nasty.getByRole("button", { name: "Delete" }).click();
  await nasty.getByRole("button", { name: "Delete" }).click();
  await log(ann.page).getByText("This message was deleted.").waitFor();
  await look(ann.page, "chat");
  await look(bob.page, "chat-dark");
});

await step("a cut network loses nothing and doubles nothing", async () => {
  const before = await texts(bob.page);
  await bob.context.setOffline(true);
  await bob.page.getByText("You are offline.").waitFor();
  for (let i = 1; i <= 5; i++) await write(ann.page, `while away ${i}`);
  for (let i = 1; i <= 3; i++) await write(bob.page, `from the tunnel ${i}`);
  assert.equal(await bob.page.locator('[data-state="pending"]').count(), 3);
  await look(bob.page, "offline-dark");
  await bob.context.setOffline(false);
  await log(bob.page).getByText("while away 5").waitFor();
  await log(ann.page).getByText("from the tunnel 3").waitFor();
  await bob.page.waitForFunction(() => document.querySelectorAll('[data-state="pending"]').length === 0);
  const expected = [...before, ...[1, 2, 3, 4, 5].map((i) => `while away ${i}`), ...[1, 2, 3].map((i) => `from the tunnel ${i}`)];
  assert.deepEqual((await texts(bob.page)).sort(), expected.sort());
  assert.deepEqual(await texts(ann.page), await texts(bob.page));
});

await step("a reload keeps everything, drafts too", async () => {
  const before = await texts(bob.page);
  await compose(bob.page).fill("half a thou");
  await bob.page.reload();
  await log(bob.page).getByText("while away 5").waitFor();
  assert.deepEqual(await texts(bob.page), before);
  assert.equal(await compose(bob.page).inputValue(), "half a thou");
  await compose(bob.page).fill("");
});

await step("a message begun offline survives a reload", async () => {
  await ann.page.route("**/messages", (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
  await write(ann.page, "kept over the reload");
  await ann.page.locator('[data-state="pending"]').waitFor();
  await ann.page.unroute("**/messages");
  await ann.page.reload();
  await log(bob.page).getByText("kept over the reload").waitFor();
  assert.equal(await log(bob.page).getByText("kept over the reload").count(), 1);
});

await step("two tabs of one person agree", async () => {
  const second = await bob.context.newPage();
  second.setDefaultTimeout(TIMEOUT_MS);
  await second.goto(address);
  await second.getByRole("heading", { name: "Hello, Bob Baker" }).waitFor();
  await write(ann.page, "to both tabs");
  await second.getByText("to both tabs").first().waitFor();
  // The first tab shows it, so that both have it as read.
  await bob.page.bringToFront();
  await second.waitForFunction(() => !document.title.startsWith("("));
  await second.close();
});

await step("a group, from the keyboard", async () => {
  await ann.page.getByRole("button", { name: "New conversation" }).click();
  await ann.page.getByLabel("Title").fill("Kitchen");
  await ann.page.getByRole("checkbox", { name: /Bob Baker/ }).check();
  await look(ann.page, "group");
  await ann.page.getByRole("button", { name: "Start" }).click();
  await ann.page.getByRole("heading", { name: "Kitchen" }).waitFor();
  await write(ann.page, "Who takes the *cake*?\n- Ann\n- Bob");
  await bob.page.keyboard.press("Control+k");
  await bob.page.getByRole("combobox").fill("kit");
  await bob.page.getByRole("option", { name: /Kitchen/ }).waitFor();
  await look(bob.page, "switcher-dark");
  await bob.page.keyboard.press("Enter");
  await log(bob.page).getByText("Who takes the cake?").waitFor();
  await ann.page.getByRole("button", { name: "Members" }).click();
  await ann.page.getByText("owner").waitFor();
  await look(ann.page, "members");
  await ann.page.keyboard.press("Escape");
  await bob.page.keyboard.press("F6");
  await bob.page.waitForFunction(() => document.activeElement.closest("[data-region]")?.dataset.region === "list");
  await bob.page.keyboard.press("F6");
  await bob.page.waitForFunction(() => document.activeElement.closest("[data-region]")?.dataset.region === "log");
  await bob.page.keyboard.press("F6");
  await bob.page.waitForFunction(() => document.activeElement.id === "compose");
});

await step("settings: language, password, sessions", async () => {
  await ann.page.getByRole("button", { name: "Settings" }).click();
  await ann.page.getByText("this one").waitFor();
  await look(ann.page, "settings");
  await ann.page.getByLabel("Language").selectOption("fr");
  await ann.page.getByRole("heading", { name: "Réglages" }).waitFor();
  await ann.page.getByLabel("Langue").selectOption("en");
  await ann.page.getByLabel("Present password").fill("wrong");
  await ann.page.getByLabel("New password").fill("sword and fish");
  await ann.page.getByRole("button", { name: "Change the password" }).click();
  await ann.page.getByText("The present password is wrong.").waitFor();
  await ann.page.getByLabel("Present password").fill("swordfish");
  await ann.page.getByRole("button", { name: "Change the password" }).click();
  await ann.page.getByText("The password was changed.").waitFor();
  await ann.page.keyboard.press("Escape");
});

await step("a long history scrolls, with few rows at a time", async () => {
  const { token, id } = await ann.page.evaluate(() => {
    const key = Object.keys(localStorage).find((k) => k.endsWith(":session"));
    return { token: JSON.parse(localStorage.getItem(key)).accessToken, id: location.hash.split("/")[2] };
  });
  const count = Number(process.env.LONG ?? 400);
  const send = async (i) => {
    for (;;) {
      const answer = await fetch(`${address}/v1/conversations/${id}/messages`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify({ clientKey: `bulk-${i}`, text: `line ${i} ${"words ".repeat(i % 30)}` }),
      });
      if (answer.ok) return;
      await new Promise((done) => setTimeout(done, 200));
    }
  };
  for (let i = 0; i < count - 1; i += 25) await Promise.all(Array.from({ length: Math.min(25, count - 1 - i) }, (_, k) => send(i + k)));
  await send(count - 1);
  await log(bob.page).getByText(`line ${count - 1}`, { exact: false }).first().waitFor();
  await bob.page.reload();
  await log(bob.page).getByText(`line ${count - 1}`, { exact: false }).first().waitFor();
  await log(bob.page).hover();
  await bob.page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((e) => (window.longest = Math.max(window.longest, e.duration)))).observe({ type: "longtask" });
  });
  const seen = new Set();
  let most = 0;
  for (let i = 0; i < 4 * count; i++) {
    await bob.page.mouse.wheel(0, -600);
    await bob.page.waitForTimeout(25);
    const rows = await bob.page.locator("[data-seq]").evaluateAll((list) => list.map((row) => Number(row.dataset.seq)));
    most = Math.max(most, rows.length);
    for (const seq of rows) seen.add(seq);
    if (seen.has(1)) break;
  }
  assert.equal(seen.size, count + 1, "every message was there");
  assert.ok(most <= 160, `${most} rows at once`);
  console.log(`     ${count + 1} messages, at most ${most} rows at once, longest task ${Math.round(await bob.page.evaluate(() => window.longest))} ms`);
  await bob.page.getByRole("button", { name: /To the newest message/ }).click();
  await log(bob.page).getByText(`line ${count - 1}`, { exact: false }).first().waitFor();
});

await step("320 pixels are enough", async () => {
  await bob.page.setViewportSize({ width: 320, height: 600 });
  await look(bob.page, "narrow-chat-dark");
  await bob.page.getByRole("button", { name: "Back" }).click();
  await bob.page.getByRole("link", { name: /Kitchen/ }).waitFor();
  await look(bob.page, "narrow-list-dark");
  const overflow = await bob.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${overflow} px too wide`);
  await bob.page.setViewportSize({ width: 1100, height: 720 });
});

await step("a session that is ended elsewhere says so", async () => {
  const other = await person();
  await other.page.getByLabel("Username").fill("bob");
  await other.page.getByLabel("Password").fill("tuna salad");
  await other.page.getByRole("button", { name: "Sign in" }).click();
  await other.page.getByRole("button", { name: "Settings" }).click();
  await other.page.getByRole("button", { name: "Sign out everywhere else" }).click();
  await bob.page.getByText("This session was ended.").waitFor();
  await other.page.getByRole("button", { name: "Sign out", exact: true }).last().click();
  await other.page.getByRole("heading", { name: /Sign in to/ }).waitFor();
});

await browser.close();
assert.deepEqual(complaints, [], "the browsers complained");
console.log(`screenshots: ${shots}`);
