//! Rosters and reach.

use im_policy::Key;
use im_proto::presence as proto;
use im_proto::presence::contact::State as Contact;
use im_runtime::error::{ErrorKind, ReasonedStatus};
use im_types::{GroupId, UserId};

use crate::harness::{Instance, World, reason};

fn states(roster: &[proto::Contact]) -> Vec<Contact> {
    roster.iter().map(proto::Contact::state).collect()
}

async fn feed(instance: &Instance, after_position: i64) -> Vec<(i64, String, Contact)> {
    let request = proto::ListRosterChangesRequest {
        after_position,
        limit: 0,
    };
    let page = instance
        .internal
        .clone()
        .list_roster_changes(request)
        .await
        .unwrap()
        .into_inner();
    let told = page.changes.into_iter().map(|change| {
        (
            change.position,
            change.owner_id,
            change.contact.unwrap().state(),
        )
    });
    told.collect()
}

/// Whoever follows the feed asks again until there is nothing more, while rosters go on changing.
#[tokio::test]
async fn following_the_feed_costs_by_time_and_not_by_change() {
    const CHANGES: i64 = 120;
    let world = World::mock().await;
    world.set(Key::VisibilityMode, "open_community");
    let ann = world.user("ann");
    let service = world.start().await;
    let write = async {
        // Without consent one call is two changes.
        for number in 0..CHANGES / 2 {
            let other = world.user(&format!("user{number}"));
            service.publish().await;
            service.ask(ann, other).await.unwrap();
        }
    };
    let begun_at = tokio::time::Instant::now();
    let read = async {
        let (mut calls, mut told) = (0, Vec::new());
        while told.last() != Some(&CHANGES) {
            let after = told.last().copied().unwrap_or_default();
            let page = feed(&service, after).await;
            told.extend(page.into_iter().map(|it| it.0));
            calls += 1;
        }
        (calls, told)
    };
    let ((), (calls, told)) = tokio::join!(write, read);
    assert_eq!(told, (1..=CHANGES).collect::<Vec<_>>());
    let calls_max = begun_at.elapsed().as_millis() / 100 + 2;
    assert!(
        calls <= calls_max,
        "{calls} calls, {calls_max} in this time"
    );
    service.stop().await;
}

#[tokio::test]
async fn two_people_become_contacts_and_part() {
    let world = World::mock().await;
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let service = world.start().await;
    let asked = service.ask(ann, bob).await.unwrap();
    assert_eq!(
        (asked.state(), asked.username.as_str()),
        (Contact::Requested, "bob")
    );
    assert_eq!(service.reach(ann, &[bob]).await, ["NOT_A_CONTACT"]);
    let pending = service.roster(bob).await;
    assert_eq!(
        (states(&pending), pending[0].note.as_str()),
        (vec![Contact::Pending], "hi")
    );
    assert_eq!(
        reason(service.accept(ann, bob).await),
        "CONTACT_NOT_REQUESTED"
    );
    assert_eq!(
        service.accept(bob, ann).await.unwrap().state(),
        Contact::Accepted
    );
    assert_eq!(service.reach(ann, &[bob, ann]).await, ["", ""]);
    assert_eq!(reason(service.ask(ann, bob).await), "CONTACT_EXISTS");
    let told = feed(&service, 2).await;
    assert_eq!(
        told.iter().map(|it| (it.0, it.2)).collect::<Vec<_>>(),
        [(3, Contact::Accepted), (4, Contact::Accepted)]
    );

    let request = service.by(
        bob,
        proto::DeleteContactRequest {
            user_id: ann.to_string(),
        },
    );
    service
        .contacts
        .clone()
        .delete_contact(request)
        .await
        .unwrap();
    assert_eq!(service.roster(ann).await, []);
    assert_eq!(service.reach(ann, &[bob]).await, ["NOT_A_CONTACT"]);
    assert_eq!(feed(&service, 4).await.len(), 2, "both are told");
    service.stop().await;
}

#[tokio::test]
async fn asking_whoever_asked_accepts_and_declining_pauses() {
    let world = World::mock().await;
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let service = world.start().await;
    service.ask(ann, bob).await.unwrap();
    let request = service.by(
        bob,
        proto::DeclineContactRequest {
            user_id: ann.to_string(),
        },
    );
    service
        .contacts
        .clone()
        .decline_contact(request)
        .await
        .unwrap();
    assert_eq!(service.roster(ann).await, []);
    let refused = ReasonedStatus::of(&service.ask(ann, bob).await.unwrap_err());
    assert_eq!(refused.reason.as_deref(), Some("CONTACT_REQUEST_PAUSED"));
    assert_eq!(
        refused.retry_after,
        Some(std::time::Duration::from_hours(24))
    );
    service.ask(bob, ann).await.unwrap();
    assert_eq!(
        service.ask(ann, bob).await.unwrap().state(),
        Contact::Accepted
    );
    service.stop().await;
}

#[tokio::test]
async fn the_blocked_one_is_not_told() {
    let world = World::mock().await;
    let (ann, bob, eve) = (world.user("ann"), world.user("bob"), world.user("eve"));
    let service = world.start().await;
    service.befriend(ann, bob).await;
    let before = service.roster(ann).await;
    assert_eq!(service.block(bob, ann).await.state(), Contact::Blocked);
    assert_eq!(service.roster(ann).await, before);
    assert_eq!(service.reach(ann, &[bob]).await, ["NOT_A_CONTACT"]);
    assert_eq!(service.reach(bob, &[ann]).await, ["BLOCKED"]);
    // A request to somebody who blocked looks like any other.
    service.block(bob, eve).await;
    let (to_blocker, to_other) = (service.ask(eve, bob).await, service.ask(eve, ann).await);
    let (to_blocker, to_other) = (to_blocker.unwrap(), to_other.unwrap());
    assert_eq!(
        (to_blocker.state(), to_blocker.note, to_blocker.create_time),
        (to_other.state(), to_other.note, to_other.create_time)
    );
    assert_eq!(
        states(&service.roster(bob).await),
        [Contact::Blocked, Contact::Blocked]
    );
    assert_eq!(reason(service.ask(bob, eve).await), "BLOCKED");
    let request = service.by(
        bob,
        proto::UnblockContactRequest {
            user_id: ann.to_string(),
        },
    );
    service
        .contacts
        .clone()
        .unblock_contact(request)
        .await
        .unwrap();
    assert_eq!(
        service.reach(ann, &[bob]).await,
        [""],
        "what was before came back"
    );
    service.stop().await;
}

#[tokio::test]
async fn rosters_are_limited_and_hierarchy_counts() {
    let world = World::mock().await;
    world.set(Key::ContactsMax, "2");
    world.set(Key::HierarchyEnforced, "true");
    let people: Vec<UserId> = (0..4).map(|n| world.user(&format!("user{n}"))).collect();
    let boss = world.user("boss");
    world
        .auth
        .update_user(boss, |facts| facts.hierarchy_level = 1);
    let service = world.start().await;
    assert_eq!(reason(service.ask(people[0], boss).await), "HIERARCHY");
    assert_eq!(service.reach(people[0], &[boss]).await, ["HIERARCHY"]);
    service.befriend(boss, people[0]).await;
    assert_eq!(
        service.reach(people[0], &[boss]).await,
        [""],
        "contacts may write"
    );
    service.ask(people[0], people[1]).await.unwrap();
    let refused = ReasonedStatus::of(&service.ask(people[0], people[2]).await.unwrap_err());
    assert_eq!(refused.kind, ErrorKind::ResourceExhausted);
    assert_eq!(refused.reason.as_deref(), Some("CONTACT_LIMIT"));
    assert_eq!(refused.metadata["contacts_max"], "2");
    assert_eq!(refused.metadata["whose"], "own");
    let refused = ReasonedStatus::of(&service.ask(people[3], people[0]).await.unwrap_err());
    assert_eq!(refused.metadata["whose"], "other");
    service.stop().await;
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused_with_the_field() {
    let world = World::mock().await;
    let ann = world.user("ann");
    let service = world.start().await;
    assert_eq!(reason(service.ask(ann, ann).await), "CONTACT_WITH_ONESELF");
    let stranger: UserId = world.ids.new_id();
    assert_eq!(reason(service.ask(ann, stranger).await), "USER_NOT_FOUND");
    assert_eq!(service.reach(ann, &[stranger]).await, ["USER_NOT_FOUND"]);
    let message = proto::CreateContactRequest {
        user_id: "bob".to_owned(),
        note: String::new(),
    };
    let status = service
        .contacts
        .clone()
        .create_contact(service.by(ann, message))
        .await;
    let refused = ReasonedStatus::of(&status.unwrap_err());
    assert_eq!(refused.kind, ErrorKind::InvalidArgument);
    assert_eq!(refused.field_violations[0].field, "user_id");
    let request = proto::ListContactsRequest::default();
    let status = service.contacts.clone().list_contacts(request).await;
    assert_eq!(reason(status), "TOKEN_MISSING");
    service.stop().await;
}

#[tokio::test]
async fn open_communities_need_no_consent_and_groups_bring_together() {
    let world = World::mock().await;
    world.set(Key::VisibilityMode, "open_community");
    let (ann, bob, eve) = (world.user("ann"), world.user("bob"), world.user("eve"));
    let service = world.start().await;
    assert_eq!(service.reach(ann, &[bob]).await, [""]);
    assert_eq!(
        service.ask(ann, bob).await.unwrap().state(),
        Contact::Accepted
    );
    world.set(Key::VisibilityMode, "group_community");
    world
        .auth
        .set_group(world.ids.new_id::<GroupId>(), "sales", &[ann, eve]);
    service.publish().await;
    assert_eq!(
        service.reach(ann, &[bob, eve]).await,
        ["NO_COMMON_GROUP", ""]
    );
    service.block(eve, ann).await;
    assert_eq!(
        service.reach(ann, &[eve]).await,
        ["NO_COMMON_GROUP"],
        "a block is not told"
    );
    service.stop().await;
}

#[tokio::test]
async fn marks_are_kept_without_a_contact() {
    let world = World::mock().await;
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let service = world.start().await;
    service.hide(ann, bob, true).await;
    let roster = service.roster(ann).await;
    assert_eq!(
        (states(&roster), roster[0].is_hidden_from),
        (vec![Contact::None], true)
    );
    assert_eq!(service.roster(bob).await, []);
    service.hide(ann, bob, false).await;
    assert_eq!(service.roster(ann).await, []);
    let message = proto::UpdateContactRequest {
        user_id: bob.to_string(),
        alias: Some("x".repeat(81)),
        ..Default::default()
    };
    let refused = service
        .contacts
        .clone()
        .update_contact(service.by(ann, message))
        .await;
    assert_eq!(reason(refused), "INVALID_FIELD");
    service.stop().await;
}
