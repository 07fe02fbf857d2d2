//! The service as a process of its own: what it reads, whom it calls, where it listens.

use im_process::{Peer, Process};
use im_runtime::lifecycle::{Program, Start};

/// Its name.
pub const PROGRAM: Program = Program {
    name: "im-presence",
    version: env!("CARGO_PKG_VERSION"),
    about: "Who is connected, who sees whom, who may reach whom.",
};

im_runtime::sections! {
    /// What it reads beside the common sections.
    pub struct Config { presence: crate::PresenceSettings }
}

/// Opens what the service needs, builds and serves it.
pub async fn start(start: Start<Config>) -> anyhow::Result<()> {
    let process = Process::open(start.common, start.tasks).await?;
    let deps = crate::Deps {
        clock: process.clock.clone(),
        ids: process.ids.clone(),
        database: process.database("presence").await?,
        bus: process.bus.clone(),
        directory: process.directory(process.remote("presence", Peer::Auth)?),
        tasks: process.tasks.clone(),
    };
    let service = crate::build(start.config.presence, deps).await?;
    let listen = process.common().peers.presence_listen;
    process
        .serve("presence", service.routes, listen, start.metrics)
        .await
}
