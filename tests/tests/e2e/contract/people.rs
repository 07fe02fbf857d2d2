//! Contacts and presence.

use im_tests::client::{Listen, Person, ops};
use im_tests::wait_until;
use serde_json::{Value, json};

use super::has_fields;
use crate::system::{Form, LONG, SOON, System, list, text};

in_both_forms!(
    contacts_are_asked_accepted_declined_and_removed,
    a_block_hides_both_and_is_not_told,
    behaviour_7_1_presence_is_set_and_seen,
    behaviour_7_1_the_state_is_that_of_all_connections_together,
    behaviour_7_5_who_becomes_a_contact_is_seen_by_an_earlier_watch,
);

async fn state(person: &Person, other: &Person) -> Option<String> {
    let roster = person.api.ok(ops::contacts()).await;
    let mut contacts = list(&roster["contacts"]).iter();
    let entry = contacts.find(|contact| contact["userId"] == json!(other.id))?;
    Some(text(&entry["state"]).to_owned())
}

/// `POST /v1/contacts`, `GET /v1/contacts`, `:accept`, `:decline`, `DELETE`
async fn contacts_are_asked_accepted_declined_and_removed(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = (system.person("ann").await, system.person("bob").await);
    let json = ann.api.json();
    let request = json!({ "userId": bob.id, "note": "from the canteen" });
    let (status, contact) = json.post("/v1/contacts", request).await;
    assert_eq!(status, 200, "{contact}");
    assert_eq!(
        (&contact["userId"], &contact["state"]),
        (&json!(bob.id), &json!("REQUESTED"))
    );
    let (status, roster) = bob.api.json().get("/v1/contacts").await;
    assert_eq!(status, 200, "{roster}");
    let entry = &list(&roster["contacts"])[0];
    has_fields(entry, &["userId", "state"]);
    assert_eq!(
        (&entry["state"], &entry["note"]),
        (&json!("PENDING"), &json!("from the canteen"))
    );

    let path = format!("/v1/contacts/{}:decline", ann.id);
    let (status, body) = bob.api.json().post(&path, json!({})).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(state(&bob, &ann).await, None);

    let refusal = ann.api.refused(ops::request_contact(&ann.id)).await;
    assert_eq!(refusal.reason, "CONTACT_WITH_ONESELF");
    // Bob asks in turn, and asking somebody who asked is accepting.
    let answer = bob.api.ok(ops::request_contact(&ann.id)).await;
    assert_eq!(answer["contact"]["state"], "REQUESTED");
    let path = format!("/v1/contacts/{}:accept", bob.id);
    let (status, contact) = json.post(&path, json!({})).await;
    assert_eq!(
        (status.as_u16(), &contact["state"]),
        (200, &json!("ACCEPTED")),
        "{contact}"
    );
    assert_eq!(state(&bob, &ann).await.as_deref(), Some("ACCEPTED"));

    let (status, body) = json.delete(&format!("/v1/contacts/{}", bob.id)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        (state(&ann, &bob).await, state(&bob, &ann).await),
        (None, None)
    );
}

async fn a_block_hides_both_and_is_not_told(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let conversation = bob.direct(&ann).await;
    let (_stream, _) = ann.listen(Listen::default()).await;
    wait_until("Bob sees Ann online", LONG, || async {
        seen_state(&bob, &ann).await == "ONLINE"
    })
    .await;
    let path = format!("/v1/contacts/{}:block", bob.id);
    let (status, contact) = ann.api.json().post(&path, json!({})).await;
    assert_eq!(
        (status.as_u16(), &contact["state"]),
        (200, &json!("BLOCKED")),
        "{contact}"
    );
    wait_until("Bob sees Ann offline", SOON, || async {
        seen_state(&bob, &ann).await == "OFFLINE"
    })
    .await;
    assert_eq!(
        state(&bob, &ann).await.as_deref(),
        Some("ACCEPTED"),
        "Bob is not told"
    );
    wait_until("Bob's messages are refused", SOON, || async {
        let sent = bob
            .api
            .call(ops::send(&conversation, "k1", "are you there?"))
            .await;
        sent.is_err_and(|refusal| refusal.code == 7)
    })
    .await;
    ann.api.ok(ops::unblock_contact(&bob.id)).await;
    wait_until("Bob's messages come again", SOON, || async {
        bob.api
            .call(ops::send(&conversation, "k2", "hello again"))
            .await
            .is_ok()
    })
    .await;
}

async fn seen_state(viewer: &Person, other: &Person) -> String {
    let seen = viewer.api.ok(ops::presences(&[&other.id])).await;
    text(&seen["presences"][0]["state"]).to_owned()
}

/// `PUT /v1/presence`, `GET /v1/presence?userIds=`
async fn behaviour_7_1_presence_is_set_and_seen(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let stranger = system.person("stranger").await;
    let (_stream, _) = bob.listen(Listen::default()).await;
    let request = json!({ "state": "BUSY", "reason": "counting stock" });
    let (status, own) = bob.api.json().put("/v1/presence", request).await;
    assert_eq!(status, 200, "{own}");
    let path = format!("/v1/presence?userIds={},{}", bob.id, stranger.id);
    let mut seen = Value::Null;
    for _ in 0..50 {
        let (status, body) = ann.api.json().get(&path).await;
        assert_eq!(status, 200, "{body}");
        seen = body;
        if seen["presences"][0]["state"] == "BUSY" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let [first, second] = list(&seen["presences"]) else {
        panic!("two were asked for: {seen}")
    };
    has_fields(first, &["userId", "state", "reason"]);
    assert_eq!(
        (&first["userId"], &first["state"]),
        (&json!(bob.id), &json!("BUSY"))
    );
    assert_eq!(first["reason"], "counting stock");
    assert_eq!(
        (&second["userId"], &second["state"]),
        (&json!(stranger.id), &json!("OFFLINE"))
    );
}

async fn behaviour_7_1_the_state_is_that_of_all_connections_together(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let options = Listen::watching([&bob.id]);
    let (mut seen, _) = ann.listen(options).await;
    seen.presence(&bob.id, "OFFLINE", SOON).await;
    let idle = Listen {
        is_idle: true,
        ..Listen::default()
    };
    let (first, _) = bob.listen(idle).await;
    seen.presence(&bob.id, "AWAY", LONG).await;
    let second = Person::login(&system.api().at(system.other_base()), "bob").await;
    let (second, _) = second.listen(Listen::default()).await;
    seen.presence(&bob.id, "ONLINE", LONG).await;
    second.close().await;
    seen.presence(&bob.id, "AWAY", LONG).await;
    first.close().await;
    let gone = seen.presence(&bob.id, "OFFLINE", LONG).await;
    assert!(gone.get("lastSeenTime").is_some(), "{gone}");
}

async fn behaviour_7_5_who_becomes_a_contact_is_seen_by_an_earlier_watch(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = (system.person("ann").await, system.person("bob").await);
    let (_his, _) = bob.at(system.other_base()).listen(Listen::default()).await;
    let (mut seen, _) = ann.listen(Listen::watching([&bob.id])).await;
    seen.presence(&bob.id, "OFFLINE", SOON).await;
    ann.befriend(&bob).await;
    seen.presence(&bob.id, "ONLINE", SOON).await;
    ann.api.ok(ops::delete_contact(&bob.id)).await;
    seen.presence(&bob.id, "OFFLINE", SOON).await;
}
