//! The operator's port: /livez, /readyz, /metrics.

use axum::{
    Router,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;

use crate::{
    lifecycle::{Readiness, Tasks},
    telemetry::Metrics,
};

const METRICS_TYPE: &str = "text/plain; version=0.0.4";

/// Serves the port as a task of `tasks`, to the very end: that the process drains must be seen.
pub fn serve_admin(listener: TcpListener, metrics: Metrics, tasks: &Tasks) {
    let readiness = tasks.readiness().clone();
    let router = Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(move || async move { readyz(&readiness) }))
        .route(
            "/metrics",
            get(move || async move { ([(CONTENT_TYPE, METRICS_TYPE)], metrics.text()) }),
        );
    let soft = tasks.shutdown_token();
    tasks.spawn_essential("admin server", async move {
        axum::serve(listener, router)
            .with_graceful_shutdown(soft.cancelled_owned())
            .await
    });
}

fn readyz(readiness: &Readiness) -> impl IntoResponse + use<> {
    if readiness.is_ready() {
        (StatusCode::OK, "ready".to_owned())
    } else {
        let missing = readiness.missing().join(", ");
        (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: {missing}"),
        )
    }
}
