//! Messages between pairs of people, each on a stream of its own.
//!
//! Closed loop (`--rate 0`): each pair keeps so many messages in flight; one is in flight until it
//! is acknowledged *and* has reached the other. Open loop: messages are due at a steady rate,
//! whatever the server does, and latency counts from the moment when a message was due.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use im_proto::{gateway::server_frame::Frame, messaging::entry::Payload};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    args::Cli,
    ledger::Ledger,
    pace::{self, Moments},
    people::{People, neighbours},
    report::{Interval, Latencies, Report},
    server::{Passwords, Server},
    stream::{Door, Stream},
};

/// How long the last messages may take to arrive.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Args)]
pub(crate) struct Chat {
    /// Pairs of people, of whom the first writes to the second
    #[arg(long, default_value_t = 50)]
    pub(crate) pairs: usize,
    /// Closed loop: messages in flight for each pair
    #[arg(long, default_value_t = 8)]
    pub(crate) in_flight: u64,
    /// Open loop: messages per second of all pairs together; 0 for the closed loop
    #[arg(long, default_value_t = 0)]
    pub(crate) rate: u32,
    /// Not measured, first
    #[arg(long, default_value_t = 2_000)]
    pub(crate) warm_up_ms: u64,
    /// How long is measured
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
}

/// One pair with its two streams.
struct Pair {
    sender: Stream,
    receiver: Stream,
    ledger: Ledger,
    latencies: Latencies,
    /// Messages due from here on are measured.
    measured_from: Instant,
    delivered: Arc<AtomicU64>,
}

impl Chat {
    pub(crate) async fn run(&self, cli: &Cli) -> anyhow::Result<Report> {
        let server = Server::start(cli, Passwords::Cheap).await?;
        let people = People::make(&server.address, 2 * self.pairs).await?;
        let delivered = Arc::new(AtomicU64::new(0));
        let begin = Instant::now() + Duration::from_millis(500);
        let measured_from = begin + Duration::from_millis(self.warm_up_ms);
        let door = Door {
            address: server.address.clone(),
            transport: cli.transport,
        };
        let mut pairs = self.open(&people, &door, &delivered).await?;
        let duration = Duration::from_millis(self.warm_up_ms) + Duration::from_secs(self.seconds);
        // Opening took its time: the clock begins now.
        let shift = Instant::now().saturating_duration_since(begin);
        let (begin, measured_from) = (begin + shift, measured_from + shift);
        let end = begin + duration;
        let mut tasks = JoinSet::new();
        let pacer = if self.rate == 0 {
            for mut pair in pairs {
                pair.measured_from = measured_from;
                tasks.spawn(pair.closed_loop(self.in_flight, end));
            }
            None
        } else {
            let (thread, moments) = pace::start(self.rate, self.pairs, begin, duration);
            for (mut pair, moments) in pairs.drain(..).zip(moments) {
                pair.measured_from = measured_from;
                tasks.spawn(pair.open_loop(moments));
            }
            Some(thread)
        };
        sleep_until(measured_from).await;
        let interval = Interval::begin(&server)?;
        let before = delivered.load(Ordering::Relaxed);
        sleep_until(end).await;
        let spent = interval.end(&server)?;
        let count = delivered.load(Ordering::Relaxed) - before;
        let mut report = Report::new("chat", self.parameters(cli));
        report.work(count, &spent);
        let mut latencies = Latencies::new()?;
        while let Some(done) = tasks.join_next().await {
            let pair = done??;
            latencies.add(&pair.latencies)?;
            report.losses += pair.ledger.lost();
            report.duplicates += pair.ledger.duplicates();
        }
        report.latencies(&latencies);
        report.memory(&server)?;
        if let Some(pacer) = pacer {
            let missed = pacer.join().ok().context("the pacer panicked")?;
            anyhow::ensure!(missed == 0, "the client itself missed {missed} messages");
        }
        Ok(report)
    }

    fn parameters(&self, cli: &Cli) -> serde_json::Value {
        let transport = format!("{:?}", cli.transport).to_lowercase();
        if self.rate == 0 {
            json!({"loop": "closed", "pairs": self.pairs, "in_flight": self.in_flight,
                "seconds": self.seconds, "transport": transport})
        } else {
            json!({"loop": "open", "pairs": self.pairs, "rate_per_s": self.rate,
                "seconds": self.seconds, "transport": transport})
        }
    }

    async fn open(
        &self,
        people: &People,
        door: &Door,
        delivered: &Arc<AtomicU64>,
    ) -> anyhow::Result<Vec<Pair>> {
        let places = neighbours(self.pairs);
        let conversations = people.conversations(&places).await?;
        stream::iter(places.into_iter().zip(conversations))
            .map(|((from, to), conversation_id)| async move {
                Ok(Pair {
                    sender: door.open(people.get(from)?, "").await?,
                    receiver: door.open(people.get(to)?, "").await?,
                    ledger: Ledger::new(conversation_id),
                    latencies: Latencies::new()?,
                    measured_from: Instant::now(),
                    delivered: Arc::clone(delivered),
                })
            })
            .buffered(16)
            .try_collect()
            .await
    }
}

impl Pair {
    async fn closed_loop(mut self, in_flight: u64, end: Instant) -> anyhow::Result<Self> {
        while Instant::now() < end {
            while self.ledger.in_flight() < in_flight {
                let message = self.ledger.next(Instant::now());
                self.sender.send(message).await?;
            }
            self.take_frame().await?;
        }
        self.drain().await
    }

    async fn open_loop(mut self, mut moments: Moments) -> anyhow::Result<Self> {
        loop {
            tokio::select! {
                at = moments.recv() => match at {
                    Some(at) => {
                        let message = self.ledger.next(at);
                        self.sender.send(message).await?;
                    }
                    None => break,
                },
                frame = self.sender.next() => self.acknowledged(&frame?),
                frame = self.receiver.next() => self.received(&frame?),
            }
        }
        self.drain().await
    }

    async fn take_frame(&mut self) -> anyhow::Result<()> {
        tokio::select! {
            frame = self.sender.next() => self.acknowledged(&frame?),
            frame = self.receiver.next() => self.received(&frame?),
        }
        Ok(())
    }

    /// Waits for what is under way. What does not come in time is left to the ledger.
    async fn drain(mut self) -> anyhow::Result<Self> {
        let end = Instant::now() + DRAIN_TIMEOUT;
        while self.ledger.in_flight() > 0 {
            let left = end.saturating_duration_since(Instant::now());
            match timeout(left, self.take_frame()).await {
                Ok(taken) => taken?,
                Err(_late) => break,
            }
        }
        Ok(self)
    }

    fn acknowledged(&mut self, frame: &Frame) {
        if let Frame::Sent(sent) = frame {
            self.ledger.acknowledge(&sent.client_key);
        }
    }

    fn received(&mut self, frame: &Frame) {
        let Frame::Batch(batch) = frame else { return };
        for entry in &batch.entries {
            let Some(Payload::Message(message)) = &entry.payload else {
                continue;
            };
            let Some(at) = self.ledger.deliver(message) else {
                continue;
            };
            self.delivered.fetch_add(1, Ordering::Relaxed);
            if at >= self.measured_from {
                self.latencies.record(at.elapsed());
            }
        }
    }
}
