//! Printing of a Protobuf file descriptor as `.proto` text, as the registry stores what its Python client
//! registers.
//!
//! Everything that affects how a message is read and written is printed: messages, fields, oneofs, maps,
//! enums, imports. Options of other tools, comments, services, reserved ranges and extensions are omitted.
//! Groups and editions are rejected.

use std::fmt::{self, Write};

use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, FieldDescriptorProto, FileDescriptorProto,
    MessageOptions, OneofDescriptorProto,
};

/// Reason why a descriptor cannot be printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unprintable {
    #[error("the syntax {0:?}; wanted proto2 or proto3")]
    Syntax(String),
    #[error("field `{0}`: groups and fields without a type are not supported")]
    Type(String),
    #[error("cannot be formatted")]
    Format(#[from] fmt::Error),
}

/// Text of one file.
pub(super) fn print(file: &FileDescriptorProto) -> Result<String, Unprintable> {
    let syntax = match file.syntax() {
        "" => "proto2",
        known @ ("proto2" | "proto3") => known,
        other => return Err(Unprintable::Syntax(other.to_owned())),
    };
    let mut printer = Printer {
        text: String::new(),
        depth: 0,
        is_proto3: syntax == "proto3",
    };
    printer.line(format_args!("syntax = \"{syntax}\";"))?;
    if !file.package().is_empty() {
        printer.line(format_args!("package {};", file.package()))?;
    }
    for (import, position) in file.dependency.iter().zip(0..) {
        let public = match file.public_dependency.contains(&position) {
            true => "public ",
            false => "",
        };
        printer.line(format_args!("import {public}\"{import}\";"))?;
    }
    for message in &file.message_type {
        printer.message(message)?;
    }
    for each in &file.enum_type {
        printer.enumeration(each)?;
    }
    Ok(printer.text)
}

struct Printer {
    text: String,
    depth: usize,
    is_proto3: bool,
}

impl Printer {
    fn line(&mut self, line: fmt::Arguments<'_>) -> Result<(), Unprintable> {
        let indent = 2 * self.depth;
        Ok(writeln!(self.text, "{:indent$}{line}", "")?)
    }

    fn block(
        &mut self,
        head: fmt::Arguments<'_>,
        body: impl FnOnce(&mut Self) -> Result<(), Unprintable>,
    ) -> Result<(), Unprintable> {
        self.line(format_args!("{head} {{"))?;
        self.depth += 1;
        body(self)?;
        self.depth -= 1;
        self.line(format_args!("}}"))
    }

    /// Nested messages keep their order: payloads refer to them by index.
    fn message(&mut self, message: &DescriptorProto) -> Result<(), Unprintable> {
        self.block(format_args!("message {}", message.name()), |printer| {
            let mut printed_oneofs = Vec::new();
            for field in &message.field {
                match oneof(field) {
                    None => printer.field(message, field)?,
                    Some(index) if printed_oneofs.contains(&index) => {}
                    Some(index) => {
                        printed_oneofs.push(index);
                        printer.oneof(message, index)?;
                    }
                }
            }
            for nested in message.nested_type.iter().filter(|nested| !is_map_entry(nested)) {
                printer.message(nested)?;
            }
            for each in &message.enum_type {
                printer.enumeration(each)?;
            }
            Ok(())
        })
    }

    fn oneof(&mut self, message: &DescriptorProto, index: i32) -> Result<(), Unprintable> {
        let declared = usize::try_from(index).ok();
        let declared = declared.and_then(|index| message.oneof_decl.get(index));
        let name = declared.map(OneofDescriptorProto::name).unwrap_or_default();
        self.block(format_args!("oneof {name}"), |printer| {
            let mut members = message.field.iter().filter(|field| oneof(field) == Some(index));
            members.try_for_each(|member| printer.field(message, member))
        })
    }

    fn field(&mut self, message: &DescriptorProto, field: &FieldDescriptorProto) -> Result<(), Unprintable> {
        let (name, number) = (field.name(), field.number());
        if let Some([key, value]) = map_entry(message, field) {
            let (key, value) = (type_name(key)?, type_name(value)?);
            return self.line(format_args!("map<{key}, {value}> {name} = {number};"));
        }
        let label = match field.label() {
            Label::Repeated => "repeated ",
            _ if oneof(field).is_some() => "",
            Label::Required => "required ",
            Label::Optional if self.is_proto3 && !field.proto3_optional() => "",
            Label::Optional => "optional ",
        };
        let field_type = type_name(field)?;
        let options = options(field);
        self.line(format_args!("{label}{field_type} {name} = {number}{options};"))
    }

    fn enumeration(&mut self, each: &EnumDescriptorProto) -> Result<(), Unprintable> {
        self.block(format_args!("enum {}", each.name()), |printer| {
            if each.options.as_ref().is_some_and(EnumOptions::allow_alias) {
                printer.line(format_args!("option allow_alias = true;"))?;
            }
            for value in &each.value {
                printer.line(format_args!("{} = {};", value.name(), value.number()))?;
            }
            Ok(())
        })
    }
}

/// Oneof in which a field is declared. An `optional` field of proto3 has a synthetic one.
fn oneof(field: &FieldDescriptorProto) -> Option<i32> {
    field.oneof_index.filter(|_| !field.proto3_optional())
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(MessageOptions::map_entry)
}

/// Key and value of the entries of a map.
fn map_entry<'a>(
    message: &'a DescriptorProto,
    field: &FieldDescriptorProto,
) -> Option<[&'a FieldDescriptorProto; 2]> {
    if field.label() != Label::Repeated || field.r#type() != Type::Message {
        return None;
    }
    let (_, name) = field.type_name().rsplit_once('.')?;
    let nested = message.nested_type.iter();
    let entry = nested
        .filter(|nested| is_map_entry(nested))
        .find(|nested| nested.name() == name)?;
    match entry.field.as_slice() {
        [key, value] => Some([key, value]),
        _ => None,
    }
}

fn type_name(field: &FieldDescriptorProto) -> Result<&str, Unprintable> {
    let unprintable = || Unprintable::Type(field.name().to_owned());
    if !field.type_name().is_empty() && field.r#type() != Type::Group {
        return Ok(field.type_name());
    }
    // An absent type would be read as a double.
    let known = field.r#type.and_then(|number| Type::try_from(number).ok());
    Ok(match known.ok_or_else(unprintable)? {
        Type::Double => "double",
        Type::Float => "float",
        Type::Int64 => "int64",
        Type::Uint64 => "uint64",
        Type::Int32 => "int32",
        Type::Fixed64 => "fixed64",
        Type::Fixed32 => "fixed32",
        Type::Bool => "bool",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Uint32 => "uint32",
        Type::Sfixed32 => "sfixed32",
        Type::Sfixed64 => "sfixed64",
        Type::Sint32 => "sint32",
        Type::Sint64 => "sint64",
        Type::Group | Type::Message | Type::Enum => return Err(unprintable()),
    })
}

fn options(field: &FieldDescriptorProto) -> String {
    let mut options = Vec::new();
    if let Some(default) = &field.default_value {
        options.push(match field.r#type() {
            Type::String => format!("default = \"{}\"", default.as_bytes().escape_ascii()),
            // In the descriptor it is escaped already.
            Type::Bytes => format!("default = \"{default}\""),
            _ => format!("default = {default}"),
        });
    }
    if let Some(packed) = field.options.as_ref().and_then(|options| options.packed) {
        options.push(format!("packed = {packed}"));
    }
    match options.is_empty() {
        true => String::new(),
        false => format!(" [{}]", options.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use prost_reflect::prost_types::FileDescriptorSet;
    use protox::Compiler;
    use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

    use super::*;

    const NAME: &str = "t.proto";

    struct Text(String);

    impl FileResolver for Text {
        fn open_file(&self, name: &str) -> Result<File, protox::Error> {
            match name {
                NAME => File::from_source(NAME, &self.0),
                _ => Err(protox::Error::file_not_found(name)),
            }
        }
    }

    /// Moves the entry messages of maps first, where the compiler puts those of printed text: payloads do not
    /// refer to them by index.
    fn map_entries_first(message: &mut DescriptorProto) {
        message.nested_type.sort_by_key(|nested| !is_map_entry(nested));
        message.nested_type.iter_mut().for_each(map_entries_first);
    }

    fn compile(text: &str) -> FileDescriptorProto {
        let mut resolver = ChainFileResolver::new();
        resolver.add(Text(text.to_owned()));
        resolver.add(GoogleFileResolver::new());
        let mut compiler = Compiler::with_file_resolver(resolver);
        compiler.include_source_info(false);
        compiler
            .open_file(NAME)
            .unwrap_or_else(|error| panic!("{error:?}\n{text}"));
        let FileDescriptorSet { mut file } = compiler.file_descriptor_set();
        let mut file = file.pop().unwrap();
        file.message_type.iter_mut().for_each(map_entries_first);
        file
    }

    #[test]
    fn what_is_printed_compiles_to_the_descriptor_it_was_printed_from() {
        for text in [
            r#"syntax = "proto3"; package a.b; import "google/protobuf/timestamp.proto";
               message Second { int32 n = 1; }
               message First {
                 message Inner { message Deep { bytes raw = 1; } Deep deep = 1; repeated sint32 list = 2 [packed = false]; }
                 enum Kind { NONE = 0; SOME = -1; }
                 Inner inner = 1; optional string text = 2; Kind kind = 3; google.protobuf.Timestamp at = 4;
                 map<string, Inner> by_name = 5; map<int32, double> prices = 6;
                 oneof choice { Second second = 7; float number = 8; }
                 repeated fixed64 ids = 9; oneof another { bool yes = 10; }
               }
               enum Top { option allow_alias = true; A = 0; B = 0; }"#,
            r#"syntax = "proto2";
               message M {
                 required int32 id = 1; optional string s = 2 [default = "a\"b\\\n"]; optional bool b = 3 [default = true];
                 optional bytes raw = 4 [default = "\001x"]; repeated int32 n = 5 [packed = true];
                 optional E e = 6 [default = Y]; optional double d = 7 [default = inf]; enum E { X = 1; Y = 2; }
               }"#,
        ] {
            let descriptor = compile(text);
            let printed = print(&descriptor).unwrap();
            assert_eq!(compile(&printed), descriptor, "{printed}");
        }
    }

    #[test]
    fn refuses_what_it_cannot_print() {
        let group =
            compile(r#"syntax = "proto2"; message M { optional group G = 1 { optional int32 n = 1; } }"#);
        assert_eq!(print(&group), Err(Unprintable::Type("g".into())));
        let edition = FileDescriptorProto {
            syntax: Some("editions".into()),
            ..FileDescriptorProto::default()
        };
        assert_eq!(print(&edition), Err(Unprintable::Syntax("editions".into())));
    }
}
