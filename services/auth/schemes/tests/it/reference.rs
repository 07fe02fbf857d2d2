//! docs/hash-schemes.md is what the registry says.

use std::collections::BTreeSet;

use im_auth_schemes::{catalogue, reference};

#[test]
fn the_document_is_current() {
    let document = include_str!("../../../../../docs/hash-schemes.md");
    assert!(
        document == reference(),
        "run: cargo run -p im-auth-schemes --example scheme_reference > docs/hash-schemes.md"
    );
}

#[test]
fn names_are_unique_and_everything_is_described() {
    let mut names = BTreeSet::new();
    for info in catalogue() {
        assert!(names.insert(info.id), "{} twice", info.id);
        assert!(!info.formula.is_empty() && !info.form.is_empty() && !info.strength.is_empty());
    }
    assert!(names.len() >= 102, "{}", names.len());
}

#[test]
fn formulas_read_as_they_are_computed() {
    let formula = |name: &str| {
        let known = catalogue();
        known
            .into_iter()
            .find(|info| info.id.as_str() == name)
            .unwrap()
            .formula
    };
    assert_eq!(formula("md5_md5s_md5p"), "md5(hex md5(s) . hex md5(p))");
    assert_eq!(formula("hmac_md5_lu"), "HMAC-md5(lower(u), p)");
    assert_eq!(formula("mysql41"), "\"*\" . sha1(raw sha1(p))");
    assert_eq!(
        formula("sha1_split8"),
        "sha1(first 8 bytes of s . p . rest of s)"
    );
    assert_eq!(formula("md5_u_nl_p"), "md5(u . \"\\n\" . p)");
    assert_eq!(formula("sha1_b64"), "base64 of sha1(p)");
}
