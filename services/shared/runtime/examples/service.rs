//! The smallest service: health, reflection and the admin port. The tests run it as a process.

use std::process::ExitCode;

use im_runtime::{
    config::ServerSettings,
    lifecycle::{self, Program, Start},
    rpc::ServerLayers,
    serve::{GrpcServer, serve_admin},
};
use tokio::net::TcpListener;
use tonic::service::{AxumRouter, Routes};

const PROGRAM: Program = Program {
    name: "example",
    version: env!("CARGO_PKG_VERSION"),
    about: "The smallest service.",
};

im_runtime::sections! {
    /// No sections of its own.
    pub struct Config {}
}

fn main() -> ExitCode {
    lifecycle::main::<Config, _, _>(PROGRAM, start)
}

async fn start(start: Start<Config>) -> anyhow::Result<()> {
    let server: &ServerSettings = &start.common.server;
    let layers = ServerLayers::public().with_request_timeout(server.request_timeout());
    // A service adds its own: `.add_service(AuthServiceServer::new(…))`.
    let routes = Routes::from(AxumRouter::new());
    let descriptors = tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET;
    let grpc = GrpcServer::new(routes, descriptors, &layers, server.into(), &start.tasks)?;
    grpc.spawn(TcpListener::bind(server.listen).await?, &start.tasks);
    if let Some(address) = server.admin_listen {
        serve_admin(
            TcpListener::bind(address).await?,
            start.metrics,
            &start.tasks,
        );
    }
    Ok(())
}
