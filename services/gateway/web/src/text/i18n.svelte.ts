import { storagePrefix } from "../api/session";
import { choose, format, type Catalog, type Values } from "./catalog";
import english from "./locales/en.json";

const loaders = import.meta.glob<Catalog>(["./locales/*.json", "!./locales/en.json"], { import: "default" });
const tagOf = (path: string) => path.slice("./locales/".length, -".json".length);
const KEY = `${storagePrefix}language`;

/** The languages there are. */
export const languages = ["en", ...Object.keys(loaders).map(tagOf)].sort();

let locale = $state("en");
let catalog = $state.raw<Catalog>(english);

/** The tag for numbers and dates: with the person's region, if the language is the person's. */
function regional(tag: string): string {
  return navigator.languages.find((l) => l.toLowerCase().split("-")[0] === tag) ?? tag;
}

export const language = {
  get current(): string {
    return locale;
  },
  get regional(): string {
    return regional(locale);
  },
};

/** Takes the language that was chosen, else the first of the browser's that there is. */
export async function loadLanguage(): Promise<void> {
  const chosen = localStorage.getItem(KEY);
  await useLanguage(choose(chosen ? [chosen, ...navigator.languages] : navigator.languages, languages));
}

/** Switches to another language and remembers it. */
export async function chooseLanguage(tag: string): Promise<void> {
  localStorage.setItem(KEY, tag);
  await useLanguage(tag);
}

async function useLanguage(tag: string): Promise<void> {
  const load = loaders[`./locales/${tag}.json`];
  catalog = load ? await load() : english;
  locale = load ? tag : "en";
  document.documentElement.lang = locale;
}

/** A message in the language of the person. */
export function t(key: string, values?: Values): string {
  return format(catalog, english, locale, key, values);
}

/** Whether there is a message of this name. */
export function has(key: string): boolean {
  return key in english;
}
