//! GetSplits by the number of partitions. On the embedded broker the requests are counted, too.

use std::io;
use std::time::{Duration, Instant};

use embedded::kafka::ApiKey;
use protocol::Constraints;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tests::world::World;

use crate::figures::{Figures, median};
use crate::function::{COLUMNS, Function};

const RUNS: usize = 5;

/// Requests that planning sends to brokers.
const ASKED: [ApiKey; 4] = [
    ApiKey::Metadata,
    ApiKey::DescribeTopicPartitions,
    ApiKey::ListOffsets,
    ApiKey::DescribeConfigs,
];

pub(crate) async fn measure(function: &Function, figures: &mut Figures) -> io::Result<()> {
    let world = World::embedded().await;
    let (_lambda, client) = function
        .start(&world, 1, &[("schema_cache_seconds", "600")])
        .await?;
    for partitions in [1, 100, 1_000, 10_000] {
        let topic = world.broker.create_topic("wide", partitions).await;
        fill(&world, &topic, partitions)?;
        let table = format!("wide_{partitions}");
        world.register_json(&table, &topic, COLUMNS);
        let plan = async || {
            let page = client.split_page(&table, &Constraints::default(), None).await;
            page.map_err(io::Error::other)
        };
        plan().await?;
        let before = requests(&world);
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let started = Instant::now();
            plan().await?;
            times.push(started.elapsed().as_secs_f64() * 1000.0);
        }
        let asked = (requests(&world) - before) as f64 / RUNS as f64;
        figures.add(
            format!("GetSplits, {partitions} partitions, warm, first page"),
            median(times),
            "ms",
        );
        figures.add(
            format!("requests to brokers for it, {partitions} partitions"),
            asked,
            "",
        );
    }
    Ok(())
}

/// One record in each partition.
fn fill(world: &World, topic: &str, partitions: i32) -> io::Result<()> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", world.broker.bootstrap())
        .set("linger.ms", "200")
        .create()
        .map_err(io::Error::other)?;
    for partition in 0..partitions {
        let record = BaseRecord::<(), _>::to(topic).partition(partition).payload("{}");
        producer
            .send(record)
            .map_err(|(error, _)| io::Error::other(error))?;
    }
    producer.flush(Duration::from_secs(120)).map_err(io::Error::other)
}

fn requests(world: &World) -> u64 {
    let kafka = world.broker.as_embedded();
    kafka.map_or(0, |kafka| ASKED.iter().map(|api| kafka.requests(*api)).sum())
}
