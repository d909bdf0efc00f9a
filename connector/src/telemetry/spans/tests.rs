use opentelemetry_otlp::WithExportConfig;
use tokio::net::TcpListener;
use tracing::subscriber::with_default;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::telemetry::xray::parent_context;
use crate::testing::http::HttpEndpoint;

fn spans_to(url: &str) -> Spans {
    let url = format!("{url}/v1/traces");
    let exporter = SpanExporter::builder().with_http().with_endpoint(&url);
    Spans::new(&url, exporter).unwrap()
}

fn with_spans(spans: &Spans, work: impl FnOnce()) {
    with_default(tracing_subscriber::registry().with(spans.layer()), work);
}

#[tokio::test]
async fn what_has_ended_is_sent_once_as_protobuf() {
    let collector = HttpEndpoint::answering(200, "").await;
    let spans = spans_to(&collector.url);
    with_spans(&spans, || {
        tracing::info_span!("request", query_id = "8f0c").in_scope(|| {
            tracing::info_span!("read").in_scope(|| tracing::error!("an event"));
        });
    });
    spans.flush().await;
    spans.flush().await;
    let [request] = collector.requests().try_into().unwrap();
    assert!(request.starts_with("POST /v1/traces "), "{request}");
    for part in ["content-type: application/x-protobuf", "request", "read", "8f0c"] {
        assert!(request.contains(part), "{part} in {request}");
    }
    assert!(!request.contains("an event"), "events are the log's: {request}");
}

#[tokio::test]
async fn spans_of_others_are_not_sent() {
    let collector = HttpEndpoint::answering(200, "").await;
    let spans = spans_to(&collector.url);
    with_spans(&spans, || {
        drop(tracing::info_span!(target: "hyper", "connect").entered());
    });
    spans.flush().await;
    assert!(collector.requests().is_empty());
}

#[tokio::test]
async fn a_trace_that_is_not_sampled_is_not_sent() {
    let collector = HttpEndpoint::answering(200, "").await;
    let spans = spans_to(&collector.url);
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=";
    for (sampled, sent) in [("0", 0), ("1", 1)] {
        with_spans(&spans, || {
            let span = tracing::info_span!("request");
            span.set_parent(parent_context(Some(&format!("{header}{sampled}"))))
                .unwrap();
        });
        spans.flush().await;
        assert_eq!(collector.requests().len(), sent, "Sampled={sampled}");
    }
}

#[tokio::test]
async fn a_collector_that_does_not_answer_is_given_up_and_left_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let spans = spans_to(&format!("http://{}", listener.local_addr().unwrap()));
    let connections = tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Ok(Ok((connection, _))) = tokio::time::timeout(4 * SEND_LIMIT, listener.accept()).await {
            connections.push(connection);
        }
        connections.len()
    });
    for _ in 0..2 {
        with_spans(&spans, || drop(tracing::info_span!("request").entered()));
        let flush = tokio::time::timeout(Duration::from_secs(20), spans.flush());
        flush.await.expect("the collector is not waited for");
    }
    assert_eq!(connections.await.unwrap(), 1);
}

#[tokio::test]
async fn a_collector_that_refuses_is_left_alone() {
    let collector = HttpEndpoint::answering(503, "").await;
    let spans = spans_to(&collector.url);
    for _ in 0..2 {
        with_spans(&spans, || drop(tracing::info_span!("request").entered()));
        spans.flush().await;
    }
    assert_eq!(collector.requests().len(), 1, "no second try, no second request");
}

#[test]
fn keeps_no_more_than_its_share() {
    let ended = Ended::default();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(ended.clone())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    with_default(tracing_subscriber::registry().with(layer), || {
        for _ in 0..MAX_KEPT_SPANS + 1 {
            tracing::info_span!("request").in_scope(|| {});
        }
    });
    assert_eq!(ended.take().len(), MAX_KEPT_SPANS);
}
