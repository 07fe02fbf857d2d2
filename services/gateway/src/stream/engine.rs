//! Drives a session: what happens goes into the state machine, what it wants is done.

use std::{sync::Arc, time::Duration};

use im_proto::gateway::{ClientFrame, Watch, client_frame, server_frame::Frame};
use tokio::time::{Instant, sleep_until, timeout};

use super::transport::{Closing, Gone, Said, Transport};
use crate::{
    edge::{Caller, Place},
    node::{OpenStream, Wanted},
    service::Gateway,
    session::{Action, End, Fault, Input, Session, SessionIdentity, SessionLimits},
};

/// Things done before what was written is brought on its way.
const INPUTS_PER_FLUSH: usize = 64;
/// Least time between two typing frames of a client that are passed on.
const TYPING_INTERVAL: Duration = Duration::from_secs(2);
/// How far the time between heartbeats is spread around its mean, in parts of it.
const HEARTBEAT_SPREAD: f64 = 0.2;

/// A stream to be opened.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) caller: Caller,
    pub(crate) wanted: Wanted,
    /// Whom it watches from the beginning.
    pub(crate) watch: Vec<String>,
    /// The place of its connection, where the transport has taken the connection over.
    pub(crate) place: Option<Arc<Place>>,
}

/// Carries a stream in a task of its own.
pub(crate) fn spawn<T: Transport + 'static>(gateway: Arc<Gateway>, plan: Plan, transport: T) {
    let tasks = gateway.tasks.clone();
    // Boxed, for each layer around a task holds its future once more: measured, an idle stream
    // takes 11 KiB so and 40 KiB without.
    tasks.spawn("stream", Box::pin(run(gateway, plan, transport)));
}

/// Opens the stream and carries it to its end. The last frame says why it ended, unless the client
/// is gone.
async fn run<T: Transport>(gateway: Arc<Gateway>, plan: Plan, mut transport: T) {
    gateway.metrics.stream_opened(T::NAME);
    let Plan {
        caller,
        wanted,
        watch,
        place: _held,
    } = plan;
    let is_idle = wanted.is_idle;
    let reason = match gateway.node.open(caller, wanted).await {
        Ok(stream) => {
            let session = session::<T>(&gateway, &stream).with_idle(is_idle);
            let mut engine = Engine::new(&gateway, stream, session, watch, transport);
            engine.run().await
        }
        Err(refused) => {
            let frame = Frame::Error(Fault::of(&refused).into());
            let told = async {
                transport.send(frame).await?;
                transport.flush().await
            };
            if told.await.is_ok() {
                transport.close(Closing::Refused).await;
            }
            "REFUSED"
        }
    };
    gateway.metrics.stream_ended(T::NAME, reason);
}

fn session<T: Transport>(gateway: &Gateway, stream: &OpenStream) -> Session {
    let settings = &gateway.settings;
    let mean = Duration::from_millis(settings.heartbeat_ms);
    let [share] = gateway.ids.random_bytes::<1>();
    let factor = 1.0 - HEARTBEAT_SPREAD + 2.0 * HEARTBEAT_SPREAD * f64::from(share) / 255.0;
    let limits = SessionLimits {
        frames_per_s: settings.frames_per_s,
        frames_burst: settings.frames_burst,
        sends_pending_max: settings.sends_pending_max,
        watch_max: settings.watch_max,
        typing_interval: TYPING_INTERVAL,
        heartbeat_max: mean.mul_f64(1.0 + HEARTBEAT_SPREAD),
    };
    let identity = SessionIdentity {
        user_id: stream.slot.caller.user_id,
        session_id: stream.slot.caller.session_id,
        connection_id: stream.slot.connection_id,
    };
    Session::new(
        identity,
        limits,
        mean.mul_f64(factor),
        T::EXPECTS_ANSWERS,
        Instant::now(),
    )
}

/// Why a stream cannot be carried on.
enum Stop {
    /// The client is gone.
    Gone,
    /// The client takes nothing.
    Stalled,
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

struct Engine<T> {
    stream: OpenStream,
    session: Session,
    transport: T,
    /// Said by the client before there was a stream to say it on.
    watch: Vec<String>,
    write_timeout: Duration,
    /// When a stream that does not stand yet is given up.
    open_until: Instant,
    /// Room to give back once what was written is on its way.
    credit: u32,
    closing: Closing,
    reason: &'static str,
}

impl<T: Transport> Engine<T> {
    fn new(
        gateway: &Gateway,
        stream: OpenStream,
        session: Session,
        watch: Vec<String>,
        transport: T,
    ) -> Self {
        let settings = &gateway.settings;
        Self {
            stream,
            session,
            transport,
            watch,
            write_timeout: Duration::from_millis(settings.write_timeout_ms),
            open_until: Instant::now() + Duration::from_millis(settings.open_timeout_ms),
            credit: 0,
            closing: Closing::Goaway,
            reason: "CLOSED",
        }
    }

    /// Runs to the end; why it ended, for the metrics.
    async fn run(&mut self) -> &'static str {
        let mut timer = Box::pin(sleep_until(self.deadline()));
        loop {
            let deadline = self.deadline();
            if timer.deadline() != deadline {
                timer.as_mut().reset(deadline);
            }
            let input = tokio::select! {
                input = self.stream.slot.inbox.next() => input,
                said = self.transport.receive(), if self.session.is_listening() => match said {
                    Said::Frame(frame) => Input::Client(frame),
                    Said::Malformed(message) => Input::Malformed { message },
                    Said::Alive => Input::Alive,
                    Said::Closed => return self.reason,
                },
                () = timer.as_mut() => self.timed(),
            };
            // Boxed, so that a stream at rest takes no room for what it does when something happens.
            match Box::pin(self.handle_all(input)).await {
                Ok(()) => {}
                Err(Stop::Gone) => return "GONE",
                Err(Stop::Stalled) => {
                    self.part().await;
                    return self.reason;
                }
            }
            if self.session.is_ended() {
                let closing = self.transport.close(self.closing);
                // Whoever does not take the end has had it told.
                let _too_slow = timeout(self.write_timeout, closing).await;
                return self.reason;
            }
        }
    }

    /// Tells a client that takes nothing why its stream ends, should it begin to read again soon.
    async fn part(&mut self) {
        let end = End::SlowReader;
        self.note(&end);
        let parting = self.session.handle(Input::End(end), Instant::now());
        let telling = async {
            for action in parting {
                if let Action::Send(frame) = action {
                    self.transport.send(frame).await?;
                }
            }
            self.transport.flush().await?;
            self.transport.close(self.closing).await;
            Ok::<_, Gone>(())
        };
        let _untold = timeout(self.write_timeout, telling).await;
    }

    fn deadline(&self) -> Instant {
        if self.is_opening() {
            self.session.next_tick().min(self.open_until)
        } else {
            self.session.next_tick()
        }
    }

    fn is_opening(&self) -> bool {
        self.session.is_opening()
    }

    fn timed(&self) -> Input {
        if self.is_opening() && Instant::now() >= self.open_until {
            let fault = Fault {
                code: i32::from(tonic::Code::Unavailable),
                reason: "MAILBOX_UNAVAILABLE".to_owned(),
                message: "the mailbox could not be opened in time".to_owned(),
                client_key: String::new(),
                retry_after_ms: 1_000,
            };
            return Input::End(End::Failed(fault));
        }
        Input::Tick
    }

    /// Handles one thing and those that wait behind it, then flushes once.
    async fn handle_all(&mut self, first: Input) -> Result<(), Stop> {
        let was_opening = self.is_opening();
        self.handle(first).await?;
        for _ in 0..INPUTS_PER_FLUSH {
            let Some(input) = self.stream.slot.inbox.try_next() else {
                break;
            };
            self.handle(input).await?;
        }
        if was_opening && !self.is_opening() && !self.watch.is_empty() {
            let user_ids = std::mem::take(&mut self.watch);
            let frame = client_frame::Frame::Watch(Watch { user_ids });
            self.handle(Input::Client(ClientFrame { frame: Some(frame) }))
                .await?;
        }
        let flushed = timeout(self.write_timeout, self.transport.flush()).await;
        flushed.map_err(|_elapsed| Stop::Stalled)??;
        if self.credit > 0 {
            self.stream
                .node
                .credit(&self.stream.slot, std::mem::take(&mut self.credit));
        }
        Ok(())
    }

    async fn handle(&mut self, input: Input) -> Result<(), Stop> {
        if let Input::End(end) = &input {
            self.note(end);
        }
        for action in self.session.handle(input, Instant::now()) {
            self.perform(action).await?;
        }
        Ok(())
    }

    fn note(&mut self, end: &End) {
        (self.reason, self.closing) = match end {
            End::Draining { .. } => ("DRAINING", Closing::Goaway),
            End::SlowReader => ("SLOW_READER", Closing::Goaway),
            End::HeartbeatLost => ("HEARTBEAT_LOST", Closing::Goaway),
            End::Failed(_) => ("FAILED", Closing::Refused),
        };
    }

    async fn perform(&mut self, action: Action) -> Result<(), Stop> {
        let (node, slot) = (&self.stream.node, &self.stream.slot);
        match action {
            Action::Send(frame) => {
                let sent = timeout(self.write_timeout, self.transport.send(frame)).await;
                sent.map_err(|_elapsed| Stop::Stalled)??;
            }
            Action::Probe => self.transport.probe().await?,
            Action::Watch(user_ids) => node.watch(slot, user_ids),
            Action::PublishTyping { conversation_id } => {
                node.publish_typing(slot, conversation_id);
            }
            Action::Acknowledge { cursor } => node.acknowledge(slot, cursor),
            Action::ReportActivity { is_idle } => node.report_activity(slot, is_idle),
            Action::SubmitSend(request) => node.submit(slot, request),
            Action::Credit { entries } => self.credit = self.credit.saturating_add(entries),
            // Done by the loop, which sees that the session has ended.
            Action::Close => {}
        }
        Ok(())
    }
}
