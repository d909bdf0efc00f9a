//! Time to read a table in splits of each size.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use protocol::{Constraints, FederationResponse, SpillLocation, Split, block_bytes};
use tests::client::Client;
use tests::world::World;

use crate::function::{Function, orders};

/// Number of splits that are read at once, each in a container of its own.
const CONTAINERS: usize = 2;

/// Measures the time to read a table in splits of each size, all columns, encrypted spill, [`CONTAINERS`] at
/// a time.
pub(crate) async fn measure(function: &Function, numbers: &[usize]) -> io::Result<()> {
    let (rows, sizes) = match numbers {
        [] => (1_000_000, &[][..]),
        [rows, sizes @ ..] => (*rows, sizes),
    };
    let sizes = match sizes {
        [] => &[10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000],
        sizes => sizes,
    };
    let world = World::start().await;
    orders(&world, rows).await;
    println!("{rows} rows, {CONTAINERS} containers");
    println!(
        "{:>10} {:>7} {:>9} {:>14} {:>14} {:>12} {:>7}",
        "size", "splits", "total s", "mean split ms", "max split ms", "MiB a split", "blocks"
    );
    for size in sizes {
        let size_text = size.to_string();
        let settings = [("max_records_per_split", size_text.as_str())];
        let (_lambda, client) = function.start(&world, CONTAINERS, &settings).await?;
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

/// Result of reading one split.
struct Answer {
    took: Duration,
    /// Size of Arrow's data of inline rows.
    inline_bytes: usize,
    /// Locations of the other rows.
    blocks: Vec<SpillLocation>,
}

/// Size of the blocks in the bucket.
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
