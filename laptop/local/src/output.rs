//! Output of rows: as text in Athena's spelling, or in binary formats.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use trino_sql::{OutputColumn, Type};

use self::cells::Cells;
use self::columnar::{Columnar, PageCompression};
use self::table::Table;
use crate::types::sql_schema;

mod cells;
pub(crate) mod columnar;
mod json;
mod lists;
mod separated;
mod shown;
mod table;
mod texts;

pub(crate) use texts::texts;

/// Bytes that are collected before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputFormat {
    /// Framed columns.
    #[default]
    Table,
    /// A line for each column of a row.
    Vertical,
    /// CSV; nested values as the text a table shows; NULL is nothing, the empty text is `""`.
    Csv { header: bool },
    /// Tab-separated fields with escapes; NULL is `\N`.
    Tsv { header: bool },
    /// One JSON object for each row, with every column.
    Json,
    /// Array of those objects.
    JsonArray,
    /// Table in Markdown.
    Markdown,
    /// Parquet file, its pages compressed with Snappy.
    Parquet,
    /// Stream of Arrow's IPC format.
    Arrow,
}

/// Error of an unknown format.
#[derive(Debug, thiserror::Error)]
#[error("output: wanted {names}, found {0:?}", names = OutputFormat::NAMES)]
pub struct UnknownFormat(String);

impl OutputFormat {
    /// Names of all formats.
    pub const NAMES: &'static str = "table, vertical, csv, csv-header, csv-no-header, tsv, tsv-header, \
         tsv-no-header, json, json-array, markdown, parquet or arrow";

    /// Whether a terminal cannot show it.
    pub(crate) fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow)
    }

    /// Text of NULL, unless another is chosen; JSON has its own.
    fn null(self) -> &'static str {
        match self {
            Self::Table | Self::Vertical | Self::Markdown => "NULL",
            Self::Csv { .. } | Self::Json | Self::JsonArray | Self::Parquet | Self::Arrow => "",
            Self::Tsv { .. } => "\\N",
        }
    }
}

/// The name that is parsed.
impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "table",
            Self::Vertical => "vertical",
            Self::Csv { header: true } => "csv",
            Self::Csv { header: false } => "csv-no-header",
            Self::Tsv { header: true } => "tsv",
            Self::Tsv { header: false } => "tsv-no-header",
            Self::Json => "json",
            Self::JsonArray => "json-array",
            Self::Markdown => "markdown",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        })
    }
}

impl FromStr for OutputFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Ok(match text {
            "table" => Self::Table,
            "vertical" => Self::Vertical,
            "csv" | "csv-header" => Self::Csv { header: true },
            "csv-no-header" => Self::Csv { header: false },
            "tsv" | "tsv-header" => Self::Tsv { header: true },
            "tsv-no-header" => Self::Tsv { header: false },
            "json" => Self::Json,
            "json-array" => Self::JsonArray,
            "markdown" => Self::Markdown,
            "parquet" => Self::Parquet,
            "arrow" => Self::Arrow,
            _ => return Err(UnknownFormat(text.to_owned())),
        })
    }
}

/// How the rows of a result are written.
#[derive(Debug, Clone, Default)]
pub struct OutputOptions {
    pub format: OutputFormat,
    /// Text of NULL in place of the format's.
    pub null: Option<String>,
    /// Separator of TSV in place of the tab.
    pub separator: Option<u8>,
    /// Columns of the terminal that a table is cut to.
    pub width: Option<usize>,
    /// Number of rows of a table, and of a vertical list, that are shown. All are counted.
    pub rows: Option<u64>,
}

/// Writer of the rows of one result, in bounded memory: rows are written as they come, those of a table once its widths
/// are known.
pub struct RowWriter<W: Write + Send>(Rows<W>);

enum Rows<W: Write + Send> {
    Text(Box<TextWriter<W>>),
    Columnar(Columnar<W>),
}

struct TextWriter<W> {
    out: W,
    columns: Vec<OutputColumn>,
    options: OutputOptions,
    null: String,
    layout: Layout,
    rows: u64,
    text: Vec<u8>,
    scratch: Vec<u8>,
}

/// What a format keeps between rows.
enum Layout {
    Lines,
    /// Names of the columns as JSON.
    Objects(Vec<Vec<u8>>),
    Table(Box<Table>),
}

impl<W: Write + Send> RowWriter<W> {
    /// Writer with the format's own NULL, and without limits.
    ///
    /// # Errors
    /// If a binary format cannot hold the columns, or its beginning cannot be written.
    pub fn new(out: W, columns: Vec<OutputColumn>, format: OutputFormat) -> io::Result<Self> {
        let options = OutputOptions {
            format,
            ..OutputOptions::default()
        };
        Self::with_options(out, columns, options)
    }

    /// Writer with these options.
    ///
    /// # Errors
    /// As those of [`Self::new`].
    pub fn with_options(out: W, columns: Vec<OutputColumn>, options: OutputOptions) -> io::Result<Self> {
        Ok(Self(match options.format {
            OutputFormat::Parquet => {
                Rows::Columnar(Columnar::parquet(out, columns, PageCompression::Snappy)?)
            }
            OutputFormat::Arrow => Rows::Columnar(Columnar::arrow(out, columns)?),
            _ => Rows::Text(Box::new(TextWriter::new(out, columns, options))),
        }))
    }

    /// Writes rows of the columns that the writer was made for.
    pub fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        match &mut self.0 {
            Rows::Text(writer) => writer.write(batch),
            Rows::Columnar(writer) => writer.write(batch),
        }
    }

    /// Writes the rest: the table, or the header of a result without rows.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {
            Rows::Text(writer) => writer.finish(),
            Rows::Columnar(writer) => writer.finish(),
        }
    }
}

impl<W: Write> TextWriter<W> {
    fn new(out: W, columns: Vec<OutputColumn>, options: OutputOptions) -> Self {
        let null = options.null.clone();
        let null = null.unwrap_or_else(|| options.format.null().to_owned());
        let layout = match options.format {
            OutputFormat::Table => {
                Layout::Table(Box::new(Table::new(&columns, &null, options.width, options.rows)))
            }
            OutputFormat::Json | OutputFormat::JsonArray => {
                Layout::Objects(columns.iter().map(|column| json::key(&column.name)).collect())
            }
            _ => Layout::Lines,
        };
        let mut text = Vec::new();
        let names = columns.iter().map(|column| column.name.as_str());
        match options.format {
            OutputFormat::Csv { header: true } => separated::push_csv_names(names, &mut text),
            OutputFormat::Tsv { header: true } => separated::push_tsv_names(names, &mut text),
            OutputFormat::Markdown => append(&mut text, |text| lists::push_markdown_head(&columns, text)),
            OutputFormat::JsonArray => text.push(b'['),
            _ => {}
        }
        Self {
            out,
            columns,
            options,
            null,
            layout,
            rows: 0,
            text,
            scratch: Vec::new(),
        }
    }

    fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let (out, text) = (&mut self.out, &mut self.text);
        if let Layout::Table(table) = &mut self.layout {
            let mut rows = String::new();
            table.push(batch, &self.columns, &mut rows, |rows| {
                if rows.len() >= BUFFER_BYTES {
                    out.write_all(rows.as_bytes())?;
                    rows.clear();
                }
                Ok(())
            })?;
            return out.write_all(rows.as_bytes());
        }
        let cells = cells::columns(batch, &self.columns);
        for row in 0..batch.num_rows() {
            self.rows += 1;
            let number = self.rows;
            match (&self.layout, self.options.format) {
                (_, OutputFormat::Csv { .. }) => separated::push_csv_row(&cells, &self.null, row, text),
                (_, OutputFormat::Tsv { .. }) => {
                    let separator = self.options.separator.unwrap_or(b'\t');
                    separated::push_tsv_row(&cells, &self.null, separator, row, text);
                }
                (Layout::Objects(keys), OutputFormat::JsonArray) => {
                    text.extend_from_slice(if number > 1 { b",\n" } else { b"\n" });
                    json::push_row(&cells, keys, row, text);
                }
                (Layout::Objects(keys), _) => {
                    json::push_row(&cells, keys, row, text);
                    text.push(b'\n');
                }
                (_, OutputFormat::Markdown) => append(text, |text| {
                    lists::push_markdown_row(&cells, &self.null, row, &mut self.scratch, text);
                }),
                _ => {
                    if self.options.rows.is_none_or(|limit| number <= limit) {
                        let place = (row, number);
                        append(text, |text| {
                            let null = &self.null;
                            lists::push_vertical(&cells, &self.columns, null, place, &mut self.scratch, text);
                        });
                    }
                }
            }
            if text.len() >= BUFFER_BYTES {
                out.write_all(text)?;
                text.clear();
            }
        }
        out.write_all(text)?;
        text.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        match (self.layout, self.options.format) {
            (Layout::Table(table), _) => append(&mut self.text, |text| table.finish(text)),
            (_, OutputFormat::JsonArray) => {
                let end: &[u8] = if self.rows > 0 { b"\n]\n" } else { b"]\n" };
                self.text.extend_from_slice(end);
            }
            (_, OutputFormat::Vertical) => {
                let limit = self.options.rows.unwrap_or(u64::MAX);
                if let Some(more @ 1..) = self.rows.checked_sub(limit) {
                    let remark = format!("… {} more rows\n", shown::with_commas(more));
                    self.text.extend_from_slice(remark.as_bytes());
                }
            }
            _ => {}
        }
        self.out.write_all(&self.text)?;
        self.out.flush()
    }
}

/// Framed rows; without rows, the names of the columns only.
pub fn table(columns: &[OutputColumn], batches: &[RecordBatch]) -> String {
    let mut out = Vec::new();
    let options = OutputOptions::default();
    let mut writer = TextWriter::new(&mut out, columns.to_vec(), options);
    let written = batches.iter().try_for_each(|batch| writer.write(batch));
    // Memory takes everything.
    let _ = written.and_then(|()| writer.finish());
    let text = String::from_utf8_lossy(&out);
    text.trim_end_matches('\n').to_owned()
}

fn append(out: &mut Vec<u8>, write: impl FnOnce(&mut String)) {
    let mut text = String::new();
    write(&mut text);
    out.extend_from_slice(text.as_bytes());
}

/// JSON line of the only row of a batch of the connector, with its columns in SQL.
///
/// # Errors
/// If a column has a type that SQL does not have.
pub(crate) fn json_line(wire: &RecordBatch) -> io::Result<String> {
    let columns = output_columns(&sql_schema(&wire.schema()))?;
    let arrays = wire.columns().iter().map(crate::types::sql_array);
    let arrays = arrays.collect::<Result<Vec<_>, _>>().map_err(io::Error::other)?;
    let cells: Vec<Cells<'_>> = arrays
        .iter()
        .zip(&columns)
        .map(|(array, column)| Cells::new(array, &column.ty))
        .collect();
    let keys: Vec<_> = columns.iter().map(|column| json::key(&column.name)).collect();
    let mut line = Vec::new();
    json::push_row(&cells, &keys, 0, &mut line);
    String::from_utf8(line).map_err(io::Error::other)
}

fn output_columns(schema: &Schema) -> io::Result<Vec<OutputColumn>> {
    let columns = schema.fields().iter().map(|field| {
        Ok(OutputColumn {
            name: field.name().clone(),
            ty: Type::of_column(field.data_type()).map_err(io::Error::other)?,
        })
    });
    columns.collect()
}

#[cfg(test)]
mod tests;
