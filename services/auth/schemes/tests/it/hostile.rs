//! Rows that somebody else wrote: nothing panics, nothing matches by chance.

use im_auth_schemes::{Caps, PasswordRule, catalogue};
use proptest::prelude::*;

use crate::{Columns, Vector, is_match, secret, vectors, with_secrets};

/// Small, so that many rows can be tried.
const CAPS: Caps = Caps {
    rounds: 2000,
    phpass_log2: 8,
    bcrypt_cost: 4,
    memory_kib: 1024,
    memory_passes_kib: 4096,
};
/// What no row holds and no salt ends with.
const PASSWORD: &str = "\u{1}no row holds this";

/// A rule of every scheme that there is, and one for each.
fn rules() -> Vec<PasswordRule> {
    let mut names: Vec<String> = catalogue().iter().map(|one| one.id.to_string()).collect();
    names.push(names.join("|"));
    let wrapped = [
        "md5_sp@colon",
        "md5_sp@dollar",
        "md5_sp@blank",
        "md5_sp@pre9",
        "md5_sp@post32",
    ];
    names.extend(wrapped.map(str::to_owned));
    names.push("sha256_sp@braced|sha1@'SHA1:'|by enc_type {1: md5; *: never}".to_owned());
    let options = || im_auth_schemes::Options {
        caps: CAPS,
        ..with_secrets(&["0123456789abcdefghij", ""])
    };
    let parse = |text: &String| PasswordRule::parse(text, "raw|html_numeric", options()).unwrap();
    names.iter().map(parse).collect()
}

/// Pieces that parsers look for, and any bytes.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "$",
            ":",
            "*",
            "{",
            "}",
            "!",
            "a:1:{",
            "s:4:\"hash\";",
            "$2y$04$",
            "$argon2id$v=19$m=8,t=1,p=1$",
            "$P$",
            "$S$",
            "U$S$",
            "$1$",
            "$6$",
            "$5$rounds=1000$",
            "_",
            "{SSHA}",
            "{CRYPT}",
            ":B:",
            ":pbkdf2:sha512:",
            "pbkdf2_sha256$",
            "scrypt$16$",
            "$pbkdf2-sha256$",
            "99999999999999999999",
            "0",
            "-",
            "=",
            "#SHA1-S#",
            "#",
            "%",
            "1|",
            "M$",
            "$wp",
            "Wcf1:",
            "wcf1em1b1:",
            "3_32_1_8192",
            "md5>",
            "$23$5000$",
            "ä€",
            "  ",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        "[0-9a-f]{1,70}".prop_map(String::into_bytes),
        "[./0-9A-Za-z+=]{1,64}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..30),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn row() -> impl Strategy<Value = Columns> {
    let names = prop::sample::select(vec![
        "password",
        "salt",
        "login",
        "id",
        "stretch",
        "enc_type",
        "password_algorithm",
        "passwd_hash_algo",
        "user_pass_driver",
    ]);
    let value = prop_oneof![
        3 => bytes(),
        1 => prop::sample::select(vec!["1", "6", "bb$2y", "bb$P", "argon2$1$8$1$16", "scrypt$2$1$1$16", "pbkdf2$1$16",
            "$pbkdf2-sha256$i=1,l=16$"]).prop_map(|text| text.as_bytes().to_vec()),
    ];
    let name = names.prop_map(str::to_owned);
    (bytes(), prop::collection::btree_map(name, value, 0..6)).prop_map(|(stored, mut row)| {
        row.insert("password".to_owned(), stored);
        row
    })
}

/// Bytes of a real value taken out, put in, changed.
fn bent() -> impl Strategy<Value = (usize, Vec<(u8, usize, u8)>)> {
    let edit = (
        0_u8..3,
        any::<prop::sample::Index>().prop_map(|at| at.index(200)),
        any::<u8>(),
    );
    (0..vectors().len(), prop::collection::vec(edit, 0..4))
}

fn bend(vector: &Vector, edits: &[(u8, usize, u8)]) -> Columns {
    let mut stored = vector.stored.clone().into_bytes();
    for (kind, at, byte) in edits {
        let at = at % (stored.len() + 1);
        match kind {
            0 => stored.insert(at, *byte),
            1 => stored.truncate(at),
            _ if at < stored.len() => stored[at] = *byte,
            _ => {}
        }
    }
    vector.with_stored(&stored)
}

#[test]
fn arbitrary_rows_neither_panic_nor_match() {
    let rules = rules();
    proptest!(ProptestConfig::with_cases(1500), |(row in row())| {
        for rule in &rules {
            let verdict = rule.verify(&row, &secret(PASSWORD));
            prop_assert!(!is_match(verdict), "{verdict:?}");
            rule.recognise(&row);
        }
    });
}

#[test]
fn bent_values_neither_panic_nor_match() {
    let rules = rules();
    let vectors = vectors();
    proptest!(ProptestConfig::with_cases(3000), |((at, edits) in bent(), which in any::<prop::sample::Index>())| {
        let vector = &vectors[at];
        let row = bend(vector, &edits);
        for rule in [&vector.rule(CAPS), which.get(&rules)] {
            let verdict = rule.verify(&row, &secret(PASSWORD));
            prop_assert!(!is_match(verdict), "{verdict:?}");
            rule.recognise(&row);
        }
    });
}

#[test]
fn arbitrary_rules_do_not_panic() {
    proptest!(ProptestConfig::with_cases(3000), |(
        schemes in "(by|by-config|md5|crypt|[{}:;|@'()* ?a-z$]){0,12}",
        input in "[a-z_>|\\[\\]]{0,20}",
    )| {
        let _ = PasswordRule::parse(&schemes, &input, crate::options());
    });
}
