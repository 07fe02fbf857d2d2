/** Calls of the HTTP/JSON API, relative to where the page lives. */
import { ApiError } from "./errors";

const TIMEOUT_MS = 20_000;

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Where the API is, also behind a path prefix. */
export const apiBase = (): URL => new URL("v1/", document.baseURI);

/** One call; `path` is without the version. Throws ApiError. */
export async function request<T>(method: Method, path: string, body?: unknown, token?: string): Promise<T> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token) headers["authorization"] = `Bearer ${token}`;
  let response: Response;
  let json: unknown;
  try {
    // `./` because the names of some calls have a colon and would read as a scheme.
    response = await fetch(new URL(`./${path}`, apiBase()), {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      credentials: "omit",
      cache: "no-store",
    });
    json = await response.json();
  } catch {
    throw ApiError.network();
  }
  if (!response.ok) throw ApiError.from(json);
  return json as T;
}

/** The query part of a path. */
export function query(values: Record<string, string | number>): string {
  const parts = Object.entries(values).filter(([, value]) => value !== "" && value !== 0);
  return parts.length === 0 ? "" : `?${new URLSearchParams(parts.map(([k, v]) => [k, String(v)]))}`;
}
