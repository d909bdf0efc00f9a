//! `athena-local sql`: statements of the command line, of files, or of standard input.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::session::{Ended, Session};
use super::settings::Settings;
use super::target::{Target, TargetArgs};
use super::terminal::Error;

/// Statements, each up to its semicolon; the last may have none.
#[derive(Debug, Args)]
pub(super) struct SqlArgs {
    /// Statements, or - for standard input, which is also read if nothing is named.
    #[arg(conflicts_with_all = ["command", "file"])]
    statement: Option<String>,
    /// Statements; may be repeated.
    #[arg(long, short, value_name = "STATEMENTS", conflicts_with = "file")]
    command: Vec<String>,
    /// File of statements, or - for standard input; may be repeated.
    #[arg(long, short, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// Write results to a file; an existing one is replaced.
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    target: TargetArgs,
}

/// Runs the statements. The exit code is 1 if one failed.
pub(super) async fn run(args: SqlArgs) -> Result<ExitCode, Error> {
    let sources = sources(&args)?;
    let target = Target::connect(&args.target).await?;
    let goes_on = args.settings.goes_on();
    let mut session = Session::new(target.athena(), args.settings.clone(), false);
    if let Some(path) = &args.output_file {
        session.write_to(path)?;
    }
    let mut failed = false;
    for source in sources {
        let ended = match source {
            Source::Text(text) => session.script(text.as_bytes(), None).await?,
            Source::Stdin => session.script(io::stdin().lock(), Some("standard input")).await?,
            Source::File(path, file) => {
                let name = path.display().to_string();
                session.script(BufReader::new(file), Some(&name)).await?
            }
        };
        let Ended { failed: again, quit } = ended;
        failed |= again;
        if quit || failed && !goes_on {
            break;
        }
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

enum Source<'a> {
    Text(&'a str),
    Stdin,
    File(&'a Path, File),
}

/// Opens what the arguments name, before anything is connected to.
fn sources(args: &SqlArgs) -> Result<Vec<Source<'_>>, Error> {
    if let Some(statement) = &args.statement {
        return Ok(vec![match statement.as_str() {
            "-" => Source::Stdin,
            text => Source::Text(text),
        }]);
    }
    if !args.command.is_empty() {
        return Ok(args.command.iter().map(|text| Source::Text(text)).collect());
    }
    if args.file.is_empty() && io::stdin().is_terminal() {
        return Err(
            "no statement: give one, -c or -f, or a pipe; `athena-local shell` runs them as they are typed"
                .into(),
        );
    }
    if args.file.is_empty() {
        return Ok(vec![Source::Stdin]);
    }
    args.file.iter().map(|path| file_source(path)).collect()
}

fn file_source(path: &Path) -> Result<Source<'_>, Error> {
    if path == Path::new("-") {
        return Ok(Source::Stdin);
    }
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Source::File(path, file))
}
