//! Output of records.

use std::io::{self, BufWriter, Write};

use clap::ValueEnum;

use super::view::ShownRecord;
use crate::cli::listing::Listing;

/// Output format of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PeekFormat {
    /// One object for each line.
    Json,
    /// Aligned columns, once all records are read.
    Table,
    /// Bytes of each value, and a line feed.
    Raw,
}

/// Writes records as they arrive, or a table of all of them at the end.
pub(super) struct RecordPrinter<W: Write> {
    out: BufWriter<W>,
    format: PeekFormat,
    table: Option<Listing>,
}

impl<W: Write> RecordPrinter<W> {
    pub(super) fn new(out: W, format: PeekFormat) -> Self {
        let table = (format == PeekFormat::Table).then(|| {
            let mut table = Listing::new(&["PARTITION", "OFFSET", "TIME", "KEY", "VALUE", "ERROR"]);
            table.align_right(&[0, 1]);
            table
        });
        Self {
            out: BufWriter::new(out),
            format,
            table,
        }
    }

    pub(super) fn print(&mut self, record: &ShownRecord) -> io::Result<()> {
        match (&mut self.table, self.format) {
            (Some(table), _) => {
                table.row(cells(record));
                Ok(())
            }
            (None, PeekFormat::Raw) => {
                self.out.write_all(record.bytes.as_deref().unwrap_or_default())?;
                self.out.write_all(b"\n")
            }
            (None, _) => {
                serde_json::to_writer(&mut self.out, record)?;
                self.out.write_all(b"\n")
            }
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Writes the rest, after the last record.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if let Some(table) = &self.table {
            writeln!(self.out, "{table}")?;
        }
        self.out.flush()
    }
}

fn cells(record: &ShownRecord) -> [String; 6] {
    [
        record.partition.to_string(),
        record.offset.to_string(),
        record.time.clone().unwrap_or_default(),
        without_quotes(record.key.get()),
        without_quotes(record.value.get()),
        record.error.clone().unwrap_or_default(),
    ]
}

/// JSON for a cell: text without quotes, unless it has control characters; empty for `null`; anything else unchanged.
fn without_quotes(json: &str) -> String {
    let text: Result<Option<String>, _> = serde_json::from_str(json);
    match text {
        Ok(None) => String::new(),
        Ok(Some(text)) if !text.contains(char::is_control) => text,
        _ => json.to_owned(),
    }
}
