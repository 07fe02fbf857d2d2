//! From text to values.

use crate::{Key, ParseValueError, Value};

fn refusal(key: Key, text: &str) -> String {
    key.parse(text).map_or_else(
        |error| error.to_string(),
        |value| format!("accepted {value:?}"),
    )
}

#[test]
fn refusals_name_key_value_and_range() {
    assert_eq!(
        refusal(Key::ContactsMax, "many"),
        "contacts_max is \"many\", must be a whole number from 0 to 100000"
    );
    assert_eq!(
        refusal(Key::Maintenance, "yes"),
        "maintenance is \"yes\", must be true or false"
    );
    assert_eq!(
        refusal(Key::Registration, "public"),
        "registration is \"public\", must be one of: closed, invite, approval, open"
    );
    assert!(refusal(Key::HelpUrl, "javascript:alert(1)").contains("must be empty or begin with"));
    assert!(refusal(Key::StatusReasons, "a\u{7}").contains("control character"));
    // What is given may be as long as a request; the error is not.
    assert!(refusal(Key::Registration, &"x".repeat(100_000)).len() < 200);
}

#[test]
fn numbers_are_checked_at_the_edges() {
    for (text, is_good) in [
        ("0", false),
        ("1", true),
        ("32768", true),
        ("32769", false),
        ("-1", false),
        ("1.5", false),
        (" 1", false),
        ("", false),
        ("99999999999999999999", false),
    ] {
        assert_eq!(
            Key::MessageBytesMax.parse(text).is_ok(),
            is_good,
            "{text:?}"
        );
    }
}

#[test]
fn texts_are_checked_at_the_edges() {
    assert!(Key::SiteMessage.parse(&"ü".repeat(2000)).is_ok());
    assert_eq!(
        Key::SiteMessage.parse(&"ü".repeat(2001)),
        Err(ParseValueError::TooLong {
            key: "site_message",
            chars: 2001,
            chars_max: 2000
        })
    );
    for (url, is_good) in [
        ("", true),
        ("https://a.example/x?y", true),
        ("http://a", true),
        ("https://", false),
        ("https:///x", false),
        ("ftp://a", false),
        ("https://a b", false),
        ("//a", false),
    ] {
        assert_eq!(Key::PrivacyUrl.parse(url).is_ok(), is_good, "{url:?}");
    }
}

#[test]
fn a_secret_is_stored_but_never_shown() {
    let (key, definition) = (Key::SitePassword, Key::SitePassword.definition());
    let value = key.parse("open sesame").unwrap();
    assert_eq!(value.to_stored(definition), "open sesame");
    assert_eq!(value.to_shown(definition), "***");
    assert_eq!(format!("{value:?}"), "***");
    assert_eq!(Value::secret("").to_shown(definition), "");
    assert!(!refusal(key, &"sesame".repeat(50)).contains("sesame"));
}
