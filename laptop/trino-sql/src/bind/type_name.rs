//! Types as written.

use crate::ast::{TypeName, TypeNameKind};
use crate::error::{Result, bail, err};
use crate::types::{RowField, Type};

pub(crate) fn resolve(name: &TypeName) -> Result<Type> {
    resolved(&name.kind).map_err(|error| error.at(name.at))
}

fn resolved(kind: &TypeNameKind) -> Result<Type> {
    Ok(match kind {
        TypeNameKind::Plain(name, numbers) => plain(name, numbers)?,
        TypeNameKind::DateTime {
            name,
            precision,
            zone,
        } => {
            let digits = precision.unwrap_or(3);
            if digits > 12 {
                bail!(
                    InvalidFunctionArgument,
                    "{} precision must be in range [0, 12]: {digits}",
                    name.to_uppercase()
                );
            }
            if digits > 9 {
                bail!(NotSupported, "{name}({digits}): more than 9 digits of a second");
            }
            match (*name, zone) {
                ("timestamp", true) => Type::TimestampTz(digits),
                ("timestamp", false) => Type::Timestamp(digits),
                (_, false) => Type::Time(digits),
                (_, true) => bail!(NotSupported, "time with time zone"),
            }
        }
        TypeNameKind::IntervalDay => Type::IntervalDay,
        TypeNameKind::IntervalYear => Type::IntervalYear,
        TypeNameKind::Array(item) => Type::array(resolve(item)?),
        TypeNameKind::Map(key, value) => Type::map(resolve(key)?, resolve(value)?),
        TypeNameKind::Row(fields) => Type::Row(
            fields
                .iter()
                .map(|(name, ty)| {
                    Ok(RowField {
                        name: name.as_ref().map(|name| name.text.to_lowercase()),
                        ty: resolve(ty)?,
                    })
                })
                .collect::<Result<_>>()?,
        ),
    })
}

fn plain(name: &str, numbers: &[u32]) -> Result<Type> {
    let written = || {
        let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
        let numbers = if numbers.is_empty() {
            String::new()
        } else {
            format!("({})", numbers.join(", "))
        };
        format!("{}{numbers}", name.to_uppercase())
    };
    Ok(match (name, numbers) {
        ("boolean", []) => Type::Boolean,
        ("tinyint", []) => Type::TinyInt,
        ("smallint", []) => Type::SmallInt,
        ("integer" | "int", []) => Type::Integer,
        ("bigint", []) => Type::BigInt,
        ("real", []) => Type::Real,
        ("double", []) => Type::Double,
        ("decimal", numbers @ ([] | [_] | [_, _])) => {
            let (precision, scale) = (
                numbers.first().copied().unwrap_or(38),
                numbers.get(1).copied().unwrap_or(0),
            );
            if !(1..=38).contains(&precision) {
                bail!(
                    InvalidFunctionArgument,
                    "DECIMAL precision must be in range [1, 38]: {precision}"
                );
            }
            if scale > precision {
                bail!(
                    InvalidFunctionArgument,
                    "DECIMAL scale must be in range [0, precision ({precision})]: {scale}"
                );
            }
            Type::Decimal(precision as u8, scale as u8)
        }
        ("varchar", []) => Type::Varchar(None),
        ("varchar", [length]) => Type::Varchar(Some(*length)),
        ("char", []) => Type::Char(1),
        ("char", [length]) if *length <= 65_536 => Type::Char(*length),
        ("varbinary", []) => Type::Varbinary,
        ("json", []) => Type::Json,
        ("date", []) => Type::Date,
        ("ipaddress", []) => Type::IpAddress,
        ("uuid", []) => Type::Uuid,
        _ => return Err(err!(TypeMismatch, "Unknown type: {}", written())),
    })
}
