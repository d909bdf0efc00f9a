//! Fields of one CSV record.
//!
//! `csv-core` splits the record. It does not report two things, which are derived from the record's edges.
//! Whether a field was quoted is seen from its first byte, which is why blanks before a quote are removed
//! first. Whether the last quote was closed is seen from the record's end, a byte that UTF-8 never contains:
//! within quotes it ends nothing.

use csv_core::{ReadFieldResult, Reader, ReaderBuilder, Terminator};

use crate::decode::error::{RowError, TableError};
use crate::table::{CsvOptions, DataFormat};

/// Terminator of a record, so that line ends are not.
const RECORD_END: u8 = 0xff;

/// Splitter of records into fields.
pub(crate) struct Fields {
    reader: Reader,
    delimiter: u8,
    quote: Option<u8>,
    trim: bool,
    /// Record with its terminator.
    input: Vec<u8>,
    output: Vec<u8>,
}

pub(crate) struct Field<'a> {
    /// Index from 0.
    pub(crate) index: usize,
    /// Text without quotes and escapes.
    pub(crate) text: &'a str,
    pub(crate) quoted: bool,
}

impl Fields {
    pub(crate) fn new(options: &CsvOptions) -> Result<Self, TableError> {
        let (delimiter, quote, escape) = special_bytes(options)?;
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .quoting(quote.is_some())
            .quote(quote.unwrap_or(b'"'))
            .escape(escape)
            .terminator(Terminator::Any(RECORD_END))
            .build();
        Ok(Self {
            reader,
            delimiter,
            quote,
            trim: options.trim,
            input: Vec::new(),
            output: Vec::new(),
        })
    }

    /// Passes each field of `record` to `show`; there is at least one.
    pub(crate) fn read(&mut self, record: &str, mut show: impl FnMut(Field<'_>)) -> Result<(), RowError> {
        let record = strip_line_end(record.trim_start_matches('\u{feff}'));
        if record.is_empty() {
            show(Field {
                index: 0,
                text: "",
                quoted: false,
            });
            return Ok(());
        }
        self.start(record);
        let (mut at, mut index) = (0, 0);
        loop {
            at += self.blanks_before_quote(&self.input[at..]);
            let rest = &self.input[at..];
            let (result, read, written) = self.reader.read_field(rest, &mut self.output);
            let ReadFieldResult::Field { record_end } = result else {
                return Err(RowError::bad(format!(
                    "the quote that begins field {index} is not closed"
                )));
            };
            let (raw, text) = (&rest[..read - 1], &self.output[..written]);
            show(self.field(index, raw, text));
            if record_end {
                return Ok(());
            }
            at += read;
            index += 1;
        }
    }

    fn start(&mut self, record: &str) {
        self.reader.reset();
        self.input.clear();
        self.input.extend_from_slice(record.as_bytes());
        self.input.push(RECORD_END);
        self.output.resize(self.input.len(), 0);
    }

    /// Number of blanks that `trim` removes before a quote at the beginning of `rest`.
    fn blanks_before_quote(&self, rest: &[u8]) -> usize {
        let blanks = rest.iter().take_while(|byte| self.is_blank(**byte)).count();
        let quoted = self.quote.is_some() && rest.get(blanks).copied() == self.quote;
        if self.trim && quoted { blanks } else { 0 }
    }

    /// Field with its blanks removed. Only for blanks outside quotes does the record's own text, `raw`, end
    /// in as many as the field's.
    fn field<'a>(&self, index: usize, raw: &[u8], text: &'a [u8]) -> Field<'a> {
        let quoted = self.quote.is_some() && raw.first().copied() == self.quote;
        let blanks = |bytes: &mut dyn Iterator<Item = &u8>| match self.trim {
            true => bytes.take_while(|byte| self.is_blank(**byte)).count(),
            false => 0,
        };
        let end = text.len() - blanks(&mut raw.iter().rev());
        let start = if quoted {
            0
        } else {
            blanks(&mut text[..end].iter())
        };
        Field {
            index,
            // UTF-8 that was split at ASCII characters is UTF-8.
            text: str::from_utf8(&text[start..end]).unwrap_or_default(),
            quoted,
        }
    }

    /// Whether the byte is a blank of Java's `trim`.
    fn is_blank(&self, byte: u8) -> bool {
        byte <= b' ' && byte != self.delimiter
    }
}

/// Delimiter, quote and escape, all different.
fn special_bytes(options: &CsvOptions) -> Result<(u8, Option<u8>, Option<u8>), TableError> {
    let schema = |reason: String| TableError::Schema {
        format: DataFormat::Csv,
        reason,
    };
    let delimiter = u8::try_from(options.delimiter).ok();
    let delimiter = delimiter.filter(|byte| byte.is_ascii() && !matches!(byte, b'\r' | b'\n'));
    let delimiter = delimiter.ok_or_else(|| {
        schema(format!(
            "the delimiter is {:?}, wanted an ASCII character other than a line end",
            options.delimiter
        ))
    })?;
    let visible = |name, c: Option<char>| match c {
        Some(c) if !c.is_ascii_graphic() => Err(schema(format!(
            "the {name} is {c:?}, wanted a visible ASCII character"
        ))),
        c => Ok(c.map(|c| c as u8)),
    };
    let (quote, escape) = (
        visible("quote", options.quote)?,
        visible("escape", options.escape)?,
    );
    if escape.is_some() && quote.is_none() {
        return Err(schema("an escape requires a quote".to_owned()));
    }
    if [quote, escape].contains(&Some(delimiter)) || escape.is_some() && escape == quote {
        return Err(schema("delimiter, quote and escape must differ".to_owned()));
    }
    Ok((delimiter, quote, escape))
}

fn strip_line_end(record: &str) -> &str {
    let line = record.strip_suffix('\n').unwrap_or(record);
    line.strip_suffix('\r').unwrap_or(line)
}
