//! Interactive shell.

use std::io;
use std::path::PathBuf;

use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

use super::query::Printer;
use super::terminal::Error;
use crate::athena::Athena;
use crate::output::OutputFormat;

const HELP: &str = "\
statements end with a semicolon and may span lines; beside SELECT:
  SHOW SCHEMAS;  SHOW TABLES IN schema;  DESCRIBE schema.table;  EXPLAIN SELECT …;
  \\d                 schemas
  \\d schema          tables of a schema
  \\d schema.table    columns of a table
  \\q                 quit, as Ctrl-D does";

/// Reads and runs statements until the input ends. An error is printed, and the next statement read.
pub(super) async fn run(athena: &Athena, format: OutputFormat) -> Result<(), Error> {
    let mut editor = DefaultEditor::new()?;
    let history = history_file();
    if let Some(file) = &history {
        // The file does not exist the first time.
        let _ = editor.load_history(file);
    }
    println!("athena-local; \\? for help, \\q to quit");
    let printer = Printer::new(athena, format);
    let mut input = Input::default();
    loop {
        match editor.readline(input.prompt()) {
            Ok(line) => {
                for step in input.take_line(&line) {
                    match step {
                        Step::Quit => return save(&mut editor, history),
                        Step::Help => println!("{HELP}"),
                        Step::Statement(sql) => {
                            editor.add_history_entry(format!("{sql};").as_str())?;
                            if let Err(error) = printer.print(&sql, &mut io::stdout().lock()).await {
                                eprintln!("{error}");
                            }
                        }
                    }
                }
            }
            Err(ReadlineError::Interrupted) => input = Input::default(),
            Err(ReadlineError::Eof) => return save(&mut editor, history),
            Err(error) => return Err(error.into()),
        }
    }
}

fn save(editor: &mut DefaultEditor, history: Option<PathBuf>) -> Result<(), Error> {
    if let Some(file) = history {
        editor.save_history(&file)?;
    }
    Ok(())
}

fn history_file() -> Option<PathBuf> {
    std::env::home_dir().map(|home| home.join(".athena_local_history"))
}

/// Command on a line of input.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Statement(String),
    Help,
    Quit,
}

/// Beginning of an incomplete statement.
#[derive(Default)]
struct Input {
    text: String,
}

impl Input {
    fn prompt(&self) -> &'static str {
        if self.text.is_empty() { "sql> " } else { "  -> " }
    }

    fn take_line(&mut self, line: &str) -> Vec<Step> {
        if self.text.is_empty() && line.trim_start().starts_with('\\') {
            return command(line.trim()).into_iter().collect();
        }
        self.text.push_str(line);
        self.text.push('\n');
        let mut steps = Vec::new();
        while let Some(end) = statement_end(&self.text) {
            let rest = self.text.split_off(end + 1);
            let statement = std::mem::replace(&mut self.text, rest);
            let sql = statement.trim().trim_end_matches(';').trim();
            if !sql.is_empty() {
                steps.push(Step::Statement(sql.to_owned()));
            }
        }
        if self.text.trim().is_empty() {
            self.text.clear();
        }
        steps
    }
}

fn command(line: &str) -> Option<Step> {
    let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let argument = argument.trim().trim_end_matches(';').trim_end();
    match (name.trim_end_matches(';'), argument) {
        ("\\q", _) => Some(Step::Quit),
        ("\\d", "") => Some(Step::Statement("SHOW SCHEMAS".to_owned())),
        ("\\d", name) if name.contains('.') => Some(Step::Statement(format!("DESCRIBE {name}"))),
        ("\\d", name) => Some(Step::Statement(format!("SHOW TABLES IN {name}"))),
        _ => Some(Step::Help),
    }
}

/// Position of the first semicolon outside of quotes and comments.
fn statement_end(text: &str) -> Option<usize> {
    let mut rest = text.char_indices().peekable();
    while let Some((index, c)) = rest.next() {
        match c {
            ';' => return Some(index),
            '\'' | '"' | '`' => {
                // A doubled quote ends one string and begins the next.
                rest.find(|&(_, inner)| inner == c)?;
            }
            '-' if rest.peek().is_some_and(|&(_, next)| next == '-') => {
                rest.find(|&(_, inner)| inner == '\n')?;
            }
            '/' if rest.peek().is_some_and(|&(_, next)| next == '*') => {
                let end = text[index + 2..].find("*/")? + index + 4;
                while rest.next_if(|&(at, _)| at < end).is_some() {}
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(lines: &[&str]) -> Vec<Step> {
        let mut input = Input::default();
        lines.iter().flat_map(|line| input.take_line(line)).collect()
    }

    fn statement(sql: &str) -> Step {
        Step::Statement(sql.to_owned())
    }

    #[test]
    fn a_statement_ends_at_its_semicolon() {
        assert_eq!(steps(&["SELECT", "1;"]), [statement("SELECT\n1")]);
        assert_eq!(
            steps(&["SELECT 1; SELECT 2 ;; SELECT"]),
            [statement("SELECT 1"), statement("SELECT 2")]
        );
        assert_eq!(steps(&["", "  ", ";"]), []);
    }

    #[test]
    fn semicolons_in_quotes_and_comments_end_nothing() {
        let lines = ["SELECT ';', 'it''s;', \"a;b\" -- no; end", "/* ;", " ; */ + 1;"];
        assert_eq!(steps(&lines), [statement(&lines.join("\n").replace("1;", "1"))]);
        assert_eq!(steps(&["SELECT 'open;", "still; open"]), []);
    }

    #[test]
    fn backslash_commands_are_lines_of_their_own() {
        assert_eq!(
            steps(&["\\d", "\\d customer", " \\d customer.orders;", "\\?", "\\q"]),
            [
                statement("SHOW SCHEMAS"),
                statement("SHOW TABLES IN customer"),
                statement("DESCRIBE customer.orders"),
                Step::Help,
                Step::Quit
            ]
        );
    }

    #[test]
    fn the_prompt_tells_whether_a_statement_is_open() {
        let mut input = Input::default();
        input.take_line("SELECT");
        assert_eq!(input.prompt(), "  -> ");
        input.take_line("1;");
        assert_eq!(input.prompt(), "sql> ");
    }
}
