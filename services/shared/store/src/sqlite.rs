//! Opening SQLite: one connection that writes, several that read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::{Durability, StoreConfig, StoreError};

/// Prepared statements kept per connection: every statement of a service in every batch size.
const STATEMENTS_CACHED: usize = 1_024;
/// Rows that the thread of a connection reads ahead of the reader.
const ROWS_BUFFERED: usize = 256;
/// Rows looked at per index when statistics are refreshed at close.
const ANALYSIS_ROWS_MAX: u32 = 400;
/// The write-ahead log is moved into the file after so many pages (16 MiB) …
const CHECKPOINT_PAGES: &str = "4000";
/// … and is cut back to this size, in bytes, afterwards.
const LOG_BYTES_KEPT: &str = "67108864";
/// Page cache of a connection, in KiB (negative by SQLite's convention).
const CACHE_KIB: &str = "-16384";

#[derive(Debug, Clone)]
pub(crate) struct SqlitePools {
    writer: SqlitePool,
    /// The writer itself for a database in memory, which exists in one connection only.
    reader: SqlitePool,
    is_in_memory: bool,
}

impl SqlitePools {
    pub(crate) async fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        let path = path_of(config.url.expose())?;
        let mut options = SqliteConnectOptions::new()
            .foreign_keys(true)
            .busy_timeout(Duration::from_millis(config.busy_timeout_ms))
            .statement_cache_capacity(STATEMENTS_CACHED)
            .row_buffer_size(ROWS_BUFFERED)
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", CACHE_KIB);
        let Some(path) = path else {
            options = options.in_memory(true);
            let writer = pool_options(config, 1).connect_with(options).await?;
            return Ok(Self {
                reader: writer.clone(),
                writer,
                is_in_memory: true,
            });
        };
        create_file(&path).await?;
        options = options.filename(&path);
        let writer = pool_options(config, 1)
            .connect_with(writer_options(&options, config))
            .await?;
        let reader = pool_options(config, config.read_connections)
            .connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(Self {
            writer,
            reader,
            is_in_memory: false,
        })
    }

    pub(crate) const fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    pub(crate) const fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    pub(crate) async fn close(&self) {
        if !self.is_in_memory {
            // Readers first: the log can only be emptied when nobody reads an old state from it.
            self.reader.close().await;
            let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
            if let Err(error) = checkpoint.execute(&self.writer).await {
                tracing::warn!(%error, "the write-ahead log stays beside the database file");
            }
        }
        self.writer.close().await;
    }
}

fn writer_options(options: &SqliteConnectOptions, config: &StoreConfig) -> SqliteConnectOptions {
    let synchronous = match config.durability {
        Durability::Full => SqliteSynchronous::Full,
        Durability::Relaxed => SqliteSynchronous::Normal,
    };
    options
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", LOG_BYTES_KEPT)
        .optimize_on_close(true, ANALYSIS_ROWS_MAX)
}

/// A connection is a file handle and a thread: it does not go stale, so it is neither tested nor
/// replaced, and closing the only one would lose a database in memory.
fn pool_options(config: &StoreConfig, connections_max: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(config.acquire_timeout())
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// `None` is a database in memory.
fn path_of(url: &str) -> Result<Option<PathBuf>, StoreError> {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    if path == ":memory:" || path == "//:memory:" {
        return Ok(None);
    }
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.contains('?') {
        let fault = "url must name a file after sqlite:// and takes no parameters";
        return Err(StoreError::Config(fault.to_owned()));
    }
    Ok(Some(PathBuf::from(path)))
}

/// Makes the file before SQLite does, because SQLite would let everybody read it. The files it puts
/// beside it get the same mode.
async fn create_file(path: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| {
        StoreError::Unavailable(format!("cannot create {}: {error}", path.display()).into())
    };
    if let Some(directory) = path.parent() {
        let mut builder = tokio::fs::DirBuilder::new();
        #[cfg(unix)]
        builder.mode(0o700);
        builder
            .recursive(true)
            .create(directory)
            .await
            .map_err(failed)?;
    }
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await.map(|_| ()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_files() {
        let path = |url| path_of(url).unwrap();
        assert_eq!(
            path("sqlite:///var/lib/im/a.db"),
            Some("/var/lib/im/a.db".into())
        );
        assert_eq!(path("sqlite://data/a.db"), Some("data/a.db".into()));
        assert_eq!(path("sqlite::memory:"), None);
        assert!(path_of("sqlite://a.db?mode=ro").is_err());
        assert!(path_of("sqlite://").is_err());
    }
}
