//! Skipping of data that no column shows.

use super::cursor::{Cursor, ReadError};
use super::schema::{Shape, TypeId, Types};

/// Skips a datum of the type, which is validated as if it were read.
pub(super) fn skip(types: &Types, id: TypeId, cursor: &mut Cursor<'_>) -> Result<(), ReadError> {
    match &types[id].shape {
        Shape::Null => Ok(()),
        Shape::Boolean => cursor.boolean().map(|_| ()),
        Shape::Int => cursor.int().map(|_| ()),
        Shape::Long => cursor.long().map(|_| ()),
        Shape::Float => cursor.take(4).map(|_| ()),
        Shape::Double => cursor.take(8).map(|_| ()),
        Shape::Bytes | Shape::String => cursor.bytes().map(|_| ()),
        Shape::Fixed(_, size) => cursor.take(*size).map(|_| ()),
        Shape::Enum(symbols) => cursor.symbol(symbols.symbols.len()).map(|_| ()),
        Shape::Array(item) => cursor.items(|cursor| skip(types, *item, cursor)),
        Shape::Map(value) => cursor.items(|cursor| {
            cursor.bytes()?;
            skip(types, *value, cursor)
        }),
        Shape::Union(branches) => {
            let branch = cursor.branch(branches.len())?;
            skip(types, branches[branch], cursor)
        }
        Shape::Record(_, fields) => cursor.record(|cursor| {
            let mut fields = fields.iter();
            fields.try_for_each(|field| skip(types, field.type_id, cursor))
        }),
    }
}
