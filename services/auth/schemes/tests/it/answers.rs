//! Which answer a row gets.

use im_auth_schemes::{
    Caps, Options, PasswordRule, Recognised, Strength, Unsupported, Verdict, Work,
};

use crate::{Columns, id, is_match, matched, options, row, rule, secret, with_secrets};

const PASSWORD: &str = "Secret123";
const MD5: &str = "5c90b96a75d4f9d5a1cfaa6f532afdc8";
const PHPASS: &str = "$P$Bv6yOBLnn9TMDhMPaszvM1zKTyv68N0";
const BCRYPT: &str = "$2y$05$hzJOBNCBgs7.Yy7m8heQyOtuvSy0JI3NvrAhHm6Qkr5HI/mW9SuC6";

fn stored(value: &str) -> Columns {
    row(&[("password", value)])
}

fn verify(schemes: &str, value: &str, password: &str) -> Verdict {
    rule(schemes).verify(&stored(value), &secret(password))
}

#[test]
fn no_password_is_no_password() {
    let all = "php_password|phpass|django|davical|mysql41|wcf_named|md5|plain";
    let markers = [
        "",
        " ",
        "!",
        "*",
        "!!",
        "*0",
        "*1",
        "*LK*",
        "invalid:",
        "Invalid:x",
        "\0\0",
    ];
    for marker in markers {
        for password in [PASSWORD, marker, "x"] {
            let verdict = verify(all, marker, password);
            assert_eq!(verdict, Verdict::NoPassword, "{marker:?} {password:?}");
        }
        assert_eq!(rule(all).recognise(&stored(marker)), Recognised::NoPassword);
    }
    assert_eq!(
        rule(all).verify(&row(&[]), &secret(PASSWORD)),
        Verdict::NoPassword
    );
    assert_eq!(verify("django", "!aB3dE5", "aB3dE5"), Verdict::NoPassword);
    assert_eq!(verify("wcf_named", "Invalid::", "x"), Verdict::NoPassword);
    assert_eq!(verify("davical", "**", "x"), Verdict::NoPassword);
    assert_eq!(verify("xenforo_data", "a:0:{}", "x"), Verdict::NoPassword);
    assert_eq!(verify("rfc2307", "{PLAIN}", "x"), Verdict::NoPassword);
    let star = row(&[
        ("password", "69b419eacf8efe8a00ee27fd1aaa91fe68602c64"),
        ("salt", "*"),
    ]);
    assert_eq!(
        rule("mahara_crypt").verify(&star, &secret(PASSWORD)),
        Verdict::NoPassword
    );
}

#[test]
fn some_texts_are_no_passwords() {
    let sha1_of_nothing = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    assert_eq!(verify("sha1|plain", sha1_of_nothing, ""), Verdict::Mismatch);
    assert_eq!(verify("plain", "a\0b", "a\0b"), Verdict::Mismatch);
    assert_eq!(verify("bcrypt", BCRYPT, "Secret123\0x"), Verdict::Mismatch);
    assert_eq!(verify("plain", "x", &"x".repeat(4097)), Verdict::Mismatch);
    assert!(is_match(verify(
        "plain",
        &"x".repeat(4096),
        &"x".repeat(4096)
    )));
}

#[test]
fn clear_text_is_never_a_hash() {
    assert_eq!(verify("plain|md5", MD5, MD5), Verdict::Mismatch);
    assert_eq!(
        verify("plain|md5", MD5, PASSWORD),
        matched("md5", Strength::Broken)
    );
    assert_eq!(
        verify("md5|plain", "sesame", "sesame"),
        matched("plain", Strength::Broken)
    );
    assert_eq!(
        verify("md5|plain", "sesame  ", "sesame"),
        matched("plain", Strength::Broken)
    );
    let hashes = [
        PHPASS,
        BCRYPT,
        "{SSHA}F+90l+u1rDJ/G9swF9V2AAT6HhuQhK5F",
        "!$1$saltsalt$Fyu1R/jDOOkg6nUr/VI0i0",
        // Cut off, mangled, unknown.
        "$P$Bv6yOBLnn9TMDhMPaszvM1zKTy",
        "$S$D93e7slU3b6a0WV/zKVZMTQ2adLq6u0jxKhZ",
        "$2y$05$hzJOBNCBgs7.Yy7m8heQyOtuvSy0JI3NvrAhHm6",
        "$argon2id$v=19$m=1024,t=2,p=1$VjB6",
        "$y$j9T$salt$digest",
        "{SSHA}not base64",
        "{PBKDF2-SHA256}1000",
        "{X-NEW}abc",
    ];
    for hash in hashes {
        let verdict = verify("plain", hash, hash);
        assert!(
            matches!(verdict, Verdict::Unsupported { .. }),
            "{hash}: {verdict:?}"
        );
    }
    // Another scheme has the form, and only the secret is missing.
    let hash = "6aeceba941605d0cdcb5a19d439779d5ddb35cc6";
    assert!(!is_match(verify("plain|sha1_kp", hash, hash)));
    for clear in ["!open", "$ecret$1", "{open", "a:hello", "#1%"] {
        let verdict = verify("plain", clear, clear);
        assert_eq!(verdict, matched("plain", Strength::Broken), "{clear}");
    }
}

#[test]
fn the_list_is_chosen_by_another_column() {
    let rule = rule("by algo {MD5: md5; plain: plain; : phpass; 7: md5|phpass; none: never}");
    let verify = |algo: &str, value: &str| {
        rule.verify(
            &row(&[("algo", algo), ("password", value)]),
            &secret(PASSWORD),
        )
    };
    assert_eq!(verify("md5", MD5), matched("md5", Strength::Broken));
    assert_eq!(verify("MD5  ", MD5), matched("md5", Strength::Broken));
    assert_eq!(verify("", PHPASS), matched("phpass", Strength::Weak));
    assert_eq!(
        rule.verify(&stored(PHPASS), &secret(PASSWORD)),
        matched("phpass", Strength::Weak)
    );
    assert_eq!(verify("7", PHPASS), matched("phpass", Strength::Weak));
    assert_eq!(verify("plain", MD5), Verdict::Mismatch);
    let reason = Unsupported::UnknownForm;
    assert_eq!(verify("8", MD5), Verdict::Unsupported { reason });
    assert!(matches!(
        verify("none", MD5),
        Verdict::Unsupported {
            reason: Unsupported::Refused { .. }
        }
    ));
}

#[test]
fn a_setting_chooses_too() {
    let text = "by-config MODE {4: md5; *: phpass}";
    let with = |mode: Option<&str>| {
        let mut options = options();
        let values = mode.map(|mode| ("MODE".to_owned(), vec![secret(mode)]));
        options.secrets.extend(values);
        PasswordRule::parse(text, "", options).unwrap()
    };
    let verify = |mode, value: &str| with(mode).verify(&stored(value), &secret(PASSWORD));
    assert_eq!(verify(Some("4"), MD5), matched("md5", Strength::Broken));
    assert_eq!(verify(Some("5"), PHPASS), matched("phpass", Strength::Weak));
    assert_eq!(verify(None, PHPASS), matched("phpass", Strength::Weak));
}

#[test]
fn without_the_secret_nobody_can_tell() {
    let hash = "6aeceba941605d0cdcb5a19d439779d5ddb35cc6";
    let reason = Unsupported::NeedsSecret {
        scheme: id("sha1_kp"),
    };
    assert_eq!(
        verify("sha1_kp", hash, PASSWORD),
        Verdict::Unsupported { reason }
    );
    assert_eq!(
        rule("sha1_kp").recognise(&stored(hash)),
        Recognised::Unsupported(reason)
    );
    assert_eq!(verify("sha1_kp|sha1", hash, PASSWORD), Verdict::Mismatch);
    let tries = |values: &[&str]| {
        let rule = PasswordRule::parse("sha1_kp", "", with_secrets(values)).unwrap();
        rule.verify(&stored(hash), &secret(PASSWORD))
    };
    assert_eq!(
        tries(&["old", "s1te-Key", "older"]),
        matched("sha1_kp", Strength::Weak)
    );
    assert_eq!(tries(&[""]), Verdict::Mismatch);
    let many = vec!["x"; 33];
    assert!(PasswordRule::parse("sha1_kp", "", with_secrets(&many)).is_err());
}

#[test]
fn values_from_before_there_was_a_secret_are_tried_without() {
    // mahara_crypt of the site secret "k" and of none.
    let salted = |stored: &str| row(&[("password", stored), ("salt", "a1b2c3d4")]);
    let with_k = salted("$2a$06$jwlb5o5XWnC1hD.1xmd1yK36i4tWVSS");
    let without = salted("$2a$06$QjTAq03fAAPMbuVQXYqs/bjtmSfvmRi");
    for (secrets, row) in [
        (&["k"][..], &with_k),
        (&[], &without),
        (&["later"], &without),
    ] {
        let rule = PasswordRule::parse("mahara_crypt", "", with_secrets(secrets)).unwrap();
        assert!(is_match(rule.verify(row, &secret(PASSWORD))), "{secrets:?}");
    }
    assert!(!is_match(
        rule("mahara_crypt").verify(&with_k, &secret(PASSWORD))
    ));
}

/// §4.4
///
/// These would run for minutes or take all memory; the test would not end.
#[test]
fn what_costs_too_much_is_not_computed() {
    let bcrypt = BCRYPT.replace("$05$", "$31$");
    let phpass = PHPASS.replace("$P$B", "$P$S");
    let cases = [
        ("bcrypt", bcrypt.as_str()),
        ("phpass", &phpass),
        (
            "php_password",
            "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        (
            "php_password",
            "$argon2id$v=19$m=65536,t=4000000,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        (
            "crypt",
            "$6$rounds=999999999$salt$x6afkO8ecK74b082sdAKNkYPMVAqfIBEiQCS/ALjbaLzh4S6vET5ERUMjZHR9KfTVSG9b13nwxoni0sZcJ5tH1",
        ),
        ("crypt", "_zzzzrasmuphisZ4S3No"),
        (
            "pbkdf2_passlib",
            "$pbkdf2-sha256$4000000000$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        (
            "django",
            "scrypt$16777216$salt$8$1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        ),
        (
            "magento2",
            "f03dc5ac00de8ce83aec3bd61f2e50675c610db0b5237ee2d0802c787a019d13:SaltSaltSalt1234:3_32_2_4294967296",
        ),
    ];
    for (scheme, value) in cases {
        let verdict = verify(scheme, value, PASSWORD);
        assert!(
            matches!(verdict, Verdict::TooCostly { .. }),
            "{value}: {verdict:?}"
        );
        let seen = rule(scheme).recognise(&stored(value));
        let is_told = matches!(
            seen,
            Recognised::Known {
                is_too_costly: true,
                ..
            }
        );
        assert!(is_told, "{value}: {seen:?}");
    }
    let stretched = row(&[("password", MD5), ("salt", "s"), ("stretch", "99999999999")]);
    let verdict = rule("stretch_md5").verify(&stretched, &secret(PASSWORD));
    assert!(matches!(verdict, Verdict::TooCostly { .. }));
}

#[test]
fn caps_count_the_length_of_the_password_where_it_is_hashed_each_time() {
    let caps = Caps {
        phpass_log2: 13,
        ..Caps::default()
    };
    let rule = PasswordRule::parse("phpass", "", Options { caps, ..options() }).unwrap();
    assert!(is_match(rule.verify(&stored(PHPASS), &secret(PASSWORD))));
    let long = rule.verify(&stored(PHPASS), &secret("x".repeat(64)));
    let work = Work::Phpass { log2: 13 };
    assert_eq!(
        long,
        Verdict::TooCostly {
            scheme: id("phpass"),
            work
        }
    );
}

#[test]
fn bcrypt_reads_72_bytes_as_the_applications_do() {
    // bcrypt of 72 times "a" with cost 4, by another library.
    let seventy_two = "a".repeat(72);
    let value = "$2b$04$abcdefghijklmnopqrstuu";
    let known = rule("bcrypt").recognise(&stored(&format!("{value}{}", "a".repeat(31))));
    assert!(matches!(
        known,
        Recognised::Known {
            strength: Strength::Ok,
            work: Work::Bcrypt { cost: 4 },
            ..
        }
    ));
    let cost_6 = "$2y$06$iyWA8CQbDx9XHycoDHZUxe/eM2DxpfTvlXB5Pzf5WR9ZKjPAMLUVy";
    assert!(
        is_match(verify("bcrypt", cost_6, MD5)),
        "what crypt_md5p hashes"
    );
    assert!(!is_match(verify("bcrypt", cost_6, &seventy_two)));
    assert!(matches!(
        verify("bcrypt", &BCRYPT.replace("$2y$", "$2x$"), PASSWORD),
        Verdict::Unsupported { .. }
    ));
}

#[test]
fn a_long_login_cannot_fill_what_bcrypt_reads() {
    let value = "$2y$06$FkNmdUZ5UlYiawSJ.npI5ufSM6tb5pta.zwpJwGsBaEZ99ggvXQxG";
    let verify = |login: &str| {
        let row = row(&[("password", value), ("login", login)]);
        rule("bcrypt_lu_p").verify(&row, &secret(PASSWORD))
    };
    assert_eq!(verify("Alice"), matched("bcrypt_lu_p", Strength::Ok));
    for login in ["a".repeat(72), "a".repeat(65), "Alice\0".to_owned()] {
        let verdict = verify(&login);
        assert!(
            matches!(verdict, Verdict::Unsupported { .. }),
            "{verdict:?}"
        );
    }
    assert_eq!(verify(&"a".repeat(64)), Verdict::Mismatch);
}

#[test]
fn padding_of_char_columns_does_not_count() {
    let padded = format!("{MD5}        ");
    assert_eq!(
        verify("md5", &padded, PASSWORD),
        matched("md5", Strength::Broken)
    );
    assert_eq!(
        verify("md5", &MD5.to_uppercase(), PASSWORD),
        matched("md5", Strength::Broken)
    );
    assert!(is_match(verify(
        "bcrypt",
        &format!("{BCRYPT}\0\0"),
        PASSWORD
    )));
    let raw = [
        0x2f, 0xd0, 0xf0, 0x40, 0x4b, 0x4e, 0xa5, 0x7b, 0xb8, 0x2f, 0x16, 0x48, 0x35, 0x53, 0xdb,
        0xdd, 0xfa, 0x88, 0x08, 0xb0,
    ];
    let mut row = row(&[("salt", "Ab12Cd34Ef56Gh78")]);
    row.insert("password".to_owned(), raw.to_vec());
    let verdict = rule("sha1_split8").verify(&row, &secret(PASSWORD));
    assert_eq!(verdict, matched("sha1_split8", Strength::Weak));
}

#[test]
fn people_who_do_not_exist_cost_what_people_cost() {
    let rule = rule("phpass|md5");
    let phpass = (Work::Phpass { log2: 13 }, 1);
    assert_eq!(rule.usual_work(), phpass, "the strongest of the list");
    for _ in 0..3 {
        rule.verify(&stored(MD5), &secret("wrong"));
    }
    let digests = (Work::Digests { rounds: 1 }, 1);
    assert_eq!(rule.usual_work(), digests, "what was met most often");
    for _ in 0..4 {
        rule.verify(&stored(PHPASS), &secret("wrong"));
    }
    assert_eq!(rule.usual_work(), phpass);
    rule.burn(&secret("anything"));
    rule.burn(&secret(""));
}

#[test]
fn nothing_of_a_secret_is_printed() {
    let rule = PasswordRule::parse("md5_kp", "", with_secrets(&["s1te-Key"])).unwrap();
    let shown = format!("{rule:?}");
    assert!(
        !shown.contains("s1te") && !shown.contains("115, 49"),
        "{shown}"
    );
}
