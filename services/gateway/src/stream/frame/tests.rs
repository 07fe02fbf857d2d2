use im_proto::{
    gateway::{
        Error, Goaway, Notice, Pong, PresenceBatch, Sent, ServerFrame, Typing, Welcome,
        server_frame::Frame,
    },
    messaging::{
        Advanced, Batch, Entry, Membership, Message, Receipt, entry::Payload, message::Reaction,
    },
    presence::{Contact, Presence},
};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use prost_types::Timestamp;
use serde_json::Value;

use super::*;

fn descriptor(name: &str) -> MessageDescriptor {
    let pool = DescriptorPool::decode(im_proto::DESCRIPTOR_SET).unwrap();
    pool.get_message_by_name(name).unwrap()
}

/// The proto3 mapping by reflection.
fn mapped(frame: &Frame) -> Value {
    let encoded = ServerFrame {
        frame: Some(frame.clone()),
    }
    .encode_to_vec();
    let message =
        DynamicMessage::decode(descriptor("im.gateway.v1.ServerFrame"), encoded.as_slice())
            .unwrap();
    serde_json::from_slice(&crate::http::transcode::write(&message).unwrap()).unwrap()
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn message() -> Message {
    Message {
        id: text("msg_1"),
        conversation_id: text("cnv_1"),
        seq: i64::MAX,
        sender_id: text("usr_1"),
        text: text("quote \" line\n emoji 👍 </script>"),
        create_time: Some(Timestamp {
            seconds: 1_763_836_800,
            nanos: 123_000_000,
        }),
        edit_time: Some(Timestamp {
            seconds: 1_763_836_801,
            nanos: 0,
        }),
        revision: 3,
        reply_to_seq: 2,
        removal: 1,
        reactions: vec![Reaction {
            emoji: text("👍"),
            user_ids: vec![text("usr_2")],
            count: 1,
        }],
        client_key: text("k"),
    }
}

fn payloads() -> Vec<Option<Payload>> {
    let time = Some(Timestamp {
        seconds: -1,
        nanos: 1_000,
    });
    vec![
        None,
        Some(Payload::Message(message())),
        Some(Payload::Message(Message::default())),
        Some(Payload::Receipt(Receipt {
            read_seq: 5,
            user_id: text("u"),
            ..Receipt::default()
        })),
        Some(Payload::Membership(Membership {
            change: 2,
            user_ids: vec![text("a"), text("b")],
            kind: 2,
            ..Membership::default()
        })),
        // A value that this version does not know.
        Some(Payload::Membership(Membership {
            change: 99,
            ..Membership::default()
        })),
        Some(Payload::Contact(Contact {
            user_id: text("u"),
            state: 3,
            is_vip: true,
            create_time: time,
            ..Contact::default()
        })),
        Some(Payload::Advanced(Advanced {
            conversation_id: text("c"),
            last_seq: 9,
        })),
    ]
}

fn frames() -> Vec<Frame> {
    let entries = payloads()
        .into_iter()
        .enumerate()
        .map(|(kind, payload)| Entry {
            seq: 1_000 + i64::try_from(kind).unwrap(),
            kind: i32::try_from(kind).unwrap(),
            payload,
        });
    let presence = Presence {
        user_id: text("u"),
        state: 2,
        reason: text("lunch"),
        expire_time: Some(Timestamp {
            seconds: 1,
            nanos: 5_000,
        }),
        last_seen_time: Some(Timestamp {
            seconds: 60,
            nanos: 0,
        }),
        revision: 7,
        epoch: 8,
    };
    vec![
        Frame::Welcome(Welcome {
            session_id: text("ses_1"),
            cursor: text("1.7"),
            heartbeat_ms: 30_000,
            user_id: text("usr_1"),
            connection_id: text("con_1"),
        }),
        Frame::Batch(Batch {
            entries: entries.collect(),
            cursor: text("1.9"),
        }),
        Frame::Batch(Batch::default()),
        Frame::Presence(PresenceBatch {
            presences: vec![presence, Presence::default()],
            is_snapshot: true,
        }),
        Frame::Typing(Typing {
            conversation_id: text("c"),
            user_id: text("u"),
        }),
        Frame::Notice(Notice {
            reason: text("POLICY_CHANGED"),
            message: text("m"),
        }),
        Frame::Goaway(Goaway {
            reason: text("DRAINING"),
            reconnect_after_ms: 0,
        }),
        Frame::Error(Error {
            code: 8,
            reason: text("SITE_FULL"),
            ..Error::default()
        }),
        Frame::Pong(Pong {}),
        Frame::Sent(Sent {
            client_key: text("k"),
            message: Some(message()),
            duplicate: false,
        }),
        Frame::Sent(Sent::default()),
    ]
}

#[test]
fn frames_are_written_as_the_proto3_mapping_says() {
    for frame in frames() {
        let written: Value = serde_json::from_str(&write(&frame)).unwrap();
        assert_eq!(written, mapped(&frame), "{frame:?}");
        assert_eq!(written.as_object().unwrap().len(), 1, "one key: {written}");
    }
}

#[test]
fn an_entry_of_a_message_is_seq_kind_and_message() {
    let entry = Entry {
        seq: 7,
        kind: 1,
        payload: Some(Payload::Message(message())),
    };
    let batch = Frame::Batch(Batch {
        entries: vec![entry],
        cursor: text("1.7"),
    });
    let written: Value = serde_json::from_str(&write(&batch)).unwrap();
    let entry = &written["batch"]["entries"][0];
    assert_eq!(
        (&entry["seq"], &entry["kind"]),
        (&Value::from("7"), &Value::from("MESSAGE"))
    );
    assert_eq!(entry["message"]["seq"], i64::MAX.to_string());
    assert_eq!(entry["message"]["createTime"], "2025-11-22T18:40:00.123Z");
}

#[test]
fn frames_are_read_as_the_proto3_mapping_says() {
    let accepted = [
        r#"{"ping": {}}"#,
        r#"{"hello": {"cursor": "1.2", "idle": true}}"#,
        r#"{"watch": {"userIds": ["usr_1", "usr_2"]}}"#,
        r#"{"watch": {}}"#,
        r#"{"watch": {"user_ids": ["usr_1"]}}"#,
        r#"{"typing": {"conversationId": "cnv_1"}}"#,
        r#"{"ack": {"cursor": "1.2"}}"#,
        r#"{"activity": {"idle": true}}"#,
        r#"{"send": {"conversationId": "c", "clientKey": "k", "text": "t \u00e9", "replyToSeq": "7"}}"#,
        r#"{"send": {"conversation_id": "c", "client_key": "k", "text": "t", "reply_to_seq": 7}}"#,
    ];
    for text in accepted {
        let mut reader = serde_json::Deserializer::from_str(text);
        let mapped =
            DynamicMessage::deserialize(descriptor("im.gateway.v1.ClientFrame"), &mut reader)
                .unwrap();
        let mapped: ClientFrame = mapped.transcode_to().unwrap();
        assert_eq!(read(text).unwrap(), mapped, "{text}");
    }
    let refused = [
        "",
        "{}",
        "[]",
        r#"{"ping": {}, "ack": {}}"#,
        r#"{"shout": {}}"#,
        r#"{"ping": {"x": 1}}"#,
        r#"{"send": {"clientkey": "k"}}"#,
        r#"{"send": {"replyToSeq": "x"}}"#,
    ];
    for text in refused {
        assert!(read(text).is_err(), "{text}");
    }
}
