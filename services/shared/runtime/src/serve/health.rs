//! Health and reflection, on every gRPC port.

use axum::Router;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic::service::Routes;
use tonic_health::{ServingStatus, server::HealthReporter};

use super::{ServeError, ending::until_shutdown};
use crate::lifecycle::Tasks;

/// Adds health, driven by the readiness of `tasks`, and reflection (v1 and v1alpha).
pub(super) fn add(
    routes: Routes,
    descriptor_set: &[u8],
    tasks: &Tasks,
) -> Result<Routes, ServeError> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let names = service_names(descriptor_set)?;
    let readiness = tasks.readiness().clone();
    // Not held to the soft token: that the process drains must still be told.
    tasks.spawn_background("health", async move {
        let mut is_ready = readiness.is_ready();
        loop {
            report(&reporter, &names, is_ready).await;
            is_ready = readiness.changed_from(is_ready).await;
        }
    });
    let v1 = reflection(descriptor_set).build_v1()?;
    let v1alpha = reflection(descriptor_set).build_v1alpha()?;
    let standard = Routes::from(Router::new())
        .add_service(health)
        .add_service(v1)
        .add_service(v1alpha);
    let standard = until_shutdown(standard.into_axum_router(), tasks.shutdown_token());
    Ok(Routes::from(routes.into_axum_router().merge(standard)))
}

async fn report(reporter: &HealthReporter, names: &[String], is_ready: bool) {
    let status = if is_ready {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    };
    // The empty name is the whole server.
    reporter.set_service_status("", status).await;
    for name in names {
        reporter.set_service_status(name, status).await;
    }
}

fn reflection(descriptor_set: &[u8]) -> tonic_reflection::server::Builder<'_> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(descriptor_set)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// `im.auth.v1.AuthService` and so on.
fn service_names(descriptor_set: &[u8]) -> Result<Vec<String>, ServeError> {
    let set = FileDescriptorSet::decode(descriptor_set)?;
    let names = set.file.iter().flat_map(|file| {
        file.service
            .iter()
            .map(|service| format!("{}.{}", file.package(), service.name()))
    });
    Ok(names.collect())
}
