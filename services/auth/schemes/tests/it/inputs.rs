//! What forms do to a password. Seen through clear text: what is stored is what was hashed.

use im_auth_schemes::{Charset, Options, PasswordRule};

use crate::{is_match, options, row, secret};

fn takes(input: &str, charset: Option<&str>, typed: &str, stored: &[u8]) -> bool {
    let options = Options {
        charset: charset.map(|label| Charset::parse(label).unwrap()),
        ..options()
    };
    let rule = PasswordRule::parse("plain", input, options).unwrap();
    let mut row = row(&[]);
    row.insert("password".to_owned(), stored.to_vec());
    is_match(rule.verify(&row, &secret(typed)))
}

#[test]
fn each_step_does_what_its_application_does() {
    let cases: [(&str, &str, &str); 22] = [
        ("raw", " a'b ", " a'b "),
        ("trim", " \ta b\n\u{b}", "a b"),
        ("trim", "\u{a0}a", "\u{a0}a"),
        ("trim_unicode", "\u{a0}\u{3000}a b\u{feff} ", "a b"),
        ("addslashes", r#"a'b"c\d"#, r#"a\'b\"c\\d"#),
        ("addslashes>trim", " a' ", r"a\'"),
        ("strip_trim", r" a\'b\\c\ ", r"a'b\c"),
        ("html_compat", r#"&<>"'"#, "&amp;&lt;&gt;&quot;'"),
        ("html_quotes", r#"&<>"'"#, "&amp;&lt;&gt;&quot;&#039;"),
        ("html_decode", "&lt;&#039;&#39;&quot;&gt;", "<''\">"),
        ("un_html", "a&amp;lt;b", "a&lt;b"),
        ("phpbb_in", " a\r\nb\rc&\"' ", "a\nb\nc&amp;&quot;'"),
        ("phpbb_in", "u\u{308}", "ü"),
        ("osc_clean", "  two   blanks <b> ", "two blanks _b_"),
        ("zen_clean", r"a  <\'b\' ", "a _'b'"),
        (
            "ipb_clean",
            r#"&<>"'!$\ "#,
            "&amp;&lt;&gt;&quot;&#39;&#33;&#036;&#092; ",
        ),
        ("html_numeric", "a€→", "a&#8364;&#8594;"),
        ("trim|html_compat", " <", "<"),
        ("trim|html_compat", " <", " &lt;"),
        ("", "a b", "a b"),
        ("raw > trim", " a ", "a"),
        ("[charset]|raw", "日本", "日本"),
    ];
    for (input, typed, stored) in cases {
        assert!(
            takes(input, None, typed, stored.as_bytes()),
            "{input}: {typed:?}"
        );
    }
    assert!(!takes("trim", None, " a", b" a"));
    assert!(!takes("html_compat", None, "<", b"<"));
}

#[test]
fn other_charsets_are_tried_where_they_are_set_or_named() {
    let latin1 = b"p\xe4ss\x80";
    assert!(takes("raw|latin1", None, "päss€", latin1));
    assert!(takes("raw|latin1", None, "päss€", "päss€".as_bytes()));
    assert!(takes(
        "[charset]>addslashes|raw",
        None,
        "päss€'",
        b"p\xe4ss\x80\\'"
    ));
    assert!(!takes("raw", None, "päss€", latin1));
    assert!(takes("raw", Some("latin1"), "päss€", latin1));
    assert!(takes("raw", Some("latin1"), "päss€", "päss€".as_bytes()));
    assert!(takes(
        "trim",
        Some("windows-1251"),
        " пароль",
        b"\xef\xe0\xf0\xee\xeb\xfc"
    ));
    assert!(takes(
        "html_numeric",
        Some("windows-1251"),
        "пä",
        b"\xef&#228;"
    ));
    assert!(takes("html_numeric", None, "ä€", b"\xe4\x80"));
    assert!(takes("html_numeric", None, "ä€", b"\xe4&#8364;"));
    assert!(!takes("latin1", None, "日", "日".as_bytes()));
}

#[test]
fn what_becomes_empty_or_has_a_nul_matches_nothing() {
    assert!(!takes("trim", None, "   ", b""));
    assert!(!takes("strip_trim", None, "a\\0b", b"a\0b"));
    assert!(!takes("phpbb_in", None, "a\0b", b"ab"));
}

#[test]
fn a_login_was_hashed_in_the_charset_too() {
    // sha1(lower(u) . p) with both in latin-1, as a board of 2005 did; lower case of bytes leaves
    // the capital letter with its accent.
    let verify = |charset: Option<&str>, stored: &str| {
        let options = Options {
            charset: charset.map(|label| Charset::parse(label).unwrap()),
            ..options()
        };
        let rule = PasswordRule::parse("sha1_lu_p", "raw", options).unwrap();
        let row = row(&[("password", stored), ("login", "JÜrgen")]);
        is_match(rule.verify(&row, &secret("pässwörd")))
    };
    for stored in [
        "f2b5c29ac6d7fb41e4f96fd0a9123eaa020690ed",
        "ad006047c32c2f1230534c914bc444abdb3f2657",
    ] {
        assert!(verify(Some("latin1"), stored));
        assert!(!verify(None, stored));
        assert!(!verify(Some("koi8-r"), stored));
    }
}
