//! The server: what goes where, and what is refused.

use axum::Router;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::server::{ApiServer, Place};

async fn server(world: &World) -> ApiServer {
    let others = Router::new().fallback(|| async { "elsewhere" });
    ApiServer::start(&Place::default(), Arc::clone(&world.api), others)
        .await
        .unwrap()
}

/// Sends bytes and returns what comes back until the connection ends.
async fn exchange(server: &ApiServer, request: &[u8]) -> String {
    let address = server.endpoint_url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may close before it has read all.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the server ends the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(first: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "{first} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

const LOCAL: &str = "Host: 127.0.0.1\r\n";

fn athena(operation: &str) -> String {
    format!("{LOCAL}X-Amz-Target: AmazonAthena.{operation}\r\nContent-Type: application/x-amz-json-1.1\r\n")
}

#[tokio::test]
async fn athenas_requests_are_answered_here_and_others_elsewhere() {
    let world = World::new();
    let server = server(&world).await;
    let answer = exchange(&server, &request("POST /", &athena("ListWorkGroups"), "{}")).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"primary\""),
        "{answer}"
    );
    let answer = exchange(
        &server,
        &request("POST /", &athena("GetWorkGroup"), "{\"WorkGroup\": \"x\"}"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(
        answer.contains("x-amzn-errortype: InvalidRequestException") && answer.contains("INVALID_INPUT"),
        "{answer}"
    );
    for (first, headers) in [
        ("GET /bucket/key", LOCAL.to_owned()),
        ("POST /", format!("{LOCAL}X-Amz-Target: AWSGlue.GetRegistry\r\n")),
        (
            "GET /metrics",
            format!("{LOCAL}Authorization: AWS4-HMAC-SHA256 x\r\n"),
        ),
        ("GET /metrics?list-type=2", LOCAL.to_owned()),
        ("PUT /metrics", LOCAL.to_owned()),
    ] {
        let answer = exchange(&server, &request(first, &headers, "")).await;
        assert!(answer.ends_with("elsewhere"), "{first}: {answer}");
    }
}

#[tokio::test]
async fn requests_of_other_sites_are_refused_and_counted() {
    let world = World::new();
    let server = server(&world).await;
    let target = "X-Amz-Target: AmazonAthena.ListWorkGroups\r\n";
    for headers in [
        format!("Host: evil.example\r\n{target}"),
        format!("{LOCAL}Origin: http://evil.example\r\n{target}"),
        "Host: evil.example\r\n".to_owned(),
        format!("{LOCAL}Origin: null\r\n"),
    ] {
        let answer = exchange(&server, &request("POST /", &headers, "{}")).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{headers}: {answer}");
    }
    let answer = exchange(&server, &request("GET /metrics", LOCAL, "")).await;
    assert!(answer.contains("\nathena_refused_requests_total 4\n"), "{answer}");
}

#[tokio::test]
async fn rubbish_is_refused_and_stops_nothing() {
    let world = World::new();
    let server = server(&world).await;
    for rubbish in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
        b"\r\n\r\nrubbish\r\n",
        &[0xff; 70_000],
    ] {
        let mut rubbish = rubbish.to_vec();
        rubbish.extend_from_slice(b"\r\n\r\n");
        let answer = exchange(&server, &rubbish).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    for body in ["", "{", "[]", "null", "{\"QueryString\": null}", "\u{0}"] {
        let answer = exchange(&server, &request("POST /", &athena("StartQueryExecution"), body)).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{body}: {answer}");
    }
    let large = "x".repeat(3 << 20);
    let answer = exchange(
        &server,
        &request("POST /", &athena("StartQueryExecution"), &large),
    )
    .await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 413"),
        "{answer}"
    );
    let answer = exchange(&server, &request("POST /", &athena("ListWorkGroups"), "")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_dropped_server_cancels_its_queries() {
    let world = World::new();
    let server = server(&world).await;
    let id = world.start("wait").await;
    world.until(&id, "RUNNING").await;
    drop(server);
    world.until(&id, "CANCELLED").await;
}
