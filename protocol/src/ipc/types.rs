//! Arrow types that are allowed in a block, and in a table that Athena accepts.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, Schema, TimeUnit};
use thiserror::Error;

/// Column whose type is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("column `{column}` is {data_type}, which {reason}")]
pub struct UnsupportedType {
    /// Name of the column, with the path within it if nested: `orders.items.price`.
    pub column: String,
    pub data_type: DataType,
    reason: &'static str,
}

impl UnsupportedType {
    /// Error for a type that has no name in JSON.
    pub(crate) fn in_json(data_type: &DataType) -> Self {
        Self {
            column: "col1".to_owned(),
            data_type: data_type.clone(),
            reason: "a predicate cannot carry",
        }
    }
}

/// Checks that Athena accepts a table of this schema: the check of
/// `com.amazonaws.athena.connector.lambda.data.SupportedTypes` on the response to GetTable, including nested
/// types.
///
/// Accepted are Bool, signed integers, Float32, Float64, Decimal128, Utf8, Binary, Date32, Date64 (SQL's TIMESTAMP),
/// timestamps with a zone in milli- or microseconds, and List, Struct and Map of these.
///
/// # Errors
/// The first column with an unsupported type, by its path.
pub fn check_supported(schema: &Schema) -> Result<(), UnsupportedType> {
    check_fields(schema, |data_type| match is_supported(data_type) {
        true => Ok(()),
        false => Err("Athena does not support"),
    })
}

/// Checks that blocks can carry the schema: no large, view, union, run-end or dictionary types, parameters in
/// range.
pub(crate) fn check_block_types(schema: &Schema) -> Result<(), UnsupportedType> {
    check_fields(schema, check_block_type)
}

/// Checks one column as [`check_block_types`] does.
pub(crate) fn check_block_field(field: &Field) -> Result<(), UnsupportedType> {
    check_field(&mut Vec::new(), field, check_block_type)
}

type Check = fn(&DataType) -> Result<(), &'static str>;

fn check_fields(schema: &Schema, check: Check) -> Result<(), UnsupportedType> {
    schema
        .fields()
        .iter()
        .try_for_each(|field| check_field(&mut Vec::new(), field, check))
}

fn check_field<'a>(path: &mut Vec<&'a str>, field: &'a Field, check: Check) -> Result<(), UnsupportedType> {
    path.push(field.name());
    if let Err(reason) = check(field.data_type()) {
        let data_type = field.data_type().clone();
        return Err(UnsupportedType {
            column: path.join("."),
            data_type,
            reason,
        });
    }
    match field.data_type() {
        DataType::List(child) | DataType::FixedSizeList(child, _) | DataType::Map(child, _) => {
            check_field(path, child, check)?;
        }
        DataType::Struct(children) => children
            .iter()
            .try_for_each(|child| check_field(path, child, check))?,
        _ => {}
    }
    path.pop();
    Ok(())
}

fn is_supported(data_type: &DataType) -> bool {
    match data_type {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(..)
        | DataType::Utf8
        | DataType::Binary
        | DataType::Date32
        | DataType::Date64
        | DataType::List(_)
        | DataType::Struct(_)
        | DataType::Map(..) => true,
        DataType::Timestamp(unit, Some(_)) => matches!(unit, TimeUnit::Millisecond | TimeUnit::Microsecond),
        _ => false,
    }
}

fn check_block_type(data_type: &DataType) -> Result<(), &'static str> {
    match data_type {
        DataType::Null
        | DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Utf8
        | DataType::Binary
        | DataType::Date32
        | DataType::Date64
        | DataType::Timestamp(..)
        | DataType::Time32(TimeUnit::Second | TimeUnit::Millisecond)
        | DataType::Time64(TimeUnit::Microsecond | TimeUnit::Nanosecond)
        | DataType::Interval(_)
        | DataType::List(_)
        | DataType::Struct(_) => Ok(()),
        DataType::FixedSizeBinary(1..) | DataType::FixedSizeList(_, 1..) => Ok(()),
        DataType::FixedSizeBinary(_) | DataType::FixedSizeList(..) => Err("needs a size of at least 1"),
        DataType::Decimal128(precision, scale) => check_decimal(*precision, *scale),
        DataType::Map(entries, _) if is_pair(entries) => Ok(()),
        DataType::Map(..) => Err("needs entries that are a struct of two"),
        DataType::Dictionary(..) => Err("a block cannot carry: the protocol has no dictionaries"),
        _ => Err("a block cannot carry"),
    }
}

fn check_decimal(precision: u8, scale: i8) -> Result<(), &'static str> {
    let is_precision = (1..=DECIMAL128_MAX_PRECISION).contains(&precision);
    // A scale of -precision still represents every digit before the decimal point.
    let is_scale = i16::from(scale).abs() <= i16::from(precision);
    if is_precision && is_scale {
        Ok(())
    } else {
        Err("needs a precision from 1 to 38 and a scale within it")
    }
}

fn is_pair(entries: &Field) -> bool {
    matches!(entries.data_type(), DataType::Struct(fields) if fields.len() == 2)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn schema(data_type: DataType) -> Schema {
        Schema::new(vec![
            Field::new("a", DataType::Int32, true),
            Field::new("b", data_type, true),
        ])
    }

    #[test]
    fn accepts_what_athena_accepts() {
        let zone = Some(Arc::from("UTC"));
        let price = Field::new("price", DataType::Decimal128(38, 18), true);
        let at = Field::new("at", DataType::Timestamp(TimeUnit::Millisecond, zone), true);
        let item = DataType::Struct(vec![price, at].into());
        let items = DataType::List(Arc::new(Field::new("", item, true)));
        assert_eq!(check_supported(&schema(items)), Ok(()));
    }

    #[test]
    fn names_the_nested_column_athena_refuses() {
        let price = Field::new("price", DataType::UInt8, true);
        let items = DataType::List(Arc::new(Field::new(
            "item",
            DataType::Struct(vec![price].into()),
            true,
        )));
        let Err(error) = check_supported(&schema(items)) else {
            panic!("accepted")
        };
        assert_eq!(
            error.to_string(),
            "column `b.item.price` is UInt8, which Athena does not support"
        );
    }

    #[test]
    fn refuses_timestamps_without_zone_and_with_other_units() {
        for (unit, zone) in [
            (TimeUnit::Millisecond, None),
            (TimeUnit::Microsecond, None),
            (TimeUnit::Second, Some(Arc::from("UTC"))),
            (TimeUnit::Nanosecond, Some(Arc::from("UTC"))),
        ] {
            assert!(check_supported(&schema(DataType::Timestamp(unit, zone))).is_err());
        }
    }

    #[test]
    fn blocks_refuse_large_view_and_dictionary_types_and_impossible_parameters() {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let entries = Arc::new(Field::new("entries", DataType::Int32, false));
        for data_type in [
            DataType::LargeUtf8,
            DataType::Utf8View,
            DataType::Decimal256(38, 2),
            DataType::Decimal128(0, 0),
            DataType::Decimal128(39, 0),
            DataType::Decimal128(5, 6),
            DataType::FixedSizeBinary(0),
            DataType::FixedSizeBinary(-1),
            DataType::Map(entries, false),
            dictionary,
        ] {
            assert!(
                check_block_types(&schema(data_type.clone())).is_err(),
                "{data_type}"
            );
        }
    }
}
