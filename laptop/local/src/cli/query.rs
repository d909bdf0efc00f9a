//! Execution of one statement: result and statistics.

use std::io::{self, IsTerminal, Write};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tokio::task::yield_now;

use super::query_line::QueryLine;
use super::settings::Settings;
use super::sql_text::pieces;
use super::terminal::{Error, is_closed_pipe};
use crate::athena::{Athena, StatementContext};
use crate::output::{OutputFormat, OutputOptions, RowWriter};

/// Rows of a query that are shown on a terminal, unless another number is chosen.
const TERMINAL_ROWS: u64 = 40;

/// Where rows go.
pub(super) enum Sink {
    Stdout,
    File(std::fs::File),
    Pager(Pager),
}

/// Running `$PAGER`, which reads what is written.
pub(super) struct Pager(Child);

impl Pager {
    /// Starts the program that `$PAGER` names, or `less`, which leaves what fits on one screen.
    fn start() -> io::Result<Self> {
        let pager = std::env::var("PAGER").ok().filter(|pager| !pager.is_empty());
        let pager = pager.unwrap_or_else(|| "less -FRSX".to_owned());
        let child = Command::new("sh")
            .args(["-c", &pager])
            .stdin(Stdio::piped())
            .spawn();
        child.map(Self)
    }

    /// Ends its input, and waits until it is left.
    fn finish(mut self) -> io::Result<()> {
        drop(self.0.stdin.take());
        self.0.wait().map(drop)
    }
}

impl Sink {
    fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdout) && io::stdout().is_terminal()
    }
}

impl Write for &Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Stdout => io::stdout().write(bytes),
            Sink::File(file) => (&*file).write(bytes),
            Sink::Pager(Pager(child)) => match child.stdin.as_ref() {
                Some(mut stdin) => stdin.write(bytes),
                None => Ok(bytes.len()),
            },
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Stdout => io::stdout().flush(),
            Sink::File(file) => (&*file).flush(),
            Sink::Pager(_) => Ok(()),
        }
    }
}

/// Prints the rows of a statement, and statistics to standard error; through a pager if one is set. `vertical` takes
/// precedence over a table.
pub(super) async fn print(
    athena: &Athena,
    settings: &Settings,
    sink: &Sink,
    sql: &str,
    vertical: bool,
) -> Result<(), Error> {
    if !settings.pager || !sink.is_terminal() {
        return print_to(athena, settings, sink, sql, vertical).await;
    }
    let pager = Pager::start().map_err(|error| format!("the pager cannot be started: {error}"))?;
    let sink = Sink::Pager(pager);
    let printed = print_to(athena, settings, &sink, sql, vertical).await;
    if let Sink::Pager(pager) = sink {
        pager.finish()?;
    }
    match printed {
        // It was left before the last row.
        Err(error) if is_closed_pipe(&*error) => Ok(()),
        other => other,
    }
}

async fn print_to(
    athena: &Athena,
    settings: &Settings,
    sink: &Sink,
    sql: &str,
    vertical: bool,
) -> Result<(), Error> {
    let started = Instant::now();
    // Without `?` there is nothing for values; a statement that cannot be read says so when it is started.
    let parameters = match trino_sql::Statement::parameter_count(sql) {
        Ok(1..) => settings.params.clone(),
        _ => Vec::new(),
    };
    let context = StatementContext {
        parameters,
        ..StatementContext::default()
    };
    let mut query = athena.start_in(sql, context).await?;
    // USE has no result.
    if !query.columns().is_empty() {
        let options = options(settings, sink, sql, vertical);
        // Rows that are written as they come are progress enough.
        let is_table = options.format == OutputFormat::Table;
        if options.format.is_binary() && sink.is_terminal() {
            let format = options.format;
            return Err(format!("{format} is not for a terminal: use --output-file, \\o or a pipe").into());
        }
        let mut line = is_table.then(|| QueryLine::start(query.progress()));
        let unlimited = options.rows.is_none() && sink.is_terminal();
        let mut writer = RowWriter::with_options(sink, query.columns().to_vec(), options)?;
        let mut rows = 0;
        while let Some(batch) = query.next().await? {
            rows += batch.num_rows();
            // Rows of a table without a limit may be written before the last has come: not between them.
            if unlimited {
                line.take();
            }
            writer.write(&batch)?;
            // Rows that never have to be waited for would leave no turn to Ctrl-C.
            yield_now().await;
        }
        line.take();
        writer.finish()?;
        if settings.timing {
            eprintln!(
                "{rows} rows, {:.2} s; read {}",
                started.elapsed().as_secs_f64(),
                query.statistics()
            );
        }
    } else if settings.timing {
        let current = athena.current_schema();
        let schema = current.schema.unwrap_or_default();
        eprintln!("the schema is {}.{schema}", current.catalog);
    }
    Ok(())
}

/// A table is cut to the terminal, and its rows are limited there.
fn options(settings: &Settings, sink: &Sink, sql: &str, vertical: bool) -> OutputOptions {
    let terminal = sink.is_terminal();
    let format = match settings.format {
        OutputFormat::Table if vertical || settings.expanded => OutputFormat::Vertical,
        format => format,
    };
    let width = terminal.then(|| console::Term::stdout().size_checked()).flatten();
    let default_rows = (terminal && is_query(sql)).then_some(TERMINAL_ROWS);
    OutputOptions {
        format,
        null: settings.null.clone(),
        separator: None,
        width: width.map(|(_, columns)| usize::from(columns)),
        rows: match settings.rows {
            None => default_rows,
            Some(0) => None,
            rows => rows,
        },
    }
}

/// Whether the rows are those of tables; lists of names and plans are shown whole.
fn is_query(sql: &str) -> bool {
    let first = pieces(sql).find(super::sql_text::Piece::counts);
    first.is_some_and(|first| {
        let words = ["select", "with", "values", "table"];
        first.text == "(" || words.iter().any(|word| first.is_word(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_names_are_not_queries() {
        for sql in ["SELECT 1", "-- a\nwith t AS (SELECT 1) TABLE t", "(VALUES 1)"] {
            assert!(is_query(sql), "{sql}");
        }
        for sql in ["SHOW TABLES", "EXPLAIN SELECT 1", "DESCRIBE t", ""] {
            assert!(!is_query(sql), "{sql}");
        }
    }
}
