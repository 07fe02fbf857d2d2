//! `XenForo`'s authentication data: an array in PHP's serialisation.

use crate::fields::Fields;
use crate::scheme::Read;

/// Most entries of the array.
const ENTRIES_MAX: usize = 16;

/// What the array says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Data<'a> {
    hash: Option<&'a [u8]>,
    salt: Option<&'a [u8]>,
    function: Option<&'a [u8]>,
}

pub(super) fn data(fields: &Fields<'_>) -> Read {
    let stored = fields.trimmed();
    let Some(data) = parse(stored) else {
        return Read::Foreign;
    };
    let Some(hash) = data.hash.filter(|hash| !hash.is_empty()) else {
        return Read::NoPassword;
    };
    let inner = fields.with(hash, data.salt.unwrap_or_default());
    let schemes: &[&str] = match (data.function, hash.len()) {
        _ if hash.starts_with(b"$") => &["phpass", "php_password"],
        (Some(b"sha256"), 64) => &["sha256_sha256p_s"],
        (Some(b"sha1") | None, 40) => &["sha1_sha1p_s"],
        (Some(b"md5") | None, 32) => &["md5_md5p_s"],
        _ => return Read::Refused("this hashFunc is not supported"),
    };
    super::read_as_any(schemes, &inner)
}

/// A key or a value of the array.
enum Scalar<'a> {
    Text(&'a [u8]),
    /// A number, a truth value, NULL.
    Other,
}

/// A reader of `a:`, `s:`, `i:`, `b:` and `N;` and nothing else: no object, no array in the array.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn eat(&mut self, token: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(token)?;
        Some(())
    }

    /// A number up to this character.
    fn number(&mut self, end: u8) -> Option<usize> {
        let at = self.0.iter().take(12).position(|b| *b == end)?;
        let digits = std::str::from_utf8(self.0.get(..at)?).ok()?;
        self.0 = self.0.get(at + 1..)?;
        crate::prim::text::number(digits)
    }

    fn scalar(&mut self) -> Option<Scalar<'a>> {
        if self.eat(b"s:").is_some() {
            let length = self.number(b':')?;
            self.eat(b"\"")?;
            let (text, rest) = self.0.split_at_checked(length)?;
            self.0 = rest;
            self.eat(b"\";")?;
            return Some(Scalar::Text(text));
        }
        if self.eat(b"N;").is_some() {
            return Some(Scalar::Other);
        }
        self.eat(b"i:").or_else(|| self.eat(b"b:"))?;
        self.eat(b"-").unwrap_or_default();
        self.number(b';').map(|_| Scalar::Other)
    }
}

fn parse(stored: &[u8]) -> Option<Data<'_>> {
    let mut reader = Reader(stored);
    reader.eat(b"a:")?;
    let entries = reader.number(b':').filter(|count| *count <= ENTRIES_MAX)?;
    reader.eat(b"{")?;
    let mut data = Data::default();
    for _ in 0..entries {
        let key = reader.scalar()?;
        let value = match reader.scalar()? {
            Scalar::Text(text) => Some(text),
            Scalar::Other => None,
        };
        match key {
            Scalar::Text(b"hash") => data.hash = value,
            Scalar::Text(b"salt") => data.salt = value,
            Scalar::Text(b"hashFunc") => data.function = value,
            Scalar::Text(_) | Scalar::Other => {}
        }
    }
    reader.eat(b"}")?;
    reader.0.is_empty().then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_flat_arrays_are_read() {
        let flat = br#"a:4:{s:4:"hash";s:2:"ab";s:4:"salt";N;i:0;i:-5;s:1:"x";b:1;}"#;
        let data = parse(flat).unwrap();
        assert_eq!((data.hash, data.salt), (Some(&b"ab"[..]), None));
        assert_eq!(parse(b"a:0:{}"), Some(Data::default()));
        for bad in [
            &b"a:1:{s:4:\"hash\";O:1:\"X\":0:{}}"[..],
            b"a:1:{s:4:\"hash\";a:0:{}}",
            b"a:1:{s:9:\"hash\";s:2:\"ab\";}",
            b"a:99999999999999999999:{}",
            b"a:1:{}",
            b"a:0:{}x",
            b"a:0:{",
        ] {
            assert_eq!(parse(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }
}
