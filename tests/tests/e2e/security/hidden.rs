//! §7.4: what is told about somebody who hides is what is told about somebody who is not there.

use std::time::Duration;

use im_tests::Received;
use im_tests::client::{Events, Listen, Person, ops};
use serde_json::{Value, json};

use crate::system::{Form, LONG, SOON, System, list};

in_both_forms!(
    behaviour_7_4_an_invisible_person_looks_like_an_offline_one,
    behaviour_7_4_hidden_from_one_is_seen_by_others,
);

/// A presence without what names the person and counts changes.
fn looks(presence: &Value) -> Value {
    let mut presence = presence.clone();
    for field in ["userId", "revision", "epoch", "lastSeenTime"] {
        if let Some(value) = presence.get_mut(field) {
            *value = json!("given");
        }
    }
    presence
}

/// What the stream tells about one person until nothing more comes.
async fn told_about(stream: &mut Events, people: &[&Person]) -> Vec<Vec<Value>> {
    let mut told = vec![Vec::new(); people.len()];
    while let Received::Frame(frame) = stream.receive(Duration::from_secs(3)).await {
        for presence in frame["presence"]["presences"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let about = people
                .iter()
                .position(|person| presence["userId"] == json!(person.id));
            told[about.expect("somebody who is watched")].push(looks(presence));
        }
    }
    told
}

async fn behaviour_7_4_an_invisible_person_looks_like_an_offline_one(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let carl = system.person("carl").await;
    ann.befriend(&carl).await;
    let (mut seen, _) = ann.listen(Listen::watching([&bob.id, &carl.id])).await;
    let (his, _) = bob.at(system.other_base()).listen(Listen::default()).await;
    seen.presence(&bob.id, "ONLINE", LONG).await;
    let (carls, _) = carl.at(system.other_base()).listen(Listen::default()).await;
    seen.presence(&carl.id, "ONLINE", LONG).await;

    // Bob hides, Carl leaves.
    let own = bob.api.ok(ops::set_presence("INVISIBLE", "hiding")).await;
    assert_eq!(own["presence"]["state"], "INVISIBLE", "oneself is told");
    carls.close().await;
    let bobs_end = seen.presence(&bob.id, "OFFLINE", LONG).await;
    let carls_end = seen.presence(&carl.id, "OFFLINE", LONG).await;
    assert_eq!(looks(&bobs_end), looks(&carls_end));

    // Whatever Bob does, nothing is told.
    let second = Person::login(&system.api(), "bob").await;
    let (second, _) = second.listen(Listen::default()).await;
    bob.api
        .ok(ops::set_presence("INVISIBLE", "still hiding"))
        .await;
    second.close().await;
    his.close().await;
    let told = told_about(&mut seen, &[&bob, &carl]).await;
    assert_eq!(
        told,
        [Vec::<Value>::new(), Vec::new()],
        "nothing is told of either"
    );

    // Asked or watched anew, both look alike.
    let bob_again = Person::login(&system.api(), "bob").await;
    let (_his, _) = bob_again.listen(Listen::default()).await;
    let asked = ann.api.ok(ops::presences(&[&bob.id, &carl.id])).await;
    let [one, two] = list(&asked["presences"]) else {
        panic!("two were asked for: {asked}")
    };
    assert_eq!(looks(one), looks(two));
    let (mut anew, _) = ann.listen(Listen::watching([&bob.id, &carl.id])).await;
    let told = told_about(&mut anew, &[&bob, &carl]).await;
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].len(), 1, "a snapshot: {told:?}");
    let contacts = ann.api.ok(ops::contacts()).await.to_string();
    assert!(
        !contacts.contains("INVISIBLE") && !contacts.contains("hiding"),
        "{contacts}"
    );
}

async fn behaviour_7_4_hidden_from_one_is_seen_by_others(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let carl = system.person("carl").await;
    bob.befriend(&carl).await;
    bob.api
        .ok(ops::update_contact(
            &ann.id,
            &json!({ "isHiddenFrom": true }),
        ))
        .await;
    let (mut hers, _) = ann.listen(Listen::watching([&bob.id])).await;
    let (mut carls, _) = carl
        .at(system.other_base())
        .listen(Listen::watching([&bob.id]))
        .await;
    hers.presence(&bob.id, "OFFLINE", SOON).await;
    let (_stream, _) = bob.listen(Listen::default()).await;
    carls.presence(&bob.id, "ONLINE", LONG).await;
    bob.api.ok(ops::set_presence("BUSY", "with Carl")).await;
    carls.presence(&bob.id, "BUSY", LONG).await;
    let told = told_about(&mut hers, &[&bob]).await;
    assert_eq!(
        told,
        [Vec::<Value>::new()],
        "nothing is told to whom Bob hides from"
    );
    let asked = ann.api.ok(ops::presences(&[&bob.id])).await;
    assert_eq!(asked["presences"][0]["state"], "OFFLINE", "{asked}");
}
