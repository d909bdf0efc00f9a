//! Target of SQL: the embedded stack, a Lambda function, or a connector in this process.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime};
use clap::Args;
use connector::Connector;
use spill::S3BlockStore;

use super::progress::ProgressLine;
use super::terminal::Error;
use crate::athena::{Athena, AthenaOptions};
use crate::federation::FederationOptions;
use crate::invoke::{InProcess, Invoke, LambdaInvoke, LambdaTarget};
use crate::stack::{Orders, Stack};

/// Connector to use. Without `--embedded` and `--function`, one in this process, configured by the
/// environment variables of the Lambda function: `kafka_endpoint`, `spill_bucket` and so on.
#[derive(Debug, Args)]
pub(super) struct TargetArgs {
    /// Use Kafka, Glue and S3 in this process.
    #[arg(long, conflicts_with = "function")]
    embedded: bool,
    /// Number of orders to produce into the embedded Kafka first.
    #[arg(long, requires = "embedded", default_value_if("embedded", "true", "10000"))]
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
    athena: Athena,
    _stack: Option<Stack>,
}

impl Target {
    pub(super) async fn connect(args: &TargetArgs) -> Result<Self, Error> {
        let options = AthenaOptions {
            federation: FederationOptions::new(&args.catalog),
            concurrency: args.concurrency,
        };
        if args.embedded {
            return Self::embedded(args, options).await;
        }
        let invoke: Arc<dyn Invoke> = match &args.function {
            Some(function) => Arc::new(
                LambdaInvoke::connect(LambdaTarget {
                    function: function.clone(),
                    endpoint: args.endpoint.clone(),
                    region: args.region.clone(),
                })
                .await,
            ),
            None if std::env::var_os("kafka_endpoint").is_some() => {
                Arc::new(InProcess::new(Connector::from_env().await))
            }
            None => {
                return Err("no connector: use --embedded or --function, or set kafka_endpoint".into());
            }
        };
        let aws = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let blocks = Arc::new(S3BlockStore::new(aws_sdk_s3::Client::new(&aws)));
        Ok(Self {
            athena: Athena::with_options(invoke, blocks, options),
            _stack: None,
        })
    }

    async fn embedded(args: &TargetArgs, options: AthenaOptions) -> Result<Self, Error> {
        let stack = Stack::start(args.made.partitions).await?;
        let orders = args.orders.unwrap_or(0);
        let mut progress = ProgressLine::new(orders as u64);
        stack
            .produce(args.made.orders(orders), |made| progress.update(made))
            .await?;
        Ok(Self {
            athena: stack.athena(options)?,
            _stack: Some(stack),
        })
    }

    pub(super) fn athena(&self) -> &Athena {
        &self.athena
    }
}
