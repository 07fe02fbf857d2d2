//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::scenario::Scenario;

/// Load generator over the public API of IntraMessenger.
#[derive(Debug, Parser)]
#[command(name = "im-bench", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to measure
    #[command(subcommand)]
    pub(crate) scenario: Option<Scenario>,
    /// Run all scenarios with small numbers: asks whether everything arrived, never how fast
    #[arg(long)]
    pub(crate) smoke: bool,
    /// How often to run it; each run has a server and users of its own
    #[arg(long, global = true, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) repetitions: u32,
    /// Print only the JSON lines, nothing for people on standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How streams are opened
    #[arg(long, global = true, value_enum, default_value = "grpc")]
    pub(crate) transport: Transport,
    /// The server's program [default: intramessenger in the directory of this program]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) server_bin: Option<PathBuf>,
    /// A setting for the server, as for `intramessenger --set`
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Where the server's directory of data is made [default: the directory for temporary files]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_root: Option<PathBuf>,
    /// Measure an installation that runs already, at this address, instead of starting one
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) address: Option<String>,
    /// With --address: the processes whose time and memory count, databases included
    #[arg(long = "pid", global = true, requires = "address")]
    pub(crate) pids: Vec<u32>,
    /// What the installation is called in the results
    #[arg(long, global = true, default_value = "standalone-sqlite")]
    pub(crate) form: String,
}

/// How a stream is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    /// `StreamService.Connect`, one HTTP/2 connection for each person
    Grpc,
    /// `GET /v1/stream` with a ticket and the sub-protocol `im.v1.proto`
    Websocket,
}
