//! Encryption is checked, or said to be off.

use std::sync::Arc;

use im_auth_stores::{Class, Driver, Lookup, SqlConfig, Tls};
use im_types::Secret;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::faults::{TABLE, class, config, is_found, open};
use crate::proxy::host_of;
use crate::servers::Database;

/// A certificate for the name, signed by itself, and its PEM text.
fn certificate(name: &str) -> (Arc<ServerConfig>, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (Arc::new(config), made.cert.pem())
}

/// PostgreSQL's way into TLS, in front of a server that speaks none.
async fn encrypting(target: String, config: Arc<ServerConfig>) -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            // The eight bytes of SSLRequest.
            client.read_exact(&mut [0; 8]).await.unwrap();
            client.write_all(b"S").await.unwrap();
            let accepted = TlsAcceptor::from(Arc::clone(&config)).accept(client).await;
            let Ok(mut client) = accepted else { continue };
            let mut server = TcpStream::connect(&target).await.unwrap();
            let _ = copy_bidirectional(&mut client, &mut server).await;
        }
    });
    (port, tasks)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_checked_with_its_authority_and_its_name() {
    let database = Database::new(Driver::Postgres, "tls").await;
    database.execute(TABLE).await;
    let host = host_of(&database.url());
    let (server, pem) = certificate("localhost");
    let (port, _tasks) = encrypting(host.clone(), server).await;
    let directory = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (right, wrong) = (
        write("a.pem", &pem),
        write("b.pem", &certificate("localhost").1),
    );
    let find = |name: &str, tls: Tls| {
        let url = database.url().replace(&host, &format!("{name}:{port}"));
        let config = SqlConfig {
            tls,
            ..config(Driver::Postgres, url)
        };
        async move { open(&config).find("anna").await }
    };
    assert!(is_found(
        &find("localhost", Tls::VerifyWith(right.clone())).await
    ));
    for (name, tls) in [
        ("localhost", Tls::Verify),
        ("localhost", Tls::VerifyWith(wrong)),
        ("127.0.0.1", Tls::VerifyWith(right)),
    ] {
        assert_eq!(
            find(name, tls.clone()).await,
            Lookup::Unavailable(Class::Tls),
            "{name} {tls:?}"
        );
    }
    database.drop_now().await;
}

#[tokio::test]
async fn a_server_without_encryption_is_not_spoken_to_unless_told_so() {
    for driver in [Driver::Mysql, Driver::Postgres] {
        let database = Database::new(driver, "plain").await;
        database.execute(TABLE).await;
        let mut config = config(driver, database.url());
        assert!(is_found(&open(&config).find("anna").await), "off is off");
        config.tls = Tls::Verify;
        assert_eq!(
            class(open(&config).find("anna").await),
            Class::Tls,
            "{driver:?}"
        );
        let off = match driver {
            Driver::Mysql => "ssl-mode=disabled",
            _ => "sslmode=disable",
        };
        config.url = Secret::new(format!("{}?{off}", database.url()));
        let answer = open(&config).find("anna").await;
        assert_eq!(
            answer,
            Lookup::Unavailable(Class::Tls),
            "the URL does not decide: {driver:?}"
        );
        database.drop_now().await;
    }
}
