//! Program `athena-local`: arguments, terminal, exit code.

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use producer::Progress;
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

mod doctor;
mod progress;
mod query;
mod query_line;
mod schema;
mod shell;
mod target;
mod terminal;

use self::doctor::DoctorArgs;
use self::progress::ProgressLine;
use self::query::Printer;
use self::query_line::QueryLine;
use self::schema::SchemaCommand;
use self::target::{OrdersArgs, Target, TargetArgs};
use self::terminal::Error;
use crate::athena::QueryProgress;
use crate::demo::{self, DemoObserver, DemoOptions};
use crate::output::OutputFormat;
use crate::stack::Stack;

/// Runs SQL over Kafka topics on this machine as Athena would, through the real connector and the real wire
/// protocol.
#[derive(Debug, Parser)]
#[command(name = "athena-local", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start Kafka, Glue and S3 in this process, produce orders, and run three queries over them.
    ///
    /// Fails unless every result equals the totals of the orders.
    Demo {
        /// Number of orders.
        #[arg(long, default_value_t = 840_700)]
        orders: usize,
        #[command(flatten)]
        made: OrdersArgs,
        /// Number of splits to read at once.
        #[arg(long, default_value_t = 4)]
        concurrency: usize,
        /// Number of rows of the article's query to print.
        #[arg(long, default_value_t = 10)]
        limit_rows: usize,
    },
    /// Run one statement.
    Sql {
        statement: String,
        /// Output format: table, csv, json.
        #[arg(long, default_value = "table")]
        output: OutputFormat,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Run statements as they are typed, each up to its semicolon.
    Shell {
        /// Output format: table, csv, json.
        #[arg(long, default_value = "table")]
        output: OutputFormat,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Propose and check schemas of topics.
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Check a deployment's settings one after the other: what works, what does not, and what to change.
    ///
    /// Settings are the environment variables of this process, or of a deployed function. Fails if a check does.
    Doctor(DoctorArgs),
    /// Keep Kafka, Glue and S3 running in this process, and print the environment variables for other
    /// programs to use them.
    Serve {
        /// Number of orders to produce first.
        #[arg(long, default_value_t = 0)]
        orders: usize,
        #[command(flatten)]
        made: OrdersArgs,
    },
}

/// Runs the command in the process's arguments. Blocks, so that the program does not compile the futures again.
pub fn run() -> ExitCode {
    let command = Args::parse().command;
    let directives = match command {
        // Each result of a check is printed once, with its fix.
        Command::Doctor(_) => "off",
        // Without AWS, the SDK logs a long warning for every source in which it found no region.
        _ => "warn,aws_config=error",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(directives));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    let outcome = Runtime::new()
        .map_err(Error::from)
        .and_then(|runtime| runtime.block_on(execute(command)));
    match outcome {
        Ok(code) => code,
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
            let mut progress = DemoProgress {
                orders: ProgressLine::new(orders as u64),
                query: None,
            };
            demo::run(options, &mut io::stdout(), &mut progress).await?;
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
        Command::Schema(command) => schema::run(command).await?,
        Command::Doctor(args) => return self::doctor::run(args).await,
        Command::Serve { orders, made } => serve(orders, &made).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Progress of the demonstration.
struct DemoProgress {
    orders: ProgressLine,
    query: Option<QueryLine>,
}

impl DemoObserver for DemoProgress {
    fn producing(&mut self, progress: Progress) {
        self.orders.update(progress);
    }

    fn querying(&mut self, query: QueryProgress) {
        self.query = Some(QueryLine::start(query));
    }

    fn queried(&mut self) {
        self.query = None;
    }
}

async fn serve(orders: usize, made: &OrdersArgs) -> Result<(), Error> {
    let stack = Stack::start(made.partitions).await?;
    if orders > 0 {
        let mut progress = ProgressLine::new(orders as u64);
        stack
            .produce(made.orders(orders), |made| progress.update(made))
            .await?;
    }
    for (name, value) in stack.variables() {
        println!("export {name}={value}");
    }
    eprintln!("Kafka, Glue and S3 run until interrupted (Ctrl-C).");
    tokio::signal::ctrl_c().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_demo_has_the_articles_size() {
        let Command::Demo { orders, made, .. } = Args::parse_from(["athena-local", "demo"]).command else {
            panic!("not the demo")
        };
        assert_eq!((orders, made.partitions), (840_700, 3));
    }

    #[test]
    fn a_target_is_one_thing() {
        let refused = [
            &["sql", "SELECT 1", "--embedded", "--function", "f"][..],
            &["sql", "SELECT 1", "--orders", "5"],
            &["sql", "SELECT 1", "--endpoint", "http://localhost:9000"],
            &["sql", "SELECT 1", "--output", "xml"],
            &["demo", "--partitions", "0"],
            &["doctor", "orders"],
            &["doctor", "--records", "0"],
        ];
        for args in refused {
            assert!(
                Args::try_parse_from([&["athena-local"], args].concat()).is_err(),
                "{args:?}"
            );
        }
    }
}
