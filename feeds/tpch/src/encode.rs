//! Encoding of rows as record values, each format by a library that the connector does not use to read it.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::row::Row;
use crate::table::Table;

mod avro;
mod csv;
mod json;
mod protobuf;

use self::avro::AvroEncoder;
pub(crate) use self::avro::schema_text as avro_schema;
pub(crate) use self::protobuf::{PROTO, message_name};

/// Record format of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Object: decimals are numbers with two decimal places, dates text.
    Json,
    /// Line without its end, comma-separated, quoted where necessary.
    Csv,
    /// Binary datum: decimals and dates are logical types.
    Avro,
    /// Message: decimals and dates are text.
    Protobuf,
}

impl Format {
    pub const ALL: [Self; 4] = [Self::Json, Self::Csv, Self::Avro, Self::Protobuf];

    /// Name in a topic document.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Avro => "avro",
            Self::Protobuf => "protobuf",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|format| format.name() == text);
        known.ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// Error of an unknown format.
#[derive(Debug, thiserror::Error)]
#[error("format: wanted json, csv, avro or protobuf, found {0:?}")]
pub struct UnknownFormat(String);

/// Encoder of the rows of one table.
#[derive(Debug)]
pub struct Encoder {
    table: Table,
    encoding: Encoding,
}

#[derive(Debug)]
enum Encoding {
    Json,
    Csv,
    Avro(Box<AvroEncoder>),
    Protobuf,
}

/// Error of a row that a library rejected.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),
    #[error("csv: {0}")]
    Csv(#[from] ::csv::Error),
    #[error("avro: {0}")]
    Avro(#[from] apache_avro::Error),
}

impl Encoder {
    /// Encoder of values without a header.
    pub fn new(table: Table, format: Format) -> Result<Self, EncodeError> {
        let encoding = match format {
            Format::Json => Encoding::Json,
            Format::Csv => Encoding::Csv,
            Format::Avro => Encoding::Avro(Box::new(AvroEncoder::new(table, None)?)),
            Format::Protobuf => Encoding::Protobuf,
        };
        Ok(Self { table, encoding })
    }

    /// Encoder of Avro as Glue's serializer writes it: with a header that names the version of the schema.
    pub fn avro_with_glue_header(table: Table, schema_version_id: Uuid) -> Result<Self, EncodeError> {
        let encoding = Encoding::Avro(Box::new(AvroEncoder::new(table, Some(schema_version_id))?));
        Ok(Self { table, encoding })
    }

    pub fn table(&self) -> Table {
        self.table
    }

    /// Value of the row's record.
    pub fn encode(&self, row: &Row) -> Result<Vec<u8>, EncodeError> {
        match &self.encoding {
            Encoding::Json => Ok(json::encode(row)?),
            Encoding::Csv => Ok(csv::encode(row)?),
            Encoding::Avro(encoder) => Ok(encoder.encode(row)?),
            Encoding::Protobuf => Ok(protobuf::encode(row)),
        }
    }
}

#[cfg(test)]
mod tests;
