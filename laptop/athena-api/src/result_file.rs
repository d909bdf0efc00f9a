//! Results as text, and their rows read back.
//!
//! A result is CSV in which every value has quotes, NULL is nothing and the empty text is `""`, so that the file alone
//! says what each value was ([format](https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html)).

use std::ops::Range;

use arrow::array::{Array, AsArray, RecordBatch};

/// Appends the names of columns as a row.
pub(crate) fn push_header<'a>(names: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
    for (at, name) in names.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        push_quoted(name, out);
    }
    out.push(b'\n');
}

/// Appends rows of texts.
///
/// # Errors
/// If a column is not Utf8, with its name and type.
pub(crate) fn push_rows(batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), String> {
    let schema = batch.schema();
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| {
        let text = column.as_string_opt::<i32>();
        text.ok_or_else(|| {
            format!(
                "column {}: wanted Utf8, found {}",
                field.name(),
                column.data_type()
            )
        })
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    for row in 0..batch.num_rows() {
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            if column.is_valid(row) {
                push_quoted(column.value(row), out);
            }
        }
        out.push(b'\n');
    }
    Ok(())
}

fn push_quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(quote) = rest.iter().position(|&byte| byte == b'"') {
        out.extend_from_slice(&rest[..=quote]);
        out.push(b'"');
        rest = &rest[quote + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Values of a row; `None` is NULL.
pub(crate) type Row = Vec<Option<String>>;

/// Rows of a page, and where the next one begins in the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RowPage {
    pub(crate) rows: Vec<Row>,
    pub(crate) next: Option<usize>,
}

/// Limits of a page. A page has at least one row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageLimits {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

/// Reads the rows from a place in a file on. `None` if no row begins there, or the file is not a result.
pub(crate) fn read_page(file: &[u8], start: usize, limits: PageLimits) -> Option<RowPage> {
    let begins_row = start == 0 || (start <= file.len() && file[start - 1] == b'\n');
    if !begins_row {
        return None;
    }
    let (mut rows, mut at) = (Vec::new(), start);
    while at < file.len() && rows.len() < limits.rows {
        let (row, end) = read_row(file, at)?;
        if !rows.is_empty() && end - start > limits.bytes {
            break;
        }
        rows.push(row);
        at = end;
    }
    let next = (at < file.len()).then_some(at);
    Some(RowPage { rows, next })
}

/// Row at a place, and where the next one begins.
fn read_row(file: &[u8], mut at: usize) -> Option<(Row, usize)> {
    let mut row = Vec::new();
    loop {
        match file.get(at)? {
            b'"' => {
                let (text, end) = read_quoted(file, at + 1)?;
                row.push(Some(text));
                at = end;
            }
            _ => row.push(None),
        }
        match file.get(at)? {
            b',' => at += 1,
            b'\n' => return Some((row, at + 1)),
            _ => return None,
        }
    }
}

/// Text up to the quote that ends it, and the place after that quote.
fn read_quoted(file: &[u8], start: usize) -> Option<(String, usize)> {
    let (mut text, mut part) = (Vec::new(), start);
    loop {
        let quote = part + file.get(part..)?.iter().position(|&byte| byte == b'"')?;
        let Range { start, end } = part..quote;
        text.extend_from_slice(&file[start..end]);
        if file.get(quote + 1) != Some(&b'"') {
            return Some((String::from_utf8(text).ok()?, quote + 1));
        }
        text.push(b'"');
        part = quote + 2;
    }
}

/// Rows of a file of CSV without a header as text for people: tabs between values, NULL is nothing.
pub(crate) fn tab_separated(file: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some((row, end)) = read_row(file, at) {
        let texts: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
        out.extend_from_slice(texts.join("\t").as_bytes());
        out.push(b'\n');
        at = end;
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, StringArray};

    use super::*;

    const ALL: PageLimits = PageLimits {
        rows: 1000,
        bytes: 1 << 20,
    };

    fn batch(columns: Vec<Vec<Option<&str>>>) -> RecordBatch {
        let columns = columns.into_iter().enumerate();
        let columns = columns.map(|(at, texts)| {
            (
                format!("c{at}"),
                Arc::new(StringArray::from(texts)) as ArrayRef,
                true,
            )
        });
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    fn file() -> Vec<u8> {
        let mut file = Vec::new();
        push_header(["a\"", "b"].into_iter(), &mut file);
        let texts = vec![Some("x"), None, Some(""), Some("q\"\",\n\"")];
        push_rows(
            &batch(vec![texts, vec![Some("1"), None, Some("é\t"), None]]),
            &mut file,
        )
        .unwrap();
        file
    }

    #[test]
    fn every_value_has_quotes_and_null_is_nothing() {
        let wanted = "\"a\"\"\",\"b\"\n\"x\",\"1\"\n,\n\"\",\"é\t\"\n\"q\"\"\"\",\n\"\"\",\n";
        assert_eq!(String::from_utf8(file()).unwrap(), wanted);
    }

    #[test]
    fn rows_are_read_back_as_they_were_written() {
        let text = |text: &str| Some(text.to_owned());
        let page = read_page(&file(), 0, ALL).unwrap();
        let wanted = vec![
            vec![text("a\""), text("b")],
            vec![text("x"), text("1")],
            vec![None, None],
            vec![text(""), text("é\t")],
            vec![text("q\"\",\n\""), None],
        ];
        assert_eq!(
            page,
            RowPage {
                rows: wanted,
                next: None
            }
        );
    }

    #[test]
    fn pages_continue_where_the_last_one_ended() {
        let file = file();
        for limits in [PageLimits { rows: 2, ..ALL }, PageLimits { bytes: 1, ..ALL }] {
            let (mut rows, mut next, mut pages) = (Vec::new(), Some(0), 0);
            while let Some(start) = next {
                let page = read_page(&file, start, limits).unwrap();
                rows.extend(page.rows);
                next = page.next;
                pages += 1;
            }
            assert_eq!(rows, read_page(&file, 0, ALL).unwrap().rows);
            assert!(pages >= 3, "{pages}");
        }
    }

    #[test]
    fn a_row_of_one_null_is_an_empty_line() {
        let mut file = Vec::new();
        push_rows(&batch(vec![vec![None, Some("")]]), &mut file).unwrap();
        assert_eq!(file, b"\n\"\"\n");
        assert_eq!(
            read_page(&file, 0, ALL).unwrap().rows,
            [vec![None], vec![Some(String::new())]]
        );
    }

    #[test]
    fn what_is_not_a_result_is_not_read() {
        for wrong in ["\"a", "a\n", "\"a\"b\n", "\"a\",", "\"\u{e9}"] {
            assert_eq!(read_page(wrong.as_bytes(), 0, ALL), None, "{wrong}");
        }
        assert_eq!(read_page(b"\"\xff\"\n", 0, ALL), None);
        let file = file();
        for start in [1, file.len() - 1, file.len() + 1, usize::MAX] {
            assert_eq!(read_page(&file, start, ALL), None, "{start}");
        }
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        let numbers = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
        assert_eq!(
            push_rows(&numbers, &mut Vec::new()).unwrap_err(),
            "column n: wanted Utf8, found Int32"
        );
    }

    #[test]
    fn results_of_show_have_tabs() {
        let mut file = Vec::new();
        push_rows(
            &batch(vec![vec![Some("id"), None], vec![Some("bigint"), Some("x")]]),
            &mut file,
        )
        .unwrap();
        assert_eq!(tab_separated(&file), b"id\tbigint\n\tx\n");
    }
}
