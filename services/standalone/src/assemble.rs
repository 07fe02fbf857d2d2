//! The four services, put together.

use std::{io::Write as _, net::SocketAddr, time::Duration};

use anyhow::Context as _;
use im_auth::AuthSettings;
use im_directory::Directory;
use im_gateway::GatewaySettings;
use im_messaging::MessagingSettings;
use im_presence::config::PresenceSettings;
use im_process::Process;
use im_runtime::{lifecycle::Start, rpc::RpcChannel};
use im_types::Secret;
use tonic::service::Routes;

/// Time for auth, in this very process, to answer the first question.
const READY_TIMEOUT: Duration = Duration::from_secs(10);

im_runtime::sections! {
    /// The sections of all services.
    pub(crate) struct Config {
        auth: AuthSettings,
        presence: PresenceSettings,
        messaging: MessagingSettings,
        gateway: GatewaySettings,
    }
}

/// Builds the services in the order in which they call each other, and serves.
pub(crate) async fn start(start: Start<Config>) -> anyhow::Result<()> {
    let Config {
        auth,
        presence,
        messaging,
        gateway,
    } = start.config;
    let process = Process::open_alone(start.common, start.tasks).await?;
    let auth = im_auth::build(auth, auth_deps(&process).await?).await?;
    // One mirror for all: what it holds is the same for each.
    let directory = process.directory(local(&process, "directory", &auth.routes));
    let answers = directory.wait_ready(READY_TIMEOUT).await;
    answers.context("auth does not answer")?;
    let presence = im_presence::build(presence, presence_deps(&process, &directory).await?).await?;
    let deps = im_messaging::Deps {
        ids: process.ids.clone(),
        database: process.database("messaging").await?,
        bus: process.bus.clone(),
        directory: directory.clone(),
        presence: local(&process, "messaging", &presence.routes),
        tasks: process.tasks.clone(),
    };
    let messaging = im_messaging::build(&messaging, deps).await?;

    let data_dir = &process.common().store.data_dir;
    let node_id = im_gateway::node_id(&gateway, data_dir, &process.ids);
    let deps = im_gateway::Deps {
        auth: local(&process, "gateway", &auth.routes),
        presence: local(&process, "gateway", &presence.routes),
        messaging: local(&process, "gateway", &messaging.routes),
        directory,
        bus: process.bus.clone(),
        clock: process.clock.clone(),
        ids: process.ids.clone(),
        tasks: process.tasks.clone(),
        metrics: start.metrics.clone(),
        node_id: node_id.context("[store] data_dir")?,
    };
    let is_tls = gateway.tls_cert_file.is_some();
    let gateway = im_gateway::build(gateway, deps)?;
    let addresses = gateway.listen(process.common().server.listen).await?;
    process.serve_admin(start.metrics).await?;
    announce(&addresses, is_tls, auth.first_admin_token.as_ref());
    Ok(())
}

/// The way of `caller` to a service in this process.
fn local(process: &Process, caller: &'static str, routes: &Routes) -> RpcChannel {
    let routes = process.server_layers().wrap(routes.clone());
    RpcChannel::local(routes, &process.client_layers(caller))
}

async fn auth_deps(process: &Process) -> anyhow::Result<im_auth::Deps> {
    Ok(im_auth::Deps {
        clock: process.clock.clone(),
        ids: process.ids.clone(),
        database: process.database("auth").await?,
        bus: process.bus.clone(),
        tasks: process.tasks.clone(),
    })
}

async fn presence_deps(
    process: &Process,
    directory: &Directory,
) -> anyhow::Result<im_presence::Deps> {
    Ok(im_presence::Deps {
        clock: process.clock.clone(),
        ids: process.ids.clone(),
        database: process.database("presence").await?,
        bus: process.bus.clone(),
        directory: directory.clone(),
        tasks: process.tasks.clone(),
    })
}

/// Tells whoever started the program where it is. Scripts wait for the first line.
fn announce(addresses: &[SocketAddr], is_tls: bool, token: Option<&Secret<String>>) {
    let Some(address) = addresses.first() else {
        return;
    };
    let scheme = if is_tls { "https" } else { "http" };
    let mut text = format!("IntraMessenger is ready at {scheme}://{address}\n");
    if let Some(token) = token {
        let token = token.expose();
        let url = format!("{scheme}://{address}");
        // After the `#` it stays in the browser and in nobody's log.
        text.extend([
            "There is no administrator yet. To become it, once: ",
            &format!("{url}/setup#{token}\n"),
            &format!("or: imctl --server {url} claim {token} NAME\n"),
        ]);
    }
    let mut out = std::io::stdout().lock();
    let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
