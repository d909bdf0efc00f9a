//! Casts of JSON to arrays and rows, column by column.
//!
//! What records usually hold, arrays of flat objects with whole numbers and short texts, goes from the text straight into
//! Arrow's buffers. A text with anything else is read by [`super::json`], which has all of Trino's rules, and the values
//! are appended: whether a text is plain decides about time alone.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
    ListArray, StringArray, StructArray,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use super::json;
use crate::error::{Error, Result, err};
use crate::registry::Kernel;
use crate::types::{RowField, Type, item_field, row_fields};
use crate::value::Value;

/// The kernel of a cast of JSON, or of `json_parse` of a text, to `to`; None for types that it has no columns for.
pub(super) fn kernel(from: &Type, to: &Type) -> Option<Kernel> {
    if !matches!(to, Type::Array(_) | Type::Row(_)) || Column::of(to).is_none() {
        return None;
    }
    let (from, to) = (from.clone(), to.clone());
    Some(Arc::new(move |call, columns| {
        let texts = columns[0].as_string::<i32>();
        let mut column = Column::of(&to).ok_or_else(|| err!(Internal, "no columns for {to}"))?;
        for row in 0..call.rows {
            if texts.is_null(row) {
                column.push(Value::Null)?;
                continue;
            }
            let text = texts.value(row);
            let mut reader = Reader::new(text);
            let rows = column.len();
            if column.read(&mut reader).is_none() || !reader.is_at_end() {
                column.truncate(rows);
                let document = match &from {
                    Type::Json => Value::Text(text.to_owned()),
                    _ => json::parse(text)?,
                };
                column.push(json::cast(&document, &Type::Json, &to)?)?;
            }
        }
        column.finish(&to)
    }))
}

/// A column that grows.
enum Column {
    Whole(Vec<i64>, Vec<bool>, std::ops::RangeInclusive<i64>),
    Double(Vec<f64>, Vec<bool>),
    Boolean(Vec<bool>, Vec<bool>),
    Text {
        bytes: Vec<u8>,
        ends: Vec<i32>,
        valid: Vec<bool>,
    },
    Array {
        items: Box<Column>,
        ends: Vec<i32>,
        valid: Vec<bool>,
    },
    Row(Vec<(String, Column)>, Vec<bool>),
}

impl Column {
    /// An empty column of a type.
    fn of(ty: &Type) -> Option<Self> {
        let whole = |range| Self::Whole(Vec::new(), Vec::new(), range);
        Some(match ty {
            Type::TinyInt => whole(i8::MIN.into()..=i8::MAX.into()),
            Type::SmallInt => whole(i16::MIN.into()..=i16::MAX.into()),
            Type::Integer => whole(i32::MIN.into()..=i32::MAX.into()),
            Type::BigInt => whole(i64::MIN..=i64::MAX),
            Type::Double => Self::Double(Vec::new(), Vec::new()),
            Type::Boolean => Self::Boolean(Vec::new(), Vec::new()),
            Type::Varchar(None) => Self::Text {
                bytes: Vec::new(),
                ends: vec![0],
                valid: Vec::new(),
            },
            Type::Array(item) => Self::Array {
                items: Box::new(Self::of(item)?),
                ends: vec![0],
                valid: Vec::new(),
            },
            Type::Row(fields) => {
                let column = |field: &RowField| {
                    let name = field.name.as_ref().filter(|name| name.is_ascii())?;
                    Some((name.to_ascii_lowercase(), Self::of(&field.ty)?))
                };
                let columns: Vec<_> = fields.iter().map(column).collect::<Option<_>>()?;
                // Fields that are told apart by their place have no plain form.
                let mut names: Vec<_> = columns.iter().map(|(name, _)| name).collect();
                names.sort_unstable();
                if names.windows(2).any(|pair| pair[0] == pair[1]) || columns.len() > 64 {
                    return None;
                }
                Self::Row(columns, Vec::new())
            }
            _ => return None,
        })
    }

    fn valid(&mut self) -> &mut Vec<bool> {
        match self {
            Self::Whole(_, valid, _)
            | Self::Double(_, valid)
            | Self::Boolean(_, valid)
            | Self::Text { valid, .. }
            | Self::Array { valid, .. }
            | Self::Row(_, valid) => valid,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Whole(_, valid, _)
            | Self::Double(_, valid)
            | Self::Boolean(_, valid)
            | Self::Text { valid, .. }
            | Self::Array { valid, .. }
            | Self::Row(_, valid) => valid.len(),
        }
    }

    fn truncate(&mut self, rows: usize) {
        self.valid().truncate(rows);
        match self {
            Self::Whole(values, ..) => values.truncate(rows),
            Self::Double(values, _) => values.truncate(rows),
            Self::Boolean(values, _) => values.truncate(rows),
            Self::Text { bytes, ends, .. } => {
                ends.truncate(rows + 1);
                bytes.truncate(ends[rows] as usize);
            }
            Self::Array { items, ends, .. } => {
                ends.truncate(rows + 1);
                items.truncate(ends[rows] as usize);
            }
            Self::Row(columns, _) => columns.iter_mut().for_each(|(_, column)| column.truncate(rows)),
        }
    }

    fn push(&mut self, value: Value) -> Result<()> {
        self.valid().push(!value.is_null());
        match (self, value) {
            (Self::Whole(values, ..), Value::Int(int)) => values.push(int),
            (Self::Whole(values, ..), Value::Null) => values.push(0),
            (Self::Double(values, _), Value::Double(double)) => values.push(double),
            (Self::Double(values, _), Value::Null) => values.push(0.0),
            (Self::Boolean(values, _), Value::Boolean(b)) => values.push(b),
            (Self::Boolean(values, _), Value::Null) => values.push(false),
            (Self::Text { bytes, ends, .. }, value) => {
                if let Value::Text(text) = value {
                    bytes.extend_from_slice(text.as_bytes());
                }
                ends.push(end(bytes.len())?);
            }
            (Self::Array { items, ends, .. }, value) => {
                if let Value::Array(values) = value {
                    values.into_iter().try_for_each(|value| items.push(value))?;
                }
                ends.push(end(items.len())?);
            }
            (Self::Row(columns, _), Value::Row(values)) => {
                for ((_, column), value) in columns.iter_mut().zip(values) {
                    column.push(value)?;
                }
            }
            (Self::Row(columns, _), Value::Null) => {
                columns
                    .iter_mut()
                    .try_for_each(|(_, column)| column.push(Value::Null))?;
            }
            (_, value) => return Err(err!(Internal, "a cast gave {value:?}")),
        }
        Ok(())
    }

    /// Reads a plain value; None for any other, after which the column has to be truncated.
    fn read(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        if reader.accept_word(b"null") {
            return self.push(Value::Null).ok();
        }
        match self {
            Self::Whole(values, valid, range) => {
                let value = reader.whole().filter(|value| range.contains(value))?;
                values.push(value);
                valid.push(true);
            }
            Self::Double(values, valid) => {
                values.push(reader.number()?);
                valid.push(true);
            }
            Self::Boolean(values, valid) => {
                let value = reader.accept_word(b"true");
                if !value && !reader.accept_word(b"false") {
                    return None;
                }
                values.push(value);
                valid.push(true);
            }
            Self::Text { bytes, ends, valid } => {
                bytes.extend_from_slice(reader.text()?.as_bytes());
                ends.push(end(bytes.len()).ok()?);
                valid.push(true);
            }
            Self::Array { items, ends, valid } => {
                reader.expect(b'[')?;
                if !reader.accept(b']') {
                    loop {
                        items.read(reader)?;
                        if !reader.accept(b',') {
                            break;
                        }
                    }
                    reader.expect(b']')?;
                }
                ends.push(end(items.len()).ok()?);
                valid.push(true);
            }
            Self::Row(columns, valid) => {
                reader.expect(b'{')?;
                let rows = valid.len();
                if !reader.accept(b'}') {
                    loop {
                        let key = reader.text()?;
                        reader.expect(b':')?;
                        let (_, column) = columns.iter_mut().find(|(name, _)| name == key)?;
                        // The last of equal keys counts.
                        if column.len() > rows {
                            return None;
                        }
                        column.read(reader)?;
                        if !reader.accept(b',') {
                            break;
                        }
                    }
                    reader.expect(b'}')?;
                }
                for (_, column) in columns.iter_mut().filter(|(_, column)| column.len() == rows) {
                    column.push(Value::Null).ok()?;
                }
                valid.push(true);
            }
        }
        Some(())
    }

    fn finish(self, ty: &Type) -> Result<ArrayRef> {
        let nulls = |valid: Vec<bool>| {
            let nulls = NullBuffer::from(valid);
            (nulls.null_count() > 0).then_some(nulls)
        };
        Ok(match (self, ty) {
            (Self::Whole(values, valid, _), ty) => {
                let nulls = nulls(valid);
                // `push` and `read` keep to the type's range.
                match ty {
                    Type::TinyInt => Arc::new(Int8Array::new(cast_all(values, |v| v as i8), nulls)),
                    Type::SmallInt => Arc::new(Int16Array::new(cast_all(values, |v| v as i16), nulls)),
                    Type::Integer => Arc::new(Int32Array::new(cast_all(values, |v| v as i32), nulls)),
                    _ => Arc::new(Int64Array::new(values.into(), nulls)),
                }
            }
            (Self::Double(values, valid), _) => Arc::new(Float64Array::new(values.into(), nulls(valid))),
            (Self::Boolean(values, valid), _) => {
                Arc::new(BooleanArray::new(BooleanBuffer::from(values), nulls(valid)))
            }
            (Self::Text { bytes, ends, valid }, _) => Arc::new(StringArray::try_new(
                OffsetBuffer::new(ends.into()),
                Buffer::from_vec(bytes),
                nulls(valid),
            )?),
            (Self::Array { items, ends, valid }, Type::Array(item)) => Arc::new(ListArray::try_new(
                item_field(item),
                OffsetBuffer::new(ends.into()),
                items.finish(item)?,
                nulls(valid),
            )?),
            (Self::Row(columns, valid), Type::Row(fields)) => {
                let rows = valid.len();
                let columns = columns.into_iter().zip(fields.iter());
                let columns = columns.map(|((_, column), field)| column.finish(&field.ty));
                let columns = columns.collect::<Result<_>>()?;
                Arc::new(StructArray::try_new_with_length(
                    row_fields(fields),
                    columns,
                    nulls(valid),
                    rows,
                )?)
            }
            (_, ty) => return Err(err!(Internal, "no column for {ty}")),
        })
    }
}

fn cast_all<T: arrow::datatypes::ArrowNativeType>(values: Vec<i64>, cast: fn(i64) -> T) -> ScalarBuffer<T> {
    values.into_iter().map(cast).collect::<Vec<_>>().into()
}

fn end(length: usize) -> Result<i32> {
    let too_long = |_| -> Error { err!(ExceededFunctionMemoryLimit, "a batch of more than 2 GiB") };
    i32::try_from(length).map_err(too_long)
}

/// A reader of plain JSON. Blanks are passed over after each token.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let mut reader = Self { text, at: 0 };
        reader.pass_blanks();
        reader
    }

    fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn pass_blanks(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.byte() == byte;
        if found {
            self.at += 1;
            self.pass_blanks();
        }
        found
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.accept(byte).then_some(())
    }

    fn accept_word(&mut self, word: &[u8]) -> bool {
        let found = self.text.as_bytes()[self.at..].starts_with(word);
        if found {
            self.at += word.len();
            self.pass_blanks();
        }
        found
    }

    /// A text without escapes and control characters.
    fn text(&mut self) -> Option<&'a str> {
        if self.byte() != b'"' {
            return None;
        }
        let start = self.at + 1;
        let length = self.text.as_bytes()[start..]
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F))?;
        let end = start + length;
        if self.text.as_bytes()[end] != b'"' {
            return None;
        }
        self.at = end + 1;
        self.pass_blanks();
        Some(&self.text[start..end])
    }

    /// A whole number of at most 18 digits.
    fn whole(&mut self) -> Option<i64> {
        let negative = self.byte() == b'-';
        let start = self.at + usize::from(negative);
        let mut value = 0;
        self.at = start;
        while self.byte().is_ascii_digit() {
            value = value * 10 + i64::from(self.byte() - b'0');
            self.at += 1;
            if self.at - start > 18 {
                return None;
            }
        }
        let digits = self.at - start;
        let leading_zero = digits > 1 && self.text.as_bytes()[start] == b'0';
        if digits == 0 || leading_zero || matches!(self.byte(), b'.' | b'e' | b'E') {
            return None;
        }
        self.pass_blanks();
        Some(if negative { -value } else { value })
    }

    /// A number with a fraction, if any, and no exponent.
    fn number(&mut self) -> Option<f64> {
        let start = self.at;
        let digits = |reader: &mut Self| {
            let first = reader.at;
            while reader.byte().is_ascii_digit() {
                reader.at += 1;
            }
            reader.at - first
        };
        self.at += usize::from(self.byte() == b'-');
        let leading_zero = self.byte() == b'0';
        let whole = digits(self);
        if whole == 0 || leading_zero && whole > 1 {
            return None;
        }
        if self.byte() == b'.' {
            self.at += 1;
            if digits(self) == 0 {
                return None;
            }
        }
        if matches!(self.byte(), b'e' | b'E') {
            return None;
        }
        let number = self.text[start..self.at].parse().ok()?;
        self.pass_blanks();
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Call;

    fn row() -> Type {
        let field = |name: &str, ty| RowField {
            name: Some(name.to_owned()),
            ty,
        };
        let fields = [
            field("id", Type::Integer),
            field("Name", Type::Varchar(None)),
            field("x", Type::Double),
            field("ok", Type::Boolean),
            field("tags", Type::array(Type::SmallInt)),
        ];
        Type::array(Type::Row(fields.into()))
    }

    fn both(text: &str) -> (Result<Value>, Result<Value>) {
        let (from, to) = (Type::Varchar(None), row());
        let slow = json::parse(text).and_then(|document| json::cast(&document, &Type::Json, &to));
        let call = Call {
            args: std::slice::from_ref(&from),
            result: &to,
            rows: 1,
            lambdas: &[],
        };
        let column: ArrayRef = Arc::new(StringArray::from(vec![text]));
        let fast = kernel(&from, &to).unwrap()(&call, &[column]).map(|array| Value::read(&array, 0, &to));
        (fast, slow)
    }

    #[test]
    fn plain_and_other_texts_give_what_the_rules_give() {
        for text in [
            "[]",
            "null",
            " [ ] ",
            r#"[{"id": 1, "Name": "a", "x": 1.5, "ok": true, "tags": [1, 2]}]"#,
            r#"[{"id": -0, "name": null, "x": 0, "ok": false, "tags": []}, null, {}]"#,
            r#"[{"ID": 7, "NAME": "é\n", "x": 1e3, "tags": [null]}]"#,
            r#"[{"id": 1, "id": 2}, {"id": 3, "Id": 3}]"#,
            r#"[{"id": 1, "id": 2}]"#,
            r#"[{"id": 1.0, "other": {"a": [1]}, "x": "2.5", "ok": "true"}]"#,
            r#"[[1, "n", 2.0, true, [3]]]"#,
            r#"[{"id": 01}]"#,
            r#"[{"id": 2147483648}]"#,
            r#"[{"id": 1"#,
            r#"[{"id": 1}] x"#,
            r#"[{"id": 1,}]"#,
            r#"{"id": 1}"#,
            r#"[{"tags": [40000]}]"#,
            r#"[{"x": -}]"#,
            "",
        ] {
            let (fast, slow) = both(text);
            assert_eq!(fast, slow, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_what_the_rules_give(
            text in r#"\[(\{("id"|"name"|"x"|"ok"): ?(-?[0-9]{1,3}|[0-9]\.[0-9]|"[a-c]*"|null|true)(, "tags": \[[0-9, ]*\])?\}(, ?)?){0,3}\]"#
        ) {
            let (fast, slow) = both(&text);
            proptest::prop_assert_eq!(fast, slow);
        }
    }
}
