//! A rule: schemes, input alternatives, columns, secrets; and what it makes of a row.

mod columns;
mod grammar;
mod readings;
mod verify;

pub use columns::Column;

use im_types::Secret;

use crate::fields::Row;
use crate::input::{Input, InputError};
use crate::options::{Options, SECRETS_MAX};
use crate::scheme::Scheme;
use crate::usual::Usual;
use crate::verdict::{Recognised, Verdict};
use crate::work::Work;
use crate::wrap::Wrapper;

/// How the passwords of a store are checked; parsed once from a preset's text.
///
/// # Grammar
///
/// ```text
/// schemes  = item *( "|" item )               strongest first; the first that verifies wins
/// item     = id [ "(" column ")" ] [ "@" wrapper ]
///          | "by" column "{" case *( ";" case ) "}"         by another column of the row
///          | "by-config" name "{" case *( ";" case ) "}"    by a setting (Options::secrets)
/// case     = value ":" schemes                without regard to case; "*" for any other value
/// wrapper  = "colon"    hash:salt             "dollar"  hash$salt       "blank"  hash salt
///          | "pre9"     9 characters of salt, then the hash
///          | "post32"   32 characters of hash, then the salt
///          | "braced"   {SHA256}hash:salt
///          | "'" text "'"                     this prefix; the salt stays the row's
/// input    = chain *( "|" chain )             alternatives, tried in order
/// chain    = token *( ">" token )             what the application's form does to a password
/// ```
///
/// A column name with `?` at its end may be missing in the table.
#[derive(Debug)]
pub struct PasswordRule {
    items: Vec<Item>,
    input: Input,
    options: Options,
    columns: Vec<Column>,
    secrets: Vec<Secret<Vec<u8>>>,
    needs_secret: bool,
    settings: Vec<String>,
    usual: Usual,
}

/// An entry of the list of schemes.
#[derive(Debug)]
enum Item {
    Use(Use),
    By { chooser: Chooser, cases: Vec<Case> },
}

/// A scheme as the rule uses it.
#[derive(Debug)]
struct Use {
    scheme: &'static Scheme,
    /// Instead of the password column.
    column: Option<String>,
    wrapper: Option<Wrapper>,
}

#[derive(Debug)]
enum Chooser {
    Column(String),
    Setting(String),
}

#[derive(Debug)]
struct Case {
    /// In lower case; `None` is `*`.
    value: Option<Vec<u8>>,
    items: Vec<Item>,
}

/// What is wrong with the text of a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// No scheme at all.
    #[error("the list of schemes is empty")]
    Empty,
    /// Not the grammar.
    #[error("{expected} expected at byte {at} of the schemes")]
    Syntax {
        /// Offset in bytes.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// No scheme has this name.
    #[error("`{0}` is not the name of a scheme; docs/hash-schemes.md lists them")]
    UnknownScheme(String),
    /// No wrapper has this name.
    #[error("`{0}` is not the name of a wrapper")]
    UnknownWrapper(String),
    /// A scheme needs a salt and there is none.
    #[error("{0} needs a salt: name its column, or a wrapper that holds it")]
    NoSalt(&'static str),
    /// The input rule is wrong.
    #[error(transparent)]
    Input(#[from] InputError),
    /// More than 32 values of secrets.
    #[error("at most {SECRETS_MAX} values of secrets can be tried")]
    TooManySecrets,
    /// Longer or deeper than any store needs.
    #[error("the rule is too long")]
    TooLong,
}

impl PasswordRule {
    /// Parses a rule: `schemes` as `bcrypt_wp|phpass|md5`, `input` as `addslashes>trim|trim` (empty
    /// for `raw`).
    pub fn parse(schemes: &str, input: &str, options: Options) -> Result<Self, RuleError> {
        let items = grammar::items(schemes)?;
        let input = Input::parse(input, options.charset)?;
        let secrets: Vec<_> = options.secrets.values().flatten().cloned().collect();
        if secrets.len() > SECRETS_MAX {
            return Err(RuleError::TooManySecrets);
        }
        let found = columns::of(&items, &options)?;
        Ok(Self {
            usual: Usual::starting_with(found.typical),
            items,
            input,
            options,
            columns: found.columns,
            secrets,
            needs_secret: found.needs_secret,
            settings: found.settings,
        })
    }

    /// The columns that a row must be asked for: password columns, salt, login, id, columns that
    /// choose the scheme, columns that schemes read by their fixed names. Each once.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Whether a scheme of the rule contains the site's secret. Without a value of it, rows of
    /// such a form are answered with [`Unsupported::NeedsSecret`](crate::Unsupported::NeedsSecret).
    pub const fn needs_secret(&self) -> bool {
        self.needs_secret
    }

    /// Names of settings that choose the scheme (`by-config NAME`): each is looked up in
    /// [`Options::secrets`]; without it, `*` counts.
    pub fn settings(&self) -> &[String] {
        &self.settings
    }

    /// Checks a password, as typed, against a row. Blocking CPU work.
    pub fn verify(&self, row: &dyn Row, password: &Secret<Vec<u8>>) -> Verdict {
        self.check(row, password.expose())
    }

    /// The form of what a row holds, without a password. Cheap.
    pub fn recognise(&self, row: &dyn Row) -> Recognised {
        self.look_at(row)
    }

    /// The work of a usual verification of this store, for people who do not exist: that of the
    /// form met most often, or, until the first, of the strongest that the rule names.
    pub fn burn(&self, password: &Secret<Vec<u8>>) {
        let (work, times) = self.usual.most_common();
        for candidate in self.input.candidates(password.expose()) {
            for _ in 0..times {
                work.spend(&candidate);
            }
        }
    }

    /// What [`PasswordRule::burn`] spends, and how often.
    pub fn usual_work(&self) -> (Work, u32) {
        self.usual.most_common()
    }
}
