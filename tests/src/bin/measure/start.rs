//! From the start of the process to its first answers.

use std::io;
use std::time::Instant;

use protocol::{FederationRequest, PingRequest};
use tests::world::World;

use crate::figures::{Figures, median};
use crate::function::{Function, orders};

const RUNS: usize = 11;

pub(crate) async fn measure(function: &Function, figures: &mut Figures) -> io::Result<()> {
    let world = World::start().await;
    orders(&world, 10).await;
    let (mut pings, mut tables, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let started = Instant::now();
        let (_lambda, client) = function.start(&world, 1, &[]).await?;
        let ping = PingRequest {
            identity: None,
            catalog_name: "msk".into(),
            query_id: "q".into(),
        };
        client
            .call(&FederationRequest::Ping(ping))
            .await
            .map_err(io::Error::other)?;
        pings.push(started.elapsed().as_secs_f64() * 1000.0);

        let started = Instant::now();
        let (_lambda, client) = function.start(&world, 1, &[]).await?;
        client.table("orders").await.map_err(io::Error::other)?;
        tables.push(started.elapsed().as_secs_f64() * 1000.0);
        client
            .select("orders", &["order_id"])
            .await
            .map_err(io::Error::other)?;
        rows.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    figures.add("process start to the first answered Ping", median(pings), "ms");
    figures.add(
        "process start to the first answered GetTable",
        median(tables),
        "ms",
    );
    figures.add(
        "process start to the rows of a first query of ten records",
        median(rows),
        "ms",
    );
    Ok(())
}
