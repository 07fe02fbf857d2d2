//! Encryption: what is checked, and that nothing is said before.

use im_auth_stores::{Class, LdapConfig, LdapStore, Lookup, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::server::{MATCH, Options, Slapd, config, file, found, person, sign_in};
use crate::talk;

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server with a certificate for this name by the first authority; a store's CA files: that
/// authority and another one.
struct Encrypted {
    server: Slapd,
    ours: Tls,
    other: Tls,
    _directory: TempDir,
}

async fn start(name: &str) -> Encrypted {
    let directory = TempDir::new().unwrap();
    let (ours, other) = (authority(), authority());
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &ours).unwrap();
    let certificate = file(&directory, "server.pem", &certificate.pem());
    let key = file(&directory, "server.key", &key.serialize_pem());
    let ours = file(&directory, "ours.pem", &ours.pem());
    let other = file(&directory, "other.pem", &other.pem());
    let options = Options {
        global: format!(
            "TLSCertificateFile {}\nTLSCertificateKeyFile {}\nsecurity simple_bind=128",
            certificate.display(),
            key.display()
        ),
        has_tls: true,
        ..Options::default()
    };
    let server = Slapd::start(&person("alice", "Secret123", ""), options).await;
    let (ours, other) = (Tls::VerifyWith(ours), Tls::VerifyWith(other));
    Encrypted {
        server,
        ours,
        other,
        _directory: directory,
    }
}

fn store(url: String, tls: Tls) -> LdapStore {
    LdapStore::open(&LdapConfig {
        tls,
        ..config(vec![url], "")
    })
    .unwrap()
}

/// §4.9
#[tokio::test]
async fn a_right_certificate_is_taken_and_others_are_not() {
    let it = start("127.0.0.1").await;
    let starts = it.server.url();
    let encrypted = format!("ldaps://127.0.0.1:{}", it.server.tls_port);
    for url in [starts, encrypted] {
        let store_with = |tls: &Tls| store(url.clone(), tls.clone());
        assert_eq!(
            sign_in(&store_with(&it.ours), "alice", "Secret123").await,
            MATCH,
            "{url}"
        );
        // Neither by another authority, nor by those of the system, nor by a file that is none.
        for tls in [
            &it.other,
            &Tls::Verify,
            &Tls::VerifyWith("missing.pem".into()),
        ] {
            let answer = store_with(tls).find("alice").await;
            assert_eq!(answer, Lookup::Unavailable(Class::Tls), "{url} {tls:?}");
        }
    }
}

#[tokio::test]
async fn a_certificate_of_another_host_is_not_taken() {
    let it = start("ldap.example.org").await;
    for url in [
        it.server.url(),
        format!("ldaps://127.0.0.1:{}", it.server.tls_port),
    ] {
        let answer = store(url.clone(), it.ours.clone()).find("alice").await;
        assert_eq!(answer, Lookup::Unavailable(Class::Tls), "{url}");
    }
}

/// §4.9
#[tokio::test]
async fn a_password_is_not_said_in_the_clear() {
    // A server that cannot encrypt: StartTLS is an extended request, 0x77, and it says no.
    let (url, _tasks) = talk::serve(|tag, _| match tag {
        0x77 => vec![talk::result(0x78, 2, "unsupported")],
        other => panic!("{other:#x} before encryption"),
    })
    .await;
    let answer = store(url, Tls::Verify).find("alice").await;
    assert_eq!(answer, Lookup::Unavailable(Class::Tls));
    // A server that demands it is not taken for one that refuses the account.
    let it = start("127.0.0.1").await;
    let answer = store(it.server.url(), Tls::Off).find("alice").await;
    assert_eq!(answer, Lookup::Unavailable(Class::Tls));
    assert_eq!(
        found(store(it.server.url(), it.ours).find("alice").await).login,
        "alice"
    );
}
