import type { ApiError } from "../api/errors";
import { has, language, t } from "../text/i18n.svelte";

/** An error as a sentence for the person: by its reason, else by the server's own words. */
export function explain(error: ApiError): string {
  const key = `error.${error.reason}`;
  const lines = [has(key) ? t(key, error.metadata) : t("error.other", { message: error.message || error.reason })];
  if (error.reason === "INVALID_FIELD" || error.reason === "PASSWORD_TOO_WEAK" || error.reason === "BODY_INVALID") {
    lines.push(...error.violations.map((v) => v.description));
  }
  if (error.retryAfterMs > 0) lines.push(wait(error.retryAfterMs));
  if (!has(key) && error.requestId) lines.push(t("error.request", { id: error.requestId }));
  return lines.join(" ");
}

/** How long to wait, in the unit that fits. */
function wait(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const [value, unit] = seconds < 100 ? [seconds, "second"] : seconds < 6000 ? [Math.ceil(seconds / 60), "minute"] : [Math.ceil(seconds / 3600), "hour"];
  const time = new Intl.NumberFormat(language.regional, { style: "unit", unit: unit as string, unitDisplay: "long" }).format(value as number);
  return t("error.wait", { time });
}
