//! The same tests on both engines, PostgreSQL if `IM_TEST_POSTGRES_URL` is set.

mod batches;
mod files;
mod migrations;
mod statements;
mod transactions;

use crate::testing::{TestDatabase, databases};
use crate::{Migration, Migrations};

const THINGS_SQLITE: &str = "
    CREATE TABLE things (
        thing_id BLOB PRIMARY KEY, number INTEGER UNIQUE, label TEXT, is_good INTEGER,
        body BLOB, parent_id BLOB REFERENCES things (thing_id)) STRICT;
    CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL CHECK (value >= 0)) STRICT;
    CREATE TABLE entries (owner_id BLOB NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (owner_id, seq)) STRICT, WITHOUT ROWID;
";
const THINGS_POSTGRES: &str = "
    CREATE TABLE things (
        thing_id UUID PRIMARY KEY, number BIGINT UNIQUE, label TEXT, is_good BOOLEAN,
        body BYTEA, parent_id UUID REFERENCES things (thing_id));
    CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL CHECK (value >= 0));
    CREATE TABLE entries (owner_id UUID NOT NULL, seq BIGINT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (owner_id, seq));
";

static THINGS: Migrations = Migrations {
    list: &[Migration {
        version: 1,
        name: "0001_things",
        sqlite: THINGS_SQLITE,
        postgres: THINGS_POSTGRES,
    }],
};

const INSERT_THING: &str = "INSERT INTO things (thing_id, number, label, is_good, body, parent_id)
     VALUES ($1, $2, $3, $4, $5, $6)";

async fn things() -> Vec<TestDatabase> {
    let mut migrated = Vec::new();
    for database in databases().await {
        migrated.push(database.migrated(&THINGS).await);
    }
    migrated
}
