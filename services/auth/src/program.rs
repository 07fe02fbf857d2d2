//! The service as a process of its own: what it reads, whom it calls, where it listens.

use std::io::Write as _;

use im_process::Process;
use im_runtime::lifecycle::{Program, Start};
use im_types::Secret;

/// Its name.
pub const PROGRAM: Program = Program {
    name: "im-auth",
    version: env!("CARGO_PKG_VERSION"),
    about: "Who you are: accounts, sign-in, sessions, sites, policy, audit.",
};

im_runtime::sections! {
    /// What it reads beside the common sections.
    pub struct Config { auth: crate::AuthSettings }
}

/// Opens what the service needs, builds and serves it.
pub async fn start(start: Start<Config>) -> anyhow::Result<()> {
    let process = Process::open(start.common, start.tasks).await?;
    let deps = crate::Deps {
        clock: process.clock.clone(),
        ids: process.ids.clone(),
        database: process.database("auth").await?,
        bus: process.bus.clone(),
        tasks: process.tasks.clone(),
    };
    let service = crate::build(start.config.auth, deps).await?;
    if let Some(token) = &service.first_admin_token {
        announce(token);
    }
    let listen = process.common().peers.auth_listen;
    process
        .serve("auth", service.routes, listen, start.metrics)
        .await
}

/// Tells whoever started the service how to become administrator: on standard output, not in the
/// log, which others read.
fn announce(token: &Secret<String>) {
    let text = format!(
        "There is no administrator yet. To become it, once: imctl --server ADDRESS claim {} NAME\n",
        token.expose()
    );
    let _closed = std::io::stdout().lock().write_all(text.as_bytes());
}
