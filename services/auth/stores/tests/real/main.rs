//! Stores against real servers: MariaDB, PostgreSQL, SQLite.
//!
//! `tests/run` names its servers by `IM_TEST_MARIADB_URL` and `IM_TEST_POSTGRES_URL`; without them
//! the usual ports of this machine are taken.

mod faults;
mod find;
mod fixtures;
mod presets;
mod servers;
