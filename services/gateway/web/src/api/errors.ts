/** Why a call failed, as the server says it: see docs/errors.md. */

interface Detail {
  "@type"?: string;
  reason?: string;
  metadata?: Record<string, string>;
  retryDelay?: string;
  fieldViolations?: { field?: string; description?: string }[];
}

interface Body {
  code?: number;
  reason?: string;
  message?: string;
  requestId?: string;
  details?: Detail[];
}

const UNAVAILABLE = 14;
const RESOURCE_EXHAUSTED = 8;
const DEADLINE_EXCEEDED = 4;
const ABORTED = 10;
const UNAUTHENTICATED = 16;

/** Limits that waiting does not lift. */
const LASTING = new Set(["CONTACT_LIMIT", "SITE_ACCOUNTS_FULL", "DEVICE_LIMIT_REACHED", "TOO_MANY_MEMBERS", "TOO_MANY_REACTIONS", "TOO_MANY", "BODY_TOO_LARGE"]);

export class ApiError extends Error {
  constructor(
    /** google.rpc.Code. */
    readonly code: number,
    /** Of the catalogue, or `NETWORK` when no answer came. */
    readonly reason: string,
    message: string,
    readonly metadata: Record<string, string> = {},
    /** 0 if unknown. */
    readonly retryAfterMs = 0,
    readonly violations: { field: string; description: string }[] = [],
    readonly requestId = "",
  ) {
    super(message);
  }

  /** Whether the same call may succeed later. */
  get isTransient(): boolean {
    if (LASTING.has(this.reason)) return false;
    return [UNAVAILABLE, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED, ABORTED].includes(this.code);
  }

  get isUnauthenticated(): boolean {
    return this.code === UNAUTHENTICATED;
  }

  static network(): ApiError {
    return new ApiError(UNAVAILABLE, "NETWORK", "no answer");
  }

  /** From the body of an answer; a body of somebody in between counts as no answer. */
  static from(json: unknown): ApiError {
    const body = (json ?? {}) as Body;
    if (typeof body.code !== "number" || !body.reason) return ApiError.network();
    const details = body.details ?? [];
    const metadata = Object.assign({}, ...details.map((d) => d.metadata ?? {}));
    const delay = details.find((d) => d.retryDelay)?.retryDelay ?? "0s";
    const violations = details
      .flatMap((d) => d.fieldViolations ?? [])
      .map((v) => ({ field: v.field ?? "", description: v.description ?? "" }));
    return new ApiError(
      body.code,
      body.reason,
      body.message ?? "",
      metadata,
      Number.parseFloat(delay) * 1000 || 0,
      violations,
      body.requestId ?? "",
    );
  }
}
