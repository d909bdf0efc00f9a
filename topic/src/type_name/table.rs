//! Table of types, and their names in Athena.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};

/// Type with all its spellings.
#[derive(Debug)]
pub struct TypeName {
    /// Names in upper case. `n`, `p` and `s` stand for numbers, `T`, `K` and `V` for types, `name` for a
    /// field's name.
    pub names: &'static [&'static str],
    /// Name in Athena.
    pub athena: &'static str,
    /// Note as a phrase; empty if the name is sufficient.
    pub note: &'static str,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Plain(DataType),
    Text,
    Timestamp,
    ZonedTimestamp,
    Decimal,
    BareDecimal,
    /// Parsed only by the grammar.
    Complex,
}

/// All type names.
pub static TYPES: [TypeName; 17] = [
    TypeName {
        names: &["BOOLEAN", "BOOL"],
        athena: "boolean",
        note: "",
        kind: Kind::Plain(DataType::Boolean),
    },
    TypeName {
        names: &["TINYINT"],
        athena: "tinyint",
        note: "8 bits",
        kind: Kind::Plain(DataType::Int8),
    },
    TypeName {
        names: &["SMALLINT"],
        athena: "smallint",
        note: "16 bits",
        kind: Kind::Plain(DataType::Int16),
    },
    TypeName {
        names: &["INTEGER", "INT", "INT32"],
        athena: "integer",
        note: "32 bits",
        kind: Kind::Plain(DataType::Int32),
    },
    TypeName {
        names: &["BIGINT", "LONG", "INT64"],
        athena: "bigint",
        note: "64 bits",
        kind: Kind::Plain(DataType::Int64),
    },
    TypeName {
        names: &["REAL", "FLOAT"],
        athena: "real",
        note: "32 bits",
        kind: Kind::Plain(DataType::Float32),
    },
    TypeName {
        names: &["DOUBLE"],
        athena: "double",
        note: "64 bits",
        kind: Kind::Plain(DataType::Float64),
    },
    TypeName {
        names: &["DECIMAL", "NUMERIC"],
        athena: "double",
        note: "as the Java connector reads it; decimal(38,18) where the document says `exactDecimal`",
        kind: Kind::BareDecimal,
    },
    TypeName {
        names: &["DECIMAL(p,s)", "DECIMAL(p)", "NUMERIC(p,s)", "NUMERIC(p)"],
        athena: "decimal(p,s)",
        note: "exact; p from 1 to 38, s from 0 to p, 0 if left out",
        kind: Kind::Decimal,
    },
    TypeName {
        names: &["VARCHAR", "STRING", "CHAR", "VARCHAR(n)", "CHAR(n)"],
        athena: "varchar",
        note: "also where no type is given; n is not enforced and CHAR is not padded",
        kind: Kind::Text,
    },
    TypeName {
        names: &["VARBINARY", "BINARY", "BYTES"],
        athena: "varbinary",
        note: "text is read as base64",
        kind: Kind::Plain(DataType::Binary),
    },
    TypeName {
        names: &["DATE"],
        athena: "date",
        note: "by `formatHint`",
        kind: Kind::Plain(DataType::Date32),
    },
    TypeName {
        names: &["TIMESTAMP", "TIMESTAMP(p)"],
        athena: "timestamp(3)",
        note: "by `formatHint`; milliseconds, whatever p from 0 to 9 says",
        kind: Kind::Timestamp,
    },
    TypeName {
        names: &[
            "TIMESTAMP WITH TIME ZONE",
            "TIMESTAMP(p) WITH TIME ZONE",
            "TIMESTAMPTZ",
        ],
        athena: "timestamp(3) with time zone",
        note: "by `formatHint`; milliseconds, and the offset the text was written with",
        kind: Kind::ZonedTimestamp,
    },
    TypeName {
        names: &["ARRAY(T)", "ARRAY<T>"],
        athena: "array(T)",
        note: "",
        kind: Kind::Complex,
    },
    TypeName {
        names: &["MAP(K, V)", "MAP<K,V>"],
        athena: "map(K, V)",
        note: "K is not a complex type",
        kind: Kind::Complex,
    },
    TypeName {
        names: &["ROW(name T, …)", "STRUCT<name:T,…>"],
        athena: "row(name T, …)",
        note: "",
        kind: Kind::Complex,
    },
];

/// Name of a type that [`parse`] accepts, in Athena's spelling.
pub fn name(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 => "VARCHAR".to_owned(),
        DataType::Date64 => "TIMESTAMP".to_owned(),
        DataType::Timestamp(..) => "TIMESTAMP WITH TIME ZONE".to_owned(),
        DataType::Decimal128(precision, scale) => format!("DECIMAL({precision},{scale})"),
        DataType::List(item) => format!("ARRAY({})", name(item.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(entry) => format!(
                "MAP({})",
                entry.iter().map(type_of).collect::<Vec<_>>().join(", ")
            ),
            other => other.to_string(),
        },
        DataType::Struct(fields) => {
            let fields = fields
                .iter()
                .map(|field| format!("{} {}", quoted(field.name()), type_of(field)));
            format!("ROW({})", fields.collect::<Vec<_>>().join(", "))
        }
        plain => {
            let is_it = |known: &&TypeName| matches!(&known.kind, Kind::Plain(kind) if kind == plain);
            let known = TYPES.iter().find(is_it);
            known.map_or_else(|| plain.to_string(), |known| known.names[0].to_owned())
        }
    }
}

fn type_of(field: &Arc<Field>) -> String {
    name(field.data_type())
}

fn quoted(name: &str) -> String {
    let plain = |c: char| c == '_' || c.is_ascii_alphanumeric();
    match !name.is_empty() && name.chars().all(plain) {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// Table of [`TYPES`] for the documentation, in Markdown.
pub fn markdown() -> String {
    let mut table = String::from("| type | in Athena | |\n|---|---|---|\n");
    for known in &TYPES {
        let names: Vec<_> = known.names.iter().map(|name| format!("`{name}`")).collect();
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            table,
            "| {} | `{}` | {} |",
            names.join(", "),
            known.athena,
            known.note
        );
    }
    table
}

impl TypeName {
    pub(super) fn data_type(&self, parameters: &[u32], exact_decimal: bool) -> Result<DataType, String> {
        Ok(match (&self.kind, parameters) {
            (Kind::Plain(data_type), _) => data_type.clone(),
            (Kind::Text, [0]) => return Err("a length must be at least 1".to_owned()),
            (Kind::Timestamp | Kind::ZonedTimestamp, [precision]) if *precision > 9 => {
                return Err(format!(
                    "a timestamp has at most 9 digits of fraction, found {precision}"
                ));
            }
            (Kind::Timestamp, _) => DataType::Date64,
            (Kind::ZonedTimestamp, _) => zoned_timestamp(),
            (Kind::BareDecimal, _) if exact_decimal => DataType::Decimal128(38, 18),
            (Kind::BareDecimal, _) => DataType::Float64,
            (Kind::Decimal, parameters) => {
                let precision = parameters.first().copied().unwrap_or_default();
                decimal(precision, parameters.get(1).copied().unwrap_or_default())?
            }
            (Kind::Text | Kind::Complex, _) => DataType::Utf8,
        })
    }
}

fn decimal(precision: u32, scale: u32) -> Result<DataType, String> {
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(digits @ 1..=38), Ok(fraction)) if scale <= precision => {
            Ok(DataType::Decimal128(digits, fraction))
        }
        (Ok(1..=38), _) => Err(format!(
            "a decimal of {precision} digits cannot have scale {scale}"
        )),
        _ => Err(format!("a decimal has 1 to 38 digits, found {precision}")),
    }
}

/// Type spelled `base`, this number of numbers in parentheses, and `suffix`.
pub(super) fn find(base: &str, parameters: usize, suffix: &str) -> Option<&'static TypeName> {
    let is_it = |name: &&str| match name.split_once('(') {
        None => (*name, 0, "") == (base, parameters, suffix),
        Some((name, rest)) => rest.split_once(')').is_some_and(|(letters, after)| {
            (name, letters.split(',').count(), after.trim_start()) == (base, parameters, suffix)
        }),
    };
    let mut scalars = TYPES.iter().filter(|known| !matches!(known.kind, Kind::Complex));
    scalars.find(|known| known.names.iter().any(&is_it))
}

/// Athena's TIMESTAMP WITH TIME ZONE; values are packed.
pub(crate) fn zoned_timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

/// List type as the whole crate builds it.
pub(crate) fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, true)))
}

/// Map type as Athena's readers require it.
pub(crate) fn map_of(key: DataType, value: DataType) -> DataType {
    let entry = Fields::from(vec![
        Field::new("key", key, false),
        Field::new("value", value, true),
    ]);
    DataType::Map(
        Arc::new(Field::new("entries", DataType::Struct(entry), false)),
        false,
    )
}
