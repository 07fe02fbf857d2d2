//! Streams opened again and again with a token, each on a connection of its own: what a server has
//! to bear after a break of the network.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    args::Cli,
    people::{People, Person},
    report::{Interval, Latencies, Report},
    server::{Passwords, Server},
    stream::{Door, Refused},
    usage::as_f64,
};

/// How long a person with too many streams waits; what clients do after a refusal.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Args)]
pub(crate) struct Reconnect {
    /// People
    #[arg(long, default_value_t = 200)]
    pub(crate) users: usize,
    /// Streams that are being opened
    #[arg(long, default_value_t = 50)]
    pub(crate) concurrency: usize,
    /// How long
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
}

impl Reconnect {
    pub(crate) async fn run(&self, cli: &Cli) -> anyhow::Result<Report> {
        let server = Server::start(cli, Passwords::Cheap).await?;
        let people = People::make(&server.address, self.users).await?;
        let door = Door {
            address: server.address.clone(),
            transport: cli.transport,
        };
        let interval = Interval::begin(&server)?;
        let end = Instant::now() + Duration::from_secs(self.seconds);
        let mut tasks = JoinSet::new();
        for at in 0..self.concurrency {
            let own = people.people.iter().skip(at).step_by(self.concurrency);
            tasks.spawn(open_and_close(door.clone(), own.cloned().collect(), end));
        }
        let mut all = Opened::new()?;
        while let Some(done) = tasks.join_next().await {
            all.add(&done??)?;
        }
        let spent = interval.end(&server)?;
        let parameters = json!({
            "users": self.users, "concurrency": self.concurrency, "seconds": self.seconds,
            "transport": format!("{:?}", cli.transport).to_lowercase(),
        });
        let mut report = Report::new("reconnect", parameters);
        report.work(all.count, &spent);
        report.figure("refused", as_f64(all.refused));
        report.latencies(&all.latencies);
        report.memory(&server)?;
        Ok(report)
    }
}

/// What has come of the attempts.
struct Opened {
    count: u64,
    /// For a moment the person had too many streams: the server had not seen the end of the last.
    refused: u64,
    latencies: Latencies,
}

impl Opened {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            count: 0,
            refused: 0,
            latencies: Latencies::new()?,
        })
    }

    fn add(&mut self, other: &Self) -> anyhow::Result<()> {
        self.count += other.count;
        self.refused += other.refused;
        self.latencies.add(&other.latencies)
    }
}

async fn open_and_close(door: Door, people: Vec<Person>, end: Instant) -> anyhow::Result<Opened> {
    let mut opened = Opened::new()?;
    let mut cursors = vec![String::new(); people.len()];
    loop {
        for (person, cursor) in people.iter().zip(&mut cursors) {
            let begin = Instant::now();
            if begin >= end {
                return Ok(opened);
            }
            let stream = match door.open(person, cursor).await {
                Ok(stream) => stream,
                Err(error) if is_crowded(&error) => {
                    opened.refused += 1;
                    sleep(BETWEEN_ATTEMPTS).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            opened.latencies.record(begin.elapsed());
            // The next time it goes on from here, as after a break.
            cursor.clone_from(&stream.cursor);
            opened.count += 1;
        }
    }
}

fn is_crowded(error: &anyhow::Error) -> bool {
    let refused = error.downcast_ref::<Refused>();
    refused.is_some_and(|refused| refused.reason == "TOO_MANY_CONNECTIONS")
}
