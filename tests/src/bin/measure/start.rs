//! Time from the start of the process to its first responses, and the additional time of the first of each
//! call, which creates clients.

use std::io;
use std::time::Instant;

use arrow::datatypes::SchemaRef;
use protocol::{Constraints, FederationRequest, PingRequest, Split};
use tests::client::Client;
use tests::world::World;

use crate::figures::{Figures, median};
use crate::function::{Function, orders};

const RUNS: usize = 11;

/// Calls of a query in order, each with what the first of it creates.
const CALLS: [(&str, Call); 4] = [
    ("GetTable (makes the Glue client)", Call::GetTable),
    ("planning (makes a Kafka client)", Call::Plan),
    ("ReadRecords, inline (begins to fetch)", Call::ReadInline),
    ("ReadRecords, spilled (makes the S3 client)", Call::ReadSpilled),
];

#[derive(Clone, Copy)]
enum Call {
    GetTable,
    Plan,
    ReadInline,
    ReadSpilled,
}

pub(crate) async fn measure(function: &Function, figures: &mut Figures) -> io::Result<()> {
    let world = World::start().await;
    orders(&world, 10).await;
    let (mut pings, mut tables, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    let (mut firsts, mut nexts) = (vec![Vec::new(); CALLS.len()], vec![Vec::new(); CALLS.len()]);
    for _ in 0..RUNS {
        let started = Instant::now();
        let (_lambda, client) = function.start(&world, 1, &[]).await?;
        ping(&client).await?;
        pings.push(milliseconds_since(started));
        let mut query = Query::of(client);
        for ((_, call), (firsts, nexts)) in CALLS.iter().zip(firsts.iter_mut().zip(&mut nexts)) {
            for times in [firsts, nexts] {
                let started = Instant::now();
                query.make(*call).await.map_err(io::Error::other)?;
                times.push(milliseconds_since(started));
            }
        }

        let started = Instant::now();
        let (_lambda, client) = function.start(&world, 1, &[]).await?;
        client.table("orders").await.map_err(io::Error::other)?;
        tables.push(milliseconds_since(started));
        let select = client.select("orders", &["order_id"]).await;
        select.map_err(io::Error::other)?;
        rows.push(milliseconds_since(started));
    }
    let what = "process start to the first answered Ping";
    figures.add(what, median(pings), "ms");
    let what = "process start to the first answered GetTable";
    figures.add(what, median(tables), "ms");
    let what = "process start to the rows of a first query of ten records";
    figures.add(what, median(rows), "ms");
    for ((call, _), (firsts, nexts)) in CALLS.iter().zip(firsts.into_iter().zip(nexts)) {
        figures.add(format!("{call}, the first"), median(firsts), "ms");
        figures.add(format!("{call}, the next"), median(nexts), "ms");
    }
    Ok(())
}

async fn ping(client: &Client) -> io::Result<()> {
    let ping = PingRequest {
        identity: None,
        catalog_name: "msk".into(),
        query_id: "q".into(),
    };
    client
        .call(&FederationRequest::Ping(ping))
        .await
        .map_err(io::Error::other)?;
    Ok(())
}

/// State that the calls of one query pass on.
struct Query {
    client: Client,
    schema: Option<SchemaRef>,
    split: Option<Split>,
}

impl Query {
    fn of(client: Client) -> Self {
        Self {
            client,
            schema: None,
            split: None,
        }
    }

    async fn make(&mut self, call: Call) -> Result<(), String> {
        match call {
            Call::GetTable => self.schema = Some(self.client.table("orders").await?.schema),
            Call::Plan => self.split = self.client.splits("orders").await?.into_iter().next(),
            Call::ReadInline => self.read().await?,
            Call::ReadSpilled => {
                self.client.max_inline_block_bytes = 0;
                self.read().await?;
            }
        }
        Ok(())
    }

    async fn read(&self) -> Result<(), String> {
        let schema = self.schema.as_ref().ok_or("a table comes before its rows")?;
        let split = self.split.as_ref().ok_or("a split comes before its rows")?;
        let constraints = Constraints::default();
        let answer = self.client.read_response("orders", schema, split, &constraints);
        answer.await.map(drop)
    }
}

fn milliseconds_since(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1000.0
}
