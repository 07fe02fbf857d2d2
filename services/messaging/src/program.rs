//! The service as a process of its own: what it reads, whom it calls, where it listens.

use im_process::{Peer, Process};
use im_runtime::lifecycle::{Program, Start};

/// Its name.
pub const PROGRAM: Program = Program {
    name: "im-messaging",
    version: env!("CARGO_PKG_VERSION"),
    about: "Who said what: conversations, messages, mailboxes.",
};

im_runtime::sections! {
    /// What it reads beside the common sections.
    pub struct Config { messaging: crate::MessagingSettings }
}

/// Opens what the service needs, builds and serves it.
pub async fn start(start: Start<Config>) -> anyhow::Result<()> {
    let process = Process::open(start.common, start.tasks).await?;
    let directory = process.directory(process.remote("messaging", Peer::Auth)?);
    let deps = crate::Deps {
        ids: process.ids.clone(),
        database: process.database("messaging").await?,
        bus: process.bus.clone(),
        directory,
        presence: process.remote("messaging", Peer::Presence)?,
        tasks: process.tasks.clone(),
    };
    let service = crate::build(&start.config.messaging, deps).await?;
    let listen = process.common().peers.messaging_listen;
    process
        .serve("messaging", service.routes, listen, start.metrics)
        .await
}
