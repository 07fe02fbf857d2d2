import type { PasswordRulesJson } from "../gen/im/auth/v1/auth_pb";

/** A rule of the site and whether a password keeps it. */
export interface Rule {
  key: "length" | "digit_and_letter" | "upper_and_lower" | "special";
  n: number;
  isKept: boolean;
}

/** The rules in force, with how a password stands to them; the server decides in the end. */
export function rules(password: string, site: PasswordRulesJson | undefined): Rule[] {
  const list: Rule[] = [];
  const add = (isInForce: boolean, key: Rule["key"], isKept: boolean, n = 0) => {
    if (isInForce) list.push({ key, n, isKept });
  };
  const least = site?.lengthMin ?? 1;
  add(least > 1, "length", [...password].length >= least, least);
  add(site?.digitAndLetter ?? false, "digit_and_letter", /\p{Nd}/u.test(password) && /\p{L}/u.test(password));
  add(site?.upperAndLower ?? false, "upper_and_lower", /\p{Lu}/u.test(password) && /\p{Ll}/u.test(password));
  add(site?.special ?? false, "special", /[^\p{L}\p{N}]/u.test(password));
  return list;
}
