//! Throughput of ReadRecords, from the request's bytes to the response's, compared with a bare poll of the
//! same records with librdkafka.

use std::io;
use std::time::{Duration, Instant};

use embedded::glue::DataFormat;
use protocol::{Constraints, Split};
use tests::client::Client;
use tests::world::World;
use tpch::{Encoder, Format, Loader, SchemaDefinition, Table};

use crate::bare;
use crate::figures::{Figures, median};
use crate::function::{Function, orders};

/// Number of runs of each measurement, in turn with the others; the median is used.
const RUNS: usize = 3;

/// Way to read the topic.
struct Way<'a> {
    what: String,
    table: &'a str,
    columns: &'a [&'a str],
    encrypted: bool,
}

/// Measures one partition of the article's orders, a million by default, and TPC-H's line items in each
/// format.
pub(crate) async fn measure(function: &Function, rows: &[usize], figures: &mut Figures) -> io::Result<()> {
    let rows = rows.first().copied().unwrap_or(1_000_000);
    let world = World::start().await;
    let topic = orders(&world, rows).await;
    let all = ["order_id", "ordered_at", "user_id", "items"];
    let way = |what: &str, columns, encrypted| Way {
        what: format!("ReadRecords, {rows} JSON orders, {what}"),
        table: "orders",
        columns,
        encrypted,
    };
    let ways = [
        way("2 of 4 columns, encrypted", &all[..2], true),
        way("2 of 4 columns, in the clear", &all[..2], false),
        way("4 columns, encrypted", &all[..], true),
        way("4 columns, in the clear", &all[..], false),
    ];
    compare(
        function,
        &world,
        &topic,
        &format!("bare poll, {rows} JSON orders"),
        &ways,
        figures,
    )
    .await?;
    for format in [Format::Json, Format::Csv, Format::Avro, Format::Protobuf] {
        let table = format!("lineitem_{}", format.name());
        load(&world, format, &table).await?;
        let columns: Vec<_> = Table::Lineitem
            .columns()
            .iter()
            .map(|column| column.name)
            .collect();
        let way = |wanted: usize| Way {
            what: format!(
                "ReadRecords, line items as {}, {wanted} of {} columns, encrypted",
                format.name(),
                columns.len()
            ),
            table: &table,
            columns: &columns[..wanted],
            encrypted: true,
        };
        let ways = [way(2), way(columns.len())];
        let bare = format!("bare poll, line items as {}", format.name());
        compare(function, &world, &table, &bare, &ways, figures).await?;
    }
    Ok(())
}

/// Scale of TPC-H's line items: 300,000 rows.
const SCALE: f64 = 0.05;

async fn load(world: &World, format: Format, topic: &str) -> io::Result<()> {
    let schema = SchemaDefinition::new(Table::Lineitem, format, topic);
    let data_format = match schema.data_format {
        "AVRO" => DataFormat::Avro,
        _ => DataFormat::Json,
    };
    world.register_schema(topic, data_format, &schema.definition);
    let loader = Loader::new(world.broker.bootstrap(), SCALE);
    loader.create_topic(topic, 1).await.map_err(io::Error::other)?;
    let encoder = Encoder::new(Table::Lineitem, format).map_err(io::Error::other)?;
    loader.load(topic, encoder).await.map_err(io::Error::other)?;
    Ok(())
}

async fn compare(
    function: &Function,
    world: &World,
    topic: &str,
    bare: &str,
    ways: &[Way<'_>],
    figures: &mut Figures,
) -> io::Result<()> {
    let records = *world
        .broker
        .offsets(topic, 0)
        .last()
        .ok_or(io::ErrorKind::NotFound)?
        + 1;
    let mut readers = Vec::new();
    for way in ways {
        readers.push(Reader::start(function, world, way).await?);
    }
    let (mut polls, mut reads) = (Vec::new(), vec![Vec::new(); ways.len()]);
    for _ in 0..RUNS {
        let (bootstrap, topic) = (world.broker.bootstrap().to_owned(), topic.to_owned());
        let poll = tokio::task::spawn_blocking(move || bare::poll(&bootstrap, &topic, records));
        polls.push(poll.await.map_err(io::Error::other)??.as_secs_f64());
        for (reader, times) in readers.iter().zip(&mut reads) {
            times.push(reader.read().await?.as_secs_f64());
        }
    }
    let poll = median(polls);
    figures.add(bare, records as f64 / poll / 1e6, "M records/s");
    for (way, times) in ways.iter().zip(reads) {
        let read = median(times);
        figures.add(way.what.clone(), records as f64 / read / 1e6, "M records/s");
        figures.add(format!("{}: of the bare poll", way.what), poll / read, "");
    }
    Ok(())
}

/// Warm function and the only split that it reads.
struct Reader<'a> {
    _lambda: std::sync::Arc<tests::lambda::Lambda>,
    client: Client,
    table: &'a str,
    schema: arrow::datatypes::SchemaRef,
    split: Split,
}

impl<'a> Reader<'a> {
    async fn start(function: &Function, world: &World, way: &Way<'a>) -> io::Result<Self> {
        let disabled = (!way.encrypted).to_string();
        let settings = [
            ("max_records_per_split", "1000000000"),
            ("disable_spill_encryption", disabled.as_str()),
        ];
        let (lambda, client) = function.start(world, 1, &settings).await?;
        let splits = client.splits(way.table).await.map_err(io::Error::other)?;
        let schema = client
            .projection(way.table, way.columns)
            .await
            .map_err(io::Error::other)?;
        let reader = Self {
            _lambda: lambda,
            client,
            table: way.table,
            schema,
            split: splits.into_iter().next().ok_or(io::ErrorKind::NotFound)?,
        };
        Ok(reader)
    }

    async fn read(&self) -> io::Result<Duration> {
        let started = Instant::now();
        let (constraints, schema) = (Constraints::default(), &self.schema);
        let answer = self
            .client
            .read_response(self.table, schema, &self.split, &constraints);
        answer.await.map_err(io::Error::other)?;
        Ok(started.elapsed())
    }
}
