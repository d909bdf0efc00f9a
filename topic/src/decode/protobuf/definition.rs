//! From a registered definition to a file descriptor.
//!
//! | definition | is |
//! |---|---|
//! | text in proto2 or proto3 | compiled here; it may import `google/protobuf/*.proto` and the schemas it refers to |
//! | base64 of a `FileDescriptorProto` | that file, with the same imports |
//! | base64 of a `FileDescriptorSet` | its last file, which `protoc` writes after all that it imports |
//! | text with an edition | refused: the compiler does not know them |
//! | more than [`MAX_DEFINITION_BYTES`], or a set of more than [`MAX_FILES`] files | refused |

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost_reflect::prost::Message;
use prost_reflect::prost_types::{FileDescriptorProto, FileDescriptorSet};
use prost_reflect::{DescriptorPool, FileDescriptor};
use protox::Compiler;
use protox::file::{ChainFileResolver, DescriptorSetFileResolver, File, FileResolver, GoogleFileResolver};

use crate::definition::{ReferencedSchema, SchemaTextError};

const MAX_DEFINITION_BYTES: usize = 1 << 20;
/// The compiler follows imports by recursion.
const MAX_FILES: usize = 200;
/// What the registered file is called here. Not a name that an import would use.
const NAME: &str = "definition";
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Compiles `definition`, which may import `references` by their names.
pub(super) fn compile(
    definition: &str,
    references: &[ReferencedSchema],
) -> Result<FileDescriptor, SchemaTextError> {
    let texts = references.iter().map(|reference| reference.definition.as_str());
    for text in std::iter::once(definition).chain(texts) {
        if text.len() > MAX_DEFINITION_BYTES {
            return Err(error(format!(
                "the definition has {} bytes, wanted at most {MAX_DEFINITION_BYTES}",
                text.len()
            )));
        }
    }
    if references.len() > MAX_FILES {
        return Err(error(format!(
            "the definition refers to {} others, wanted at most {MAX_FILES}",
            references.len()
        )));
    }
    let mut resolver = ChainFileResolver::new();
    match descriptors(definition) {
        Some(set) if set.file.len() > MAX_FILES => {
            return Err(error(format!(
                "the descriptor set has {} files, wanted at most {MAX_FILES}",
                set.file.len()
            )));
        }
        Some(set) => resolver.add(DescriptorSetFileResolver::new(set)),
        None => resolver.add(Text(definition.to_owned())),
    }
    resolver.add(GoogleFileResolver::new());
    resolver.add(References(references.to_vec()));
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.open_file(NAME).map_err(|error| explain(&error))?;
    let pool: DescriptorPool = compiler.descriptor_pool();
    let file = pool.get_file_by_name(NAME);
    file.ok_or_else(|| error("the definition has no file"))
}

/// `definition` and what it imports of `references` as one definition: the base64 of a set of descriptors.
pub(crate) fn bundle(definition: &str, references: &[ReferencedSchema]) -> Result<String, SchemaTextError> {
    if references.is_empty() {
        return Ok(definition.to_owned());
    }
    let file = compile(definition, references)?;
    let imported = file
        .parent_pool()
        .files()
        .filter(|imported| imported.name() != NAME);
    let files = imported.chain([file.clone()]);
    let set = FileDescriptorSet {
        file: files.map(|file| file.file_descriptor_proto().clone()).collect(),
    };
    Ok(BASE64.encode(set.encode_to_vec()))
}

/// The descriptors that `definition` is the base64 of, the registered file last and called [`NAME`]. No text is taken
/// for base64: a file without `;` and braces declares nothing.
fn descriptors(definition: &str) -> Option<FileDescriptorSet> {
    let base64: String = definition.split_ascii_whitespace().collect();
    let bytes = BASE64.decode(base64).ok()?;
    let file = FileDescriptorProto::decode(bytes.as_slice()).ok();
    // A set may pass for a file, whose name has the number of the set's files, but not for one that declares something.
    let file = file.filter(|file| !file.message_type.is_empty());
    let mut set = match file {
        Some(file) => FileDescriptorSet { file: vec![file] },
        None => FileDescriptorSet::decode(bytes.as_slice()).ok()?,
    };
    set.file.last_mut()?.name = Some(NAME.to_owned());
    Some(set)
}

/// The definition itself, as the compiler asks for it.
struct Text(String);

impl FileResolver for Text {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match name {
            NAME => File::from_source(NAME, &self.0),
            _ => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// The schemas that the definition refers to, by the paths that it imports.
struct References(Vec<ReferencedSchema>);

impl FileResolver for References {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let reference = self.0.iter().find(|reference| reference.name == name);
        match reference {
            Some(reference) => File::from_source(name, &reference.definition),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// The compiler's own words; where in which text stands in their debug form alone, as `definition:1:2: `.
fn explain(compiler: &protox::Error) -> SchemaTextError {
    let debug = format!("{compiler:?}");
    let (file, place) = debug.split_once(':').unwrap_or_default();
    let mut place = place.splitn(3, ':').map(str::parse::<u32>);
    let place = match (file, place.next(), place.next()) {
        (NAME, Some(Ok(line)), Some(Ok(column))) => format!("line {line}, column {column}: "),
        (import, Some(Ok(line)), Some(Ok(column))) => format!("{import}, line {line}, column {column}: "),
        _ => String::new(),
    };
    let reason = compiler.to_string();
    let hint = if reason.contains("found 'edition'") {
        "; editions are not supported, wanted syntax \"proto2\" or \"proto3\""
    } else if reason.starts_with("import '") && reason.ends_with("not found") {
        "; a definition can import google/protobuf/*.proto only"
    } else {
        ""
    };
    error(format!("{place}{reason}{hint}"))
}

fn error(reason: impl Into<String>) -> SchemaTextError {
    SchemaTextError {
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

    use super::*;

    const TEXT: &str = r#"syntax = "proto3"; package shop;
        import "google/protobuf/timestamp.proto";
        message Order { string id = 1; google.protobuf.Timestamp at = 2; }"#;

    fn reason(definition: &str) -> String {
        compile(definition, &[]).unwrap_err().reason
    }

    fn order(definition: &str) -> Vec<String> {
        let file = compile(definition, &[]).unwrap();
        let messages: Vec<_> = file.messages().collect();
        assert_eq!(messages[0].full_name(), "shop.Order");
        messages[0]
            .fields()
            .map(|field| format!("{:?}", field.kind()))
            .collect()
    }

    #[test]
    fn compiles_text_with_well_known_imports() {
        assert_eq!(order(TEXT), ["string", "google.protobuf.Timestamp"]);
    }

    #[test]
    fn reads_descriptors_in_base64() {
        let file = compile(TEXT, &[]).unwrap();
        let mut file = file.file_descriptor_proto().clone();
        file.name = Some("orders.proto".into());
        let wanted = ["string", "google.protobuf.Timestamp"];
        assert_eq!(order(&STANDARD.encode(file.encode_to_vec())), wanted);

        let imported = FileDescriptorProto {
            name: Some("other.proto".into()),
            ..Default::default()
        };
        let set = FileDescriptorSet {
            file: vec![imported, file],
        };
        let lines: Vec<_> = STANDARD_NO_PAD
            .encode(set.encode_to_vec())
            .into_bytes()
            .chunks(76)
            .map(|line| String::from_utf8(line.to_vec()).unwrap())
            .collect();
        assert_eq!(order(&lines.join("\n")), wanted);
    }

    #[test]
    fn takes_the_imports_of_a_set_from_the_set() {
        let file = |text: &str, name: &str| {
            let file = File::from_source(name, text).unwrap();
            file.file_descriptor_proto().clone()
        };
        let set = FileDescriptorSet {
            file: vec![
                file("message Id { optional string text = 1; }", "id.proto"),
                file(
                    "package shop; import 'id.proto'; message Order { optional Id id = 1; }",
                    "order.proto",
                ),
            ],
        };
        assert_eq!(order(&STANDARD.encode(set.encode_to_vec())), ["Id"]);
    }

    #[test]
    fn says_where_a_text_is_wrong() {
        assert!(
            reason("syntax = \"proto3\";\nmessage A { int32 }")
                .starts_with("line 2, column 19: expected an identifier"),
        );
        assert!(
            reason("message A { optional B b = 1; }")
                .starts_with("line 1, column 22: name 'B' is not defined")
        );
        assert!(reason("not proto").starts_with("line 1, column 1: expected"));
    }

    #[test]
    fn names_an_import_that_is_not_known() {
        assert_eq!(
            reason("syntax = \"proto3\";\nimport \"google/type/date.proto\";\nmessage A {}"),
            "line 2, column 1: import 'google/type/date.proto' not found; \
             a definition can import google/protobuf/*.proto only"
        );
    }

    #[test]
    fn refuses_editions() {
        let reason = reason("edition = \"2023\";\nmessage A { int32 a = 1; }");
        assert!(
            reason.ends_with("editions are not supported, wanted syntax \"proto2\" or \"proto3\""),
            "{reason}"
        );
    }

    #[test]
    fn refuses_what_is_too_large() {
        assert_eq!(
            reason(&" ".repeat(MAX_DEFINITION_BYTES + 1)),
            "the definition has 1048577 bytes, wanted at most 1048576"
        );
        let set = FileDescriptorSet {
            file: vec![Default::default(); MAX_FILES + 1],
        };
        assert_eq!(
            reason(&STANDARD.encode(set.encode_to_vec())),
            "the descriptor set has 201 files, wanted at most 200"
        );
    }
}
