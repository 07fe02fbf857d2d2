//! What a client may say.

use im_proto::{
    gateway::{self, ClientFrame, client_frame, server_frame::Frame},
    messaging::SendMessageRequest,
};
use im_types::UserId;
use tokio::time::Instant;
use tonic::Code;

use super::{Action, Session, refusal};

/// Longest cursor that a client may acknowledge, in bytes; ours are far shorter.
const CURSOR_BYTES_MAX: usize = 256;

impl Session {
    pub(super) fn client(&mut self, frame: ClientFrame, now: Instant) -> Vec<Action> {
        use client_frame::Frame as Said;
        let Some(said) = frame.frame else {
            return vec![refusal(
                Code::InvalidArgument,
                "FRAME_INVALID",
                "the frame is empty",
            )];
        };
        if let Err(wait) = self.frames.take(now) {
            return vec![rate_limited(&said, wait)];
        }
        match said {
            Said::Hello(_) => vec![refusal(
                Code::FailedPrecondition,
                "HELLO_OUT_OF_PLACE",
                "hello can only be the first frame of a gRPC stream",
            )],
            Said::Ping(_) => vec![Action::Send(Frame::Pong(gateway::Pong {}))],
            Said::Watch(watch) => vec![self.watch(&watch.user_ids)],
            Said::Typing(typing) => self.typing(typing.conversation_id, now),
            Said::Ack(ack) => acknowledge(ack.cursor),
            Said::Activity(activity) => self.activity(activity.idle),
            Said::Send(request) => self.send(request),
        }
    }

    fn watch(&self, user_ids: &[String]) -> Action {
        if user_ids.len() > self.limits.watch_max {
            let message = format!("at most {} people can be watched", self.limits.watch_max);
            return refusal(Code::InvalidArgument, "WATCH_TOO_LARGE", &message);
        }
        match user_ids.iter().map(|id| UserId::parse(id)).collect() {
            Ok(user_ids) => Action::Watch(user_ids),
            Err(error) => refusal(
                Code::InvalidArgument,
                "FRAME_INVALID",
                &format!("watch.userIds: {error}"),
            ),
        }
    }

    fn typing(&mut self, conversation_id: String, now: Instant) -> Vec<Action> {
        let is_too_soon = self
            .typing_at
            .is_some_and(|at| now.saturating_duration_since(at) < self.limits.typing_interval);
        // Too often is no error: the others see it as one anyway.
        if is_too_soon || conversation_id.is_empty() {
            return Vec::new();
        }
        self.typing_at = Some(now);
        vec![Action::PublishTyping { conversation_id }]
    }

    fn activity(&mut self, is_idle: bool) -> Vec<Action> {
        if std::mem::replace(&mut self.is_idle, is_idle) == is_idle {
            return Vec::new();
        }
        vec![Action::ReportActivity { is_idle }]
    }

    fn send(&mut self, request: SendMessageRequest) -> Vec<Action> {
        self.sends_pending += 1;
        vec![Action::SubmitSend(request)]
    }
}

fn acknowledge(cursor: String) -> Vec<Action> {
    if cursor.is_empty() || cursor.len() > CURSOR_BYTES_MAX {
        let message = "ack.cursor is not a cursor";
        return vec![refusal(Code::InvalidArgument, "FRAME_INVALID", message)];
    }
    vec![Action::Acknowledge { cursor }]
}

fn rate_limited(said: &client_frame::Frame, wait: std::time::Duration) -> Action {
    let client_key = match said {
        client_frame::Frame::Send(request) => request.client_key.clone(),
        _ => String::new(),
    };
    // Rounded up, so that whoever waits that long is let through.
    let wait_ms = wait.as_millis().saturating_add(1);
    Action::Send(Frame::Error(gateway::Error {
        code: i32::from(Code::ResourceExhausted),
        reason: "RATE_LIMITED".to_owned(),
        message: "too many frames; wait before the next".to_owned(),
        client_key,
        retry_after_ms: i32::try_from(wait_ms).unwrap_or(i32::MAX),
    }))
}
