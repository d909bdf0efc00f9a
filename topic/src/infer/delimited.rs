//! Text samples as CSV.

use super::shape::{Guess, Sampler, Shape};

/// Delimiters that are tried.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];
/// Maximum number of fields of a line that are examined.
const MAX_FIELDS: usize = 256;

/// Observations of lines, for each delimiter.
#[derive(Default)]
pub(super) struct Lines {
    count: usize,
    tables: [Table; DELIMITERS.len()],
}

/// Fitting delimiter, and its columns.
pub(super) struct Csv {
    pub(super) delimiter: char,
    pub(super) columns: Vec<Guess>,
}

#[derive(Default)]
struct Table {
    /// Columns, as many as the fields of the first line.
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

    /// Delimiter with the most columns, the same number for every line. In a single line two may be
    /// coincidence.
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

/// Fields of a line without their quotes; `None` for more than one line, or quotes that are invalid in CSV.
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

/// Text up to the closing quote, and the rest.
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

/// Observes a field; an empty one is NULL for all types except VARCHAR.
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

/// Whether the text is a number as in JSON: one with a leading zero is more likely a code.
fn is_number(text: &str) -> bool {
    let begins_so = |c: char| c == '-' || c.is_ascii_digit();
    text.starts_with(begins_so) && serde_json::from_str::<serde_json::Number>(text).is_ok()
}
