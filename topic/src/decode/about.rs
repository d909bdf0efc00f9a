//! Columns about the record itself: where and when it was, its headers, its bytes.

use crate::decode::column::ColumnBuilder;
use crate::decode::scalar::Scalar;
use crate::decode::{Column, DecoderError};
use crate::record::Record;
use crate::table::{DataFormat, Source};

/// Fills them.
pub(crate) struct AboutRecord {
    sources: Vec<Source>,
    pub(crate) columns: Vec<ColumnBuilder>,
}

impl AboutRecord {
    pub(crate) fn new(columns: &[Column]) -> Result<Self, DecoderError> {
        let builders = columns.iter().map(|column| column.builder(DataFormat::Raw));
        Ok(Self {
            sources: columns.iter().map(|column| column.source.clone()).collect(),
            columns: builders.collect::<Result<_, _>>()?,
        })
    }

    /// Appends one row. `reason` tells why the value did not decode.
    pub(crate) fn append(&mut self, record: &Record<'_>, reason: Option<&str>, key_corrupt: bool) {
        for (source, column) in self.sources.iter().zip(&mut self.columns) {
            column.append(match source {
                Source::Partition => Scalar::Int(record.partition.into()),
                Source::Offset => Scalar::Int(record.offset),
                Source::ValueCorrupt => Scalar::Bool(reason.is_some()),
                Source::KeyCorrupt => Scalar::Bool(key_corrupt),
                Source::Error => reason.map_or(Scalar::Null, Scalar::Text),
                Source::RawValue => record.value.map_or(Scalar::Null, Scalar::Bytes),
                Source::RawKey => record.key.map_or(Scalar::Null, Scalar::Bytes),
                _ => Scalar::Null,
            });
        }
    }
}
