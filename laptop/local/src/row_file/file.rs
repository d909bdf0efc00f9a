//! Files of rows of any format.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use clap::ValueEnum;

use super::row::{Extent, Fault, Place, Row, Rows};
use super::{batches, csv, json_lines};

/// Format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// One JSON value for each line.
    #[value(alias = "json", alias = "ndjson")]
    Jsonl,
    /// Comma-separated, with names in the first line.
    Csv,
    /// Tab-separated, with names in the first line.
    Tsv,
    /// Object container file.
    Avro,
    Parquet,
}

impl FileFormat {
    /// Format by the extension of a file's name.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match ending.as_str() {
            "jsonl" | "ndjson" | "json" => Self::Jsonl,
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "avro" => Self::Avro,
            "parquet" => Self::Parquet,
            _ => return None,
        })
    }
}

/// Error that ends the rows of a file.
#[derive(Debug, thiserror::Error)]
#[error("{file}{}: {reason}", place.map(|place| format!(" {place}")).unwrap_or_default())]
pub struct RowFileError {
    file: String,
    place: Option<Place>,
    reason: String,
}

/// Open file, as an iterator of its rows.
pub struct RowFile {
    name: String,
    format: FileFormat,
    rows: Rows,
    extent: Extent,
}

impl RowFile {
    /// Standard input with JSON lines.
    pub fn standard_input() -> Self {
        let extent = Extent::new(None);
        Self {
            name: "standard input".to_owned(),
            format: FileFormat::Jsonl,
            rows: json_lines::rows(BufReader::new(Counted {
                inner: io::stdin(),
                extent: extent.clone(),
            })),
            extent,
        }
    }

    /// Opens a file of this format, or of that of its extension.
    ///
    /// # Errors
    /// If the file does not exist, its format is unknown, or it does not begin as one of its format.
    pub fn open(path: &Path, format: Option<FileFormat>) -> Result<Self, RowFileError> {
        let name = path.display().to_string();
        let fault = |(place, reason): Fault| RowFileError {
            file: name.clone(),
            place,
            reason,
        };
        let format = format.or_else(|| FileFormat::of(path)).ok_or_else(|| {
            let reason = "unknown extension: wanted .jsonl, .csv, .tsv, .avro, .parquet, or --format";
            fault((None, reason.to_owned()))
        })?;
        let open = || File::open(path).map_err(|error| fault((None, error.to_string())));
        let file = open()?;
        let extent = Extent::new(file.metadata().ok().map(|metadata| metadata.len()));
        let counted = |file| {
            BufReader::new(Counted {
                inner: file,
                extent: extent.clone(),
            })
        };
        let (rows, extent) = match format {
            FileFormat::Jsonl => (json_lines::rows(counted(file)), extent.clone()),
            FileFormat::Csv => (
                csv::rows(open()?, counted(file), b',').map_err(fault)?,
                extent.clone(),
            ),
            FileFormat::Tsv => (
                csv::rows(open()?, counted(file), b'\t').map_err(fault)?,
                extent.clone(),
            ),
            FileFormat::Avro => (batches::avro_rows(counted(file)).map_err(fault)?, extent.clone()),
            FileFormat::Parquet => batches::parquet_rows(file).map_err(fault)?,
        };
        Ok(Self {
            name,
            format,
            rows,
            extent,
        })
    }

    pub fn format(&self) -> FileFormat {
        self.format
    }

    /// View of how much has been read, to show progress.
    pub fn extent(&self) -> Extent {
        self.extent.clone()
    }

    pub(super) fn error(&self, place: Option<Place>, reason: impl Into<String>) -> RowFileError {
        RowFileError {
            file: self.name.clone(),
            place,
            reason: reason.into(),
        }
    }
}

impl Iterator for RowFile {
    type Item = Result<Row, RowFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        Some(row.map_err(|(place, reason)| self.error(place, reason)))
    }
}

/// Reader that counts its bytes.
struct Counted<R> {
    inner: R,
    extent: Extent,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.extent.add(read as u64);
        Ok(read)
    }
}
