//! Statements and backslash commands one after the other, typed or from a script.

use std::fs::File;
use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::signal::ctrl_c;
use tokio::time::sleep;

use super::editor;
use super::input::{Input, Step};
use super::query::{Sink, print};
use super::settings::Settings;
use super::terminal::{Error, is_closed_pipe};
use crate::athena::Athena;

/// Text of `\?`.
pub(super) const HELP: &str = "\
Statements end with a semicolon and may span lines. Beside SELECT:
  SHOW CATALOGS | SCHEMAS | TABLES | COLUMNS IN table | FUNCTIONS [LIKE 'pattern']
  SHOW VIEWS | CREATE TABLE table | CREATE VIEW view    DESCRIBE table    USE schema
  EXPLAIN [ANALYZE] [(FORMAT JSON)] SELECT …
  PREPARE name FROM statement    EXECUTE name [USING value, …]    DEALLOCATE PREPARE name
  CREATE [OR REPLACE] VIEW view AS SELECT …    DROP VIEW view
  CREATE TABLE table [WITH (format = 'PARQUET', …)] AS SELECT …    DROP TABLE table
  INSERT INTO table SELECT …    UNLOAD (SELECT …) TO 'folder' WITH (format = 'PARQUET')
Commands end with their line:
  \\?, help             this text
  \\q, quit, exit       quit, as Ctrl-D does
  \\l                   catalogs
  \\d                   tables of the current schema, or schemas
  \\d SCHEMA            tables of a schema
  \\d SCHEMA.TABLE      columns of a table
  \\dn, \\dt [SCHEMA]    schemas, tables
  \\df [PATTERN]        functions
  \\g                   run the statement before it, or the last one again
  \\gx, \\G              the same, a line for each column
  \\watch [SECONDS] [c=COUNT]
                       run it every two seconds, or as many as given, until Ctrl-C
  \\e [FILE]            edit it with $VISUAL or $EDITOR
  \\p, \\r               print, forget the statement before it
  \\x [on|off]          a line for each column
  \\timing [on|off]     rows and time after each result
  \\i FILE              run the statements of a file
  \\o [FILE]            write results to a file, or to the terminal again
  \\set [NAME [VALUE]]  list or change settings: output, null, rows, timing, expanded, pager,
                       keep-going
Ctrl-C cancels the running statement, or clears the line. Tab completes names, keywords and functions.
";

/// Depth up to which files may include each other.
const DEEPEST: usize = 16;

/// What follows a step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Quit,
    /// The text is to be typed on.
    Edit(String),
}

/// Result of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) failed: bool,
    pub(super) quit: bool,
}

/// State between statements.
pub(super) struct Session {
    athena: Arc<Athena>,
    settings: Settings,
    sink: Sink,
    /// Whether Ctrl-C ends the statement instead of the program.
    interactive: bool,
    /// Statement that `\g` repeats.
    last: String,
    /// Number of files that include each other at the moment.
    depth: usize,
}

impl Session {
    pub(super) fn new(athena: Arc<Athena>, settings: Settings, interactive: bool) -> Self {
        Self {
            athena,
            settings,
            sink: Sink::Stdout,
            interactive,
            last: String::new(),
            depth: 0,
        }
    }

    /// Writes results to a file from now on; an existing one is replaced.
    pub(super) fn write_to(&mut self, path: &Path) -> Result<(), Error> {
        let file = File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
        self.sink = Sink::File(file);
        Ok(())
    }

    /// Runs the statements of a text up to its end, or to the first error. `name` stands before the line of an error.
    ///
    /// # Errors
    /// If the input cannot be read, or the reader of the output has closed it. Other errors are reported on standard
    /// error.
    pub(super) async fn script(&mut self, input: impl BufRead, name: Option<&str>) -> Result<Ended, Error> {
        let mut failed = false;
        let mut statements = Input::default();
        for (number, line) in (1..).zip(input.lines()) {
            let place = name.unwrap_or("statement");
            let line = line.map_err(|error| format!("{place}:{number}: {error}"))?;
            for step in statements.take_line(&line) {
                match self.script_step(step, name).await? {
                    Some(Flow::Quit) => return Ok(Ended { failed, quit: true }),
                    Some(_) => {}
                    None if self.settings.goes_on() => failed = true,
                    None => {
                        return Ok(Ended {
                            failed: true,
                            quit: false,
                        });
                    }
                }
            }
        }
        if let Some(step) = statements.end() {
            failed |= self.script_step(step, name).await?.is_none();
        }
        Ok(Ended { failed, quit: false })
    }

    /// `None` if the step failed, which is reported.
    async fn script_step(
        &mut self,
        (line, step): (usize, Step),
        name: Option<&str>,
    ) -> Result<Option<Flow>, Error> {
        match self.step(step).await {
            Ok(flow) => Ok(Some(flow)),
            Err(error) if is_closed_pipe(&*error) => Err(error),
            Err(error) => {
                match name {
                    Some(name) => eprintln!("athena-local: {name}:{line}: {error}"),
                    None => eprintln!("athena-local: {error}"),
                }
                Ok(None)
            }
        }
    }

    /// Runs a step. A future of its own type, because files include files.
    pub(super) fn step(&mut self, step: Step) -> Pin<Box<dyn Future<Output = Result<Flow, Error>> + '_>> {
        Box::pin(async move {
            match step {
                Step::Statement(sql) => {
                    self.last.clone_from(&sql);
                    self.run(&sql, false).await?;
                    Ok(Flow::Next)
                }
                Step::Command {
                    name,
                    argument,
                    before,
                } => self.command(&name, &argument, before).await,
            }
        })
    }

    async fn command(&mut self, name: &str, argument: &str, before: String) -> Result<Flow, Error> {
        let argument = Some(argument).filter(|argument| !argument.is_empty());
        let setting = match name {
            "\\x" => Some("expanded"),
            "\\timing" => Some("timing"),
            _ => None,
        };
        if let Some(setting) = setting {
            self.settings.set(setting, argument)?;
            return Ok(Flow::Next);
        }
        if let Some(sql) = self.listing(name, argument) {
            self.run(&sql, false).await?;
            return Ok(Flow::Next);
        }
        match name {
            "\\q" | "\\quit" => return Ok(Flow::Quit),
            "\\?" | "\\h" | "\\help" => write!(&self.sink, "{HELP}")?,
            "\\g" | "\\gx" | "\\G" => {
                let sql = self.statement(before)?;
                self.run(&sql, name != "\\g").await?;
            }
            "\\watch" => {
                let sql = self.statement(before)?;
                self.watch(&sql, argument.unwrap_or_default()).await?;
            }
            "\\p" => {
                let sql = self.statement(before)?;
                writeln!(&self.sink, "{sql}")?;
            }
            "\\r" | "\\reset" => {}
            "\\e" | "\\edit" if !self.interactive => return Err("\\e requires a terminal".into()),
            "\\e" | "\\edit" => {
                let text = if before.is_empty() {
                    self.last.clone()
                } else {
                    before
                };
                return Ok(Flow::Edit(editor::edit(&text, argument.map(Path::new))?));
            }
            "\\i" | "\\include" => {
                let path = argument.ok_or("\\i requires a file")?;
                return self.include(path).await;
            }
            "\\o" | "\\output" => match argument {
                Some(path) => self.write_to(Path::new(path))?,
                None => self.sink = Sink::Stdout,
            },
            "\\set" => match argument {
                None => write!(&self.sink, "{}", self.settings.list())?,
                Some(argument) => {
                    let (name, value) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
                    let value = Some(value.trim()).filter(|value| !value.is_empty());
                    self.settings.set(name, value)?;
                }
            },
            _ => return Err(format!("unknown command {name}: \\? lists the commands").into()),
        }
        Ok(Flow::Next)
    }

    /// The statement that a command which lists something stands for.
    fn listing(&self, name: &str, argument: Option<&str>) -> Option<String> {
        let has_schema = || self.athena.current_schema().schema.is_some();
        Some(match (name, argument) {
            ("\\l", _) => "SHOW CATALOGS".to_owned(),
            ("\\dn", _) => "SHOW SCHEMAS".to_owned(),
            ("\\dt", None) => "SHOW TABLES".to_owned(),
            ("\\dt", Some(schema)) => format!("SHOW TABLES IN {schema}"),
            ("\\df", None) => "SHOW FUNCTIONS".to_owned(),
            ("\\df", Some(pattern)) => format!("SHOW FUNCTIONS LIKE '{}'", pattern.replace('\'', "''")),
            ("\\d", None) if has_schema() => "SHOW TABLES".to_owned(),
            ("\\d", None) => "SHOW SCHEMAS".to_owned(),
            ("\\d", Some(table)) if table.contains('.') => format!("DESCRIBE {table}"),
            ("\\d", Some(schema)) => format!("SHOW TABLES IN {schema}"),
            _ => return None,
        })
    }

    /// The statement before a command, which becomes the last one; or the last one.
    fn statement(&mut self, before: String) -> Result<String, Error> {
        if !before.is_empty() {
            self.last = before;
        }
        match self.last.is_empty() {
            true => Err("no statement was run yet".into()),
            false => Ok(self.last.clone()),
        }
    }

    async fn run(&self, sql: &str, vertical: bool) -> Result<(), Error> {
        let statement = print(&self.athena, &self.settings, &self.sink, sql, vertical);
        self.until_ctrl_c(statement).await
    }

    /// Drops the work, and with it the connector's calls, at Ctrl-C.
    async fn until_ctrl_c(&self, work: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
        if !self.interactive {
            return work.await;
        }
        tokio::select! {
            biased;
            _ = ctrl_c() => Err("cancelled".into()),
            done = work => done,
        }
    }

    /// Runs a statement until Ctrl-C, or as often as `c=COUNT` in the argument says.
    async fn watch(&self, sql: &str, argument: &str) -> Result<(), Error> {
        let wanted = || format!("\\watch: wanted SECONDS and c=COUNT, found {argument:?}");
        let (mut pause, mut count) = (Duration::from_secs(2), None);
        for word in argument.split_whitespace() {
            match word.strip_prefix("c=") {
                Some(number) => count = Some(number.parse::<u64>().map_err(|_| wanted())?),
                None => {
                    let seconds = word.strip_prefix("i=").unwrap_or(word).parse::<f64>();
                    let seconds = seconds
                        .ok()
                        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                    pause = seconds.ok_or_else(wanted)?;
                }
            }
        }
        let mut runs = 0;
        loop {
            let now = Utc::now().format("%Y-%m-%d %H:%M:%S UTC");
            eprintln!("{now} (every {pause:?})");
            self.run(sql, false).await?;
            runs += 1;
            if count.is_some_and(|count| runs >= count) {
                return Ok(());
            }
            let paused = async {
                sleep(pause).await;
                Ok(())
            };
            self.until_ctrl_c(paused).await?;
        }
    }

    async fn include(&mut self, path: &str) -> Result<Flow, Error> {
        if self.depth >= DEEPEST {
            return Err(format!("{path}: more than {DEEPEST} files include each other").into());
        }
        let file = File::open(path).map_err(|error| format!("{path}: {error}"))?;
        self.depth += 1;
        let ended = self.script(BufReader::new(file), Some(path)).await;
        self.depth -= 1;
        match ended? {
            Ended { quit: true, .. } => Ok(Flow::Quit),
            // Its own error is reported.
            Ended { failed: true, .. } => Err(format!("{path} ended with an error").into()),
            _ => Ok(Flow::Next),
        }
    }
}
