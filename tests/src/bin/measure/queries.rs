//! Queries of the demonstration, after loading: everything in this process, in the development profile.

use std::io;
use std::time::Instant;

use local::AthenaOptions;
use local::demo::{ARTICLE_QUERY, COUNT_QUERY, TOP_PRODUCTS_QUERY};
use local::stack::{Orders, Stack};

use crate::figures::{Figures, median};

const RUNS: usize = 3;
/// Number of orders of the demonstration.
const ORDERS: usize = 840_700;
const PARTITIONS: i32 = 3;

pub(crate) async fn measure(figures: &mut Figures) -> io::Result<()> {
    let stack = Stack::start(PARTITIONS).await.map_err(io::Error::other)?;
    let orders = Orders {
        count: ORDERS,
        seed: 42,
        start: "2023-03-14T00:00:00".parse().unwrap_or_default(),
    };
    let produced = stack.produce(orders, |_| {}).await;
    produced.map_err(io::Error::other)?;
    let athena = stack.athena(AthenaOptions::default()).map_err(io::Error::other)?;
    let queries = [
        ("count(*)", COUNT_QUERY),
        ("the article's query", ARTICLE_QUERY),
        ("the ten best products", TOP_PRODUCTS_QUERY),
    ];
    for (what, sql) in queries {
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let started = Instant::now();
            let mut query = athena.start(sql).await.map_err(io::Error::other)?;
            while query.next().await.map_err(io::Error::other)?.is_some() {}
            times.push(started.elapsed().as_secs_f64());
            stack.forget_spilled();
        }
        figures.add(format!("demo, {ORDERS} orders: {what}"), median(times), "s");
    }
    Ok(())
}
