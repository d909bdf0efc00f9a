//! Resolution of one schema, the writer's, to another, the reader's ([schema
//! resolution](https://avro.apache.org/docs/1.12.0/specification/#schema-resolution)).
//!
//! | writer | reader | read as |
//! |---|---|---|
//! | the same type | | itself |
//! | int, long | int, long | the number; a misfit in a column too small for it |
//! | int, long | float, double | that |
//! | float | double | that |
//! | string, bytes | bytes, string | that |
//! | record | record, whatever their names | field by field ([`matching`](super::matching) has the rules) |
//! | field that the reader's record lacks | | skipped |
//! | field missing, the reader has a default | | the default; one of another type is a misfit |
//! | field missing, no default | | a misfit; the specification rejects the record |
//! | enum, fixed | the same with that name or alias, ignoring namespaces | symbols by name, fixed of equal size |
//! | symbol that the reader's enum lacks | | the enum's default; without one a misfit |
//! | union | anything | by branch |
//! | anything | union | the branch that [`matching`](super::matching) selects |
//! | null | anything | NULL |
//! | any other pair | | a misfit at that place: the item, the field, the branch |
//! | anything else | record, as the top of the schemas | no datum of the writer's can be read |
//!
//! A misfit affects the column that shows it, and nothing if no column does: the datum is skipped by its
//! writer's schema.
//!
//! A value has the meaning of its writer's logical type, or else of the reader's. So a decimal keeps its
//! value under a new scale and a time under a new unit, and decimals and UUIDs may change between their two
//! encodings.

use std::collections::HashMap;

use super::default::encode;
use super::matching::{BranchPicker, sources};
use super::schema::{EnumType, Logical, RecordField, Shape, TypeId, Types};
use super::value::{Encoding, Meaning, Value};

/// Maximum nesting of pairs. No datum is nested half as deep, but a path through types that contain each
/// other may be longer than any datum's.
const MAX_DEPTH: usize = 500;

/// Pairs of types that make up a pair of schemas.
#[derive(Debug)]
pub(super) struct Resolution {
    /// Types of both schemas.
    pub(super) types: Types,
    nodes: Vec<Node>,
    reader: TypeId,
    top: NodeId,
}

/// Index of a pair in a [`Resolution`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeId(usize);

/// Pair of types.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) writer: TypeId,
    pub(super) way: Way,
}

/// Conversion of the writer's data to the reader's.
#[derive(Debug)]
pub(super) enum Way {
    /// Scalar value.
    Value(Value),
    Array(NodeId),
    Map(NodeId),
    Record(Record),
    /// Writer's branches, in their order.
    Union(Vec<NodeId>),
    /// One of several branches that the reader's union has.
    Branch {
        union: TypeId,
        branch: TypeId,
        node: NodeId,
    },
    /// No conversion; with a description of the value.
    Never(&'static str),
}

#[derive(Debug)]
pub(super) struct Record {
    /// Type of the reader's record.
    pub(super) type_id: TypeId,
    /// Writer's fields in order, each with the index of the reader's field that it becomes.
    pub(super) fields: Vec<(TypeId, Option<(usize, NodeId)>)>,
    pub(super) absent: Vec<Absent>,
}

/// Field of the reader's that the writer does not have.
#[derive(Debug)]
pub(super) struct Absent {
    pub(super) field: usize,
    /// Default, or a description of the misfit.
    pub(super) default: Result<DefaultDatum, &'static str>,
}

/// Default value as a datum of the reader's type.
#[derive(Debug, Clone)]
pub(super) struct DefaultDatum {
    pub(super) datum: Vec<u8>,
    pub(super) node: NodeId,
}

/// Types that cannot be read as one another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("wanted {wanted}, found {found}")]
pub(super) struct Mismatch {
    wanted: String,
    found: String,
}

impl Resolution {
    /// Resolves two types among `types`.
    ///
    /// # Errors
    /// If the reader's is a record and the writer's can never be one.
    pub(super) fn new(types: Types, writer: TypeId, reader: TypeId) -> Result<Self, Mismatch> {
        let mut resolver = Resolver {
            types: &types,
            picker: BranchPicker::new(&types),
            nodes: Vec::new(),
            known: HashMap::new(),
            depth: 0,
        };
        let top = resolver.node(writer, reader);
        let nodes = resolver.nodes;
        let resolution = Self {
            types,
            nodes,
            reader,
            top,
        };
        if resolution.is_record() && !resolution.has_values(top) {
            let (types, reader) = (&resolution.types, resolution.types.without_null(reader));
            return Err(Mismatch::of(types, writer, reader));
        }
        Ok(resolution)
    }

    /// Whether a value other than null can be read.
    fn has_values(&self, node: NodeId) -> bool {
        match &self[node].way {
            Way::Never(_) => false,
            Way::Union(branches) => {
                let mut valued = branches
                    .iter()
                    .filter(|branch| !matches!(self.types[self[**branch].writer].shape, Shape::Null))
                    .peekable();
                valued.peek().is_none() || valued.any(|branch| self.has_values(*branch))
            }
            _ => true,
        }
    }

    pub(super) fn top(&self) -> NodeId {
        self.top
    }

    /// Whether a datum is a record, or null in place of one, in the reader's schema.
    pub(super) fn is_record(&self) -> bool {
        matches!(
            self.types[self.types.without_null(self.reader)].shape,
            Shape::Record(..)
        )
    }

    pub(super) fn fields_of(&self, record: &Record) -> &[RecordField] {
        match &self.types[record.type_id].shape {
            Shape::Record(_, fields) => fields,
            _ => &[],
        }
    }
}

impl std::ops::Index<NodeId> for Resolution {
    type Output = Node;

    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }
}

struct Resolver<'a> {
    types: &'a Types,
    picker: BranchPicker<'a>,
    nodes: Vec<Node>,
    /// Pairs so far, including those that are being resolved: a type may contain itself.
    known: HashMap<(TypeId, TypeId), NodeId>,
    /// Number of pairs that are being resolved.
    depth: usize,
}

impl Resolver<'_> {
    fn node(&mut self, writer: TypeId, reader: TypeId) -> NodeId {
        // Null is read as NULL whatever the reader's type is.
        let reader = self.types.without_null(reader);
        if let Some(known) = self.known.get(&(writer, reader)) {
            return *known;
        }
        let id = NodeId(self.nodes.len());
        let way = Way::Union(Vec::new());
        self.nodes.push(Node { writer, way });
        self.known.insert((writer, reader), id);
        self.depth += 1;
        let way = match self.depth {
            ..=MAX_DEPTH => self.way(writer, reader),
            _ => Way::Never("a value of types nested too deep"),
        };
        self.depth -= 1;
        self.nodes[id.0].way = way;
        id
    }

    fn way(&mut self, writer: TypeId, reader: TypeId) -> Way {
        let types = self.types;
        if let Some(value) = value(types, writer, reader) {
            return Way::Value(value);
        }
        match (&types[writer].shape, &types[reader].shape) {
            (Shape::Union(branches), _) => {
                Way::Union(branches.iter().map(|branch| self.node(*branch, reader)).collect())
            }
            (_, Shape::Union(branches)) => {
                let is_readable = |branch| value(types, writer, branch).is_some();
                match self.picker.pick(writer, branches, is_readable) {
                    Some(branch) => Way::Branch {
                        union: reader,
                        branch,
                        node: self.node(writer, branch),
                    },
                    None => Way::Never(unresolved(types, writer, reader)),
                }
            }
            (Shape::Array(writer), Shape::Array(reader)) => Way::Array(self.node(*writer, *reader)),
            (Shape::Map(writer), Shape::Map(reader)) => Way::Map(self.node(*writer, *reader)),
            (Shape::Record(_, fields), Shape::Record(_, wanted)) => {
                Way::Record(self.record(reader, fields, wanted))
            }
            _ => Way::Never(unresolved(types, writer, reader)),
        }
    }

    fn record(&mut self, type_id: TypeId, writer: &[RecordField], reader: &[RecordField]) -> Record {
        let sources = sources(writer, reader);
        let fields = writer.iter().enumerate().map(|(at, field)| {
            let target = sources.iter().position(|source| *source == Some(at));
            let target = target.map(|target| (target, self.node(field.type_id, reader[target].type_id)));
            (field.type_id, target)
        });
        let fields = fields.collect();
        let absent = sources.iter().enumerate().filter(|(_, source)| source.is_none());
        let absent = absent.map(|(field, _)| Absent {
            field,
            default: self.default(&reader[field]),
        });
        Record {
            type_id,
            fields,
            absent: absent.collect(),
        }
    }

    fn default(&mut self, field: &RecordField) -> Result<DefaultDatum, &'static str> {
        let default = field.default.as_ref();
        let default = default.ok_or("a field that its writer lacks and that has no default")?;
        let datum = encode(self.types, field.type_id, default)
            .ok_or("a field that its writer lacks and whose default is of another type")?;
        let node = self.node(field.type_id, field.type_id);
        Ok(DefaultDatum { datum, node })
    }
}

/// Pairs of scalar types.
fn value(types: &Types, writer: TypeId, reader: TypeId) -> Option<Value> {
    let (written, wanted) = (&types[writer], &types[reader]);
    let logical = written.logical.or(wanted.logical);
    let (encoding, plain) = match (&written.shape, &wanted.shape) {
        (Shape::Null, _) => (Encoding::Null, Meaning::Null),
        (_, Shape::Union(_)) => return None,
        (Shape::Boolean, Shape::Boolean) => (Encoding::Boolean, Meaning::Boolean),
        (Shape::Int, Shape::Int | Shape::Long) => (Encoding::Int, Meaning::Integer),
        (Shape::Int, Shape::Float) => (Encoding::Int, Meaning::Float),
        (Shape::Int, Shape::Double) => (Encoding::Int, Meaning::Double),
        (Shape::Long, Shape::Int | Shape::Long) => (Encoding::Long, Meaning::Integer),
        (Shape::Long, Shape::Float) => (Encoding::Long, Meaning::Float),
        (Shape::Long, Shape::Double) => (Encoding::Long, Meaning::Double),
        (Shape::Float, Shape::Float) => (Encoding::Float, Meaning::Float),
        (Shape::Float, Shape::Double) => (Encoding::Float, Meaning::Double),
        (Shape::Double, Shape::Double) => (Encoding::Double, Meaning::Double),
        (Shape::String | Shape::Bytes, Shape::String) => (Encoding::Bytes, Meaning::Text),
        (Shape::String | Shape::Bytes, Shape::Bytes) => (Encoding::Bytes, Meaning::Bytes),
        (Shape::Fixed(name, size), Shape::Fixed(wanted, wanted_size))
            if size == wanted_size && wanted.takes(name) =>
        {
            (Encoding::Fixed(*size), Meaning::Bytes)
        }
        (Shape::Enum(symbols), Shape::Enum(wanted)) if wanted.name.takes(&symbols.name) => {
            return Some(Value {
                encoding: Encoding::Symbol(symbols.symbols.len()),
                meaning: Meaning::Symbol(read_symbols(symbols, wanted)),
            });
        }
        (shape, _) => match (shape, written.logical, wanted.logical) {
            (Shape::Bytes | Shape::String, Some(a), Some(b)) if a.name() == b.name() => {
                (Encoding::Bytes, Meaning::Bytes)
            }
            (Shape::Fixed(_, size), Some(a), Some(b)) if a.name() == b.name() => {
                (Encoding::Fixed(*size), Meaning::Bytes)
            }
            _ => return None,
        },
    };
    Some(Value {
        meaning: logical.map_or(plain.clone(), |logical| meaning(&encoding, plain, logical)),
        encoding,
    })
}

/// Reader's symbol for each of the writer's.
fn read_symbols(writer: &EnumType, reader: &EnumType) -> Vec<Option<String>> {
    let known = |symbol: &String| reader.symbols.contains(symbol).then(|| symbol.clone());
    let symbols = writer.symbols.iter();
    symbols
        .map(|symbol| known(symbol).or_else(|| reader.default.clone()))
        .collect()
}

/// Meaning of a value by its logical type; unchanged if the logical type does not apply to the writer's
/// encoding.
fn meaning(encoding: &Encoding, plain: Meaning, logical: Logical) -> Meaning {
    match (logical, encoding, &plain) {
        (Logical::Decimal { scale, .. }, Encoding::Bytes | Encoding::Fixed(_), _) => Meaning::Decimal(scale),
        (Logical::Uuid, Encoding::Fixed(16), _) => Meaning::Uuid,
        (Logical::Uuid, Encoding::Bytes, _) => Meaning::Text,
        (Logical::Duration, Encoding::Fixed(12), _) => Meaning::Duration,
        (Logical::Date, Encoding::Int | Encoding::Long, Meaning::Integer) => Meaning::Date,
        (Logical::TimeMillis, Encoding::Int | Encoding::Long, Meaning::Integer) => Meaning::TimeMillis,
        (Logical::TimeMicros, Encoding::Int | Encoding::Long, Meaning::Integer) => Meaning::TimeMicros,
        (Logical::Timestamp(unit), Encoding::Int | Encoding::Long, Meaning::Integer) => {
            Meaning::Timestamp(unit)
        }
        _ => plain,
    }
}

impl Mismatch {
    fn of(types: &Types, writer: TypeId, reader: TypeId) -> Self {
        Self {
            wanted: types.describe(reader),
            found: types.describe(writer),
        }
    }
}

/// Description of a value that is not of the reader's type.
fn unresolved(types: &Types, writer: TypeId, reader: TypeId) -> &'static str {
    match (&types[writer].shape, &types[reader].shape) {
        (Shape::Enum(_), Shape::Enum(_)) => "a symbol of an enum of another name",
        (Shape::Fixed(..), Shape::Fixed(..)) => "bytes of a fixed type of another name or size",
        _ => types.kind_written(writer),
    }
}
