//! The client of `arrow-flight`, without other programs.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow_flight::sql::client::FlightSqlServiceClient;
use futures::{StreamExt, TryStreamExt};
use tests::program::run;
use tokio::io::AsyncWriteExt;
use tonic::transport::{Channel, Endpoint};

use super::*;

type Client = FlightSqlServiceClient<Channel>;

async fn client(served: &Served) -> Client {
    let endpoint = Channel::from_shared(format!("http://{}", served.place())).expect("a URI");
    FlightSqlServiceClient::new(endpoint.connect().await.expect("a connection"))
}

async fn rows(client: &mut Client, sql: &str) -> Result<Vec<RecordBatch>, String> {
    let info = client
        .execute(sql.to_owned(), None)
        .await
        .map_err(|error| error.to_string())?;
    let ticket = info.endpoint[0].ticket.clone().expect("a ticket");
    let rows = client.do_get(ticket).await.map_err(|error| error.to_string())?;
    rows.try_collect()
        .await
        .map_err(|error: arrow_flight::error::FlightError| error.to_string())
}

async fn number(client: &mut Client, sql: &str) -> i64 {
    let rows = rows(client, sql).await.expect("rows");
    rows[0].column(0).as_primitive::<Int64Type>().value(0)
}

/// Many orders for each other one: nobody waits for its end.
const ENDLESS: &str = "SELECT a.order_id FROM msk.customer.orders a CROSS JOIN msk.customer.orders b \
     CROSS JOIN msk.customer.orders c";

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_go_away_and_rubbish_disturb_nobody() {
    let served = Served::start(&[]).await;
    for _ in 0..10 {
        let mut client = client(&served).await;
        let info = client.execute(ENDLESS.to_owned(), None).await.expect("a query");
        let ticket = info.endpoint[0].ticket.clone().expect("a ticket");
        let mut rows = client.do_get(ticket).await.expect("rows");
        rows.next().await.expect("rows").expect("a batch");
        let mut socket = tokio::net::TcpStream::connect(served.place())
            .await
            .expect("a connection");
        let _ = socket.write_all(&[0x16; 512]).await;
    }
    let counts = (0..50).map(|_| async {
        let mut client = client(&served).await;
        number(&mut client, "SELECT count(*) FROM msk.customer.orders").await
    });
    assert_eq!(futures::future::join_all(counts).await, [1000; 50]);
    // Abandoned queries use no processor time: the last ones have ended.
    let mut client = client(&served).await;
    eventually(async || {
        let begun = Instant::now();
        number(&mut client, "SELECT count(*) FROM msk.customer.orders").await;
        begun.elapsed() < Duration::from_secs(2)
    })
    .await;
    let ended = served.serve.interrupt().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unqualified_tables_are_found_in_the_schema_of_the_headers() {
    let served = Served::start(&[]).await;
    let mut client = client(&served).await;
    assert_eq!(number(&mut client, "SELECT count(*) FROM types").await, 3);
    let error = rows(&mut client, "USE msk.other").await.expect_err("a refusal");
    assert!(error.contains("USE has no effect"), "{error}");
    client.set_header("schema", "other");
    assert!(rows(&mut client, "SELECT count(*) FROM types").await.is_err());
    client.set_header("schema", "customer");
    assert_eq!(number(&mut client, "SELECT count(*) FROM types").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_cannot_be_used_are_refused() {
    let cases: [(&[&str], &str); 3] = [
        (&["--flight-cert", "absent.pem"], "--flight-key"),
        (
            &["--flight-cert", "absent.pem", "--flight-key", "absent.pem"],
            "absent.pem",
        ),
        (&["--flight-token", "two words"], "printable ASCII"),
    ];
    for (arguments, wanted) in cases {
        let ended = run(&[], &[&["serve"], arguments].concat()).await;
        assert_ne!(ended.code, Some(0), "{arguments:?}");
        assert!(ended.stderr.contains(wanted), "{}", ended.stderr);
    }
}

/// What docs/clients.md shows, at another address.
async fn documented(uri: String) -> Result<Vec<RecordBatch>, Box<dyn std::error::Error>> {
    let endpoint = Endpoint::from_shared(uri)?;
    let mut client = FlightSqlServiceClient::new(endpoint.connect().await?);
    let info = client
        .execute(
            "SELECT order_id FROM msk.customer.orders LIMIT 3".to_owned(),
            None,
        )
        .await?;
    let rows = client
        .do_get(info.endpoint[0].ticket.clone().unwrap_or_default())
        .await?;
    let batches: Vec<RecordBatch> = rows.try_collect().await?;
    Ok(batches)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_client_is_one_that_runs() {
    // As the formatter breaks lines, it adds commas.
    let compact = |text: &str| text.split_whitespace().collect::<String>().replace(",)", ")");
    let shown = compact(snippet("rust"));
    let shown = shown.replace("from_static(\"http://127.0.0.1:32010\")", "from_shared(uri)?");
    let tested = compact(include_str!("rust_client.rs"));
    assert!(tested.contains(&shown), "{shown}");
    let served = Served::start(&[]).await;
    let rows = documented(format!("http://{}", served.place()))
        .await
        .expect("rows");
    assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
}
