//! Health and reflection on the gateway's port, for the public services only.

use im_runtime::lifecycle::Tasks;
use tonic::service::Routes;
use tonic_health::ServingStatus;

use super::Methods;

/// Adds health, driven by the readiness of `tasks`, and reflection.
pub(crate) fn operator_routes(
    routes: Routes,
    methods: &Methods,
    tasks: &Tasks,
) -> Result<Routes, tonic_reflection::server::Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let (readiness, hard) = (tasks.readiness().clone(), tasks.hard_token());
    let names = methods.services();
    tasks.spawn_background("gateway health", async move {
        // To the very end: that the process drains has to be told.
        hard.run_until_cancelled_owned(async {
            let mut is_ready = readiness.is_ready();
            loop {
                let status = if is_ready {
                    ServingStatus::Serving
                } else {
                    ServingStatus::NotServing
                };
                reporter.set_service_status("", status).await;
                for name in &names {
                    reporter.set_service_status(name, status).await;
                }
                is_ready = readiness.changed_from(is_ready).await;
            }
        })
        .await;
    });
    let reflection = || {
        methods.services().into_iter().fold(
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(im_proto::DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                .with_service_name("grpc.health.v1.Health"),
            tonic_reflection::server::Builder::with_service_name,
        )
    };
    Ok(routes
        .add_service(health)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?))
}
