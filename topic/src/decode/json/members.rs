//! Members of the top-level object, found by the gaps of earlier records.
//!
//! The records of a topic mostly come from one program: their keys have the same order, with the same blanks.
//! The text between two values of an earlier record probably recurs, and comparing it is faster than reading
//! a key and looking it up.

use std::ops::Range;

use crate::decode::json::cursor::Cursor;
use crate::decode::json::escape::unescape;
use crate::decode::json::scanner::skip_value;
use crate::decode::json::wanted::{Found, Wanted};

/// Maximum number of gaps that are remembered, and of bytes in each.
const MAX_GAPS: usize = 1024;
const MAX_GAP_BYTES: usize = 256;

/// Finder of members, which remembers the keys of the previous record.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// Gaps in the order of the values that follow them.
    gaps: Vec<Gap>,
    /// Buffer of the scanner.
    ends: Vec<u8>,
    /// Buffer for unescaped keys.
    unescaped: String,
}

/// Text before a value and after the previous one, such as `, "a": `.
#[derive(Debug)]
struct Gap {
    text: String,
    /// Place of the value, if a column shows it.
    place: Option<usize>,
}

impl Members {
    /// Records the ranges of mapped members of `json` in `found`, which is empty. `None` if that is not a
    /// JSON object; then the content of `found` is unspecified.
    pub(crate) fn locate(&mut self, json: &str, wanted: &Wanted, found: &mut Found) -> Option<()> {
        let mut cursor = Cursor::new(json);
        for nth in 0.. {
            let place = match self.gaps.get(nth) {
                Some(gap) if cursor.skip_text(&gap.text) => gap.place,
                _ => {
                    let start = cursor.position();
                    let Some(key) = next_key(&mut cursor, nth == 0)? else {
                        break;
                    };
                    let key = unescape(json.get(key.start + 1..key.end - 1)?, &mut self.unescaped);
                    let place = wanted.member(key.as_bytes()).map(Wanted::place);
                    remember(&mut self.gaps, nth, json.get(start..cursor.position())?, place);
                    place
                }
            };
            let value = skip_value(&mut cursor, &mut self.ends)?;
            if let Some(place) = place {
                found[place] = Some(value);
            }
        }
        Some(())
    }
}

/// Moves before the value of the next member and returns the range of its key with its quotes; the inner
/// `None` after the object. The `first` key follows the bracket.
fn next_key(cursor: &mut Cursor<'_>, first: bool) -> Option<Option<Range<usize>>> {
    if first {
        cursor.skip_byte(b'{')?;
    }
    match cursor.skip_blanks() {
        b'}' => return Some(None),
        b',' if !first => cursor.skip_byte(b',')?,
        _ if first => {}
        _ => return None,
    }
    let key = cursor.skip_string()?;
    cursor.skip_byte(b':')?;
    cursor.skip_blanks();
    Some(Some(key))
}

/// Remembers the gap before value `nth`, unless it is too long or a gap before it was not remembered.
fn remember(gaps: &mut Vec<Gap>, nth: usize, text: &str, place: Option<usize>) {
    if text.len() > MAX_GAP_BYTES {
        return;
    }
    if nth == gaps.len() && nth < MAX_GAPS {
        gaps.push(Gap {
            text: String::new(),
            place,
        });
    }
    if let Some(gap) = gaps.get_mut(nth) {
        gap.text.clear();
        gap.text.push_str(text);
        gap.place = place;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::de::{Deserialize, IgnoredAny};
    use serde_json::Deserializer;
    use serde_json::value::RawValue;

    use super::*;
    use crate::path::Step;

    /// Values of the keys `a`, `b` and `é`.
    fn wanted() -> Wanted {
        let keys = ["a", "b", "é"].map(|key| [Step::Key(key.into())]);
        Wanted::new(keys.iter().map(<[Step; 1]>::as_slice))
    }

    /// Text of each of them in `json`; `None` if `json` is rejected.
    fn texts<'a>(members: &mut Members, json: &'a str) -> Option<Vec<Option<&'a str>>> {
        let wanted = wanted();
        let mut found = vec![None; wanted.places()];
        members.locate(json, &wanted, &mut found)?;
        let ranges = found.into_iter().skip(1);
        Some(ranges.map(|range| range.map(|range| &json[range])).collect())
    }

    #[test]
    fn finds_members_whatever_came_before() {
        let mut members = Members::default();
        for (json, wanted) in [
            (r#"{"a":1,"b":[2],"c":3}"#, [Some("1"), Some("[2]"), None]),
            (r#"{"a":"x","b":{},"c":3}"#, [Some("\"x\""), Some("{}"), None]),
            (r#"{"a":  1,"b":2 ,"c":3}"#, [Some("1"), Some("2"), None]),
            (r#"{"b":1,"a":2,"c":3}"#, [Some("2"), Some("1"), None]),
            (r#"{"b":1}"#, [None, Some("1"), None]),
            (r#"{"b":1,"a":2,"c":3,"a":4} 5"#, [Some("4"), Some("1"), None]),
            (r#"{"\u00e9":1,"\ud800":2}"#, [None, None, Some("1")]),
            (r#"{"\u00e9":1,"\u00e9":2}"#, [None, None, Some("2")]),
            ("{}", [None, None, None]),
            (r#" { "a" : 1 , "b" : 2 } "#, [Some("1"), Some("2"), None]),
            (
                r#" { "a" : true , "b" : "" } "#,
                [Some("true"), Some("\"\""), None],
            ),
        ] {
            assert_eq!(texts(&mut members, json), Some(wanted.to_vec()), "{json}");
        }
    }

    #[test]
    fn a_gap_is_no_excuse_for_what_is_no_json() {
        let mut members = Members::default();
        assert!(texts(&mut members, r#"{"a":1,"b":2}"#).is_some());
        for json in [
            "",
            "{",
            r#"{"a":"#,
            r#"{"a":1,"#,
            r#"{"a":1,"b":"#,
            r#"{"a":1,"b":}"#,
            r#"{"a":,"b":2}"#,
            r#"{"a":1,"b":2"#,
            r#"{"a":1,"b":2,}"#,
            r#"{"a":1 1,"b":2}"#,
            r#"{"a":1"b":2}"#,
            r#",{"a":1}"#,
            r#"{,"a":1}"#,
            r#"[{"a":1}]"#,
        ] {
            assert_eq!(texts(&mut members, json), None, "{json}");
        }
    }

    #[test]
    fn remembers_only_so_much() {
        let key = |n: usize| format!("{n:0>0$}", MAX_GAP_BYTES * usize::from(n == 5));
        let document = (0..2 * MAX_GAPS).map(|n| format!("\"{}\":{n}", key(n)));
        let json = format!("{{{},\"a\":1}}", document.collect::<Vec<_>>().join(","));
        let mut members = Members::default();
        assert_eq!(texts(&mut members, &json).unwrap()[0], Some("1"));
        assert_eq!(members.gaps.len(), 5);
        let json = json.replace(&key(5), "5");
        assert_eq!(texts(&mut members, &json).unwrap()[0], Some("1"));
        assert_eq!(members.gaps.len(), MAX_GAPS);
        assert_eq!(texts(&mut members, &json).unwrap()[0], Some("1"));
    }

    proptest! {
        #[test]
        fn finds_what_serde_json_finds(documents in prop::collection::vec(
            "\\{([ ,]?\"(a|b|é|\\\\u00e9|c|\\\\ud800|\n)\"[: ]?:?[ ]?(1|\"x\"|\\[\\]|\\{\"a\":1\\}|tru|)){0,3}\\}?",
            1..6,
        )) {
            let mut members = Members::default();
            for json in &documents {
                let found = texts(&mut members, json);
                let is_json = IgnoredAny::deserialize(&mut Deserializer::from_str(json)).is_ok();
                prop_assert_eq!(found.is_some(), is_json, "{}", json);
                // It does not read all keys that are valid JSON.
                let wanted = BTreeMap::<String, &RawValue>::deserialize(&mut Deserializer::from_str(json));
                if let (Some(found), Ok(wanted)) = (found, wanted) {
                    let wanted = ["a", "b", "é"].map(|key| wanted.get(key).map(|value| value.get()));
                    prop_assert_eq!(found, wanted, "{}", json);
                }
            }
        }
    }
}
