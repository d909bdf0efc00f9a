//! Rows of files of JSON lines.

use serde::de::IgnoredAny;

use super::row::{Input, Place, Row, Rows};

pub(super) fn rows(mut input: impl Input) -> Rows {
    let mut number = 0;
    Box::new(std::iter::from_fn(move || {
        loop {
            let mut line = Vec::new();
            number += 1;
            let place = Place::Line(number);
            match input.read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err((Some(place), error.to_string()))),
            }
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
    }))
}
