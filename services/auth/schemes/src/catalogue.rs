//! The reference of all schemes.

use std::fmt::Write as _;

use crate::families::FAMILIES;
use crate::input;
use crate::verdict::SchemeId;

/// A scheme, described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemeInfo {
    /// Its name.
    pub id: SchemeId,
    /// The family it belongs to.
    pub family: &'static str,
    /// What is computed.
    pub formula: String,
    /// Which values it takes for its own.
    pub form: &'static str,
    /// How well it keeps passwords.
    pub strength: &'static str,
}

/// Every scheme, in the order of the reference.
pub fn catalogue() -> Vec<SchemeInfo> {
    let schemes = FAMILIES
        .iter()
        .flat_map(|family| family.schemes.iter().map(|scheme| (family.title, scheme)));
    schemes
        .map(|(family, scheme)| SchemeInfo {
            id: SchemeId(scheme.id),
            family,
            formula: scheme.formula(),
            form: scheme.form,
            strength: scheme.strength,
        })
        .collect()
}

/// The reference as Markdown, kept in `docs/hash-schemes.md`:
///
#[expect(clippy::doc_markdown, reason = "names of applications are words there")]
#[doc = include_str!("../../../../docs/hash-schemes.md")]
pub fn reference() -> String {
    let mut out = HEAD.to_owned();
    let mut family = "";
    for info in catalogue() {
        if info.family != family {
            family = info.family;
            // Writing to a String cannot fail.
            let _ = write!(
                out,
                "\n## {family}\n\n| scheme | formula | recognised by | strength |\n| --- | --- | --- | --- |\n"
            );
        }
        let cell = |text: &str| text.replace('|', "\\|");
        let (formula, form) = (cell(&info.formula), cell(info.form));
        let _ = writeln!(
            out,
            "| `{}` | `{formula}` | {form} | {} |",
            info.id, info.strength
        );
    }
    out.push_str(STEPS);
    for (name, does) in input::steps() {
        let _ = writeln!(out, "| `{name}` | {} |", does.replace('|', "\\|"));
    }
    out
}

const HEAD: &str = "# Password schemes

<!-- Generated: cargo run -p im-auth-schemes --example scheme_reference > docs/hash-schemes.md -->

How other applications store passwords, and how their values are told apart. A preset lists the
schemes of a store, strongest first: `bcrypt_wp|phpass|php_password|md5`. A value is checked by the
schemes of the list that recognise it, and the first that verifies wins.

p is the password after the input steps, s the salt of the row, u the login as stored, i the id as
decimal text, k the secret of the site; `.` joins bytes; hex is in lower case where it is hashed
again and of either case where it is stored.

- **broken**: clear text, or few fast digests without a salt. **weak**: a salted fast digest, a few
  thousand rounds. **ok**: sha-crypt, PBKDF2 below 100,000 rounds, bcrypt below cost 10. **strong**:
  bcrypt from cost 10, Argon2, scrypt, PBKDF2 from 100,000 rounds.
- `by COLUMN {value: list; *: list}` chooses the list by another column, `by-config NAME {…}` by a
  setting; `scheme(column)` reads another column than the password's.
- `@colon` is `hash:salt`, `@dollar` `hash$salt`, `@blank` `hash salt`, `@pre9` nine characters of
  salt before the hash, `@post32` the salt after 32 hex, `@braced` `{SHA256}hash:salt`, `@'TEXT'` a
  literal prefix.
- NULL, an empty value, `!`, `*`, `invalid:` and their like match nothing, nor does an empty
  password or one with a NUL in it.
- What a value asks for is limited: 10 million rounds, phpass 2^24, bcrypt 16, 1 GiB of memory. A
  value over a limit is an error of the store, not a wrong password.
- bcrypt reads 72 bytes. A longer password with the same 72 is accepted, as by the application.
";

const STEPS: &str = "
## Input steps

What an application's form does to a password before it is hashed; alternatives `a|b`, chains
`a>b`. With a charset of the store each alternative is tried in that charset too.

| step | effect |
| --- | --- |
";
