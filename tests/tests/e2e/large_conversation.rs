//! A conversation with more members than each message is sent to one by one.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use im_tests::client::{Listen, Operation, Person, ops};
use serde_json::{Value, json};

use crate::exact_limits::people;
use crate::system::{Form, LONG, System, list, number, set_policies, text};

const MEMBERS: usize = 600;
/// Of a request.
const ADDED_AT_ONCE: usize = 500;
const MESSAGES: i64 = 20;

const SETTINGS: &str = "
[auth]
password_memory_kib = 64
password_passes = 1
registration_burst = 100000

[messaging]
coalesce_interval_ms = 2000
";

in_both_forms!(behaviour_8_7_members_of_a_large_conversation_get_one_event_and_page);

fn members(id: &str, page_token: &str) -> Operation {
    let path = format!("/v1/conversations/{id}/members?pageSize=250&pageToken={page_token}");
    let message = json!({ "conversationId": id, "pageSize": 250, "pageToken": page_token });
    let rpc = "im.messaging.v1.ConversationService/ListMembers";
    Operation::get(rpc, path, message)
}

/// All members by page, and how many pages that took.
async fn everybody(reader: &Person, id: &str) -> (BTreeSet<String>, usize) {
    let (mut found, mut pages, mut token) = (BTreeSet::new(), 0, String::new());
    loop {
        let page = reader.api.ok(members(id, &token)).await;
        for member in list(&page["members"]) {
            assert!(found.insert(text(&member["userId"]).to_owned()), "{member}");
        }
        pages += 1;
        page["nextPageToken"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut token);
        if token.is_empty() {
            return (found, pages);
        }
    }
}

async fn make_conversation(owner: &Person, others: &[&str]) -> String {
    let (first, rest) = others.split_at(ADDED_AT_ONCE);
    let made = owner.api.ok(ops::group("everybody", first)).await;
    let id = text(&made["conversation"]["id"]).to_owned();
    let grown = owner.api.ok(ops::add_members(&id, rest)).await;
    assert_eq!(grown["conversation"]["memberCount"], json!(MEMBERS));
    id
}

async fn behaviour_8_7_members_of_a_large_conversation_get_one_event_and_page(form: Form) {
    let system = System::start_with(form, SETTINGS).await;
    let admin = system.administrator().await;
    set_policies(&admin, &[("visibility_mode", "open_community")]).await;
    let people: Vec<Person> = people(&[system.api()], "member", MEMBERS)
        .await
        .into_iter()
        .map(|(person, _)| person)
        .collect();
    let owner = &people[0];
    let others: Vec<&str> = people[1..].iter().map(|one| one.id.as_str()).collect();
    let id = make_conversation(owner, &others).await;

    let (found, pages) = everybody(&people[7], &id).await;
    let all: BTreeSet<String> = people.iter().map(|one| one.id.clone()).collect();
    assert_eq!(found, all);
    assert_eq!(pages, 3, "250, 250 and 100");

    // One through the first door, one through the last; both from where they are now.
    let far = people[MEMBERS - 1].at(system.other_base());
    let (mut near, _) = people[1].listen(Listen::default()).await;
    let (mut far_stream, _) = far.listen(Listen::default()).await;
    let sends = (1..=MESSAGES).map(|n| {
        let id = &id;
        async move { owner.send(id, &format!("k{n}"), &format!("text {n}")).await }
    });
    join_all(sends).await;
    for stream in [&mut near, &mut far_stream] {
        let mut told: Vec<Value> = Vec::new();
        while told
            .last()
            .is_none_or(|entry| number(&entry["advanced"]["lastSeq"]) < MESSAGES)
        {
            told.extend(stream.entries(1, LONG).await.0);
        }
        // All of it in one; two or three if an interval ended, or a replica told, in between.
        assert!(told.len() <= 3, "{told:?}");
        assert!(told.iter().all(|entry| entry["kind"] == "ADVANCED"));
        println!("{form:?}: {MESSAGES} messages were told by {}", told.len());
    }

    let page = far
        .api
        .ok(ops::history(&id, "afterSeq=0&pageSize=50"))
        .await;
    let numbers: Vec<i64> = list(&page["messages"])
        .iter()
        .map(|message| number(&message["seq"]))
        .collect();
    assert_eq!(numbers, (1..=MESSAGES).collect::<Vec<i64>>());
    let own = far.api.ok(ops::conversations()).await;
    let view = &list(&own["conversations"])[0];
    assert_eq!(view["unreadCount"], json!(MESSAGES), "{view}");
    assert_eq!(list(&view["memberIds"]).len(), 50, "some of them");
    assert_eq!(list(&view["memberIds"])[0], json!(far.id), "{view}");
}
