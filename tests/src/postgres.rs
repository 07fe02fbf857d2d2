//! A throw-away PostgreSQL database.

use im_store::{Database, StoreConfig, query};

use crate::environment;

/// A database of its own on the server of `IM_TEST_POSTGRES_URL`, with room for the schemas of
/// all services; dropped, with its connections, when the value is.
#[derive(Debug)]
pub struct PostgresDatabase {
    server_url: String,
    name: String,
}

impl PostgresDatabase {
    /// Creates an empty database.
    ///
    /// # Panics
    /// When the variable is not set or the server refuses.
    pub async fn create() -> Self {
        let server_url = environment::required("IM_TEST_POSTGRES_URL");
        let name = format!("im_test_{:032x}", rand::random::<u128>());
        // template0 has no connections that could be in the way of a copy.
        execute(
            &server_url,
            format!("CREATE DATABASE {name} TEMPLATE template0"),
        )
        .await;
        Self { server_url, name }
    }

    /// For the configuration of a service.
    ///
    /// # Panics
    /// When the URL of the server names no database.
    pub fn url(&self) -> String {
        let (server, _) = self
            .server_url
            .rsplit_once('/')
            .expect("postgres://…/database");
        format!("{server}/{}", self.name)
    }

    /// The configuration of a pool with a few connections.
    pub fn config(&self) -> StoreConfig {
        StoreConfig {
            max_connections: 6,
            ..StoreConfig::with_url(self.url())
        }
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let server_url = self.server_url.clone();
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // The runtime of the test cannot be waited for here, so the clean-up brings its own.
        let cleaner = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime
                .expect("a runtime starts")
                .block_on(execute(&server_url, statement));
        });
        if cleaner.join().is_err() {
            eprintln!("the test database {} stays behind", self.name);
        }
    }
}

async fn execute(server_url: &str, statement: String) {
    let config = StoreConfig {
        max_connections: 1,
        ..StoreConfig::with_url(server_url)
    };
    let database = Database::connect(&config)
        .await
        .expect("the test's PostgreSQL answers");
    // Names cannot be parameters. The few bytes a test leaks here end with it.
    let done = query(statement.leak()).execute(&database).await;
    database.close().await;
    done.expect("the test's PostgreSQL obeys");
}
