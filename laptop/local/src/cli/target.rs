//! Target of SQL: the embedded stack, a Lambda function, or a connector in this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime};
use clap::Args;
use connector::Connector;
use connector::config::variables::Variables;
use spill::S3BlockStore;

use super::arguments::topic_file;
use super::progress::{ProgressLine, Unit};
use super::terminal::Error;
use crate::athena::{Athena, AthenaOptions};
use crate::federation::FederationOptions;
use crate::invoke::{InProcess, Invoke, LambdaInvoke, LambdaTarget};
use crate::row_file::RowFile;
use crate::stack::{Orders, Stack};

/// Connector to use. Without `--embedded` and `--function`, one in this process, configured by the
/// environment variables of the Lambda function: `kafka_endpoint`, `spill_bucket` and so on.
#[derive(Debug, Args)]
pub(super) struct TargetArgs {
    /// Use Kafka, Glue and S3 in this process. The function's settings in the environment apply, except those of
    /// these servers.
    #[arg(long, conflicts_with = "function")]
    embedded: bool,
    /// Brokers, `host:port`, comma-separated [default: $kafka_endpoint].
    #[arg(long, alias = "bootstrap-servers", value_name = "HOST:PORT", conflicts_with_all = ["embedded", "function"])]
    bootstrap: Option<String>,
    /// Use the schemas of a folder in place of AWS: REGISTRY/NAME.json, .avsc or .proto; those directly in it
    /// belong to the registry `customer`. Blocks are then spilled into this process.
    #[arg(long, value_name = "DIR", conflicts_with = "function")]
    schemas: Option<PathBuf>,
    /// Send a file's rows to a topic of the embedded Kafka first, and register a table for it in the registry
    /// `customer`.
    #[arg(long, value_name = "TOPIC=FILE", requires = "embedded", value_parser = topic_file)]
    load: Vec<(String, PathBuf)>,
    /// Number of orders to produce into the embedded Kafka first [default: 10000, or none with --load or --schemas].
    #[arg(long, requires = "embedded")]
    orders: Option<usize>,
    #[command(flatten)]
    made: OrdersArgs,
    /// Use a Lambda function, by name or ARN.
    #[arg(long)]
    function: Option<String>,
    /// Endpoint of the function [default: AWS]; `cargo lambda watch` listens on http://localhost:9000.
    #[arg(long, requires = "function")]
    endpoint: Option<String>,
    /// Region of the function [default: the SDK's].
    #[arg(long, requires = "function")]
    region: Option<String>,
    /// Name of the connector's catalog in SQL.
    #[arg(long, default_value = "msk")]
    catalog: String,
    /// Schema of tables that are named without one, as USE sets it.
    #[arg(long, alias = "schema", value_name = "SCHEMA")]
    database: Option<String>,
    /// Folder of the tables that CREATE TABLE makes without a location [default: one that is removed at the end].
    #[arg(long, value_name = "DIR")]
    tables: Option<PathBuf>,
    /// Number of splits to read at once.
    #[arg(long, default_value_t = 4)]
    concurrency: usize,
}

/// Orders to generate.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct OrdersArgs {
    /// Partitions of the topic.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(i32).range(1..))]
    pub(super) partitions: i32,
    /// Seed of the orders; equal seeds give equal orders.
    #[arg(long, default_value_t = 42)]
    seed: u64,
}

impl OrdersArgs {
    pub(super) fn orders(self, count: usize) -> Orders {
        Orders {
            count,
            seed: self.seed,
            start: first_order(),
        }
    }
}

/// 2023-03-14, the day of the article's data; nothing depends on it.
fn first_order() -> NaiveDateTime {
    DateTime::from_timestamp_millis(1_678_752_000_000)
        .unwrap_or_default()
        .naive_utc()
}

/// Engine, and what must live as long as it.
pub(super) struct Target {
    athena: Arc<Athena>,
    /// What it is, for the shell's greeting.
    description: String,
    _stack: Option<Stack>,
}

impl Target {
    pub(super) async fn connect(args: &TargetArgs) -> Result<Self, Error> {
        let options = AthenaOptions {
            federation: FederationOptions::new(&args.catalog),
            concurrency: args.concurrency,
            schema: args.database.clone(),
            tables: args.tables.clone(),
            s3: None,
        };
        let settings = match &args.bootstrap {
            Some(brokers) => Variables::from_env().with("kafka_endpoint", brokers),
            None => Variables::from_env(),
        };
        if args.embedded {
            return Self::embedded(args, options, settings).await;
        }
        let has_brokers = settings.names().any(|name| name == "kafka_endpoint");
        let brokers = args
            .bootstrap
            .clone()
            .or_else(|| std::env::var("kafka_endpoint").ok());
        let description = match (&args.function, brokers) {
            (Some(function), _) => format!("the Lambda function {function}"),
            (None, Some(brokers)) => format!("a connector in this process, Kafka at {brokers}"),
            (None, None) => "a connector in this process, configured by its Glue connection".to_owned(),
        };
        let invoke: Arc<dyn Invoke> = match (&args.function, &args.schemas) {
            (Some(function), _) => Arc::new(
                LambdaInvoke::connect(LambdaTarget {
                    function: function.clone(),
                    endpoint: args.endpoint.clone(),
                    region: args.region.clone(),
                })
                .await,
            ),
            (None, Some(schemas)) if has_brokers => {
                return Self::beside_own_kafka(schemas, options, settings, description).await;
            }
            (None, None) if has_brokers || settings.names().any(|name| name == "glue_connection") => {
                Arc::new(InProcess::new(Connector::from_variables(settings).await))
            }
            (None, _) => {
                return Err(
                    "no connector: use --embedded, --function or --bootstrap, or set kafka_endpoint".into(),
                );
            }
        };
        let aws = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let s3 = connector::aws::sdk::s3_client(&aws);
        let blocks = Arc::new(S3BlockStore::new(s3.clone()));
        let options = AthenaOptions {
            s3: Some(s3),
            ..options
        };
        Ok(Self {
            athena: Arc::new(Athena::with_options(invoke, blocks, options)),
            description,
            _stack: None,
        })
    }

    async fn embedded(args: &TargetArgs, options: AthenaOptions, settings: Variables) -> Result<Self, Error> {
        let stack = Stack::start(args.made.partitions).await?.with_settings(settings);
        let by_default = match args.load.is_empty() && args.schemas.is_none() {
            true => 10_000,
            false => 0,
        };
        fill(
            &stack,
            args.orders.unwrap_or(by_default),
            args.made,
            args.schemas.as_deref(),
            &args.load,
        )
        .await?;
        Ok(Self {
            athena: Arc::new(stack.athena_reading_once(options).await?),
            description: "Kafka, Glue and S3 in this process".to_owned(),
            _stack: Some(stack),
        })
    }

    async fn beside_own_kafka(
        schemas: &Path,
        options: AthenaOptions,
        settings: Variables,
        description: String,
    ) -> Result<Self, Error> {
        let stack = Stack::beside_own_kafka().await?.with_settings(settings);
        stack.register_files(schemas)?;
        Ok(Self {
            athena: Arc::new(stack.athena_reading_once(options).await?),
            description: format!("{description}, schemas of {}", schemas.display()),
            _stack: Some(stack),
        })
    }

    pub(super) fn athena(&self) -> Arc<Athena> {
        Arc::clone(&self.athena)
    }

    pub(super) fn description(&self) -> &str {
        &self.description
    }
}

/// Fills embedded parts with what a command's arguments name.
pub(super) async fn fill(
    stack: &Stack,
    orders: usize,
    made: OrdersArgs,
    schemas: Option<&Path>,
    files: &[(String, PathBuf)],
) -> Result<(), Error> {
    if orders > 0 {
        let mut progress = ProgressLine::new("producing orders", Some(orders as u64), Unit::Count);
        stack
            .produce(made.orders(orders), |made| progress.update(made.delivered))
            .await?;
    }
    for (topic, file) in files {
        let loaded = stack
            .load(topic, RowFile::open(file, None)?, made.partitions)
            .await?;
        eprintln!(
            "{} records of {} are in topic {topic}.",
            loaded.records,
            file.display()
        );
    }
    // Documents take precedence over those that files of rows suggest.
    if let Some(folder) = schemas {
        let count = stack.register_files(folder)?;
        eprintln!("{count} schemas of {} are registered.", folder.display());
    }
    Ok(())
}
