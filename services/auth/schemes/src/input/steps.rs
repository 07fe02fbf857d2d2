//! The steps by their names.

use zeroize::Zeroizing;

use super::changes::{
    Change, add_slashes, angles, compat, ipb, line_ends, nfc, quotes, squeeze, strip_slashes, trim,
    trim_unicode, un_html,
};
use super::{Bytes, InputError};
use crate::charset::Charset;

/// A step by name, with what it does, for the reference.
struct Named {
    name: &'static str,
    does: &'static str,
    step: Step,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Bytes to bytes, one change after the other.
    Bytes(&'static [Change]),
    /// Into the store's charset.
    Charset,
    /// Into windows-1252.
    Latin1,
    /// Into the store's charset, with entities.
    Numeric,
}

const fn named(name: &'static str, does: &'static str, step: Step) -> Named {
    Named { name, does, step }
}

const STEPS: [Named; 16] = [
    named("raw", "as typed", Step::Bytes(&[])),
    named(
        "trim",
        "blank, tab, line ends, NUL and vertical tab cut off at both ends",
        Step::Bytes(&[trim]),
    ),
    named(
        "trim_unicode",
        "`trim`, also of Unicode's blanks",
        Step::Bytes(&[trim_unicode]),
    ),
    named(
        "addslashes",
        "a backslash before `'`, `\"`, `\\` and NUL",
        Step::Bytes(&[add_slashes]),
    ),
    named(
        "strip_trim",
        "backslashes removed, then `trim`",
        Step::Bytes(&[strip_slashes, trim]),
    ),
    named(
        "html_compat",
        "`&`, `<`, `>`, `\"` as entities",
        Step::Bytes(&[compat]),
    ),
    named(
        "html_quotes",
        "`html_compat`, also `'` as `&#039;`",
        // The other entities contain no quote, so this changes only what was typed.
        Step::Bytes(&[compat, quotes]),
    ),
    named(
        "html_decode",
        "these entities back to characters",
        Step::Bytes(&[un_html]),
    ),
    named("un_html", "the same", Step::Bytes(&[un_html])),
    named(
        "phpbb_in",
        "CR LF to LF, `trim`, `html_compat`, Unicode NFC",
        Step::Bytes(&[line_ends, trim, compat, nfc]),
    ),
    named(
        "osc_clean",
        "`trim`, runs of blanks to one, `<` and `>` to `_`",
        Step::Bytes(&[trim, squeeze, angles]),
    ),
    named(
        "zen_clean",
        "runs of blanks to one, `<` and `>` to `_`, backslashes removed, `trim`",
        Step::Bytes(&[squeeze, angles, strip_slashes, trim]),
    ),
    named(
        "ipb_clean",
        "`&`, `<`, `>`, `\"`, `'`, `!`, `$`, `\\` as IP.Board's entities",
        Step::Bytes(&[ipb]),
    ),
    named(
        "html_numeric",
        "in the store's charset, other characters as `&#8364;`",
        Step::Numeric,
    ),
    named(
        "[charset]",
        "in the store's charset (windows-1252 if none is set); no match if a character does not fit",
        Step::Charset,
    ),
    named("latin1", "in windows-1252", Step::Latin1),
];

/// Names of the steps and what they do.
pub(crate) fn steps() -> impl Iterator<Item = (&'static str, &'static str)> {
    STEPS.iter().map(|one| (one.name, one.does))
}

impl Step {
    /// A step by its name.
    pub(super) fn named(name: &str) -> Result<Self, InputError> {
        let found = STEPS.iter().find(|one| one.name == name);
        found
            .map(|one| one.step)
            .ok_or_else(|| InputError::UnknownStep(name.to_owned()))
    }

    pub(super) const fn is_about_charsets(self) -> bool {
        !matches!(self, Self::Bytes(_))
    }

    /// What becomes of a form; nothing, if a character does not fit.
    pub(super) fn apply(self, form: &[u8], charset: Charset) -> Vec<Bytes> {
        let text = std::str::from_utf8(form).ok();
        match self {
            Self::Bytes(changes) => {
                let start = Zeroizing::new(form.to_vec());
                let change = |form: Bytes, change: &Change| Zeroizing::new(change(&form));
                vec![changes.iter().fold(start, change)]
            }
            Self::Charset => text
                .and_then(|text| charset.encode(text))
                .into_iter()
                .collect(),
            Self::Latin1 => text
                .and_then(|text| Charset::LATIN1.encode(text))
                .into_iter()
                .collect(),
            Self::Numeric => text.map_or_else(Vec::new, |text| {
                let mut forms = vec![charset.encode_with_entities(text)];
                if charset == Charset::LATIN1 {
                    // Boards that hash in the browser know only what is below 256.
                    forms.push(strict_latin1(text));
                }
                forms
            }),
        }
    }
}

fn strict_latin1(text: &str) -> Bytes {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() * 8));
    for c in text.chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) => out.push(byte),
            Err(_) => out.extend(format!("&#{};", u32::from(c)).into_bytes()),
        }
    }
    out
}
