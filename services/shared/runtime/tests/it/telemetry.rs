//! What a process tells others: traces to a collector, log lines for machines.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use im_runtime::lifecycle::Tasks;
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use tokio::{
    net::TcpListener,
    process::Child,
    time::{Instant, timeout},
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{
    process::{channel, connected, free_address, program, signal},
    support::{LIMIT, stop},
};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT_ID: &str = "00f067aa0ba902b7";

/// A collector that keeps what it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    async fn start() -> (Self, SocketAddr) {
        let collector = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = TraceServiceServer::new(collector.clone());
        let server = Server::builder().add_service(service);
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        (collector, address)
    }

    /// Every span with the attributes of the process that sent it.
    fn spans(&self) -> Vec<(Vec<KeyValue>, Span)> {
        let requests = self.0.lock().unwrap();
        let resources = requests.iter().flat_map(|request| &request.resource_spans);
        let mut spans = Vec::new();
        for resource in resources {
            let of = resource.resource.clone().unwrap_or_default().attributes;
            let within = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
            spans.extend(within.map(|span| (of.clone(), span.clone())));
        }
        spans
    }
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// An id of a span or trace as the header writes it.
fn id(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
    bytes.collect()
}

/// One call to the process, as part of the trace [`TRACE_ID`].
async fn call(grpc: SocketAddr) {
    let tasks = Tasks::new();
    let mut client =
        HealthClient::with_interceptor(channel(grpc, &tasks), |mut request: Request<()>| {
            let parent = format!("00-{TRACE_ID}-{PARENT_ID}-01");
            request.metadata_mut().insert(
                "traceparent",
                parent
                    .parse()
                    .map_err(|_invalid| Status::internal("traceparent"))?,
            );
            Ok(request)
        });
    let service = String::new();
    client.check(HealthCheckRequest { service }).await.unwrap();
    stop(tasks).await;
}

async fn end(mut child: Child) -> String {
    signal(&child).await;
    let status = timeout(LIMIT, child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
    let output = child.wait_with_output().await.unwrap();
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn a_collector_gets_every_call_as_a_span_of_the_callers_trace() {
    let (collector, at) = Collector::start().await;
    let grpc = free_address().await;
    let child = program()
        .env("IM_SERVER__LISTEN", grpc.to_string())
        .env("IM_TELEMETRY__OTLP_ENDPOINT", format!("http://{at}"))
        .env("IM_TELEMETRY__INSTANCE", "example-1")
        .spawn()
        .unwrap();
    connected(grpc).await;
    call(grpc).await;
    // What has not been sent by then is sent before the process ends.
    end(child).await;

    let spans = collector.spans();
    let (of, span) = spans
        .iter()
        .find(|(_, span)| span.name == "health.check")
        .unwrap_or_else(|| panic!("{spans:?}"));
    assert_eq!(text(of, "service.name"), Some("example"));
    assert_eq!(text(of, "service.instance.id"), Some("example-1"));
    assert_eq!(span.trace_id, id(TRACE_ID));
    assert_eq!(span.parent_span_id, id(PARENT_ID));
    assert_eq!(text(&span.attributes, "rpc.method"), Some("Check"));
    assert!(text(&span.attributes, "request.id").is_some(), "{span:?}");
    assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
}

#[tokio::test]
async fn a_collector_that_hangs_delays_neither_a_call_nor_the_end() {
    // Accepts nothing: connections wait in its queue for ever.
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let grpc = free_address().await;
    let at = deaf.local_addr().unwrap();
    let child = program()
        .env("IM_SERVER__LISTEN", grpc.to_string())
        .env("IM_TELEMETRY__OTLP_ENDPOINT", format!("http://{at}"))
        .spawn()
        .unwrap();
    connected(grpc).await;
    timeout(LIMIT, call(grpc)).await.unwrap();
    let begin = Instant::now();
    let log = end(child).await;
    assert!(begin.elapsed() < LIMIT, "{:?}", begin.elapsed());
    assert!(log.contains("traces were lost at the end"), "{log}");
}

#[tokio::test]
async fn log_lines_for_machines_are_one_json_object_each() {
    let grpc = free_address().await;
    let child = program()
        .env("IM_SERVER__LISTEN", grpc.to_string())
        .env("IM_TELEMETRY__LOG_FORMAT", "json")
        .spawn()
        .unwrap();
    connected(grpc).await;
    let log = end(child).await;
    assert!(!log.is_empty());
    for line in log.lines() {
        let object: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for key in ["timestamp", "level", "target", "message"] {
            assert!(object[key].is_string(), "{key}: {line}");
        }
    }
}
