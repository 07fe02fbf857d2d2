//! Metrics in Prometheus' text format.

use opentelemetry::{global, metrics::Meter};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkError,
    metrics::{Aggregation, Instrument, InstrumentKind, SdkMeterProvider, Stream},
};
use prometheus::{Registry, TextEncoder};

/// The name all our metrics are recorded under.
const SCOPE: &str = "intramessenger";

/// The meter for counters and histograms. Names begin with `im_<service>_` and carry no unit or
/// `_total`, which the exporter adds.
pub fn meter() -> Meter {
    global::meter(SCOPE)
}

/// Boundaries of histograms in seconds, from a tenth of a millisecond to the longest deadline. The
/// default ones are meant for milliseconds.
const SECONDS: [f64; 15] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
    30.0,
];

fn seconds(instrument: &Instrument) -> Option<Stream> {
    if instrument.kind() != InstrumentKind::Histogram || instrument.unit() != "s" {
        return None;
    }
    let boundaries = SECONDS.to_vec();
    let aggregation = Aggregation::ExplicitBucketHistogram {
        boundaries,
        record_min_max: false,
    };
    Stream::builder().with_aggregation(aggregation).build().ok()
}

/// The metrics of this process.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    pub(super) fn install(resource: Resource) -> Result<Self, OTelSdkError> {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .without_target_info()
            .build()?;
        let provider = SdkMeterProvider::builder()
            .with_reader(exporter)
            .with_resource(resource)
            .with_view(seconds)
            .build();
        global::set_meter_provider(provider);
        Ok(Self { registry })
    }

    /// Metrics that nothing is recorded in, for tests of a service.
    pub fn detached() -> Self {
        Self {
            registry: Registry::new(),
        }
    }

    /// All metrics as `text/plain; version=0.0.4`.
    pub fn text(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap_or_else(|error| {
                tracing::error!(%error, "metrics cannot be written");
                String::new()
            })
    }
}
