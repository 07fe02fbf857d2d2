//! A server of a few lines: HTTP/1.1, one answer for each call.

use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use im_auth_stores::{HttpConfig, HttpStore, Limits, Tls};
use im_types::{Clock, Ids, Secret};
use sha2::Sha256;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A call as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The signature of a body in this direction.
    pub(crate) fn signature(&self, key: &str, word: &str, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        let (time, nonce) = (self.header("im-timestamp"), self.header("im-nonce"));
        mac.update(format!("v1:{word}:{time}:{nonce}:{body}").as_bytes());
        let digits = mac.finalize().into_bytes();
        let digits = digits
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>();
        format!("v1={}", digits.concat())
    }

    /// A whole answer with a right signature.
    pub(crate) fn answer(&self, body: &str) -> String {
        response("200 OK", &self.signature(KEY, "answer", body), body)
    }
}

pub(crate) fn response(status: &str, signature: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nim-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn read_call(stream: &mut (impl AsyncRead + Unpin)) -> Option<Call> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let mut call = Call {
        head: String::from_utf8(head).ok()?,
        ..Call::default()
    };
    let mut body = vec![0; call.header("content-length").parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    call.body = String::from_utf8(body).ok()?;
    Some(call)
}

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &dyn Answers) {
    while let Some(call) = read_call(&mut stream).await {
        if stream.write_all(answer.to(&call).as_bytes()).await.is_err() {
            return;
        }
    }
}

/// What a server says to a call, as bytes on the wire.
pub(crate) trait Answers: Send + Sync + 'static {
    fn to(&self, call: &Call) -> String;
}

impl<F: Fn(&Call) -> String + Send + Sync + 'static> Answers for F {
    fn to(&self, call: &Call) -> String {
        self(call)
    }
}

/// Serves until the set is dropped; gives the address.
pub(crate) async fn serve(
    tls: Option<TlsAcceptor>,
    answers: impl Answers,
) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let answers: Arc<dyn Answers> = Arc::new(answers);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, answers) = (tls.clone(), Arc::clone(&answers));
            connections.spawn(async move {
                match tls {
                    None => talk(stream, answers.as_ref()).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            talk(stream, answers.as_ref()).await;
                        }
                    }
                }
            });
        }
    });
    (format!("{scheme}://{address}/store"), tasks)
}

pub(crate) fn store(url: String, tls: Tls, limits: Limits) -> HttpStore {
    let config = HttpConfig {
        tls,
        limits,
        ..HttpConfig::new(url, Secret::from(KEY))
    };
    HttpStore::open(&config, Clock::system(), Ids::system(Clock::system())).unwrap()
}

/// A store in the clear with the usual limits.
pub(crate) fn plain(url: String) -> HttpStore {
    store(url, Tls::Off, Limits::default())
}
