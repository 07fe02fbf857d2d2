//! Values in filters (RFC 4515) and names of entries (RFC 4514).

/// A value for a filter.
pub(super) fn escape_value(value: &str) -> String {
    ldap3::ldap_escape(value).into_owned()
}

/// The value of the first part of a name: `Müller, Jörg` of `cn=Müller\, Jörg,ou=people`.
/// `None` if it is not text.
pub(super) fn first_value(dn: &str) -> Option<String> {
    let (_, rest) = dn.split_once('=')?;
    let mut bytes = Vec::new();
    // Blanks before it and behind it are not part of the value, unless they are escaped.
    let mut kept = 0;
    let mut characters = rest.trim_start_matches(' ').chars();
    if characters.as_str().starts_with('#') {
        return None;
    }
    while let Some(character) = characters.next() {
        match character {
            ',' | '+' => break,
            '\\' => {
                bytes.push(escaped(&mut characters)?);
                kept = bytes.len();
            }
            ' ' => bytes.push(b' '),
            other => {
                bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
                kept = bytes.len();
            }
        }
    }
    bytes.truncate(kept);
    String::from_utf8(bytes)
        .ok()
        .filter(|value| !value.is_empty())
}

/// What stands behind a backslash: a sign, or a byte in hexadecimal digits.
fn escaped(characters: &mut std::str::Chars<'_>) -> Option<u8> {
    let digits = characters.as_str().get(..2);
    let is_hex = |digits: &&str| digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if let Some(digits) = digits.filter(is_hex) {
        characters.nth(1);
        return u8::from_str_radix(digits, 16).ok();
    }
    characters
        .next()
        .and_then(|sign| u8::try_from(sign).ok())
        .filter(u8::is_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_names_are_read_as_written() {
        let cases = [
            ("cn=staff,ou=groups,dc=example", Some("staff")),
            (r"cn=M\C3\BCller\, J\+rg,ou=people", Some("Müller, J+rg")),
            ("CN=Domain Users ,DC=example", Some("Domain Users")),
            (r"cn=\ blank\ ,dc=x", Some(" blank ")),
            (r"cn=a\\b", Some(r"a\b")),
            ("cn=one+uid=two,dc=x", Some("one")),
            ("cn= ü ", Some("ü")),
            ("cn=#0401ff,dc=x", None),
            (r"cn=\ff,dc=x", None),
            (r"cn=x\", None),
            ("cn=,dc=x", None),
            ("", None),
        ];
        for (dn, expected) in cases {
            assert_eq!(first_value(dn).as_deref(), expected, "{dn}");
        }
    }
}
