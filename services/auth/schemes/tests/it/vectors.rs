//! Values computed by the applications themselves and by other libraries.

use std::collections::BTreeSet;

use im_auth_schemes::{Caps, Recognised, Work, catalogue};

use crate::{Vector, is_match, secret, vectors};

/// Schemes that match nothing.
const NOTHING_MATCHES: [&str; 4] = ["ldap_bind", "mysql_encode", "never", "ss_legacy36"];

#[test]
fn every_vector_verifies() {
    let vectors = vectors();
    assert!(vectors.len() > 400);
    let mut faults = Vec::new();
    for vector in &vectors {
        let rule = vector.rule(Caps::default());
        let verdict = rule.verify(&vector.columns, &secret(vector.password.as_str()));
        if !is_match(verdict) {
            faults.push(format!("{} {}: {verdict:?}", vector.scheme, vector.stored));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_scheme_has_a_vector() {
    let covered: BTreeSet<String> = vectors().into_iter().map(|v| v.scheme).collect();
    for info in catalogue() {
        let name = info.id.as_str();
        let has_vector = covered.contains(name);
        assert_ne!(has_vector, NOTHING_MATCHES.contains(&name), "{name}");
    }
}

/// One byte different, and not only in case.
fn changed(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out[at] = match out[at] {
        b'9' => b'1',
        b'z' => b'b',
        b'Z' => b'B',
        b'f' => b'a',
        b'F' => b'A',
        byte if byte.is_ascii_alphanumeric() => byte + 1,
        byte => byte ^ 1,
    };
    out
}

#[test]
fn no_vector_verifies_with_another_password() {
    for vector in quick_vectors() {
        let rule = vector.rule(Caps::default());
        // DES reads the first eight bytes only; what takes long is tried once.
        let at = if is_cheap(&vector) { 0..8 } else { 4..5 };
        for at in at {
            let typed = changed(vector.password.as_bytes(), at);
            let verdict = rule.verify(&vector.columns, &secret(typed));
            assert!(!is_match(verdict), "{} {}", vector.scheme, vector.stored);
        }
    }
}

/// The places of a stored value that are changed: all where a check costs nothing.
fn places(vector: &Vector) -> Vec<usize> {
    let stored = vector.stored.as_bytes();
    let last = stored.iter().rposition(u8::is_ascii_alphanumeric).unwrap();
    if is_cheap(vector) {
        (0..stored.len()).collect()
    } else {
        vec![last]
    }
}

/// Of what takes long, only one password.
fn quick_vectors() -> impl Iterator<Item = Vector> {
    let all = vectors().into_iter();
    all.filter(|vector| vector.password.is_ascii() || is_cheap(vector))
}

fn is_cheap(vector: &Vector) -> bool {
    let seen = vector.rule(Caps::default()).recognise(&vector.columns);
    matches!(
        seen,
        Recognised::Known {
            work: Work::Digests { rounds: 0..10 },
            ..
        }
    )
}

/// What has no effect in the application either: the rounds of `icms_v2`; the name of the entry
/// `hashFunc`, without which the length says the same; the salt before a `DAViCal` value that
/// contains its own; types A and B of `mediawiki`, which are one formula; bytes of memory of `magento2`, which count in KiB.
fn is_idle(vector: &Vector, at: usize) -> bool {
    let idle = match vector.scheme.as_str() {
        "icms_v2" => 4..8,
        "xenforo_data" => vector
            .stored
            .find("hashFunc")
            .map_or(0..0, |start| start..start + 8),
        "magento2" => vector
            .stored
            .rfind('_')
            .map_or(0..0, |start| start..vector.stored.len()),
        "mediawiki" => 1..2,
        "davical" => 1..vector.stored.find("*{").unwrap_or(1),
        _ => 0..0,
    };
    idle.contains(&at)
}

#[test]
fn no_changed_value_verifies() {
    for vector in quick_vectors() {
        let rule = vector.rule(Caps::default());
        let stored = vector.stored.as_bytes();
        for at in places(&vector) {
            if is_idle(&vector, at) {
                continue;
            }
            let row = vector.with_stored(&changed(stored, at));
            let verdict = rule.verify(&row, &secret(vector.password.as_str()));
            assert!(
                !is_match(verdict),
                "{} {} at {at}",
                vector.scheme,
                vector.stored
            );
        }
    }
}

#[test]
fn a_changed_salt_login_id_or_secret_does_not_verify() {
    let mut count = 0;
    for vector in vectors() {
        let needs = vector.rule(Caps::default());
        for column in needs
            .columns()
            .iter()
            .filter(|column| column.name != "password")
        {
            let value = vector.columns.get(&column.name);
            let Some(value) = value.filter(|value| !value.is_empty()) else {
                continue;
            };
            let mut row = vector.columns.clone();
            // The last character of a salt of bcrypt has bits to spare.
            row.insert(
                column.name.clone(),
                changed(value, value.len().saturating_sub(2)),
            );
            let verdict = needs.verify(&row, &secret(vector.password.as_str()));
            assert!(!is_match(verdict), "{} {}", vector.scheme, column.name);
            count += 1;
        }
        if let Some(known) = &vector.secret {
            let other = Vector {
                secret: Some(format!("x{known}")),
                ..vector
            };
            let verdict = other
                .rule(Caps::default())
                .verify(&other.columns, &secret(other.password.as_str()));
            // The oldest form of Mahara does not contain it.
            let is_without = other.scheme == "mahara_crypt" && other.stored.len() == 40;
            assert_eq!(is_match(verdict), is_without, "{}", other.scheme);
            count += 1;
        }
    }
    assert!(count > 120, "only {count} changes");
}
