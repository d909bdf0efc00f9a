//! What WITH says of files: format, compression, location, partitions.

use trino_sql::{Error, ErrorKind, OutputColumn, Property, PropertyValue, Type};

/// Format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SaveFormat {
    Parquet,
    Avro,
    /// An object for each line.
    Json,
    /// Fields with a separator between, NULL as `\N`: what Hive's LazySimpleSerDe reads.
    TextFile,
    /// With a line of names; of this program, not of Athena.
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Snappy,
    Zstd,
    Lz4,
}

/// Properties of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SaveOptions {
    pub(crate) format: SaveFormat,
    pub(crate) compression: Compression,
    /// Separator of [`SaveFormat::TextFile`].
    pub(crate) separator: u8,
    /// Names of the columns whose values name folders, the last ones of the rows.
    pub(crate) partitioned_by: Vec<String>,
    /// Folder, or `s3://bucket/prefix`.
    pub(crate) location: Option<String>,
}

impl SaveOptions {
    /// Properties of [CREATE TABLE AS](https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html).
    pub(crate) fn of_table(properties: &[Property]) -> Result<Self, Error> {
        let mut options = Self::read(
            properties,
            "external_location",
            &["write_compression", "parquet_compression"],
        )?;
        options.format = options.format.take().or(Some(SaveFormat::Parquet));
        options.checked()
    }

    /// Properties of [UNLOAD](https://docs.aws.amazon.com/athena/latest/ug/unload.html).
    pub(crate) fn of_unload(location: &str, properties: &[Property]) -> Result<Self, Error> {
        let mut options = Self::read(properties, "", &["compression"])?;
        options.location = Some(location.to_owned());
        options.checked()
    }

    fn read(properties: &[Property], location: &str, compression: &[&str]) -> Result<Found, Error> {
        let mut found = Found::default();
        for Property { name, value, at } in properties {
            let wanted =
                |wanted: &str| refused(*at, format!("{name}: wanted {wanted}, found {}", shown(value)));
            match (name.as_str(), value) {
                ("format", PropertyValue::Text(text)) => {
                    found.format = Some(match text.to_ascii_uppercase().as_str() {
                        "PARQUET" => SaveFormat::Parquet,
                        "AVRO" => SaveFormat::Avro,
                        "JSON" => SaveFormat::Json,
                        "TEXTFILE" => SaveFormat::TextFile,
                        "CSV" => SaveFormat::Csv,
                        _ => return Err(wanted("PARQUET, AVRO, JSON, TEXTFILE or CSV")),
                    });
                }
                (name, PropertyValue::Text(text)) if compression.contains(&name) => {
                    found.compression = Some(match text.to_ascii_uppercase().as_str() {
                        "NONE" | "UNCOMPRESSED" => Compression::None,
                        "GZIP" | "DEFLATE" => Compression::Gzip,
                        "SNAPPY" => Compression::Snappy,
                        "ZSTD" => Compression::Zstd,
                        "LZ4" => Compression::Lz4,
                        _ => return Err(wanted("NONE, GZIP, SNAPPY, ZSTD or LZ4")),
                    });
                }
                ("field_delimiter", PropertyValue::Text(text)) => match text.as_bytes() {
                    [byte] if !matches!(byte, b'\\' | b'\n' | b'\r') => found.separator = Some(*byte),
                    _ => return Err(wanted("one character of ASCII")),
                },
                ("partitioned_by", PropertyValue::List(names)) => {
                    found.partitioned_by = names.iter().map(|name| name.to_lowercase()).collect();
                }
                (name, PropertyValue::Text(text)) if name == location => {
                    found.location = Some(text.clone());
                }
                // A level changes sizes, not rows.
                ("compression_level", PropertyValue::Integer(_)) => {}
                ("is_external", PropertyValue::Boolean(true)) => {}
                ("table_type", PropertyValue::Text(text)) if text.eq_ignore_ascii_case("HIVE") => {}
                _ => {
                    let message = format!("{name} = {} is not supported", shown(value));
                    return Err(refused(*at, message));
                }
            }
        }
        Ok(found)
    }

    /// Checks that a table of these columns can be written, and read again as it was.
    pub(crate) fn check_table_types(&self, columns: &[OutputColumn]) -> Result<(), Error> {
        for column in columns {
            if !self.format.can_hold(&column.ty) {
                let message = format!(
                    "a table in {} cannot hold column {} of type {}",
                    self.format.name(),
                    column.name,
                    column.ty
                );
                return Err(error(ErrorKind::NotSupported, message));
            }
        }
        self.check_partitions(columns)
    }

    /// Checks that the columns of partitions are the last ones.
    pub(crate) fn check_partitions(&self, columns: &[OutputColumn]) -> Result<(), Error> {
        let count = self.partitioned_by.len();
        let names: Vec<_> = columns.iter().map(|column| column.name.to_lowercase()).collect();
        let is_last = names.len() > count && names[names.len() - count..] == self.partitioned_by[..];
        if count > 0 && !is_last {
            let message = format!(
                "Partition keys must be the last columns, in the order of partitioned_by: wanted {}, found {}",
                self.partitioned_by.join(", "),
                names.join(", ")
            );
            return Err(error(ErrorKind::InvalidTableProperty, message));
        }
        Ok(())
    }
}

impl SaveFormat {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Parquet => "PARQUET",
            Self::Avro => "AVRO",
            Self::Json => "JSON",
            Self::TextFile => "TEXTFILE",
            Self::Csv => "CSV",
        }
    }

    /// Whether a table reads values of the type as they were written.
    fn can_hold(self, ty: &Type) -> bool {
        match ty {
            Type::Unknown | Type::Function | Type::Time(_) | Type::IntervalDay | Type::IntervalYear => false,
            Type::TimestampTz(_) => self == Self::Parquet,
            Type::Varbinary => matches!(self, Self::Parquet | Self::Avro),
            Type::Array(item) => self.is_nested() && self.can_hold(item),
            Type::Map(key, value) => {
                let key_fits = matches!(**key, Type::Varchar(_)) || self == Self::Parquet;
                self.is_nested() && key_fits && self.can_hold(key) && self.can_hold(value)
            }
            Type::Row(fields) => self.is_nested() && fields.iter().all(|field| self.can_hold(&field.ty)),
            _ => true,
        }
    }

    fn is_nested(self) -> bool {
        matches!(self, Self::Parquet | Self::Avro | Self::Json)
    }

    fn can_be(self, compression: Compression) -> bool {
        match self {
            Self::Parquet => true,
            Self::Avro => compression != Compression::Lz4,
            Self::Json | Self::TextFile | Self::Csv => {
                matches!(compression, Compression::None | Compression::Gzip)
            }
        }
    }
}

/// Properties as they are found.
#[derive(Default)]
struct Found {
    format: Option<SaveFormat>,
    compression: Option<Compression>,
    separator: Option<u8>,
    partitioned_by: Vec<String>,
    location: Option<String>,
}

impl Found {
    fn checked(self) -> Result<SaveOptions, Error> {
        let Some(format) = self.format else {
            let message = "UNLOAD requires a format: WITH (format = 'PARQUET')";
            return Err(error(ErrorKind::InvalidTableProperty, message));
        };
        // Athena's default.
        let compression = self.compression.unwrap_or(Compression::Gzip);
        if !format.can_be(compression) {
            let message = format!(
                "{} files cannot be compressed with {compression:?}",
                format.name()
            );
            return Err(error(ErrorKind::InvalidTableProperty, message));
        }
        Ok(SaveOptions {
            format,
            compression,
            separator: self.separator.unwrap_or(1),
            partitioned_by: self.partitioned_by,
            location: self.location,
        })
    }
}

fn shown(value: &PropertyValue) -> String {
    match value {
        PropertyValue::Text(text) => format!("'{text}'"),
        PropertyValue::Integer(number) => number.to_string(),
        PropertyValue::Boolean(boolean) => boolean.to_string(),
        PropertyValue::List(values) => format!("ARRAY{values:?}"),
    }
}

fn refused(at: trino_sql::Position, message: String) -> Error {
    Error {
        position: Some(at),
        ..error(ErrorKind::InvalidTableProperty, message)
    }
}

fn error(kind: ErrorKind, message: impl Into<String>) -> Error {
    Error {
        kind,
        message: message.into(),
        position: None,
    }
}
