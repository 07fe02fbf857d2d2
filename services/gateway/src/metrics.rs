//! What the gateway counts.

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, UpDownCounter},
};

/// Instruments; made once, shared by all connections.
#[derive(Debug, Clone)]
pub(crate) struct GatewayMetrics {
    requests: Histogram<f64>,
    connections: UpDownCounter<i64>,
    streams: UpDownCounter<i64>,
    streams_ended: Counter<u64>,
    refused: Counter<u64>,
}

impl GatewayMetrics {
    pub(crate) fn new() -> Self {
        let meter = im_runtime::telemetry::meter();
        Self {
            requests: meter
                .f64_histogram("im_gateway_request_duration")
                .with_unit("s")
                .with_description("Time to the head of the response.")
                .build(),
            connections: meter
                .i64_up_down_counter("im_gateway_connections")
                .with_description("Open connections.")
                .build(),
            streams: meter
                .i64_up_down_counter("im_gateway_streams")
                .with_description("Open streams of clients.")
                .build(),
            streams_ended: meter
                .u64_counter("im_gateway_streams_ended")
                .with_description("Ended streams by reason.")
                .build(),
            refused: meter
                .u64_counter("im_gateway_refused")
                .with_description("Requests and connections refused at the edge by reason.")
                .build(),
        }
    }

    /// `route` is a template or a fixed word, never what the client wrote.
    pub(crate) fn request(&self, route: &'static str, status: u16, seconds: f64) {
        let labels = [
            KeyValue::new("kind", route),
            KeyValue::new("status", i64::from(status)),
        ];
        self.requests.record(seconds, &labels);
    }

    pub(crate) fn connection(&self, change: i64) {
        self.connections.add(change, &[]);
    }

    pub(crate) fn stream_opened(&self, transport: &'static str) {
        self.streams
            .add(1, &[KeyValue::new("transport", transport)]);
    }

    pub(crate) fn stream_ended(&self, transport: &'static str, reason: &'static str) {
        self.streams
            .add(-1, &[KeyValue::new("transport", transport)]);
        self.streams_ended
            .add(1, &[KeyValue::new("reason", reason)]);
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.add(1, &[KeyValue::new("reason", reason)]);
    }
}
