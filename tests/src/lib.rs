//! What the tests of the whole system are built from: real programs in processes of their own, real
//! databases and a real bus, and clients for them.
//!
//! `./tests/run` starts the servers and names them in the environment (see [`environment`]). Every
//! test makes its own database, directory and ports from them, so tests run side by side. A helper
//! that cannot do its work panics and says why: that is what a test needs.
//!
//! - [`Program`] and [`Process`]: start, kill, freeze, restart a program of this workspace
//! - [`NatsServer`], [`PostgresDatabase`]: throw-away servers and databases
//! - [`HttpClient`], [`Stream`]: JSON over HTTP, and the WebSocket of the gateway
//! - [`client`]: the public API over every transport; [`checker`]: judges a run by its clients' records
//! - [`wait_until`], [`free_port`], [`data_dir`]
#![warn(missing_docs)]
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::result_large_err,
    reason = "this is test code, although the compiler does not know it"
)]

pub mod checker;
pub mod client;
pub mod environment;
mod http;
mod nats;
mod postgres;
mod process;
mod program;
mod stream;
mod wait;

pub use http::HttpClient;
pub use nats::NatsServer;
pub use postgres::PostgresDatabase;
pub use process::Process;
pub use program::{Program, Ready};
pub use stream::{Received, Stream};
pub use wait::{data_dir, free_port, wait_until};
