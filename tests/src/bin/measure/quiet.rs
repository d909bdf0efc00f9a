//! One record of a partition to which nothing is written, read by a warm function.

use std::io;
use std::time::{Duration, Instant};

use protocol::Constraints;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tests::world::World;

use crate::figures::{Figures, median};
use crate::function::{Function, orders};

const RUNS: usize = 21;

pub(crate) async fn measure(function: &Function, figures: &mut Figures) -> io::Result<()> {
    let world = World::start().await;
    let topic = orders(&world, 1).await;
    let (_lambda, client) = function.start(&world, 1, &[]).await?;
    let splits = client.splits("orders").await.map_err(io::Error::other)?;
    let schema = client.table("orders").await.map_err(io::Error::other)?.schema;
    let split = splits.first().ok_or(io::ErrorKind::NotFound)?;
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", world.broker.bootstrap())
        .create()
        .map_err(io::Error::other)?;
    let (mut round_trips, mut reads) = (Vec::new(), Vec::new());
    // The first run creates the client.
    for run in 0..=RUNS {
        let started = Instant::now();
        let watermarks = consumer.fetch_watermarks(&topic, 0, Duration::from_secs(10));
        watermarks.map_err(io::Error::other)?;
        // Earliest and latest, one after the other.
        let round_trip = started.elapsed().as_secs_f64() * 1000.0 / 2.0;
        let started = Instant::now();
        let constraints = Constraints::default();
        let answer = client.read_response("orders", &schema, split, &constraints);
        answer.await.map_err(io::Error::other)?;
        if run > 0 {
            round_trips.push(round_trip);
            reads.push(started.elapsed().as_secs_f64() * 1000.0);
        }
    }
    let (round_trip, read) = (median(round_trips), median(reads));
    figures.add("a round trip to the broker", round_trip, "ms");
    figures.add("a split of one record, warm", read, "ms");
    figures.add(
        "a split of one record, warm, over a round trip",
        read - round_trip,
        "ms",
    );
    Ok(())
}
