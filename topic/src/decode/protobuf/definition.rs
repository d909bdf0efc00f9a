//! Compilation of a registered definition to a file descriptor.
//!
//! | definition | is |
//! |---|---|
//! | text in proto2, proto3 or an [edition] | compiled here |
//! | base64 of a `FileDescriptorProto` | that file |
//! | base64 of a `FileDescriptorSet` | its last file, which `protoc` writes after all that it imports; the others are for its imports |
//! | more than [`MAX_DEFINITION_BYTES`], or a set of more than [`MAX_FILES`] files | rejected |
//!
//! An import is looked for in this order:
//!
//! | imported file | found in |
//! |---|---|
//! | another file of the same descriptor set | the set |
//! | `google/protobuf/*.proto` | the compiler |
//! | a schema that the definition refers to, by the path of the import | the registry |
//! | a file that other compilers include, such as `google/type/*.proto` | [bundled] |
//! | none of these | nowhere: fields that need a type of it are [left out](incomplete) |
//!
//! Services, extensions and options mean nothing to the columns of a table and are [left out](pruned), so that the imports
//! that only they need (`buf/validate/validate.proto`, `google/api/annotations.proto`) need not be there.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost_reflect::FileDescriptor;
use prost_reflect::prost::Message;
use prost_reflect::prost_types::{FileDescriptorProto, FileDescriptorSet};
use protox::Compiler;
use protox::file::{File, FileResolver, GoogleFileResolver};

use crate::definition::{ReferencedSchema, SchemaTextError};

mod bundled;
mod edition;
mod incomplete;
mod pruned;

pub(super) use self::incomplete::LeftOut;

const MAX_DEFINITION_BYTES: usize = 1 << 20;
/// Maximum number of files: the compiler follows imports by recursion.
const MAX_FILES: usize = 200;
/// Maximum number of imports that a message names.
const MAX_SHOWN: usize = 5;
/// Name of the registered file here. Not a name that an import would use.
const NAME: &str = "definition";
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A compiled definition.
pub(super) struct Compiled {
    pub(super) file: FileDescriptor,
    /// Full names of fields whose edition gives them no presence, which the descriptors do not tell.
    pub(super) implicit: HashSet<String>,
    pub(super) incomplete: Incomplete,
}

/// Parts of a definition that are not compiled, because an import was not found.
#[derive(Debug, Default)]
pub(super) struct Incomplete {
    pub(super) left_out: Vec<LeftOut>,
    /// Paths of the imports that were not found, if fields are left out.
    pub(super) missing_imports: Vec<String>,
}

impl Incomplete {
    /// Reason why a field is left out, and what mends it.
    pub(super) fn reason(&self, field: &LeftOut) -> String {
        let shown = self.missing_imports.iter().take(MAX_SHOWN);
        let shown: Vec<String> = shown.map(|path| format!("`{path}`")).collect();
        let more = match self.missing_imports.len().saturating_sub(MAX_SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(
            "the type `{}` of field `{}.{}` is not defined; not found: import {}{more}; register the file in the same \
             registry, under that name or without `.proto`, or register, in place of the text, the base64 of a \
             descriptor set that has it: `protoc --include_imports --descriptor_set_out=FILE`",
            field.type_name,
            field.message,
            field.name,
            shown.join(", ")
        )
    }
}

/// Compiles `definition`, which may import `references` by their names.
pub(super) fn compile(
    definition: &str,
    references: &[ReferencedSchema],
) -> Result<Compiled, SchemaTextError> {
    check_sizes(definition, references)?;
    let known = Known::new(named_files(definition, references)?);
    let known = Arc::new(known);
    let refused = match compile_files(&known) {
        Ok(file) => return Ok(known.compiled(file, Incomplete::default())),
        Err(refused) => refused,
    };
    let is_undefined = {
        let reason = refused.to_string();
        reason.starts_with("name '") && reason.ends_with("is not defined")
    };
    if !is_undefined && known.noted().absent.is_empty() {
        return Err(explain(&refused));
    }
    // The type may be in an import that was not found.
    let Ok((mut files, missing_imports)) = known.reachable() else {
        return Err(explain(&refused));
    };
    if missing_imports.is_empty() {
        return Err(explain(&refused));
    }
    let left_out = incomplete::leave_out(&mut files);
    if left_out.is_empty() {
        return Err(explain(&refused));
    }
    let files = files.into_iter();
    let files = files.map(|file| (file.name().to_owned(), Source::Descriptor(Box::new(file))));
    let rest = Arc::new(Known::new(files.collect()));
    let file = compile_files(&rest).map_err(|error| explain(&error))?;
    rest.noted().implicit = std::mem::take(&mut known.noted().implicit);
    Ok(rest.compiled(
        file,
        Incomplete {
            left_out,
            missing_imports,
        },
    ))
}

/// Compiles the file [`NAME`].
fn compile_files(known: &Arc<Known>) -> Result<FileDescriptor, protox::Error> {
    let mut compiler = Compiler::with_file_resolver(Resolver(Arc::clone(known)));
    compiler.open_file(NAME)?;
    let file = compiler.descriptor_pool().get_file_by_name(NAME);
    file.ok_or_else(|| protox::Error::new("the definition has no file"))
}

fn check_sizes(definition: &str, references: &[ReferencedSchema]) -> Result<(), SchemaTextError> {
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
    Ok(())
}

/// A file before it is compiled.
#[derive(Clone)]
enum Source {
    Text(String),
    Descriptor(Box<FileDescriptorProto>),
}

/// The definition as [`NAME`], then the references under their names; each before the files that its own set has.
fn named_files(
    definition: &str,
    references: &[ReferencedSchema],
) -> Result<Vec<(String, Source)>, SchemaTextError> {
    let references = references.iter();
    let references = references.map(|reference| (reference.name.as_str(), reference.definition.as_str()));
    let mut files = Vec::new();
    for (name, text) in std::iter::once((NAME, definition)).chain(references) {
        let Some(mut set) = descriptors(text) else {
            files.push((name.to_owned(), Source::Text(text.to_owned())));
            continue;
        };
        if set.len() > MAX_FILES {
            return Err(error(format!(
                "the descriptor set has {} files, wanted at most {MAX_FILES}",
                set.len()
            )));
        }
        if let Some(own) = set.pop() {
            files.push((name.to_owned(), Source::Descriptor(Box::new(own))));
        }
        let imported = set.into_iter();
        files.extend(imported.map(|file| (file.name().to_owned(), Source::Descriptor(Box::new(file)))));
    }
    Ok(files)
}

/// Descriptors in the base64 text `definition`, the registered file last. Other text is never taken for base64: a file
/// without `;` and braces declares nothing.
fn descriptors(definition: &str) -> Option<Vec<FileDescriptorProto>> {
    let base64: String = definition.split_ascii_whitespace().collect();
    let bytes = BASE64.decode(base64).ok()?;
    let file = FileDescriptorProto::decode(bytes.as_slice()).ok();
    // A set may be decoded as a file, whose name is then the number of the set's files, but not as one that
    // declares something.
    let file = file.filter(|file| !file.message_type.is_empty());
    let is_set = file.is_none();
    let mut files = match file {
        Some(file) => vec![file],
        None => FileDescriptorSet::decode(bytes.as_slice()).ok()?.file,
    };
    edition::restore_features(&bytes, is_set, &mut files);
    (!files.is_empty()).then_some(files)
}

/// Every file that may be imported, as the compiler asks for it.
struct Known {
    files: Vec<(String, Source)>,
    google: GoogleFileResolver,
    noted: Mutex<Noted>,
}

/// Findings of opening the files.
#[derive(Default)]
struct Noted {
    implicit: HashSet<String>,
    /// Paths of imports that were not found.
    absent: Vec<String>,
}

impl Known {
    fn new(files: Vec<(String, Source)>) -> Self {
        Self {
            files,
            google: GoogleFileResolver::new(),
            noted: Mutex::default(),
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compiled(&self, file: FileDescriptor, incomplete: Incomplete) -> Compiled {
        Compiled {
            file,
            implicit: std::mem::take(&mut self.noted().implicit),
            incomplete,
        }
    }

    fn open(&self, name: &str) -> Result<File, protox::Error> {
        let is_named = |(known, _): &&(String, Source)| known == name;
        // Files of Google's take precedence over registered ones.
        let google = self.google.open_file(name);
        let found = self.files.iter().find(is_named).map(|(_, source)| source.clone());
        let source = match (google, found) {
            (Ok(file), _) => return Ok(file),
            (Err(_), Some(source)) => source,
            (Err(_), None) => match bundled::text(name) {
                Some(text) => Source::Text(text),
                None => {
                    self.noted().absent.push(name.to_owned());
                    Source::Descriptor(Box::default())
                }
            },
        };
        let mut file = match source {
            Source::Text(text) => edition::parse(name, &text)?,
            Source::Descriptor(file) => *file,
        };
        file.name = Some(name.to_owned());
        let implicit = pruned::prune(&mut file);
        self.noted().implicit.extend(implicit);
        // The compiler panics at others.
        if let Some(other) = file.syntax.as_deref()
            && !matches!(other, "proto2" | "proto3")
        {
            return Err(protox::Error::new(format!(
                "syntax `{other}` is not supported, wanted proto2, proto3 or an edition"
            )));
        }
        Ok(File::from_file_descriptor_proto(file))
    }

    /// The file [`NAME`] and all that it imports, directly or not, and the paths of those that were not found.
    fn reachable(&self) -> Result<(Vec<FileDescriptorProto>, Vec<String>), protox::Error> {
        self.noted().absent.clear();
        let mut files: Vec<FileDescriptorProto> = Vec::new();
        let mut names = vec![NAME.to_owned()];
        let mut seen = HashSet::new();
        while let Some(name) = names.get(files.len()).cloned() {
            let file = FileDescriptorProto::from(self.open(&name)?);
            for import in &file.dependency {
                if seen.insert(import.clone()) {
                    names.push(import.clone());
                }
            }
            files.push(FileDescriptorProto {
                name: Some(name),
                ..file
            });
        }
        Ok((files, std::mem::take(&mut self.noted().absent)))
    }
}

/// The files for one run of the compiler, which takes its resolver.
struct Resolver(Arc<Known>);

impl FileResolver for Resolver {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        self.0.open(name)
    }
}

/// Error of the compiler; its position in the text is only in its debug form, as `definition:1:2: `.
fn explain(compiler: &protox::Error) -> SchemaTextError {
    let debug = format!("{compiler:?}");
    let (file, place) = debug.split_once(':').unwrap_or_default();
    let mut place = place.splitn(3, ':').map(str::parse::<u32>);
    let place = match (file, place.next(), place.next()) {
        (NAME, Some(Ok(line)), Some(Ok(column))) => format!("line {line}, column {column}: "),
        (import, Some(Ok(line)), Some(Ok(column))) => format!("{import}, line {line}, column {column}: "),
        _ => String::new(),
    };
    error(format!("{place}{compiler}"))
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
        compile(definition, &[]).err().unwrap().reason
    }

    fn order(definition: &str) -> Vec<String> {
        let file = compile(definition, &[]).ok().unwrap().file;
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
        let file = compile(TEXT, &[]).ok().unwrap().file;
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
    fn an_import_that_no_field_needs_is_not_asked_for() {
        for import in [
            "common/x.proto",
            "google/api/annotations.proto",
            "buf/validate/validate.proto",
        ] {
            let text = format!(
                r#"syntax = "proto3"; package shop; import "{import}"; import public "y.proto";
                import "google/protobuf/timestamp.proto"; option (file) = {{ a: 1 }}; option java_package = "x";
                extend google.protobuf.FieldOptions {{ Rule rule = 50001; }}
                message Order {{
                  option (buf.validate.message).cel = {{ id: "x" expression: "true" }};
                  string id = 1 [(buf.validate.field).string.min_len = 1, deprecated = true, debug_redact = true];
                  google.protobuf.Timestamp at = 2 [(x) = {{ a: [1, 2] }}];
                  oneof rest {{ option (buf.validate.oneof).required = true; int32 a = 3; }}
                  enum State {{ option (e) = 1; STATE_NONE = 0 [(v) = "w"]; }}
                }}
                service Orders {{
                  option (s) = true;
                  rpc Get(GetRequest) returns (stream Order) {{ option (google.api.http) = {{ get: "/v1/{{id=*}}" }}; }}
                }}"#
            );
            assert_eq!(order(&text), ["string", "google.protobuf.Timestamp", "int32"]);
        }
    }

    #[test]
    fn a_field_whose_import_is_missing_is_left_out() {
        let text = "syntax = \"proto3\"; package shop;\nimport \"a/b.proto\"; import 'unused.proto';\n\
            message A { b.C c = 1; string id = 2; Lot lot = 3; message Lot { map<int32, b.C> c = 1; int32 n = 2; } }";
        let compiled = compile(text, &[]).ok().unwrap();
        let messages: Vec<_> = compiled.file.messages().collect();
        let fields = |message: &prost_reflect::MessageDescriptor| -> Vec<_> {
            message.fields().map(|field| field.name().to_owned()).collect()
        };
        assert_eq!(fields(&messages[0]), ["id", "lot"]);
        let nested: Vec<_> = messages[0].child_messages().collect();
        assert_eq!(fields(&nested[0]), ["n"]);
        // Glue's headers count the map's entries.
        let entries: Vec<_> = nested[0].child_messages().collect();
        assert_eq!(entries[0].full_name(), "shop.A.Lot.CEntry");
        let Incomplete {
            left_out,
            missing_imports,
        } = &compiled.incomplete;
        assert_eq!(missing_imports, &["a/b.proto", "unused.proto"]);
        let fields: Vec<_> = left_out
            .iter()
            .map(|field| (field.message.as_str(), field.name.as_str()))
            .collect();
        assert_eq!(fields, [("shop.A.Lot", "c"), ("shop.A", "c")]);
        let reason = compiled.incomplete.reason(&left_out[1]);
        assert!(
            reason.starts_with(
                "the type `b.C` of field `shop.A.c` is not defined; not found: import `a/b.proto`, `unused.proto`; "
            ) && reason.contains("--descriptor_set_out"),
            "{reason}"
        );
    }

    #[test]
    fn of_many_missing_imports_a_few_are_named() {
        let imports: String = (0..1000).map(|n| format!("import 'i{n}.proto';")).collect();
        let fields: String = (1..1000).map(|n| format!("a.B f{n} = {n};")).collect();
        let text = format!("syntax = 'proto3'; {imports} message A {{ int32 id = 2000; {fields} }}");
        let incomplete = compile(&text, &[]).ok().unwrap().incomplete;
        assert_eq!(
            (incomplete.left_out.len(), incomplete.missing_imports.len()),
            (999, 1000)
        );
        let reason = incomplete.reason(&incomplete.left_out[0]);
        assert!(
            reason
                .contains("import `i0.proto`, `i1.proto`, `i2.proto`, `i3.proto`, `i4.proto` and 995 more; "),
            "{reason}"
        );
    }

    #[test]
    fn an_import_of_an_import_may_be_missing_too() {
        let money = ReferencedSchema {
            name: "money.proto".to_owned(),
            definition:
                "edition = '2023'; package c; import 'unit.proto'; option features.field_presence = IMPLICIT;
                message Money { Unit unit = 1; int64 cents = 2; }"
                    .to_owned(),
        };
        let text = "syntax = 'proto3'; import 'money.proto'; message Pay { c.Money amount = 1; }";
        let compiled = compile(text, &[money]).ok().unwrap();
        assert_eq!(compiled.incomplete.missing_imports, ["unit.proto"]);
        let left_out = &compiled.incomplete.left_out[0];
        assert_eq!((&*left_out.message, &*left_out.name), ("c.Money", "unit"));
        let pool = compiled.file.parent_pool();
        let money = pool.get_message_by_name("c.Money").unwrap();
        assert_eq!(money.fields().count(), 1);
        assert!(compiled.implicit.contains("c.Money.cents"));
    }

    #[test]
    fn what_no_import_can_define_is_an_error_all_the_same() {
        let text = "import 'a.proto'; message";
        assert!(reason(text).contains("reached end of file"), "{}", reason(text));
        // The number is used twice.
        let text = "syntax = 'proto3'; import 'a.proto'; message A { B b = 1; int32 c = 2; int32 d = 2; }";
        assert!(reason(text).contains("number"), "{}", reason(text));
        assert!(reason("message A { optional B b = 1; }").contains("'B' is not defined"));
    }

    #[test]
    fn takes_types_of_what_tools_bundle_and_of_references() {
        let reference = |name: &str, definition: &str| ReferencedSchema {
            name: name.to_owned(),
            definition: definition.to_owned(),
        };
        let text = r#"syntax = "proto3"; package shop; import "google/type/money.proto"; import "own.proto";
            message Order { google.type.Money price = 1; own.Id id = 2; }"#;
        let own = "syntax = 'proto3'; package own; import 'none.proto'; message Id { string text = 1; }";
        let wanted = ["google.type.Money", "own.Id"];
        let compiled = |own: &str| {
            let file = compile(text, &[reference("own.proto", own)]).ok().unwrap().file;
            let order = file.messages().next().unwrap();
            let kinds = order.fields().map(|field| format!("{:?}", field.kind()));
            kinds.collect::<Vec<_>>()
        };
        assert_eq!(compiled(own), wanted);
        // References are read as definitions are.
        let file = edition::parse("x.proto", own).unwrap();
        assert_eq!(compiled(&STANDARD.encode(file.encode_to_vec())), wanted);
        // A registered file counts more than a bundled one.
        let money = "syntax = 'proto3'; package google.type; message Money { int64 cents = 1; }";
        let own = reference("own.proto", own);
        let file = compile(text, &[own, reference("google/type/money.proto", money)])
            .ok()
            .unwrap()
            .file;
        let pool = file.parent_pool();
        let money = pool.get_message_by_name("google.type.Money").unwrap();
        assert_eq!(money.fields().next().unwrap().name(), "cents");
    }

    #[test]
    fn a_descriptor_of_an_unknown_syntax_is_refused() {
        let file = FileDescriptorProto {
            syntax: Some("proto4".to_owned()),
            message_type: vec![Default::default()],
            ..Default::default()
        };
        assert_eq!(
            reason(&STANDARD.encode(file.encode_to_vec())),
            "syntax `proto4` is not supported, wanted proto2, proto3 or an edition"
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
