/**
 * The safe part of Markdown, as a tree: components draw it, so no text of others ever becomes markup.
 * What is not understood stays as it was written.
 */

export type Inline =
  | { type: "text"; text: string }
  | { type: "code"; text: string }
  | { type: "break" }
  | { type: "link"; href: string; children: Inline[] }
  | { type: "strong" | "em" | "strike"; children: Inline[] };

export type Block =
  | { type: "paragraph"; children: Inline[] }
  | { type: "code"; text: string }
  | { type: "quote"; children: Block[] }
  | { type: "list"; ordered: boolean; start: number; items: Inline[][] };

const DEPTH_MAX = 6;
const LIST_ITEM = /^ {0,3}(?:([-*+])|(\d{1,6})[.)])\s+(.*)$/;
const FENCE = /^ {0,3}```/;
const QUOTE = /^ {0,3}> ?/;

/** A text as blocks. */
export function parse(text: string, depth = 0): Block[] {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const flush = () => {
    if (paragraph.length > 0) blocks.push({ type: "paragraph", children: inline(paragraph.join("\n")) });
    paragraph = [];
  };
  for (let i = 0; i < lines.length; ) {
    const line = lines[i]!;
    if (FENCE.test(line)) {
      const end = lines.findIndex((l, at) => at > i && FENCE.test(l));
      const until = end === -1 ? lines.length : end;
      flush();
      blocks.push({ type: "code", text: lines.slice(i + 1, until).join("\n") });
      i = until + 1;
    } else if (QUOTE.test(line) && depth < DEPTH_MAX) {
      const from = i;
      while (i < lines.length && QUOTE.test(lines[i]!)) i++;
      flush();
      const inner = lines.slice(from, i).map((l) => l.replace(QUOTE, ""));
      blocks.push({ type: "quote", children: parse(inner.join("\n"), depth + 1) });
    } else if (LIST_ITEM.test(line)) {
      flush();
      const first = LIST_ITEM.exec(line)!;
      const ordered = first[2] !== undefined;
      const items: Inline[][] = [];
      for (; i < lines.length; i++) {
        const match = LIST_ITEM.exec(lines[i]!);
        if (!match || (match[2] !== undefined) !== ordered) break;
        items.push(inline(match[3]!));
      }
      blocks.push({ type: "list", ordered, start: ordered ? Number(first[2]) : 1, items });
    } else {
      if (line.trim() === "") flush();
      else paragraph.push(line);
      i++;
    }
  }
  flush();
  return blocks;
}

const PAIRS: [string, "strong" | "em" | "strike"][] = [
  ["**", "strong"],
  ["__", "strong"],
  ["~~", "strike"],
  ["*", "em"],
  ["_", "em"],
];
const URL_START = /^(?:https?:\/\/|mailto:)/i;
const URL_RUN = /^(?:https?:\/\/|mailto:)[^\s<>"`]+/i;
const WORD = /[\p{L}\p{N}]/u;

/** An address that may be linked; others stay text. */
export function safeHref(address: string): string | null {
  if (!URL_START.test(address)) return null;
  try {
    const url = new URL(address);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** A run of text as inline elements. */
export function inline(text: string, depth = 0): Inline[] {
  const out: Inline[] = [];
  /** Delimiters that have no partner further on: looked for once, so that the time stays linear. */
  const lonely = new Set<string>();
  let plain = "";
  const push = (node: Inline) => {
    if (plain) out.push({ type: "text", text: plain });
    plain = "";
    out.push(node);
  };
  let i = 0;
  while (i < text.length) {
    const char = text[i]!;
    const found = node(text, i, depth, lonely);
    if (found) {
      push(found.node);
      i = found.end;
    } else if (char === "\\" && /[\\`*_~[\]()>#-]/.test(text[i + 1] ?? "")) {
      plain += text[i + 1];
      i += 2;
    } else {
      plain += char;
      i++;
    }
  }
  if (plain) out.push({ type: "text", text: plain });
  return out;
}

interface Found {
  node: Inline;
  end: number;
}

function node(text: string, i: number, depth: number, lonely: Set<string>): Found | null {
  switch (text[i]) {
    case "\n":
      return { node: { type: "break" }, end: i + 1 };
    case "`":
      return code(text, i, lonely);
    case "[":
      return depth < DEPTH_MAX ? link(text, i, depth) : null;
    case "*":
    case "_":
    case "~":
      return depth < DEPTH_MAX ? pair(text, i, depth, lonely) : null;
    case "h":
    case "H":
    case "m":
    case "M":
      return WORD.test(text[i - 1] ?? "") ? null : address(text, i);
    default:
      return null;
  }
}

function code(text: string, i: number, lonely: Set<string>): Found | null {
  if (lonely.has("`")) return null;
  const end = text.indexOf("`", i + 1);
  if (end === -1) lonely.add("`");
  return end > i + 1 ? { node: { type: "code", text: text.slice(i + 1, end) }, end: end + 1 } : null;
}

function pair(text: string, i: number, depth: number, lonely: Set<string>): Found | null {
  for (const [mark, type] of PAIRS) {
    if (!text.startsWith(mark, i)) continue;
    const from = i + mark.length;
    const isWordy = mark.startsWith("_");
    if (lonely.has(mark) || /^(\s|$)/.test(text.slice(from, from + 1))) continue;
    if (isWordy && WORD.test(text[i - 1] ?? "")) continue;
    let end = text.indexOf(mark, from + 1);
    while (end !== -1 && (/\s/.test(text[end - 1]!) || (isWordy && WORD.test(text[end + mark.length] ?? "")))) {
      end = text.indexOf(mark, end + 1);
    }
    if (end === -1) {
      lonely.add(mark);
      continue;
    }
    return { node: { type, children: inline(text.slice(from, end), depth + 1) }, end: end + mark.length };
  }
  return null;
}

const LINK = /^\[([^\]\n]{1,500})\]\(([^()\s]{1,2000})\)/;

function link(text: string, i: number, depth: number): Found | null {
  const match = LINK.exec(text.slice(i, i + 2600));
  const href = match && safeHref(match[2]!);
  if (!match || !href) return null;
  // No link within a link.
  const children = inline(match[1]!, depth + 1).map(unlink);
  return { node: { type: "link", href, children }, end: i + match[0].length };
}

function unlink(node: Inline): Inline {
  return node.type === "link" ? { type: "em", children: node.children } : node;
}

function address(text: string, i: number): Found | null {
  const match = URL_RUN.exec(text.slice(i, i + 2000));
  if (!match) return null;
  // Punctuation at the end belongs to the sentence, a closing bracket to its opening one.
  let run = match[0].replace(/[.,;:!?'*_~]+$/, "");
  if (run.endsWith(")") && !run.includes("(")) run = run.slice(0, -1);
  const href = safeHref(run);
  return href ? { node: { type: "link", href, children: [{ type: "text", text: run }] }, end: i + run.length } : null;
}

/** The text without its marks, in one line: for lists and notifications. */
export function plain(text: string): string {
  const of = (nodes: Inline[]): string =>
    nodes.map((n) => (n.type === "break" ? " " : "children" in n ? of(n.children) : n.text)).join("");
  const blocks = (list: Block[]): string =>
    list
      .map((b) => (b.type === "code" ? b.text : b.type === "quote" ? blocks(b.children) : b.type === "list" ? b.items.map(of).join(", ") : of(b.children)))
      .join(" ");
  return blocks(parse(text.slice(0, 400))).replace(/\s+/g, " ").trim();
}
