//! Conversations and messages.

use futures_util::future::join_all;
use im_tests::client::{Person, ops};
use serde_json::{Value, json};

use super::has_fields;
use crate::system::{Form, System, list, number, set_policies, text};

in_both_forms!(
    a_direct_conversation_is_one_for_a_pair,
    a_group_has_a_title_and_members,
    behaviour_8_2_repeating_a_key_returns_the_first_result,
    behaviour_8_3_numbers_are_contiguous_and_one_order_for_all,
    history_is_paged_in_both_directions,
    behaviour_8_8_edits_and_tombstones_keep_the_numbers,
    behaviour_8_9_pointers_only_move_forward,
    behaviour_8_10_whoever_may_not_be_reached_gets_nothing,
);

/// `POST /v1/conversations` with `DIRECT`
async fn a_direct_conversation_is_one_for_a_pair(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let request = json!({ "kind": "DIRECT", "memberIds": [bob.id] });
    let (status, made) = ann
        .api
        .json()
        .post("/v1/conversations", request.clone())
        .await;
    assert_eq!(status, 200, "{made}");
    has_fields(
        &made,
        &[
            "id",
            "kind",
            "memberIds",
            "lastSeq",
            "readSeq",
            "unreadCount",
        ],
    );
    assert!(text(&made["id"]).starts_with("cnv_"));
    assert_eq!(
        (&made["kind"], &made["lastSeq"]),
        (&json!("DIRECT"), &json!("0"))
    );
    // From both sides, at both doors, at the same time.
    let elsewhere = bob.at(system.other_base());
    let (a, b) = tokio::join!(
        join_all((0..5).map(|_| ann.direct(&bob))),
        join_all((0..5).map(|_| elsewhere.direct(&ann)))
    );
    let ids: Vec<String> = a.into_iter().chain(b).collect();
    assert!(
        ids.iter().all(|id| made["id"] == json!(id)),
        "{ids:?} and {made}"
    );
}

/// `POST /v1/conversations` with `GROUP`
async fn a_group_has_a_title_and_members(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let eve = system.person("eve").await;
    ann.befriend(&eve).await;
    let request = json!({ "kind": "GROUP", "memberIds": [bob.id], "title": "Lunch" });
    let (status, made) = ann.api.json().post("/v1/conversations", request).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(
        (&made["kind"], &made["title"]),
        (&json!("GROUP"), &json!("Lunch"))
    );
    let id = text(&made["id"]);
    ann.send(id, "k1", "who is hungry?").await;
    let outside = eve.api.refused(ops::send(id, "k1", "me")).await;
    assert_eq!(
        (outside.code, outside.reason.as_str()),
        (5, "CONVERSATION_NOT_FOUND")
    );
    let grown = ann.api.ok(ops::add_members(id, &[&eve.id])).await;
    assert_eq!(grown["conversation"]["memberCount"], 3, "{grown}");
    assert_eq!(eve.send(id, "k1", "me").await["seq"], "2");
    eve.api.ok(ops::remove_member(id, "me")).await;
    assert_eq!(eve.api.refused(ops::send(id, "k2", "gone")).await.code, 5);
    let empty = json!({ "kind": "GROUP", "memberIds": [bob.id] });
    let (status, body) = ann.api.json().post("/v1/conversations", empty).await;
    assert_eq!(status, 400, "a group without a title: {body}");
}

/// `POST /v1/conversations/{id}/messages`
async fn behaviour_8_2_repeating_a_key_returns_the_first_result(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let id = ann.direct(&bob).await;
    let path = format!("/v1/conversations/{id}/messages");
    let request = json!({ "clientKey": "the-key", "text": "hello" });
    let (status, first) = ann.api.json().post(&path, request.clone()).await;
    assert_eq!(status, 200, "{first}");
    has_fields(&first, &["message", "duplicate"]);
    let fields = [
        "id",
        "conversationId",
        "seq",
        "senderId",
        "text",
        "createTime",
    ];
    has_fields(&first["message"], &fields);
    assert_eq!(
        (&first["duplicate"], &first["message"]["seq"]),
        (&json!(false), &json!("1"))
    );
    assert_eq!(first["message"]["senderId"], json!(ann.id));

    let again = ann.at(system.other_base());
    let repeats = join_all((0..8).map(|at| {
        let person = if at % 2 == 0 { &ann } else { &again };
        person.api.ok(ops::send(&id, "the-key", "hello"))
    }))
    .await;
    for repeat in &repeats {
        assert_eq!(repeat["duplicate"], true, "{repeat}");
        assert_eq!(repeat["message"], first["message"]);
    }
    let refusal = ann
        .api
        .refused(ops::send(&id, "the-key", "something else"))
        .await;
    assert_eq!(
        (refusal.code, refusal.reason.as_str()),
        (6, "CLIENT_KEY_REUSED")
    );
    // The same key of somebody else is another key.
    assert_eq!(bob.send(&id, "the-key", "hello").await["seq"], "2");
    // New keys raced on both doors: one message for each key.
    let raced = join_all((0..20).map(|at| {
        let person = if at % 2 == 0 { &ann } else { &again };
        person.api.ok(ops::send(&id, "raced", "once"))
    }))
    .await;
    let firsts = raced.iter().filter(|answer| answer["duplicate"] == false);
    assert_eq!(firsts.count(), 1);
    assert!(
        raced.iter().all(|answer| answer["message"]["seq"] == "3"),
        "{raced:#?}"
    );
}

async fn behaviour_8_3_numbers_are_contiguous_and_one_order_for_all(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let id = ann.direct(&bob).await;
    let doors = [system.base(), system.other_base()];
    let senders: Vec<Person> = (0..8)
        .map(|at| [&ann, &bob][at % 2].at(doors[at / 2 % 2]))
        .collect();
    let sent = join_all(senders.iter().enumerate().map(|(sender, person)| {
        let id = id.clone();
        async move {
            let mut last = 0;
            for at in 0..10 {
                let key = format!("{sender}-{at}");
                let seq = number(&person.send(&id, &key, &key).await["seq"]);
                assert!(seq > last, "{key} got {seq} after {last}");
                last = seq;
            }
        }
    }));
    sent.await;
    let history = ann.api.ok(ops::history(&id, "pageSize=200")).await;
    let seqs: Vec<i64> = list(&history["messages"])
        .iter()
        .map(|m| number(&m["seq"]))
        .collect();
    assert_eq!(seqs, (1..=80).collect::<Vec<i64>>());
    let elsewhere = bob.at(system.other_base());
    let other = elsewhere.api.ok(ops::history(&id, "pageSize=200")).await;
    let order = |history: &Value| -> Vec<String> {
        let messages = list(&history["messages"]).iter();
        messages.map(|m| text(&m["id"]).to_owned()).collect()
    };
    assert_eq!(order(&history), order(&other));
}

/// `GET /v1/conversations/{id}/messages?beforeSeq=&afterSeq=&pageSize=`
async fn history_is_paged_in_both_directions(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let id = ann.direct(&bob).await;
    for at in 1..=10 {
        ann.send(&id, &format!("k{at}"), &format!("message {at}"))
            .await;
    }
    for (query, expected, has_more) in [
        ("pageSize=4", vec![7, 8, 9, 10], true),
        ("beforeSeq=7&pageSize=4", vec![3, 4, 5, 6], true),
        ("beforeSeq=3&pageSize=4", vec![1, 2], false),
        ("afterSeq=7&pageSize=2", vec![8, 9], true),
        ("afterSeq=8&pageSize=9", vec![9, 10], false),
        ("afterSeq=10&pageSize=9", vec![], false),
    ] {
        let page = bob.api.ok(ops::history(&id, query)).await;
        let seqs: Vec<i64> = list(&page["messages"])
            .iter()
            .map(|m| number(&m["seq"]))
            .collect();
        assert_eq!(
            (seqs, &page["hasMore"]),
            (expected, &json!(has_more)),
            "{query}: {page}"
        );
    }
}

async fn behaviour_8_8_edits_and_tombstones_keep_the_numbers(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let id = ann.direct(&bob).await;
    for at in 1..=3 {
        ann.send(&id, &format!("k{at}"), &format!("message {at}"))
            .await;
    }
    let edited = ann.api.ok(ops::edit(&id, 1, "message one")).await;
    assert_eq!(edited["message"]["text"], "message one");
    assert!(edited["message"].get("editTime").is_some(), "{edited}");
    let foreign = bob.api.refused(ops::edit(&id, 1, "mine now")).await;
    assert_eq!(
        (foreign.code, foreign.reason.as_str()),
        (7, "NOT_THE_SENDER")
    );
    let reacted = bob.api.ok(ops::react(&id, 1, "👍")).await;
    assert_eq!(reacted["message"]["reactions"][0]["count"], 1, "{reacted}");
    let taken = bob
        .api
        .ok(ops::take_reaction(&id, 1, "👍", "%F0%9F%91%8D"))
        .await;
    assert_eq!(list(&taken["message"]["reactions"]).len(), 0, "{taken}");
    let gone = ann.api.ok(ops::delete_message(&id, 2)).await;
    assert_eq!(
        (&gone["message"]["text"], &gone["message"]["removal"]),
        (&json!(""), &json!("DELETED"))
    );
    let history = bob.api.ok(ops::history(&id, "pageSize=10")).await;
    let seen: Vec<(&str, &str)> = list(&history["messages"])
        .iter()
        .map(|m| (text(&m["seq"]), text(&m["text"])))
        .collect();
    assert_eq!(seen, [("1", "message one"), ("2", ""), ("3", "message 3")]);
    let late = ann.api.refused(ops::edit(&id, 2, "back")).await;
    assert_eq!(late.reason, "MESSAGE_REMOVED");
}

/// `POST /v1/conversations/{id}:markRead`, `GET /v1/conversations`
async fn behaviour_8_9_pointers_only_move_forward(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let id = ann.direct(&bob).await;
    for at in 1..=5 {
        ann.send(&id, &format!("k{at}"), "text").await;
    }
    let pointers = async |person: &Person| {
        let own = person.api.json().get("/v1/conversations").await.1;
        let conversation = &list(&own["conversations"])[0];
        has_fields(conversation, &["lastSeq", "readSeq", "unreadCount"]);
        let unread = conversation["unreadCount"].as_i64();
        (
            number(&conversation["lastSeq"]),
            number(&conversation["readSeq"]),
            unread,
        )
    };
    assert_eq!(pointers(&bob).await, (5, 0, Some(5)));
    let path = format!("/v1/conversations/{id}:markRead");
    let (status, body) = bob.api.json().post(&path, json!({ "seq": "4" })).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(pointers(&bob).await, (5, 4, Some(1)));
    bob.api.ok(ops::mark_read(&id, 2)).await;
    let other_device = Person::login(&system.api().at(system.other_base()), "bob").await;
    assert_eq!(
        pointers(&other_device).await,
        (5, 4, Some(1)),
        "never back, on no device"
    );
    let refusal = bob.api.refused(ops::mark_read(&id, 6)).await;
    assert_eq!(
        (refusal.code, refusal.reason.as_str()),
        (3, "SEQ_OUT_OF_RANGE")
    );
}

async fn behaviour_8_10_whoever_may_not_be_reached_gets_nothing(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let stranger = system.person("stranger").await;
    let before = bob.api.ok(ops::entries("", 10)).await;
    let refusal = stranger.api.refused(ops::direct(&bob.id)).await;
    assert_eq!(
        (refusal.code, refusal.reason.as_str()),
        (7, "NOT_A_CONTACT")
    );
    let id = ann.direct(&bob).await;
    let refusal = stranger
        .api
        .refused(ops::send(&id, "k1", "let me in"))
        .await;
    assert_eq!(refusal.code, 5, "{refusal:?}");
    assert_eq!(
        stranger
            .api
            .refused(ops::history(&id, "pageSize=5"))
            .await
            .code,
        5
    );
    // More than any policy allows, then more than this one does: the same to a client.
    let long = ann
        .api
        .refused(ops::send(&id, "k1", &"x".repeat(32_769)))
        .await;
    assert_eq!(
        (long.code, long.reason.as_str(), long.fields.as_slice()),
        (3, "MESSAGE_TOO_LONG", &["text".to_owned()][..]),
        "{long:?}"
    );
    let admin = system.administrator().await;
    set_policies(&admin, &[("message_bytes_max", "100")]).await;
    let long = ann
        .api
        .refused(ops::send(&id, "k2", &"x".repeat(101)))
        .await;
    assert_eq!((long.code, long.reason.as_str()), (3, "MESSAGE_TOO_LONG"));
    let history = bob.api.ok(ops::history(&id, "pageSize=5")).await;
    assert_eq!(
        list(&history["messages"]).len(),
        0,
        "nothing is stored: {history}"
    );
    let after = bob.api.ok(ops::entries(text(&before["cursor"]), 10)).await;
    let kinds: Vec<&str> = list(&after["entries"])
        .iter()
        .map(|e| text(&e["kind"]))
        .collect();
    assert!(!kinds.contains(&"MESSAGE"), "{after}");
}
