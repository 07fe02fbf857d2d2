//! What policy and presence allow.

use std::sync::atomic::Ordering;
use std::time::Duration;

use im_bus::{Event, Topic};
use im_policy::Key;
use im_proto::event::TypingStarted;
use im_proto::messaging as proto;
use im_proto::messaging::batch_send_messages_response::result::Outcome;
use im_runtime::error::ReasonedStatus;

use crate::harness::{Caller, Replica, World, reason, reason_of, texts};

async fn edit(
    replica: &Replica,
    caller: &Caller,
    id: &str,
    text: &str,
) -> Result<proto::Message, tonic::Status> {
    let (conversation_id, text) = (id.to_owned(), text.to_owned());
    let request = proto::EditMessageRequest {
        conversation_id,
        seq: 1,
        text,
    };
    Ok(replica
        .messages()
        .edit_message(caller.ask(request))
        .await?
        .into_inner()
        .message
        .unwrap())
}

async fn delete(
    replica: &Replica,
    caller: &Caller,
    id: &str,
) -> Result<proto::Message, tonic::Status> {
    let request = proto::DeleteMessageRequest {
        conversation_id: id.to_owned(),
        seq: 1,
    };
    Ok(replica
        .messages()
        .delete_message(caller.ask(request))
        .await?
        .into_inner()
        .message
        .unwrap())
}

#[tokio::test]
async fn behaviour_8_10_who_is_out_of_reach_gets_nothing_and_nothing_is_stored() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    let bobs = replica.list(&bob, "").await.unwrap().cursor;
    world.presence.refuse(ann.user_id, bob.user_id);
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    let refused = replica.send(&ann, &id, "k", "hi").await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (tonic::Code::PermissionDenied, "NOT_A_CONTACT")
    );
    assert!(replica.list(&bob, &bobs).await.unwrap().entries.is_empty());
    assert_eq!(replica.conversation(&ann, &id).await.last_seq, 0);
    assert!(
        replica.send(&bob, &id, "k", "hi").await.is_ok(),
        "the other way is open"
    );

    world.presence.is_away.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    let away = replica.send(&bob, &id, "k2", "hi").await.unwrap_err();
    assert_eq!(
        (away.code(), reason(&away).as_str()),
        (tonic::Code::Unavailable, "PRESENCE_UNAVAILABLE")
    );
    world.presence.is_away.store(false, Ordering::SeqCst);
    assert!(
        !replica.send(&bob, &id, "k2", "hi").await.unwrap().duplicate,
        "safe to repeat"
    );
}

#[tokio::test]
async fn a_verdict_is_asked_for_once_and_dropped_when_rosters_change() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    let before = world.presence.questions.load(Ordering::SeqCst);
    for n in 0..5 {
        replica
            .send(&ann, &id, &format!("k{n}"), "x")
            .await
            .unwrap();
    }
    assert_eq!(world.presence.questions.load(Ordering::SeqCst), before);
    world.presence.refuse(ann.user_id, bob.user_id);
    let bell = im_proto::event::RosterChanged {
        position: 1,
        user_ids: vec![bob.user_id.to_string()],
    };
    world
        .bus
        .publish_message(&Topic::new("presence", "roster").subject(), &bell);
    crate::harness::eventually(|| async {
        let key = world.ids.new_uuid().to_string();
        replica.send(&ann, &id, &key, "x").await.is_err()
    })
    .await;
}

#[tokio::test]
async fn texts_are_bounded_and_censored() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    // More than any policy allows is refused for the same reason.
    let long = replica.send(&ann, &id, "k0", &"x".repeat(32_769)).await;
    assert_eq!(reason(&long.unwrap_err()), "MESSAGE_TOO_LONG");
    world.set_policy(Key::MessageBytesMax, "10").await;
    assert!(replica.send(&ann, &id, "k1", &"x".repeat(10)).await.is_ok());
    let long = replica
        .send(&ann, &id, "k2", &"x".repeat(11))
        .await
        .unwrap_err();
    assert_eq!(reason(&long), "MESSAGE_TOO_LONG");
    assert_eq!(ReasonedStatus::of(&long).field_violations[0].field, "text");
    for (key, text) in [("", "x"), ("k3", ""), ("k3", "  "), ("k3", "a\0b")] {
        let refused = replica.send(&ann, &id, key, text).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_FIELD", "{key:?} {text:?}");
    }
    world.set_policy(Key::CensorWords, "darn").await;
    world.set_policy(Key::CensorMode, "mask").await;
    let masked = replica
        .send(&ann, &id, "k4", "oh Darn!")
        .await
        .unwrap()
        .message
        .unwrap();
    assert_eq!(masked.text, "oh ****!");
    world.set_policy(Key::CensorWords, "heck").await;
    let again = replica.send(&ann, &id, "k4", "oh Darn!").await.unwrap();
    assert!(
        again.duplicate,
        "the key stands for what was said, not for what was kept"
    );
    world.set_policy(Key::CensorMode, "refuse").await;
    let refused = replica
        .send(&ann, &id, "k5", "the HECK!")
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "MESSAGE_CENSORED");
}

/// §5.4
#[tokio::test]
async fn a_person_sends_so_many_in_a_minute() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    world.set_policy(Key::MessagesPerMinuteMax, "3").await;
    for n in 0..3 {
        replica
            .send(&ann, &id, &format!("k{n}"), "x")
            .await
            .unwrap();
    }
    let refused = ReasonedStatus::of(&replica.send(&ann, &id, "k3", "x").await.unwrap_err());
    assert_eq!(refused.reason.as_deref(), Some("RATE_LIMITED"));
    assert!(
        refused
            .retry_after
            .is_some_and(|wait| wait <= Duration::from_secs(20))
    );
    assert!(replica.send(&bob, &id, "k", "x").await.is_ok());
}

/// §5.4
#[expect(clippy::too_many_lines, reason = "one message's life")]
#[tokio::test]
async fn messages_are_edited_deleted_and_reacted_to_within_policy() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    replica.send(&ann, &id, "k", "first").await.unwrap();
    let start = replica.list(&bob, "").await.unwrap().cursor;

    assert_eq!(
        reason(&edit(&replica, &bob, &id, "x").await.unwrap_err()),
        "NOT_THE_SENDER"
    );
    let edited = edit(&replica, &ann, &id, "second").await.unwrap();
    assert_eq!((edited.revision, edited.edit_time.is_some()), (2, true));
    world.set_policy(Key::MessageEditEnabled, "false").await;
    assert_eq!(
        reason(&edit(&replica, &ann, &id, "x").await.unwrap_err()),
        "MESSAGE_EDIT_CLOSED"
    );

    let reaction = |emoji: &str| proto::AddReactionRequest {
        conversation_id: id.clone(),
        seq: 1,
        emoji: emoji.to_owned(),
    };
    let mut client = replica.messages();
    let reacted = client
        .add_reaction(bob.ask(reaction("👍")))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reacted.message.unwrap().reactions[0].count, 1);
    let word = client
        .add_reaction(bob.ask(reaction("ok")))
        .await
        .unwrap_err();
    assert_eq!(reason(&word), "INVALID_FIELD");
    world.set_policy(Key::ReactionsEnabled, "false").await;
    let refused = client
        .add_reaction(bob.ask(reaction("😀")))
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "REACTIONS_DISABLED");

    assert_eq!(
        reason(&delete(&replica, &bob, &id).await.unwrap_err()),
        "NOT_THE_SENDER"
    );
    world.set_policy(Key::MessageDeleteEnabled, "false").await;
    let closed = delete(&replica, &ann, &id).await.unwrap_err();
    assert_eq!(reason(&closed), "MESSAGE_DELETE_CLOSED");
    world.set_policy(Key::MessageDeleteEnabled, "true").await;
    let gone = delete(&replica, &ann, &id).await.unwrap();
    assert_eq!(
        (gone.text.as_str(), gone.removal()),
        ("", proto::message::Removal::Deleted)
    );
    assert!(
        gone.reactions.is_empty(),
        "nothing of it is left but the number"
    );
    assert_eq!(
        delete(&replica, &ann, &id).await.unwrap(),
        gone,
        "once is enough"
    );
    world.set_policy(Key::MessageEditEnabled, "true").await;
    assert_eq!(
        reason(&edit(&replica, &ann, &id, "x").await.unwrap_err()),
        "MESSAGE_REMOVED"
    );
    let entries = replica.list(&bob, &start).await.unwrap().entries;
    let kinds: Vec<i32> = entries.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [2, 4, 3], "edit, reaction, delete");
    assert_eq!(texts(&entries), ["", "", ""], "the message as it is now");
    let page = replica.history(&bob, &id, (0, 0, 0)).await.unwrap();
    assert_eq!(page.messages[0].seq, 1, "the number stays");
}

#[tokio::test]
async fn a_gateway_sends_for_many_and_each_stands_by_itself() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob, eve) = (
        world.user("ann").await,
        world.user("bob").await,
        world.user("eve").await,
    );
    let id = replica.direct(&ann, &bob).await;
    let gone = world.user("gone").await;
    world
        .auth
        .update_user(gone.user_id, |facts| facts.is_active = false);
    world.auth.revoke_session(bob.session_id, bob.user_id);
    world.auth.publish(&world.directory).await;
    let message = |caller: &Caller, key: &str| proto::ClientMessage {
        user_id: caller.user_id.to_string(),
        session_id: caller.session_id.to_string(),
        site_id: "default".to_owned(),
        request: Some(proto::SendMessageRequest {
            conversation_id: id.clone(),
            client_key: key.to_owned(),
            text: "x".to_owned(),
            reply_to_seq: 0,
        }),
    };
    let messages = vec![
        message(&ann, "k1"),
        message(&eve, "k1"),
        message(&ann, "k2"),
        message(&gone, "k1"),
        message(&ann, ""),
        message(&bob, "k1"),
        message(&ann, "k1"),
    ];
    let request = proto::BatchSendMessagesRequest { messages };
    let answer = replica
        .internal()
        .batch_send_messages(request)
        .await
        .unwrap()
        .into_inner();
    let outcomes: Vec<String> = answer
        .results
        .into_iter()
        .map(|result| match result.outcome.unwrap() {
            Outcome::Response(sent) => {
                format!("{} {}", sent.message.unwrap().seq, sent.duplicate)
            }
            Outcome::Error(error) => reason_of(&error),
        })
        .collect();
    let expected = [
        "1 false",
        "CONVERSATION_NOT_FOUND",
        "2 false",
        "SENDER_INACTIVE",
        "INVALID_FIELD",
        "SESSION_REVOKED",
        "1 true",
    ];
    assert_eq!(outcomes, expected);
}

#[tokio::test]
async fn behaviour_8_12_typing_is_told_to_those_in_reach_and_to_nobody_else() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob, eve) = (
        world.user("ann").await,
        world.user("bob").await,
        world.user("eve").await,
    );
    let id = replica.direct(&ann, &bob).await;
    let mut bells = world
        .bus
        .subscribe(Topic::new("messaging", "typing").subject())
        .await
        .unwrap();
    let typing = |caller: &Caller| proto::PublishTypingRequest {
        conversation_id: id.clone(),
        user_id: caller.user_id.to_string(),
        site_id: "default".to_owned(),
    };
    let mut client = replica.internal();
    client.publish_typing(typing(&ann)).await.unwrap();
    let Some(Event::Message(bell)) = bells.recv().await else {
        panic!()
    };
    let bell: TypingStarted = bell.decode().unwrap();
    assert_eq!(bell.recipient_ids, [bob.user_id.to_string()]);
    let stranger = client.publish_typing(typing(&eve)).await.unwrap_err();
    assert_eq!(reason(&stranger), "CONVERSATION_NOT_FOUND");
    // The database may be gone by now: what is needed is remembered.
    world.database.database().close().await;
    client.publish_typing(typing(&ann)).await.unwrap();
    assert!(matches!(bells.recv().await, Some(Event::Message(_))));
    world.set_policy(Key::TypingEnabled, "false").await;
    client.publish_typing(typing(&ann)).await.unwrap();
    let silence = tokio::time::timeout(Duration::from_millis(100), bells.recv()).await;
    assert!(silence.is_err());
}
