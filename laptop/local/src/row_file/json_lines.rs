//! Rows of files of JSON lines.

use std::io::{self, Read};

use serde::de::IgnoredAny;

use super::row::{Input, Place, Row, Rows};

/// Longest line, its end included: a line is held in memory, and a record of this size is far above what brokers accept.
const MAX_LINE_BYTES: u64 = 64 << 20;

pub(super) fn rows(input: impl Input) -> Rows {
    rows_of_at_most(MAX_LINE_BYTES, input)
}

/// An error of reading ends the rows; a line that is not JSON does not.
fn rows_of_at_most(max_line_bytes: u64, mut input: impl Input) -> Rows {
    let mut number = 0;
    let mut is_over = false;
    Box::new(std::iter::from_fn(move || {
        while !is_over {
            number += 1;
            let place = Place::Line(number);
            let line = match read_line(&mut input, max_line_bytes) {
                Ok(line) => line,
                Err(error) => {
                    is_over = true;
                    return Some(Err((Some(place), error.to_string())));
                }
            };
            is_over = line.is_empty();
            let json = line.trim_ascii();
            if json.is_empty() {
                continue;
            }
            return Some(match serde_json::from_slice::<IgnoredAny>(json) {
                Ok(_) => Ok(Row {
                    place,
                    json: json.to_vec(),
                }),
                // The error's own line number is that within this line.
                Err(error) => Err((Some(place), format!("not JSON at column {}", error.column()))),
            });
        }
        None
    }))
}

/// The next line with its end; empty at the end of the input.
fn read_line(input: &mut impl Input, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut bounded = input.take(max_bytes + 1);
    io::BufRead::read_until(&mut bounded, b'\n', &mut line)?;
    if line.len() as u64 > max_bytes {
        let reason = format!("the line has more than {max_bytes} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_over_the_limit_is_an_error_that_ends_the_rows() {
        let text = "{\"a\":1}\n{\"a\": 2}\n{}\n";
        let rows: Vec<_> = rows_of_at_most(8, text.as_bytes()).collect();
        assert_eq!(
            rows,
            [
                Ok(Row {
                    place: Place::Line(1),
                    json: b"{\"a\":1}".to_vec()
                }),
                Err((Some(Place::Line(2)), "the line has more than 8 bytes".to_owned())),
            ]
        );
    }

    #[test]
    fn the_last_line_needs_no_end() {
        let rows = rows_of_at_most(8, &b"[1]\n\n[2]"[..]);
        let rows: Vec<_> = rows.map(|row| row.unwrap().json).collect();
        assert_eq!(rows, [b"[1]", b"[2]"]);
    }
}
