//! Files without the fields whose types are in imports that were not found.
//!
//! Messages stay, entries of maps included: headers of records count them.

use std::collections::{HashMap, HashSet};

use prost_reflect::prost_types::field_descriptor_proto::Type;
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, MessageOptions,
};

/// Field that is left out, because no file defines its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::decode::protobuf) struct LeftOut {
    /// Full name of its message.
    pub(in crate::decode::protobuf) message: String,
    pub(in crate::decode::protobuf) name: String,
    pub(in crate::decode::protobuf) json_name: String,
    /// Type as the definition names it.
    pub(in crate::decode::protobuf) type_name: String,
}

/// Removes the fields whose types are neither in their file nor in what it imports. `files` are all that the definition
/// imports; those that were not found are empty.
pub(super) fn leave_out(files: &mut [FileDescriptorProto]) -> Vec<LeftOut> {
    let mut remover = Remover {
        names: HashMap::new(),
        visible: HashSet::new(),
        left_out: Vec::new(),
    };
    for (file, at) in files.iter().zip(0..) {
        let mut collect = |name: String| {
            remover.names.insert(name, at);
        };
        let scope = file.package();
        enums(&file.enum_type, scope, &mut collect);
        messages(&file.message_type, scope, &mut collect);
    }
    let imports = imports(files);
    for (file, at) in files.iter_mut().zip(0..) {
        remover.visible = visible(&imports, at);
        // The positions of fields change.
        file.source_code_info = None;
        let scope = file.package().to_owned();
        for message in &mut file.message_type {
            remover.prune(message, &scope);
        }
    }
    remover.left_out
}

/// Files that a file imports, by their positions, each with whether it imports it publicly.
fn imports(files: &[FileDescriptorProto]) -> Vec<Vec<(usize, bool)>> {
    let names: HashMap<&str, usize> = files.iter().map(FileDescriptorProto::name).zip(0..).collect();
    let imports = files.iter().map(|file| {
        let imports = file.dependency.iter().zip(0..);
        let imports = imports.filter_map(|(path, at)| {
            let imported = names.get(path.as_str())?;
            Some((*imported, file.public_dependency.contains(&at)))
        });
        imports.collect()
    });
    imports.collect()
}

/// Files whose types the file at `at` may name: itself, those that it imports, and what these import publicly.
fn visible(imports: &[Vec<(usize, bool)>], at: usize) -> HashSet<usize> {
    let mut visible = HashSet::from([at]);
    let mut next: Vec<usize> = imports[at].iter().map(|(file, _)| *file).collect();
    while let Some(file) = next.pop() {
        if visible.insert(file) {
            let public = imports[file].iter().filter(|(_, is_public)| *is_public);
            next.extend(public.map(|(file, _)| *file));
        }
    }
    visible
}

fn within(scope: &str, name: &str) -> String {
    match scope {
        "" => name.to_owned(),
        scope => format!("{scope}.{name}"),
    }
}

fn enums(types: &[EnumDescriptorProto], scope: &str, collect: &mut impl FnMut(String)) {
    types
        .iter()
        .for_each(|names| collect(within(scope, names.name())));
}

fn messages(types: &[DescriptorProto], scope: &str, collect: &mut impl FnMut(String)) {
    for message in types {
        let name = within(scope, message.name());
        enums(&message.enum_type, &name, collect);
        messages(&message.nested_type, &name, collect);
        collect(name);
    }
}

struct Remover {
    /// Full names of all types, with their files.
    names: HashMap<String, usize>,
    /// Files whose types the current one may name.
    visible: HashSet<usize>,
    left_out: Vec<LeftOut>,
}

impl Remover {
    fn prune(&mut self, message: &mut DescriptorProto, scope: &str) {
        let full_name = within(scope, message.name());
        for nested in &mut message.nested_type {
            self.prune(nested, &full_name);
        }
        if is_entry(message) {
            return;
        }
        let (nested, fields) = (&mut message.nested_type, &mut message.field);
        let entries = nested.iter().zip(0..).filter(|(nested, _)| is_entry(nested));
        let entries: HashMap<String, usize> =
            entries.map(|(entry, at)| (entry.name().to_owned(), at)).collect();
        let mut left_out = Vec::new();
        fields.retain(|field| {
            let entry = entries.get(in_scope(field.type_name(), &full_name));
            let unknown = match entry.map(|at| &mut nested[*at]) {
                Some(entry) => {
                    let scope = within(&full_name, entry.name());
                    let mut values = entry.field.iter_mut();
                    let value = values.find(|value| !self.is_defined(value, &scope));
                    value.map(|value| {
                        value.r#type = Some(Type::Bytes.into());
                        value.type_name.take().unwrap_or_default()
                    })
                }
                None if self.is_defined(field, &full_name) => None,
                None => Some(field.type_name().to_owned()),
            };
            left_out.extend(unknown.iter().map(|type_name| LeftOut {
                message: full_name.clone(),
                name: field.name().to_owned(),
                json_name: json_name(field),
                type_name: type_name.clone(),
            }));
            unknown.is_none()
        });
        if !left_out.is_empty() {
            drop_empty_oneofs(message);
        }
        self.left_out.append(&mut left_out);
    }

    fn is_visible(&self, full_name: &str) -> bool {
        let file = self.names.get(full_name);
        file.is_some_and(|file| self.visible.contains(file))
    }

    /// Whether a field has a scalar type, or one that is looked for from `scope` outwards and exists.
    fn is_defined(&self, field: &FieldDescriptorProto, scope: &str) -> bool {
        let Some(name) = field.type_name.as_deref().filter(|name| !name.is_empty()) else {
            return true;
        };
        if let Some(full_name) = name.strip_prefix('.') {
            return self.is_visible(full_name);
        }
        let mut scope = Some(scope);
        while let Some(at) = scope {
            if self.is_visible(&within(at, name)) {
                return true;
            }
            scope = match at {
                "" => None,
                at => Some(at.rsplit_once('.').map_or("", |(outer, _)| outer)),
            };
        }
        false
    }
}

fn is_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(MessageOptions::map_entry)
}

/// The name in the message `scope` of a type that is nested there.
fn in_scope<'a>(name: &'a str, scope: &str) -> &'a str {
    let full_name = name.strip_prefix('.');
    let nested = full_name.and_then(|name| name.strip_prefix(scope)?.strip_prefix('.'));
    nested.unwrap_or(name)
}

fn json_name(field: &FieldDescriptorProto) -> String {
    if let Some(name) = &field.json_name {
        return name.clone();
    }
    let mut name = String::new();
    let mut after_underscore = false;
    for c in field.name().chars() {
        match c {
            '_' => after_underscore = true,
            c if std::mem::take(&mut after_underscore) => name.push(c.to_ascii_uppercase()),
            c => name.push(c),
        }
    }
    name
}

/// Removes the oneofs that have no fields any more.
fn drop_empty_oneofs(message: &mut DescriptorProto) {
    let used: HashSet<i32> = message
        .field
        .iter()
        .filter_map(|field| field.oneof_index)
        .collect();
    let mut kept = Vec::new();
    let mut at = 0;
    message.oneof_decl.retain(|_| {
        let is_used = used.contains(&at);
        if is_used {
            kept.push(at);
        }
        at += 1;
        is_used
    });
    for field in &mut message.field {
        let index = field
            .oneof_index
            .and_then(|index| kept.iter().position(|kept| *kept == index));
        field.oneof_index = index.and_then(|index| i32::try_from(index).ok());
    }
}

#[cfg(test)]
mod tests {
    use protox::file::File;

    use super::*;

    /// Fields that are left out, and those that stay with their oneofs.
    fn left_out(text: &str) -> (Vec<String>, Vec<String>) {
        let file = File::from_source("a.proto", text).unwrap();
        let mut files = [FileDescriptorProto::from(file)];
        let left_out = leave_out(&mut files);
        let left_out = left_out
            .iter()
            .map(|field| format!("{}.{}: {}", field.message, field.name, field.type_name));
        let first = &files[0].message_type[0];
        let stay = first.field.iter().map(|field| match field.oneof_index {
            Some(index) => format!("{} in {}", field.name(), first.oneof_decl[index as usize].name()),
            None => field.name().to_owned(),
        });
        (left_out.collect(), stay.collect())
    }

    #[test]
    fn types_are_looked_for_from_the_inside_out() {
        let (left, stay) = left_out(
            "syntax = 'proto3'; package a.b; message M {
                message In { Other other = 1; M m = 2; b.M through = 3; State state = 4; c.Away away = 5; }
                In in = 1; .a.b.M whole = 2; .b.M none = 3; repeated Away list = 4; string text = 5; a.b.Other x = 6; }
             message Other {} enum State { NONE = 0; }",
        );
        assert_eq!(
            left,
            ["a.b.M.In.away: c.Away", "a.b.M.none: .b.M", "a.b.M.list: Away"]
        );
        assert_eq!(stay, ["in", "whole", "text", "x"]);
    }

    #[test]
    fn oneofs_and_maps_go_with_their_fields() {
        let (left, stay) = left_out(
            "syntax = 'proto3'; message M { oneof gone { Away a = 1; } optional Away b = 2; oneof rest { Away c = 3;
                int32 d = 4; } optional int32 e = 5; map<string, Away> f = 6; map<string, M> g = 7; }",
        );
        assert_eq!(left, ["M.a: Away", "M.b: Away", "M.c: Away", "M.f: Away"]);
        assert_eq!(stay, ["d in rest", "e in _e", "g"]);
    }

    #[test]
    fn a_type_is_where_the_file_imports_it_from() {
        let file = |name: &str, text: &str| {
            let file = File::from_source(name, &format!("syntax = 'proto3'; {text}")).unwrap();
            FileDescriptorProto::from(file)
        };
        let mut files = [
            file(
                "a",
                "import 'b'; import 'gone'; message A { B b = 1; C c = 2; D d = 3; }",
            ),
            file(
                "b",
                "import public 'c'; import 'd'; import 'gone'; message B { A a = 1; D d = 2; }",
            ),
            file("c", "message C {}"),
            file("d", "message D {}"),
        ];
        let left_out = leave_out(&mut files);
        let left_out: Vec<_> = left_out
            .iter()
            .map(|field| (&*field.message, &*field.name))
            .collect();
        assert_eq!(left_out, [("A", "d"), ("B", "a")]);
    }

    #[test]
    fn nothing_is_left_out_of_a_whole_file() {
        let text =
            "message A { optional A a = 1; map<int32, B> b = 2; message B {} repeated group C = 3 {} }";
        assert_eq!(left_out(text).0, [""; 0]);
    }

    #[test]
    fn json_names_are_in_camel_case() {
        let field = |name: &str| FieldDescriptorProto {
            name: Some(name.to_owned()),
            ..FieldDescriptorProto::default()
        };
        assert_eq!(json_name(&field("unit_price__x")), "unitPriceX");
    }
}
