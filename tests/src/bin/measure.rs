//! Figures for the README, each printed with what was done. `cargo run --bin measure -- memory [ROWS…]` reads splits of
//! so many rows with a fresh Lambda process each and prints that process's memory. `… splits [ROWS] [SIZES…]` reads a
//! table of so many rows in splits of each size.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use protocol::{Constraints, FederationResponse, SpillLocation, Split, block_bytes};
use tests::client::Client;
use tests::world::World;

const COLUMNS: &[(&str, &str, &str)] = &[
    ("order_id", "VARCHAR", ""),
    ("ordered_at", "TIMESTAMP", "yyyy-MM-dd HH:mm:ss.SSS"),
    ("user_id", "VARCHAR", ""),
    ("items", "VARCHAR", ""),
];

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((measure, rows)) if measure == "memory" => memory(rows).await,
        Some((measure, numbers)) if measure == "splits" => splits(numbers).await,
        _ => {
            eprintln!("usage: measure memory [ROWS...] | splits [ROWS] [SIZES...]");
            std::process::exit(2);
        }
    }
}

/// Peak resident memory of one ReadRecords with all four columns and encrypted spill, over the idle process.
async fn memory(rows: &[String]) -> io::Result<()> {
    let counts = match rows {
        [] => vec![100_000, 1_000_000],
        rows => numbers(rows)?,
    };
    println!(
        "{:>12} {:>10} {:>10} {:>10} {:>8}",
        "rows", "idle KiB", "peak KiB", "over KiB", "blocks"
    );
    for count in counts {
        let world = World::start().await;
        let topic = orders(&world, count).await;
        world.register_json("orders", &topic, COLUMNS);
        let settings = [("max_records_per_split", "1000000000")];
        let (lambda, client) = world.lambda(1, &settings).await;
        let splits = client.splits("orders").await.map_err(io::Error::other)?;
        let schema = client.table("orders").await.map_err(io::Error::other)?.schema;
        let process = lambda.process_ids()[0];
        let idle_kib = status(process, "VmRSS")?;
        let answer = client
            .read_response("orders", &schema, &splits[0], &Constraints::default())
            .await;
        let blocks = match answer.map_err(io::Error::other)? {
            FederationResponse::RemoteReadRecords(response) => response.remote_blocks.len(),
            _ => 0,
        };
        let peak_kib = status(process, "VmHWM")?;
        println!(
            "{count:>12} {idle_kib:>10} {peak_kib:>10} {:>10} {blocks:>8}",
            peak_kib - idle_kib
        );
    }
    Ok(())
}

/// Splits that are read at once, each in a container of its own.
const CONTAINERS: usize = 2;

/// How long a table takes to read in splits of each size, all columns, encrypted spill, [`CONTAINERS`] at a time.
async fn splits(arguments: &[String]) -> io::Result<()> {
    let numbers = numbers(arguments)?;
    let (rows, sizes) = match &numbers[..] {
        [] => (1_000_000, &[][..]),
        [rows, sizes @ ..] => (*rows, sizes),
    };
    let sizes = match sizes {
        [] => &[10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000],
        sizes => sizes,
    };
    let world = World::start().await;
    let topic = orders(&world, rows).await;
    world.register_json("orders", &topic, COLUMNS);
    println!("{rows} rows, {CONTAINERS} containers");
    println!(
        "{:>10} {:>7} {:>9} {:>14} {:>14} {:>12} {:>7}",
        "size", "splits", "total s", "mean split ms", "max split ms", "MiB a split", "blocks"
    );
    for size in sizes {
        let (_lambda, client) = world
            .lambda(CONTAINERS, &[("max_records_per_split", &size.to_string())])
            .await;
        let schema = client.table("orders").await.map_err(io::Error::other)?.schema;
        let started = Instant::now();
        let splits = client.splits("orders").await.map_err(io::Error::other)?;
        let count = splits.len();
        let answers = read_side_by_side(Arc::new(client), &schema, splits).await?;
        let total = started.elapsed();
        let sum: Duration = answers.iter().map(|answer| answer.took).sum();
        let longest = answers.iter().map(|answer| answer.took).max().unwrap_or_default();
        let blocks: Vec<_> = answers.iter().flat_map(|answer| &answer.blocks).collect();
        let inline: usize = answers.iter().map(|answer| answer.inline_bytes).sum();
        let bytes = inline + spilled_bytes(&world, &blocks).await?;
        println!(
            "{size:>10} {count:>7} {:>9.2} {:>14.0} {:>14.0} {:>12.2} {:>7}",
            total.as_secs_f64(),
            sum.as_secs_f64() * 1000.0 / count.max(1) as f64,
            longest.as_secs_f64() * 1000.0,
            bytes as f64 / count.max(1) as f64 / f64::from(1 << 20),
            blocks.len(),
        );
    }
    Ok(())
}

/// What reading one split came to.
struct Answer {
    took: Duration,
    /// Arrow's bytes of rows in the answer itself.
    inline_bytes: usize,
    /// Where the other rows are.
    blocks: Vec<SpillLocation>,
}

/// What the blocks take in the bucket.
async fn spilled_bytes(world: &World, blocks: &[&SpillLocation]) -> io::Result<usize> {
    let s3 = world.s3();
    let mut bytes = 0;
    for block in blocks {
        let head = s3
            .head_object()
            .bucket(&block.bucket)
            .key(&block.key)
            .send()
            .await;
        let length = head
            .map_err(io::Error::other)?
            .content_length()
            .unwrap_or_default();
        bytes += usize::try_from(length).unwrap_or_default();
    }
    Ok(bytes)
}

async fn read_side_by_side(
    client: Arc<Client>,
    schema: &SchemaRef,
    splits: Vec<Split>,
) -> io::Result<Vec<Answer>> {
    let splits = Arc::new(Mutex::new(VecDeque::from(splits)));
    let next =
        |splits: &Mutex<VecDeque<Split>>| splits.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..CONTAINERS {
        let (client, schema, splits) = (Arc::clone(&client), Arc::clone(schema), Arc::clone(&splits));
        readers.spawn(async move {
            let mut answers = Vec::new();
            while let Some(split) = next(&splits) {
                answers.push(read_split(&client, &schema, &split).await?);
            }
            Ok::<_, io::Error>(answers)
        });
    }
    let mut all = Vec::new();
    while let Some(answers) = readers.join_next().await {
        all.extend(answers.map_err(io::Error::other)??);
    }
    Ok(all)
}

async fn read_split(client: &Client, schema: &SchemaRef, split: &Split) -> io::Result<Answer> {
    let constraints = Constraints::default();
    let started = Instant::now();
    let answer = client.read_response("orders", schema, split, &constraints).await;
    let took = started.elapsed();
    let (inline_bytes, blocks) = match answer.map_err(io::Error::other)? {
        FederationResponse::ReadRecords(response) => (block_bytes(&response.records.batch), Vec::new()),
        FederationResponse::RemoteReadRecords(response) => (0, response.remote_blocks),
        _ => (0, Vec::new()),
    };
    Ok(Answer {
        took,
        inline_bytes,
        blocks,
    })
}

fn numbers(arguments: &[String]) -> io::Result<Vec<usize>> {
    let numbers = arguments
        .iter()
        .map(|number| number.parse().map_err(io::Error::other));
    numbers.collect()
}

async fn orders(world: &World, count: usize) -> String {
    let topic = world.broker.create_topic("orders", 1).await;
    let start = "2023-03-14T00:00:00".parse().unwrap_or_default();
    let orders = producer::OrderGenerator::seeded(42, start).take(count);
    let values = orders.map(|order| Some(producer::encode_value(&order, producer::ItemsAs::JsonString)));
    world.broker.produce(&topic, 0, values);
    topic
}

/// One line of `/proc/<process>/status`, in KiB.
fn status(process: u32, name: &str) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .ok_or(io::ErrorKind::NotFound)?;
    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
    digits.parse().map_err(io::Error::other)
}
