use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::THINGS;
use crate::testing::{databases, sqlite_temp};
use crate::{Database, Durability, Engine, StoreConfig, StoreError, query};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

#[tokio::test]
async fn the_file_is_private_and_closed_tidily() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("new/deep/im.db");
    let config = StoreConfig::with_url(format!("sqlite://{}", path.display()));
    let db = Database::connect(&config).await.unwrap();
    db.migrate(&THINGS).await.unwrap();
    db.ping().await.unwrap();
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for file in [path.clone(), beside(&path, "-wal"), beside(&path, "-shm")] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    db.close().await;
    assert!(!beside(&path, "-wal").exists());
    assert!(matches!(db.ping().await, Err(StoreError::Unavailable(_))));
    let again = Database::connect(&config).await.unwrap();
    assert!(again.is_current(&THINGS).await.unwrap());
    again.close().await;
}

#[tokio::test]
async fn connections_are_set_as_configured() {
    let pragma = async |db: &Database, name: &'static str| {
        let mut tx = db.begin_write().await.unwrap();
        query(name).fetch_one::<i64>(&mut tx).await.unwrap()
    };
    let db = sqlite_temp().await;
    assert_eq!(pragma(&db, "PRAGMA synchronous").await, 2);
    assert_eq!(pragma(&db, "PRAGMA foreign_keys").await, 1);
    assert_eq!(pragma(&db, "PRAGMA busy_timeout").await, 5_000);
    let journal = query("PRAGMA journal_mode")
        .fetch_one::<String>(&db)
        .await
        .unwrap();
    assert_eq!(journal, "wal");
    let mut config = db.config();
    config.durability = Durability::Relaxed;
    let relaxed = Database::connect(&config).await.unwrap();
    assert_eq!(pragma(&relaxed, "PRAGMA synchronous").await, 1);
    for db in databases()
        .await
        .iter()
        .filter(|db| db.engine() == Engine::Postgres)
    {
        let mut config = db.config();
        for (durability, expected) in [(Durability::Full, "on"), (Durability::Relaxed, "off")] {
            config.durability = durability;
            let db = Database::connect(&config).await.unwrap();
            let show = query("SHOW synchronous_commit")
                .fetch_one::<String>(&db)
                .await
                .unwrap();
            assert_eq!(show, expected);
            db.close().await;
        }
        let name = query("SELECT current_setting('application_name')");
        let name = name.fetch_one::<String>(db).await.unwrap();
        assert_eq!(name, db.config().application_name);
        let timeout = query("SELECT current_setting('statement_timeout')");
        assert_eq!(timeout.fetch_one::<String>(db).await.unwrap(), "10s");
    }
}

#[tokio::test]
async fn memory_is_a_database_too() {
    let db = Database::connect(&StoreConfig::with_url("sqlite::memory:"))
        .await
        .unwrap();
    db.migrate(&THINGS).await.unwrap();
    query("INSERT INTO counters VALUES ('a', 1)")
        .execute(&db)
        .await
        .unwrap();
    let value = query("SELECT value FROM counters")
        .fetch_one::<i64>(&db)
        .await
        .unwrap();
    assert_eq!(value, 1);
    db.close().await;
}

#[tokio::test]
async fn useless_configuration_is_refused_in_words() {
    let refused = async |config: StoreConfig| match Database::connect(&config).await {
        Err(StoreError::Config(fault)) => fault,
        other => panic!("{other:?}"),
    };
    let mut config = StoreConfig::with_url("mysql://secret@host/db");
    config.max_connections = 0;
    config.schema = Some("a; drop".to_owned());
    let fault = refused(config).await;
    for key in ["url", "max_connections", "schema"] {
        assert!(fault.contains(key), "{fault}");
    }
    let fault = refused(StoreConfig::with_url("postgres://u:secret@[host/db")).await;
    assert!(!fault.contains("secret"), "{fault}");
    assert!(!format!("{:?}", StoreConfig::with_url("postgres://u:secret@h/d")).contains("secret"));
}

#[tokio::test]
async fn an_unreachable_database_is_unavailable() {
    let mut config = StoreConfig::with_url("postgres://im@127.0.0.1:1/im");
    config.acquire_timeout_ms = 300;
    for schema in [None, Some("im".to_owned())] {
        config.schema = schema;
        let error = Database::connect(&config).await.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");
    }
    let error = Database::connect(&StoreConfig::with_url("sqlite:///proc/none/im.db")).await;
    assert!(matches!(error, Err(StoreError::Unavailable(_))));
    let home = TempDir::new().unwrap();
    let path = home.path().join("text.db");
    std::fs::write(&path, "this is no database, only a text".repeat(200)).unwrap();
    let config = StoreConfig::with_url(format!("sqlite://{}", path.display()));
    let error = Database::connect(&config).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}
