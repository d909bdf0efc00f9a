//! Rows as lines of CSV.

use csv::{Error, Terminator, WriterBuilder};

use crate::row::{Row, Value};

const LINE_END: u8 = b'\n';

pub(super) fn encode(row: &Row) -> Result<Vec<u8>, Error> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::Any(LINE_END))
        .from_writer(Vec::new());
    writer.write_record(row.values().iter().map(field))?;
    let mut line = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    // The record ends the line, so the line end is removed.
    if line.last() == Some(&LINE_END) {
        line.pop();
    }
    Ok(line)
}

fn field(value: &Value<'_>) -> String {
    match value {
        Value::BigInt(number) => number.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Varchar(text) => text.to_string(),
    }
}
