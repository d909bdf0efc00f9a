//! The command `verify`.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use clap::Args;
use protocol::{SerdeVersion, TableName};
use spill::{BlockStore, S3BlockStore};
use verify::{Ask, AskError, Options, verify};

use super::arguments::table_name;
use super::target::{OrdersArgs, fill};
use super::terminal::Error;
use crate::invoke::{Invoke, InvokeError, LambdaInvoke, LambdaTarget};
use crate::stack::Stack;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Check only these tables, `schema.table`, instead of those that the connector lists.
    #[arg(value_parser = table_name)]
    tables: Vec<TableName>,
    /// Function of the connector, by name or ARN.
    #[arg(long, required_unless_present = "embedded")]
    function: Option<String>,
    /// Endpoint of the function [default: AWS]; `cargo lambda watch` listens on http://localhost:9000.
    #[arg(long, requires = "function")]
    endpoint: Option<String>,
    /// Region of the function [default: the SDK's].
    #[arg(long, requires = "function")]
    region: Option<String>,
    /// Check this project's own connector, on Kafka, Glue and S3 in this process.
    #[arg(long, conflicts_with = "function")]
    embedded: bool,
    /// Number of orders to produce into the embedded Kafka first.
    #[arg(long, requires = "embedded", default_value_t = 1_000)]
    orders: usize,
    #[command(flatten)]
    made: OrdersArgs,
    /// Name of the connector's catalog in requests.
    #[arg(long, default_value = "verify")]
    catalog: String,
    /// Maximum number of listed tables whose rows are read.
    #[arg(long, default_value_t = 20)]
    max_tables: usize,
    /// Maximum number of rows of a table to compare. Every row is read some dozen times.
    #[arg(long, default_value_t = 100_000)]
    max_rows: usize,
    /// Maximum number of columns of a table to make predicates for.
    #[arg(long, default_value_t = 10)]
    max_columns: usize,
    /// Oldest version of the protocol to check. Athena does not use 1 any more.
    #[arg(long, value_name = "VERSION", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=6))]
    oldest_version: u32,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

/// Fails if something is found.
pub(super) async fn run(args: VerifyArgs) -> Result<ExitCode, Error> {
    let options = Options {
        catalog: args.catalog.clone(),
        tables: args.tables.clone(),
        max_tables: args.max_tables,
        max_rows: args.max_rows,
        max_columns: args.max_columns,
        oldest: SerdeVersion::try_from(args.oldest_version)?,
    };
    // Kept running until the end.
    let mut embedded = None;
    let (invoke, blocks): (Arc<dyn Invoke>, Arc<dyn BlockStore>) = match args.function {
        Some(function) => {
            let target = LambdaTarget {
                function,
                endpoint: args.endpoint,
                region: args.region,
            };
            let aws = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
            let blocks = S3BlockStore::new(connector::aws::sdk::s3_client(&aws));
            (Arc::new(LambdaInvoke::connect(target).await), Arc::new(blocks))
        }
        None => {
            let stack = embedded.insert(Stack::start(args.made.partitions).await?);
            fill(stack, args.orders, args.made, None, &[]).await?;
            (Arc::new(stack.invoke().await?), Arc::new(stack.blocks()))
        }
    };
    let report = verify(&Asked(invoke), blocks, &options, |what| {
        eprintln!("checking {what}");
    })
    .await;
    match args.json {
        true => writeln!(io::stdout(), "{:#}", report.to_json())?,
        false => write!(io::stdout(), "{}", report.to_text())?,
    }
    Ok(match report.is_clean() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Connector under test.
struct Asked(Arc<dyn Invoke>);

#[async_trait]
impl Ask for Asked {
    async fn ask(&self, request: Vec<u8>) -> Result<Vec<u8>, AskError> {
        self.0.invoke(request).await.map_err(|error| match error {
            InvokeError::Function { error_type, message } => AskError::Function { error_type, message },
            transport @ InvokeError::Transport { .. } => AskError::Transport(transport.to_string()),
        })
    }
}
