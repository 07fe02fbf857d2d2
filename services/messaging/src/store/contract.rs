//! How every store behaves: the same random histories on all of them, compared with each other
//! and with what a client makes of its mailbox.

mod client;
mod history;
mod operations;
mod plans;
mod statements;

use im_store::testing::{POSTGRES_URL_VARIABLE, TestDatabase, postgres, sqlite_temp};

use super::{MIGRATIONS, MemoryStore, SqlStore};
use history::run_histories;

async fn sql_store(database: TestDatabase) -> (SqlStore, TestDatabase) {
    let database = database.migrated(&MIGRATIONS).await;
    (SqlStore::new(database.database()), database)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test's own environment says where the server is"
)]
pub(super) fn postgres_url() -> Option<String> {
    std::env::var(POSTGRES_URL_VARIABLE).ok()
}

#[test]
fn memory_tells_clients_everything() {
    run_histories(200, || async { (MemoryStore::default(), ()) });
}

#[test]
fn sqlite_is_as_memory() {
    run_histories(40, || async { sql_store(sqlite_temp().await).await });
}

#[test]
fn postgres_is_as_memory() {
    if let Some(url) = postgres_url() {
        run_histories(40, move || {
            let url = url.clone();
            async move { sql_store(postgres(&url).await).await }
        });
    }
}
