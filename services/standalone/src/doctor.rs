//! `intramessenger doctor`: says what keeps the program from running, and changes nothing.

use std::path::Path;

use im_bus::EventBus;
use im_process::{bus_config, store_config};
use im_runtime::{
    config::Common,
    lifecycle::{Finding, Start},
};
use im_store::{Database, Migrations};
use tokio::{
    net::TcpListener,
    time::{Duration, sleep},
};

use crate::assemble::Config;

/// Time for the bus to connect.
const BUS_TIMEOUT: Duration = Duration::from_secs(3);

/// Looks at everything that `start` needs.
pub(crate) async fn examine(start: Start<Config>) -> Vec<Finding> {
    let common = &start.common;
    let mut findings = vec![Finding {
        subject: "port",
        outcome: port(common).await,
    }];
    if common.store.url.is_none() {
        findings.push(Finding {
            subject: "data directory",
            outcome: writable(&common.store.data_dir),
        });
    }
    let databases = [
        ("auth", &im_auth::store::MIGRATIONS),
        ("presence", &im_presence::store::MIGRATIONS),
        ("messaging", &im_messaging::store::MIGRATIONS),
    ];
    for (name, migrations) in databases {
        findings.push(Finding {
            subject: name,
            outcome: database(common, name, migrations).await,
        });
    }
    findings.push(Finding {
        subject: "bus",
        outcome: bus(common).await,
    });
    findings
}

async fn port(common: &Common) -> Result<String, String> {
    let listen = common.server.listen;
    match TcpListener::bind(listen).await {
        Ok(_) => Ok(format!("{listen} is free")),
        Err(error) => Err(format!(
            "{listen} cannot be used ({error}); is the server running already? Else choose another \
             with --listen"
        )),
    }
}

fn writable(dir: &Path) -> Result<String, String> {
    let existing = dir
        .ancestors()
        .find(|path| path.exists())
        .unwrap_or(Path::new("."));
    let meta = existing
        .metadata()
        .map_err(|error| format!("{}: {error}", existing.display()))?;
    if !meta.is_dir() {
        return Err(format!(
            "{} is no directory; choose another with --data-dir",
            existing.display()
        ));
    }
    if meta.permissions().readonly() {
        return Err(format!("{} cannot be written to", existing.display()));
    }
    Ok(format!("{}", dir.display()))
}

async fn database(common: &Common, name: &str, migrations: &Migrations) -> Result<String, String> {
    let file = common.store.data_dir.join(format!("{name}.db"));
    if common.store.url.is_none() && !file.exists() {
        return Ok("will be made at the first start".to_owned());
    }
    let look = async {
        let database = Database::connect(&store_config(common, name)).await?;
        let pending = database.pending_migrations(migrations).await;
        database.close().await;
        pending
    };
    match look.await {
        Ok(pending) if pending.is_empty() => Ok("reachable and up to date".to_owned()),
        Ok(pending) => Ok(format!(
            "reachable; {} migrations will be run at the start",
            pending.len()
        )),
        Err(error) => Err(format!("{:#}", anyhow::Error::from(error))),
    }
}

async fn bus(common: &Common) -> Result<String, String> {
    let config = bus_config(common);
    if config.url.is_empty() {
        return Ok("in this process".to_owned());
    }
    let bus = EventBus::open(&config)
        .await
        .map_err(|error| format!("{:#}", anyhow::Error::from(error)))?;
    let connected = async {
        while !bus.is_connected() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let outcome = tokio::time::timeout(BUS_TIMEOUT, connected).await;
    bus.close().await;
    outcome
        .map(|()| "connected".to_owned())
        .map_err(|_elapsed| {
            "NATS does not answer; messages are still delivered, up to 5 s later. Check [bus] url"
                .to_owned()
        })
}
