//! A server of a few lines that says what a test wants: LDAP messages by hand (RFC 4511, BER).

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub(crate) const BIND: u8 = 0x60;
pub(crate) const SEARCH: u8 = 0x63;
pub(crate) const BIND_ANSWER: u8 = 0x61;
pub(crate) const SEARCH_DONE: u8 = 0x65;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_REFERENCE: u8 = 0x73;

pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag, 0x82];
    bytes.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
    bytes.extend(content);
    bytes
}

pub(crate) fn result(tag: u8, code: u8, text: &str) -> Vec<u8> {
    let parts = [
        element(0x0a, &[code]),
        element(0x04, b""),
        element(0x04, text.as_bytes()),
    ];
    element(tag, &parts.concat())
}

pub(crate) fn entry(dn: &str, attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let attribute = |(name, values): &(&str, &[&[u8]])| {
        let values: Vec<u8> = values
            .iter()
            .flat_map(|value| element(0x04, value))
            .collect();
        element(
            0x30,
            &[element(0x04, name.as_bytes()), element(0x31, &values)].concat(),
        )
    };
    let attributes: Vec<u8> = attributes.iter().flat_map(attribute).collect();
    element(
        SEARCH_ENTRY,
        &[element(0x04, dn.as_bytes()), element(0x30, &attributes)].concat(),
    )
}

pub(crate) fn reference(url: &str) -> Vec<u8> {
    element(SEARCH_REFERENCE, &element(0x04, url.as_bytes()))
}

/// Tag and content of the next element.
async fn read_element(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let tag = stream.read_u8().await.ok()?;
    let mut length = usize::from(stream.read_u8().await.ok()?);
    if length > 0x80 {
        let mut bytes = vec![0; length - 0x80];
        stream.read_exact(&mut bytes).await.ok()?;
        length = bytes
            .iter()
            .fold(0, |sum, byte| sum * 256 + usize::from(*byte));
    }
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await.ok()?;
    Some((tag, content))
}

/// A server that answers each request, given its tag and bytes, with these operations.
pub(crate) async fn serve(
    answer: impl Fn(u8, &[u8]) -> Vec<Vec<u8>> + Send + Sync + 'static,
) -> (String, JoinSet<()>) {
    let answer = Arc::new(answer);
    accept(move |mut stream| {
        let answer = Arc::clone(&answer);
        async move {
            while let Some((_, message)) = read_element(&mut stream).await {
                // The number of the message in the form in which it came.
                let (number, operation) = message.split_at(2 + usize::from(message[1]));
                for operation in answer(operation[0], operation) {
                    let message = element(0x30, &[number, &operation].concat());
                    if stream.write_all(&message).await.is_err() {
                        return;
                    }
                }
            }
        }
    })
    .await
}

/// A server that does this with each connection.
pub(crate) async fn accept<F>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> (String, JoinSet<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(stream));
        }
    });
    (url, tasks)
}

/// A server that accepts and never says a word.
pub(crate) async fn hang() -> (String, JoinSet<()>) {
    accept(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await
}
