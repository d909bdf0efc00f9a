//! Arrow types in JSON: `{"@type":"Int","bitWidth":32,"isSigned":true}`, at serde version 1
//! `{"name":"int","bitWidth":32,"isSigned":true}`. The SDK's side is
//! `com.amazonaws.athena.connector.lambda.serde.v2.ArrowTypeSerDe`.
//!
//! List, Struct and Map are names only: their children are lost. They are read back with placeholder
//! children, and [`same_arrow_type`] compares no more than the JSON holds. Decimals have no width and are
//! always of 128 bits.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, IntervalUnit, TimeUnit};

use super::types::{UnsupportedType, check_block_field};
use crate::error::{Fault, Rule, quoted_name};
use crate::json::{FromJson, Json, Object};
use crate::version::SerdeVersion;

pub(crate) fn data_type_to_json(
    data_type: &DataType,
    version: SerdeVersion,
) -> Result<Json<'_>, UnsupportedType> {
    let is_version_1 = version == SerdeVersion::V1;
    let typed = |name: &'static str| match version {
        SerdeVersion::V1 => Object::new().with("name", name.to_ascii_lowercase()),
        _ => Object::typed(name),
    };
    let int = |width: u32, signed: bool| typed("Int").with("bitWidth", width).with("isSigned", signed);
    let float = |precision: &'static str| typed("FloatingPoint").with("precision", precision);
    let date = |unit: &'static str| typed("Date").with("unit", unit);
    let time = |unit, width: u32| {
        typed("Time")
            .with("unit", unit_name(unit))
            .with("bitWidth", width)
    };
    Ok(match data_type {
        DataType::Int8 => int(8, true),
        DataType::Int16 => int(16, true),
        DataType::Int32 => int(32, true),
        DataType::Int64 => int(64, true),
        DataType::UInt8 => int(8, false),
        DataType::UInt16 => int(16, false),
        DataType::UInt32 => int(32, false),
        DataType::UInt64 => int(64, false),
        DataType::Float16 => float("HALF"),
        DataType::Float32 => float("SINGLE"),
        DataType::Float64 => float("DOUBLE"),
        DataType::Utf8 => typed("Utf8"),
        DataType::Binary => typed("Binary"),
        DataType::Boolean => typed("Bool"),
        DataType::Null => typed("Null"),
        DataType::Struct(_) => typed("Struct"),
        DataType::List(_) => typed("List"),
        DataType::Map(_, is_sorted) if is_version_1 => typed("Map").with("keysSorted", *is_sorted),
        DataType::Map(..) => typed("Map"),
        DataType::Decimal128(precision, scale) => {
            let decimal = typed("Decimal")
                .with("precision", u32::from(*precision))
                .with("scale", i64::from(*scale));
            match version {
                SerdeVersion::V1 => decimal.with("bitWidth", 128_u32),
                _ => decimal,
            }
        }
        DataType::Date32 => date("DAY"),
        DataType::Date64 => date("MILLISECOND"),
        DataType::Timestamp(unit, zone) => typed("Timestamp")
            .with("unit", unit_name(*unit))
            .with("timezone", zone.as_deref()),
        DataType::Time32(unit) => time(*unit, 32),
        DataType::Time64(unit) => time(*unit, 64),
        DataType::Interval(unit) => typed("Interval").with("unit", interval_name(*unit)),
        DataType::FixedSizeBinary(width) => typed("FixedSizeBinary").with("byteWidth", i64::from(*width)),
        DataType::FixedSizeList(_, size) => typed("FixedSizeList").with("listSize", i64::from(*size)),
        other => return Err(UnsupportedType::in_json(other)),
    }
    .into())
}

/// Whether both types have the same JSON.
pub(crate) fn same_arrow_type(left: &DataType, right: &DataType) -> bool {
    match (left, right) {
        (DataType::List(_), DataType::List(_))
        | (DataType::Struct(_), DataType::Struct(_))
        | (DataType::Map(..), DataType::Map(..)) => true,
        (DataType::FixedSizeList(_, left), DataType::FixedSizeList(_, right)) => left == right,
        _ => left == right,
    }
}

impl FromJson for DataType {
    fn from_json(json: &Json<'_>) -> Result<Self, Fault> {
        let object = json.as_object()?;
        let name: String = object.required(object.first_of(["@type", "name"]))?;
        let data_type = match name.to_ascii_lowercase().as_str() {
            "int" => int(object)?,
            "floatingpoint" => object.required_with("precision", float)?,
            "utf8" => DataType::Utf8,
            "binary" => DataType::Binary,
            "bool" => DataType::Boolean,
            "null" => DataType::Null,
            "struct" => DataType::Struct(Fields::empty()),
            "list" => DataType::List(placeholder()),
            "map" => DataType::Map(placeholder_entries(), false),
            "decimal" => DataType::Decimal128(small(object, "precision")?, small(object, "scale")?),
            "date" => object.required_with("unit", date)?,
            "timestamp" => DataType::Timestamp(
                object.required_with("unit", time_unit)?,
                object.optional::<String>("timezone")?.map(Arc::from),
            ),
            "time" => match object.required("bitWidth")? {
                32_u32 => DataType::Time32(object.required_with("unit", time_unit)?),
                _ => DataType::Time64(object.required_with("unit", time_unit)?),
            },
            "interval" => DataType::Interval(object.required_with("unit", interval_unit)?),
            "fixedsizebinary" => DataType::FixedSizeBinary(small(object, "byteWidth")?),
            "fixedsizelist" => DataType::FixedSizeList(placeholder(), small(object, "listSize")?),
            _ => {
                let key = object.first_of(["@type", "name"]);
                return Err(unknown("an Arrow type", &name).at_key(key));
            }
        };
        check_parameters(data_type)
    }
}

fn check_parameters(data_type: DataType) -> Result<DataType, Fault> {
    let field = Field::new("type", data_type, true);
    match check_block_field(&field) {
        Ok(()) => Ok(field.data_type().clone()),
        Err(error) => Err(Rule::Arrow(error.to_string()).into()),
    }
}

fn int(object: &Object<'_>) -> Result<DataType, Fault> {
    let width: u32 = object.required("bitWidth")?;
    Ok(match (width, object.required("isSigned")?) {
        (8, true) => DataType::Int8,
        (16, true) => DataType::Int16,
        (32, true) => DataType::Int32,
        (64, true) => DataType::Int64,
        (8, false) => DataType::UInt8,
        (16, false) => DataType::UInt16,
        (32, false) => DataType::UInt32,
        (64, false) => DataType::UInt64,
        (other, _) => return Err(unknown("8, 16, 32 or 64", &other.to_string()).at_key("bitWidth")),
    })
}

fn float(json: &Json<'_>) -> Result<DataType, Fault> {
    match &*json.to_text()? {
        "HALF" => Ok(DataType::Float16),
        "SINGLE" => Ok(DataType::Float32),
        "DOUBLE" => Ok(DataType::Float64),
        other => Err(unknown("HALF, SINGLE or DOUBLE", other)),
    }
}

fn date(json: &Json<'_>) -> Result<DataType, Fault> {
    match &*json.to_text()? {
        "DAY" => Ok(DataType::Date32),
        "MILLISECOND" => Ok(DataType::Date64),
        other => Err(unknown("DAY or MILLISECOND", other)),
    }
}

fn time_unit(json: &Json<'_>) -> Result<TimeUnit, Fault> {
    match &*json.to_text()? {
        "SECOND" => Ok(TimeUnit::Second),
        "MILLISECOND" => Ok(TimeUnit::Millisecond),
        "MICROSECOND" => Ok(TimeUnit::Microsecond),
        "NANOSECOND" => Ok(TimeUnit::Nanosecond),
        other => Err(unknown("SECOND, MILLISECOND, MICROSECOND or NANOSECOND", other)),
    }
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "SECOND",
        TimeUnit::Millisecond => "MILLISECOND",
        TimeUnit::Microsecond => "MICROSECOND",
        TimeUnit::Nanosecond => "NANOSECOND",
    }
}

fn interval_unit(json: &Json<'_>) -> Result<IntervalUnit, Fault> {
    match &*json.to_text()? {
        "YEAR_MONTH" => Ok(IntervalUnit::YearMonth),
        "DAY_TIME" => Ok(IntervalUnit::DayTime),
        "MONTH_DAY_NANO" => Ok(IntervalUnit::MonthDayNano),
        other => Err(unknown("YEAR_MONTH, DAY_TIME or MONTH_DAY_NANO", other)),
    }
}

fn interval_name(unit: IntervalUnit) -> &'static str {
    match unit {
        IntervalUnit::YearMonth => "YEAR_MONTH",
        IntervalUnit::DayTime => "DAY_TIME",
        IntervalUnit::MonthDayNano => "MONTH_DAY_NANO",
    }
}

/// An integer parameter that fits the type Arrow keeps it in.
fn small<T: TryFrom<i64>>(object: &Object<'_>, key: &str) -> Result<T, Fault> {
    object.required_with(key, |json| {
        T::try_from(i64::from_json(json)?).map_err(|_| json.is_not("a smaller integer"))
    })
}

/// Child field that the JSON does not carry.
fn placeholder() -> Arc<Field> {
    Arc::new(Field::new("", DataType::Null, true))
}

fn placeholder_entries() -> Arc<Field> {
    let pair = vec![
        Field::new("key", DataType::Null, false),
        Field::new("value", DataType::Null, true),
    ];
    Arc::new(Field::new("entries", DataType::Struct(pair.into()), false))
}

fn unknown(wanted: &'static str, found: &str) -> Fault {
    Rule::Unknown {
        wanted,
        found: quoted_name(found),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DataType, String> {
        let read = Json::parse(text.as_bytes()).and_then(|json| DataType::from_json(&json));
        read.map_err(|fault| fault.in_message("type").to_string())
    }

    fn write(data_type: &DataType) -> String {
        serde_json::to_string(&data_type_to_json(data_type, SerdeVersion::V6).unwrap()).unwrap()
    }

    #[test]
    fn spells_each_type_as_the_sdk_does() {
        let zone = Some(Arc::from("Europe/Zurich"));
        for (data_type, json) in [
            (DataType::Int8, r#"{"@type":"Int","bitWidth":8,"isSigned":true}"#),
            (
                DataType::Int16,
                r#"{"@type":"Int","bitWidth":16,"isSigned":true}"#,
            ),
            (
                DataType::Int32,
                r#"{"@type":"Int","bitWidth":32,"isSigned":true}"#,
            ),
            (
                DataType::Int64,
                r#"{"@type":"Int","bitWidth":64,"isSigned":true}"#,
            ),
            (
                DataType::UInt8,
                r#"{"@type":"Int","bitWidth":8,"isSigned":false}"#,
            ),
            (
                DataType::UInt16,
                r#"{"@type":"Int","bitWidth":16,"isSigned":false}"#,
            ),
            (
                DataType::UInt32,
                r#"{"@type":"Int","bitWidth":32,"isSigned":false}"#,
            ),
            (
                DataType::UInt64,
                r#"{"@type":"Int","bitWidth":64,"isSigned":false}"#,
            ),
            (
                DataType::Float16,
                r#"{"@type":"FloatingPoint","precision":"HALF"}"#,
            ),
            (
                DataType::Float32,
                r#"{"@type":"FloatingPoint","precision":"SINGLE"}"#,
            ),
            (
                DataType::Float64,
                r#"{"@type":"FloatingPoint","precision":"DOUBLE"}"#,
            ),
            (DataType::Utf8, r#"{"@type":"Utf8"}"#),
            (DataType::Binary, r#"{"@type":"Binary"}"#),
            (DataType::Boolean, r#"{"@type":"Bool"}"#),
            (DataType::Null, r#"{"@type":"Null"}"#),
            (
                DataType::Decimal128(38, -2),
                r#"{"@type":"Decimal","precision":38,"scale":-2}"#,
            ),
            (DataType::Date32, r#"{"@type":"Date","unit":"DAY"}"#),
            (DataType::Date64, r#"{"@type":"Date","unit":"MILLISECOND"}"#),
            (
                DataType::Timestamp(TimeUnit::Millisecond, zone),
                r#"{"@type":"Timestamp","unit":"MILLISECOND","timezone":"Europe/Zurich"}"#,
            ),
            (
                DataType::Timestamp(TimeUnit::Nanosecond, None),
                r#"{"@type":"Timestamp","unit":"NANOSECOND","timezone":null}"#,
            ),
            (
                DataType::Time32(TimeUnit::Second),
                r#"{"@type":"Time","unit":"SECOND","bitWidth":32}"#,
            ),
            (
                DataType::Time64(TimeUnit::Microsecond),
                r#"{"@type":"Time","unit":"MICROSECOND","bitWidth":64}"#,
            ),
            (
                DataType::Interval(IntervalUnit::YearMonth),
                r#"{"@type":"Interval","unit":"YEAR_MONTH"}"#,
            ),
            (
                DataType::Interval(IntervalUnit::DayTime),
                r#"{"@type":"Interval","unit":"DAY_TIME"}"#,
            ),
            (
                DataType::Interval(IntervalUnit::MonthDayNano),
                r#"{"@type":"Interval","unit":"MONTH_DAY_NANO"}"#,
            ),
            (
                DataType::FixedSizeBinary(16),
                r#"{"@type":"FixedSizeBinary","byteWidth":16}"#,
            ),
        ] {
            assert_eq!(write(&data_type), json);
            assert_eq!(read(json), Ok(data_type));
        }
    }

    #[test]
    fn spells_each_type_as_version_1_of_the_sdk_does() {
        let int =
            |bits: u32, signed: bool| format!(r#"{{"name":"int","bitWidth":{bits},"isSigned":{signed}}}"#);
        let of = |text: &str| text.to_owned();
        for (data_type, json) in [
            (DataType::Int8, int(8, true)),
            (DataType::UInt64, int(64, false)),
            (
                DataType::Float32,
                of(r#"{"name":"floatingpoint","precision":"SINGLE"}"#),
            ),
            (DataType::Utf8, of(r#"{"name":"utf8"}"#)),
            (DataType::Binary, of(r#"{"name":"binary"}"#)),
            (DataType::Boolean, of(r#"{"name":"bool"}"#)),
            (DataType::Null, of(r#"{"name":"null"}"#)),
            (DataType::Struct(Fields::empty()), of(r#"{"name":"struct"}"#)),
            (DataType::List(placeholder()), of(r#"{"name":"list"}"#)),
            (
                DataType::Map(placeholder_entries(), false),
                of(r#"{"name":"map","keysSorted":false}"#),
            ),
            (
                DataType::Decimal128(38, -2),
                of(r#"{"name":"decimal","precision":38,"scale":-2,"bitWidth":128}"#),
            ),
            (DataType::Date32, of(r#"{"name":"date","unit":"DAY"}"#)),
            (
                DataType::Timestamp(TimeUnit::Millisecond, Some(Arc::from("UTC"))),
                of(r#"{"name":"timestamp","unit":"MILLISECOND","timezone":"UTC"}"#),
            ),
            (
                DataType::Timestamp(TimeUnit::Nanosecond, None),
                of(r#"{"name":"timestamp","unit":"NANOSECOND","timezone":null}"#),
            ),
            (
                DataType::Time32(TimeUnit::Second),
                of(r#"{"name":"time","unit":"SECOND","bitWidth":32}"#),
            ),
            (
                DataType::Interval(IntervalUnit::DayTime),
                of(r#"{"name":"interval","unit":"DAY_TIME"}"#),
            ),
            (
                DataType::FixedSizeBinary(16),
                of(r#"{"name":"fixedsizebinary","byteWidth":16}"#),
            ),
            (
                DataType::FixedSizeList(placeholder(), 3),
                of(r#"{"name":"fixedsizelist","listSize":3}"#),
            ),
        ] {
            let written = data_type_to_json(&data_type, SerdeVersion::V1).unwrap();
            assert_eq!(serde_json::to_string(&written).unwrap(), json);
            assert_eq!(read(&json), Ok(data_type));
        }
    }

    #[test]
    fn nested_types_keep_their_name_alone() {
        let item = Arc::new(Field::new("item", DataType::Int32, true));
        for (data_type, json) in [
            (DataType::List(item.clone()), r#"{"@type":"List"}"#),
            (
                DataType::Struct(vec![item.clone()].into()),
                r#"{"@type":"Struct"}"#,
            ),
            (DataType::Map(placeholder_entries(), true), r#"{"@type":"Map"}"#),
            (
                DataType::FixedSizeList(item, 3),
                r#"{"@type":"FixedSizeList","listSize":3}"#,
            ),
        ] {
            assert_eq!(write(&data_type), json);
            assert!(same_arrow_type(&read(json).unwrap(), &data_type));
        }
    }

    #[test]
    fn reads_numbers_as_text_and_keys_in_any_order() {
        let json = r#"{"isSigned":"true","bitWidth":"32","more":[],"@type":"Int"}"#;
        assert_eq!(read(json), Ok(DataType::Int32));
    }

    #[test]
    fn names_what_it_does_not_know() {
        for (json, error) in [
            (
                r#"{"@type":"LargeUtf8"}"#,
                "type: `@type`: wanted an Arrow type, found `LargeUtf8`",
            ),
            (r#"{"bitWidth":8}"#, "type: `@type`: key is missing"),
            (
                r#"{"@type":"Int","bitWidth":7,"isSigned":true}"#,
                "type: `bitWidth`: wanted 8, 16, 32 or 64, found `7`",
            ),
            (
                r#"{"@type":"Decimal","precision":300,"scale":0}"#,
                "type: `precision`: wanted a smaller integer, found a number",
            ),
            (
                r#"{"@type":"Date","unit":{}}"#,
                "type: `unit`: wanted a string, found an object",
            ),
        ] {
            assert_eq!(read(json), Err(error.to_owned()));
        }
        for json in [
            r#"{"@type":"Decimal","precision":5,"scale":6}"#,
            r#"{"@type":"FixedSizeList","listSize":0}"#,
            r#"{"@type":"Time","unit":"SECOND","bitWidth":64}"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
