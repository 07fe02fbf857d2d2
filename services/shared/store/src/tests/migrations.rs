use super::THINGS;
use crate::testing::databases;
use crate::{Database, Migration, MigrationError, Migrations, StoreError, query};

const fn step(version: u32, name: &'static str, sql: &'static str) -> Migration {
    Migration {
        version,
        name,
        sqlite: sql,
        postgres: sql,
    }
}

const FIRST: Migration = step(
    1,
    "0001_a",
    "CREATE TABLE a (x BIGINT); CREATE TABLE b (x BIGINT);",
);
const SECOND: Migration = step(
    2,
    "0002_b",
    "-- comment; with a semicolon\nALTER TABLE a ADD y TEXT;",
);
const EDITED: Migration = step(1, "0001_a", "CREATE TABLE a (x BIGINT);");
const BROKEN: Migration = step(
    2,
    "0002_c",
    "CREATE TABLE c (x BIGINT); CREATE TABLE a (x BIGINT);",
);

static ONE: Migrations = Migrations { list: &[FIRST] };
static TWO: Migrations = Migrations {
    list: &[FIRST, SECOND],
};

fn migration_error(result: Result<Vec<u32>, StoreError>) -> MigrationError {
    match result {
        Err(StoreError::Migration(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_what_is_missing_is_applied() {
    for db in databases().await {
        assert_eq!(db.pending_migrations(&TWO).await.unwrap(), [1, 2]);
        assert_eq!(db.migrate(&ONE).await.unwrap(), [1]);
        assert_eq!(db.pending_migrations(&TWO).await.unwrap(), [2]);
        assert!(!db.is_current(&TWO).await.unwrap());
        assert_eq!(db.migrate(&TWO).await.unwrap(), [2]);
        assert_eq!(db.migrate(&TWO).await.unwrap(), [0_u32; 0]);
        assert!(db.is_current(&TWO).await.unwrap());
        query("INSERT INTO a (x, y) VALUES (1, 'y')")
            .execute(&db)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    for db in databases().await {
        db.migrate(&TWO).await.unwrap();
        let expected = MigrationError::DatabaseIsNewer {
            database: 2,
            program: 1,
        };
        assert_eq!(migration_error(db.migrate(&ONE).await), expected);
        assert_eq!(migration_error(db.pending_migrations(&ONE).await), expected);
        assert!(!db.is_current(&ONE).await.unwrap());
    }
}

#[tokio::test]
async fn an_edited_migration_is_refused() {
    static EDITED_LIST: Migrations = Migrations {
        list: &[EDITED, SECOND],
    };
    for db in databases().await {
        db.migrate(&ONE).await.unwrap();
        let expected = MigrationError::ChecksumMismatch {
            version: 1,
            name: "0001_a",
        };
        assert_eq!(migration_error(db.migrate(&EDITED_LIST).await), expected);
    }
}

#[tokio::test]
async fn a_gap_is_refused() {
    static GAP: Migrations = Migrations { list: &[SECOND] };
    for db in databases().await {
        let expected = MigrationError::OutOfOrder { version: 2 };
        assert_eq!(migration_error(db.migrate(&GAP).await), expected);
        db.migrate(&TWO).await.unwrap();
        query("DELETE FROM schema_migrations WHERE version = 1")
            .execute(&db)
            .await
            .unwrap();
        let expected = MigrationError::LeftOut {
            version: 1,
            name: "0001_a",
        };
        assert_eq!(migration_error(db.migrate(&TWO).await), expected);
    }
}

#[tokio::test]
async fn a_failing_migration_changes_nothing() {
    static BROKEN_LIST: Migrations = Migrations {
        list: &[FIRST, BROKEN],
    };
    for db in databases().await {
        match migration_error(db.migrate(&BROKEN_LIST).await) {
            MigrationError::Failed {
                version: 2,
                message,
                ..
            } => {
                assert!(message.contains("already exists"), "{message}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(db.migrate(&TWO).await.unwrap(), [1, 2]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_processes_one_migrates() {
    for db in databases().await {
        let mut others = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let config = db.config();
            others.spawn(async move {
                let other = Database::connect(&config).await.unwrap();
                let applied = other.migrate(&THINGS).await.unwrap();
                other.close().await;
                applied
            });
        }
        let mut applied = Vec::new();
        while let Some(done) = others.join_next().await {
            applied.append(&mut done.unwrap());
        }
        assert_eq!(applied, [1]);
    }
}
