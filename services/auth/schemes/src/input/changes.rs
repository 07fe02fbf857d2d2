//! What steps do to bytes. No result grows after it was begun, so that nothing of a password stays
//! behind in memory.

use unicode_normalization::UnicodeNormalization as _;

/// Bytes to bytes.
pub(super) type Change = fn(&[u8]) -> Vec<u8>;

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

pub(super) fn compat(bytes: &[u8]) -> Vec<u8> {
    replace(bytes, &COMPAT)
}

pub(super) fn quotes(bytes: &[u8]) -> Vec<u8> {
    replace(bytes, &[(b'\'', "&#039;")])
}

pub(super) fn ipb(bytes: &[u8]) -> Vec<u8> {
    replace(bytes, &IPB)
}

pub(super) fn un_html(bytes: &[u8]) -> Vec<u8> {
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

pub(super) fn trim(bytes: &[u8]) -> Vec<u8> {
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

pub(super) fn trim_unicode(bytes: &[u8]) -> Vec<u8> {
    std::str::from_utf8(bytes).map_or_else(
        |_| trim(bytes),
        |text| {
            let trimmed =
                text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
            trimmed.as_bytes().to_vec()
        },
    )
}

pub(super) fn add_slashes(bytes: &[u8]) -> Vec<u8> {
    replace(
        bytes,
        &[(b'\'', "\\'"), (b'"', "\\\""), (b'\\', "\\\\"), (0, "\\0")],
    )
}

pub(super) fn strip_slashes(bytes: &[u8]) -> Vec<u8> {
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

pub(super) fn squeeze(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.dedup_by(|next, before| *next == b' ' && *before == b' ');
    out
}

pub(super) fn angles(bytes: &[u8]) -> Vec<u8> {
    replace(bytes, &[(b'<', "_"), (b'>', "_")])
}

/// CR LF and CR to LF; NUL is removed.
pub(super) fn line_ends(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut was_cr = false;
    for byte in bytes.iter().filter(|b| **b != 0) {
        match byte {
            b'\n' if was_cr => {}
            b'\r' => out.push(b'\n'),
            other => out.push(*other),
        }
        was_cr = *byte == b'\r';
    }
    out
}

/// Composed, if it is text.
pub(super) fn nfc(bytes: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return bytes.to_vec();
    };
    // Composition lengthens a text threefold at most; no growth leaves copies.
    let mut out = String::with_capacity(text.len() * 3);
    out.extend(text.nfc());
    out.into_bytes()
}
