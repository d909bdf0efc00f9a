//! Rows of CSV files with names in their first line.
//!
//! CSV has no types. A column has numbers, or booleans, only if each of its values is one as JSON spells it, so that no
//! text loses a zero or a sign. To know that, the file is read twice.

use std::collections::HashSet;
use std::io::Read;

use csv::{ByteRecord, Error, ErrorKind, Reader, ReaderBuilder};

use super::row::{Fault, Place, Row, Rows};

pub(super) fn rows(
    first: impl Read,
    second: impl Read + Send + 'static,
    delimiter: u8,
) -> Result<Rows, Fault> {
    let columns = Columns::read(&mut reader(first, delimiter))?;
    let mut records = reader(second, delimiter).into_byte_records();
    Ok(Box::new(std::iter::from_fn(move || {
        let record = records.next()?;
        Some(record.map_err(fault).and_then(|record| columns.row(&record)))
    })))
}

fn reader<R: Read>(input: R, delimiter: u8) -> Reader<R> {
    ReaderBuilder::new().delimiter(delimiter).from_reader(input)
}

/// Type of all values of a column, except empty ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Empty,
    Number,
    Boolean,
    Text,
}

impl Kind {
    fn of(value: &[u8]) -> Self {
        match value {
            b"" => Self::Empty,
            b"true" | b"false" => Self::Boolean,
            value if value[0] == b'-' || value[0].is_ascii_digit() => {
                match serde_json::from_slice::<serde_json::Number>(value) {
                    Ok(_) if !value.ends_with(b" ") => Self::Number,
                    _ => Self::Text,
                }
            }
            _ => Self::Text,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Empty, kind) | (kind, Self::Empty) => kind,
            (left, right) if left == right => left,
            _ => Self::Text,
        }
    }
}

struct Columns {
    /// Names in JSON, with quotes.
    names: Vec<String>,
    kinds: Vec<Kind>,
}

impl Columns {
    fn read(reader: &mut Reader<impl Read>) -> Result<Self, Fault> {
        let headers = reader.headers().map_err(fault)?.clone();
        let mut names = HashSet::new();
        for name in &headers {
            if name.is_empty() || !names.insert(name) {
                let reason =
                    format!("the first line names columns: wanted each once and none empty, found `{name}`");
                return Err((Some(Place::Line(1)), reason));
            }
        }
        let mut kinds = vec![Kind::Empty; headers.len()];
        let mut record = ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(fault)? {
            for (kind, value) in kinds.iter_mut().zip(&record) {
                *kind = kind.and(Kind::of(value));
            }
        }
        Ok(Self {
            names: headers.iter().map(quoted).collect(),
            kinds,
        })
    }

    fn row(&self, record: &ByteRecord) -> Result<Row, Fault> {
        let place = Place::Line(record.position().map_or(0, csv::Position::line));
        let mut json = String::from("{");
        for ((name, kind), value) in self.names.iter().zip(&self.kinds).zip(record) {
            let value = std::str::from_utf8(value).map_err(|_| {
                let reason = format!("the value of column {name} is not UTF-8");
                (Some(place), reason)
            })?;
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(name);
            json.push(':');
            match kind {
                _ if value.is_empty() => json.push_str("null"),
                Kind::Number | Kind::Boolean => json.push_str(value),
                Kind::Text | Kind::Empty => json.push_str(&quoted(value)),
            }
        }
        json.push('}');
        Ok(Row {
            place,
            json: json.into_bytes(),
        })
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn fault(error: Error) -> Fault {
    let place = error.position().map(|position| Place::Line(position.line()));
    let reason = match error.kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("{len} fields, wanted {expected_len} as in the first line")
        }
        ErrorKind::Utf8 { err, .. } => format!("field {} is not UTF-8", err.field() + 1),
        _ => error.to_string(),
    };
    (place, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &'static str) -> Vec<Result<String, Fault>> {
        match rows(text.as_bytes(), text.as_bytes(), b',') {
            Ok(rows) => rows
                .map(|row| row.map(|row| String::from_utf8(row.json).unwrap()))
                .collect(),
            Err(fault) => vec![Err(fault)],
        }
    }

    #[test]
    fn a_column_has_the_type_of_all_its_values() {
        let text = "id,zip,price,paid,note,none\n1,01067,1.10,true,5,\n2,10115,-2e3,false,,\n3,20095,0,,\"a,\"\"b\"\"\",\n";
        assert_eq!(
            lines(text).into_iter().map(Result::unwrap).collect::<Vec<_>>(),
            [
                r#"{"id":1,"zip":"01067","price":1.10,"paid":true,"note":"5","none":null}"#,
                r#"{"id":2,"zip":"10115","price":-2e3,"paid":false,"note":null,"none":null}"#,
                r#"{"id":3,"zip":"20095","price":0,"paid":null,"note":"a,\"b\"","none":null}"#,
            ]
        );
    }

    #[test]
    fn a_row_of_another_length_is_named_by_its_line() {
        let fault = lines("a,b\n1,2\n3\n").pop().unwrap().unwrap_err();
        assert_eq!(
            fault,
            (
                Some(Place::Line(3)),
                "1 fields, wanted 2 as in the first line".to_owned()
            )
        );
    }

    #[test]
    fn names_must_be_there_and_differ() {
        for text in ["a,a\n1,2\n", "a,\n1,2\n"] {
            let (place, reason) = lines(text).pop().unwrap().unwrap_err();
            assert_eq!(place, Some(Place::Line(1)));
            assert!(reason.contains("wanted each once"), "{reason}");
        }
    }
}
