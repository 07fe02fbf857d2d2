//! What an application's form does to a password before it is hashed.

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::charset::Charset;

/// Most alternatives, and most steps of one.
const CHAINS_MAX: usize = 8;

/// Longest form of a password in bytes; entities make the longest one six times as long.
const FORM_BYTES_MAX: usize = 8192;

/// Bytes on their way; wiped when dropped.
type Bytes = Zeroizing<Vec<u8>>;

/// Alternatives that are tried in order.
#[derive(Debug)]
pub(crate) struct Input {
    chains: Vec<Vec<Step>>,
    charset: Charset,
}

/// What is wrong with an input rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// No step has this name.
    #[error("`{0}` is not the name of an input step; docs/hash-schemes.md lists them")]
    UnknownStep(String),
    /// More than 8 alternatives or steps.
    #[error("an input rule has at most {CHAINS_MAX} alternatives of {CHAINS_MAX} steps")]
    TooLong,
}

/// A step by name, with what it does, for the reference.
struct Named {
    name: &'static str,
    does: &'static str,
    step: Step,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Bytes to bytes.
    Bytes(fn(&[u8]) -> Vec<u8>),
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
    named("raw", "as typed", Step::Bytes(<[u8]>::to_vec)),
    named(
        "trim",
        "blank, tab, line ends, NUL and vertical tab cut off at both ends",
        Step::Bytes(trim),
    ),
    named(
        "trim_unicode",
        "`trim`, also of Unicode's blanks",
        Step::Bytes(trim_unicode),
    ),
    named(
        "addslashes",
        "a backslash before `'`, `\"`, `\\` and NUL",
        Step::Bytes(add_slashes),
    ),
    named(
        "strip_trim",
        "backslashes removed, then `trim`",
        Step::Bytes(|p| trim(&strip_slashes(p))),
    ),
    named(
        "html_compat",
        "`&`, `<`, `>`, `\"` as entities",
        Step::Bytes(|p| replace(p, &COMPAT)),
    ),
    named(
        "html_quotes",
        "`html_compat`, also `'` as `&#039;`",
        Step::Bytes(html_quotes),
    ),
    named(
        "html_decode",
        "these entities back to characters",
        Step::Bytes(un_html),
    ),
    named("un_html", "the same", Step::Bytes(un_html)),
    named(
        "phpbb_in",
        "CR LF to LF, `trim`, `html_compat`, Unicode NFC",
        Step::Bytes(phpbb_in),
    ),
    named(
        "osc_clean",
        "`trim`, runs of blanks to one, `<` and `>` to `_`",
        Step::Bytes(|p| angles(&squeeze(&trim(p)))),
    ),
    named(
        "zen_clean",
        "runs of blanks to one, `<` and `>` to `_`, backslashes removed, `trim`",
        Step::Bytes(|p| trim(&strip_slashes(&angles(&squeeze(p))))),
    ),
    named(
        "ipb_clean",
        "`&`, `<`, `>`, `\"`, `'`, `!`, `$`, `\\` as IP.Board's entities",
        Step::Bytes(|p| replace(p, &IPB)),
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

impl Input {
    /// Parses `a>b|c`. A store with a charset of its own tries it after UTF-8, unless its rule says
    /// where.
    pub(crate) fn parse(text: &str, charset: Option<Charset>) -> Result<Self, InputError> {
        let text = if text.trim().is_empty() { "raw" } else { text };
        let mut chains = Vec::new();
        for chain in text.split('|') {
            let steps: Result<Vec<Step>, _> =
                chain.split('>').map(|name| step(name.trim())).collect();
            chains.push(steps?);
        }
        if chains.len() > CHAINS_MAX || chains.iter().any(|chain| chain.len() > CHAINS_MAX) {
            return Err(InputError::TooLong);
        }
        let says_where = chains
            .iter()
            .flatten()
            .any(|step| !matches!(step, Step::Bytes(_)));
        if charset.is_some() && !says_where {
            for at in 0..chains.len() {
                let mut chain = vec![Step::Charset];
                chain.extend(chains.get(at).into_iter().flatten());
                chains.push(chain);
            }
        }
        Ok(Self {
            chains,
            charset: charset.unwrap_or(Charset::LATIN1),
        })
    }

    /// What could have been hashed for a typed password: each once, none empty, none with a NUL.
    pub(crate) fn candidates(&self, password: &[u8]) -> Vec<Bytes> {
        let mut found: Vec<Bytes> = Vec::new();
        for chain in &self.chains {
            let mut forms = vec![Zeroizing::new(password.to_vec())];
            for step in chain {
                forms = forms
                    .iter()
                    .flat_map(|form| step.apply(form, self.charset))
                    .collect();
            }
            for form in forms {
                let is_typable = (1..=FORM_BYTES_MAX).contains(&form.len()) && !form.contains(&0);
                if is_typable && !found.contains(&form) {
                    found.push(form);
                }
            }
        }
        found
    }
}

fn step(name: &str) -> Result<Step, InputError> {
    let found = STEPS.iter().find(|one| one.name == name);
    found
        .map(|one| one.step)
        .ok_or_else(|| InputError::UnknownStep(name.to_owned()))
}

impl Step {
    fn apply(self, form: &[u8], charset: Charset) -> Vec<Bytes> {
        let text = std::str::from_utf8(form).ok();
        match self {
            Self::Bytes(change) => vec![Zeroizing::new(change(form))],
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

/// Single bytes and what takes their place.
type Table = [(u8, &'static str)];

const COMPAT: [(u8, &str); 4] = [
    (b'&', "&amp;"),
    (b'<', "&lt;"),
    (b'>', "&gt;"),
    (b'"', "&quot;"),
];
const IPB: [(u8, &str); 8] = [
    (b'&', "&amp;"),
    (b'<', "&lt;"),
    (b'>', "&gt;"),
    (b'"', "&quot;"),
    (b'\'', "&#39;"),
    (b'!', "&#33;"),
    (b'$', "&#036;"),
    (b'\\', "&#092;"),
];
/// From entities to characters.
const ENTITIES: [(&str, u8); 9] = [
    ("&amp;", b'&'),
    ("&lt;", b'<'),
    ("&gt;", b'>'),
    ("&quot;", b'"'),
    ("&#039;", b'\''),
    ("&#39;", b'\''),
    ("&#x27;", b'\''),
    ("&apos;", b'\''),
    ("&nbsp;", b' '),
];

fn replace(bytes: &[u8], table: &Table) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 6);
    for byte in bytes {
        match table.iter().find(|(from, _)| from == byte) {
            Some((_, to)) => out.extend_from_slice(to.as_bytes()),
            None => out.push(*byte),
        }
    }
    out
}

fn html_quotes(bytes: &[u8]) -> Vec<u8> {
    // The other entities contain no quote, so a second pass changes only what was typed.
    replace(&replace(bytes, &COMPAT), &[(b'\'', "&#039;")])
}

fn un_html(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        let entity = ENTITIES
            .iter()
            .find(|(name, _)| rest.starts_with(name.as_bytes()));
        let (byte, next) = match entity {
            Some((name, byte)) => (*byte, rest.get(name.len()..).unwrap_or_default()),
            None => (*first, tail),
        };
        out.push(byte);
        rest = next;
    }
    out
}

const fn is_php_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0 | 0x0b)
}

fn trim(bytes: &[u8]) -> Vec<u8> {
    let start = bytes
        .iter()
        .position(|b| !is_php_blank(*b))
        .unwrap_or(bytes.len());
    let end = bytes
        .iter()
        .rposition(|b| !is_php_blank(*b))
        .map_or(start, |last| last + 1);
    bytes.get(start..end).unwrap_or_default().to_vec()
}

fn trim_unicode(bytes: &[u8]) -> Vec<u8> {
    std::str::from_utf8(bytes).map_or_else(
        |_| trim(bytes),
        |text| {
            let trimmed =
                text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
            trimmed.as_bytes().to_vec()
        },
    )
}

fn add_slashes(bytes: &[u8]) -> Vec<u8> {
    replace(
        bytes,
        &[(b'\'', "\\'"), (b'"', "\\\""), (b'\\', "\\\\"), (0, "\\0")],
    )
}

fn strip_slashes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut bytes = bytes.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => out.extend(
                bytes
                    .next()
                    .map(|next| if *next == b'0' { 0 } else { *next }),
            ),
            other => out.push(*other),
        }
    }
    out
}

fn squeeze(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.dedup_by(|next, before| *next == b' ' && *before == b' ');
    out
}

fn angles(bytes: &[u8]) -> Vec<u8> {
    replace(bytes, &[(b'<', "_"), (b'>', "_")])
}

fn phpbb_in(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\n' if lines.last() == Some(&b'\r') => {
                lines.pop();
                lines.push(b'\n');
            }
            0 => {}
            other => lines.push(*other),
        }
    }
    let html = replace(&trim(&replace(&lines, &[(b'\r', "\n")])), &COMPAT);
    match std::str::from_utf8(&html) {
        Ok(text) => text.nfc().collect::<String>().into_bytes(),
        Err(_) => html,
    }
}
