//! Avro schemas, parsed from their JSON.
//!
//! Types are kept in one list and refer to each other by index, so that a type may contain itself, and so
//! that the reader's and the writer's types are together when one is resolved to the other. An invalid
//! logical type is ignored, as the
//! [specification](https://avro.apache.org/docs/1.12.0/specification/#logical-types) requires.
//!
//! The crate apache-avro is not used: it panics on invalid names, and does not keep whether a UUID is written
//! as text or as 16 bytes.

use serde_json::Value;

use crate::definition::{ReferencedSchema, SchemaTextError};

mod parse;

/// Maximum number of digits of a decimal; with more it is read as the bytes that it annotates. Oracle's
/// NUMBER has 127, and Kafka Connect uses 64 for unknown precisions.
pub(super) const MAX_DECIMAL_DIGITS: usize = 1000;

/// Single schema.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    pub(super) types: Types,
    pub(super) top: TypeId,
}

impl Schema {
    /// Parses a schema that may name types of `references`.
    pub(super) fn parse(text: &str, references: &[ReferencedSchema]) -> Result<Self, SchemaTextError> {
        let mut types = Types::default();
        let top = types.parse_with(text, references)?;
        Ok(Self { types, top })
    }
}

/// Types of one or more schemas.
#[derive(Debug, Clone, Default)]
pub(super) struct Types(Vec<Type>);

/// Index of a type in [`Types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TypeId(usize);

#[derive(Debug, Clone)]
pub(super) struct Type {
    pub(super) shape: Shape,
    pub(super) logical: Option<Logical>,
}

/// Encoding of a datum.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(Name, usize),
    Enum(EnumType),
    Array(TypeId),
    Map(TypeId),
    Union(Vec<TypeId>),
    Record(Name, Vec<RecordField>),
}

#[derive(Debug, Clone)]
pub(super) struct EnumType {
    pub(super) name: Name,
    pub(super) symbols: Vec<String>,
    /// Default of a reader's enum, for symbols it does not know.
    pub(super) default: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct RecordField {
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    pub(super) type_id: TypeId,
    pub(super) default: Option<Value>,
    pub(super) doc: Option<String>,
}

/// Meaning of a datum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logical {
    Decimal { precision: usize, scale: u32 },
    Uuid,
    Date,
    TimeMillis,
    TimeMicros,
    Timestamp(TimestampUnit),
    Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimestampUnit {
    Millis,
    Micros,
    Nanos,
}

impl Logical {
    /// Name in schemas.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Decimal { .. } => "decimal",
            Self::Uuid => "uuid",
            Self::Date => "date",
            Self::TimeMillis => "time-millis",
            Self::TimeMicros => "time-micros",
            Self::Timestamp(TimestampUnit::Millis) => "timestamp-millis",
            Self::Timestamp(TimestampUnit::Micros) => "timestamp-micros",
            Self::Timestamp(TimestampUnit::Nanos) => "timestamp-nanos",
            Self::Duration => "duration",
        }
    }
}

/// Name of a record, enum or fixed type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// Name with its namespace, if it has one.
    pub(super) full: String,
    /// Aliases with their namespaces.
    pub(super) aliases: Vec<String>,
}

impl Name {
    pub(super) fn unqualified(&self) -> &str {
        unqualified(&self.full)
    }

    /// Whether data of a type called `writer` may be read as this type. Namespaces are ignored.
    pub(super) fn takes(&self, writer: &Name) -> bool {
        let mut names = std::iter::once(&self.full).chain(&self.aliases);
        names.any(|name| unqualified(name) == writer.unqualified())
    }
}

fn unqualified(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, name)| name)
}

impl std::ops::Index<TypeId> for Types {
    type Output = Type;

    fn index(&self, id: TypeId) -> &Type {
        &self.0[id.0]
    }
}

impl Types {
    /// For a union of null and one other type that type, otherwise `id` itself.
    pub(super) fn without_null(&self, id: TypeId) -> TypeId {
        match self.branches(id).as_slice() {
            [branch] => *branch,
            _ => id,
        }
    }

    /// Branches of a union other than null; none for other types.
    pub(super) fn branches(&self, id: TypeId) -> Vec<TypeId> {
        let Shape::Union(branches) = &self[id].shape else {
            return Vec::new();
        };
        let branches = branches.iter().copied();
        branches
            .filter(|branch| !matches!(self[*branch].shape, Shape::Null))
            .collect()
    }

    /// Name of a branch in its union: the name of its type without namespace, unless another branch has the
    /// same.
    pub(super) fn branch_name(&self, union: TypeId, branch: TypeId) -> &str {
        let Some(name) = self.name(branch) else {
            return self.shape_name(branch);
        };
        let branches = self.branches(union).into_iter();
        let mut others = branches.filter(|other| *other != branch);
        let shared = others.any(|other| {
            self.name(other)
                .is_some_and(|other| other.unqualified() == name.unqualified())
        });
        if shared { &name.full } else { name.unqualified() }
    }

    pub(super) fn name(&self, id: TypeId) -> Option<&Name> {
        match &self[id].shape {
            Shape::Fixed(name, _) | Shape::Record(name, _) => Some(name),
            Shape::Enum(symbols) => Some(&symbols.name),
            _ => None,
        }
    }

    /// Name of the type in schemas.
    pub(super) fn shape_name(&self, id: TypeId) -> &'static str {
        match self[id].shape {
            Shape::Null => "null",
            Shape::Boolean => "boolean",
            Shape::Int => "int",
            Shape::Long => "long",
            Shape::Float => "float",
            Shape::Double => "double",
            Shape::Bytes => "bytes",
            Shape::String => "string",
            Shape::Fixed(..) => "fixed",
            Shape::Enum(_) => "enum",
            Shape::Array(_) => "array",
            Shape::Map(_) => "map",
            Shape::Union(_) => "union",
            Shape::Record(..) => "record",
        }
    }

    /// Kind of value of a datum, for messages.
    pub(super) fn kind(&self, id: TypeId) -> &'static str {
        match self[id].shape {
            Shape::Null => "null",
            Shape::Boolean => "a boolean",
            Shape::Int | Shape::Long | Shape::Float | Shape::Double => "a number",
            Shape::Bytes | Shape::Fixed(..) => "bytes",
            Shape::String => "text",
            Shape::Enum(_) => "an enum's symbol",
            Shape::Array(_) => "an array",
            Shape::Map(_) => "a map",
            Shape::Union(_) => "a union",
            Shape::Record(..) => "a record",
        }
    }

    /// Kind of a value whose type cannot be resolved, with the remark that it is the writer's.
    pub(super) fn kind_written(&self, id: TypeId) -> &'static str {
        match self[id].shape {
            Shape::Null => "null by the writer's schema",
            Shape::Boolean => "a boolean by the writer's schema",
            Shape::Int | Shape::Long | Shape::Float | Shape::Double => "a number by the writer's schema",
            Shape::Bytes | Shape::Fixed(..) => "bytes by the writer's schema",
            Shape::String => "text by the writer's schema",
            Shape::Enum(_) => "an enum's symbol by the writer's schema",
            Shape::Array(_) => "an array by the writer's schema",
            Shape::Map(_) => "a map by the writer's schema",
            Shape::Union(_) => "a union by the writer's schema",
            Shape::Record(..) => "a record by the writer's schema",
        }
    }

    /// Description for messages: `int`, `record shop.Order`.
    pub(super) fn describe(&self, id: TypeId) -> String {
        match self.name(id) {
            Some(name) => format!("{} {}", self.shape_name(id), name.full),
            None => self.shape_name(id).to_owned(),
        }
    }
}
