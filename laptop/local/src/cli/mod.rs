//! Program `athena-local`: arguments, terminal, exit code.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use producer::Progress;
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

mod arguments;
mod brokers;
mod doctor;
mod editor;
mod flight;
mod helper;
mod input;
mod listing;
mod load;
mod log_dirs;
mod metadata;
mod peek;
mod progress;
mod query;
mod query_line;
mod register;
mod schema;
mod schema_change;
mod schema_text;
mod serve;
mod session;
mod settings;
mod shell;
mod sql;
mod sql_text;
mod suggest;
mod target;
mod terminal;
mod topics;
mod verify;

use self::doctor::DoctorArgs;
use self::load::LoadArgs;
use self::peek::PeekArgs;
use self::progress::{ProgressLine, Unit};
use self::query_line::QueryLine;
use self::schema::SchemaCommand;
use self::serve::ServeArgs;
use self::shell::ShellArgs;
use self::sql::SqlArgs;
use self::target::OrdersArgs;
use self::terminal::{Error, is_closed_pipe};
use self::topics::TopicsArgs;
use self::verify::VerifyArgs;
use crate::athena::QueryProgress;
use crate::demo::{self, DemoObserver, DemoOptions};

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
    /// Run statements: of the command line, of files, or of standard input.
    ///
    /// Stops at the first error, with exit code 1, unless --keep-going is given. Backslash commands work as in the shell.
    Sql(SqlArgs),
    /// Run statements as they are typed, each up to its semicolon. Without a terminal, standard input is a script.
    Shell(ShellArgs),
    /// Print a script that completes the commands and options in a shell: bash, zsh, fish, elvish or powershell.
    ///
    /// For bash: source <(athena-local completions bash)
    Completions { shell: Shell },
    /// Write the manual pages, one for each command, into a folder.
    Man {
        /// Folder; it is created if it does not exist.
        folder: PathBuf,
    },
    /// List topics: partitions, records, bytes, both ends.
    Topics(TopicsArgs),
    /// Show records of a topic, decoded as the function would decode them.
    ///
    /// With a registered table of the topic, else with the schema that a record names in Glue or in a Confluent
    /// registry (schema_registry_url), else as JSON, text or hex.
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
    /// Check a connector in any language against the protocol: page by page and split by split, with predicates and
    /// without, spilled and inline, in every version.
    ///
    /// Fails if a rule of the protocol is broken, or rows are lost. Tables are read, nothing is written except what the
    /// connector spills.
    Verify(VerifyArgs),
    /// Keep Kafka, Glue and S3 running in this process, and print the environment variables for other
    /// programs to use them.
    Serve(ServeArgs),
}

/// Runs the command in the process's arguments. Blocks, so that the program does not compile the futures again.
pub fn run() -> ExitCode {
    let command = Args::parse().command;
    let directives = match command {
        // Each result of a check is printed once, with its fix.
        Command::Doctor(_) => "off",
        // Without AWS, the SDK logs a long warning for every source in which it found no region. Errors of the
        // Kafka client, and of requests to a connector in this process, are in the error that the command ends with.
        _ => "warn,aws_config=error,kafka::client=error,connector::telemetry::report=off",
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
        // The reader of the output has closed it.
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
            let mut progress = DemoProgress {
                orders: ProgressLine::new("producing orders", Some(orders as u64), Unit::Count),
                query: None,
            };
            demo::run(options, &mut io::stdout(), &mut progress).await?;
        }
        Command::Sql(args) => return sql::run(args).await,
        Command::Shell(args) => return shell::run(args).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "athena-local", &mut script);
            io::stdout().write_all(&script)?;
        }
        Command::Man { folder } => {
            std::fs::create_dir_all(&folder)?;
            clap_mangen::generate_to(Args::command(), &folder)?;
        }
        Command::Topics(args) => topics::run(&args).await?,
        Command::Peek(args) => return peek::run(args).await,
        Command::Load(args) => load::run(&args).await?,
        Command::Schema(command) => schema::run(command).await?,
        Command::Doctor(args) => return self::doctor::run(args).await,
        Command::Verify(args) => return self::verify::run(args).await,
        Command::Serve(args) => serve::run(&args).await?,
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
        self.orders.update(progress.delivered);
    }

    fn querying(&mut self, query: QueryProgress) {
        self.query = Some(QueryLine::start(query));
    }

    fn queried(&mut self) {
        self.query = None;
    }
}

#[cfg(test)]
mod tests;
