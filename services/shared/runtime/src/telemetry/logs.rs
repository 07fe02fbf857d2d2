//! Log lines on standard error.

use std::io::IsTerminal as _;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{
    EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use super::TelemetryError;
use crate::config::{LogFormat, TelemetrySettings};

pub(super) fn install(
    settings: &TelemetrySettings,
    traces: Option<&SdkTracerProvider>,
    service: &'static str,
) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&settings.log_filter)?;
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let lines = match settings.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let spans =
        traces.map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer(service)));
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .with(spans)
        .try_init()?;
    Ok(())
}
