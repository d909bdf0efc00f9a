//! Fields of one CSV record.
//!
//! A field without a quote at its beginning ends at the next delimiter, whatever it holds: it is a slice of the
//! record. Only the others are unescaped, by `csv-core`, which does not report whether the last quote was
//! closed. That is seen from the record's end, a byte that UTF-8 never contains: within quotes it ends nothing.

use csv_core::{ReadFieldResult, Reader, ReaderBuilder, Terminator};
use memchr::memchr;

use crate::decode::error::{RowError, TableError};
use crate::table::{CsvOptions, DataFormat};

/// Terminator of a record, so that line ends are not.
const RECORD_END: u8 = 0xff;

/// Splitter of records into fields.
pub(crate) struct Fields {
    /// Reader of quoted fields.
    reader: Reader,
    delimiter: u8,
    quote: Option<u8>,
    trim: bool,
    /// Buffer for the text of a quoted field.
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
            output: Vec::new(),
        })
    }

    /// Passes each field of `record` to `show`; there is at least one.
    pub(crate) fn read(&mut self, record: &str, mut show: impl FnMut(Field<'_>)) -> Result<(), RowError> {
        let mut rest = strip_line_end(record.trim_start_matches('\u{feff}'));
        for index in 0.. {
            rest = &rest[self.blanks_before_quote(rest)..];
            let quoted = self.quote.is_some() && rest.as_bytes().first().copied() == self.quote;
            let end = if quoted {
                let (text, end) = self.quoted(rest).ok_or_else(|| unclosed(index))?;
                show(Field { index, text, quoted });
                end
            } else {
                let end = memchr(self.delimiter, rest.as_bytes()).unwrap_or(rest.len());
                let text = &rest[..end];
                let text = text.trim_matches(|c| self.is_trimmed(c));
                show(Field { index, text, quoted });
                end
            };
            let Some(after) = rest.get(end + 1..) else {
                break;
            };
            rest = after;
        }
        Ok(())
    }

    /// Number of blanks that `trim` removes before a quote at the beginning of `rest`.
    fn blanks_before_quote(&self, rest: &str) -> usize {
        let (true, Some(quote)) = (self.trim, self.quote) else {
            return 0;
        };
        let field = rest.trim_start_matches(|c| self.is_trimmed(c));
        match field.as_bytes().first() == Some(&quote) {
            true => rest.len() - field.len(),
            false => 0,
        }
    }

    /// Text of the quoted field at the beginning of `rest`, and its end there, where a delimiter follows or
    /// nothing; `None` if the quote is not closed.
    fn quoted(&mut self, rest: &str) -> Option<(&str, usize)> {
        if self.output.len() < rest.len() {
            self.output.resize(rest.len(), 0);
        }
        self.reader.reset();
        let (result, read, mut len) = self.reader.read_field(rest.as_bytes(), &mut self.output);
        let end = if matches!(result, ReadFieldResult::Field { .. }) {
            read - 1
        } else {
            let (result, _, _) = self.reader.read_field(&[RECORD_END], &mut [0]);
            if !matches!(result, ReadFieldResult::Field { .. }) {
                return None;
            }
            rest.len()
        };
        // Blanks at the end are outside the quotes as far as the record itself ends in them.
        let field = &rest[..end];
        len -= field.len() - field.trim_end_matches(|c| self.is_trimmed(c)).len();
        // UTF-8 that was split at ASCII characters is UTF-8.
        Some((str::from_utf8(&self.output[..len]).unwrap_or_default(), end))
    }

    /// Whether the character is a blank of Java's `trim`, and is to be removed.
    fn is_trimmed(&self, c: char) -> bool {
        self.trim && c <= ' ' && c != char::from(self.delimiter)
    }
}

fn unclosed(index: usize) -> RowError {
    RowError::bad(format!("the quote that begins field {index} is not closed"))
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
