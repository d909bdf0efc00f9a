//! The server with the client of `arrow-flight`, over a fake engine.

// Helpers of tests are outside of clippy's exception for tests.
#![allow(clippy::unwrap_used)]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow_flight::error::FlightError;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::{FlightInfo, Ticket};
use flight_sql::{Limits, Options, Server, Token};
use futures::TryStreamExt;
use tonic::Code;
use tonic::transport::Channel;

mod access;
mod catalogs;
mod fake;
mod prepared;
mod queue;
mod results;

use fake::Fake;

type Client = FlightSqlServiceClient<Channel>;

/// A server over a fake engine.
struct World {
    engine: Arc<Fake>,
    server: Server,
}

impl World {
    async fn start() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
            token: None,
            tls: None,
            hosts: Some(Vec::new()),
            limits: Limits::default(),
        };
        change(&mut options);
        let engine = Arc::new(Fake::default());
        let server = Server::start(engine.clone(), options).await.expect("a server");
        Self { engine, server }
    }

    async fn client(&self) -> Client {
        let uri = format!("http://{}", self.server.address());
        let endpoint = Channel::from_shared(uri).expect("a URI");
        FlightSqlServiceClient::new(endpoint.connect().await.expect("a connection"))
    }

    /// Waits until results have ended.
    async fn ended(&self, results: usize) {
        eventually(|| self.engine.ended() == results).await;
    }
}

async fn eventually(holds: impl Fn() -> bool) {
    let limit = tokio::time::Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(tokio::time::Instant::now() < limit, "it does not happen");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn ticket(info: &FlightInfo) -> Ticket {
    let [endpoint] = info.endpoint.as_slice() else {
        panic!("wanted one endpoint, found {:?}", info.endpoint)
    };
    endpoint.ticket.clone().expect("a ticket")
}

async fn read(client: &mut Client, info: &FlightInfo) -> Result<Vec<RecordBatch>, FlightError> {
    client.do_get(ticket(info)).await?.try_collect().await
}

async fn query(client: &mut Client, statement: &str) -> Result<Vec<RecordBatch>, FlightError> {
    let info = client.execute(statement.to_owned(), None).await?;
    read(client, &info).await
}

fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
    let columns = batches
        .iter()
        .map(|batch| batch.column(0).as_primitive::<Int64Type>());
    columns.flat_map(|column| column.values().to_vec()).collect()
}

/// Rows of texts, NULL as `NULL`.
fn texts(batches: &[RecordBatch]) -> Vec<String> {
    let row = |batch: &RecordBatch, row: usize| {
        let columns = batch.columns().iter().map(AsArray::as_string::<i32>);
        let values = columns.map(|column| column.iter().nth(row).flatten().unwrap_or("NULL").to_owned());
        values.collect::<Vec<_>>().join(" | ")
    };
    batches
        .iter()
        .flat_map(|batch| (0..batch.num_rows()).map(move |at| row(batch, at)))
        .collect()
}

/// Status of a call that must fail.
fn refused<T: std::fmt::Debug>(result: Result<T, FlightError>) -> (Code, String) {
    match result {
        Err(FlightError::Tonic(status)) => (status.code(), status.message().to_owned()),
        other => panic!("wanted a status, found {other:?}"),
    }
}
