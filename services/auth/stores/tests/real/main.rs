//! Stores against real servers: `MariaDB`, PostgreSQL, SQLite.
//!
//! `tests/run` names its servers by `IM_TEST_MARIADB_URL` and `IM_TEST_POSTGRES_URL`; without them
//! the usual ports of this machine are taken.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::format_push_string,
    reason = "in a test a panic is the answer"
)]

mod faults;
mod find;
mod fixtures;
mod hostile;
mod presets;
mod proxy;
mod servers;
mod tls;
