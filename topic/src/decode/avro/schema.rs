//! Avro schemas, read from their JSON.
//!
//! Types live in one list and name each other by their place in it, so that a type may contain itself, and so that the
//! reader's and the writer's stand side by side when one is resolved to the other. A logical type that does not suit
//! what it annotates is ignored, as the specification wants.
//!
//! The crate apache-avro is not asked: it panics on names that are none, and of a UUID it forgets whether it is written
//! as text or as 16 bytes.

use serde_json::Value;

use crate::definition::SchemaTextError;

mod parse;

/// A decimal of more digits is the bytes that it annotates. Oracle's NUMBER has 127, what Kafka Connect does not know 64.
pub(super) const MAX_DECIMAL_DIGITS: usize = 1000;

/// A schema alone.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    pub(super) types: Types,
    pub(super) top: TypeId,
}

impl Schema {
    pub(super) fn parse(text: &str) -> Result<Self, SchemaTextError> {
        let mut types = Types::default();
        let top = types.parse(text)?;
        Ok(Self { types, top })
    }
}

/// Types of one or more schemas.
#[derive(Debug, Clone, Default)]
pub(super) struct Types(Vec<Type>);

/// A type's place among [`Types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TypeId(usize);

#[derive(Debug, Clone)]
pub(super) struct Type {
    pub(super) shape: Shape,
    pub(super) logical: Option<Logical>,
}

/// What a datum looks like.
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
    /// Of a reader's enum, what stands for symbols it does not know.
    pub(super) default: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct RecordField {
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    pub(super) type_id: TypeId,
    pub(super) default: Option<Value>,
}

/// What a datum means.
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
    /// The word that schemas have for it.
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

/// The name of a record, enum or fixed type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// With its namespace, if it has one.
    pub(super) full: String,
    /// With theirs.
    pub(super) aliases: Vec<String>,
}

impl Name {
    pub(super) fn unqualified(&self) -> &str {
        unqualified(&self.full)
    }

    /// Whether data of a type called `writer` may be read as this type. Namespaces do not matter.
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
    /// Of a union of null and one other type that type, otherwise `id` itself.
    pub(super) fn without_null(&self, id: TypeId) -> TypeId {
        match self.branches(id).as_slice() {
            [branch] => *branch,
            _ => id,
        }
    }

    /// The branches of a union other than null; none of any other type.
    pub(super) fn branches(&self, id: TypeId) -> Vec<TypeId> {
        let Shape::Union(branches) = &self[id].shape else {
            return Vec::new();
        };
        let branches = branches.iter().copied();
        branches
            .filter(|branch| !matches!(self[*branch].shape, Shape::Null))
            .collect()
    }

    /// What a branch is called among those of its union: by its type's name without namespace, unless another branch
    /// has the same.
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

    /// The word that schemas have for the type.
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

    /// What kind of value a datum is, for messages.
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

    /// The same of a datum whose type does not resolve: its kind alone would be no reason.
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

    /// For messages: `int`, `record shop.Order`.
    pub(super) fn describe(&self, id: TypeId) -> String {
        match self.name(id) {
            Some(name) => format!("{} {}", self.shape_name(id), name.full),
            None => self.shape_name(id).to_owned(),
        }
    }
}
