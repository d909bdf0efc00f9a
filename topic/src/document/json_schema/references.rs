//! Targets of a `$ref`: <https://json-schema.org/understanding-json-schema/structuring>.
//!
//! | reference | names |
//! |---|---|
//! | `#` | the document itself |
//! | `#/definitions/X`, `#/$defs/X`, any other pointer | what stands there, [percent-decoded, then `~1` and `~0`](https://datatracker.ietf.org/doc/html/rfc6901#section-6) |
//! | `#name` | the definition of this `$anchor` |
//! | `name`, `name#/…` | the document or definition of this `$id`, else the schema of this name in the registry |

use super::super::json::Json;

/// A reference, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    /// Empty for the document at hand.
    pub(super) name: &'a str,
    fragment: &'a str,
}

impl<'a> Reference<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let (name, fragment) = text.split_once('#').unwrap_or((text, ""));
        Self { name, fragment }
    }

    /// The part of `document` that has its name: all of it, or one of its definitions.
    pub(super) fn named_part(&self, document: &'a Json) -> Option<&'a Json> {
        let has_name = |schema: &Json| {
            let id = schema
                .get("$id")
                .or_else(|| schema.get("id"))
                .and_then(Json::as_text);
            id.is_some_and(|id| {
                let id = id.trim_end_matches('#');
                id == self.name || id.rsplit('/').next() == Some(self.name)
            })
        };
        if self.name.is_empty() || has_name(document) {
            return Some(document);
        }
        definitions(document).find(|definition| has_name(definition))
    }

    /// Part that the fragment names of `document`, or of a definition with a name of its own.
    pub(super) fn within(&self, document: &'a Json) -> Option<&'a Json> {
        if self.fragment.is_empty() {
            return Some(document);
        }
        let Some(pointer) = self.fragment.strip_prefix('/') else {
            return definitions(document).find(|definition| {
                let is = |key, anchor: &str| definition.get(key).and_then(Json::as_text) == Some(anchor);
                is("$anchor", self.fragment) || is("$id", &format!("#{}", self.fragment))
            });
        };
        pointer.split('/').try_fold(document, |schema, step| {
            let step = percent_decoded(step).replace("~1", "/").replace("~0", "~");
            match schema {
                Json::Array(items) => items.get(step.parse::<usize>().ok()?),
                schema => schema.get(&step),
            }
        })
    }
}

fn definitions(document: &Json) -> impl Iterator<Item = &Json> {
    ["$defs", "definitions"]
        .into_iter()
        .filter_map(|key| match document.get(key) {
            Some(Json::Object(members)) => Some(members.iter().map(|(_, definition)| definition)),
            _ => None,
        })
        .flatten()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_percent_before_tildes() {
        assert_eq!(percent_decoded("a%20b%7E1%c3%A4%"), "a b~1ä%");
        assert_eq!(percent_decoded("%zz%+1"), "%zz%+1");
    }

    #[test]
    fn names_are_apart_from_pointers() {
        let parts = |text| {
            let Reference { name, fragment } = Reference::new(text);
            (name, fragment)
        };
        assert_eq!(parts("#/$defs/a"), ("", "/$defs/a"));
        assert_eq!(parts("address"), ("address", ""));
        assert_eq!(
            parts("address.json#/definitions/Zip"),
            ("address.json", "/definitions/Zip")
        );
    }
}
