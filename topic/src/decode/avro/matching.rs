//! Matching of a writer's schema with the reader's: fields of records, branches of unions ([schema
//! resolution](https://avro.apache.org/docs/1.12.0/specification/#schema-resolution)).
//!
//! | a record's field is matched by | |
//! |---|---|
//! | its name | case-sensitive: `orderId` is not `orderid` |
//! | else its first alias | that is the name of a field which no other field claims by name |
//!
//! | writer's type | branch of the reader's union |
//! |---|---|
//! | record | of the matching records: the one of its full name, else of its name without namespace or by alias, else the first |
//! | record that matches none | the one of its name or by alias, else the union's only record |
//! | enum, fixed | the one of its full name, else of its name without namespace or by alias |
//! | any other | the one of its type |
//! | any, if there is no such branch | the first that the specification promotes it to, else the first that can be read at all |
//!
//! A record matches if every field of the reader's has a field of the writer's that can be read as it, or a
//! default; their names are not compared. [`GenericDatumReader`] of Avro for Java chooses in the same way,
//! but compares only one level.
//!
//! [`GenericDatumReader`]: https://avro.apache.org/docs/1.12.0/api/java/org/apache/avro/generic/GenericDatumReader.html

use super::schema::{RecordField, Shape, TypeId, Types};

/// Maximum number of pairs of types that are compared for all unions of a schema; beyond it no record
/// matches.
const MAX_COMPARISONS: u32 = 100_000;

/// Depth from which records are assumed to match; no datum is nested as deep.
const MAX_DEPTH: usize = 64;

/// For each field of the reader's record the index of the writer's field that becomes it.
pub(super) fn sources(writer: &[RecordField], reader: &[RecordField]) -> Vec<Option<usize>> {
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

/// Selects branches of unions.
pub(super) struct BranchPicker<'a> {
    types: &'a Types,
    comparisons: u32,
}

/// Similarity of the names of two types, the closest first. Types without names are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    FullName,
    /// Equal without namespace, or by alias.
    Name,
    None,
}

impl<'a> BranchPicker<'a> {
    pub(super) fn new(types: &'a Types) -> Self {
        Self {
            types,
            comparisons: 0,
        }
    }

    /// Selects the branch of `branches` that accepts data of the type `writer`. `is_readable` returns whether
    /// a branch accepts them at all.
    pub(super) fn pick(
        &mut self,
        writer: TypeId,
        branches: &[TypeId],
        is_readable: impl Fn(TypeId) -> bool,
    ) -> Option<TypeId> {
        let types = self.types;
        let mut alike: Vec<(Likeness, TypeId)> = branches
            .iter()
            .filter(|branch| types.shape_name(**branch) == types.shape_name(writer))
            .map(|branch| (self.likeness(writer, *branch), *branch))
            .collect();
        alike.sort_by_key(|(likeness, _)| *likeness);
        if let Shape::Record(..) = types[writer].shape {
            let fitting = alike
                .iter()
                .find(|(_, branch)| self.fits(writer, *branch, &mut Vec::new()));
            return match (fitting, alike.as_slice()) {
                (Some((_, branch)), _) => Some(*branch),
                (None, [(likeness, branch), others @ ..])
                    if *likeness < Likeness::None || others.is_empty() =>
                {
                    Some(*branch)
                }
                (None, _) => None,
            };
        }
        let same = alike.iter().find(|(likeness, _)| *likeness < Likeness::None);
        let same = same.map(|(_, branch)| *branch);
        let promoted = || {
            branches
                .iter()
                .copied()
                .find(|branch| self.promotes(writer, *branch))
        };
        let readable = || branches.iter().copied().find(|branch| is_readable(*branch));
        same.or_else(promoted).or_else(readable)
    }

    fn likeness(&self, writer: TypeId, reader: TypeId) -> Likeness {
        match (self.types.name(writer), self.types.name(reader)) {
            (Some(writer), Some(reader)) if writer.full == reader.full => Likeness::FullName,
            (Some(writer), Some(reader)) if reader.takes(writer) => Likeness::Name,
            (None, None) => Likeness::FullName,
            _ => Likeness::None,
        }
    }

    /// Whether data of the type `writer` can be read as `reader` without loss. `within` are the pairs on the
    /// path, which are assumed to match.
    fn fits(&mut self, writer: TypeId, reader: TypeId, within: &mut Vec<(TypeId, TypeId)>) -> bool {
        if within.len() == MAX_DEPTH || within.contains(&(writer, reader)) {
            return true;
        }
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            return false;
        }
        within.push((writer, reader));
        let fits = self.fits_within(writer, reader, within);
        within.pop();
        fits
    }

    fn fits_within(&mut self, writer: TypeId, reader: TypeId, within: &mut Vec<(TypeId, TypeId)>) -> bool {
        let types = self.types;
        match (&types[writer].shape, &types[reader].shape) {
            // Possibly only another branch is ever written.
            (Shape::Union(_), _) => {
                let branches = types.branches(writer);
                branches.is_empty() || branches.iter().any(|branch| self.fits(*branch, reader, within))
            }
            (_, Shape::Union(branches)) => branches.iter().any(|branch| self.fits(writer, *branch, within)),
            (Shape::Array(writer), Shape::Array(reader)) | (Shape::Map(writer), Shape::Map(reader)) => {
                self.fits(*writer, *reader, within)
            }
            (Shape::Record(_, written), Shape::Record(_, wanted)) => {
                let sources = sources(written, wanted);
                sources.iter().zip(wanted).all(|(source, field)| match source {
                    Some(source) => self.fits(written[*source].type_id, field.type_id, within),
                    None => field.default.is_some(),
                })
            }
            (Shape::Fixed(name, size), Shape::Fixed(wanted, wanted_size)) => {
                size == wanted_size && wanted.takes(name)
            }
            (Shape::Enum(symbols), Shape::Enum(wanted)) => wanted.name.takes(&symbols.name),
            _ => types.shape_name(writer) == types.shape_name(reader) || self.promotes(writer, reader),
        }
    }

    /// Whether the specification promotes one type to another.
    fn promotes(&self, writer: TypeId, reader: TypeId) -> bool {
        matches!(
            (&self.types[writer].shape, &self.types[reader].shape),
            (Shape::Int, Shape::Long | Shape::Float | Shape::Double)
                | (Shape::Long, Shape::Float | Shape::Double)
                | (Shape::Float, Shape::Double)
                | (Shape::String, Shape::Bytes)
                | (Shape::Bytes, Shape::String)
        )
    }
}
