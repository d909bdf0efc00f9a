//! The line editor's helper: completion, hints from the history, colours, and where a statement ends.

use std::borrow::Cow;

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hinter, HistoryHinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper, Result};

use super::input::is_complete;
use super::metadata::Metadata;
use super::sql_text::{Kind, pieces};
use super::suggest::suggestions;
use crate::keywords::is_keyword;

/// Commands whose argument is a file.
const FILE_COMMANDS: [&str; 6] = ["\\i ", "\\include ", "\\o ", "\\output ", "\\e ", "\\edit "];

pub(super) struct ShellHelper {
    metadata: Metadata,
    files: FilenameCompleter,
    history: HistoryHinter,
}

impl ShellHelper {
    pub(super) fn new(metadata: Metadata) -> Self {
        Self {
            metadata,
            files: FilenameCompleter::new(),
            history: HistoryHinter::new(),
        }
    }
}

impl Helper for ShellHelper {}

impl Completer for ShellHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, context: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let before = &line[..pos];
        if FILE_COMMANDS
            .iter()
            .any(|command| before.trim_start().starts_with(command))
        {
            return self.files.complete(line, pos, context);
        }
        let found = suggestions(before, line, &self.metadata);
        let pair = |text: String| Pair {
            display: text.clone(),
            replacement: text,
        };
        Ok((found.start, found.texts.into_iter().map(pair).collect()))
    }
}

impl Hinter for ShellHelper {
    type Hint = String;

    /// The rest of an earlier line that began so.
    fn hint(&self, line: &str, pos: usize, context: &Context<'_>) -> Option<String> {
        let hint = self.history.hint(line, pos, context)?;
        (!hint.contains('\n')).then_some(hint)
    }
}

impl Validator for ShellHelper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        Ok(match is_complete(context.input()) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

impl Highlighter for ShellHelper {
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        Cow::Owned(coloured(line))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[90m{hint}\x1b[0m"))
    }

    fn highlight_char(&self, _line: &str, _pos: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}

/// A text with escape sequences around keywords, literals and comments.
fn coloured(line: &str) -> String {
    let mut text = String::new();
    for piece in pieces(line) {
        let colour = match piece.kind {
            Kind::Word if is_keyword(piece.text) => "1;34",
            Kind::Text { .. } => "32",
            Kind::Number => "35",
            Kind::Comment { .. } => "90",
            Kind::Command => "36",
            _ => {
                text.push_str(piece.text);
                continue;
            }
        };
        text.push_str(&format!("\x1b[{colour}m{}\x1b[0m", piece.text));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_texts_numbers_and_comments_have_colours() {
        assert_eq!(
            coloured("SELECT a, 'x', 1 -- y"),
            "\x1b[1;34mSELECT\x1b[0m a, \x1b[32m'x'\x1b[0m, \x1b[35m1\x1b[0m \x1b[90m-- y\x1b[0m"
        );
    }
}
