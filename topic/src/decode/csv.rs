//! Decoding of CSV: one record per payload, similar to [RFC 4180](https://www.rfc-editor.org/rfc/rfc4180).
//!
//! | in the payload | in the row |
//! |---|---|
//! | fields | by the column's mapping, which counts them from 0; further ones are ignored |
//! | field missing, mapping beyond the last field, mapping that is not a decimal number | NULL |
//! | empty text, quoted or not | `''` in VARCHAR, NULL in any other column |
//! | trailing empty fields (`a,,`) | empty text, too, where Java's `split` drops them |
//! | zero bytes | one empty field |
//! | text in VARCHAR | the text |
//! | text in any other scalar column | as a JSON string in that column ([`json`](super::json)): NULL, counted, if it does not fit |
//! | text in ARRAY, ROW, MAP | JSON; NULL, counted, if it is not JSON |
//! | `nullText`, unquoted | NULL |
//! | blanks (space and any character below) around a field | dropped with `trim`, as Java does; blanks within quotes are kept |
//! | quoted field | may hold delimiters, line ends, and doubled quotes |
//! | `escape` within quotes | the character after it is literal |
//! | quote after the start of an unquoted field, escape outside quotes | text |
//! | text after a closing quote | appended, up to the delimiter |
//! | line end at the end of the payload | dropped |
//! | line end elsewhere outside quotes | text of its field, as in Java: one payload is one record |
//! | byte order marks at the start | dropped |
//! | bytes that are not UTF-8 | replaced by U+FFFD |
//! | quote without its end | bad record |
//!
//! So only an unclosed quote makes a payload bad. Differences from Java: quotes, which are text there (and
//! here without a `quote`); trailing empty fields; a byte order mark, which is text there; an empty BOOLEAN,
//! which is false there.

use arrow::datatypes::DataType;

use crate::decode::column::ColumnBuilder;
use crate::decode::csv::fields::{Field, Fields};
use crate::decode::error::{RowError, TableError};
use crate::decode::json::fill::Filler;
use crate::decode::payload_decoder::PayloadDecoder;
use crate::decode::scalar::Scalar;
use crate::decode::utf8;
use crate::decode::wanted::Column;
use crate::table::CsvOptions;

mod fields;

/// Decoder of CSV records.
pub(crate) struct CsvDecoder {
    fields: Fields,
    /// Field and column of each pair, in the order of fields.
    wanted: Vec<(usize, usize)>,
    null_text: Option<String>,
    filler: Filler,
}

/// Index that no record has.
const NO_FIELD: usize = usize::MAX;

impl CsvDecoder {
    pub(crate) fn new(columns: &[Column], options: &CsvOptions) -> Result<Self, TableError> {
        let indexes = columns
            .iter()
            .map(|column| column.mapping.parse().unwrap_or(NO_FIELD));
        let mut wanted: Vec<_> = indexes.zip(0..).collect();
        wanted.sort_unstable();
        Ok(Self {
            fields: Fields::new(options)?,
            wanted,
            null_text: options.null_text.clone(),
            filler: Filler::default(),
        })
    }
}

impl PayloadDecoder for CsvDecoder {
    fn decode(&mut self, payload: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), RowError> {
        let record = utf8::lossy(payload);
        let (null_text, filler) = (self.null_text.as_deref(), &mut self.filler);
        let mut wanted = self.wanted.iter().peekable();
        self.fields.read(&record, |field| {
            while let Some((_, column)) = wanted.next_if(|(index, _)| *index == field.index) {
                append(&mut columns[*column], &field, null_text, filler);
            }
        })?;
        for (_, column) in wanted {
            columns[*column].append(&Scalar::Null);
        }
        Ok(())
    }
}

fn append(column: &mut ColumnBuilder, field: &Field<'_>, null_text: Option<&str>, filler: &mut Filler) {
    let (values, misfits) = column.parts();
    let null = !field.quoted && null_text == Some(field.text);
    let empty = field.text.is_empty() && values.data_type() != DataType::Utf8;
    if null || empty {
        values.append_null();
    } else {
        filler.append_text(field.text, values, misfits);
    }
}

#[cfg(test)]
mod tests;
