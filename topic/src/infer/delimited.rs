//! Text samples, taken for CSV.

use super::shape::{Guess, Sampler, Shape};

/// Delimiters that are tried.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];
/// No line is taken apart into more fields.
const MAX_FIELDS: usize = 256;

/// Lines, by each delimiter.
#[derive(Default)]
pub(super) struct Lines {
    count: usize,
    tables: [Table; DELIMITERS.len()],
}

/// A delimiter that fits, and the columns it makes.
pub(super) struct Csv {
    pub(super) delimiter: char,
    pub(super) columns: Vec<Guess>,
}

#[derive(Default)]
struct Table {
    /// As many as the first line has fields.
    columns: Vec<Shape>,
    uneven: bool,
}

impl Lines {
    pub(super) fn observe(&mut self, line: &str, sampler: &Sampler) {
        self.count += 1;
        for (table, delimiter) in self.tables.iter_mut().zip(DELIMITERS) {
            table.observe(line, delimiter, self.count == 1, sampler);
        }
    }

    /// The delimiter that makes the most columns, as many of every line. Two of a lone line may be by chance.
    pub(super) fn best(&self) -> Option<Csv> {
        let fewest = if self.count > 1 { 2 } else { 3 };
        let even = |(table, _): &(&Table, char)| !table.uneven && table.columns.len() >= fewest;
        let tables = self.tables.iter().zip(DELIMITERS).filter(even);
        let (table, delimiter) = tables.rev().max_by_key(|(table, _)| table.columns.len())?;
        let columns = table.columns.iter();
        Some(Csv {
            delimiter,
            columns: columns.map(|column| column.column("")).collect(),
        })
    }
}

impl Table {
    fn observe(&mut self, line: &str, delimiter: char, first: bool, sampler: &Sampler) {
        if self.uneven {
            return;
        }
        let fields = fields(line, delimiter).filter(|fields| first || fields.len() == self.columns.len());
        let Some(fields) = fields else {
            self.uneven = true;
            self.columns.clear();
            return;
        };
        self.columns.resize_with(fields.len(), Shape::default);
        for (column, field) in self.columns.iter_mut().zip(&fields) {
            observe(field, column, sampler);
        }
    }
}

/// The fields of a line without their quotes; `None` for more than one line, or quotes that CSV would not have.
fn fields(line: &str, delimiter: char) -> Option<Vec<String>> {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let mut rest = line.strip_suffix('\r').unwrap_or(line);
    let is_blank = |c: char| c <= ' ' && c != delimiter;
    let mut fields = Vec::new();
    loop {
        let (field, after) = match rest.trim_start_matches(is_blank).strip_prefix('"') {
            Some(quoted) => {
                let (field, after) = unquote(quoted)?;
                (field, after.trim_start_matches(is_blank))
            }
            None => {
                let end = rest.find(delimiter).unwrap_or(rest.len());
                (rest[..end].trim_matches(|c| c <= ' ').to_owned(), &rest[end..])
            }
        };
        if fields.len() == MAX_FIELDS || field.contains(['\n', '\r']) {
            return None;
        }
        fields.push(field);
        match after.strip_prefix(delimiter) {
            Some(next) => rest = next,
            None => return after.is_empty().then_some(fields),
        }
    }
}

/// The text up to the closing quote, and what follows.
fn unquote(mut rest: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    loop {
        let (part, after) = rest.split_once('"')?;
        text.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                text.push('"');
                rest = next;
            }
            None => return Some((text, after)),
        }
    }
}

/// Notes a field; an empty one is NULL to all types but VARCHAR.
fn observe(field: &str, column: &mut Shape, sampler: &Sampler) {
    match field {
        "" => {}
        word if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") => {
            column.observe_bool();
        }
        number if is_number(number) => column.observe_number(number),
        text => column.observe_text(text, sampler),
    }
}

/// As JSON spells them: what begins with a zero is rather a code.
fn is_number(text: &str) -> bool {
    let begins_so = |c: char| c == '-' || c.is_ascii_digit();
    text.starts_with(begins_so) && serde_json::from_str::<serde_json::Number>(text).is_ok()
}
