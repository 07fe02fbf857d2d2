//! The gateway as a process of its own: what it reads, whom it connects to.

use anyhow::Context as _;
use im_process::{Peer, Process};
use im_runtime::lifecycle::{Program, Start};

use crate::{Deps, GatewaySettings, build, node_id};

/// Its name.
pub const PROGRAM: Program = Program {
    name: "im-gateway",
    version: env!("CARGO_PKG_VERSION"),
    about: "The only door to the outside: gRPC, gRPC-Web, HTTP/JSON and streams on one port.",
};

im_runtime::sections! {
    /// What it reads beside the common sections.
    pub struct Config { gateway: GatewaySettings }
}

/// Connects to the services behind and serves.
pub async fn start(start: Start<Config>) -> anyhow::Result<()> {
    let Start {
        config,
        common,
        tasks,
        metrics,
    } = start;
    let process = Process::open(common, tasks).await?;
    let auth = process.remote("gateway", Peer::Auth)?;
    let data_dir = &process.common().store.data_dir;
    let node_id = node_id(&config.gateway, data_dir, &process.ids).context("[store] data_dir")?;
    let deps = Deps {
        directory: process.directory(auth.clone()),
        auth,
        presence: process.remote("gateway", Peer::Presence)?,
        messaging: process.remote("gateway", Peer::Messaging)?,
        bus: process.bus.clone(),
        clock: process.clock.clone(),
        ids: process.ids.clone(),
        tasks: process.tasks.clone(),
        metrics: metrics.clone(),
        node_id,
    };
    let addresses = build(config.gateway, deps)?
        .listen(process.common().server.listen)
        .await?;
    process.serve_admin(metrics).await?;
    for address in addresses {
        tracing::info!(%address, "gateway is ready");
    }
    Ok(())
}
