//! Requested columns of a split, and how to fill them.

use arrow::datatypes::{DataType, Field};

use crate::decode::column::ColumnBuilder;
use crate::decode::error::TableError;
use crate::format_hint::{BASE64, DateFormat};
use crate::table::{DataFormat, FORMAT_HINT_KEY, MAPPING_KEY, SOURCE_KEY, Source, TopicTable};

/// Output column of a split: its type and its source.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) source: Source,
    /// Mapping into the payload, as in the document.
    pub(crate) mapping: String,
    pub(crate) data_type: DataType,
    /// Format of dates, or of decimals, in text, at any depth of the type.
    pub(crate) format: DateFormat,
}

impl Column {
    /// Reads `field`'s own metadata, or else that of the table's column of the same name in any case (Athena
    /// lower-cases names).
    pub(super) fn resolve(field: &Field, table: Option<&TopicTable>) -> Result<Self, TableError> {
        let described = if field.metadata().contains_key(MAPPING_KEY) {
            field
        } else {
            table
                .and_then(|table| table.column(field.name()))
                .ok_or_else(|| TableError::UnknownColumn {
                    column: field.name().clone(),
                })?
        };
        Self::from_metadata(field, described)
    }

    fn from_metadata(field: &Field, described: &Field) -> Result<Self, TableError> {
        let column = || field.name().clone();
        if !field.is_nullable() {
            return Err(TableError::NotNullable { column: column() });
        }
        let text = |key| described.metadata().get(key).map_or("", String::as_str);
        let source = match text(SOURCE_KEY) {
            "" => Ok(Source::Value),
            name => name.parse(),
        };
        let format = match text(FORMAT_HINT_KEY) {
            BASE64 if has_decimals(field.data_type()) => DateFormat::of_base64(),
            hint if has_dates(field.data_type()) => DateFormat::compile_or_unreadable(hint),
            _ => DateFormat::default(),
        };
        Ok(Self {
            name: column(),
            source: source.map_err(|source| TableError::Source {
                column: column(),
                source,
            })?,
            mapping: text(MAPPING_KEY).to_owned(),
            data_type: field.data_type().clone(),
            format,
        })
    }

    pub(super) fn builder(&self, format: DataFormat) -> Result<ColumnBuilder, TableError> {
        let Self { name, data_type, .. } = self;
        ColumnBuilder::new(name, data_type, &self.format).ok_or_else(|| TableError::UnsupportedType {
            column: name.clone(),
            format,
            data_type: data_type.clone(),
        })
    }
}

/// Whether the hint of a date applies to the type, at any depth.
pub(crate) fn has_dates(data_type: &DataType) -> bool {
    has(data_type, |scalar| {
        matches!(
            scalar,
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
        )
    })
}

/// Whether [`BASE64`] applies to the type, at any depth.
pub(crate) fn has_decimals(data_type: &DataType) -> bool {
    has(data_type, |scalar| matches!(scalar, DataType::Decimal128(..)))
}

fn has(data_type: &DataType, is_wanted: fn(&DataType) -> bool) -> bool {
    match data_type {
        DataType::List(item) | DataType::Map(item, _) => has(item.data_type(), is_wanted),
        DataType::Struct(fields) => fields.iter().any(|field| has(field.data_type(), is_wanted)),
        scalar => is_wanted(scalar),
    }
}
