//! Streams that are open and silent.

use std::{ops::Range, time::Duration};

use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    args::Cli,
    people::People,
    report::{Interval, Report, complain},
    server::{Passwords, Server},
    stream::{Door, Stream},
    usage::{Memory, as_f64, memory},
};

/// Streams that are being opened.
const OPENING: usize = 32;

#[derive(Debug, Clone, Args)]
pub(crate) struct Idle {
    /// People, each with one stream
    #[arg(long, default_value_t = 1_000)]
    pub(crate) connections: usize,
    /// Contacts of each, all watched; an even number
    #[arg(long, default_value_t = 20)]
    pub(crate) roster: usize,
    /// How long to wait before memory is looked at, each time
    #[arg(long, default_value_t = 5_000)]
    pub(crate) settle_ms: u64,
    /// How long the silent streams are observed
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
}

impl Idle {
    pub(crate) async fn run(&self, cli: &Cli) -> anyhow::Result<Report> {
        let server = Server::start(cli, Passwords::Cheap).await?;
        let people = People::make(&server.address, self.connections).await?;
        people.befriend(&self.friendships()).await?;
        let door = Door {
            address: server.address.clone(),
            transport: cli.transport,
        };
        // The first half also warms caches and takes what the making of people has left free; what
        // the second half adds is what connections cost.
        let half = self.connections / 2;
        let mut tasks = JoinSet::new();
        let before = self.settled(&server).await?;
        for stream in self.open(&people, &door, 0..half).await? {
            tasks.spawn(listen(stream));
        }
        let middle = self.settled(&server).await?;
        for stream in self.open(&people, &door, half..self.connections).await? {
            tasks.spawn(listen(stream));
        }
        let after = self.settled(&server).await?;
        let interval = Interval::begin(&server)?;
        sleep(Duration::from_secs(self.seconds)).await;
        let spent = interval.end(&server)?;
        let parameters = json!({
            "connections": self.connections, "roster": self.roster, "seconds": self.seconds,
            "transport": format!("{:?}", cli.transport).to_lowercase(),
        });
        let mut report = Report::new("idle", parameters);
        let second_half = as_f64((self.connections - half).try_into()?);
        let grown = as_f64(after.pss_kib) - as_f64(middle.pss_kib);
        report.figure("pss_kib_per_connection", grown / second_half);
        report.figure("pss_before_mib", as_f64(before.pss_kib) / 1_024.0);
        report.figure("pss_half_mib", as_f64(middle.pss_kib) / 1_024.0);
        report.figure("server_cores_used", spent.server_cores());
        report.memory(&server)?;
        // A stream that ended although nobody closed it is a loss.
        while let Some(ended) = tasks.try_join_next() {
            complain(&format!("a silent stream ended: {:#}", ended?));
            report.losses += 1;
        }
        Ok(report)
    }

    /// Everybody with the next ones in a ring, so that all rosters have the same length.
    fn friendships(&self) -> Vec<(usize, usize)> {
        let half = self.roster / 2;
        (0..self.connections)
            .flat_map(|at| (1..=half).map(move |next| (at, (at + next) % self.connections)))
            .collect()
    }

    async fn settled(&self, server: &Server) -> anyhow::Result<Memory> {
        sleep(Duration::from_millis(self.settle_ms)).await;
        memory(server.pids())
    }

    async fn open(
        &self,
        people: &People,
        door: &Door,
        places: Range<usize>,
    ) -> anyhow::Result<Vec<Stream>> {
        let half = self.roster / 2;
        stream::iter(places)
            .map(|at| async move {
                let mut stream = door.open(people.get(at)?, "").await?;
                let ring = (1..=half).flat_map(|step| [at + step, at + self.connections - step]);
                let watched = ring
                    .map(|place| Ok(people.get(place % self.connections)?.user_id.clone()))
                    .collect::<anyhow::Result<_>>()?;
                stream.watch(watched).await?;
                anyhow::Ok(stream)
            })
            .buffered(OPENING)
            .try_collect()
            .await
    }
}

/// Reads what comes, until the stream ends, which it should not.
async fn listen(mut stream: Stream) -> anyhow::Error {
    loop {
        if let Err(error) = stream.next().await {
            return error;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rosters_have_the_same_length() {
        let idle = Idle {
            connections: 10,
            roster: 4,
            settle_ms: 0,
            seconds: 0,
        };
        let friendships = idle.friendships();
        for at in 0..10 {
            let own = friendships
                .iter()
                .filter(|(one, two)| *one == at || *two == at);
            assert_eq!(own.count(), 4);
        }
    }
}
