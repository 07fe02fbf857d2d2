//! Count and duration of calls by service, method and code.

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};
use tokio::time::Instant;
use tonic::Code;

use super::head::Method;
use crate::telemetry;

/// Seconds, from a cache hit to a long poll.
const DURATION_BOUNDS_S: [f64; 14] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];

pub(super) struct RpcMetrics {
    calls: Counter<u64>,
    duration: Histogram<f64>,
}

impl RpcMetrics {
    pub(super) fn new() -> Self {
        let meter = telemetry::meter();
        Self {
            calls: meter
                .u64_counter("im_rpc_server_calls")
                .with_description("Calls served.")
                .build(),
            duration: meter
                .f64_histogram("im_rpc_server_duration")
                .with_unit("s")
                .with_description("Time from the request's head to the end of the response.")
                .with_boundaries(DURATION_BOUNDS_S.to_vec())
                .build(),
        }
    }

    pub(super) fn started(&self, method: Method) -> Outcome {
        Outcome {
            calls: self.calls.clone(),
            duration: self.duration.clone(),
            method,
            started_at: Instant::now(),
            is_finished: false,
        }
    }
}

/// A call under way; counts itself as cancelled if it is dropped before its end.
pub(super) struct Outcome {
    calls: Counter<u64>,
    duration: Histogram<f64>,
    method: Method,
    started_at: Instant,
    is_finished: bool,
}

impl Outcome {
    pub(super) fn finish(&mut self, code: Code) {
        if std::mem::replace(&mut self.is_finished, true) {
            return;
        }
        // Anybody can make up method names; one label for all of them bounds the series.
        let (service, method) = if code == Code::Unimplemented {
            ("unknown".to_owned(), "unknown".to_owned())
        } else {
            (self.method.service.clone(), self.method.method.clone())
        };
        let labels = [
            KeyValue::new("service", service),
            KeyValue::new("method", method),
            KeyValue::new("code", format!("{code:?}")),
        ];
        self.calls.add(1, &labels);
        self.duration
            .record(self.started_at.elapsed().as_secs_f64(), &labels);
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        self.finish(Code::Cancelled);
    }
}
