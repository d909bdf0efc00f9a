//! Clients that do harm: rubbish, foreign names, connections that end in the middle, many queries at once.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::*;

const LIMIT: Duration = Duration::from_secs(60);

/// Sends bytes, and returns what comes back up to the end of the connection.
async fn exchange(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    // It may be closed before all is sent.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = timeout(LIMIT, stream.read_to_end(&mut answer))
        .await
        .expect("an end");
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

/// Response to an operation as JSON.
async fn call(address: &str, operation: &str, body: &Value) -> Value {
    let headers = format!("Host: {address}\r\nX-Amz-Target: AmazonAthena.{operation}\r\n");
    let answer = exchange(address, &request(&headers, &body.to_string())).await;
    let (_, body) = answer.split_once("\r\n\r\n").expect("a response");
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{operation}: {answer}"))
}

async fn start(address: &str, sql: &str) -> Value {
    call(address, "StartQueryExecution", &json!({"QueryString": sql})).await["QueryExecutionId"].take()
}

async fn until_ended(address: &str, id: &Value) -> Value {
    let poll = async {
        loop {
            let query = call(address, "GetQueryExecution", &json!({"QueryExecutionId": id})).await;
            let state = query["QueryExecution"]["Status"]["State"]
                .as_str()
                .expect("a state")
                .to_owned();
            if !matches!(state.as_str(), "QUEUED" | "RUNNING") {
                return query["QueryExecution"].clone();
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LIMIT, poll).await.expect("the query ends")
}

async fn metric(address: &str, name: &str) -> f64 {
    let answer = exchange(
        address,
        format!("GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes(),
    )
    .await;
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or_else(|| panic!("{name}: {answer}"));
    line.trim().parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_queries_at_once_and_clients_that_misbehave() {
    let served = Served::start().await;
    let address = served.address();
    // Rubbish, and half of a request.
    for rubbish in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\0\0\0\0\r\n\r\n",
        &[0xff; 100_000],
    ] {
        let answer = exchange(address, &[rubbish, b"\r\n\r\n"].concat()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream
            .write_all(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\nHost:")
            .await
            .expect("it reads");
    }
    // Names of others.
    for headers in [
        "Host: evil.example\r\n".to_owned(),
        format!("Host: {address}\r\nOrigin: http://evil.example\r\n"),
    ] {
        for target in [
            "X-Amz-Target: AmazonAthena.ListWorkGroups\r\n",
            "X-Amz-Target: AWSGlue.ListRegistries\r\n",
            "",
        ] {
            let answer = exchange(address, &request(&format!("{headers}{target}"), "{}")).await;
            assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        }
    }
    // Fifty at once, of which some are cancelled.
    let sql = "SELECT count(*) AS count, sum(a.n * b.n) AS sum FROM msk.formats.numbers a CROSS JOIN msk.formats.numbers b";
    let starts = (0..50).map(|_| start(address, sql));
    let ids = futures_of(starts).await;
    for id in ids.iter().step_by(5) {
        call(address, "StopQueryExecution", &json!({"QueryExecutionId": id})).await;
    }
    for (place, id) in ids.iter().enumerate() {
        let query = until_ended(address, id).await;
        let state = query["Status"]["State"].as_str();
        match place % 5 {
            0 => assert!(matches!(state, Some("CANCELLED" | "SUCCEEDED")), "{query}"),
            _ => {
                assert_eq!(state, Some("SUCCEEDED"), "{query}");
                let answer = call(address, "GetQueryResults", &json!({"QueryExecutionId": id})).await;
                let row = &answer["ResultSet"]["Rows"][1]["Data"];
                assert_eq!(
                    row,
                    &json!([{"VarCharValue": "1000000"}, {"VarCharValue": "249500250000"}])
                );
            }
        }
    }
    // A client that leaves in the middle of its result, again and again.
    let id = start(
        address,
        "SELECT a.n FROM msk.formats.numbers a CROSS JOIN msk.formats.numbers b WHERE b.n < 50",
    )
    .await;
    assert_eq!(until_ended(address, &id).await["Status"]["State"], "SUCCEEDED");
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let headers = format!("Host: {address}\r\nX-Amz-Target: AmazonAthena.GetQueryResults\r\n");
        let body = json!({"QueryExecutionId": id}).to_string();
        stream
            .write_all(&request(&headers, &body))
            .await
            .expect("it reads");
        let _ = stream.read(&mut [0; 100]).await;
    }
    assert_eq!(
        metric(address, "athena_queries{interface=\"athena\",state=\"RUNNING\"}").await,
        0.0
    );
    assert_eq!(
        metric(address, "athena_queries{interface=\"athena\",state=\"QUEUED\"}").await,
        0.0
    );
    assert!(metric(address, "athena_rows_read_total{interface=\"athena\"}").await >= 40.0 * 2000.0);
    served.stop().await;
}

async fn futures_of<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut results = Vec::new();
    for future in futures {
        results.push(future.await);
    }
    results
}
