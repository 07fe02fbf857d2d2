//! The protocol of a stream as a state machine without I/O: what comes in, what is to be done.
//!
//! Three rules hold whatever happens: `welcome` comes before everything but a final frame; a
//! stream ends with `goaway` or `error`, once; after [`Action::Close`] nothing comes.

mod action;
mod bucket;
mod client;
#[cfg(test)]
mod tests;

use std::time::Duration;

use im_proto::gateway::{self, ClientFrame, server_frame::Frame};
use im_types::{ConnectionId, SessionId, UserId};
use tokio::time::Instant;

pub(crate) use action::{Action, End, Fault, Input};
use bucket::Bucket;

/// Longest time until a client that was told to slow down may read again, in milliseconds.
const SLOW_READER_RECONNECT_MS: i32 = 1_000;
/// Frames kept that were said beside a stream which does not stand yet.
const EARLY_FRAMES_MAX: usize = 16;

/// Limits of one stream.
#[derive(Debug, Clone)]
pub(crate) struct SessionLimits {
    /// Frames a second from the client; 0 for no limit.
    pub frames_per_s: u32,
    /// Frames at once from the client.
    pub frames_burst: u32,
    /// Sends that may wait for their answer.
    pub sends_pending_max: u32,
    /// Longest watch list.
    pub watch_max: usize,
    /// Least time between two `typing` of a client.
    pub typing_interval: Duration,
    /// What is told as `heartbeat_ms`: the longest time without a frame.
    pub heartbeat_max: Duration,
}

/// Whose stream it is.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "ids are called ids")]
pub(crate) struct SessionIdentity {
    /// The person.
    pub user_id: UserId,
    /// The session.
    pub session_id: SessionId,
    /// The stream itself.
    pub connection_id: ConnectionId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing has been told yet.
    Opening,
    /// `welcome` has been told.
    Open,
    /// The final frame has been told.
    Ended,
}

/// One stream.
#[derive(Debug)]
pub(crate) struct Session {
    identity: SessionIdentity,
    limits: SessionLimits,
    state: State,
    /// Time between two heartbeats of this stream.
    heartbeat: Duration,
    next_tick: Instant,
    heard_at: Instant,
    /// Whether silence of the peer means that it is gone.
    expects_answers: bool,
    frames: Bucket,
    sends_pending: u32,
    typing_at: Option<Instant>,
    is_idle: bool,
    /// Said beside a one-way stream before it stood.
    early: Vec<ClientFrame>,
}

impl Session {
    /// A stream that has been admitted. `heartbeat` is its own interval, spread around the mean by
    /// the caller; `expects_answers` is false for one-way transports.
    pub(crate) fn new(
        identity: SessionIdentity,
        limits: SessionLimits,
        heartbeat: Duration,
        expects_answers: bool,
        now: Instant,
    ) -> Self {
        let frames = Bucket::new(limits.frames_per_s, limits.frames_burst);
        Self {
            identity,
            limits,
            state: State::Opening,
            heartbeat,
            next_tick: now + heartbeat,
            heard_at: now,
            expects_answers,
            frames,
            sends_pending: 0,
            typing_at: None,
            is_idle: false,
            early: Vec::new(),
        }
    }

    /// With nobody in front of the device.
    #[must_use]
    pub(crate) const fn with_idle(mut self, is_idle: bool) -> Self {
        self.is_idle = is_idle;
        self
    }

    /// When [`Input::Tick`] is due.
    pub(crate) const fn next_tick(&self) -> Instant {
        self.next_tick
    }

    /// Whether the client may say something now. Before `welcome` and while too many sends wait,
    /// its frames stay in the transport.
    pub(crate) const fn is_listening(&self) -> bool {
        matches!(self.state, State::Open) && self.sends_pending < self.limits.sends_pending_max
    }

    /// Whether nothing has been told yet.
    pub(crate) const fn is_opening(&self) -> bool {
        matches!(self.state, State::Opening)
    }

    /// Whether the final frame has been told.
    pub(crate) const fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// What is to be done about what happened.
    pub(crate) fn handle(&mut self, input: Input, now: Instant) -> Vec<Action> {
        match self.state {
            State::Ended => Vec::new(),
            State::Opening => self.handle_opening(input, now),
            State::Open => self.handle_open(input, now),
        }
    }

    fn handle_opening(&mut self, input: Input, now: Instant) -> Vec<Action> {
        match input {
            Input::Opened { cursor } => {
                self.state = State::Open;
                let mut actions = vec![Action::Send(self.welcome(cursor))];
                for frame in std::mem::take(&mut self.early) {
                    actions.extend(self.client(frame, now));
                }
                actions
            }
            // Whoever said it was told that it is done, so it must not be lost.
            Input::Client(frame) if self.early.len() < EARLY_FRAMES_MAX => {
                self.early.push(frame);
                Vec::new()
            }
            Input::End(end) => self.end(end),
            Input::Tick => self.tick(now),
            // Nothing else has a reason to come before the mailbox is open.
            _ => Vec::new(),
        }
    }

    fn handle_open(&mut self, input: Input, now: Instant) -> Vec<Action> {
        match input {
            // The mailbox was attached again from the last position: nothing new for the client.
            Input::Opened { .. } => Vec::new(),
            Input::Batch(batch) => {
                let entries = u32::try_from(batch.entries.len()).unwrap_or(u32::MAX);
                vec![
                    Action::Send(Frame::Batch(batch)),
                    Action::Credit { entries },
                ]
            }
            Input::Presence(batch) => vec![Action::Send(Frame::Presence(batch))],
            Input::Notice(notice) => vec![Action::Send(Frame::Notice(notice))],
            Input::Typing {
                conversation_id,
                user_id,
            } => {
                vec![Action::Send(Frame::Typing(gateway::Typing {
                    conversation_id,
                    user_id,
                }))]
            }
            Input::Sent(sent) => {
                self.sends_pending = self.sends_pending.saturating_sub(1);
                vec![Action::Send(Frame::Sent(sent))]
            }
            Input::SendFailed(fault) => {
                self.sends_pending = self.sends_pending.saturating_sub(1);
                vec![Action::Send(Frame::Error(fault.into()))]
            }
            Input::Client(frame) => {
                self.heard_at = now;
                self.client(frame, now)
            }
            Input::Malformed { message } => {
                self.heard_at = now;
                vec![refusal(
                    tonic::Code::InvalidArgument,
                    "FRAME_INVALID",
                    &message,
                )]
            }
            Input::Alive => {
                self.heard_at = now;
                Vec::new()
            }
            Input::Tick => self.tick(now),
            Input::End(end) => self.end(end),
        }
    }

    fn welcome(&self, cursor: String) -> Frame {
        Frame::Welcome(gateway::Welcome {
            session_id: self.identity.session_id.to_string(),
            cursor,
            heartbeat_ms: i32::try_from(self.limits.heartbeat_max.as_millis()).unwrap_or(i32::MAX),
            user_id: self.identity.user_id.to_string(),
            connection_id: self.identity.connection_id.to_string(),
        })
    }

    fn tick(&mut self, now: Instant) -> Vec<Action> {
        self.next_tick = now + self.heartbeat;
        let silence = now.saturating_duration_since(self.heard_at);
        // A peer that lives answers each probe at once, so that its last word is one interval old
        // at most; one that is silent for more has missed the probe before this one too.
        if self.expects_answers && silence >= self.heartbeat.mul_f32(1.5) {
            return self.end(End::HeartbeatLost);
        }
        if self.state == State::Opening {
            return Vec::new();
        }
        vec![Action::Send(Frame::Pong(gateway::Pong {})), Action::Probe]
    }

    fn end(&mut self, end: End) -> Vec<Action> {
        self.state = State::Ended;
        let goaway = |reason: &str, reconnect_after_ms| {
            Frame::Goaway(gateway::Goaway {
                reason: reason.to_owned(),
                reconnect_after_ms,
            })
        };
        let last = match end {
            End::Draining { reconnect_after_ms } => goaway("DRAINING", reconnect_after_ms),
            End::SlowReader => goaway("SLOW_READER", SLOW_READER_RECONNECT_MS),
            End::HeartbeatLost => goaway("HEARTBEAT_LOST", 0),
            End::Failed(fault) => Frame::Error(fault.into()),
        };
        vec![Action::Send(last), Action::Close]
    }
}

impl From<Fault> for gateway::Error {
    fn from(fault: Fault) -> Self {
        Self {
            code: fault.code,
            reason: fault.reason,
            message: fault.message,
            client_key: fault.client_key,
            retry_after_ms: fault.retry_after_ms,
        }
    }
}

/// An error that concerns one frame, not the stream.
fn refusal(code: tonic::Code, reason: &str, message: &str) -> Action {
    Action::Send(Frame::Error(gateway::Error {
        code: i32::from(code),
        reason: reason.to_owned(),
        message: message.to_owned(),
        client_key: String::new(),
        retry_after_ms: 0,
    }))
}
