/**
 * The session of this browser: one for all tabs, in the local storage, since a refresh token is good
 * only once and every tab has to have the newest.
 */
import type { LoginResponseJson, RefreshResponseJson } from "../gen/im/auth/v1/auth_pb";
import { ApiError } from "./errors";
import { request, type Method } from "./http";
import { withLock } from "./lock";

/** A token is renewed this long before its end, in milliseconds. */
const EARLY_MS = 45_000;

export interface Session {
  accessToken: string;
  refreshToken: string;
  /** Milliseconds since 1970, by the clock of this browser. */
  expiresAt: number;
  userId: string;
  username: string;
  displayName: string;
  /** Can do nothing but change the password. */
  mustChangePassword: boolean;
}

/** What this page keeps in the browser has this before its name: other sites may share the origin. */
export const storagePrefix = `im:${new URL(".", document.baseURI).pathname}:`;
const KEY = `${storagePrefix}session`;
const DEVICE_KEY = `${storagePrefix}device.`;

export function load(): Session | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null") as Session | null;
  } catch {
    return null;
  }
}

function save(session: Session | null): void {
  if (session) localStorage.setItem(KEY, JSON.stringify(session));
  else localStorage.removeItem(KEY);
}

/** Signs in; the device is known by the name that signs in. */
export async function signIn(username: string, password: string, sitePassword: string, deviceName: string): Promise<Session> {
  const deviceKey = DEVICE_KEY + username.toLowerCase();
  let answer: LoginResponseJson;
  try {
    answer = await request<LoginResponseJson>("POST", "auth:login", {
      username,
      password,
      deviceName,
      deviceId: localStorage.getItem(deviceKey) ?? "",
      ...(sitePassword ? { sitePassword } : {}),
    });
  } catch (error) {
    // A device that waits for approval signs in again as the same one.
    const device = error instanceof ApiError && (error.metadata["device_id"] ?? error.metadata["deviceId"]);
    if (device) localStorage.setItem(deviceKey, device);
    throw error;
  }
  if (answer.deviceId) localStorage.setItem(deviceKey, answer.deviceId);
  const session: Session = {
    accessToken: answer.accessToken ?? "",
    refreshToken: answer.refreshToken ?? "",
    expiresAt: Date.now() + (answer.expiresIn ?? 0) * 1000,
    userId: answer.user?.id ?? "",
    username: answer.user?.username ?? username,
    displayName: answer.user?.displayName ?? "",
    mustChangePassword: answer.passwordChangeRequired ?? false,
  };
  save(session);
  return session;
}

/** Calls with the session's token, renewed when it is over. */
export class Client {
  private ended = false;

  constructor(
    readonly userId: string,
    /** The session is over; once. */
    private readonly onEnd: (reason: string) => void,
  ) {}

  async call<T>(method: Method, path: string, body?: unknown): Promise<T> {
    const token = await this.token("");
    try {
      return await request<T>(method, path, body, token);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isUnauthenticated) throw error;
      if (error.reason !== "TOKEN_EXPIRED" && error.reason !== "TOKEN_INVALID") {
        this.end(error.reason);
        throw error;
      }
      return request<T>(method, path, body, await this.token(token));
    }
  }

  /** A token that is good for a while and is not `refused`. */
  private async token(refused: string): Promise<string> {
    const isGood = (s: Session) => s.accessToken !== refused && s.expiresAt - EARLY_MS > Date.now();
    const session = this.current();
    if (isGood(session)) return session.accessToken;
    return withLock(`${storagePrefix}refresh`, async () => {
      // Another tab may have been first.
      const newest = this.current();
      if (isGood(newest)) return newest.accessToken;
      try {
        const answer = await request<RefreshResponseJson>("POST", "auth:refresh", { refreshToken: newest.refreshToken });
        save({
          ...newest,
          accessToken: answer.accessToken ?? "",
          refreshToken: answer.refreshToken ?? "",
          expiresAt: Date.now() + (answer.expiresIn ?? 0) * 1000,
        });
        return answer.accessToken ?? "";
      } catch (error) {
        if (error instanceof ApiError && !error.isTransient && error.reason !== "MAINTENANCE") this.end(error.reason);
        throw error;
      }
    });
  }

  /** The session as all tabs know it; one that went or changed its owner ends this client. */
  private current(): Session {
    const session = load();
    if (!session || session.userId !== this.userId) {
      this.end(session ? "OTHER_ACCOUNT" : "");
      throw new ApiError(16, "SIGNED_OUT", "signed out");
    }
    return session;
  }

  /** Forgets the session, if it is still the one of this client. */
  end(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    if (load()?.userId === this.userId) save(null);
    this.onEnd(reason);
  }

  async signOut(): Promise<void> {
    try {
      await this.call("POST", "auth:logout", {});
    } catch {
      // The session is forgotten here in any case.
    }
    this.end("");
  }

  /** Remembers a change of one's own name. */
  rename(displayName: string): void {
    const session = load();
    if (session?.userId === this.userId) save({ ...session, displayName });
  }

  passwordChanged(): void {
    const session = load();
    if (session?.userId === this.userId) save({ ...session, mustChangePassword: false });
  }
}

/** Tells when another tab signs in or out. */
export function onOtherTab(tell: (session: Session | null) => void): () => void {
  const listener = (event: StorageEvent) => {
    if (event.key === KEY || event.key === null) tell(load());
  };
  addEventListener("storage", listener);
  return () => removeEventListener("storage", listener);
}
