//! Typed Arrow builders that are fed scalars.
//!
//! A value that does not fit its column is NULL and counted; it never costs the row its other columns.

use arrow::array::{
    ArrayBuilder, ArrayRef, ArrowPrimitiveType, BooleanBuilder, PrimitiveBuilder, StringBuilder,
};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};

use crate::decode::Column;
use crate::decode::format_hint::DateFormat;
use crate::decode::scalar::Scalar;

/// Builds one column.
pub struct ColumnBuilder {
    name: String,
    values: Values,
    /// Of one value, or of one offset for VARCHAR.
    width_bytes: usize,
    bytes: usize,
    errors: u64,
}

/// The types a text format can fill: those that the topic document can name.
enum Values {
    Boolean(BooleanBuilder),
    Int8(PrimitiveBuilder<Int8Type>),
    Int16(PrimitiveBuilder<Int16Type>),
    Int32(PrimitiveBuilder<Int32Type>),
    Int64(PrimitiveBuilder<Int64Type>),
    Float32(PrimitiveBuilder<Float32Type>),
    Float64(PrimitiveBuilder<Float64Type>),
    Utf8(StringBuilder),
    Date32(PrimitiveBuilder<Date32Type>, DateFormat),
    Date64(PrimitiveBuilder<Date64Type>, DateFormat),
}

impl ColumnBuilder {
    /// `None` if no text fills the column's type.
    pub fn new(column: Column) -> Option<Self> {
        let width_bytes = column.data_type.primitive_width().unwrap_or(size_of::<i32>());
        let values = Values::new(column.data_type, column.format)?;
        Some(Self {
            name: column.name,
            values,
            width_bytes,
            bytes: 0,
            errors: 0,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Values that did not fit, since the builder was made.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// About how much memory the rows since the last [`finish`](Self::finish) take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends one row.
    pub fn append(&mut self, scalar: Scalar<'_>) {
        let filled = self.values.append(scalar);
        if !filled && scalar != Scalar::Null {
            self.errors += 1;
        }
        self.bytes += self.width_bytes;
        if let Values::Utf8(_) = self.values {
            self.bytes += scalar.as_varchar().map_or(0, str::len);
        }
    }

    /// The column so far; the builder starts over.
    pub fn finish(&mut self) -> ArrayRef {
        self.bytes = 0;
        self.values.as_builder().finish()
    }
}

impl Values {
    fn new(data_type: DataType, format: Option<DateFormat>) -> Option<Self> {
        Some(match (data_type, format) {
            (DataType::Boolean, _) => Values::Boolean(BooleanBuilder::new()),
            (DataType::Int8, _) => Values::Int8(PrimitiveBuilder::new()),
            (DataType::Int16, _) => Values::Int16(PrimitiveBuilder::new()),
            (DataType::Int32, _) => Values::Int32(PrimitiveBuilder::new()),
            (DataType::Int64, _) => Values::Int64(PrimitiveBuilder::new()),
            (DataType::Float32, _) => Values::Float32(PrimitiveBuilder::new()),
            (DataType::Float64, _) => Values::Float64(PrimitiveBuilder::new()),
            (DataType::Utf8, _) => Values::Utf8(StringBuilder::new()),
            (DataType::Date32, Some(format)) => Values::Date32(PrimitiveBuilder::new(), format),
            (DataType::Date64, Some(format)) => Values::Date64(PrimitiveBuilder::new(), format),
            _ => return None,
        })
    }

    /// Appends one row; whether it holds a value.
    fn append(&mut self, scalar: Scalar<'_>) -> bool {
        match self {
            Values::Boolean(builder) => {
                let value = scalar.to_bool();
                builder.append_option(value);
                value.is_some()
            }
            Values::Int8(builder) => append(builder, scalar.to_integer()),
            Values::Int16(builder) => append(builder, scalar.to_integer()),
            Values::Int32(builder) => append(builder, scalar.to_integer()),
            Values::Int64(builder) => append(builder, scalar.to_integer()),
            Values::Float32(builder) => append(builder, scalar.to_float()),
            Values::Float64(builder) => append(builder, scalar.to_float()),
            Values::Utf8(builder) => {
                let value = scalar.as_varchar();
                builder.append_option(value);
                value.is_some()
            }
            Values::Date32(builder, format) => {
                append(builder, scalar.as_text().and_then(|text| format.parse_days(text)))
            }
            Values::Date64(builder, format) => append(
                builder,
                scalar.as_text().and_then(|text| format.parse_millis(text)),
            ),
        }
    }

    fn as_builder(&mut self) -> &mut dyn ArrayBuilder {
        match self {
            Values::Boolean(builder) => builder,
            Values::Int8(builder) => builder,
            Values::Int16(builder) => builder,
            Values::Int32(builder) => builder,
            Values::Int64(builder) => builder,
            Values::Float32(builder) => builder,
            Values::Float64(builder) => builder,
            Values::Utf8(builder) => builder,
            Values::Date32(builder, _) => builder,
            Values::Date64(builder, _) => builder,
        }
    }
}

fn append<T: ArrowPrimitiveType>(builder: &mut PrimitiveBuilder<T>, value: Option<T::Native>) -> bool {
    builder.append_option(value);
    value.is_some()
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Date32Array, Int16Array};

    use super::*;

    fn builder(data_type: DataType) -> ColumnBuilder {
        let format = matches!(data_type, DataType::Date32 | DataType::Date64).then(DateFormat::default);
        ColumnBuilder::new(Column {
            name: "c".into(),
            mapping: "c".into(),
            data_type,
            format,
        })
        .unwrap()
    }

    #[test]
    fn counts_values_that_do_not_fit_but_not_nulls() {
        let mut column = builder(DataType::Int16);
        for scalar in [
            Scalar::Number("1"),
            Scalar::Number("40000"),
            Scalar::Null,
            Scalar::Text("x"),
            Scalar::Nested("[]"),
        ] {
            column.append(scalar);
        }
        assert_eq!(column.errors(), 3);
        let array = column.finish();
        assert_eq!(
            array.as_primitive::<Int16Type>(),
            &Int16Array::from(vec![Some(1), None, None, None, None])
        );
    }

    #[test]
    fn rounds_dates_before_1970_down() {
        let mut column = builder(DataType::Date32);
        for text in ["1969-12-31", "1969-12-31 23:00:00", "1970-01-01 23:00:00"] {
            column.append(Scalar::Text(text));
        }
        assert_eq!(
            column.finish().as_primitive::<Date32Type>(),
            &Date32Array::from(vec![-1, -1, 0])
        );
    }

    #[test]
    fn starts_over_after_finish_but_keeps_its_count_of_errors() {
        let mut column = builder(DataType::Utf8);
        column.append(Scalar::Text("abc"));
        assert_eq!(column.bytes(), 7);
        assert_eq!(column.finish().len(), 1);
        assert_eq!((column.bytes(), column.finish().len()), (0, 0));

        let mut column = builder(DataType::Boolean);
        column.append(Scalar::Nested("{}"));
        column.finish();
        assert_eq!(column.errors(), 1);
    }

    #[test]
    fn refuses_types_that_text_does_not_fill() {
        for data_type in [DataType::Binary, DataType::Decimal128(10, 2), DataType::Utf8View] {
            let column = Column {
                name: "c".into(),
                mapping: "c".into(),
                data_type,
                format: None,
            };
            assert!(ColumnBuilder::new(column).is_none());
        }
    }
}
