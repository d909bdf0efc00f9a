//! Compiled definition: its messages, fields and enums, and the message of a payload.
//!
//! | a payload names its message | by |
//! |---|---|
//! | with Glue's header | position among all messages of the file, nested ones and map entries included, in the order of their full names |
//! | with Confluent's header | index in the file, then in the message found so far; map entries are not counted, since they are not declared |
//! | with no header | nothing: it is the configured one, else the first of the file |

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor, Value};

use crate::decode::protobuf::definition::{self, Compiled, Incomplete, LeftOut};
use crate::decode::protobuf::kind::{EnumType, Kind};
use crate::decode::protobuf::well_known::WellKnown;
use crate::decode::protobuf::wire::{Lookup, Slot};
use crate::definition::{ReferencedSchema, SchemaTextError};

/// All messages that a definition declares or imports.
#[derive(Debug)]
pub(super) struct Schema {
    messages: Vec<Message>,
    by_name: HashMap<String, usize>,
    /// File's own messages in the order of their full names.
    ranked: Vec<usize>,
    /// Top-level messages of the file, in its order.
    top: Vec<usize>,
    incomplete: Incomplete,
}

#[derive(Debug)]
pub(super) struct Message {
    pub(super) full_name: String,
    /// Fields in the order of the file.
    pub(super) fields: Vec<Arc<Field>>,
    /// Finds all of `fields`.
    pub(super) lookup: Lookup,
    pub(super) well_known: Option<WellKnown>,
    /// Nested messages in the order of the file, without map entries.
    nested: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) json_name: String,
    number: u32,
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// Value of an absent field; `None` for a list or map, which is then empty.
    pub(super) default: Option<Value>,
    /// Whether an absent field differs from one that holds the default.
    pub(super) has_presence: bool,
    oneof: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Singular,
    Repeated,
    Map,
}

impl Schema {
    /// Compiles a definition that may import `references` by their names.
    pub(super) fn compile(text: &str, references: &[ReferencedSchema]) -> Result<Self, SchemaTextError> {
        let Compiled {
            file,
            implicit,
            incomplete,
        } = definition::compile(text, references)?;
        let pool = file.parent_pool();
        let types = Types::of(pool, implicit);
        let messages = pool.all_messages().map(|message| Message::new(&message, &types));
        let messages: Vec<Message> = messages.collect();
        let is_own = |message: &MessageDescriptor| message.parent_file() == file;
        let mut ranked: Vec<usize> = pool
            .all_messages()
            .zip(0..)
            .filter_map(|(message, index)| is_own(&message).then_some(index))
            .collect();
        ranked.sort_by(|&a, &b| messages[a].full_name.cmp(&messages[b].full_name));
        let top = file.messages().map(|message| types.messages[message.full_name()]);
        Ok(Self {
            top: top.collect(),
            messages,
            by_name: types.messages,
            ranked,
            incomplete,
        })
    }

    /// Reason why the first field that is left out is; `None` if the definition is complete.
    pub(super) fn first_left_out(&self) -> Option<String> {
        let first = self.incomplete.left_out.first();
        first.map(|field| self.incomplete.reason(field))
    }

    /// Reason why the field of `message` that `is_wanted` is left out; `None` if there is no such field.
    pub(super) fn reason(&self, message: &Message, is_wanted: impl Fn(&LeftOut) -> bool) -> Option<String> {
        let mut left_out = self.incomplete.left_out.iter();
        let found = left_out.find(|field| field.message == message.full_name && is_wanted(field));
        found.map(|field| self.incomplete.reason(field))
    }

    pub(super) fn message(&self, index: usize) -> &Message {
        &self.messages[index]
    }

    pub(super) fn find(&self, full_name: &str) -> Option<usize> {
        self.by_name.get(full_name).copied()
    }

    /// Message of this full name, or the only one whose full name ends in it; without a name the first of the
    /// file.
    pub(super) fn choose(&self, name: Option<&str>) -> Result<usize, SchemaTextError> {
        let error = |reason| SchemaTextError { reason };
        let Some(name) = name else {
            let first = self.top.first().copied();
            return first.ok_or_else(|| error("the definition has no message".to_owned()));
        };
        let is_named = |index: &usize| {
            let rest = self.messages[*index].full_name.strip_suffix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let exact = self.find(name).filter(|index| self.ranked.contains(index));
        let named: Vec<usize> = self.ranked.iter().copied().filter(is_named).collect();
        match (exact, named.as_slice()) {
            (Some(index), _) | (None, &[index]) => Ok(index),
            (None, []) => Err(error(format!("the definition has no message `{name}`"))),
            (None, _) => Err(error(format!(
                "the definition has {} messages `{name}`, wanted the full name of one",
                named.len()
            ))),
        }
    }

    /// Message with this number in Glue's serializers.
    pub(super) fn at_rank(&self, rank: u64) -> Option<usize> {
        self.ranked.get(usize::try_from(rank).ok()?).copied()
    }

    pub(super) fn ranks(&self) -> usize {
        self.ranked.len()
    }

    /// Messages that the first step of a Confluent path indexes.
    pub(super) fn top(&self) -> &[usize] {
        &self.top
    }

    /// Messages that the next step indexes.
    pub(super) fn nested(&self, index: usize) -> &[usize] {
        &self.messages[index].nested
    }

    /// Fields of a map's entries: its key and its value.
    pub(super) fn entry(&self, field: &Field) -> Option<(&Arc<Field>, &Arc<Field>)> {
        let entry = match field.shape {
            Shape::Map => self.message(field.kind.message()?),
            _ => return None,
        };
        let by_number = |number| entry.fields.iter().find(|field| field.number == number);
        Some((by_number(1)?, by_number(2)?))
    }

    /// Type of a field as a definition spells it.
    pub(super) fn spell(&self, field: &Field) -> String {
        match (field.shape, self.entry(field)) {
            (Shape::Map, Some((key, value))) => format!("map<{}, {}>", self.spell(key), self.spell(value)),
            (Shape::Repeated, _) => format!("repeated {}", self.spell_kind(&field.kind)),
            _ => self.spell_kind(&field.kind).to_owned(),
        }
    }

    fn spell_kind<'a>(&'a self, kind: &'a Kind) -> &'a str {
        match kind {
            Kind::Bool => "bool",
            Kind::Int32 => "int32",
            Kind::Sint32 => "sint32",
            Kind::Sfixed32 => "sfixed32",
            Kind::Uint32 => "uint32",
            Kind::Fixed32 => "fixed32",
            Kind::Int64 => "int64",
            Kind::Sint64 => "sint64",
            Kind::Sfixed64 => "sfixed64",
            Kind::Uint64 => "uint64",
            Kind::Fixed64 => "fixed64",
            Kind::Float => "float",
            Kind::Double => "double",
            Kind::String => "string",
            Kind::Bytes => "bytes",
            Kind::Enum(names) => names.full_name(),
            Kind::Message(index) | Kind::Group(index) => &self.message(*index).full_name,
        }
    }
}

/// Types that fields refer to, by full name. Descriptors refer only to types of their pool.
struct Types {
    messages: HashMap<String, usize>,
    enums: HashMap<String, Arc<EnumType>>,
    /// Full names of fields without presence that descriptors tell otherwise of.
    implicit: HashSet<String>,
}

impl Types {
    fn of(pool: &DescriptorPool, implicit: HashSet<String>) -> Self {
        let messages = pool.all_messages().map(|message| message.full_name().to_owned());
        let enums = pool
            .all_enums()
            .map(|names| (names.full_name().to_owned(), Arc::new(EnumType::new(&names))));
        Self {
            messages: messages.zip(0..).collect(),
            enums: enums.collect(),
            implicit,
        }
    }
}

impl Message {
    fn new(message: &MessageDescriptor, types: &Types) -> Self {
        let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic());
        let oneofs: HashMap<String, usize> = oneofs
            .map(|oneof| oneof.full_name().to_owned())
            .zip(0..)
            .collect();
        let mut fields: Vec<FieldDescriptor> = message.fields().collect();
        fields.sort_by_key(|field| field.path().last().copied());
        let fields = fields
            .iter()
            .map(|field| Arc::new(Field::new(field, types, &oneofs)));
        let fields: Vec<Arc<Field>> = fields.collect();
        let nested = message.child_messages().filter(|nested| !nested.is_map_entry());
        let is_standard = message.parent_file().name().starts_with("google/protobuf/");
        Self {
            full_name: message.full_name().to_owned(),
            lookup: Lookup::new(fields.iter().map(|field| field.slot()).collect()),
            fields,
            well_known: is_standard.then(|| WellKnown::of(message.full_name())).flatten(),
            nested: nested.map(|nested| types.messages[nested.full_name()]).collect(),
        }
    }

    /// Field of this name, by the definition or in JSON.
    pub(super) fn field(&self, name: &str) -> Option<&Arc<Field>> {
        let by_name = self.fields.iter().find(|field| field.name == name);
        by_name.or_else(|| self.fields.iter().find(|field| field.json_name == name))
    }

    /// Field of this name, else one that differs only by case: Athena lower-cases names.
    pub(super) fn field_in_any_case(&self, name: &str) -> Option<&Arc<Field>> {
        let matches = |field: &&Arc<Field>| {
            field.name.eq_ignore_ascii_case(name) || field.json_name.eq_ignore_ascii_case(name)
        };
        self.field(name).or_else(|| self.fields.iter().find(matches))
    }

    /// Finds `fields`, in their order, with regard to the other members of their oneofs.
    pub(super) fn lookup_of(&self, fields: &[Arc<Field>]) -> Lookup {
        let oneofs: HashSet<usize> = fields.iter().filter_map(|field| field.oneof).collect();
        let wanted: HashSet<u32> = fields.iter().map(|field| field.number).collect();
        let is_rival = |field: &&Arc<Field>| {
            let shares = field.oneof.is_some_and(|oneof| oneofs.contains(&oneof));
            shares && !wanted.contains(&field.number)
        };
        let rivals = self.fields.iter().filter(is_rival);
        Lookup::new(fields.iter().chain(rivals).map(|field| field.slot()).collect())
    }
}

impl Field {
    fn new(field: &FieldDescriptor, types: &Types, oneofs: &HashMap<String, usize>) -> Self {
        let shape = match (field.is_map(), field.is_list()) {
            (true, _) => Shape::Map,
            (_, true) => Shape::Repeated,
            _ => Shape::Singular,
        };
        let kind = kind(field, types);
        let is_implicit = kind.message().is_none() && types.implicit.contains(field.full_name());
        let has_presence = field.supports_presence() && !is_implicit;
        let has_default = shape == Shape::Singular
            && match has_presence {
                true => field.field_descriptor_proto().default_value.is_some(),
                false => true,
            };
        let oneof = field.containing_oneof();
        Self {
            name: field.name().to_owned(),
            json_name: field.json_name().to_owned(),
            number: field.number(),
            kind,
            shape,
            default: has_default.then(|| field.default_value()),
            has_presence,
            oneof: oneof.and_then(|oneof| oneofs.get(oneof.full_name()).copied()),
        }
    }

    pub(super) fn slot(&self) -> Slot {
        Slot {
            packable: self.shape == Shape::Repeated && self.kind.is_packable(),
            oneof: self.oneof,
            ..Slot::new(self.number, self.kind.wire_type())
        }
    }
}

fn kind(field: &FieldDescriptor, types: &Types) -> Kind {
    match field.kind() {
        prost_reflect::Kind::Bool => Kind::Bool,
        prost_reflect::Kind::Int32 => Kind::Int32,
        prost_reflect::Kind::Sint32 => Kind::Sint32,
        prost_reflect::Kind::Sfixed32 => Kind::Sfixed32,
        prost_reflect::Kind::Uint32 => Kind::Uint32,
        prost_reflect::Kind::Fixed32 => Kind::Fixed32,
        prost_reflect::Kind::Int64 => Kind::Int64,
        prost_reflect::Kind::Sint64 => Kind::Sint64,
        prost_reflect::Kind::Sfixed64 => Kind::Sfixed64,
        prost_reflect::Kind::Uint64 => Kind::Uint64,
        prost_reflect::Kind::Fixed64 => Kind::Fixed64,
        prost_reflect::Kind::Float => Kind::Float,
        prost_reflect::Kind::Double => Kind::Double,
        prost_reflect::Kind::String => Kind::String,
        prost_reflect::Kind::Bytes => Kind::Bytes,
        prost_reflect::Kind::Enum(names) => Kind::Enum(Arc::clone(&types.enums[names.full_name()])),
        prost_reflect::Kind::Message(message) => {
            let index = types.messages[message.full_name()];
            match field.is_group() {
                true => Kind::Group(index),
                false => Kind::Message(index),
            }
        }
    }
}

#[cfg(test)]
mod tests;
