//! Sessions end when they are ended.

use std::time::Duration;

use im_tests::client::{Events, Listen, Person, ops};
use serde_json::json;
use tokio::time::Instant;

use crate::system::{Form, LONG, System, set_policies, text};

/// Until the streams of a session that was ended are closed.
const BOUND: Duration = Duration::from_secs(2);

in_both_forms!(
    behaviour_6_3_a_revoked_session_ends_its_streams_and_its_token,
    behaviour_6_3_a_suspended_user_is_out_everywhere,
    behaviour_3_2_a_banned_name_does_not_get_in,
    behaviour_3_throttling_slows_down_and_never_ends_a_session,
    behaviour_3_1_maintenance_lets_administrators_in_only,
);

/// Waits for the end of a stream and says how long that took since `begin`.
async fn ended(mut stream: Events, begin: Instant, what: &str) -> Duration {
    let last = stream.end(LONG).await;
    let took = begin.elapsed();
    assert_eq!(last["error"]["code"], 16, "{what}: {last}");
    println!("{what}: the stream ended after {took:?}");
    took
}

async fn behaviour_6_3_a_revoked_session_ends_its_streams_and_its_token(form: Form) {
    let system = System::start(form).await;
    let ann = system.person("ann").await;
    let phone = Person::login(&system.api().at(system.other_base()), "ann").await;
    let (stream, _) = phone.listen(Listen::default()).await;
    let (mut own, _) = ann.listen(Listen::default()).await;
    let begin = Instant::now();
    ann.api.ok(ops::revoke_session(&phone.session_id)).await;
    let took = ended(stream, begin, "revoked").await;
    assert!(took <= BOUND, "{took:?}");
    while begin.elapsed() < BOUND {
        if phone.api.call(ops::user("me")).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for operation in [
        ops::user("me"),
        ops::conversations(),
        ops::contacts(),
        ops::ticket(),
    ] {
        let refusal = phone.api.refused(operation).await;
        assert_eq!(refusal.code, 16, "{refusal:?}");
    }
    let refusal = phone
        .api
        .without_token()
        .refused(ops::refresh(&phone.refresh_token))
        .await;
    assert_eq!(refusal.code, 16, "{refusal:?}");
    own.say(json!({ "ping": {} })).await;
    own.next_of("pong", LONG).await;
    let stranger = system.person("stranger").await;
    let refusal = stranger
        .api
        .refused(ops::revoke_session(&ann.session_id))
        .await;
    assert_eq!(refusal.code, 5, "somebody else's session: {refusal:?}");
}

async fn behaviour_6_3_a_suspended_user_is_out_everywhere(form: Form) {
    let system = System::start(form).await;
    let admin = system.administrator().await;
    let ann = system.person("ann").await;
    let (stream, _) = ann.at(system.other_base()).listen(Listen::default()).await;
    let ticket = ann.api.ok(ops::ticket()).await;
    let begin = Instant::now();
    admin.api.ok(ops::suspend_user(&ann.id)).await;
    let took = ended(stream, begin, "suspended").await;
    assert!(took <= BOUND, "{took:?}");
    tokio::time::sleep(BOUND.saturating_sub(begin.elapsed())).await;
    for base in [system.base(), system.other_base()] {
        let refusal = ann.at(base).api.refused(ops::user("me")).await;
        assert_eq!(refusal.code, 16, "{refusal:?}");
        let refusal = ann.at(base).api.refused(ops::conversations()).await;
        assert_eq!(refusal.code, 16, "{refusal:?}");
    }
    let path = Listen::default().path(text(&ticket["ticket"]));
    if let Ok(mut stream) = ann.api.web_socket(&path).await {
        let frame = stream.next_frame(LONG).await;
        assert_eq!(frame["error"]["code"], 16, "a ticket from before: {frame}");
    }
    let refusal = ann
        .api
        .without_token()
        .refused(ops::refresh(&ann.refresh_token))
        .await;
    assert_eq!(refusal.code, 16, "{refusal:?}");
    let api = system.api();
    let right = Person::try_login(&api, "ann", Person::PASSWORD)
        .await
        .expect_err("suspended");
    assert_eq!(
        right.reason, "DISABLED",
        "told after the right password only"
    );
    let wrong = Person::try_login(&api, "ann", "Wrong-password-1")
        .await
        .expect_err("wrong");
    assert_eq!(wrong.reason, "INVALID_CREDENTIALS");
    admin.api.ok(ops::reinstate_user(&ann.id)).await;
    Person::login(&api, "ann").await;
}

async fn behaviour_3_2_a_banned_name_does_not_get_in(form: Form) {
    let system = System::start(form).await;
    let admin = system.administrator().await;
    let ann = system.person("ann").await;
    let (stream, _) = ann.listen(Listen::default()).await;
    let begin = Instant::now();
    admin.api.ok(ops::create_ban("USERNAME", "ANN")).await;
    let took = ended(stream, begin, "banned").await;
    assert!(took <= BOUND, "{took:?}");
    let refusal = Person::try_login(&system.api(), "ann", Person::PASSWORD).await;
    let refusal = refusal.expect_err("banned");
    assert_eq!((refusal.code, refusal.reason.as_str()), (7, "BANNED"));
}

async fn behaviour_3_throttling_slows_down_and_never_ends_a_session(form: Form) {
    let system = System::start(form).await;
    let ann = system.person("ann").await;
    let api = system.api();
    // The same wrong password repeated counts once.
    for _ in 0..10 {
        let refusal = Person::try_login(&api, "ann", "Wrong-password")
            .await
            .expect_err("wrong");
        assert_eq!(refusal.reason, "INVALID_CREDENTIALS");
    }
    let mut throttled = None;
    for number in 0..30 {
        let password = format!("Wrong-password-{number}");
        let begin = Instant::now();
        let refusal = Person::try_login(&api, "ann", &password)
            .await
            .expect_err("wrong");
        assert!(
            begin.elapsed() < Duration::from_secs(2),
            "nobody is kept waiting"
        );
        if refusal.reason == "THROTTLED" {
            throttled = Some(refusal);
            break;
        }
    }
    let throttled = throttled.expect("thirty different wrong passwords are slowed down");
    assert_eq!(throttled.code, 8);
    assert!(
        throttled.retry_after_ms.is_some_and(|ms| ms > 0),
        "with the time to wait"
    );
    ann.api.ok(ops::user("me")).await;
    ann.api
        .without_token()
        .ok(ops::refresh(&ann.refresh_token))
        .await;
}

async fn behaviour_3_1_maintenance_lets_administrators_in_only(form: Form) {
    let system = System::start(form).await;
    let admin = system.administrator().await;
    system.person("ann").await;
    set_policies(&admin, &[("maintenance", "true")]).await;
    let api = system.api();
    let refusal = Person::try_login(&api, "ann", Person::PASSWORD)
        .await
        .expect_err("maintenance");
    assert_eq!((refusal.code, refusal.reason.as_str()), (9, "MAINTENANCE"));
    Person::login(&api, "root.admin").await;
    assert_eq!(api.ok(ops::site()).await["site"]["maintenance"], true);
}
