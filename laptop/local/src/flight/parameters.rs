//! Types of a statement's parameters, which it does not declare.
//!
//! JDBC's driver converts a value to the type that the server names, so a wrong one would change values. The dialect is
//! asked: it says what a parameter is compared with, if that cannot be compared with the type that stands for it.

use arrow::datatypes::{DataType, TimeUnit};
use trino_sql::ErrorKind;

use crate::athena::{Athena, StatementContext};
use crate::error::AthenaError;

/// Parameters whose types are looked for; those after them are taken for texts.
const LOOKED_FOR: usize = 64;

/// Type that is compared with nothing else.
const PROBE: &str = "interval year to month";

/// Types in the order in which they are tried where nothing is compared, as in a call. DOUBLE is before BIGINT, which
/// is coerced to it.
const CANDIDATES: [(&str, DataType); 8] = [
    ("varchar", DataType::Utf8),
    ("double", DataType::Float64),
    ("bigint", DataType::Int64),
    ("boolean", DataType::Boolean),
    ("date", DataType::Date32),
    ("timestamp(3)", DataType::Timestamp(TimeUnit::Millisecond, None)),
    ("varbinary", DataType::Binary),
    ("time(3)", DataType::Time64(TimeUnit::Nanosecond)),
];

/// Type of each of a statement's parameters; text for one of which nothing is known.
pub(super) async fn parameter_types(
    athena: &Athena,
    statement: &str,
    context: &StatementContext,
    count: usize,
) -> Vec<DataType> {
    let mut types = Vec::with_capacity(count);
    for place in 0..count.min(LOOKED_FOR) {
        types.push(parameter_type(athena, statement, context, count, place).await);
    }
    types.resize(count, DataType::Utf8);
    types
}

async fn parameter_type(
    athena: &Athena,
    statement: &str,
    context: &StatementContext,
    count: usize,
    place: usize,
) -> DataType {
    let described = async |ty: &str| {
        let mut parameters = vec!["NULL".to_owned(); count];
        parameters[place] = format!("CAST(NULL AS {ty})");
        let context = StatementContext {
            parameters,
            ..context.clone()
        };
        athena.describe(statement, context).await
    };
    match described(PROBE).await {
        Ok(_) => return DataType::Utf8,
        Err(AthenaError::Statement { error, .. }) if error.kind == ErrorKind::TypeMismatch => {
            if let Some(found) = compared(&error.message).and_then(arrow_type) {
                return found;
            }
        }
        Err(_) => {}
    }
    for (name, ty) in CANDIDATES {
        if described(name).await.is_ok() {
            return ty;
        }
    }
    DataType::Utf8
}

/// What the probe is compared with, from `Cannot apply operator: bigint = interval year to month`, or from
/// `Cannot check if bigint is BETWEEN interval year to month and unknown`.
fn compared(message: &str) -> Option<&str> {
    if let Some(types) = message.strip_prefix("Cannot apply operator: ") {
        let left = types.strip_suffix(PROBE).map(str::trim_end);
        let left = left
            .and_then(|types| types.rsplit_once(' '))
            .map(|(left, _)| left);
        let right = types.strip_prefix(PROBE).map(str::trim_start);
        let right = right
            .and_then(|types| types.split_once(' '))
            .map(|(_, right)| right);
        return left.or(right);
    }
    let types = message.strip_prefix("Cannot check if ")?;
    let (value, _) = types.split_once(" is BETWEEN ")?;
    (value != PROBE).then_some(value)
}

/// Type in which a client sends a value of the type in SQL.
fn arrow_type(name: &str) -> Option<DataType> {
    let (head, arguments) = match name.split_once('(') {
        Some((head, rest)) => (head, rest.split_once(')')?),
        None => (name, ("", "")),
    };
    let (arguments, rest) = arguments;
    Some(match (head, rest.trim()) {
        ("boolean", "") => DataType::Boolean,
        ("tinyint" | "smallint" | "integer", "") => DataType::Int32,
        ("bigint", "") => DataType::Int64,
        ("real" | "double", "") => DataType::Float64,
        ("decimal", "") => {
            let (precision, scale) = arguments.split_once(',')?;
            DataType::Decimal128(precision.parse().ok()?, scale.trim().parse().ok()?)
        }
        ("varchar" | "char" | "json", "") => DataType::Utf8,
        ("varbinary", "") => DataType::Binary,
        ("date", "") => DataType::Date32,
        ("time", "") => DataType::Time64(TimeUnit::Nanosecond),
        ("timestamp", "") => DataType::Timestamp(TimeUnit::Millisecond, None),
        ("timestamp", "with time zone") => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_names_the_type() {
        for (message, wanted) in [
            (
                "Cannot apply operator: decimal(20,4) = interval year to month",
                Some("decimal(20,4)"),
            ),
            (
                "Cannot apply operator: interval year to month <> varchar",
                Some("varchar"),
            ),
            (
                "Cannot apply operator: timestamp(3) with time zone < interval year to month",
                Some("timestamp(3) with time zone"),
            ),
            (
                "Cannot check if bigint is BETWEEN interval year to month and unknown",
                Some("bigint"),
            ),
            ("something else", None),
        ] {
            assert_eq!(compared(message), wanted, "{message}");
        }
    }

    #[test]
    fn types_are_those_of_their_values() {
        for (name, wanted) in [
            ("bigint", Some(DataType::Int64)),
            ("decimal(20,4)", Some(DataType::Decimal128(20, 4))),
            ("varchar(7)", Some(DataType::Utf8)),
            (
                "timestamp(3) with time zone",
                Some(DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))),
            ),
            ("array(bigint)", None),
        ] {
            assert_eq!(arrow_type(name), wanted, "{name}");
        }
    }
}
