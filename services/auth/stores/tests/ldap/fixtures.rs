//! Entries as slapd keeps them, and who may sign in by them: the LDAP stores of the same files that
//! `tests/real` plays.

use std::fmt::Write as _;

use im_auth_stores::{Lookup, Verified};
use im_types::Secret;
use serde_json::Value;

use crate::server::{BASE, Options, SEARCHER, Slapd, has_module};

const OURS: &str = include_str!("../data/stores.jsonl");

#[expect(
    clippy::disallowed_methods,
    reason = "the test command speaks through the environment"
)]
fn further_files() -> Vec<String> {
    let paths = std::env::var("IM_STORE_FIXTURES").unwrap_or_default();
    let paths = paths.split(':').filter(|path| !path.is_empty());
    paths
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

#[tokio::test]
async fn every_case_of_every_directory_comes_out() {
    let (mut played, mut faults, mut skipped) = (0, Vec::new(), Vec::new());
    let texts = [vec![OURS.to_owned()], further_files()].concat();
    for line in texts
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| !line.is_empty())
    {
        let store: Value = serde_json::from_str(line).unwrap();
        if store["db"] != "ldap" {
            continue;
        }
        assert_eq!(store["base_dn"], BASE);
        let server = start(&store).await;
        let own = format!(
            "directory.people = '{}'",
            store["user_filter"]
                .as_str()
                .unwrap()
                .replace("(uid=%s)", "")
        );
        let directory = server.store(&own);
        for case in store["cases"].as_array().unwrap() {
            let text = |key: &str| case[key].as_str().unwrap();
            if !is_known(&store, text("login")) {
                skipped.push(text("login").to_owned());
                continue;
            }
            played += 1;
            let outcome = match directory.find(text("login")).await {
                Lookup::Found(person) => {
                    match directory
                        .verify(&person, &Secret::from(text("password")))
                        .await
                    {
                        Verified::Match { .. } => "ok",
                        Verified::Mismatch { .. } => "wrong_password",
                        Verified::Disabled => "disabled",
                        Verified::Unavailable(class) => panic!("{case}: {class}"),
                    }
                }
                Lookup::Absent => "unknown_user",
                Lookup::Ambiguous => "ambiguous",
                Lookup::Unavailable(class) => panic!("{case}: {class}"),
            };
            if outcome != text("expect") {
                faults.push(format!("{case}: {outcome}"));
            }
        }
    }
    println!(
        "{played} cases, {} wrong; the server lacks modules for {skipped:?}",
        faults.len()
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(played >= 18, "only {played} cases");
}

/// Whether this server can compute the password: some schemes are modules of another package.
fn is_known(store: &Value, login: &str) -> bool {
    let rows = store["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["uid"] == *login);
    let password = row
        .and_then(|row| row["userPassword"].as_str())
        .unwrap_or_default();
    let needs = [
        ("{PBKDF2", "pw-pbkdf2"),
        ("{SSHA256}", "pw-sha2"),
        ("{SSHA512}", "pw-sha2"),
        ("{SHA512}", "pw-sha2"),
        ("{ARGON2}", "argon2"),
    ];
    needs
        .iter()
        .all(|(head, module)| !password.starts_with(head) || has_module(module))
}

async fn start(store: &Value) -> Slapd {
    let mut ldif = String::new();
    for row in store["rows"].as_array().unwrap() {
        let row = row.as_object().unwrap();
        writeln!(ldif, "dn: {}", row["dn"].as_str().unwrap()).unwrap();
        for (name, value) in row.iter().filter(|(name, _)| *name != "dn") {
            let one = |value: &Value| value.as_str().unwrap().to_owned();
            let values = match value {
                Value::Array(list) => list.iter().map(one).collect(),
                other => vec![one(other)],
            };
            for value in values {
                writeln!(ldif, "{name}: {value}").unwrap();
            }
        }
        ldif.push('\n');
    }
    writeln!(
        ldif,
        "dn: {SEARCHER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n\
         cn: search\nuserPassword: Search-1"
    )
    .unwrap();
    let modules = &["pw-sha2", "pw-pbkdf2", "argon2"];
    let options = Options {
        modules,
        has_own_tree: true,
        ..Options::default()
    };
    Slapd::start(&ldif, options).await
}
