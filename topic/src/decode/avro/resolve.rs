//! How data of one schema, the writer's, are read as another, the reader's.
//!
//! | writer | reader | read as |
//! |---|---|---|
//! | the same type | | itself |
//! | int, long | int, long | the number; whether it fits is for the column to say |
//! | int, long | float, double | that |
//! | float | double | that |
//! | string, bytes | bytes, string | that |
//! | record, enum, fixed | the same of that name or alias, namespaces apart | fields and symbols by name, fixed of equal size |
//! | field that the reader's record lacks | | skipped |
//! | field missing, the reader has a default | | the default |
//! | field missing, no default | | NULL, though the specification refuses the record: a column may be NULL |
//! | symbol that the reader's enum lacks | | the enum's default; without one a misfit |
//! | union | anything | by branch; a branch that does not resolve is a misfit where it is met |
//! | anything | union | the branch of the same type and name, else the first that resolves |
//! | null | anything | NULL |
//! | any other pair | | no datum of the writer's can be read |
//!
//! A value means what its writer's logical type says, or else what the reader's says. So a decimal keeps its value
//! under a new scale and a time under a new unit, and decimals and UUIDs may change between their two encodings.

use std::collections::HashMap;

use super::default::encode;
use super::schema::{EnumType, Logical, RecordField, Shape, TypeId, Types};
use super::value::{Encoding, Meaning, Value};

/// How deep pairs may be found in one another. No datum nests half as deep, but a way through types that hold each other
/// may be longer than any datum's.
const MAX_DEPTH: usize = 500;

/// The pairs of types that make up a pair of schemas.
#[derive(Debug)]
pub(super) struct Resolution {
    /// Of both schemas.
    pub(super) types: Types,
    nodes: Vec<Node>,
    reader: TypeId,
    top: NodeId,
}

/// A pair's place in a [`Resolution`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeId(usize);

/// A pair of types.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) writer: TypeId,
    pub(super) way: Way,
}

/// How the writer's data become the reader's.
#[derive(Debug)]
pub(super) enum Way {
    /// Without parts.
    Value(Value),
    Array(NodeId),
    Map(NodeId),
    Record(Record),
    /// The writer's branches, in their order.
    Union(Vec<NodeId>),
    /// As one branch of several that the reader's union has.
    Branch {
        union: TypeId,
        branch: TypeId,
        node: NodeId,
    },
    Never(Mismatch),
}

#[derive(Debug)]
pub(super) struct Record {
    /// The reader's.
    pub(super) type_id: TypeId,
    /// The writer's fields in order, each with the place of the reader's field that it becomes.
    pub(super) fields: Vec<(TypeId, Option<(usize, NodeId)>)>,
    pub(super) absent: Vec<Absent>,
}

/// A field of the reader's that the writer does not have.
#[derive(Debug)]
pub(super) struct Absent {
    pub(super) field: usize,
    /// `None` for NULL.
    pub(super) default: Option<DefaultDatum>,
}

/// A default, as a datum of the reader's.
#[derive(Debug, Clone)]
pub(super) struct DefaultDatum {
    pub(super) datum: Vec<u8>,
    pub(super) node: NodeId,
}

/// A pair of types that cannot be read as one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// Names of fields, innermost last.
    path: Vec<String>,
    what: String,
}

impl Resolution {
    /// Of two types among `types`.
    pub(super) fn new(types: Types, writer: TypeId, reader: TypeId) -> Result<Self, Mismatch> {
        let mut resolver = Resolver {
            types: &types,
            nodes: Vec::new(),
            known: HashMap::new(),
            depth: 0,
        };
        let top = resolver.resolve(writer, reader)?;
        let nodes = resolver.nodes;
        Ok(Self {
            types,
            nodes,
            reader,
            top,
        })
    }

    pub(super) fn top(&self) -> NodeId {
        self.top
    }

    /// Whether a datum is a record, or null in place of one, in the reader's terms.
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
    nodes: Vec<Node>,
    /// Also pairs that are being resolved: a type may contain itself.
    known: HashMap<(TypeId, TypeId), NodeId>,
    /// Pairs that are being resolved.
    depth: usize,
}

impl Resolver<'_> {
    fn resolve(&mut self, writer: TypeId, reader: TypeId) -> Result<NodeId, Mismatch> {
        let id = self.node(writer, reader);
        match &self.nodes[id.0].way {
            Way::Never(mismatch) => Err(mismatch.clone()),
            _ => Ok(id),
        }
    }

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
            _ => Err(Mismatch {
                path: Vec::new(),
                what: format!("types nest deeper than {MAX_DEPTH} levels"),
            }),
        };
        self.depth -= 1;
        self.nodes[id.0].way = way.unwrap_or_else(Way::Never);
        id
    }

    fn way(&mut self, writer: TypeId, reader: TypeId) -> Result<Way, Mismatch> {
        let types = self.types;
        let mismatch = || Mismatch {
            path: Vec::new(),
            what: format!(
                "wanted {}, found {}",
                types.describe(reader),
                types.describe(writer)
            ),
        };
        if let Some(value) = self.value(writer, reader) {
            return Ok(Way::Value(value));
        }
        Ok(match (&types[writer].shape, &types[reader].shape) {
            (Shape::Union(branches), _) => self.of_union(branches, reader).ok_or_else(mismatch)?,
            (_, Shape::Union(branches)) => self.branch_for(writer, reader, branches).ok_or_else(mismatch)?,
            (Shape::Array(writer), Shape::Array(reader)) => Way::Array(
                self.resolve(*writer, *reader)
                    .map_err(|error| error.within("item"))?,
            ),
            (Shape::Map(writer), Shape::Map(reader)) => Way::Map(
                self.resolve(*writer, *reader)
                    .map_err(|error| error.within("value"))?,
            ),
            (Shape::Record(name, fields), Shape::Record(wanted, wanted_fields)) if wanted.takes(name) => {
                Way::Record(self.record(reader, fields, wanted_fields)?)
            }
            _ => return Err(mismatch()),
        })
    }

    /// `None` if no branch but null could be read.
    fn of_union(&mut self, branches: &[TypeId], reader: TypeId) -> Option<Way> {
        let nodes: Vec<NodeId> = branches.iter().map(|branch| self.node(*branch, reader)).collect();
        let never = |node: &NodeId| matches!(self.nodes[node.0].way, Way::Never(_));
        let mut valued = branches
            .iter()
            .zip(&nodes)
            .filter(|(branch, _)| !self.is_null(**branch));
        let none = valued.clone().next().is_some() && valued.all(|(_, node)| never(node));
        (!none).then_some(Way::Union(nodes))
    }

    fn branch_for(&mut self, writer: TypeId, union: TypeId, branches: &[TypeId]) -> Option<Way> {
        let same = branches.iter().filter(|branch| self.is_same(writer, **branch));
        let candidates: Vec<TypeId> = same.chain(branches).copied().collect();
        candidates.into_iter().find_map(|branch| {
            let node = self.resolve(writer, branch).ok()?;
            Some(Way::Branch { union, branch, node })
        })
    }

    fn is_null(&self, id: TypeId) -> bool {
        matches!(self.types[id].shape, Shape::Null)
    }

    fn is_same(&self, writer: TypeId, reader: TypeId) -> bool {
        self.types.shape_name(writer) == self.types.shape_name(reader)
            && match (self.types.name(writer), self.types.name(reader)) {
                (Some(writer), Some(reader)) => writer.full == reader.full,
                _ => true,
            }
    }

    fn record(
        &mut self,
        type_id: TypeId,
        writer: &[RecordField],
        reader: &[RecordField],
    ) -> Result<Record, Mismatch> {
        let sources = sources(writer, reader);
        let mut fields = Vec::with_capacity(writer.len());
        for (at, field) in writer.iter().enumerate() {
            let target = sources.iter().position(|source| *source == Some(at));
            let target = match target {
                Some(target) => {
                    let wanted = &reader[target];
                    let node = self.resolve(field.type_id, wanted.type_id);
                    Some((target, node.map_err(|error| error.within(&wanted.name))?))
                }
                None => None,
            };
            fields.push((field.type_id, target));
        }
        let mut absent = Vec::new();
        for (at, source) in sources.iter().enumerate() {
            if source.is_none() {
                let default = self.default(&reader[at])?;
                absent.push(Absent { field: at, default });
            }
        }
        Ok(Record {
            type_id,
            fields,
            absent,
        })
    }

    fn default(&mut self, field: &RecordField) -> Result<Option<DefaultDatum>, Mismatch> {
        let Some(default) = &field.default else {
            return Ok(None);
        };
        let datum = encode(self.types, field.type_id, default).ok_or_else(|| Mismatch {
            path: vec![field.name.clone()],
            what: format!(
                "the writer lacks it and its default is no {}",
                self.types.describe(field.type_id)
            ),
        })?;
        let node = self.resolve(field.type_id, field.type_id)?;
        Ok(Some(DefaultDatum { datum, node }))
    }

    /// The pairs that have no parts.
    fn value(&self, writer: TypeId, reader: TypeId) -> Option<Value> {
        let (written, wanted) = (&self.types[writer], &self.types[reader]);
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
}

/// For each field of the reader's record the writer's field of that name, or of an alias that no other field claims by
/// name.
fn sources(writer: &[RecordField], reader: &[RecordField]) -> Vec<Option<usize>> {
    let named = |name: &String| writer.iter().position(|field| field.name == *name);
    let mut sources: Vec<Option<usize>> = reader.iter().map(|field| named(&field.name)).collect();
    for at in 0..reader.len() {
        if sources[at].is_none() {
            let mut aliased = reader[at].aliases.iter().filter_map(named);
            sources[at] = aliased.find(|source| !sources.contains(&Some(*source)));
        }
    }
    sources
}

/// What each of the writer's symbols reads as.
fn read_symbols(writer: &EnumType, reader: &EnumType) -> Vec<Option<String>> {
    let known = |symbol: &String| reader.symbols.contains(symbol).then(|| symbol.clone());
    let symbols = writer.symbols.iter();
    symbols
        .map(|symbol| known(symbol).or_else(|| reader.default.clone()))
        .collect()
}

/// What a logical type makes of a value; nothing, if the writer's encoding is none of those it annotates.
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
    fn within(mut self, field: &str) -> Self {
        self.path.insert(0, field.to_owned());
        self
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.as_slice() {
            [] => f.write_str(&self.what),
            path => write!(f, "field `{}`: {}", path.join("."), self.what),
        }
    }
}
