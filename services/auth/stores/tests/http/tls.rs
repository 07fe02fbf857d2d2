//! Certificates.

use std::path::Path;
use std::sync::Arc;

use im_auth_stores::{Answered, Class, Limits, Tls};
use im_types::Secret;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use crate::server::{Call, serve, store};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn acceptor(name: &str, authority: &CertifiedIssuer<'static, KeyPair>) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn trusting(directory: &Path, name: &str, authority: &CertifiedIssuer<'static, KeyPair>) -> Tls {
    let path = directory.join(name);
    std::fs::write(&path, authority.pem()).unwrap();
    Tls::VerifyWith(path)
}

#[tokio::test]
async fn a_right_certificate_is_taken_and_others_are_not() {
    let directory = TempDir::new().unwrap();
    let (ours, other) = (authority(), authority());
    let right = trusting(directory.path(), "ours.pem", &ours);
    let wrong = trusting(directory.path(), "other.pem", &other);
    let absent = |call: &Call| call.answer(r#"{"result":"absent"}"#);
    let (url, _one) = serve(Some(acceptor("127.0.0.1", &ours)), absent).await;
    let verify = async |url: &str, tls: &Tls| {
        let store = store(url.to_owned(), tls.clone(), Limits::default());
        store.verify("anna", &Secret::from("Secret123")).await
    };
    assert_eq!(verify(&url, &right).await, Answered::Absent);
    let refused = Answered::Unavailable(Class::Tls);
    for tls in [&wrong, &Tls::Verify, &Tls::VerifyWith("missing.pem".into())] {
        assert_eq!(verify(&url, tls).await, refused, "{tls:?}");
    }
    let (url, _two) = serve(Some(acceptor("store.example.org", &ours)), absent).await;
    assert_eq!(
        verify(&url, &right).await,
        refused,
        "the certificate of another host"
    );
}
