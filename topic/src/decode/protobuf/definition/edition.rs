//! Editions, which the compiler does not know: <https://protobuf.dev/editions/features/>.
//!
//! A text of an edition is parsed as one of proto3, which differs from it in a few words only, and is compiled as one of
//! proto2, whose fields have presence too. What tables see of features is this:
//!
//! | feature | a field |
//! |---|---|
//! | `field_presence = IMPLICIT`, of the field or the file | has no presence: an absent one has its default |
//! | `message_encoding = DELIMITED` | is encoded as a group |
//! | all others | is read the same |

use std::borrow::Cow;

use prost_reflect::prost_types::field_descriptor_proto::Type;
use prost_reflect::prost_types::uninterpreted_option::NamePart;
use prost_reflect::prost_types::{
    DescriptorProto, FieldOptions, FileDescriptorProto, FileOptions, UninterpretedOption,
};
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use protox::file::File;

/// Editions that are known.
const EDITIONS: [&str; 2] = ["2023", "2024"];
/// Syntax in the descriptors of every edition.
const SYNTAX: &str = "editions";
/// Replacement of the option `default`, which the parser refuses in proto3.
const DEFAULT: &str = "Default";

/// Features that a field inherits from its file or sets itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Features {
    /// Whether fields have no presence.
    pub(super) implicit: bool,
    /// Whether messages are encoded as groups.
    pub(super) delimited: bool,
}

impl Features {
    /// These features, overridden by `options`.
    pub(super) fn with(mut self, options: Option<&Vec<UninterpretedOption>>) -> Self {
        for option in options.into_iter().flatten() {
            match option.name.as_slice() {
                [features, feature] if features.name_part == "features" => {
                    self.set(&feature.name_part, option.identifier_value());
                }
                [features] if features.name_part == "features" => {
                    let between = |c: char| c.is_whitespace() || matches!(c, ':' | ',' | ';' | '{' | '}');
                    let mut words = option
                        .aggregate_value()
                        .split(between)
                        .filter(|word| !word.is_empty());
                    while let (Some(feature), Some(value)) = (words.next(), words.next()) {
                        self.set(feature, value);
                    }
                }
                _ => {}
            }
        }
        self
    }

    fn set(&mut self, feature: &str, value: &str) {
        match feature {
            "field_presence" => self.implicit = value == "IMPLICIT",
            "message_encoding" => self.delimited = value == "DELIMITED",
            _ => {}
        }
    }
}

/// Whether the file is of an edition.
pub(super) fn has_features(file: &FileDescriptorProto) -> bool {
    file.syntax() == SYNTAX
}

/// Parses a text of any syntax or edition.
pub(super) fn parse(name: &str, text: &str) -> Result<FileDescriptorProto, protox::Error> {
    let Some((edition, rewritten)) = as_proto3(text) else {
        return File::from_source(name, text).map(FileDescriptorProto::from);
    };
    if !EDITIONS.contains(&edition) {
        let wanted = EDITIONS.join(" or ");
        return Err(protox::Error::new(format!(
            "edition {edition} is not supported, wanted {wanted}"
        )));
    }
    let mut file = FileDescriptorProto::from(File::from_source(name, &rewritten)?);
    file.syntax = Some(SYNTAX.to_owned());
    Ok(file)
}

/// The default that a field of this type declares, as descriptors spell it.
pub(super) fn default_value(options: &[UninterpretedOption], field_type: Type) -> Option<String> {
    let option = options
        .iter()
        .find(|option| matches!(option.name.as_slice(), [part] if part.name_part == DEFAULT))?;
    let text = option.string_value.as_ref().map(|bytes| match field_type {
        Type::Bytes => bytes.escape_ascii().to_string(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    });
    text.or_else(|| option.identifier_value.clone())
        .or_else(|| option.positive_int_value.map(|value| value.to_string()))
        .or_else(|| option.negative_int_value.map(|value| value.to_string()))
        .or_else(|| option.double_value.map(|value| value.to_string()))
}

/// The edition that `text` is of, and the text with the words of proto3 in place of the edition's, each character where
/// it was, but in the line of the edition itself; `None` if it is of none.
fn as_proto3(text: &str) -> Option<(&str, String)> {
    let spelled = |word: &Word| text.get(word.start..word.end).unwrap_or_default();
    let mut first_words = Words::new(text);
    let (first, equals, edition) = (first_words.next()?, first_words.next()?, first_words.next()?);
    if (spelled(&first), spelled(&equals)) != ("edition", "=") {
        return None;
    }
    let words: Vec<Word> = Words::new(text).collect();
    let mut rewritten = text.to_owned();
    let mut reserved = None;
    for (at, word) in words.iter().enumerate().skip(3) {
        let previous = spelled(&words[at - 1]);
        let next = words.get(at + 1).map_or("", spelled);
        let begins = matches!(previous, ";" | "{" | "}");
        match spelled(word) {
            // Names without quotes.
            "reserved" if begins && is_name(next) => reserved = Some(word.start),
            ";" => {
                if let Some(start) = reserved.take() {
                    blank(&mut rewritten, start, word.end);
                }
            }
            // Visibility of a declaration, and imports for options alone.
            "export" | "local" if begins && matches!(next, "message" | "enum") => {
                blank(&mut rewritten, word.start, word.end);
            }
            "option" if previous == "import" => blank(&mut rewritten, word.start, word.end),
            "default" if matches!(previous, "[" | ",") && next == "=" => {
                rewritten.replace_range(word.start..word.end, DEFAULT);
            }
            _ => {}
        }
    }
    let name = spelled(&edition).trim_matches(['"', '\'']);
    rewritten.replace_range(edition.start..edition.end, "\"proto3\"");
    rewritten.replace_range(first.start..first.end, "syntax ");
    Some((name, rewritten))
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// Puts blanks over a part of the text; lines stay.
fn blank(text: &mut String, start: usize, end: usize) {
    let blanks: String = text[start..end]
        .bytes()
        .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
        .collect();
    text.replace_range(start..end, &blanks);
}

/// A name, a number, a quoted text or another character, by its bytes.
#[derive(Debug, Clone, Copy)]
struct Word {
    start: usize,
    end: usize,
}

/// The words of a text, without comments.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            let rest = self.rest();
            let comment = match rest {
                _ if rest.starts_with("//") => rest.find('\n').map(|end| end + 1),
                _ if rest.starts_with("/*") => rest.find("*/").map(|end| end + 2),
                _ => break,
            };
            self.at += comment.unwrap_or(rest.len());
        }
        let rest = self.rest();
        let first = rest.chars().next()?;
        let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = match first {
            '"' | '\'' => quoted_length(rest, first),
            c if in_name(c) => rest.find(|c| !in_name(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let start = self.at;
        self.at += length;
        Some(Word { start, end: self.at })
    }
}

/// Length in bytes of the quoted text at the beginning of `rest`, quotes included.
fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// Puts back into `files` the features that the bytes they were decoded from have and their types do not know. The bytes
/// are of a set, or of the only file.
pub(super) fn restore_features(bytes: &[u8], is_set: bool, files: &mut [FileDescriptorProto]) {
    if !files.iter().any(has_features) {
        return;
    }
    let name = match is_set {
        true => "google.protobuf.FileDescriptorSet",
        false => "google.protobuf.FileDescriptorProto",
    };
    let descriptor = DescriptorPool::global().get_message_by_name(name);
    let Some(Ok(decoded)) = descriptor.map(|descriptor| DynamicMessage::decode(descriptor, bytes)) else {
        return;
    };
    let decoded = match is_set {
        true => messages(&decoded, "file"),
        false => vec![&decoded],
    };
    for (file, decoded) in files.iter_mut().zip(decoded) {
        let features = features(decoded);
        if !features.is_empty() {
            let options = file.options.get_or_insert_with(FileOptions::default);
            options.uninterpreted_option.extend(features);
        }
        restore_in_messages(&mut file.message_type, &messages(decoded, "message_type"));
    }
}

fn restore_in_messages(known: &mut [DescriptorProto], decoded: &[&DynamicMessage]) {
    for (message, decoded) in known.iter_mut().zip(decoded) {
        for (field, decoded) in message.field.iter_mut().zip(messages(decoded, "field")) {
            let features = features(decoded);
            if !features.is_empty() {
                let options = field.options.get_or_insert_with(FieldOptions::default);
                options.uninterpreted_option.extend(features);
            }
        }
        restore_in_messages(&mut message.nested_type, &messages(decoded, "nested_type"));
    }
}

/// Features in the options of a file or field, in the form that they have after parsing a text.
fn features(message: &DynamicMessage) -> Vec<UninterpretedOption> {
    let features = inner(message, "options").and_then(|options| inner(options, "features"));
    let Some(features) = features else {
        return Vec::new();
    };
    let option = |feature: &str, numbers: &[(i32, &str)]| {
        let number = features.get_field_by_name(feature)?.as_enum_number()?;
        let (_, value) = numbers.iter().find(|(known, _)| *known == number)?;
        let part = |name: &str| NamePart {
            name_part: name.to_owned(),
            is_extension: false,
        };
        Some(UninterpretedOption {
            name: vec![part("features"), part(feature)],
            identifier_value: Some((*value).to_owned()),
            ..UninterpretedOption::default()
        })
    };
    // Numbers of `FeatureSet` in `google/protobuf/descriptor.proto`.
    [
        option(
            "field_presence",
            &[(1, "EXPLICIT"), (2, "IMPLICIT"), (3, "LEGACY_REQUIRED")],
        ),
        option("message_encoding", &[(1, "LENGTH_PREFIXED"), (2, "DELIMITED")]),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A message within another, if it is there.
fn inner<'a>(message: &'a DynamicMessage, name: &str) -> Option<&'a DynamicMessage> {
    match message.get_field_by_name(name)? {
        Cow::Borrowed(value) => value.as_message(),
        // What is not there has its default.
        Cow::Owned(_) => None,
    }
}

fn messages<'a>(message: &'a DynamicMessage, list: &str) -> Vec<&'a DynamicMessage> {
    match message.get_field_by_name(list) {
        Some(Cow::Borrowed(Value::List(items))) => items.iter().filter_map(Value::as_message).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_editions_keep_their_places() {
        for (text, rewritten) in [
            (
                "// edition\nedition = \"2023\";\nmessage A {\n reserved b, c; int32 a = 1 [default = 5]; }",
                "// edition\nsyntax  = \"proto3\";\nmessage A {\n                int32 a = 1 [Default = 5]; }",
            ),
            (
                "/* x */ edition='2024'; import option 'o.proto'; export message A { local enum E { e = 0; } }",
                "/* x */ syntax =\"proto3\"; import        'o.proto';        message A {       enum E { e = 0; } }",
            ),
            (
                "edition = '2023'; message A { reserved 4 to 10, 12; reserved \"n\"; int32 reserved = 1; string default = 2; }",
                "syntax  = \"proto3\"; message A { reserved 4 to 10, 12; reserved \"n\"; int32 reserved = 1; string default = 2; }",
            ),
        ] {
            assert_eq!(as_proto3(text).map(|(_, text)| text).as_deref(), Some(rewritten));
        }
        for text in [
            "",
            "edition",
            "syntax = \"proto3\";",
            "message edition { }",
            "// edition = \"2023\";",
        ] {
            assert_eq!(as_proto3(text), None, "{text}");
        }
    }

    #[test]
    fn an_unknown_edition_is_named() {
        let error = parse("x", "edition = \"2099\"; message A {}").unwrap_err();
        assert_eq!(
            error.to_string(),
            "edition 2099 is not supported, wanted 2023 or 2024"
        );
    }

    #[test]
    fn survives_broken_texts() {
        for text in [
            "edition = \"2023",
            "edition = \"20\\",
            "edition = \"2023\"; message A { reserved ä",
            "edition = \"2023\"; /* ",
            "edition = \"2023\"; // ä",
        ] {
            let _ = parse("x", text);
        }
    }
}
