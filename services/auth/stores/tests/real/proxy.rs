//! Something between a store and its server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Passes on, stops passing on, or cuts.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    pub(crate) hangs: Arc<AtomicBool>,
    pub(crate) cuts: Arc<AtomicBool>,
    pub(crate) connections: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

pub(crate) async fn proxy(target: String) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (hangs, cuts) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let connections = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    let (hang, cut, count) = (
        Arc::clone(&hangs),
        Arc::clone(&cuts),
        Arc::clone(&connections),
    );
    tasks.spawn(async move {
        let mut pairs = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let server = TcpStream::connect(&target).await.unwrap();
            pairs.spawn(pass(client, server, Arc::clone(&hang), Arc::clone(&cut)));
        }
    });
    Proxy {
        port,
        hangs,
        cuts,
        connections,
        _tasks: tasks,
    }
}

async fn pass(client: TcpStream, server: TcpStream, hangs: Arc<AtomicBool>, cuts: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = async {
        let mut buffer = vec![0; 16_384];
        while let Ok(bytes @ 1..) = from_client.read(&mut buffer).await {
            // A statement is on its way: now the server dies.
            if cuts.load(Ordering::SeqCst) {
                return;
            }
            if !hangs.load(Ordering::SeqCst) {
                to_server.write_all(&buffer[..bytes]).await.unwrap();
            }
        }
    };
    let down = async {
        let mut buffer = vec![0; 16_384];
        while let Ok(bytes @ 1..) = from_server.read(&mut buffer).await {
            if to_client.write_all(&buffer[..bytes]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! { () = up => {}, () = down => {} }
}

pub(crate) fn host_of(url: &str) -> String {
    let rest = url.split_once("://").unwrap().1;
    let host = rest.split_once('/').unwrap().0;
    host.rsplit_once('@')
        .map_or(host, |(_, host)| host)
        .to_owned()
}
