//! Lines of input as statements and commands.

use std::ops::Range;

use super::sql_text::{Kind, is_blank, pieces};

/// What a line of input asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Statement(String),
    /// Backslash command, with the beginning of a statement before it.
    Command {
        name: String,
        argument: String,
        before: String,
    },
}

/// Commands that take the beginning of a statement; after others, it can be continued.
const TAKING: [&str; 9] = [
    "\\g", "\\gx", "\\G", "\\watch", "\\e", "\\edit", "\\p", "\\r", "\\reset",
];

/// Words that are commands where a statement would begin.
const WORDS: [(&str, &str); 3] = [("help", "\\?"), ("quit", "\\q"), ("exit", "\\q")];

/// Beginning of an incomplete statement.
#[derive(Debug, Default)]
pub(super) struct Input {
    text: String,
    /// Number of the text's first line, from 1.
    first_line: usize,
    /// Number of lines that were taken.
    lines: usize,
}

impl Input {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes a line; each step of it has the number of the line on which it begins.
    pub(super) fn take_line(&mut self, line: &str) -> Vec<(usize, Step)> {
        self.lines += 1;
        if self.text.is_empty() {
            self.first_line = self.lines;
            if let Some(name) = word_command(line) {
                return vec![(self.lines, command(name, String::new()))];
            }
        }
        self.text.push_str(line);
        self.text.push('\n');
        let mut steps = Vec::new();
        while let Some((is_command, span)) = first_end(&self.text) {
            let text = self.text[span.clone()].trim().trim_end_matches(';').to_owned();
            let (start, after) = (span.start, span.end);
            let rest = self.text.split_off(after);
            self.text.truncate(start);
            let before = std::mem::take(&mut self.text);
            let line = self.first_line + blank_lines(&before);
            let statement = before.trim().to_owned();
            if is_command {
                let command = command(&text, statement);
                let takes = matches!(&command, Step::Command { name, .. } if TAKING.contains(&name.as_str()));
                // A command stands on the line that it ends.
                steps.push((self.lines, command));
                self.text = if takes { rest } else { before + rest.as_str() };
                if takes {
                    self.first_line = self.lines;
                }
            } else {
                if !is_blank(&statement) {
                    steps.push((line, Step::Statement(statement)));
                }
                self.first_line += before.matches('\n').count();
                self.text = rest;
            }
        }
        if is_blank(&self.text) && !has_open_comment(&self.text) {
            self.text.clear();
        }
        steps
    }

    /// The statement that the input ends with, without a semicolon.
    pub(super) fn end(self) -> Option<(usize, Step)> {
        let line = self.first_line + blank_lines(&self.text);
        let statement = self.text.trim();
        (!is_blank(statement)).then(|| (line, Step::Statement(statement.to_owned())))
    }
}

/// Whether a text that is being typed can be run: it ends with a semicolon, or has a command.
pub(super) fn is_complete(text: &str) -> bool {
    if word_command(text).is_some() || text.trim().is_empty() {
        return true;
    }
    let mut last = None;
    for piece in pieces(text) {
        match piece.kind {
            Kind::Command => return true,
            Kind::Comment { closed: false } if piece.text.starts_with("/*") => return false,
            _ if piece.counts() => last = Some(piece.kind),
            _ => {}
        }
    }
    matches!(last, None | Some(Kind::Semicolon))
}

/// Place of the first semicolon or command, and whether it is a command.
fn first_end(text: &str) -> Option<(bool, Range<usize>)> {
    let end = pieces(text).find(|piece| matches!(piece.kind, Kind::Semicolon | Kind::Command))?;
    Some((end.kind == Kind::Command, end.start..end.end()))
}

fn has_open_comment(text: &str) -> bool {
    let last = pieces(text).last();
    last.is_some_and(|last| last.kind == Kind::Comment { closed: false })
}

/// Number of lines before the first character that is not blank.
fn blank_lines(text: &str) -> usize {
    let blank = text.len() - text.trim_start().len();
    text[..blank].matches('\n').count()
}

fn word_command(line: &str) -> Option<&'static str> {
    let word = line.trim().trim_end_matches(';').trim_end();
    let found = WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
    found.map(|(_, command)| *command)
}

fn command(text: &str, before: String) -> Step {
    let (name, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    Step::Command {
        name: name.trim_end_matches(';').to_owned(),
        argument: argument.trim().to_owned(),
        before,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(lines: &[&str]) -> Vec<Step> {
        numbered(lines).into_iter().map(|(_, step)| step).collect()
    }

    fn numbered(lines: &[&str]) -> Vec<(usize, Step)> {
        let mut input = Input::default();
        let mut steps: Vec<_> = lines.iter().flat_map(|line| input.take_line(line)).collect();
        steps.extend(input.end());
        steps
    }

    fn statement(sql: &str) -> Step {
        Step::Statement(sql.to_owned())
    }

    fn command(name: &str, argument: &str, before: &str) -> Step {
        Step::Command {
            name: name.to_owned(),
            argument: argument.to_owned(),
            before: before.to_owned(),
        }
    }

    #[test]
    fn a_statement_ends_at_its_semicolon_or_with_the_input() {
        assert_eq!(steps(&["SELECT", "1;"]), [statement("SELECT\n1")]);
        assert_eq!(
            steps(&["SELECT 1; SELECT 2 ;; SELECT", "3 -- last"]),
            [
                statement("SELECT 1"),
                statement("SELECT 2"),
                statement("SELECT\n3 -- last")
            ]
        );
        assert_eq!(
            steps(&["", "  ", ";", "-- a comment", "/* and; ", "another */"]),
            []
        );
    }

    #[test]
    fn semicolons_in_quotes_and_comments_end_nothing() {
        let lines = ["SELECT ';', 'it''s;', \"a;b\" -- no; end", "/* ;", " ; */ + 1;"];
        assert_eq!(steps(&lines), [statement(&lines.join("\n").replace("1;", "1"))]);
        assert_eq!(
            steps(&["SELECT 'open;", "still; open"]),
            [statement("SELECT 'open;\nstill; open")]
        );
    }

    #[test]
    fn steps_have_the_lines_on_which_they_begin() {
        let lines = ["SELECT 1;", "", "SELECT", "2; SELECT 3;", "\\d", "", "SELECT 4"];
        let found: Vec<usize> = numbered(&lines).into_iter().map(|(line, _)| line).collect();
        assert_eq!(found, [1, 3, 4, 5, 7]);
    }

    #[test]
    fn backslash_commands_end_with_their_line() {
        assert_eq!(
            steps(&[
                "\\d",
                " \\d customer.orders;",
                "\\?",
                "help",
                "QUIT;",
                "exit",
                "\\q"
            ]),
            [
                command("\\d", "", ""),
                command("\\d", "customer.orders", ""),
                command("\\?", "", ""),
                command("\\?", "", ""),
                command("\\q", "", ""),
                command("\\q", "", ""),
                command("\\q", "", ""),
            ]
        );
    }

    #[test]
    fn a_command_runs_the_statement_before_it_or_leaves_it() {
        assert_eq!(
            steps(&["SELECT 1 \\gx", "SELECT", "2", "\\watch 5", "SELECT '\\g';"]),
            [
                command("\\gx", "", "SELECT 1"),
                command("\\watch", "5", "SELECT\n2"),
                statement("SELECT '\\g'"),
            ]
        );
        assert_eq!(
            steps(&["SELECT", "\\x on", "1;"]),
            [command("\\x", "on", "SELECT"), statement("SELECT\n\n1")]
        );
        assert_eq!(
            steps(&["SELECT 1 \\r", "SELECT 2"]),
            [command("\\r", "", "SELECT 1"), statement("SELECT 2")]
        );
        // Within a statement they are names.
        assert_eq!(steps(&["SELECT", "help;"]), [statement("SELECT\nhelp")]);
    }

    #[test]
    fn typing_goes_on_until_a_semicolon_or_a_command() {
        for complete in [
            "",
            " ",
            "SELECT 1;",
            "SELECT 1; -- done",
            "\\d",
            "SELECT 1 \\g",
            "help",
            "exit;",
            "-- a",
        ] {
            assert!(is_complete(complete), "{complete}");
        }
        for open in [
            "SELECT",
            "SELECT ';",
            "SELECT 1; SELECT",
            "SELECT -- ;",
            "/* ;",
            "helpless",
        ] {
            assert!(!is_complete(open), "{open}");
        }
    }
}
