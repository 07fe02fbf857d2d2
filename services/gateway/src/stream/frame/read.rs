//! Frames from clients: JSON as the proto3 mapping allows it.

use im_proto::{
    gateway::{Ack, Activity, ClientFrame, Hello, Ping, Typing, Watch, client_frame::Frame},
    messaging::SendMessageRequest,
};
use serde::{Deserialize, Deserializer, de::Error as _};

/// An object with exactly one key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum FrameText {
    Hello(HelloText),
    Ping(PingText),
    Watch(WatchText),
    Typing(TypingText),
    Ack(AckText),
    Activity(ActivityText),
    Send(SendText),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PingText {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct HelloText {
    cursor: String,
    idle: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct WatchText {
    #[serde(alias = "user_ids")]
    user_ids: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct TypingText {
    #[serde(alias = "conversation_id")]
    conversation_id: String,
    #[serde(alias = "user_id")]
    user_id: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct AckText {
    cursor: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ActivityText {
    idle: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct SendText {
    #[serde(alias = "conversation_id")]
    conversation_id: String,
    #[serde(alias = "client_key")]
    client_key: String,
    text: String,
    #[serde(alias = "reply_to_seq", deserialize_with = "int64")]
    reply_to_seq: i64,
}

/// 64-bit integers are text in JSON, but numbers are taken too.
fn int64<'de, D: Deserializer<'de>>(input: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Int64 {
        Number(i64),
        Text(String),
    }
    match Int64::deserialize(input)? {
        Int64::Number(number) => Ok(number),
        Int64::Text(text) => text.parse().map_err(|_| D::Error::custom("not an integer")),
    }
}

pub(super) fn frame(text: &str) -> Result<ClientFrame, serde_json::Error> {
    let frame = match serde_json::from_str(text)? {
        FrameText::Hello(HelloText { cursor, idle }) => Frame::Hello(Hello { cursor, idle }),
        FrameText::Ping(PingText {}) => Frame::Ping(Ping {}),
        FrameText::Watch(WatchText { user_ids }) => Frame::Watch(Watch { user_ids }),
        FrameText::Typing(TypingText {
            conversation_id,
            user_id,
        }) => Frame::Typing(Typing {
            conversation_id,
            user_id,
        }),
        FrameText::Ack(AckText { cursor }) => Frame::Ack(Ack { cursor }),
        FrameText::Activity(ActivityText { idle }) => Frame::Activity(Activity { idle }),
        FrameText::Send(SendText {
            conversation_id,
            client_key,
            text,
            reply_to_seq,
        }) => Frame::Send(SendMessageRequest {
            conversation_id,
            client_key,
            text,
            reply_to_seq,
        }),
    };
    Ok(ClientFrame { frame: Some(frame) })
}
