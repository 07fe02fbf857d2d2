//! The password policy of slapd.

use im_auth_stores::Verified;

use crate::server::{BASE, MATCH, MISMATCH, Options, Slapd, person, sign_in};

fn people() -> String {
    let policy = format!(
        "dn: cn=policy,{BASE}\nobjectClass: organizationalRole\nobjectClass: pwdPolicy\n\
         cn: policy\npwdAttribute: userPassword\npwdLockout: TRUE\npwdMaxFailure: 2\n\
         pwdMustChange: TRUE\npwdMaxAge: 86400\npwdGraceAuthNLimit: 0\n\n"
    );
    [
        policy,
        person("alice", "Secret123", "pwdChangedTime: 20990101000000Z"),
        person(
            "reset",
            "Secret123",
            "pwdReset: TRUE\npwdChangedTime: 20990101000000Z",
        ),
        person("old", "Secret123", "pwdChangedTime: 20010101000000Z"),
        person("locked", "Secret123", "pwdAccountLockedTime: 000001010000Z"),
    ]
    .concat()
}

#[tokio::test]
async fn its_words_are_understood() {
    let options = Options {
        modules: &["ppolicy"],
        database: format!(
            "overlay ppolicy\nppolicy_default \"cn=policy,{BASE}\"\nppolicy_use_lockout"
        ),
        ..Options::default()
    };
    let server = Slapd::start(&people(), options).await;
    let store = server.store("");
    let expired = Verified::Match {
        is_password_expired: true,
    };
    let locked = Verified::Mismatch { is_locked: true };
    assert_eq!(sign_in(&store, "alice", "Secret123").await, MATCH);
    assert_eq!(sign_in(&store, "reset", "Secret123").await, expired);
    assert_eq!(sign_in(&store, "reset", "wrong").await, MISMATCH);
    assert_eq!(sign_in(&store, "old", "Secret123").await, expired);
    assert_eq!(sign_in(&store, "old", "wrong").await, MISMATCH);
    assert_eq!(sign_in(&store, "locked", "Secret123").await, locked);
    // Two wrong passwords lock; then the right one is not looked at.
    for _ in 0..2 {
        assert_eq!(sign_in(&store, "alice", "wrong").await, MISMATCH);
    }
    assert_eq!(sign_in(&store, "alice", "Secret123").await, locked);
}
