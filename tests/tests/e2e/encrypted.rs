//! TLS at the edge: two encrypted listeners that are two sites, and a plain one for operators.
//!
//! In one process only: several gateways on one machine cannot share a configuration that names
//! their ports.

use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use im_proto::gateway::stream_service_client::StreamServiceClient;
use im_proto::gateway::{ClientFrame, ConnectRequest, Hello, client_frame, server_frame};
use im_tests::client::{Api, Person, ops};
use im_tests::{HttpClient, data_dir, free_port, wait_until};
use reqwest::Method;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use crate::system::{Form, LONG, System, text};

/// An encrypted listener, which is a site of the same name.
struct Encrypted {
    name: &'static str,
    port: u16,
    /// Whom its clients trust.
    pem: String,
}

impl Encrypted {
    /// Makes a certificate for this machine's own address.
    fn make(name: &'static str, directory: &Path) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]);
        let made = made.expect("a certificate");
        let pem = made.cert.pem();
        std::fs::write(directory.join(format!("{name}.pem")), &pem).expect("the certificate");
        let key = made.signing_key.serialize_pem();
        std::fs::write(directory.join(format!("{name}.key")), key).expect("the key");
        let port = free_port();
        Self { name, port, pem }
    }

    fn settings(&self, directory: &Path) -> String {
        let (name, port) = (self.name, self.port);
        let file = |ending| directory.join(format!("{name}.{ending}"));
        format!(
            "[[gateway.listeners]]
name = \"{name}\"
address = \"127.0.0.1:{port}\"
tls_cert_file = \"{}\"
tls_key_file = \"{}\"
",
            file("pem").display(),
            file("key").display(),
        )
    }

    fn base(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    fn client(&self) -> HttpClient {
        HttpClient::trusting(&self.base(), &self.pem)
    }

    /// Registers somebody here; the id and a client with the token.
    async fn register(&self, username: &str) -> (String, HttpClient) {
        let account = json!({ "username": username, "password": Person::PASSWORD });
        let client = self.client();
        let (status, answer) = client.post("/v1/auth:register", account.clone()).await;
        assert_eq!(status.as_u16(), 200, "{answer}");
        let (status, answer) = client.post("/v1/auth:login", account).await;
        assert_eq!(status.as_u16(), 200, "{answer}");
        let id = text(&answer["user"]["id"]).to_owned();
        (id, client.with_token(text(&answer["accessToken"])))
    }

    /// The first frame of a WebSocket.
    async fn first_frame(&self, person: &HttpClient) -> Value {
        let (_, answer) = person.post("/v1/stream:ticket", json!({})).await;
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(self.pem.as_bytes()).expect("PEM");
        roots.add(certificate).expect("a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await;
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, stream.expect("a connection")).await;
        let path = format!("/v1/stream?ticket={}", text(&answer["ticket"]));
        let url = format!("wss://127.0.0.1:{}{path}", self.port);
        let opened = tokio_tungstenite::client_async(url, stream.expect("a handshake")).await;
        let (mut socket, _) = opened.expect("a stream");
        let message = socket.next().await.expect("a frame").expect("a message");
        serde_json::from_str(message.to_text().expect("text")).expect("JSON")
    }

    /// The first frame of a gRPC stream.
    async fn first_grpc_frame(&self, token: &str) -> server_frame::Frame {
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&self.pem));
        let endpoint = Endpoint::from_shared(self.base()).expect("an address");
        let channel = endpoint.tls_config(tls).expect("TLS").connect_lazy();
        let hello = ConnectRequest {
            frame: Some(ClientFrame {
                frame: Some(client_frame::Frame::Hello(Hello::default())),
            }),
        };
        // The stream stays open as long as the client has not said its last.
        let said = futures_util::stream::iter([hello]).chain(futures_util::stream::pending());
        let mut request = tonic::Request::new(said);
        let bearer = format!("Bearer {token}").parse().expect("a token");
        request.metadata_mut().insert("authorization", bearer);
        let answers = StreamServiceClient::new(channel).connect(request).await;
        let mut answers = answers.expect("a stream").into_inner();
        let answer = answers.message().await.expect("a frame");
        let frame = answer.and_then(|answer| answer.frame);
        frame.and_then(|frame| frame.frame).expect("a frame")
    }
}

/// Makes a site for each and waits until it answers.
async fn make_sites(admin: &Person, encrypted: &[&Encrypted]) {
    for one in encrypted {
        let address = json!([{ "listener": one.name }]);
        admin.api.ok(ops::create_site(one.name, &address)).await;
        let client = one.client();
        wait_until("the site answers", LONG, || async {
            client.get("/v1/site").await.1["id"] == json!(one.name)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behaviour_2_1_two_encrypted_listeners_are_two_sites() {
    let directory = data_dir();
    let a = Encrypted::make("a", directory.path());
    let b = Encrypted::make("b", directory.path());
    let settings = format!(
        "[auth]\npassword_memory_kib = 64\npassword_passes = 1\n\n{}{}",
        a.settings(directory.path()),
        b.settings(directory.path()),
    );
    let system = System::start_with(Form::Standalone, &settings).await;
    let admin = system.administrator().await;
    make_sites(&admin, &[&a, &b]).await;
    let plain = system.api().ok(ops::site()).await;
    assert_eq!(plain["site"]["id"], "default");

    let (ann_id, ann) = a.register("ann").await;
    let (bob_id, bob) = b.register("bob").await;
    for (one, id, person) in [(&a, &ann_id, &ann), (&b, &bob_id, &bob)] {
        let frame = one.first_frame(person).await;
        assert_eq!(frame["welcome"]["userId"], json!(id), "{frame}");
    }
    let login = json!({ "username": "ann", "password": Person::PASSWORD });
    let (_, session) = a.client().post("/v1/auth:login", login).await;
    let token = text(&session["accessToken"]);
    let first = a.first_grpc_frame(token).await;
    assert!(
        matches!(&first, server_frame::Frame::Welcome(welcome) if welcome.user_id == ann_id),
        "{first:?}"
    );

    // A session is good on its own site only.
    let elsewhere = b.client().with_token(token);
    let (status, answer) = elsewhere.get("/v1/users/me").await;
    assert_eq!(
        (status.as_u16(), &answer["reason"]),
        (401, &json!("WRONG_SITE"))
    );
    is_only_for_those_who_trust_it(&a, &b).await;
}

/// Neither a client that trusts somebody else nor one without TLS is answered.
async fn is_only_for_those_who_trust_it(a: &Encrypted, b: &Encrypted) {
    let stranger = HttpClient::trusting(&b.base(), &a.pem);
    let refused = stranger.try_send(Method::GET, "/v1/site", None).await;
    assert!(refused.is_err(), "another certificate was believed");
    let plain = Api::http(&format!("http://127.0.0.1:{}", b.port));
    let refused = plain.try_call(&ops::site()).await;
    assert!(refused.is_err(), "answered without TLS");
}
