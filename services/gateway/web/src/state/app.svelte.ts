/** The page: what the site offers, who is signed in, what is looked at. */
import type { PublicSiteJson } from "../gen/im/auth/v1/auth_pb";
import { ApiError } from "../api/errors";
import { request } from "../api/http";
import { Client, load, onOtherTab, signIn, type Session } from "../api/session";
import { Messenger } from "./messenger.svelte";
import { announce, notify } from "./news";

export type Dialog = "" | "switcher" | "settings" | "presence" | "group" | "members" | "keys";

class App {
  site = $state.raw<PublicSiteJson | null>(null);
  siteFailed = $state(false);
  session = $state.raw<Session | null>(null);
  messenger = $state.raw<Messenger | null>(null);
  /** Why the last session ended; empty if the person ended it. */
  endedReason = $state("");
  view = $state<"chats" | "people">("chats");
  dialog = $state<Dialog>("");
  /** What screen readers are told. */
  announcement = $state("");

  start(): void {
    void this.loadSite();
    this.enter(load());
    onOtherTab((session) => {
      if (session?.userId !== this.session?.userId || session?.mustChangePassword !== this.session?.mustChangePassword) {
        this.enter(session);
      }
    });
    addEventListener("hashchange", () => this.route());
    addEventListener("online", () => this.messenger?.setOnline(true));
    addEventListener("offline", () => this.messenger?.setOnline(false));
    for (const kind of ["pointerdown", "keydown", "focus"]) {
      addEventListener(kind, () => this.messenger?.noteActivity(), { passive: true });
    }
  }

  async loadSite(): Promise<void> {
    try {
      this.site = await request<PublicSiteJson>("GET", "site");
      this.siteFailed = false;
    } catch {
      this.siteFailed = true;
      setTimeout(() => void this.loadSite(), 3_000);
    }
  }

  async signIn(username: string, password: string, sitePassword: string): Promise<void> {
    this.enter(await signIn(username, password, sitePassword, deviceName()));
  }

  /** Takes a session over, or none. */
  enter(session: Session | null): void {
    this.messenger?.stop();
    this.messenger = null;
    this.session = session;
    this.dialog = "";
    if (!session) return;
    this.endedReason = "";
    const client = new Client(session.userId, (reason) => this.ended(client, reason));
    const messenger = new Messenger(client, (message) => {
      announce(this, messenger, message);
      notify(this, messenger, message);
    }, () => undefined);
    this.messenger = messenger;
    if (!session.mustChangePassword) {
      this.route();
      messenger.start();
    }
  }

  private ended(client: Client, reason: string): void {
    if (this.messenger?.client !== client) return;
    this.enter(null);
    this.endedReason = reason === "SIGNED_OUT" || reason === "OTHER_ACCOUNT" ? "" : reason;
    // Another tab may have signed in as somebody else.
    const other = load();
    if (other) this.enter(other);
  }

  /** What the address says after its #: the server never sees it. */
  route(): void {
    const [, kind = "", id = ""] = location.hash.split("/");
    if (kind === "people") this.view = "people";
    else if (kind === "chats" || id) this.view = "chats";
    this.messenger?.open(kind === "c" ? id : "");
  }

  /** Shows a conversation. */
  show(id: string): void {
    this.dialog = "";
    location.hash = id ? `#/c/${id}` : `#/${this.view}`;
  }

  fail(error: unknown): ApiError {
    return error instanceof ApiError ? error : ApiError.network();
  }
}

/** What this browser is called in the list of devices. */
function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /Chrom/.test(agent) ? "Chromium" : /Safari\//.test(agent) ? "Safari" : "Browser";
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Windows/.test(agent) ? "Windows" : /Mac OS/.test(agent) ? "macOS" : /Linux/.test(agent) ? "Linux" : "";
  return system ? `${browser}, ${system}` : browser;
}

export const app = new App();
