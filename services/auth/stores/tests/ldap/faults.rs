//! Servers that are away, hang or die. Each fault has its own answer, in time, and another server
//! takes over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use im_auth_stores::{Class, LdapConfig, LdapStore, Limits, Lookup, Tls, Verified};
use im_types::Secret;
use tokio::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::server::{MATCH, Options, Slapd, config, found, free_port, person, sign_in};
use crate::talk::{self, BIND, BIND_ANSWER, result};

const LIMITS: Limits = Limits {
    connections_max: 2,
    waiting_max: 4,
    connect_timeout: Duration::from_millis(400),
    statement_timeout: Duration::from_millis(400),
    failures_max: 3,
    open_for: Duration::from_secs(2),
};
/// What the machine may take beyond the deadline.
const SLACK: Duration = Duration::from_millis(400);

fn store(servers: Vec<String>) -> LdapStore {
    LdapStore::open(&LdapConfig {
        limits: LIMITS,
        ..config(servers, "")
    })
    .unwrap()
}

fn nowhere() -> String {
    format!("ldap://127.0.0.1:{}", free_port())
}

async fn slapd() -> Slapd {
    Slapd::start(&person("alice", "Secret123", ""), Options::default()).await
}

#[tokio::test]
async fn a_server_that_hangs_ends_in_time() {
    let (silent, _one) = talk::hang().await;
    // This one greets and falls silent.
    let (mute, _two) = talk::serve(|tag, _| match tag {
        BIND => vec![result(BIND_ANSWER, 0, "")],
        _ => Vec::new(),
    })
    .await;
    for url in [silent, mute] {
        let begin = Instant::now();
        let answer = store(vec![url]).find("alice").await;
        assert_eq!(answer, Lookup::Unavailable(Class::TimedOut));
        assert!(
            begin.elapsed() < LIMITS.total() + SLACK,
            "{:?}",
            begin.elapsed()
        );
    }
}

#[tokio::test]
async fn a_password_meets_the_same_deadline() {
    let server = slapd().await;
    let alice = found(server.store("").find("alice").await);
    let (silent, _tasks) = talk::hang().await;
    let begin = Instant::now();
    let answer = store(vec![silent])
        .verify(&alice, &Secret::from("Secret123"))
        .await;
    assert_eq!(answer, Verified::Unavailable(Class::TimedOut));
    assert!(
        begin.elapsed() < LIMITS.total() + SLACK,
        "{:?}",
        begin.elapsed()
    );
    let answer = store(vec![nowhere()])
        .verify(&alice, &Secret::from("Secret123"))
        .await;
    assert_eq!(answer, Verified::Unavailable(Class::Refused));
}

#[tokio::test]
async fn a_server_that_fails_again_and_again_is_left_alone() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let (url, _tasks) = talk::accept(move |stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move { drop(stream) }
    })
    .await;
    let store = store(vec![url]);
    for _ in 0..3 {
        assert_eq!(store.find("alice").await, Lookup::Unavailable(Class::Lost));
    }
    for _ in 0..10 {
        let answer = store.find("alice").await;
        assert!(
            matches!(answer, Lookup::Unavailable(Class::BreakerOpen(_))),
            "{answer:?}"
        );
    }
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

/// §4.3
#[tokio::test]
async fn a_hanging_server_holds_no_more_than_its_own_connections() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let (url, _tasks) = talk::accept(move |stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            std::future::pending::<()>().await;
            drop(stream);
        }
    })
    .await;
    let store = store(vec![url]);
    let begin = Instant::now();
    let logins = (0..50).map(|_| store.find("alice"));
    let answers = futures_util::future::join_all(logins).await;
    assert!(
        begin.elapsed() < LIMITS.total() + SLACK,
        "{:?}",
        begin.elapsed()
    );
    let busy = answers
        .iter()
        .filter(|a| **a == Lookup::Unavailable(Class::Busy))
        .count();
    assert!(busy >= 44, "{busy} of 50 were told at once");
    assert!(connections.load(Ordering::SeqCst) <= 6);
}

#[tokio::test]
async fn another_server_takes_over() {
    let server = slapd().await;
    let (silent, _one) = talk::hang().await;
    let (mute, _two) = talk::serve(|tag, _| match tag {
        BIND => vec![result(BIND_ANSWER, 0, "")],
        _ => Vec::new(),
    })
    .await;
    for first in [nowhere(), silent, mute] {
        let store = store(vec![first.clone(), server.url()]);
        assert_eq!(found(store.find("alice").await).login, "alice", "{first}");
        // The one that failed is known by now.
        let begin = Instant::now();
        assert_eq!(
            sign_in(&store, "alice", "Secret123").await,
            MATCH,
            "{first}"
        );
        assert!(
            begin.elapsed() < Duration::from_millis(250),
            "{first} {:?}",
            begin.elapsed()
        );
    }
}

#[tokio::test]
async fn a_server_that_dies_is_replaced_by_the_next() {
    let (mut one, two) = (slapd().await, slapd().await);
    let store = store(vec![one.url(), two.url()]);
    assert_eq!(sign_in(&store, "alice", "Secret123").await, MATCH);
    let before = found(store.find("alice").await);
    one.stop();
    // The connections that rested are dead.
    assert_eq!(sign_in(&store, "alice", "Secret123").await, MATCH);
    // The two were filled apart, so their ids differ: it is the other one.
    assert_ne!(
        found(store.find("alice").await).external_id,
        before.external_id
    );
}

#[tokio::test]
async fn a_wrong_account_is_not_tried_elsewhere() {
    let (one, two) = (slapd().await, slapd().await);
    let mut config = config(vec![one.url(), two.url()], "");
    config.account = Some((crate::server::SEARCHER.to_owned(), Secret::from("wrong")));
    let store = LdapStore::open(&config).unwrap();
    assert_eq!(
        store.find("alice").await,
        Lookup::Unavailable(Class::Denied)
    );
}

/// Sequences in sequences, as deep as that.
fn nested(levels: usize) -> Vec<u8> {
    let header = |level: usize| {
        let length = u32::try_from(level * 6).unwrap().to_be_bytes();
        [[0x30, 0x84].as_slice(), &length].concat()
    };
    (0..levels).rev().flat_map(header).collect()
}

#[tokio::test]
async fn a_hostile_server_neither_ends_the_program_nor_fills_its_memory() {
    // The LDAP library would overflow the stack on the first and keep all of the second.
    let deep = nested(20_000);
    let endless = [vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff], vec![0; 100_000]].concat();
    for bytes in [deep, endless] {
        let (url, _tasks) = talk::accept(move |mut stream| {
            let bytes = bytes.clone();
            async move {
                // What is asked does not matter, be it for encryption.
                if stream.read(&mut [0; 64]).await.is_ok() {
                    while stream.write_all(&bytes).await.is_ok() {}
                }
            }
        })
        .await;
        for (tls, class) in [(Tls::Off, Class::Lost), (Tls::Verify, Class::Tls)] {
            let config = LdapConfig {
                tls,
                limits: LIMITS,
                ..config(vec![url.clone()], "")
            };
            let answer = LdapStore::open(&config).unwrap().find("alice").await;
            assert_eq!(answer, Lookup::Unavailable(class));
        }
    }
}
