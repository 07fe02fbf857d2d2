//! Programs that are away, hang or refuse.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use im_auth_stores::{Answered, Class, Limits, Tls};
use im_types::Secret;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::server::{Call, plain, response, serve, store};

const LIMITS: Limits = Limits {
    connections_max: 2,
    waiting_max: 4,
    connect_timeout: Duration::from_millis(300),
    statement_timeout: Duration::from_millis(300),
    failures_max: 3,
    open_for: Duration::from_secs(2),
};

/// Accepts, counts and never answers.
async fn hang() -> (String, Arc<AtomicUsize>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (count, mut tasks) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
    let counted = Arc::clone(&count);
    tasks.spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            kept.push(stream);
        }
    });
    (url, count, tasks)
}

#[tokio::test]
async fn a_program_that_hangs_ends_in_time_and_is_left_alone() {
    let (url, count, _tasks) = hang().await;
    let store = store(url, Tls::Off, LIMITS);
    let password = Secret::from("x");
    let begin = Instant::now();
    let logins = (0..40).map(|_| store.verify("anna", &password));
    let answers = futures_util::future::join_all(logins).await;
    assert!(
        begin.elapsed() < Duration::from_millis(1_700),
        "{:?}",
        begin.elapsed()
    );
    let is = |wanted: &Answered| answers.iter().filter(|answer| *answer == wanted).count();
    assert!(is(&Answered::Unavailable(Class::Busy)) >= 34);
    assert!(is(&Answered::Unavailable(Class::TimedOut)) >= 2);
    store.verify("anna", &password).await;
    let before = count.load(Ordering::SeqCst);
    let answer = store.verify("anna", &password).await;
    assert!(
        matches!(answer, Answered::Unavailable(Class::BreakerOpen(_))),
        "{answer:?}"
    );
    assert_eq!(count.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn each_fault_has_its_answer() {
    let password = Secret::from("x");
    let address = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let answer = plain(format!("http://{address}/"))
        .verify("anna", &password)
        .await;
    assert_eq!(answer, Answered::Unavailable(Class::Refused));
    for (status, class) in [
        ("403 Forbidden", Class::Denied),
        ("401 Unauthorized", Class::Denied),
        ("429 Too Many Requests", Class::Refused),
        ("500 Internal Server Error", Class::Refused),
        ("503 Service Unavailable", Class::Refused),
        ("400 Bad Request", Class::Protocol),
    ] {
        let (url, _server) = serve(None, move |_: &Call| response(status, "", "")).await;
        let answer = plain(url).verify("anna", &password).await;
        assert_eq!(answer, Answered::Unavailable(class), "{status}");
    }
    // Ends in the middle of the answer.
    let (url, _server) = serve(None, |call: &Call| {
        let whole = call.answer(r#"{"result":"absent"}"#);
        format!("{}HTTP", &whole[..whole.len() - 30])
    })
    .await;
    let answer = store(url, Tls::Off, LIMITS).verify("anna", &password).await;
    assert!(matches!(answer, Answered::Unavailable(_)), "{answer:?}");
}
