import { describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/api/errors";
import * as wire from "../src/api/wire";

vi.stubGlobal("document", { baseURI: "https://im.example/site/" });
const { apiBase, query } = await import("../src/api/http");

describe("the wire", () => {
  it("turns entries into events, and takes only the number of those it does not know", () => {
    expect(wire.entry({ seq: "5", kind: "MESSAGE", message: { seq: "9007199254740991", conversationId: "c", createTime: "2026-11-22T21:27:16.704703Z" } })).toMatchObject({
      seq: 5, event: { kind: "message", message: { seq: 9007199254740991, createdAt: 1795382836704, removal: "" } },
    });
    expect(wire.entry({ seq: "6", kind: "DELETE", message: { seq: "1", removal: "DELETED" } }).event).toMatchObject({ kind: "changed", message: { removal: "DELETED" } });
    expect(wire.entry({ seq: "7" })).toEqual({ seq: 7, event: { kind: "unknown" } });
  });

  it("reads reason, waiting time and fields of an error, and takes a foreign page for no answer", () => {
    const error = ApiError.from({
      code: 8, reason: "THROTTLED", message: "m", requestId: "req_1",
      details: [{ metadata: { limit: "5" } }, { retryDelay: "2.500s" }, { fieldViolations: [{ field: "f", description: "d" }] }],
    });
    expect(error).toMatchObject({ reason: "THROTTLED", retryAfterMs: 2500, metadata: { limit: "5" }, violations: [{ field: "f", description: "d" }] });
    expect(error.isTransient).toBe(true);
    expect(new ApiError(8, "CONTACT_LIMIT", "").isTransient).toBe(false);
    expect(ApiError.from("<html>").reason).toBe("NETWORK");
  });

  it("stays behind the path prefix of the site", () => {
    expect(apiBase().href).toBe("https://im.example/site/v1/");
    expect(new URL("./auth:login", apiBase()).href).toBe("https://im.example/site/v1/auth:login");
    expect(query({ a: "x y", b: 0, c: "" })).toBe("?a=x+y");
  });
});
