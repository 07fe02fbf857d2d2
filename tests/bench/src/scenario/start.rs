//! Cold start in an empty directory.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use tokio::time::sleep;

use crate::{
    args::Cli,
    report::Report,
    server::{Passwords, Server},
};

#[derive(Debug, Clone, Args)]
pub(crate) struct Start {
    /// When memory is looked at, after the server was ready
    #[arg(long, default_value_t = 2_000)]
    pub(crate) settle_ms: u64,
}

impl Start {
    pub(crate) async fn run(&self, cli: &Cli) -> anyhow::Result<Report> {
        let server = Server::start(cli, Passwords::Real).await?;
        let start_time = server
            .start_time
            .context("a server that runs already cannot be started")?;
        sleep(Duration::from_millis(self.settle_ms)).await;
        let mut report = Report::new("start", json!({"settle_ms": self.settle_ms}));
        report.figure("ready_ms", start_time.as_secs_f64() * 1_000.0);
        report.memory(&server)?;
        Ok(report)
    }
}
