//! How a stored text splits into hash and salt.

/// How a stored text splits into hash and salt, or what stands before the hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrapper {
    /// `hash:salt`
    Colon,
    /// `hash$salt`
    Dollar,
    /// `hash salt`
    Blank,
    /// 9 bytes of salt, then the hash.
    Pre9,
    /// 32 hex digits, then the salt.
    Post32,
    /// `{SHA256}hash:salt`
    Braced,
    /// A literal prefix; the salt stays the row's.
    Prefix(String),
}

impl Wrapper {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "colon" => Self::Colon,
            "dollar" => Self::Dollar,
            "blank" => Self::Blank,
            "pre9" => Self::Pre9,
            "post32" => Self::Post32,
            "braced" => Self::Braced,
            _ => return None,
        })
    }

    /// Whether the salt comes out of the stored text.
    pub(crate) const fn holds_salt(&self) -> bool {
        !matches!(self, Self::Prefix(_))
    }

    /// Hash and, if it holds one, salt; `None` if the text is not wrapped so.
    pub(crate) fn unwrap<'a>(&self, stored: &'a [u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
        match self {
            Self::Colon => split_once(stored, b':'),
            Self::Dollar => split_once(stored, b'$'),
            Self::Blank => split_once(stored, b' '),
            Self::Pre9 => stored
                .split_at_checked(9)
                .map(|(salt, hash)| (hash, Some(salt))),
            Self::Post32 => stored
                .split_at_checked(32)
                .map(|(hash, salt)| (hash, Some(salt.trim_ascii()))),
            Self::Braced => split_once(stored.strip_prefix(b"{SHA256}")?, b':'),
            Self::Prefix(prefix) => Some((stored.strip_prefix(prefix.as_bytes())?, None)),
        }
    }
}

fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], Option<&[u8]>)> {
    let at = text.iter().position(|b| *b == separator)?;
    let (hash, rest) = text.split_at_checked(at)?;
    Some((hash, rest.get(1..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_split_at_the_first_separator() {
        let split = |name: &str, text: &'static [u8]| {
            let wrapper = Wrapper::parse(name).unwrap();
            wrapper
                .unwrap(text)
                .map(|(hash, salt)| (hash, salt.unwrap()))
        };
        assert_eq!(split("colon", b"ab:c:d"), Some((&b"ab"[..], &b"c:d"[..])));
        assert_eq!(split("colon", b"ab:"), Some((&b"ab"[..], &b""[..])));
        assert_eq!(split("colon", b"ab"), None);
        assert_eq!(split("dollar", b"ab$c"), Some((&b"ab"[..], &b"c"[..])));
        assert_eq!(split("blank", b"ab  c"), Some((&b"ab"[..], &b" c"[..])));
        assert_eq!(
            split("pre9", b"123456789ab"),
            Some((&b"ab"[..], &b"123456789"[..]))
        );
        assert_eq!(split("pre9", b"1234"), None);
        let stored = b"0123456789abcdef0123456789abcdef Zx ";
        assert_eq!(split("post32", stored), Some((&stored[..32], &b"Zx"[..])));
        assert_eq!(
            split("braced", b"{SHA256}ab:c"),
            Some((&b"ab"[..], &b"c"[..]))
        );
        assert_eq!(split("braced", b"{SHA1}ab:c"), None);
        let prefix = Wrapper::Prefix("SHA1:".to_owned());
        assert_eq!(prefix.unwrap(b"SHA1:ab"), Some((&b"ab"[..], None)));
        assert_eq!(prefix.unwrap(b"ab"), None);
        assert_eq!(Wrapper::parse("braces"), None);
    }
}
