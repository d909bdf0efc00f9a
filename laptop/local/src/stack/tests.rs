use std::sync::Mutex;

use athena_api::Engine as _;
use athena_api::engine::Statement;
use flight_sql::{Context, Engine as _};
use futures::TryStreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::flight::FlightEngine;

/// Response to a request with these headers.
async fn answer(url: &str, headers: &str) -> String {
    let address = url.strip_prefix("http://").expect("a URL");
    let (_, port) = address.rsplit_once(':').expect("a port");
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
    let request = format!("GET /athena-spill HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_names_are_refused_at_every_port() {
    let places = Places {
        host: "stand-ins".to_owned(),
        ..Places::default()
    };
    let stack = Stack::start_at(&places, 1).await.unwrap();
    for url in [stack.glue.endpoint_url(), stack.s3.endpoint_url()] {
        for (headers, refused) in [
            ("Host: evil.example\r\n", true),
            ("Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n", true),
            ("Host: stand-ins:80\r\n", false),
            ("Host: localhost\r\n", false),
        ] {
            let answer = answer(&url, headers).await;
            assert!(answer.starts_with("HTTP/1.1 "), "{url} {headers}: {answer}");
            // S3 answers 403, too, because the request is not signed.
            let found = answer.starts_with("HTTP/1.1 403") && answer.contains(": wanted ");
            assert_eq!(found, refused, "{url} {headers}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_over_flight_leaves_no_blocks() {
    let stack = Stack::start(1).await.unwrap();
    let orders = Orders {
        count: 60_000,
        seed: 1,
        start: NaiveDateTime::default(),
    };
    stack.produce(orders, |_| ()).await.unwrap();
    let athena = Arc::new(stack.athena(AthenaOptions::default()).await.unwrap());
    let engine = FlightEngine::new(athena, stack.at_end(), unheard());
    let context = Context::default();
    let started = engine.start("SELECT * FROM customer.orders", &context, &[]);
    let mut batches = started.await.unwrap().batches;
    assert_eq!(stack.spilled_bytes(), 0);
    let (mut rows, mut most) = (0, 0);
    while let Some(batch) = batches.try_next().await.unwrap() {
        rows += batch.num_rows();
        most = stack.spilled_bytes().max(most);
    }
    assert_eq!(rows, 60_000);
    assert_ne!(most, 0);
    drop(batches);
    assert_eq!(stack.spilled_bytes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn use_through_the_api_and_flight_changes_no_other_query() {
    let stack = Stack::start(1).await.unwrap();
    let athena = Arc::new(stack.athena(AthenaOptions::default()).await.unwrap());
    let before = athena.current_schema();
    let api = ApiEngine::new(Arc::clone(&athena), stack.at_end());
    let flight = FlightEngine::new(Arc::clone(&athena), stack.at_end(), unheard());
    for sql in ["USE customer", "EXECUTE IMMEDIATE 'USE customer'"] {
        let statement = Statement {
            query_id: "a".to_owned(),
            sql: sql.to_owned(),
            ..Statement::default()
        };
        assert!(api.start(&statement).await.is_ok(), "{sql}");
        let error = flight.start(sql, &Context::default(), &[]).await.unwrap_err();
        assert!(
            error
                .message
                .contains("NOT_SUPPORTED: USE has no effect over Flight SQL"),
            "{}",
            error.message
        );
        assert_eq!(athena.current_schema(), before, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_over_flight_are_told_with_their_ends() {
    let stack = Stack::start(1).await.unwrap();
    let orders = Orders {
        count: 3,
        seed: 1,
        start: NaiveDateTime::default(),
    };
    stack.produce(orders, |_| ()).await.unwrap();
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&lines);
    let log = move |line: &str| log.lock().unwrap().push(line.to_owned());
    let telemetry = Arc::new(Telemetry::new("flight_sql", Arc::new(log)));
    let athena = Arc::new(stack.athena(AthenaOptions::default()).await.unwrap());
    let engine = FlightEngine::new(athena, stack.at_end(), telemetry);
    let context = Context::default();
    for (sql, state, told) in [
        ("SELECT order_id FROM customer.orders", "SUCCEEDED", "3 rows,"),
        ("SELECT none FROM customer.orders", "FAILED", "COLUMN_NOT_FOUND"),
        (
            "SELECT 1 / (length(order_id) - length(order_id)) FROM customer.orders",
            "FAILED",
            "DIVISION_BY_ZERO",
        ),
        ("SELECT user_id FROM customer.orders", "CANCELLED", ": 0 rows,"),
    ] {
        match engine.start(sql, &context, &[]).await {
            Ok(unread) if state == "CANCELLED" => drop(unread),
            Ok(rows) => drop(rows.batches.try_collect::<Vec<_>>().await),
            Err(_) => {}
        }
        let found = std::mem::take(&mut *lines.lock().unwrap());
        let [line] = &found[..] else {
            panic!("{sql}: {found:?}")
        };
        let is_its = line.starts_with("flight_sql query ") && line.contains(&format!(" {state} after "));
        assert!(is_its && line.contains(told) && line.contains(sql), "{line}");
        let read = line.contains("read 1 splits, 3 rows, ");
        assert!(read || state != "SUCCEEDED", "{line}");
    }
}

/// Telemetry whose lines nobody reads.
fn unheard() -> Arc<Telemetry> {
    Arc::new(Telemetry::new("flight_sql", Arc::new(|_| {})))
}
