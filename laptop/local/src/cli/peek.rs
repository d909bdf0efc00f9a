//! The command `peek`: records of a topic, decoded as the function would decode them.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use connector::Parts;
use connector::assembly;
use protocol::TableName;
use topic::WriterSchemas;

use self::print::{PeekFormat, RecordPrinter};
use self::read::{Selection, Start, TopicReader};
use self::tables::find_table;
use self::view::RecordView;
use super::arguments::{moment, table_name};
use super::brokers::{BrokersArgs, Connection};
use super::terminal::{Error, is_closed_pipe};

mod print;
mod read;
mod tables;
mod view;

#[derive(Debug, Args)]
pub(super) struct PeekArgs {
    topic: String,
    #[command(flatten)]
    brokers: BrokersArgs,
    /// Show the latest N records, oldest first [default: 10, without another start and without a key].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["since", "offset"])]
    latest: Option<u32>,
    /// Show records from a time on (2023-03-14T01:02:03Z, 2023-03-14), or of the last 15m, 2h, ….
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with = "offset")]
    since: Option<i64>,
    /// Show records of one partition only.
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// Show records from an offset on.
    #[arg(long, value_name = "O", requires = "partition", value_parser = clap::value_parser!(i64).range(0..))]
    offset: Option<i64>,
    /// Continue with records as they arrive, until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
    /// Show records with this key only.
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
    /// Table with whose schema to decode, REGISTRY.SCHEMA [default: a table of this topic, if Glue has one].
    #[arg(long, value_name = "REGISTRY.SCHEMA", value_parser = table_name)]
    table: Option<TableName>,
    #[arg(long, value_enum, default_value_t = PeekFormat::Json)]
    output: PeekFormat,
}

/// Default number of records.
const LATEST: u32 = 10;
/// Time limit of the search for a table of the topic.
const FIND_LIMIT: Duration = Duration::from_secs(10);
/// Time limit of all look-ups of writers' schemas. Practically none: a command that follows a topic runs until it is
/// interrupted.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(365 * 24 * 3600);

/// Succeeds, too, if the reader of standard output closes it.
pub(super) async fn run(args: PeekArgs) -> Result<ExitCode, Error> {
    if args.follow && args.output == PeekFormat::Table {
        return Err("--output table needs all records, which --follow never has: wanted json or raw".into());
    }
    let Connection { broker, config, sdk } = args.brokers.connect().await?;
    let parts = assembly::parts(&config, &sdk);
    let reader = TopicReader::open(broker, &args.topic, args.partition).await?;
    let table = match args.output {
        PeekFormat::Raw => None,
        _ => table(&parts, sdk.region().is_some(), &args).await?,
    };
    let writers: Arc<dyn WriterSchemas> =
        Arc::new(parts.writer_schemas.until(Instant::now() + LOOK_UP_LIMIT));
    let view = RecordView::new(&args.topic, table.as_deref(), writers)?;
    let mut printer = RecordPrinter::new(io::stdout(), args.output);
    let peeking = peek(reader, view, &args, &mut printer);
    let peeked = if args.follow {
        tokio::select! {
            peeked = peeking => peeked,
            interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Error::from),
        }
    } else {
        peeking.await
    };
    match peeked {
        Err(error) if is_closed_pipe(&*error) => Ok(ExitCode::SUCCESS),
        peeked => peeked.map(|()| ExitCode::SUCCESS),
    }
}

async fn peek(
    mut reader: TopicReader,
    view: RecordView,
    args: &PeekArgs,
    printer: &mut RecordPrinter<impl io::Write>,
) -> Result<(), Error> {
    let key = args.key.as_ref().map(|key| key.as_bytes().to_vec());
    let from = match (args.latest, args.since, args.offset) {
        (Some(latest), ..) => Start::Latest(latest),
        (None, Some(time_ms), _) => Start::Time(time_ms),
        (None, None, Some(offset)) => Start::Offset(offset),
        (None, None, None) if key.is_some() && !args.follow => Start::Earliest,
        (None, None, None) => Start::Latest(LATEST),
    };
    let mut records = Selection::new(view, key);
    let read = reader.read(from, &mut records, printer).await?;
    printer.finish()?;
    if args.follow {
        return reader.follow(&mut records, printer).await;
    }
    if read == 0 {
        eprintln!("No such record in topic {}.", args.topic);
    }
    Ok(())
}

/// Table with whose schema to decode: the named one, or one found in Glue. Without one, records are shown undecoded.
async fn table(
    parts: &Parts,
    has_region: bool,
    args: &PeekArgs,
) -> Result<Option<Arc<topic::TopicTable>>, Error> {
    if let Some(name) = &args.table {
        let table = parts.catalog.table(name).await?;
        if table.topic != args.topic {
            let (topic, wanted) = (&table.topic, &args.topic);
            return Err(format!("table {name} is of topic {topic}, wanted one of topic {wanted}").into());
        }
        return Ok(Some(table));
    }
    if !has_region {
        eprintln!(
            "No AWS region is set, so no registry is searched for a table: records are shown undecoded."
        );
        return Ok(None);
    }
    let found = tokio::time::timeout(FIND_LIMIT, find_table(&parts.catalog, &args.topic)).await;
    match found {
        Ok(Ok(Some((name, table)))) => {
            eprintln!("Decoded by the schema of table {name}.");
            Ok(Some(table))
        }
        Ok(Ok(None)) => {
            eprintln!(
                "No table of topic {0} is registered: records are shown undecoded. \
                 `athena-local schema infer {0} | athena-local schema register -` registers one.",
                args.topic
            );
            Ok(None)
        }
        Ok(Err(error)) => {
            eprintln!("Cannot find a table of the topic in Glue, records are shown undecoded: {error}");
            Ok(None)
        }
        Err(_) => {
            eprintln!(
                "No table of the topic was found in Glue within {} s: name it with --table.",
                FIND_LIMIT.as_secs()
            );
            Ok(None)
        }
    }
}
