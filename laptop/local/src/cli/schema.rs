//! The command `schema`: proposes a topic document from a topic's records, and checks one before it is
//! registered.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use connector::assembly;
use kafka::{
    Broker, KafkaBroker, OffsetRange, OnExpiredOffsets, PlannedRange, RecordSink, SinkFailed, TopicPartition,
};
use topic::document::{TableDefaults, TopicDocument, left_out_fields};
use topic::infer::{InferRecord, infer_with};
use topic::{Record, SchemaDefinition, TopicTable, WriterSchemas};

use super::brokers::{BrokersArgs, Connection};
use super::register::{self, RegisterArgs};
use super::schema_text::{RegisteredAs, columns, print_warnings};
use super::terminal::Error;

/// Time limit for the brokers to return the records.
const READ_LIMIT: Duration = Duration::from_secs(60);
/// Time limit for registries to return the schema that the records name.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(20);

#[derive(Debug, Subcommand)]
pub(super) enum SchemaCommand {
    /// Propose a topic document from the latest records of a topic.
    ///
    /// The document is printed to standard output, remarks on it to standard error.
    Infer(InferArgs),
    /// Validate a schema before it is registered, and print its columns.
    ///
    /// Fails if it does not describe a table; names the invalid field.
    Check(CheckArgs),
    /// Register a schema, or its next version, and report what changed.
    ///
    /// The text is validated first, as by `check`.
    Register(RegisterArgs),
}

#[derive(Debug, Args)]
pub(super) struct InferArgs {
    topic: String,
    #[command(flatten)]
    brokers: BrokersArgs,
    /// Number of records to read, evenly from the ends of all partitions.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    records: u32,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// File with the schema; `-` for standard input.
    file: PathBuf,
    /// Data format that it is to be registered with.
    #[arg(long, value_enum, default_value_t = RegisteredAs::Json, ignore_case = true)]
    data_format: RegisteredAs,
    /// Name that it is to be registered under; for Avro and Protobuf that of the topic [default: that of the
    /// file; `stdin` for standard input].
    #[arg(long)]
    name: Option<String>,
}

pub(super) async fn run(command: SchemaCommand) -> Result<(), Error> {
    match command {
        SchemaCommand::Infer(args) => infer_document(&args).await,
        SchemaCommand::Check(args) => check(&args),
        SchemaCommand::Register(args) => register::run(&args).await,
    }
}

async fn infer_document(args: &InferArgs) -> Result<(), Error> {
    let Connection { broker, config, sdk } = args.brokers.connect().await?;
    let samples = read_samples(args, &broker).await?;
    let parts = assembly::parts(&config, &sdk);
    let writers = parts.writer_schemas.until(Instant::now() + LOOK_UP_LIMIT);
    let (topic, count) = (args.topic.clone(), samples.len());
    // Looking up a schema blocks the thread.
    let inferred = tokio::task::spawn_blocking(move || {
        let records = samples.iter().map(|sample| InferRecord {
            key: sample.key.as_deref(),
            value: sample.value.as_deref(),
        });
        let writers: &dyn WriterSchemas = &writers;
        infer_with(&topic, records, writers)
    });
    let inferred = inferred.await?;
    for note in &inferred.notes {
        eprintln!("{note}");
    }
    eprintln!("Proposed from {count} records.");
    writeln!(io::stdout(), "{:#}", inferred.document)?;
    Ok(())
}

/// Parts of a record from which a document is inferred.
struct Sample {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
}

async fn read_samples(args: &InferArgs, broker: &KafkaBroker) -> Result<Vec<Sample>, Error> {
    let deadline = Instant::now() + READ_LIMIT;
    let snapshot = broker.snapshot(&args.topic, deadline).await?;
    let share = i64::from(args.records.div_ceil(snapshot.partitions.len().max(1) as u32));
    let samples = Samples::default();
    for (partition, watermarks) in snapshot.partitions {
        let start = watermarks.low.max(watermarks.high - share);
        let Some(range) = OffsetRange::new(start, watermarks.high) else {
            continue;
        };
        let planned = PlannedRange {
            topic_partition: TopicPartition {
                topic: args.topic.clone(),
                partition,
            },
            topic_id: snapshot.topic_id,
            range,
            on_expired_offsets: OnExpiredOffsets::Skip,
        };
        let sink = Box::new(samples.clone());
        broker.read(&planned, deadline, sink).await?;
    }
    Ok(samples.take())
}

/// Sink that keeps the records of several reads.
#[derive(Clone, Default)]
struct Samples(Arc<Mutex<Vec<Sample>>>);

impl Samples {
    fn take(&self) -> Vec<Sample> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl RecordSink for Samples {
    fn accept(&mut self, record: Record<'_>) -> Result<ControlFlow<()>, SinkFailed> {
        let sample = Sample {
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self) -> Result<(), SinkFailed> {
        Ok(())
    }
}

fn check(args: &CheckArgs) -> Result<(), Error> {
    let (text, stem) = match args.file.as_os_str() == "-" {
        true => (io::read_to_string(io::stdin()), Some("stdin".to_owned())),
        false => {
            let stem = args.file.file_stem();
            let stem = stem.map(|stem| stem.to_string_lossy().into_owned());
            (std::fs::read_to_string(&args.file), stem)
        }
    };
    let text = text.map_err(|error| format!("{}: {error}", args.file.display()))?;
    let name = args.name.clone().or(stem).unwrap_or_default();
    let table = check_text(&name, args.data_format, text)?;
    writeln!(io::stdout(), "{}", columns(&table))?;
    Ok(())
}

fn check_text(name: &str, data_format: RegisteredAs, definition: String) -> Result<TopicTable, Error> {
    let definition = SchemaDefinition {
        schema_version_id: String::new(),
        data_format: data_format.name().to_owned(),
        definition,
        ..SchemaDefinition::default()
    };
    let document = TopicDocument::parse(name, &definition)?;
    print_warnings(document.warnings());
    if let Some(reference) = document.references().first() {
        return Err(format!(
            "the columns are those of the registered schema `{}`, which must be checked separately; \
             this document is valid",
            reference.schema_name
        )
        .into());
    }
    let table = document.into_table("", name, &Default::default(), &TableDefaults::default())?;
    print_warnings(&left_out_fields(&table));
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"topicName": "orders", "message": {"dataFormat": "json", "fields": [
        {"name": "order_id", "mapping": "order_id", "type": "VARCHAR"},
        {"name": "items", "mapping": "items", "type": "array<struct<product_id:int,quantity:int>>"}
    ]}}"#;

    #[test]
    fn shows_columns_as_athena_names_them() {
        let table = check_text("orders", RegisteredAs::Json, DOCUMENT.to_owned()).unwrap();
        assert_eq!(
            columns(&table),
            "topic orders, json values\n\
             order_id  varchar\n\
             items     array(row(product_id integer, quantity integer))"
        );
    }

    #[test]
    fn points_at_the_field_that_is_wrong() {
        let broken = DOCUMENT.replace(r#""name": "items", "#, "");
        let error = check_text("orders", RegisteredAs::Json, broken)
            .unwrap_err()
            .to_string();
        assert_eq!(error, "message.fields[1].name: missing");
    }

    #[test]
    fn takes_the_topic_of_an_avro_schema_from_its_name() {
        let schema = r#"{"type": "record", "name": "R", "fields": [{"name": "id", "type": "long"}]}"#;
        let table = check_text("events", RegisteredAs::Avro, schema.to_owned()).unwrap();
        assert_eq!(columns(&table), "topic events, avro values\nid  bigint");
    }
}
