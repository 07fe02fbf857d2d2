//! Streams opened again and again with a token, each on a connection of its own: what a server has
//! to bear after a break of the network.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    args::Cli,
    people::{People, Person},
    report::{Interval, Latencies, Report},
    server::{Passwords, Server},
    stream::Door,
};

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
        let mut latencies = Latencies::new()?;
        let mut count = 0;
        while let Some(done) = tasks.join_next().await {
            let (own_count, own_latencies) = done??;
            count += own_count;
            latencies.add(&own_latencies)?;
        }
        let spent = interval.end(&server)?;
        let parameters = json!({
            "users": self.users, "concurrency": self.concurrency, "seconds": self.seconds,
            "transport": format!("{:?}", cli.transport).to_lowercase(),
        });
        let mut report = Report::new("reconnect", parameters);
        report.work(count, &spent);
        report.latencies(&latencies);
        report.memory(&server)?;
        Ok(report)
    }
}

async fn open_and_close(
    door: Door,
    people: Vec<Person>,
    end: Instant,
) -> anyhow::Result<(u64, Latencies)> {
    let mut latencies = Latencies::new()?;
    let mut cursors = vec![String::new(); people.len()];
    let mut count = 0;
    loop {
        for (person, cursor) in people.iter().zip(&mut cursors) {
            let begin = Instant::now();
            if begin >= end {
                return Ok((count, latencies));
            }
            let stream = door.open(person, cursor).await?;
            latencies.record(begin.elapsed());
            // The next time it goes on from here, as after a break.
            cursor.clone_from(&stream.cursor);
            count += 1;
        }
    }
}
