//! Trino's types, and the Arrow types that carry their values.
//!
//! | type | Arrow | note |
//! | --- | --- | --- |
//! | unknown | Boolean | NULL in every row |
//! | char(n) | Utf8 | without the spaces at the end, which output and casts add |
//! | json | Utf8 | in the spelling that `json_format` gives |
//! | time(p) | Time64(ns) | p up to 9 |
//! | timestamp(p) | Timestamp(ms, µs or ns) | the unit that holds p digits, p up to 9 |
//! | timestamp(p) with time zone | Struct(instant, zone) | the instant like timestamp(p); the zone by [`crate::zone`] |
//! | interval day to second | Int64 | milliseconds |
//! | interval year to month | Int32 | months |
//! | array, map, row | List, Map, Struct | fields of a row are named by place, `f0`, `f1`: names belong to the type |
//! | ipaddress | Binary | 16 bytes, IPv4 mapped |

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};

use crate::error::{Result, bail};

/// Type of an expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// Type of a bare NULL.
    Unknown,
    Boolean,
    TinyInt,
    SmallInt,
    Integer,
    BigInt,
    Real,
    Double,
    /// Precision and scale.
    Decimal(u8, u8),
    /// Bound in characters, if any.
    Varchar(Option<u32>),
    Char(u32),
    Varbinary,
    Json,
    Date,
    Time(u8),
    Timestamp(u8),
    TimestampTz(u8),
    IntervalDay,
    IntervalYear,
    IpAddress,
    Uuid,
    Array(Arc<Type>),
    Map(Arc<Type>, Arc<Type>),
    Row(Arc<[RowField]>),
    /// Argument that is a lambda; never the type of a value.
    Function,
}

/// Field of a row; `ROW(1, 2)` makes fields without names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RowField {
    pub name: Option<String>,
    pub ty: Type,
}

/// Key in the metadata of a field that has the zone of the timestamp before it.
const ZONE_MARKER: &str = "trino.zone";

fn is_zoned(fields: &Fields) -> bool {
    fields.len() == 2 && fields[1].metadata().contains_key(ZONE_MARKER)
}

pub(crate) const VARCHAR: Type = Type::Varchar(None);

impl Type {
    pub(crate) fn array(item: Self) -> Self {
        Self::Array(Arc::new(item))
    }

    pub(crate) fn map(key: Self, value: Self) -> Self {
        Self::Map(Arc::new(key), Arc::new(value))
    }

    pub(crate) fn row(types: impl IntoIterator<Item = Self>) -> Self {
        Self::Row(types.into_iter().map(|ty| RowField { name: None, ty }).collect())
    }

    /// The Arrow type that carries values of this type.
    pub fn arrow(&self) -> DataType {
        match self {
            Self::Unknown | Self::Boolean | Self::Function => DataType::Boolean,
            Self::TinyInt => DataType::Int8,
            Self::SmallInt => DataType::Int16,
            Self::Integer | Self::IntervalYear => DataType::Int32,
            Self::BigInt | Self::IntervalDay => DataType::Int64,
            Self::Real => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Decimal(precision, scale) => DataType::Decimal128(*precision, *scale as i8),
            Self::Varchar(_) | Self::Char(_) | Self::Json => DataType::Utf8,
            Self::Varbinary | Self::IpAddress | Self::Uuid => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time(_) => DataType::Time64(TimeUnit::Nanosecond),
            Self::Timestamp(digits) => DataType::Timestamp(unit(*digits), None),
            Self::TimestampTz(digits) => DataType::Struct(Self::zoned_fields(*digits)),
            Self::Array(item) => DataType::List(item_field(item)),
            Self::Map(key, value) => DataType::Map(entries_field(key, value), false),
            Self::Row(fields) => DataType::Struct(row_fields(fields)),
        }
    }

    fn zoned_fields(digits: u8) -> Fields {
        let instant = DataType::Timestamp(unit(digits), None);
        let marker = [(ZONE_MARKER.to_owned(), String::new())];
        vec![
            Field::new("instant", instant, true),
            Field::new("zone", DataType::Int32, true).with_metadata(marker.into()),
        ]
        .into()
    }

    /// The type that a table's column of an Arrow type has.
    ///
    /// # Errors
    /// If no type of Trino has such values.
    pub fn of_column(arrow: &DataType) -> Result<Self> {
        Ok(match arrow {
            DataType::Boolean => Self::Boolean,
            DataType::Int8 => Self::TinyInt,
            DataType::Int16 => Self::SmallInt,
            DataType::Int32 => Self::Integer,
            DataType::Int64 => Self::BigInt,
            DataType::Float32 => Self::Real,
            DataType::Float64 => Self::Double,
            DataType::Decimal128(precision, scale) if *scale >= 0 => Self::Decimal(*precision, *scale as u8),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => VARCHAR,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Self::Varbinary,
            DataType::Date32 => Self::Date,
            DataType::Timestamp(unit, None) => Self::Timestamp(digits(*unit)),
            DataType::Timestamp(unit, Some(_)) => Self::TimestampTz(digits(*unit)),
            DataType::List(item) | DataType::LargeList(item) => {
                Self::array(Self::of_column(item.data_type())?)
            }
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => Self::map(
                    Self::of_column(fields[0].data_type())?,
                    Self::of_column(fields[1].data_type())?,
                ),
                other => bail!(NotSupported, "a map of {other}"),
            },
            DataType::Struct(fields) if is_zoned(fields) => match fields[0].data_type() {
                DataType::Timestamp(unit, _) => Self::TimestampTz(digits(*unit)),
                other => bail!(NotSupported, "a time zone beside {other}"),
            },
            DataType::Struct(fields) => {
                let field = |f: &FieldRef| {
                    Ok(RowField {
                        name: Some(f.name().to_lowercase()),
                        ty: Self::of_column(f.data_type())?,
                    })
                };
                Self::Row(fields.iter().map(field).collect::<Result<_>>()?)
            }
            other => bail!(NotSupported, "columns of the Arrow type {other}"),
        })
    }

    pub(crate) fn is_comparable(&self) -> bool {
        match self {
            Self::Function => false,
            Self::Array(item) => item.is_comparable(),
            Self::Map(key, value) => key.is_comparable() && value.is_comparable(),
            Self::Row(fields) => fields.iter().all(|f| f.ty.is_comparable()),
            _ => true,
        }
    }

    pub(crate) fn is_orderable(&self) -> bool {
        match self {
            Self::Json | Self::Map(..) | Self::Function => false,
            Self::Array(item) => item.is_orderable(),
            Self::Row(fields) => fields.iter().all(|f| f.ty.is_orderable()),
            _ => true,
        }
    }

    /// Whether Arrow compares, orders, hashes and groups the values as Trino does. Zones do not count in comparisons,
    /// NaN equals nothing, and NULLs inside of a value make a comparison NULL.
    pub(crate) fn is_native(&self) -> bool {
        !matches!(
            self,
            Self::Real
                | Self::Double
                | Self::TimestampTz(_)
                | Self::Array(_)
                | Self::Map(..)
                | Self::Row(_)
                | Self::Json
        )
    }
}

pub(crate) fn unit(digits: u8) -> TimeUnit {
    match digits {
        0..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}

/// Units of a timestamp's carrier per second.
pub(crate) fn per_second(digits: u8) -> i64 {
    match unit(digits) {
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        _ => 1_000_000_000,
    }
}

fn digits(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

pub(crate) fn item_field(item: &Type) -> FieldRef {
    Arc::new(Field::new("item", item.arrow(), true))
}

pub(crate) fn entries_field(key: &Type, value: &Type) -> FieldRef {
    let fields = vec![
        Field::new("key", key.arrow(), false),
        Field::new("value", value.arrow(), true),
    ];
    Arc::new(Field::new("entries", DataType::Struct(fields.into()), false))
}

pub(crate) fn row_fields(fields: &[RowField]) -> Fields {
    fields
        .iter()
        .enumerate()
        .map(|(i, f)| Field::new(format!("f{i}"), f.ty.arrow(), true))
        .collect()
}

/// Spelling of `typeof`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Boolean => f.write_str("boolean"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Integer => f.write_str("integer"),
            Self::BigInt => f.write_str("bigint"),
            Self::Real => f.write_str("real"),
            Self::Double => f.write_str("double"),
            Self::Decimal(precision, scale) => write!(f, "decimal({precision},{scale})"),
            Self::Varchar(None) => f.write_str("varchar"),
            Self::Varchar(Some(length)) => write!(f, "varchar({length})"),
            Self::Char(length) => write!(f, "char({length})"),
            Self::Varbinary => f.write_str("varbinary"),
            Self::Json => f.write_str("json"),
            Self::Date => f.write_str("date"),
            Self::Time(digits) => write!(f, "time({digits})"),
            Self::Timestamp(digits) => write!(f, "timestamp({digits})"),
            Self::TimestampTz(digits) => write!(f, "timestamp({digits}) with time zone"),
            Self::IntervalDay => f.write_str("interval day to second"),
            Self::IntervalYear => f.write_str("interval year to month"),
            Self::IpAddress => f.write_str("ipaddress"),
            Self::Uuid => f.write_str("uuid"),
            Self::Array(item) => write!(f, "array({item})"),
            Self::Map(key, value) => write!(f, "map({key}, {value})"),
            Self::Row(fields) => {
                f.write_str("row(")?;
                for (i, field) in fields.iter().enumerate() {
                    f.write_str(if i > 0 { ", " } else { "" })?;
                    match &field.name {
                        Some(name) if is_plain(name) => write!(f, "{name} {}", field.ty)?,
                        Some(name) => write!(f, "\"{}\" {}", name.replace('"', "\"\""), field.ty)?,
                        None => write!(f, "{}", field.ty)?,
                    }
                }
                f.write_str(")")
            }
            Self::Function => f.write_str("<function>"),
        }
    }
}

/// Whether a name is written without quotes.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
