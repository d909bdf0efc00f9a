//! Telemetry of the function: read from the output of the real binary, and from what it sends to a collector.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use protocol::Constraints;
use serde_json::{Value, json};
use tests::client::Client;
use tests::lambda::Lambda;
use tests::world::World;
use tokio::net::TcpListener;

const ROWS: usize = 500;

async fn table(world: &World) -> String {
    let topic = world.broker.create_topic("telemetry", 1).await;
    let text = "z".repeat(100);
    let values = (0..ROWS).map(|n| Some(format!(r#"{{"n":{n},"text":"{text}"}}"#)));
    let values = values.chain([Some("no JSON".to_owned()), None]);
    world.broker.produce(&topic, 0, values);
    world.register_json("t", &topic, &[("n", "BIGINT", ""), ("text", "VARCHAR", "")]);
    topic
}

/// Reads the only split of the table.
async fn read(client: &Client) {
    let splits = client.splits("t").await.expect("splits");
    let schema = client.projection("t", &["n", "text"]).await.expect("a schema");
    let rows = client
        .read("t", &schema, &splits[0], &Constraints::default())
        .await;
    // The record that is not JSON is a row of NULLs.
    assert_eq!(rows.expect("rows").num_rows(), ROWS + 1);
}

fn lines(lambda: &Lambda) -> Vec<Value> {
    let output = lambda.output();
    let whole = output.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let line = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    whole.lines().map(line).collect()
}

/// Matching lines, once there are `count` of them: the pipe may lag behind the response.
async fn wait_for(lambda: &Lambda, count: usize, fits: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut fitting = Vec::new();
    for _ in 0..100 {
        fitting = lines(lambda);
        fitting.retain(&fits);
        if fitting.len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(fitting.len(), count, "{fitting:#?}");
    fitting
}

fn is_closing_line(line: &Value) -> bool {
    line["message"] == "answered" || line["message"] == "failed"
}

fn is_metric(line: &Value) -> bool {
    line.get("_aws").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_ends_with_a_line_and_a_metric() {
    let world = World::start().await;
    let topic = table(&world).await;
    let settings = [
        ("ATHENA_FEDERATION_SDK_LOG_LEVEL", "info"),
        ("metrics_namespace", "Kafka"),
    ];
    let (lambda, mut client) = world.lambda(1, &settings).await;
    client.send("{").await.expect_err("no request");
    read(&client).await;
    client.max_block_bytes = 20_000;
    client.max_inline_block_bytes = 1_000;
    read(&client).await;
    client.table("nothing").await.expect_err("no such table");

    // Splits need the table and its layout, a projection the table again.
    let calls = [
        "GetTable",
        "GetTableLayout",
        "GetSplits",
        "GetTable",
        "ReadRecords",
    ];
    let calls: Vec<_> = calls.iter().map(|call| format!("{call}Request")).collect();
    let calls = [
        &[String::new()],
        &calls[..],
        &calls[..],
        &["GetTableRequest".to_owned()],
    ]
    .concat();
    let closing = wait_for(&lambda, calls.len(), is_closing_line).await;
    let metrics = wait_for(&lambda, calls.len(), is_metric).await;
    for (index, ((line, metric), call)) in closing.iter().zip(&metrics).zip(&calls).enumerate() {
        assert_eq!(line["call"], **call, "{line}");
        assert_eq!(line["cold_start"], index == 0, "{line}");
        assert_eq!(metric["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Kafka");
        assert_eq!(metric["DurationMs"], line["elapsed_ms"]);
        for (metric_name, field) in [
            ("Records", "records"),
            ("SpilledBytes", "spilled_bytes"),
            ("table", "table"),
        ] {
            assert_eq!(metric.get(metric_name), line.get(field), "{line}\n{metric}");
        }
    }

    let offsets = ROWS + 2;
    let plan = &closing[3];
    for (field, wanted) in [
        ("topic", json!(topic)),
        ("table", json!("customer.t")),
        ("query_id", json!("query")),
        ("offsets", json!(offsets)),
        ("wanted_offsets", json!(offsets)),
        ("splits", json!(1)),
        ("last_page", json!(true)),
    ] {
        assert_eq!(plan[field], wanted, "{field} of {plan}");
    }
    let (inline, spilled) = (&closing[5], &closing[10]);
    for (field, wanted) in [
        ("topic", json!(topic)),
        ("partition", json!(0)),
        ("start_offset", json!(0)),
        ("end_offset", json!(offsets)),
        ("records", json!(offsets)),
        ("rows", json!(ROWS + 1)),
        ("tombstones", json!(1)),
        ("bad_records", json!(1)),
        ("response", json!("inline")),
        ("blocks", json!(0)),
        ("spilled_bytes", json!(0)),
    ] {
        assert_eq!(inline[field], wanted, "{field} of {inline}");
    }
    for field in [
        "registry_ms",
        "read_ms",
        "fetch_wait_ms",
        "spill_wait_ms",
        "spill_ms",
    ] {
        assert!(
            inline[field].is_u64() && spilled[field].is_u64(),
            "{field} of {inline} and {spilled}"
        );
    }
    assert_eq!(spilled["response"], "spilled");
    assert!(
        spilled["blocks"].as_u64() > Some(1) && spilled["spilled_bytes"].as_u64() > Some(50_000),
        "{spilled}"
    );

    let (hostile, unknown) = (&closing[0], &closing[11]);
    assert_eq!(
        (&hostile["error_type"], &unknown["error_type"]),
        (&json!("request"), &json!("table"))
    );
    assert_eq!(
        (&metrics[0]["Call"], &metrics[0]["ErrorType"]),
        (&json!("Unknown"), &json!("request"))
    );
    assert!(
        unknown["error"]
            .as_str()
            .expect("a message")
            .contains("customer.nothing"),
        "{unknown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_level_a_warning_says_whose_it_is_and_nothing_else_is_said() {
    let world = World::start().await;
    table(&world).await;
    let (lambda, client) = world.lambda(1, &[]).await;
    read(&client).await;
    let warnings = wait_for(&lambda, 1, |line| line["level"] == "WARN").await;
    assert_eq!(warnings.len(), lines(&lambda).len());
    let spans = warnings[0]["spans"].as_array().expect("spans");
    let request = spans.iter().find(|span| span["name"] == "request");
    let request = request.expect("the request's");
    assert_eq!(
        (&request["call"], &request["query_id"]),
        (&json!("ReadRecordsRequest"), &json!("query"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_do_not_depend_on_the_logs_level() {
    let world = World::start().await;
    table(&world).await;
    let settings = [
        ("ATHENA_FEDERATION_SDK_LOG_LEVEL", "off"),
        ("metrics_namespace", "Kafka"),
    ];
    let (lambda, client) = world.lambda(1, &settings).await;
    read(&client).await;
    wait_for(&lambda, 5, is_metric).await;
    assert!(lines(&lambda).iter().all(is_metric), "{}", lambda.output());
}

/// Collector that keeps the received data. Stopped when dropped.
struct Collector {
    url: String,
    bodies: Bodies,
    server: tokio::task::JoinHandle<()>,
}

type Bodies = Arc<Mutex<Vec<Bytes>>>;

impl Collector {
    async fn start() -> Self {
        let bodies = Bodies::default();
        let keep = async |State(bodies): State<Bodies>, body: Bytes| {
            bodies.lock().unwrap_or_else(PoisonError::into_inner).push(body);
        };
        let routes = Router::new()
            .route("/v1/traces", post(keep))
            .with_state(bodies.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = tokio::spawn(async move {
            // Ends with the test.
            let _ = axum::serve(listener, routes).await;
        });
        Self { url, bodies, server }
    }

    fn take(&self) -> Vec<Bytes> {
        std::mem::take(&mut *self.bodies.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn attribute<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a any_value::Value> {
    let attribute = attributes.iter().find(|attribute| attribute.key == name)?;
    let AnyValue { value } = attribute.value.as_ref()?;
    value.as_ref()
}

fn text(text: &str) -> any_value::Value {
    any_value::Value::StringValue(text.into())
}

const PASSWORD: &str = "hunter2";
const TRACE: [u8; 16] = *b"\x57\x59\xe9\x88\xbd\x86\x2e\x3f\xe1\xbe\x46\xa9\x94\x27\x27\x93";
const PARENT: [u8; 8] = *b"\x53\x99\x5c\x3f\x42\xcd\x8a\xd8";
const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Lineage=a:0;Sampled=";

#[tokio::test(flavor = "multi_thread")]
async fn spans_are_sent_before_the_answer_and_join_the_trace_of_the_invocation() {
    let world = World::start().await;
    let topic = table(&world).await;
    let collector = Collector::start().await;
    let registry = format!("http://key:{PASSWORD}@127.0.0.1:1");
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        ("OTEL_SERVICE_NAME", "orders-connector"),
        ("schema_registry_url", registry.as_str()),
    ];
    let (lambda, mut client) = world.lambda(1, &settings).await;
    lambda.set_trace_header(&format!("{HEADER}1"));
    client.max_block_bytes = 20_000;
    client.max_inline_block_bytes = 1_000;
    read(&client).await;

    let bodies = collector.take();
    assert_eq!(bodies.len(), 5, "one for each call");
    for body in &bodies {
        let shown = String::from_utf8_lossy(body);
        for secret in [PASSWORD, embedded::s3::SECRET_ACCESS_KEY] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    let sent = ExportTraceServiceRequest::decode(bodies[4].clone()).expect("a request of OTLP's");
    let [of_resource] = sent.resource_spans.try_into().expect("spans of one resource");
    let resource = of_resource.resource.expect("a resource");
    assert_eq!(
        attribute(&resource.attributes, "service.name"),
        Some(&text("orders-connector"))
    );
    let spans: Vec<Span> = of_resource
        .scope_spans
        .into_iter()
        .flat_map(|of| of.spans)
        .collect();
    let named = |name| spans.iter().filter(move |span| span.name == name);

    let request = named("ReadRecordsRequest").next().expect("the request's span");
    assert_eq!(request.parent_span_id, PARENT);
    for (name, wanted) in [
        ("query_id", text("query")),
        ("call", text("ReadRecordsRequest")),
        ("topic", text(&topic)),
        ("records", any_value::Value::IntValue(ROWS as i64 + 2)),
    ] {
        assert_eq!(
            attribute(&request.attributes, name),
            Some(&wanted),
            "{name} of {request:?}"
        );
    }
    assert!(named("put_block").count() > 1, "{spans:?}");
    for child in ["registry", "read", "put_block"] {
        let child = named(child)
            .next()
            .unwrap_or_else(|| panic!("no {child} in {spans:?}"));
        assert_eq!(child.parent_span_id, request.span_id, "{child:?}");
    }
    assert!(spans.iter().all(|span| span.trace_id == TRACE), "{spans:?}");

    lambda.set_trace_header(&format!("{HEADER}0"));
    read(&client).await;
    assert_eq!(collector.take(), Vec::<Bytes>::new(), "Sampled=0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_a_span_that_says_why() {
    let world = World::start().await;
    let collector = Collector::start().await;
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str())];
    let (_lambda, client) = world.lambda(1, &settings).await;
    let error = client.table("nothing").await.expect_err("no such table");
    let [body] = collector.take().try_into().expect("one request");
    let sent = ExportTraceServiceRequest::decode(body).expect("a request of OTLP's");
    let of_resource = &sent.resource_spans[0];
    let resource = of_resource.resource.as_ref().expect("a resource");
    assert_eq!(
        attribute(&resource.attributes, "service.name"),
        Some(&text("f")),
        "the function's name"
    );
    let spans = of_resource.scope_spans.iter().flat_map(|of| &of.spans);
    let spans: Vec<_> = spans.filter(|span| span.name == "GetTableRequest").collect();
    let status = spans[0].status.as_ref().expect("a status");
    assert_eq!(status.message, error);
    assert_eq!(
        attribute(&spans[0].attributes, "error.type"),
        Some(&text("table"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_dead_fails_no_query() {
    let world = World::start().await;
    table(&world).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let never_accepts = format!("http://{}", silent.local_addr().expect("an address"));
    for endpoint in [never_accepts.as_str(), "http://127.0.0.1:1", "no URL"] {
        let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)];
        let (lambda, client) = world.lambda(1, &settings).await;
        let reading = tokio::time::timeout(Duration::from_secs(30), read(&client));
        reading.await.expect("the read does not wait for the collector");
        let told = lines(&lambda).into_iter();
        let told = told.filter(|line| {
            line.to_string().contains("spans were not sent")
                || line.to_string().contains("spans cannot be sent")
        });
        assert_eq!(told.count(), 1, "{endpoint}: {}", lambda.output());
    }
}
