//! The scenarios, one file each.

mod chat;
mod crash;
mod idle;
mod login;
mod offline;
mod presence;
mod reconnect;
mod start;

use clap::Subcommand;

use crate::{args::Cli, report::Report};

/// What to measure.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Scenario {
    /// From the start in an empty directory to the line that says ready, and the memory then
    Start(start::Start),
    /// Sign-ins with a password, against what the cores can compute
    Login(login::Login),
    /// Streams opened again and again with a token
    Reconnect(reconnect::Reconnect),
    /// Streams that are open and silent: memory for each
    Idle(idle::Idle),
    /// Messages between pairs of people: as many as go (closed loop) or at a rate (open loop)
    Chat(chat::Chat),
    /// Changes of presence and those who are told
    Presence(presence::Presence),
    /// Messages for people who are away, then all of them come
    Offline(offline::Offline),
    /// SIGKILL under load, restart: is everything acknowledged still there?
    Crash(crash::Crash),
}

impl Scenario {
    /// All of them with numbers for a few seconds.
    pub(crate) fn smoke() -> Vec<Self> {
        vec![
            Self::Start(start::Start { settle_ms: 100 }),
            Self::Login(login::Login {
                users: 8,
                concurrency: 4,
                seconds: 1,
            }),
            Self::Reconnect(reconnect::Reconnect {
                users: 8,
                concurrency: 4,
                seconds: 1,
            }),
            Self::Idle(idle::Idle {
                connections: 20,
                roster: 4,
                settle_ms: 200,
                seconds: 1,
            }),
            Self::Chat(chat::Chat {
                pairs: 5,
                in_flight: 8,
                rate: 0,
                warm_up_ms: 200,
                seconds: 1,
            }),
            Self::Chat(chat::Chat {
                pairs: 5,
                in_flight: 8,
                rate: 100,
                warm_up_ms: 200,
                seconds: 1,
            }),
            Self::Presence(presence::Presence {
                subjects: 4,
                watchers: 4,
                rate: 20,
                warm_up_ms: 200,
                seconds: 1,
            }),
            Self::Offline(offline::Offline {
                pairs: 4,
                in_flight: 8,
                messages: 50,
            }),
            Self::Crash(crash::Crash {
                pairs: 4,
                rate: 100,
                rounds: 1,
                seed: None,
            }),
        ]
    }

    pub(crate) async fn run(&self, cli: &Cli) -> anyhow::Result<Report> {
        match self {
            Self::Start(scenario) => scenario.run(cli).await,
            Self::Login(scenario) => scenario.run(cli).await,
            Self::Reconnect(scenario) => scenario.run(cli).await,
            Self::Idle(scenario) => scenario.run(cli).await,
            Self::Chat(scenario) => scenario.run(cli).await,
            Self::Presence(scenario) => scenario.run(cli).await,
            Self::Offline(scenario) => scenario.run(cli).await,
            Self::Crash(scenario) => scenario.run(cli).await,
        }
    }
}
