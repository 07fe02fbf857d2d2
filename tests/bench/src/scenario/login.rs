//! Sign-ins with a password. What they cost is the computation of the password, on purpose; the
//! question is how much is added to it.

use std::time::Duration;

use anyhow::Context as _;
use argon2::{Algorithm, Argon2, Params, Version};
use clap::Args;
use serde_json::json;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    args::Cli,
    client::Api,
    people::People,
    report::{Interval, Latencies, Report},
    server::{Passwords, Server},
    usage::as_f64,
};

/// The server's own cost parameters: memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// How long the rate of the bare computation is measured.
const RAW_TIME: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Args)]
pub(crate) struct Login {
    /// People who sign in, again and again
    #[arg(long, default_value_t = 100)]
    pub(crate) users: usize,
    /// Sign-ins under way
    #[arg(long, default_value_t = 8)]
    pub(crate) concurrency: usize,
    /// How long
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
}

impl Login {
    pub(crate) async fn run(&self, cli: &Cli) -> anyhow::Result<Report> {
        let raw_per_s = tokio::task::spawn_blocking(raw_rate).await??;
        let server = Server::start(cli, Passwords::Real).await?;
        let people = People::make(&server.address, self.users).await?;
        let interval = Interval::begin(&server)?;
        let end = Instant::now() + Duration::from_secs(self.seconds);
        let mut tasks = JoinSet::new();
        for at in 0..self.concurrency {
            let own = people.people.iter().skip(at).step_by(self.concurrency);
            let names = own.map(|person| person.username.clone()).collect();
            tasks.spawn(sign_in(server.address.clone(), names, end));
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
        });
        let mut report = Report::new("login", parameters);
        report.work(count, &spent);
        report.figure("raw_argon2_per_s", raw_per_s);
        let share = as_f64(count) / spent.seconds / raw_per_s;
        report.figure("share_of_raw_percent", share * 100.0);
        report.latencies(&latencies);
        report.memory(&server)?;
        Ok(report)
    }
}

async fn sign_in(
    address: String,
    names: Vec<String>,
    end: Instant,
) -> anyhow::Result<(u64, Latencies)> {
    let api = Api::new(&address)?;
    let mut latencies = Latencies::new()?;
    let mut count = 0;
    for name in names.iter().cycle() {
        let begin = Instant::now();
        if begin >= end {
            break;
        }
        api.login(name).await.context("a sign-in")?;
        latencies.record(begin.elapsed());
        count += 1;
    }
    Ok((count, latencies))
}

/// Computations per second of all cores together, with nothing else to do.
fn raw_rate() -> anyhow::Result<f64> {
    let cores = std::thread::available_parallelism()?.get();
    let threads: Vec<_> = (0..cores)
        .map(|_| std::thread::spawn(compute_passwords))
        .collect();
    let mut rate = 0.0;
    for thread in threads {
        let computed = thread.join().ok().context("a computation panicked")??;
        rate += computed;
    }
    Ok(rate)
}

fn compute_passwords() -> anyhow::Result<f64> {
    let (memory_kib, passes, lanes) = COST;
    let params = Params::new(memory_kib, passes, lanes, Some(32))
        .map_err(|error| anyhow::anyhow!("parameters: {error}"))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (begin, mut count, mut out) = (Instant::now(), 0, [0; 32]);
    while begin.elapsed() < RAW_TIME {
        argon2
            .hash_password_into(
                crate::client::PASSWORD.as_bytes(),
                b"sixteen bytes ..",
                &mut out,
            )
            .map_err(|error| anyhow::anyhow!("computing: {error}"))?;
        count += 1;
    }
    Ok(as_f64(count) / begin.elapsed().as_secs_f64())
}
