//! `athena-local shell`: statements as they are typed.

use std::future::Future;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use rustyline::config::Config;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{ColorMode, CompletionType, Editor};
use tokio::signal::ctrl_c;
use tokio::time::timeout;

use super::helper::ShellHelper;
use super::input::Input;
use super::metadata::Metadata;
use super::session::{Flow, Session};
use super::settings::Settings;
use super::target::{Target, TargetArgs};
use super::terminal::{Error, is_closed_pipe};
use crate::athena::Athena;

/// Time for which the greeting waits for the schemas.
const GREETING: Duration = Duration::from_secs(5);

/// Number of schemas that the greeting names.
const GREETED_SCHEMAS: usize = 8;

/// Lines that are kept.
const HISTORY: usize = 2_000;

#[derive(Debug, Args)]
pub(super) struct ShellArgs {
    /// Write results to a file; an existing one is replaced.
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    target: TargetArgs,
}

/// Reads and runs statements until the input ends. On a terminal an error is printed and the next statement read;
/// otherwise the input is a script.
pub(super) async fn run(args: ShellArgs) -> Result<ExitCode, Error> {
    let interactive = io::stdin().is_terminal() && io::stdout().is_terminal();
    let target = Target::connect(&args.target).await?;
    let athena = target.athena();
    let mut session = Session::new(target.athena(), args.settings, interactive);
    if let Some(path) = &args.output_file {
        session.write_to(path)?;
    }
    if !interactive {
        let ended = session.script(io::stdin().lock(), Some("standard input")).await?;
        return Ok(if ended.failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        });
    }
    // From the first call on, Ctrl-C no longer ends the program: not while an editor runs, nor between statements.
    tokio::spawn(async { while ctrl_c().await.is_ok() {} });
    let metadata = Metadata::new(target.athena());
    let mut editor = editor(ShellHelper::new(metadata))?;
    println!("{}", greeting(&athena, target.description()).await);
    typed(&mut session, &athena, &mut editor).await?;
    Ok(ExitCode::SUCCESS)
}

/// What is connected to, and what is there.
async fn greeting(athena: &Athena, description: &str) -> String {
    let catalog = athena.current_schema().catalog;
    let version = env!("CARGO_PKG_VERSION");
    let schemas = within(GREETING, athena.federation().list_schemas()).await;
    let schemas = match schemas {
        None => "not listed yet, the connector is slow".to_owned(),
        Some(Err(error)) => format!("cannot be listed: {error}"),
        Some(Ok(schemas)) if schemas.is_empty() => "none".to_owned(),
        Some(Ok(mut schemas)) => {
            schemas.sort_unstable();
            let more = schemas.len().saturating_sub(GREETED_SCHEMAS);
            schemas.truncate(GREETED_SCHEMAS);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            format!("{}{more}", schemas.join(", "))
        }
    };
    format!(
        "athena-local {version}: {description}\ncatalog {catalog}, schemas: {schemas}\n\
         help lists commands, Tab completes, \\q quits"
    )
}

async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    timeout(limit, work).await.ok()
}

type ShellEditor = Editor<ShellHelper, DefaultHistory>;

fn editor(helper: ShellHelper) -> Result<ShellEditor, Error> {
    let no_colors = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .color_mode(if no_colors {
            ColorMode::Disabled
        } else {
            ColorMode::Enabled
        })
        .max_history_size(HISTORY)?
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(helper));
    if let Some(file) = history_file() {
        // The file does not exist the first time.
        let _ = editor.load_history(&file);
    }
    Ok(editor)
}

fn history_file() -> Option<PathBuf> {
    std::env::home_dir().map(|home| home.join(".athena_local_history"))
}

async fn typed(session: &mut Session, athena: &Athena, editor: &mut ShellEditor) -> Result<(), Error> {
    let mut input = Input::default();
    // What the user's editor left, to be typed on.
    let mut initial = String::new();
    loop {
        let text = editor.readline_with_initial(&prompt(athena, &input), (initial.as_str(), ""));
        initial.clear();
        let text = match text {
            Ok(text) => text,
            Err(ReadlineError::Interrupted) => {
                input = Input::default();
                continue;
            }
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if !text.trim().is_empty() {
            editor.add_history_entry(text.as_str())?;
            if let Some(file) = history_file() {
                // A home that cannot be written to is no reason to stop.
                let _ = editor.append_history(&file);
            }
        }
        for line in text.split('\n') {
            for (_, step) in input.take_line(line) {
                match session.step(step).await {
                    Ok(Flow::Next) => {}
                    Ok(Flow::Quit) => return Ok(()),
                    Ok(Flow::Edit(text)) => initial = text,
                    Err(error) if is_closed_pipe(&*error) => return Err(error),
                    Err(error) => eprintln!("{error}"),
                }
            }
        }
    }
}

/// The current schema, or blanks as long while a statement is open.
fn prompt(athena: &Athena, input: &Input) -> String {
    let name = athena.current_schema().schema.unwrap_or_else(|| "sql".to_owned());
    match input.is_empty() {
        true => format!("{name}> "),
        false => format!("{:>width$}> ", "-", width = name.chars().count()),
    }
}
