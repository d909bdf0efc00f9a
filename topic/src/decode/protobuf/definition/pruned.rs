//! Descriptors without what no column needs: services, extensions and options.
//!
//! The features of editions, which are options, are read first ([`Features`]).

use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, FieldDescriptorProto, FileDescriptorProto,
    MessageOptions,
};

use super::edition::{self, Features};

/// Prunes `file`; returns the full names of fields without presence, which its syntax would give them.
pub(super) fn prune(file: &mut FileDescriptorProto) -> Vec<String> {
    let has_features = edition::has_features(file);
    let features =
        Features::default().with(file.options.as_ref().map(|options| &options.uninterpreted_option));
    let mut fields = Fields {
        features: has_features.then_some(features),
        implicit: Vec::new(),
    };
    if has_features {
        // The nearest that the compiler knows: fields have presence, may have defaults, and enums may begin with any number.
        file.syntax = None;
    }
    file.service.clear();
    file.extension.clear();
    file.options = None;
    file.enum_type.iter_mut().for_each(prune_enum);
    let package = file.package().to_owned();
    for message in &mut file.message_type {
        fields.prune_message(message, &package);
    }
    fields.implicit
}

/// Walks the fields of a file.
struct Fields {
    /// Features of the file, if it has an edition.
    features: Option<Features>,
    implicit: Vec<String>,
}

impl Fields {
    /// `scope` is the full name of what the message stands in.
    fn prune_message(&mut self, message: &mut DescriptorProto, scope: &str) {
        let full_name = match scope {
            "" => message.name().to_owned(),
            scope => format!("{scope}.{}", message.name()),
        };
        let is_map_entry = message.options.as_ref().is_some_and(MessageOptions::map_entry);
        message.options = is_map_entry.then(|| MessageOptions {
            map_entry: Some(true),
            ..MessageOptions::default()
        });
        message.extension.clear();
        for range in &mut message.extension_range {
            range.options = None;
        }
        for oneof in &mut message.oneof_decl {
            oneof.options = None;
        }
        message.enum_type.iter_mut().for_each(prune_enum);
        for field in &mut message.field {
            if let Some(features) = self.features.filter(|_| !is_map_entry) {
                self.apply(features, field, &full_name);
            }
            field.options = None;
        }
        for nested in &mut message.nested_type {
            self.prune_message(nested, &full_name);
        }
    }

    fn apply(&mut self, features: Features, field: &mut FieldDescriptorProto, message: &str) {
        let options = field
            .options
            .as_ref()
            .map(|options| &options.uninterpreted_option);
        let features = features.with(options);
        if let Some(options) = options
            && field.default_value.is_none()
        {
            field.default_value = edition::default_value(options, field.r#type());
        }
        // A type that is only named may be an enum too, which the compiler finds out.
        let may_be_message = field.r#type.is_none() || field.r#type() == Type::Message;
        if features.delimited && may_be_message && field.type_name.is_some() {
            field.r#type = Some(Type::Group.into());
        }
        if features.implicit && field.label() != Label::Repeated && field.oneof_index.is_none() {
            self.implicit.push(format!("{message}.{}", field.name()));
        }
    }
}

/// An enum's names for one number are an error without this option.
fn prune_enum(names: &mut EnumDescriptorProto) {
    let allows_alias = names.options.take().is_some_and(|options| {
        let mut others = options.uninterpreted_option.iter();
        options.allow_alias()
            || others.any(|option| {
                let is_named = matches!(option.name.as_slice(), [part] if part.name_part == "allow_alias");
                is_named && option.identifier_value() == "true"
            })
    });
    names.options = allows_alias.then(|| EnumOptions {
        allow_alias: Some(true),
        ..EnumOptions::default()
    });
    for value in &mut names.value {
        value.options = None;
    }
}
