//! Looking people up and checking their passwords.

use im_auth_stores::{LdapStore, Lookup, Verified};
use im_types::Secret;

use crate::server::{MATCH, MISMATCH, Options, Slapd, found, person, sign_in};

fn people() -> String {
    let mut ldif = person(
        "alice",
        "Secret123",
        "mail: alice@example.org\ntitle: Chief\ntitle: Dr",
    );
    ldif += &person(
        "bob",
        "p\u{e4}ssw\u{f6}rd",
        "mail: shared@example.org\nuid: robert",
    );
    ldif += &person("carol", "Secret123", "mail: shared@example.org");
    ldif += &person("dan@example.org", "Secret123", "mail: dan@elsewhere.org");
    ldif += &person("erin", "Secret123", "mail: dan@example.org");
    ldif += &person("off", "Secret123", "employeeType: left");
    // The same uid in two branches.
    ldif += &person("twin", "Secret123", "");
    ldif += &person("twin", "Secret123", "").replace("ou=people", "ou=groups");
    // A login that is on the way from a name to an injection.
    ldif += &person("star*", "Secret123", "");
    ldif
}

async fn start() -> (Slapd, LdapStore) {
    let server = Slapd::start(&people(), Options::default()).await;
    let store = server.store("directory.active = '(!(employeeType=left))'");
    (server, store)
}

/// §4.9
#[tokio::test]
async fn one_entry_is_a_person_and_two_are_none() {
    let (_server, store) = start().await;
    let alice = found(store.find("ALICE").await);
    assert_eq!((alice.login.as_str(), alice.is_active), ("alice", true));
    assert_eq!(
        alice.external_id.as_str().len(),
        36,
        "{:?}",
        alice.external_id
    );
    assert_eq!(alice.attributes["email"], "alice@example.org");
    assert_eq!(alice.attributes["full_name"], "alice");
    assert!(!alice.attributes.contains_key("phone"));
    assert_eq!(found(store.find("alice@example.org").await), alice);
    // One of several names, and the one that was typed.
    assert_eq!(found(store.find("Robert").await).login, "robert");
    // A name with an @ in it goes before an address.
    assert_eq!(
        found(store.find("dan@example.org").await).login,
        "dan@example.org"
    );
    assert!(!found(store.find("off").await).is_active);
    for login in ["twin", "shared@example.org"] {
        assert_eq!(store.find(login).await, Lookup::Ambiguous, "{login}");
    }
}

/// §4.9
#[tokio::test]
async fn a_login_is_never_a_filter() {
    let (_server, store) = start().await;
    for login in [
        "*",
        "a*",
        "alice)(uid=*",
        "*)(|(uid=*",
        "alice\\2a",
        "\\61lice",
        "",
        "alice\0",
        "a\nb",
        "nobody",
        "nobody@example.org",
        "(objectClass=*)",
        "alice)",
        &"x".repeat(257),
    ] {
        assert_eq!(store.find(login).await, Lookup::Absent, "{login:?}");
    }
    assert_eq!(found(store.find("star*").await).login, "star*");
}

#[tokio::test]
async fn a_password_is_checked_by_signing_in() {
    let (_server, store) = start().await;
    assert_eq!(sign_in(&store, "alice", "Secret123").await, MATCH);
    assert_eq!(sign_in(&store, "alice", "secret123").await, MISMATCH);
    assert_eq!(sign_in(&store, "bob", "p\u{e4}ssw\u{f6}rd").await, MATCH);
    // Searching still goes on as the one who may.
    assert_eq!(found(store.find("carol").await).login, "carol");
    // Whoever is barred hears of it only with the right password.
    assert_eq!(
        sign_in(&store, "off", "Secret123").await,
        Verified::Disabled
    );
    assert_eq!(sign_in(&store, "off", "wrong").await, MISMATCH);
}

/// §4.9
#[tokio::test]
async fn an_empty_password_is_never_sent() {
    // This server says yes to it.
    let options = Options {
        global: "allow bind_anon_dn".to_owned(),
        ..Options::default()
    };
    let server = Slapd::start(&people(), options).await;
    let store = server.store("");
    assert_eq!(sign_in(&store, "alice", "").await, MISMATCH);
    assert_eq!(sign_in(&store, "alice", "\0").await, MISMATCH);
    assert_eq!(sign_in(&store, "alice", "Secret123\0").await, MISMATCH);
    // Nor is a password ever sent for nobody: a person out of a page has no name of an entry.
    let page = store.list(None, 1).await.unwrap();
    let answer = store.verify(&page.people[0], &Secret::from("")).await;
    assert_eq!(answer, MISMATCH);
    let answer = store
        .verify(&page.people[0], &Secret::from("Secret123"))
        .await;
    assert!(matches!(answer, Verified::Unavailable(_)), "{answer:?}");
}

#[tokio::test]
async fn somebody_who_has_gone_meanwhile_is_a_mismatch() {
    let (_server, store) = start().await;
    let other = Slapd::start("", Options::default()).await;
    let alice = found(store.find("alice").await);
    let answer = other
        .store("")
        .verify(&alice, &Secret::from("Secret123"))
        .await;
    assert_eq!(answer, MISMATCH);
}

#[tokio::test]
async fn nobody_takes_as_long_as_a_wrong_password() {
    // A password that takes the server long; none is right.
    let password = format!("{{CRYPT}}$6$rounds=200000$saltsalt${}", ".".repeat(86));
    let server = Slapd::start(&person("alice", &password, ""), Options::default()).await;
    let store = server.store("");
    assert_eq!(sign_in(&store, "alice", "wrong").await, MISMATCH);
    let (mut somebody, mut nobody) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        let begin = tokio::time::Instant::now();
        assert_eq!(sign_in(&store, "alice", "wrong").await, MISMATCH);
        somebody.push(begin.elapsed());
        let begin = tokio::time::Instant::now();
        assert_eq!(store.find("nobody").await, Lookup::Absent);
        store.burn().await;
        nobody.push(begin.elapsed());
    }
    somebody.sort_unstable();
    nobody.sort_unstable();
    let (somebody, nobody) = (somebody[3], nobody[3]);
    assert!(
        somebody.as_millis() >= 20,
        "{somebody:?} is too fast to tell"
    );
    assert!(
        nobody > somebody / 2 && nobody < somebody * 2,
        "{somebody:?} and {nobody:?}"
    );
}
