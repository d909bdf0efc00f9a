//! Peak resident memory of one ReadRecords with all four columns and encrypted spill, over the idle process.

use std::io;

use protocol::Constraints;
use tests::world::World;

use crate::figures::Figures;
use crate::function::{Function, orders};

/// Reads one split of each number of rows, each in a process of its own.
pub(crate) async fn measure(function: &Function, rows: &[usize], figures: &mut Figures) -> io::Result<()> {
    let rows = match rows {
        [] => &[100_000, 1_000_000, 10_000_000],
        rows => rows,
    };
    for rows in rows {
        let world = World::start().await;
        orders(&world, *rows).await;
        let settings = [("max_records_per_split", "1000000000")];
        let (lambda, client) = function.start(&world, 1, &settings).await?;
        let splits = client.splits("orders").await.map_err(io::Error::other)?;
        let schema = client.table("orders").await.map_err(io::Error::other)?.schema;
        let process = lambda.process_ids()[0];
        let idle_kib = status(process, "VmRSS")?;
        let constraints = Constraints::default();
        let answer = client.read_response("orders", &schema, &splits[0], &constraints);
        answer.await.map_err(io::Error::other)?;
        let over_kib = status(process, "VmHWM")? - idle_kib;
        figures.add(
            format!("memory idle, before {rows} rows"),
            idle_kib as f64 / 1024.0,
            "MiB",
        );
        figures.add(
            format!("memory over idle, {rows} rows in one split"),
            over_kib as f64 / 1024.0,
            "MiB",
        );
    }
    Ok(())
}

/// Value in `/proc/<process>/status`, in KiB.
fn status(process: u32, name: &str) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .ok_or(io::ErrorKind::NotFound)?;
    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
    digits.parse().map_err(io::Error::other)
}
