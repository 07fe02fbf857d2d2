/** Messages with plural forms. A language is one file in `locales`; its name is its BCP 47 tag. */

export type Text = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Catalog = Record<string, Text>;
export type Values = Record<string, string | number>;

/** A message with its values put in; a number `n` chooses the plural form. */
export function format(catalog: Catalog, fallback: Catalog, locale: string, key: string, values: Values = {}): string {
  const text = catalog[key] ?? fallback[key];
  if (text === undefined) return key;
  let chosen: string;
  if (typeof text === "string") {
    chosen = text;
  } else {
    const rule = new Intl.PluralRules(locale).select(Number(values["n"] ?? 0));
    chosen = text[rule] ?? text.other ?? key;
  }
  return chosen.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? new Intl.NumberFormat(locale).format(value) : value;
  });
}

/** Of the languages there are, the first that the person likes. */
export function choose(wanted: readonly string[], available: readonly string[]): string {
  for (const tag of wanted) {
    const lower = tag.toLowerCase();
    const match =
      available.find((a) => a.toLowerCase() === lower) ??
      available.find((a) => a.toLowerCase() === lower.split("-")[0]);
    if (match) return match;
  }
  return "en";
}
