//! One query's rows over Flight SQL, against the same rows printed by the command: both by `athena-local` processes, from
//! topics of `athena-local serve`.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use arrow_flight::sql::client::FlightSqlServiceClient;
use futures::TryStreamExt;
use tests::lambda::binary;
use tests::program::Running;
use tonic::transport::Channel;

use crate::figures::{Figures, median};

const RUNS: usize = 3;
/// Number of orders, unless another is given.
const ORDERS: usize = 840_700;
const QUERY: &str = "SELECT order_id, ordered_at, user_id, items FROM msk.customer.orders";

/// Clients that read at once, and rows of each.
const CLIENTS: usize = 50;
const ROWS: usize = 20_000;

/// Reads a query with ADBC, batch by batch, and prints the number of rows and the seconds.
const ADBC: &str = "
import sys, time
from adbc_driver_flightsql import dbapi
with dbapi.connect(sys.argv[1], autocommit=True) as connection, connection.cursor() as cursor:
    started = time.monotonic()
    cursor.execute(sys.argv[2])
    rows = sum(batch.num_rows for batch in cursor.fetch_record_batch())
    print(rows, time.monotonic() - started)
";

pub(crate) async fn measure(numbers: &[usize], figures: &mut Figures) -> io::Result<()> {
    let orders = numbers.first().copied().unwrap_or(ORDERS);
    let mut serve = Running::start(&[], &["serve", "--orders", &orders.to_string()]);
    let mut variables = BTreeMap::new();
    while !variables.contains_key("AWS_SECRET_ACCESS_KEY") {
        let line = serve
            .line()
            .await
            .ok_or_else(|| io::Error::other("serve has ended"))?;
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|line| line.split_once('=')) {
            variables.insert(name.to_owned(), value.to_owned());
        }
    }
    let uri = &variables["FLIGHT_SQL_URI"];
    let add = |figures: &mut Figures, what: &str, seconds: Vec<f64>| {
        figures.add(
            format!("{orders} orders, 4 columns: {what}"),
            orders as f64 / median(seconds) / 1e6,
            "M rows/s",
        );
    };
    for format in ["csv", "json"] {
        let mut seconds = Vec::new();
        for _ in 0..RUNS {
            seconds.push(printed(&variables, format)?);
        }
        add(figures, &format!("printed as {format}"), seconds);
    }
    let mut seconds = Vec::new();
    for _ in 0..RUNS {
        seconds.push(read(uri, QUERY, orders).await?);
    }
    add(figures, "Flight SQL, arrow-flight", seconds);
    let before = resident_mib(&serve)?;
    let rows = ROWS.min(orders);
    let sql = format!("{QUERY} LIMIT {rows}");
    let started = Instant::now();
    futures::future::try_join_all((0..CLIENTS).map(|_| read(uri, &sql, rows))).await?;
    let rate = (CLIENTS * rows) as f64 / started.elapsed().as_secs_f64() / 1e6;
    figures.add(
        format!("{CLIENTS} clients at once, {rows} orders each"),
        rate,
        "M rows/s",
    );
    let over = resident_mib(&serve)? - before;
    figures.add(
        format!("resident memory of serve after {CLIENTS} clients, over that before"),
        over,
        "MiB",
    );
    let python = Path::new("target/venv-flight/bin/python");
    if !python.exists() {
        eprintln!("ADBC is not measured: scripts/venv flight");
        return Ok(());
    }
    let mut seconds = Vec::new();
    for _ in 0..RUNS {
        seconds.push(adbc(python, uri, orders)?);
    }
    add(figures, "Flight SQL, ADBC", seconds);
    Ok(())
}

/// Seconds of the command, from its start to its end.
fn printed(variables: &BTreeMap<String, String>, format: &str) -> io::Result<f64> {
    let started = Instant::now();
    let status = Command::new(binary("athena-local")?)
        .args(["sql", QUERY, "--output", format])
        .envs(variables)
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(io::Error::other("the command has failed"));
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Seconds of the client of `arrow-flight`, from connecting to the last row.
async fn read(uri: &str, sql: &str, orders: usize) -> io::Result<f64> {
    let started = Instant::now();
    let endpoint = Channel::from_shared(uri.replacen("grpc", "http", 1)).map_err(io::Error::other)?;
    let channel = endpoint.connect().await.map_err(io::Error::other)?;
    let mut client = FlightSqlServiceClient::new(channel);
    let info = client
        .execute(sql.to_owned(), None)
        .await
        .map_err(io::Error::other)?;
    let ticket = info.endpoint.first().and_then(|endpoint| endpoint.ticket.clone());
    let mut batches = client
        .do_get(ticket.unwrap_or_default())
        .await
        .map_err(io::Error::other)?;
    let mut rows = 0;
    while let Some(batch) = batches.try_next().await.map_err(io::Error::other)? {
        rows += batch.num_rows();
    }
    complete(rows, orders)?;
    Ok(started.elapsed().as_secs_f64())
}

fn adbc(python: &Path, uri: &str, orders: usize) -> io::Result<f64> {
    let output = Command::new(python).args(["-c", ADBC, uri, QUERY]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (rows, seconds) = text
        .trim()
        .split_once(' ')
        .ok_or_else(|| io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))?;
    complete(rows.parse().map_err(io::Error::other)?, orders)?;
    seconds.parse().map_err(io::Error::other)
}

/// Resident set of the process, in MiB.
fn resident_mib(serve: &Running) -> io::Result<f64> {
    let id = serve.id().ok_or_else(|| io::Error::other("serve has ended"))?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0)
        .ok_or_else(|| io::Error::other("VmRSS is missing"))
}

fn complete(found: usize, wanted: usize) -> io::Result<()> {
    if found == wanted {
        return Ok(());
    }
    Err(io::Error::other(format!("wanted {wanted} rows, found {found}")))
}
