//! Logs, traces and metrics of a process.

mod logs;
mod metrics;
mod process;
mod traces;

use std::time::Duration;

use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};

pub use metrics::{Metrics, meter};

use crate::config::TelemetrySettings;

/// Time to send what is left at the end.
const FLUSH_LIMIT: Duration = Duration::from_secs(3);

/// Telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log filter is malformed.
    #[error("log filter")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The trace exporter refused its configuration.
    #[error("trace exporter")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The metric exporter refused its configuration.
    #[error("metrics")]
    Metrics(#[source] opentelemetry_sdk::error::OTelSdkError),
    /// Something has installed a subscriber before.
    #[error("logging is set up already")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// The telemetry of this process, to be shut down at its end.
#[derive(Debug)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    metrics: Metrics,
}

/// Sets up logs to standard error, metrics, and traces if a collector is configured. Call it once,
/// inside the tokio runtime and before anything asks for [`meter`].
pub fn init(
    settings: &TelemetrySettings,
    service: &'static str,
    version: &'static str,
) -> Result<Telemetry, TelemetryError> {
    let instance = settings.instance.clone().unwrap_or_else(process::instance);
    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(opentelemetry::KeyValue::new("service.version", version))
        .with_attribute(opentelemetry::KeyValue::new(
            "service.instance.id",
            instance,
        ))
        .build();
    let metrics = Metrics::install(resource.clone()).map_err(TelemetryError::Metrics)?;
    process::observe(&meter());
    let traces = match &settings.otlp_endpoint {
        Some(endpoint) => Some(traces::provider(endpoint, settings.sample_ratio, resource)?),
        None => None,
    };
    logs::install(settings, traces.as_ref(), service)?;
    Ok(Telemetry { traces, metrics })
}

impl Telemetry {
    /// Access to the metrics as text.
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Sends what is left.
    pub async fn shutdown(self) {
        let Some(traces) = self.traces else { return };
        // The exporter blocks its thread until the collector has answered.
        let flush = tokio::task::spawn_blocking(move || traces.shutdown_with_timeout(FLUSH_LIMIT));
        if let Ok(Err(error)) = flush.await {
            tracing::warn!(%error, "traces were lost at the end");
        }
    }
}
