//! The rules of all applications that presets exist for.

use im_auth_schemes::{Charset, Options, PasswordRule, RuleError};

use crate::{options, rule};

struct Line<'a> {
    id: &'a str,
    password: &'a str,
    salt: &'a str,
    schemes: &'a str,
    input: &'a str,
}

fn lines() -> Vec<Line<'static>> {
    let parse = |line: &'static str| {
        let [id, password, salt, schemes, input] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        Line {
            id,
            password,
            salt,
            schemes,
            input,
        }
    };
    include_str!("../rules.tsv")
        .lines()
        .skip(1)
        .map(parse)
        .collect()
}

fn options_of(line: &Line<'_>) -> Options {
    let password = line.password.split(',').next().unwrap();
    Options {
        password: password.to_owned(),
        salt: (!line.salt.is_empty()).then(|| line.salt.to_owned()),
        ..Options::default()
    }
}

#[test]
fn every_rule_parses() {
    let lines = lines();
    assert!(lines.len() >= 244);
    for line in &lines {
        let parsed = PasswordRule::parse(line.schemes, line.input, options_of(line));
        if line.id == "roundcube" {
            assert_eq!(
                parsed.unwrap_err(),
                RuleError::Empty,
                "it keeps no passwords"
            );
            continue;
        }
        let rule = parsed.unwrap_or_else(|e| panic!("{}: {e}", line.id));
        assert!(!rule.columns().is_empty(), "{}", line.id);
        let charset = Some(Charset::parse("latin1").unwrap());
        let options = Options {
            charset,
            ..options_of(line)
        };
        PasswordRule::parse(line.schemes, line.input, options).unwrap();
    }
}

/// Columns as `name` or `name?`.
fn columns(id: &str) -> Vec<String> {
    let lines = lines();
    let line = lines.iter().find(|line| line.id == id).unwrap();
    let rule = PasswordRule::parse(line.schemes, line.input, options_of(line)).unwrap();
    let mark = |is_optional| if is_optional { "?" } else { "" };
    rule.columns()
        .iter()
        .map(|column| format!("{}{}", column.name, mark(column.is_optional)))
        .collect()
}

#[test]
fn columns_are_those_that_the_schemes_read() {
    assert_eq!(columns("wordpress"), ["user_pass"]);
    assert_eq!(
        columns("chamilo"),
        ["password"],
        "the salt is there and in no formula"
    );
    assert_eq!(columns("elgg2"), ["password_hash", "password", "salt"]);
    assert_eq!(
        columns("question2answer"),
        ["passhash", "passcheck", "passsalt"]
    );
    assert_eq!(columns("fluxbb"), ["password", "salt?"]);
    assert_eq!(
        columns("b2evolution"),
        ["user_pass_driver", "user_pass", "user_salt"]
    );
    assert_eq!(
        columns("geeklog"),
        ["algorithm", "passwd", "salt", "stretch?"]
    );
    assert_eq!(columns("impresscms"), ["pass", "enc_type", "salt"]);
    assert_eq!(columns("smf21"), ["passwd", "login"]);
    assert_eq!(columns("modx"), ["password", "id"]);
    assert_eq!(columns("gitea"), ["passwd", "salt", "passwd_hash_algo?"]);
    assert_eq!(columns("humhub"), ["p.algorithm", "p.password"]);
}

#[test]
fn a_rule_says_what_it_needs_besides() {
    assert!(rule("md5|md5_kp").needs_secret());
    assert!(!rule("md5|md5_sp").needs_secret());
    let by_setting = rule("by-config MODE {4: md5; *: by-config MODE {1: sha1; *: never}}");
    assert_eq!(by_setting.settings(), ["MODE"]);
    let no_salt = PasswordRule::parse("md5_sp", "", Options::default());
    assert_eq!(no_salt.unwrap_err(), RuleError::NoSalt("md5_sp"));
    PasswordRule::parse("md5_sp@colon", "", Options::default()).unwrap();
    let no_step = PasswordRule::parse("md5", "trim>nix", options()).unwrap_err();
    assert_eq!(
        no_step.to_string(),
        "`nix` is not the name of an input step; docs/hash-schemes.md lists them"
    );
}
