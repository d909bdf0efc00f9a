//! Figures for the README, each printed with what was done. `cargo run --bin measure -- memory [ROWS…]` reads splits of
//! so many rows with a fresh Lambda process each and prints that process's memory.

use std::io;

use protocol::{Constraints, FederationResponse};
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
        _ => {
            eprintln!("usage: measure memory [ROWS...]");
            std::process::exit(2);
        }
    }
}

/// Peak resident memory of one ReadRecords with all four columns and encrypted spill, over the idle process.
async fn memory(rows: &[String]) -> io::Result<()> {
    let counts = match rows {
        [] => vec![100_000, 1_000_000],
        rows => rows
            .iter()
            .map(|rows| rows.parse().map_err(io::Error::other))
            .collect::<io::Result<_>>()?,
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
