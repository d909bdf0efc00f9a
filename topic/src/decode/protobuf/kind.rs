//! Types of a field's values.

use std::sync::Arc;

use prost_reflect::EnumDescriptor;

use crate::decode::protobuf::wire::{Raw, WireType};

/// Type of a field's values. Messages are referred to by their index in the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int32,
    Sint32,
    Sfixed32,
    Uint32,
    Fixed32,
    Int64,
    Sint64,
    Sfixed64,
    Uint64,
    Fixed64,
    Float,
    Double,
    String,
    Bytes,
    Enum(Arc<EnumType>),
    Message(usize),
    Group(usize),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct EnumType {
    full_name: String,
    /// Names in the order of numbers; of several names of a number the first declared.
    names: Vec<(i32, String)>,
    first: i32,
}

impl Kind {
    pub(super) fn wire_type(&self) -> WireType {
        match self {
            Self::Fixed32 | Self::Sfixed32 | Self::Float => WireType::Fixed32,
            Self::Fixed64 | Self::Sfixed64 | Self::Double => WireType::Fixed64,
            Self::String | Self::Bytes | Self::Message(_) => WireType::Len,
            Self::Group(_) => WireType::StartGroup,
            _ => WireType::Varint,
        }
    }

    /// Whether a list of such values may be packed into one length-delimited value.
    pub(super) fn is_packable(&self) -> bool {
        !matches!(self.wire_type(), WireType::Len | WireType::StartGroup)
    }

    pub(super) fn message(&self) -> Option<usize> {
        match self {
            Self::Message(index) | Self::Group(index) => Some(*index),
            _ => None,
        }
    }

    /// Value of an absent key or value of a map entry.
    pub(super) fn zero(&self) -> Raw {
        match (self, self.wire_type()) {
            // Sign-extended, like an enum's negative numbers on the wire.
            (Self::Enum(names), _) => Raw::Varint(i64::from(names.first) as u64),
            (_, WireType::Fixed32) => Raw::Fixed32(0),
            (_, WireType::Fixed64) => Raw::Fixed64(0),
            (_, WireType::Varint) => Raw::Varint(0),
            _ => Raw::EMPTY,
        }
    }
}

impl EnumType {
    pub(super) fn new(descriptor: &EnumDescriptor) -> Self {
        // In the order of the file, unlike the descriptor's own list.
        let values = descriptor.enum_descriptor_proto().value.iter();
        let values = values.map(|value| (value.number(), value.name().to_owned()));
        let mut names: Vec<_> = values.collect();
        names.sort_by_key(|(number, _)| *number);
        names.dedup_by_key(|(number, _)| *number);
        Self {
            full_name: descriptor.full_name().to_owned(),
            names,
            first: descriptor.default_value().number(),
        }
    }

    pub(super) fn full_name(&self) -> &str {
        &self.full_name
    }

    pub(super) fn name(&self, number: i32) -> Option<&str> {
        let at = self
            .names
            .binary_search_by_key(&number, |(number, _)| *number)
            .ok()?;
        Some(&self.names[at].1)
    }

    /// Whether its only value represents JSON's null.
    pub(super) fn is_null(&self) -> bool {
        self.full_name == "google.protobuf.NullValue"
    }
}
