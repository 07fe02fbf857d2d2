import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { choose, format, type Catalog } from "../src/text/catalog";
import { inline, parse, plain, safeHref, type Block, type Inline } from "../src/text/markdown";
import { rules } from "../src/text/password";
import { dayName, isOtherDay, short } from "../src/text/time";
import english from "../src/text/locales/en.json";

const files = import.meta.glob<Catalog>("../src/text/locales/*.json", { eager: true, import: "default" });
const tagOf = (path: string) => path.replace(/^.*\/(.*)\.json$/, "$1");
const placeholders = (text: string) => new Set(text.match(/\{\w+\}/g) ?? []);

describe("languages", () => {
  for (const [path, catalog] of Object.entries(files)) {
    const tag = tagOf(path);
    it(`${tag} has every message, with the same values and all plural forms`, () => {
      expect(Object.keys(catalog).sort()).toEqual(Object.keys(english).sort());
      const forms = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
      for (const [key, text] of Object.entries(catalog)) {
        const model = (english as Catalog)[key]!;
        expect(typeof text, key).toBe(typeof model);
        const wanted = placeholders(typeof model === "string" ? model : model.other!);
        if (typeof text === "string") {
          expect(placeholders(text), key).toEqual(wanted);
        } else {
          expect(Object.keys(text).sort(), key).toEqual([...forms].sort());
          expect(placeholders(text.other!), key).toEqual(wanted);
        }
      }
    });
  }

  it("choose plural form and number format", () => {
    const catalog: Catalog = { found: { one: "{n} person", other: "{n} people" } };
    expect(format(catalog, {}, "en", "found", { n: 1 })).toBe("1 person");
    expect(format(catalog, {}, "en", "found", { n: 1200 })).toBe("1,200 people");
    expect(format({}, catalog, "fr", "found", { n: 0 })).toBe("0 person");
    expect(format({ a: "{x} {y}" }, {}, "en", "a", { x: "{y}", y: 1 })).toBe("{y} 1");
  });

  it("are chosen by the person's wishes", () => {
    expect(choose(["de-AT", "fr-CA", "en"], ["en", "fr"])).toBe("fr");
    expect(choose(["xx"], ["fr"])).toBe("en");
  });
});

describe("the texts of the program", () => {
  const sources = import.meta.glob<string>("../src/**/*.{svelte,ts}", { eager: true, query: "?raw", import: "default" });
  it("use messages that exist, and every message is used", () => {
    const all = Object.entries(sources).filter(([path]) => !path.includes("/gen/")).map(([, text]) => text).join("\n");
    const literal = [...all.matchAll(/\bt\(\s*"([^"]+)"/g)].map((m) => m[1]!);
    for (const key of literal) expect(english, key).toHaveProperty([key]);
    // Keys that are put together have a known beginning; the others stand somewhere as a whole.
    const beginnings = [...all.matchAll(/`([a-z_.]+\.)\$\{/g)].map((m) => m[1]!);
    const unused = Object.keys(english).filter((key) => !all.includes(`"${key}"`) && !beginnings.some((b) => key.startsWith(b)));
    expect(unused).toEqual([]);
  });
});

describe("markdown", () => {
  const text = (t: string): Inline => ({ type: "text", text: t });

  it("knows what people use", () => {
    expect(inline("a **b** _c_ ~~d~~ `e*f*`")).toEqual([
      text("a "), { type: "strong", children: [text("b")] }, text(" "), { type: "em", children: [text("c")] }, text(" "),
      { type: "strike", children: [text("d")] }, text(" "), { type: "code", text: "e*f*" },
    ]);
    expect(inline("snake_case_name 2*3*4")).toEqual([text("snake_case_name 2"), { type: "em", children: [text("3")] }, text("4")]);
    expect(inline("2 * 3 * 4")).toEqual([text("2 * 3 * 4")]);
    expect(inline("\\*not\\*")).toEqual([text("*not*")]);
    expect(parse("> a\n> b\n\n1. x\n2. y\n\n```\nlet *a*;\n```").map((b) => b.type)).toEqual(["quote", "list", "code"]);
  });

  it("links only what is safe, and leaves punctuation outside", () => {
    const link = (href: string, shown: string): Inline => ({ type: "link", href, children: [text(shown)] });
    expect(inline("See https://a.example/x, or not.")).toEqual([text("See "), link("https://a.example/x", "https://a.example/x"), text(", or not.")]);
    expect(inline("(https://a.example/x)")).toEqual([text("("), link("https://a.example/x", "https://a.example/x"), text(")")]);
    expect(inline("[x](javascript:alert(1))")).toEqual([text("[x](javascript:alert(1))")]);
    for (const bad of ["javascript:alert(1)", "data:text/html,x", "JAVASCRIPT:x", " https://x", "//x", "vbscript:x", "file:///etc/passwd"]) {
      expect(safeHref(bad), bad).toBeNull();
    }
  });

  const words = fc.array(fc.constantFrom("*", "**", "_", "__", "~~", "`", "[", "](", ")", "https://a.b", "\n", "> ", "- ", "1. ", "```", " ", "a", "\\", "é"), { maxLength: 60 });

  it("never links anything but http, https and mailto, and never throws", () => {
    fc.assert(
      fc.property(words, (list) => {
        const visit = (node: Inline | Block): void => {
          if (node.type === "link") expect(node.href).toMatch(/^(https?:|mailto:)/);
          if ("children" in node) node.children.forEach(visit);
          if (node.type === "list") node.items.flat().forEach(visit);
        };
        parse(list.join("")).forEach(visit);
      }),
      { numRuns: 500 },
    );
  });

  it("keeps every letter that was written", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("*", "**", "_", "~~", "a", "b", " ", "c"), { maxLength: 40 }), (list) => {
        const letters = (s: string) => s.replace(/[^abc]/g, "");
        expect(letters(plain(list.join("")))).toBe(letters(list.join("")));
      }),
    );
  });

  it("stays quick with hostile texts", () => {
    const began = performance.now();
    for (const part of ["*", "_", "**a ", "`", "[", "[a](", "> ", "https://", "~~", "_a", "*a "]) parse(part.repeat(16_000 / part.length));
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});

describe("times", () => {
  const at = (y: number, m: number, d: number, h = 12) => new Date(y, m - 1, d, h).getTime();
  it("are told by the calendar of the person", () => {
    const now = at(2026, 5, 3, 1);
    expect(dayName(at(2026, 5, 3, 0), now, "en-GB")).toBe("Today");
    expect(dayName(at(2026, 5, 2, 23), now, "en-GB")).toBe("Yesterday");
    expect(dayName(at(2026, 5, 1), now, "en-GB")).toContain("1 May");
    expect(dayName(at(2020, 5, 1), now, "fr")).toBe("1 mai 2020");
    expect(isOtherDay(at(2026, 5, 2, 23), at(2026, 5, 3, 0))).toBe(true);
    expect(short(at(2026, 5, 1), now, "en-GB")).toBe("Fri");
  });
});

describe("password rules", () => {
  it("are those of the site, each with how it stands", () => {
    const site = { lengthMin: 8, digitAndLetter: true, upperAndLower: true, special: false };
    expect(rules("abcdefgh", site)).toEqual([
      { key: "length", n: 8, isKept: true },
      { key: "digit_and_letter", n: 0, isKept: false },
      { key: "upper_and_lower", n: 0, isKept: false },
    ]);
    expect(rules("Abcdefg1", site).every((r) => r.isKept)).toBe(true);
  });
});
