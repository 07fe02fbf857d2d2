//! Messages for people who are away, who then come all at once.

use std::time::Duration;

use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use im_proto::{gateway::server_frame::Frame, messaging::entry::Payload};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{
    args::Cli,
    ledger::Ledger,
    people::{People, Person, neighbours},
    report::{Interval, Report},
    server::{Passwords, Server},
    stream::{Door, Stream},
    usage::as_f64,
};

/// How long one message or its answer may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Args)]
pub(crate) struct Offline {
    /// Pairs of people, of whom the second is away
    #[arg(long, default_value_t = 50)]
    pub(crate) pairs: usize,
    /// Messages of each pair that are not acknowledged yet
    #[arg(long, default_value_t = 8)]
    pub(crate) in_flight: usize,
    /// Messages for each who is away
    #[arg(long, default_value_t = 1_000)]
    pub(crate) messages: usize,
}

/// One who writes and one who is away.
struct Pair {
    sender: Stream,
    receiver: Person,
    /// Where the receiver was when leaving.
    cursor: String,
    ledger: Ledger,
}

impl Offline {
    pub(crate) async fn run(&self, cli: &Cli) -> anyhow::Result<Report> {
        let server = Server::start(cli, Passwords::Cheap).await?;
        let people = People::make(&server.address, 2 * self.pairs).await?;
        let door = Door {
            address: server.address.clone(),
            transport: cli.transport,
        };
        let pairs = self.open(&people, &door).await?;
        let total: u64 = (self.pairs * self.messages).try_into()?;

        let storing = Interval::begin(&server)?;
        let mut tasks = JoinSet::new();
        for pair in pairs {
            tasks.spawn(pair.store(self.messages, self.in_flight));
        }
        let mut stored = Vec::new();
        while let Some(done) = tasks.join_next().await {
            stored.push(done??);
        }
        let stored_in = storing.end(&server)?;

        let draining = Interval::begin(&server)?;
        let mut tasks = JoinSet::new();
        for pair in stored {
            tasks.spawn(pair.collect(door.clone()));
        }
        let parameters = json!({
            "pairs": self.pairs, "messages": self.messages, "in_flight": self.in_flight,
            "transport": format!("{:?}", cli.transport).to_lowercase(),
        });
        let mut report = Report::new("offline", parameters);
        while let Some(done) = tasks.join_next().await {
            let ledger = done??;
            report.losses += ledger.lost();
            report.duplicates += ledger.duplicates();
        }
        let drained_in = draining.end(&server)?;
        report.work(total, &stored_in);
        report.figure("stored_per_s", as_f64(total) / stored_in.seconds);
        report.figure("drained_per_s", as_f64(total) / drained_in.seconds);
        report.memory(&server)?;
        Ok(report)
    }

    async fn open(&self, people: &People, door: &Door) -> anyhow::Result<Vec<Pair>> {
        let places = neighbours(self.pairs);
        let conversations = people.conversations(&places).await?;
        stream::iter(places.into_iter().zip(conversations))
            .map(|((from, to), conversation_id)| async move {
                let receiver = people.get(to)?.clone();
                Ok(Pair {
                    sender: door.open(people.get(from)?, "").await?,
                    cursor: door.open(&receiver, "").await?.cursor,
                    receiver,
                    ledger: Ledger::new(conversation_id),
                })
            })
            .buffered(16)
            .try_collect()
            .await
    }
}

impl Pair {
    /// Sends so many and waits until all are acknowledged.
    async fn store(mut self, messages: usize, in_flight: usize) -> anyhow::Result<Self> {
        let total: u64 = messages.try_into()?;
        let in_flight: u64 = in_flight.try_into()?;
        let mut sent = 0;
        while self.ledger.acknowledged() < total {
            while sent < total && sent - self.ledger.acknowledged() < in_flight {
                let message = self.ledger.next(Instant::now());
                self.sender.send(message).await?;
                sent += 1;
            }
            if let Frame::Sent(sent) = timeout(STEP_TIMEOUT, self.sender.next()).await?? {
                self.ledger.acknowledge(&sent.client_key);
            }
        }
        Ok(self)
    }

    /// Comes back and takes everything; what does not come in time is left to the ledger.
    async fn collect(mut self, door: Door) -> anyhow::Result<Ledger> {
        let mut stream = door.open(&self.receiver, &self.cursor).await?;
        while !self.ledger.is_complete() {
            let Ok(frame) = timeout(STEP_TIMEOUT, stream.next()).await else {
                break;
            };
            let Frame::Batch(batch) = frame? else {
                continue;
            };
            for entry in &batch.entries {
                if let Some(Payload::Message(message)) = &entry.payload {
                    self.ledger.deliver(message);
                }
            }
        }
        Ok(self.ledger)
    }
}
