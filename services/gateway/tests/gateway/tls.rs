//! Encrypted listeners.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use im_gateway::{GatewaySettings, Listener};
use im_runtime::config::Structured;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::harness::World;

const NAME: &str = "intra.example";

/// A certificate in files.
struct Files {
    dir: TempDir,
    /// Everybody who was ever believed.
    roots: RootCertStore,
}

impl Files {
    fn new() -> Self {
        im_runtime::tls::install_crypto_provider();
        let dir = tempfile::tempdir().unwrap();
        let mut files = Self {
            dir,
            roots: RootCertStore::empty(),
        };
        files.renew();
        files
    }

    fn cert(&self) -> PathBuf {
        self.dir.path().join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.dir.path().join("key.pem")
    }

    /// Makes another certificate with another key and puts them in the place of those before.
    fn renew(&mut self) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(vec![NAME.to_owned()]).unwrap();
        std::fs::write(self.cert(), made.cert.pem()).unwrap();
        std::fs::write(self.key(), made.signing_key.serialize_pem()).unwrap();
        let certificate = CertificateDer::from_pem_file(self.cert()).unwrap();
        self.roots.add(certificate.clone()).unwrap();
        certificate
    }

    fn listener(&self) -> Listener {
        Listener {
            name: "lan".to_owned(),
            address: "127.0.0.1:0".parse().unwrap(),
            tls_cert_file: Some(self.cert()),
            tls_key_file: Some(self.key()),
        }
    }

    async fn connect(&self, address: SocketAddr, offered: &[&str]) -> TlsStream<TcpStream> {
        let mut config = ClientConfig::builder()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        let offered = offered.iter().map(|name| name.as_bytes().to_vec());
        config.alpn_protocols = offered.collect();
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from(NAME).unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, stream).await.unwrap()
    }

    /// The certificate that a new connection is shown.
    async fn shown(&self, address: SocketAddr) -> CertificateDer<'static> {
        let stream = self.connect(address, &["http/1.1"]).await;
        let chain = stream.get_ref().1.peer_certificates().unwrap();
        chain[0].clone().into_owned()
    }

    /// The answer to `GET /livez`.
    async fn answer(&self, address: SocketAddr) -> String {
        let mut stream = self.connect(address, &["http/1.1"]).await;
        let request = b"GET /livez HTTP/1.1\r\nhost: intra.example\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        text
    }
}

/// A gateway that listens as configured, and where: the main port first.
async fn listening(change: impl FnOnce(&mut GatewaySettings)) -> (World, Vec<SocketAddr>) {
    let world = World::start_with(change).await;
    let main = "127.0.0.1:0".parse().unwrap();
    let addresses = world.service.listen(main).await.unwrap();
    (world, addresses)
}

#[tokio::test]
async fn a_listener_with_a_certificate_speaks_both_versions_of_http() {
    let files = Files::new();
    let listener = files.listener();
    let (world, addresses) =
        listening(|settings| settings.listeners = Structured(vec![listener])).await;
    for (offered, expected) in [
        (["h2", "http/1.1"].as_slice(), "h2"),
        (&["http/1.1"], "http/1.1"),
    ] {
        let stream = files.connect(addresses[1], offered).await;
        assert_eq!(
            stream.get_ref().1.alpn_protocol(),
            Some(expected.as_bytes())
        );
    }
    let answer = files.answer(addresses[1]).await;
    assert!(
        !answer.contains("strict-transport-security"),
        "the main port of the same host is not encrypted: {answer}"
    );
    world.stop().await;
}

#[tokio::test]
async fn browsers_are_told_to_stay_with_tls_where_there_is_nothing_else() {
    let files = Files::new();
    let listener = files.listener();
    let (world, addresses) = listening(|settings| {
        settings.tls_cert_file = Some(files.cert());
        settings.tls_key_file = Some(files.key());
        settings.listeners = Structured(vec![listener]);
        settings.hsts_max_age_s = 86_400;
    })
    .await;
    for address in addresses {
        let answer = files.answer(address).await;
        assert!(
            answer.contains("strict-transport-security: max-age=86400\r\n"),
            "{answer}"
        );
    }
    // The harness serves a plain port besides, as if the configuration knew nothing of it.
    let reply = world.get("/livez").await;
    assert_eq!(reply.header("strict-transport-security"), None);
    world.stop().await;
}

#[tokio::test]
async fn a_certificate_is_renewed_without_a_restart() {
    let mut files = Files::new();
    let listener = files.listener();
    let (world, addresses) = listening(|settings| {
        settings.listeners = Structured(vec![listener]);
        settings.tls_reload_ms = 100;
    })
    .await;
    let address = addresses[1];
    let first = files.shown(address).await;

    // One that cannot be used changes nothing.
    std::fs::write(files.key(), "no key").unwrap();
    sleep(Duration::from_millis(500)).await;
    assert_eq!(files.shown(address).await, first);

    let second = files.renew();
    assert_ne!(first, second);
    let until = Instant::now() + Duration::from_secs(10);
    while files.shown(address).await != second {
        assert!(Instant::now() < until, "the old certificate is still shown");
        sleep(Duration::from_millis(20)).await;
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
