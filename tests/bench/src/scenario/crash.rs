//! SIGKILL under load. Whatever the server acknowledged has to be there after the restart, once and
//! in order; whatever it did not acknowledge is sent again with the same key.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use im_proto::{gateway::server_frame::Frame, messaging::entry::Payload};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

use crate::{
    args::Cli,
    ledger::Ledger,
    pace::{self, Moments},
    people::{People, Person, neighbours},
    report::Report,
    server::{Passwords, Server},
    stream::{Door, Stream},
    usage::as_f64,
};

/// Between which times after the beginning of a round the server is killed, milliseconds.
const KILL_AFTER_MS: std::ops::RangeInclusive<u64> = 1_000..=3_000;
/// How long it may take until everything is there again.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Args)]
pub(crate) struct Crash {
    /// Pairs of people, of whom the first writes to the second
    #[arg(long, default_value_t = 10)]
    pub(crate) pairs: usize,
    /// Messages per second of all pairs together
    #[arg(long, default_value_t = 200)]
    pub(crate) rate: u32,
    /// How often the server is killed
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: u32,
    /// Of an earlier run, to kill at the same moments
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

struct Pair {
    sender: Person,
    receiver: Person,
    /// Where the receiver is.
    cursor: String,
    ledger: Ledger,
}

impl Crash {
    pub(crate) async fn run(&self, cli: &Cli) -> anyhow::Result<Report> {
        let seed = self.seed.unwrap_or_else(rand::random);
        let mut random = StdRng::seed_from_u64(seed);
        let mut server = Server::start(cli, Passwords::Cheap).await?;
        let people = People::make(&server.address, 2 * self.pairs).await?;
        let door = Door {
            address: server.address.clone(),
            transport: cli.transport,
        };
        let mut pairs = self.pairs(&people, &door).await?;
        let mut down = Duration::ZERO;
        for _ in 0..self.rounds {
            let mut opened = Vec::new();
            for pair in pairs {
                opened.push(pair.open(&door).await?);
            }
            let begin = Instant::now();
            let (pacer, moments) =
                pace::start(self.rate, self.pairs, begin, Duration::from_secs(4));
            let mut tasks = JoinSet::new();
            for ((pair, sender, receiver), moments) in opened.into_iter().zip(moments) {
                tasks.spawn(pair.until_break(sender, receiver, moments));
            }
            sleep(Duration::from_millis(random.random_range(KILL_AFTER_MS))).await;
            server.kill()?;
            let killed = Instant::now();
            let mut broken = Vec::new();
            while let Some(pair) = tasks.join_next().await {
                broken.push(pair?);
            }
            server.restart().await?;
            down += killed.elapsed();
            pairs = recover(broken, &door).await?;
            // Nobody takes the moments after the kill.
            let _missed = pacer.join().ok().context("the pacer panicked")?;
        }
        let parameters = json!({
            "pairs": self.pairs, "rate_per_s": self.rate, "rounds": self.rounds, "seed": seed,
            "transport": format!("{:?}", cli.transport).to_lowercase(),
        });
        let mut report = Report::new("crash", parameters);
        let acknowledged: u64 = pairs.iter().map(|pair| pair.ledger.acknowledged()).sum();
        let delivered: u64 = pairs.iter().map(|pair| pair.ledger.delivered()).sum();
        report.figure("acknowledged", as_f64(acknowledged));
        report.figure("delivered", as_f64(delivered));
        report.figure(
            "down_ms_each",
            down.as_secs_f64() * 1_000.0 / f64::from(self.rounds),
        );
        report.losses = pairs.iter().map(|pair| pair.ledger.lost()).sum();
        report.duplicates = pairs.iter().map(|pair| pair.ledger.duplicates()).sum();
        Ok(report)
    }

    async fn pairs(&self, people: &People, door: &Door) -> anyhow::Result<Vec<Pair>> {
        let places = neighbours(self.pairs);
        let conversations = people.conversations(&places).await?;
        let mut pairs = Vec::new();
        for ((from, to), conversation_id) in places.into_iter().zip(conversations) {
            let receiver = people.get(to)?.clone();
            pairs.push(Pair {
                sender: people.get(from)?.clone(),
                cursor: door.open(&receiver, "").await?.cursor,
                receiver,
                ledger: Ledger::new(conversation_id),
            });
        }
        Ok(pairs)
    }
}

/// Everybody comes back, at the same time.
async fn recover(broken: Vec<Pair>, door: &Door) -> anyhow::Result<Vec<Pair>> {
    let mut tasks = JoinSet::new();
    for pair in broken {
        tasks.spawn(pair.recover(door.clone()));
    }
    let mut pairs = Vec::new();
    while let Some(pair) = tasks.join_next().await {
        pairs.push(pair??);
    }
    Ok(pairs)
}

impl Pair {
    async fn open(self, door: &Door) -> anyhow::Result<(Self, Stream, Stream)> {
        let sender = door.open(&self.sender, "").await?;
        let receiver = door.open(&self.receiver, &self.cursor).await?;
        Ok((self, sender, receiver))
    }

    /// Sends when it is due, until a stream breaks, as it must.
    async fn until_break(
        mut self,
        mut sender: Stream,
        mut receiver: Stream,
        mut moments: Moments,
    ) -> Self {
        let mut are_due = true;
        loop {
            tokio::select! {
                at = moments.recv(), if are_due => match at {
                    Some(at) => {
                        let message = self.ledger.next(at);
                        if sender.send(message).await.is_err() { break }
                    }
                    None => are_due = false,
                },
                frame = sender.next() => match frame {
                    Ok(frame) => self.acknowledged(&frame),
                    Err(_broken) => break,
                },
                frame = receiver.next() => match frame {
                    Ok(frame) => self.received(frame),
                    Err(_broken) => break,
                },
            }
        }
        // What the server had said before its end may still be on the way.
        while let Ok(frame) = sender.next().await {
            self.acknowledged(&frame);
        }
        self
    }

    /// Sends again what has no answer, and waits until everything acknowledged has come.
    async fn recover(self, door: Door) -> anyhow::Result<Self> {
        let (mut pair, mut sender, mut receiver) = self.open(&door).await?;
        let unanswered = pair.ledger.unanswered();
        let mut missing = unanswered.len();
        for message in unanswered {
            sender.send(message).await?;
        }
        let end = Instant::now() + RECOVERY_TIMEOUT;
        while missing > 0 || !pair.ledger.is_complete() {
            let step = async {
                tokio::select! {
                    frame = sender.next() => (true, frame),
                    frame = receiver.next() => (false, frame),
                }
            };
            match timeout_at(end, step).await {
                Ok((true, frame)) => {
                    let frame = frame?;
                    missing -= usize::from(matches!(frame, Frame::Sent(_)));
                    pair.acknowledged(&frame);
                }
                Ok((false, frame)) => pair.received(frame?),
                Err(_late) => break,
            }
        }
        anyhow::ensure!(
            missing == 0,
            "{missing} messages were sent again and never answered"
        );
        Ok(pair)
    }

    fn acknowledged(&mut self, frame: &Frame) {
        if let Frame::Sent(sent) = frame {
            self.ledger.acknowledge(&sent.client_key);
        }
    }

    fn received(&mut self, frame: Frame) {
        let Frame::Batch(batch) = frame else { return };
        for entry in &batch.entries {
            if let Some(Payload::Message(message)) = &entry.payload {
                self.ledger.deliver(message);
            }
        }
        self.cursor = batch.cursor;
    }
}
