//! Conversion of JSON values to columns of any type.

use arrow::datatypes::Fields;
use serde::de::IgnoredAny;

use crate::decode::column::{Lists, Maps, Misfits, Rows, ValueBuilder};
use crate::decode::json::cursor::Cursor;
use crate::decode::json::escape::unescape;
use crate::decode::scalar::Scalar;
use crate::names::are_alike;

/// Appends JSON values to columns. It descends as deep as the column's type; other parts are skipped.
#[derive(Debug, Default)]
pub(crate) struct Filler {
    /// Buffer for unescaped strings.
    unescaped: String,
    /// For each field of the current rows, whether a member of exactly its name was found.
    exact: Vec<bool>,
}

impl Filler {
    /// Appends `json`, one valid JSON value without surrounding blanks.
    pub(crate) fn append(&mut self, json: &str, values: &mut ValueBuilder, misfits: &mut Misfits) {
        if values.is_nested() {
            self.fill(&mut Cursor::at(json, 0), values, misfits);
        } else {
            values.append(&scalar(json, &mut self.unescaped), misfits);
        }
    }

    /// Appends `text`, which in a nested column is JSON.
    pub(crate) fn append_text(&mut self, text: &str, values: &mut ValueBuilder, misfits: &mut Misfits) {
        if values.is_nested() {
            self.append_json(text, values, misfits);
        } else {
            values.append(&Scalar::Text(text), misfits);
        }
    }

    /// Appends `text`, if it is JSON, to a nested column.
    fn append_json(&mut self, text: &str, values: &mut ValueBuilder, misfits: &mut Misfits) {
        let mut cursor = Cursor::at(text, 0);
        // A string within the string is not parsed, because a text could then be nested deeper than the type.
        if cursor.first() == b'"' || serde_json::from_str::<IgnoredAny>(text).is_err() {
            values.append_misfit(Scalar::Text(text).kind(), misfits);
        } else {
            self.fill(&mut cursor, values, misfits);
        }
    }

    /// Appends the value at `cursor`, and moves past it.
    fn fill(&mut self, cursor: &mut Cursor<'_>, values: &mut ValueBuilder, misfits: &mut Misfits) {
        match (values, cursor.first()) {
            (ValueBuilder::List(lists), b'[') => self.fill_list(cursor, lists, misfits),
            (ValueBuilder::Struct(rows), b'{') => self.fill_row(cursor, rows, misfits),
            (ValueBuilder::Map(maps), b'{') => self.fill_map(cursor, maps, misfits),
            (values, b'"') if values.is_nested() => {
                let mut buffer = std::mem::take(&mut self.unescaped);
                let text = unescape(inside(cursor.take()), &mut buffer);
                self.append_json(text, values, misfits);
                self.unescaped = buffer;
            }
            (values, _) => values.append(&scalar(cursor.take(), &mut self.unescaped), misfits),
        }
    }

    fn fill_list(&mut self, cursor: &mut Cursor<'_>, lists: &mut Lists, misfits: &mut Misfits) {
        cursor.enter();
        while cursor.next_item() {
            self.fill(cursor, lists.item(), misfits);
        }
        lists.end(true);
    }

    fn fill_row(&mut self, cursor: &mut Cursor<'_>, rows: &mut Rows, misfits: &mut Misfits) {
        let first = self.exact.len();
        self.exact.resize(first + rows.names().len(), false);
        let mut expected = 0;
        cursor.enter();
        while let Some(key) = cursor.next_key() {
            let key = unescape(key, &mut self.unescaped);
            match find_field(rows.names(), key, expected) {
                Some((field, exact)) if exact || !self.exact[first + field] => {
                    self.exact[first + field] = exact;
                    self.fill(cursor, rows.field(field), misfits);
                    expected = field + 1;
                }
                _ => cursor.skip(),
            }
        }
        rows.end(true);
        self.exact.truncate(first);
    }

    fn fill_map(&mut self, cursor: &mut Cursor<'_>, maps: &mut Maps, misfits: &mut Misfits) {
        let first = maps.entries();
        let mut entries = Vec::new();
        cursor.enter();
        while let Some(key) = cursor.next_key() {
            if self.append_key(key, maps.entry().0, misfits) {
                entries.push((key, *cursor));
            }
            cursor.skip();
        }
        let repeated = maps.entry().0.repeated(first);
        if !repeated.is_empty() {
            maps.entry().0.truncate(first);
            let mut last = vec![true; entries.len()];
            repeated.into_iter().for_each(|at| last[at - first] = false);
            let mut last = last.into_iter();
            entries.retain(|_| last.next() == Some(true));
            for (key, _) in &entries {
                self.append_key(key, maps.entry().0, misfits);
            }
        }
        for (_, mut value) in entries {
            self.fill(&mut value, maps.entry().1, misfits);
        }
        maps.end(true);
    }

    /// Appends a key; returns whether it fits, and appends nothing if not.
    fn append_key(&mut self, key: &str, keys: &mut ValueBuilder, misfits: &mut Misfits) -> bool {
        let (len, count) = (keys.len(), misfits.count());
        keys.append(&Scalar::Text(unescape(key, &mut self.unescaped)), misfits);
        let fits = misfits.count() == count;
        if !fits {
            keys.truncate(len);
        }
        fits
    }
}

/// Field of exactly this name, or else one that differs only by case, and which of both it is. Members mostly
/// have the order of the fields: the search begins at the `expected` one.
fn find_field(names: &Fields, key: &str, expected: usize) -> Option<(usize, bool)> {
    let mut fields = (expected..names.len()).chain(0..expected);
    if let Some(exact) = fields.find(|&field| names[field].name() == key) {
        return Some((exact, true));
    }
    let mut names = names.iter();
    let alike = names.position(|field| are_alike(field.name(), key));
    alike.map(|field| (field, false))
}

/// Scalar of a valid JSON value; strings borrow from it unless they contain escapes.
fn scalar<'a>(json: &'a str, unescaped: &'a mut String) -> Scalar<'a> {
    match json.as_bytes().first() {
        Some(b'n') | None => Scalar::Null,
        Some(b't') => Scalar::Bool(true),
        Some(b'f') => Scalar::Bool(false),
        Some(b'{' | b'[') => Scalar::Nested(json),
        Some(b'"') => Scalar::Text(unescape(inside(json), unescaped)),
        Some(_) => Scalar::Number(json),
    }
}

/// Text between the quotes.
fn inside(string: &str) -> &str {
    string.get(1..string.len().saturating_sub(1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};

    use super::*;
    use crate::format_hint::DateFormat;

    #[test]
    fn keeps_nothing_of_a_row() {
        let inner = DataType::Struct(Fields::from(vec![Field::new("b", DataType::Int32, true)]));
        let outer = DataType::Struct(Fields::from(vec![Field::new("a", inner, true)]));
        let mut values = ValueBuilder::new(&outer, &DateFormat::default()).unwrap();
        let mut filler = Filler::default();
        filler.append(r#"{"a":{"b":1}}"#, &mut values, &mut Misfits::default());
        assert!(filler.exact.is_empty());
    }
}
