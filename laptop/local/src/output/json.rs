//! Rows as JSON, one object a line.
//!
//! | value | JSON |
//! | --- | --- |
//! | boolean, integer, decimal, finite REAL and DOUBLE | as it is |
//! | NaN, Infinity, -Infinity | the word as a text, as a cast to JSON in Athena gives |
//! | VARBINARY | a text of hexadecimal digits |
//! | anything else without parts | its text |
//! | ARRAY, ROW | an array, an object |
//! | MAP | an object; a key of any type by its text |
//! | NULL | `null` |

use std::io::Write;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::Value;

/// Writes a line for each row, every column in it.
pub(super) fn write(
    out: &mut impl Write,
    batch: &RecordBatch,
    options: &FormatOptions<'_>,
) -> Result<(), ArrowError> {
    let fields = batch.schema_ref().fields().iter();
    let columns = fields.zip(batch.columns()).map(|(field, array)| {
        let column = Column::new(array, options)?;
        Ok((quoted(field.name()), column))
    });
    let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
    let mut line = String::new();
    for row in 0..batch.num_rows() {
        line.clear();
        line.push('{');
        for (at, (name, column)) in columns.iter().enumerate() {
            separate(&mut line, at);
            line.push_str(name);
            line.push(':');
            column.push(row, &mut line)?;
        }
        line.push_str("}\n");
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}

/// Column, and the form of its values in JSON.
struct Column<'a> {
    array: &'a ArrayRef,
    form: Form<'a>,
}

enum Form<'a> {
    Float(fn(&ArrayRef, usize) -> f64, ArrayFormatter<'a>),
    /// Number or boolean, which JSON has without quotes.
    Bare(ArrayFormatter<'a>),
    Text(ArrayFormatter<'a>),
    List(&'a [i32], Box<Column<'a>>),
    Row(Vec<(String, Column<'a>)>),
    Map {
        offsets: &'a [i32],
        keys: ArrayFormatter<'a>,
        values: Box<Column<'a>>,
    },
}

impl<'a> Column<'a> {
    fn new(array: &'a ArrayRef, options: &FormatOptions<'a>) -> Result<Self, ArrowError> {
        let formatter = |array: &'a ArrayRef| ArrayFormatter::try_new(array, options);
        let form = match array.data_type() {
            DataType::Float32 => Form::Float(
                |array, row| array.as_primitive::<Float32Type>().value(row).into(),
                formatter(array)?,
            ),
            DataType::Float64 => Form::Float(
                |array, row| array.as_primitive::<Float64Type>().value(row),
                formatter(array)?,
            ),
            data_type if data_type.is_integer() || data_type.is_decimal() => Form::Bare(formatter(array)?),
            DataType::Boolean => Form::Bare(formatter(array)?),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let items = Self::new(list.values(), options)?;
                Form::List(list.value_offsets(), Box::new(items))
            }
            DataType::Struct(fields) => {
                let columns = fields.iter().zip(array.as_struct().columns());
                let columns =
                    columns.map(|(field, column)| Ok((quoted(field.name()), Self::new(column, options)?)));
                Form::Row(columns.collect::<Result<_, ArrowError>>()?)
            }
            DataType::Map(..) => {
                let map = array.as_map();
                Form::Map {
                    offsets: map.value_offsets(),
                    keys: formatter(map.keys())?,
                    values: Box::new(Self::new(map.values(), options)?),
                }
            }
            _ => Form::Text(formatter(array)?),
        };
        Ok(Self { array, form })
    }

    fn push(&self, row: usize, out: &mut String) -> Result<(), ArrowError> {
        if self.array.is_null(row) {
            out.push_str("null");
            return Ok(());
        }
        match &self.form {
            Form::Float(value, formatter) => match value(self.array, row) {
                finite if finite.is_finite() => out.push_str(&formatter.value(row).try_to_string()?),
                word => out.push_str(&quoted(float_word(word))),
            },
            Form::Bare(formatter) => out.push_str(&formatter.value(row).try_to_string()?),
            Form::Text(formatter) => out.push_str(&quoted(&formatter.value(row).try_to_string()?)),
            Form::List(offsets, items) => {
                out.push('[');
                for (at, item) in range(offsets, row).enumerate() {
                    separate(out, at);
                    items.push(item, out)?;
                }
                out.push(']');
            }
            Form::Row(columns) => {
                out.push('{');
                for (at, (name, column)) in columns.iter().enumerate() {
                    separate(out, at);
                    out.push_str(name);
                    out.push(':');
                    column.push(row, out)?;
                }
                out.push('}');
            }
            Form::Map {
                offsets,
                keys,
                values,
            } => {
                out.push('{');
                for (at, entry) in range(offsets, row).enumerate() {
                    separate(out, at);
                    out.push_str(&quoted(&keys.value(entry).try_to_string()?));
                    out.push(':');
                    values.push(entry, out)?;
                }
                out.push('}');
            }
        }
        Ok(())
    }
}

/// Athena's word for a value that is not finite.
pub(super) fn float_word(value: f64) -> &'static str {
    match value {
        _ if value.is_nan() => "NaN",
        _ if value > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

/// Places of the items of a list, or of the entries of a map.
fn range(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    // Offsets are never below zero.
    offsets[row] as usize..offsets[row + 1] as usize
}

fn separate(out: &mut String, at: usize) {
    if at > 0 {
        out.push(',');
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
