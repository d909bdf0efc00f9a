//! Decoding of a schema's flatbuffer. Arrow's own conversion panics on unexpected input, so this one checks
//! every step.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, Schema, TimeUnit};
use arrow::ipc;

use super::framing::arrow;
use super::types::check_block_field;
use crate::error::{Rule, quoted_name};

/// Reads a schema. The flatbuffer verifier bounds its nesting depth.
pub(super) fn read_schema(schema: ipc::Schema<'_>) -> Result<Schema, Rule> {
    if schema.endianness() != ipc::Endianness::Little {
        return Err(arrow("it is not little-endian"));
    }
    let fields = schema.fields().ok_or_else(|| arrow("it has no list of fields"))?;
    let fields = fields.iter().map(read_field).collect::<Result<Vec<_>, _>>()?;
    for field in &fields {
        check_block_field(field).map_err(|error| arrow(error.to_string()))?;
    }
    let metadata = schema
        .custom_metadata()
        .into_iter()
        .flatten()
        .filter_map(read_entry)
        .collect();
    Ok(Schema::new_with_metadata(fields, metadata))
}

fn read_field(field: ipc::Field<'_>) -> Result<Field, Rule> {
    let name = field.name().unwrap_or_default();
    let named = |rule| match rule {
        Rule::Arrow(text) => arrow(format!("column `{}`: {text}", quoted_name(name))),
        other => other,
    };
    if field.dictionary().is_some() {
        return Err(named(arrow(
            "it is dictionary-encoded, and the protocol carries no dictionaries",
        )));
    }
    let metadata: HashMap<_, _> = field
        .custom_metadata()
        .into_iter()
        .flatten()
        .filter_map(read_entry)
        .collect();
    Ok(Field::new(name, read_type(field).map_err(named)?, field.nullable()).with_metadata(metadata))
}

fn read_entry(entry: ipc::KeyValue<'_>) -> Option<(String, String)> {
    Some((entry.key()?.to_owned(), entry.value()?.to_owned()))
}

fn read_type(field: ipc::Field<'_>) -> Result<DataType, Rule> {
    let kind = field.type_type();
    let data_type = match kind {
        ipc::Type::Null => Some(DataType::Null),
        ipc::Type::Bool => Some(DataType::Boolean),
        ipc::Type::Utf8 => Some(DataType::Utf8),
        ipc::Type::Binary => Some(DataType::Binary),
        ipc::Type::Int => field.type_as_int().and_then(int),
        ipc::Type::FloatingPoint => field.type_as_floating_point().and_then(float),
        ipc::Type::Decimal => field.type_as_decimal().and_then(decimal),
        ipc::Type::Date => field.type_as_date().and_then(date),
        ipc::Type::Time => field.type_as_time().and_then(time),
        ipc::Type::Timestamp => field.type_as_timestamp().and_then(timestamp),
        ipc::Type::Interval => field.type_as_interval().and_then(interval),
        ipc::Type::FixedSizeBinary => field
            .type_as_fixed_size_binary()
            .map(|binary| DataType::FixedSizeBinary(binary.byteWidth())),
        ipc::Type::List => Some(DataType::List(only_child(field)?)),
        ipc::Type::FixedSizeList => {
            let child = only_child(field)?;
            field
                .type_as_fixed_size_list()
                .map(|list| DataType::FixedSizeList(child, list.listSize()))
        }
        ipc::Type::Struct_ => Some(DataType::Struct(children(field)?.into())),
        ipc::Type::Map => {
            let child = only_child(field)?;
            field
                .type_as_map()
                .map(|map| DataType::Map(child, map.keysSorted()))
        }
        other => return Err(arrow(format!("its type {other:?} is not allowed in a block"))),
    };
    data_type.ok_or_else(|| arrow(format!("its type {kind:?} has invalid parameters")))
}

fn children(field: ipc::Field<'_>) -> Result<Vec<FieldRef>, Rule> {
    let children = field.children().into_iter().flatten();
    children.map(|child| read_field(child).map(Arc::new)).collect()
}

fn only_child(field: ipc::Field<'_>) -> Result<FieldRef, Rule> {
    let mut children = children(field)?;
    match (children.pop(), children.len()) {
        (Some(child), 0) => Ok(child),
        (child, more) => {
            let count = more + usize::from(child.is_some());
            Err(arrow(format!(
                "its type {:?} has {count} children, wanted 1",
                field.type_type()
            )))
        }
    }
}

fn int(int: ipc::Int<'_>) -> Option<DataType> {
    Some(match (int.bitWidth(), int.is_signed()) {
        (8, true) => DataType::Int8,
        (16, true) => DataType::Int16,
        (32, true) => DataType::Int32,
        (64, true) => DataType::Int64,
        (8, false) => DataType::UInt8,
        (16, false) => DataType::UInt16,
        (32, false) => DataType::UInt32,
        (64, false) => DataType::UInt64,
        _ => return None,
    })
}

fn float(float: ipc::FloatingPoint<'_>) -> Option<DataType> {
    Some(match float.precision() {
        ipc::Precision::HALF => DataType::Float16,
        ipc::Precision::SINGLE => DataType::Float32,
        ipc::Precision::DOUBLE => DataType::Float64,
        _ => return None,
    })
}

fn decimal(decimal: ipc::Decimal<'_>) -> Option<DataType> {
    let precision = u8::try_from(decimal.precision()).ok()?;
    let scale = i8::try_from(decimal.scale()).ok()?;
    (decimal.bitWidth() == 128).then_some(DataType::Decimal128(precision, scale))
}

fn date(date: ipc::Date<'_>) -> Option<DataType> {
    match date.unit() {
        ipc::DateUnit::DAY => Some(DataType::Date32),
        ipc::DateUnit::MILLISECOND => Some(DataType::Date64),
        _ => None,
    }
}

fn time(time: ipc::Time<'_>) -> Option<DataType> {
    let unit = time_unit(time.unit())?;
    match time.bitWidth() {
        32 => Some(DataType::Time32(unit)),
        64 => Some(DataType::Time64(unit)),
        _ => None,
    }
}

fn timestamp(timestamp: ipc::Timestamp<'_>) -> Option<DataType> {
    Some(DataType::Timestamp(
        time_unit(timestamp.unit())?,
        timestamp.timezone().map(Arc::from),
    ))
}

fn time_unit(unit: ipc::TimeUnit) -> Option<TimeUnit> {
    Some(match unit {
        ipc::TimeUnit::SECOND => TimeUnit::Second,
        ipc::TimeUnit::MILLISECOND => TimeUnit::Millisecond,
        ipc::TimeUnit::MICROSECOND => TimeUnit::Microsecond,
        ipc::TimeUnit::NANOSECOND => TimeUnit::Nanosecond,
        _ => return None,
    })
}

fn interval(interval: ipc::Interval<'_>) -> Option<DataType> {
    Some(DataType::Interval(match interval.unit() {
        ipc::IntervalUnit::YEAR_MONTH => IntervalUnit::YearMonth,
        ipc::IntervalUnit::DAY_TIME => IntervalUnit::DayTime,
        ipc::IntervalUnit::MONTH_DAY_NANO => IntervalUnit::MonthDayNano,
        _ => return None,
    }))
}
