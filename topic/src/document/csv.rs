//! Options `csv`: how a line is split.

use super::error::DocumentError;
use super::node::Node;
use super::warning::Warning;
use crate::table::CsvOptions;

/// Reads the `csv` of `message` or `key`; omitted options are those of [`CsvOptions::default`].
pub(super) fn read_csv(side: &Node<'_>, warnings: &mut Vec<Warning>) -> Result<CsvOptions, DocumentError> {
    let default = CsvOptions::default();
    let Some(node) = side.optional_object("csv")? else {
        return Ok(default);
    };
    node.warn_of_others(&["delimiter", "quote", "escape", "nullText", "trim"], warnings);
    let delimiter = match character(&node, "delimiter")? {
        None => default.delimiter,
        Some(Some(delimiter)) => delimiter,
        Some(None) => return Err(node.invalid("delimiter", "wanted one ASCII character, found none")),
    };
    let quote = character(&node, "quote")?.unwrap_or(default.quote);
    // A quote before a quote is a doubled quote, which needs no escape.
    let escape = character(&node, "escape")?.unwrap_or(default.escape);
    let escape = escape.filter(|_| escape != quote);
    for (key, special) in [("quote", quote), ("escape", escape)] {
        if special.is_some_and(|c| !c.is_ascii_graphic()) {
            return Err(node.invalid(key, "wanted a visible character"));
        }
        if special == Some(delimiter) {
            return Err(node.invalid(key, "is also the delimiter"));
        }
    }
    if quote.is_none() && escape.is_some() {
        return Err(node.invalid("escape", "requires a quote"));
    }
    Ok(CsvOptions {
        delimiter,
        quote,
        escape,
        null_text: node.optional_text("nullText")?,
        trim: node.flag("trim")?.unwrap_or(default.trim),
    })
}

/// Option of a character: absent, none (an empty text), or one.
fn character(node: &Node<'_>, key: &str) -> Result<Option<Option<char>>, DocumentError> {
    let Some(text) = node.optional_text(key)? else {
        return Ok(None);
    };
    if text == "\\t" {
        return Ok(Some(Some('\t')));
    }
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (None, _) => Ok(Some(None)),
        (Some(c), None) if c.is_ascii() && !matches!(c, '\r' | '\n') => Ok(Some(Some(c))),
        _ => Err(node.invalid(key, "wanted one ASCII character that is not a line end")),
    }
}
