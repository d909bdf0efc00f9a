//! The program `athena-local`: arguments, terminal, exit code.

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

mod arguments;
mod brokers;
mod doctor;
mod listing;
mod load;
mod log_dirs;
mod peek;
mod progress;
mod query;
mod register;
mod schema;
mod schema_change;
mod schema_text;
mod serve;
mod shell;
mod target;
mod terminal;
mod topics;

use self::doctor::DoctorArgs;
use self::load::LoadArgs;
use self::peek::PeekArgs;
use self::progress::{ProgressLine, Unit};
use self::query::Printer;
use self::schema::SchemaCommand;
use self::serve::ServeArgs;
use self::target::{OrdersArgs, Target, TargetArgs};
use self::terminal::{Error, is_closed_pipe};
use self::topics::TopicsArgs;
use crate::demo::{self, DemoOptions};
use crate::output::OutputFormat;

/// Plays Athena on this machine: SQL over Kafka topics through the real connector and the real wire protocol.
#[derive(Debug, Parser)]
#[command(name = "athena-local", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start Kafka, Glue and S3 in this process, produce orders, and ask three questions about them.
    ///
    /// Fails unless every answer is what the orders add up to.
    Demo {
        /// How many orders.
        #[arg(long, default_value_t = 840_700)]
        orders: usize,
        #[command(flatten)]
        made: OrdersArgs,
        /// How many splits to read at once.
        #[arg(long, default_value_t = 4)]
        concurrency: usize,
        /// How many rows of the article's query to print.
        #[arg(long, default_value_t = 10)]
        limit_rows: usize,
    },
    /// Answer one statement.
    Sql {
        statement: String,
        /// table, csv, json.
        #[arg(long, default_value = "table")]
        output: OutputFormat,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Answer statements as they are typed, each up to its semicolon.
    Shell {
        /// table, csv, json.
        #[arg(long, default_value = "table")]
        output: OutputFormat,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// List topics: partitions, records, bytes, both ends.
    Topics(TopicsArgs),
    /// Show records of a topic, decoded as the function would decode them.
    ///
    /// By a registered table over the topic, else by the schema that a record names in Glue or in a Confluent registry
    /// (schema_registry_url), else as JSON, text or hex.
    Peek(PeekArgs),
    /// Send a file of rows to a topic.
    Load(LoadArgs),
    /// Propose, check and register schemas of topics.
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Check a deployment's settings one after the other: what works, what does not, and what to change.
    ///
    /// Settings are the environment variables of this process, or of a deployed function. Fails if a check does.
    Doctor(DoctorArgs),
    /// Keep Kafka, Glue and S3 running in this process, and print the environment that points other programs at them.
    Serve(ServeArgs),
}

/// Does what the process's arguments say.
pub async fn run() -> ExitCode {
    let command = Args::parse().command;
    let directives = match command {
        // What a check comes to is said once, with what to do about it.
        Command::Doctor(_) => "off",
        // Without AWS, the SDK warns at length of every place where it found no region. What keeps a Kafka client from its
        // brokers is said by the error that the command ends with.
        _ => "warn,aws_config=error,kafka::client=error",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(directives));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    match execute(command).await {
        Ok(code) => code,
        // Whoever reads the output has enough.
        Err(error) if is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("athena-local: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Demo {
            orders,
            made,
            concurrency,
            limit_rows,
        } => {
            let orders_to_make = made.orders(orders);
            let partitions = made.partitions;
            let options = DemoOptions {
                orders: orders_to_make,
                partitions,
                concurrency,
                shown_rows: limit_rows,
            };
            let mut progress = ProgressLine::new("producing orders", Some(orders as u64), Unit::Count);
            demo::run(options, &mut io::stdout(), |made| progress.update(made.delivered)).await?;
        }
        Command::Sql {
            statement,
            output,
            target,
        } => {
            let target = Target::connect(&target).await?;
            Printer::new(target.athena(), output)
                .print(&statement, &mut io::stdout().lock())
                .await?;
        }
        Command::Shell { output, target } => {
            let target = Target::connect(&target).await?;
            shell::run(target.athena(), output).await?;
        }
        Command::Topics(args) => topics::run(&args).await?,
        Command::Peek(args) => return peek::run(args).await,
        Command::Load(args) => load::run(&args).await?,
        Command::Schema(command) => schema::run(command).await?,
        Command::Doctor(args) => return self::doctor::run(args).await,
        Command::Serve(args) => serve::run(&args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests;
