//! Encrypted listeners.

use std::sync::Arc;

use im_gateway::Listener;
use im_runtime::config::Structured;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::harness::World;

#[tokio::test]
async fn a_listener_with_a_certificate_speaks_both_versions_of_http() {
    im_runtime::tls::install_crypto_provider();
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["intra.example".to_owned()]).unwrap();
    let (cert_file, key_file) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&cert_file, made.cert.pem()).unwrap();
    std::fs::write(&key_file, made.signing_key.serialize_pem()).unwrap();
    let listener = Listener {
        name: "lan".to_owned(),
        address: "127.0.0.1:0".parse().unwrap(),
        tls_cert_file: Some(cert_file.clone()),
        tls_key_file: Some(key_file),
    };
    let world = World::start_with(|settings| settings.listeners = Structured(vec![listener])).await;
    let addresses = world
        .service
        .listen("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();

    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(&cert_file).unwrap())
        .unwrap();
    for (offered, expected) in [
        (vec![b"h2".to_vec(), b"http/1.1".to_vec()], "h2"),
        (vec![b"http/1.1".to_vec()], "http/1.1"),
    ] {
        let mut config = ClientConfig::builder()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = offered;
        let stream = TcpStream::connect(addresses[1]).await.unwrap();
        let name = ServerName::try_from("intra.example").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .unwrap();
        assert_eq!(
            stream.get_ref().1.alpn_protocol(),
            Some(expected.as_bytes())
        );
        if expected == "http/1.1" {
            let request =
                b"GET /livez HTTP/1.1\r\nhost: intra.example\r\nconnection: close\r\n\r\n";
            stream.write_all(request).await.unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn a_missing_certificate_is_named() {
    let world = World::start_with(|settings| {
        settings.tls_cert_file = Some("/nonexistent/cert.pem".into());
        settings.tls_key_file = Some("/nonexistent/key.pem".into());
    })
    .await;
    let error = world
        .service
        .listen("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "certificate of listener main");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "/nonexistent/cert.pem");
    world.stop().await;
}
