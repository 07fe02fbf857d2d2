//! What goes into a session and what comes out of it.

use im_proto::{
    gateway::{ClientFrame, Notice, PresenceBatch, Sent, server_frame::Frame},
    google::rpc,
    messaging::{Batch, SendMessageRequest},
};
use im_runtime::error::ReasonedStatus;
use im_types::UserId;
use prost::Message as _;

/// Something happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// The mailbox is being read from this position.
    Opened {
        /// The position.
        cursor: String,
    },
    /// Mailbox entries.
    Batch(Batch),
    /// Presences of watched people.
    Presence(PresenceBatch),
    /// Something about the session or the server.
    Notice(Notice),
    /// Somebody types.
    Typing {
        /// Where.
        conversation_id: String,
        /// Who.
        user_id: String,
    },
    /// A `send` was kept.
    Sent(Sent),
    /// A `send` failed.
    SendFailed(Fault),
    /// The client said something.
    Client(ClientFrame),
    /// The client said something that is not a frame.
    Malformed {
        /// What is wrong with it.
        message: String,
    },
    /// The peer showed that it lives, without saying anything.
    Alive,
    /// The time that [`super::Session::next_tick`] told has come.
    Tick,
    /// Nothing more will come; the client is to be told why.
    End(End),
}

/// Why a stream ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// The process stops.
    Draining {
        /// When the client is to come again, in milliseconds.
        reconnect_after_ms: i32,
    },
    /// The client takes its frames too slowly.
    SlowReader,
    /// The peer has not been heard of.
    HeartbeatLost,
    /// The connection to a service was lost and the stream cannot go on as it is.
    Failed(Fault),
}

/// A failure as the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `google.rpc.Code`.
    pub code: i32,
    /// One of the catalogue.
    pub reason: String,
    /// For developers.
    pub message: String,
    /// Of the `send` that failed; else empty.
    pub client_key: String,
    /// How long to wait before trying again, in milliseconds; 0 if that does not help.
    pub retry_after_ms: i32,
}

/// Something is to be done, in this order.
#[derive(Debug, PartialEq)]
pub(crate) enum Action {
    /// Tell the client.
    Send(Frame),
    /// Watch these people instead of those before.
    Watch(Vec<UserId>),
    /// Tell the members of a conversation that the person types.
    PublishTyping {
        /// `cnv_…`
        conversation_id: String,
    },
    /// The device has everything up to here.
    Acknowledge {
        /// The position.
        cursor: String,
    },
    /// Whether somebody sits in front of the device.
    ReportActivity {
        /// Nobody does.
        is_idle: bool,
    },
    /// A message to send.
    SubmitSend(SendMessageRequest),
    /// There is room for more entries.
    Credit {
        /// How many.
        entries: u32,
    },
    /// Ask the transport for a sign of life.
    Probe,
    /// Close the transport; nothing comes after this.
    Close,
}

impl Fault {
    /// A refusal without anything more to say.
    pub fn refused(reason: &str, message: &str) -> Self {
        Self {
            code: i32::from(tonic::Code::ResourceExhausted),
            reason: reason.to_owned(),
            message: message.to_owned(),
            client_key: String::new(),
            retry_after_ms: 0,
        }
    }

    /// What a status says.
    pub fn of(status: &tonic::Status) -> Self {
        let reasoned = ReasonedStatus::of(status);
        let retry_after_ms = reasoned.retry_after.map_or(0, |delay| delay.as_millis());
        Self {
            code: i32::from(status.code()),
            reason: reasoned.reason.unwrap_or_else(|| "UNKNOWN".to_owned()),
            message: reasoned.message,
            client_key: String::new(),
            retry_after_ms: i32::try_from(retry_after_ms).unwrap_or(i32::MAX),
        }
    }

    /// What a status within a message says.
    pub fn from_rpc(status: &rpc::Status) -> Self {
        Self::of(&tonic::Status::with_details(
            tonic::Code::from_i32(status.code),
            status.message.clone(),
            status.encode_to_vec().into(),
        ))
    }

    /// With the key of the `send` that failed.
    #[must_use]
    pub fn with_client_key(mut self, client_key: String) -> Self {
        self.client_key = client_key;
        self
    }
}
