use std::time::Duration;

use super::things;
use crate::{Database, StoreError, Tx, query, query_rows, retry};

const INSERT_COUNTER: &str = "INSERT INTO counters (name, value) VALUES ($1, $2)";
const COUNT: &str = "SELECT count(*) FROM counters";

async fn count(db: &Database) -> i64 {
    query(COUNT).fetch_one(db).await.unwrap()
}

async fn insert(tx: &mut Tx, name: &str) -> Result<u64, StoreError> {
    query(INSERT_COUNTER)
        .bind(name)
        .bind(0)
        .execute(&mut *tx)
        .await
}

/// Handlers are moved between threads while they wait.
#[tokio::test]
async fn futures_can_be_sent() {
    const INSERT_ROWS: &str = "INSERT INTO counters (name, value) VALUES /*rows*/ RETURNING value";
    fn assert_send<T: Send>(future: T) -> T {
        future
    }
    for db in things().await {
        let db = db.database();
        let mut tx = db.begin_write().await.unwrap();
        let rows =
            |from: i64| query_rows(INSERT_ROWS).rows((from..from + 20).map(|n| (n.to_string(), n)));
        assert_send(rows(0).execute(&mut tx)).await.unwrap();
        assert_send(rows(20).fetch_all::<i64>(&mut tx))
            .await
            .unwrap();
        assert_send(query(COUNT).fetch_all::<i64>(&mut tx))
            .await
            .unwrap();
        assert_send(tx.commit()).await.unwrap();
        assert_send(rows(40).fetch_all::<i64>(&db)).await.unwrap();
        assert_send(retry(crate::RetryBudget::default(), || {
            rows(60).execute(&db)
        }))
        .await
        .unwrap();
        assert_send(db.migrate(&super::THINGS)).await.unwrap();
        assert_eq!(
            assert_send(query(COUNT).fetch_one::<i64>(&db))
                .await
                .unwrap(),
            80
        );
    }
}

#[tokio::test]
async fn only_a_commit_keeps_changes() {
    for db in things().await {
        let mut dropped = db.begin_write().await.unwrap();
        insert(&mut dropped, "dropped").await.unwrap();
        drop(dropped);
        let mut rolled_back = db.begin_write().await.unwrap();
        insert(&mut rolled_back, "rolled back").await.unwrap();
        assert_eq!(
            query(COUNT)
                .fetch_one::<i64>(&mut rolled_back)
                .await
                .unwrap(),
            1
        );
        rolled_back.rollback().await.unwrap();
        assert_eq!(count(&db).await, 0);
        let mut committed = db.begin_write().await.unwrap();
        insert(&mut committed, "committed").await.unwrap();
        assert_eq!(count(&db).await, 0, "others do not see it yet");
        committed.commit().await.unwrap();
        assert_eq!(count(&db).await, 1);
    }
}

#[tokio::test]
async fn a_cancelled_transaction_leaves_nothing_and_blocks_nobody() {
    for db in things().await {
        let work = async {
            let mut tx = db.begin_write().await.unwrap();
            insert(&mut tx, "cancelled").await.unwrap();
            std::future::pending::<()>().await;
        };
        assert!(
            tokio::time::timeout(Duration::from_millis(200), work)
                .await
                .is_err()
        );
        let mut tx = db.begin_write().await.unwrap();
        insert(&mut tx, "after").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count(&db).await, 1);
    }
}

#[tokio::test]
async fn a_failed_statement_ends_its_transaction() {
    for db in things().await {
        let mut tx = db.begin_write().await.unwrap();
        insert(&mut tx, "a").await.unwrap();
        assert!(
            insert(&mut tx, "a")
                .await
                .unwrap_err()
                .is_unique_violation()
        );
        assert!(matches!(
            insert(&mut tx, "b").await,
            Err(StoreError::TransactionFailed)
        ));
        assert!(matches!(
            tx.commit().await,
            Err(StoreError::TransactionFailed)
        ));
        assert_eq!(count(&db).await, 0);
    }
}

#[tokio::test]
async fn a_reading_transaction_sees_one_state_and_writes_nothing() {
    for db in things().await {
        let mut read = db.begin_read().await.unwrap();
        assert_eq!(query(COUNT).fetch_one::<i64>(&mut read).await.unwrap(), 0);
        query(INSERT_COUNTER)
            .bind("a")
            .bind(0)
            .execute(&db)
            .await
            .unwrap();
        assert_eq!(query(COUNT).fetch_one::<i64>(&mut read).await.unwrap(), 0);
        assert!(insert(&mut read, "b").await.is_err());
        drop(read);
        assert_eq!(count(&db).await, 1);
    }
}

#[tokio::test]
async fn forty_concurrent_appenders_leave_no_gap() {
    const READ: &str = "SELECT value FROM counters WHERE name = 'seq' /*for update*/";
    const WRITE: &str = "UPDATE counters SET value = $1 WHERE name = 'seq'";
    const APPEND: &str = "INSERT INTO entries (owner_id, seq, body) VALUES ($1, $2, 'x')";
    async fn append(db: &Database) -> Result<(), StoreError> {
        let mut tx = db.begin_write().await?;
        let seq = query(READ).fetch_one::<i64>(&mut tx).await? + 1;
        query(WRITE).bind(seq).execute(&mut tx).await?;
        query(APPEND)
            .bind(uuid::Uuid::nil())
            .bind(seq)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }
    for db in things().await {
        query(INSERT_COUNTER)
            .bind("seq")
            .bind(0)
            .execute(&db)
            .await
            .unwrap();
        let mut appenders = tokio::task::JoinSet::new();
        for _ in 0..40 {
            let db = db.database();
            appenders.spawn(async move {
                for _ in 0..5 {
                    append(&db).await.unwrap();
                }
            });
        }
        while let Some(done) = appenders.join_next().await {
            done.unwrap();
        }
        let seqs: Vec<i64> = query("SELECT seq FROM entries ORDER BY seq")
            .fetch_all(&db)
            .await
            .unwrap();
        assert_eq!(seqs, (1..=200).collect::<Vec<i64>>());
    }
}

#[tokio::test]
async fn two_processes_may_write_the_same_database() {
    for db in things().await {
        let other = Database::connect(&db.config()).await.unwrap();
        query(INSERT_COUNTER)
            .bind("n")
            .bind(0)
            .execute(&db)
            .await
            .unwrap();
        let mut writers = tokio::task::JoinSet::new();
        for db in [db.database(), other.clone()] {
            writers.spawn(async move {
                for _ in 0..50 {
                    let add = || query("UPDATE counters SET value = value + 1").execute(&db);
                    retry(crate::RetryBudget::default(), add).await.unwrap();
                }
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
        let sum = query("SELECT value FROM counters")
            .fetch_one::<i64>(&other)
            .await
            .unwrap();
        assert_eq!(sum, 100);
        other.close().await;
    }
}

#[tokio::test]
async fn collisions_are_told_as_such() {
    for db in things().await {
        let mut config = db.config();
        config.busy_timeout_ms = 50;
        let other = Database::connect(&config).await.unwrap();
        for name in ["a", "b"] {
            query(INSERT_COUNTER)
                .bind(name)
                .bind(0)
                .execute(&db)
                .await
                .unwrap();
        }
        let lock = |name| query("UPDATE counters SET value = value + 1 WHERE name = $1").bind(name);
        let mut first = db.begin_write().await.unwrap();
        lock("a").execute(&mut first).await.unwrap();
        let error = match other.begin_write().await {
            // SQLite: one writer at a time.
            Err(error) => error,
            // PostgreSQL: a deadlock ends one of the two.
            Ok(mut second) => {
                lock("b").execute(&mut second).await.unwrap();
                let (a, b) = tokio::join!(
                    lock("b").execute(&mut first),
                    lock("a").execute(&mut second)
                );
                a.and(b).unwrap_err()
            }
        };
        assert!(matches!(error, StoreError::Serialization(_)), "{error:?}");
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn a_slow_statement_is_stopped() {
    for db in things().await {
        if db.engine() == crate::Engine::Sqlite {
            continue; // SQLite has no statement limit: it works in this process, on our own tables
        }
        let mut config = db.config();
        config.statement_timeout_ms = 100;
        let hasty = Database::connect(&config).await.unwrap();
        let error = query("SELECT pg_sleep(5)")
            .execute(&hasty)
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Timeout(_)), "{error:?}");
        hasty.ping().await.unwrap();
    }
}

#[tokio::test]
async fn connections_the_server_closed_are_replaced() {
    const END_OTHERS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE application_name = $1 AND pid <> pg_backend_pid()";
    for db in things().await {
        if db.engine() == crate::Engine::Sqlite {
            continue; // there is no server
        }
        let mut held = db.begin_write().await.unwrap();
        insert(&mut held, "lost").await.unwrap();
        let ended = query(END_OTHERS).bind(db.config().application_name);
        assert_ne!(ended.fetch_one::<i64>(&db).await.unwrap(), 0);
        let error = insert(&mut held, "late").await.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");
        drop(held);
        assert_eq!(count(&db).await, 0);
    }
}
