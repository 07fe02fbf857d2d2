//! Conversations of several people.

use im_policy::Key;
use im_proto::messaging as proto;
use im_proto::messaging::entry::Payload;

use crate::harness::{Caller, Replica, World, reason};

async fn add(
    replica: &Replica,
    actor: &Caller,
    id: &str,
    users: &[&Caller],
) -> Result<proto::Conversation, tonic::Status> {
    let request = proto::AddMembersRequest {
        conversation_id: id.to_owned(),
        user_ids: users.iter().map(|user| user.user_id.to_string()).collect(),
    };
    let answer = replica
        .conversations()
        .add_members(actor.ask(request))
        .await?;
    Ok(answer.into_inner().conversation.unwrap())
}

async fn remove(
    replica: &Replica,
    actor: &Caller,
    id: &str,
    user_id: &str,
) -> Result<(), tonic::Status> {
    let (conversation_id, user_id) = (id.to_owned(), user_id.to_owned());
    let request = proto::RemoveMemberRequest {
        conversation_id,
        user_id,
    };
    replica
        .conversations()
        .remove_member(actor.ask(request))
        .await
        .map(|_| ())
}

#[tokio::test]
async fn strangers_do_not_learn_that_a_conversation_exists() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob, eve) = (
        world.user("ann").await,
        world.user("bob").await,
        world.user("eve").await,
    );
    let id = replica.group(&ann, &[&bob], "Plans").await;
    let get = proto::GetConversationRequest {
        conversation_id: id.clone(),
    };
    let get = replica
        .conversations()
        .get_conversation(eve.ask(get))
        .await
        .unwrap_err();
    let send = replica.send(&eve, &id, "k", "hi").await.unwrap_err();
    let list = replica.history(&eve, &id, (0, 0, 0)).await.unwrap_err();
    let read = replica.mark_read(&eve, &id, 0).await.unwrap_err();
    let join = add(&replica, &eve, &id, &[&eve]).await.unwrap_err();
    for refused in [get, send, list, read, join] {
        assert_eq!(refused.code(), tonic::Code::NotFound);
        assert_eq!(reason(&refused), "CONVERSATION_NOT_FOUND");
    }
}

#[tokio::test]
async fn owners_rule_and_the_oldest_member_inherits() {
    let world = World::new().await;
    world
        .set_policy(Key::ConversationMembersAdd, "owners")
        .await;
    world.set_policy(Key::ConversationMembersMax, "3").await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let (cid, dan) = (world.user("cid").await, world.user("dan").await);
    let id = replica.group(&ann, &[&bob], "Plans").await;
    replica.send(&ann, &id, "k", "before").await.unwrap();

    assert_eq!(
        reason(&add(&replica, &bob, &id, &[&cid]).await.unwrap_err()),
        "NOT_AN_OWNER"
    );
    let now = add(&replica, &ann, &id, &[&cid, &bob]).await.unwrap();
    assert_eq!((now.member_count, now.is_owner), (3, true));
    let full = add(&replica, &ann, &id, &[&dan]).await.unwrap_err();
    assert_eq!(reason(&full), "TOO_MANY_MEMBERS");
    assert_eq!(
        replica.conversation(&cid, &id).await.unread_count,
        0,
        "what was before is not new"
    );

    let bobs = bob.user_id.to_string();
    assert_eq!(
        reason(&remove(&replica, &cid, &id, &bobs).await.unwrap_err()),
        "NOT_AN_OWNER"
    );
    remove(&replica, &ann, &id, "me").await.unwrap();
    assert!(
        replica.conversation(&bob, &id).await.is_owner,
        "the oldest member"
    );
    assert!(!replica.conversation(&cid, &id).await.is_owner);
    let gone = replica
        .send(&ann, &id, "k2", "still here?")
        .await
        .unwrap_err();
    assert_eq!(reason(&gone), "CONVERSATION_NOT_FOUND");
    let again = replica.send(&ann, &id, "k", "before").await.unwrap();
    assert!(
        again.duplicate,
        "what was accepted once is answered the same"
    );

    let title = |title: &str| proto::UpdateConversationRequest {
        conversation_id: id.clone(),
        title: title.to_owned(),
    };
    let mut client = replica.conversations();
    let refused = client
        .update_conversation(cid.ask(title("No")))
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "NOT_AN_OWNER");
    client
        .update_conversation(bob.ask(title("New plans")))
        .await
        .unwrap();
    assert_eq!(replica.conversation(&cid, &id).await.title, "New plans");
}

#[tokio::test]
async fn everybody_concerned_is_told_in_their_mailbox() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob, cid) = (
        world.user("ann").await,
        world.user("bob").await,
        world.user("cid").await,
    );
    let start = replica.list(&cid, "").await.unwrap().cursor;
    let id = replica.group(&ann, &[&bob], "Plans").await;
    add(&replica, &bob, &id, &[&cid]).await.unwrap();
    replica.send(&bob, &id, "k", "welcome").await.unwrap();
    remove(&replica, &ann, &id, &cid.user_id.to_string())
        .await
        .unwrap();
    replica.send(&bob, &id, "k2", "without cid").await.unwrap();
    let entries = replica.list(&cid, &start).await.unwrap().entries;
    let kinds: Vec<String> = entries
        .iter()
        .map(|entry| match entry.payload.as_ref().unwrap() {
            Payload::Membership(about) => format!("{:?}", about.change()),
            Payload::Message(message) => message.text.clone(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["Added", "welcome", "Removed"]);
}

#[tokio::test]
async fn a_group_is_made_once_for_a_key_and_only_of_people_in_reach() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob, cid) = (
        world.user("ann").await,
        world.user("bob").await,
        world.user("cid").await,
    );
    world.presence.refuse(ann.user_id, cid.user_id);
    let request = |title: &str, other: &Caller| proto::CreateConversationRequest {
        kind: proto::conversation::Kind::Group.into(),
        member_ids: vec![other.user_id.to_string()],
        title: title.to_owned(),
        client_key: "g1".to_owned(),
    };
    let mut client = replica.conversations();
    let first = client
        .create_conversation(ann.ask(request("A", &bob)))
        .await
        .unwrap();
    let again = client
        .create_conversation(ann.ask(request("A", &bob)))
        .await
        .unwrap();
    assert_eq!(first.into_inner(), again.into_inner());
    let other = client
        .create_conversation(ann.ask(request("B", &bob)))
        .await
        .unwrap_err();
    assert_eq!(reason(&other), "CLIENT_KEY_REUSED");
    let mut with_cid = request("C", &cid);
    with_cid.client_key = String::new();
    let refused = client
        .create_conversation(ann.ask(with_cid))
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "NOT_A_CONTACT");
    world
        .set_policy(Key::ConversationsCreateGroup, "false")
        .await;
    let mut another = request("D", &bob);
    another.client_key = "g2".to_owned();
    let refused = client
        .create_conversation(ann.ask(another))
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "GROUP_CONVERSATIONS_DISABLED");
    let direct = replica.direct(&ann, &bob).await;
    let refused = add(&replica, &ann, &direct, &[&cid]).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_A_GROUP");
}

#[tokio::test]
async fn behaviour_8_7_a_large_conversation_tells_how_far_it_has_come() {
    let world = World::new().await;
    world.set_policy(Key::FanoutMembersMax, "2").await;
    let replica = world.replica().await;
    let (ann, bob, cid) = (
        world.user("ann").await,
        world.user("bob").await,
        world.user("cid").await,
    );
    let id = replica.group(&ann, &[&bob, &cid], "Hall").await;
    let start = replica.list(&cid, "").await.unwrap().cursor;
    for n in 0..20 {
        replica
            .send(&ann, &id, &format!("k{n}"), "x")
            .await
            .unwrap();
    }
    let mut entries = Vec::new();
    for _ in 0..100 {
        entries = replica.list(&cid, &start).await.unwrap().entries;
        let is_done = entries.last().is_some_and(|entry| {
            matches!(
                &entry.payload,
                Some(Payload::Advanced(advanced)) if advanced.last_seq == 20
            )
        });
        if is_done {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(
        entries
            .iter()
            .all(|entry| matches!(entry.payload, Some(Payload::Advanced(_))))
    );
    assert!(
        (1..20).contains(&entries.len()),
        "{} entries for 20 messages",
        entries.len()
    );
    let page = replica.history(&cid, &id, (0, 0, 200)).await.unwrap();
    assert_eq!(page.messages.len(), 20);
    assert_eq!(replica.conversation(&cid, &id).await.unread_count, 20);
}
