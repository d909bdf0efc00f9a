//! Reading of a datum into a row.

use std::borrow::Cow;

use arrow::datatypes::DataType;

use super::budget::Budget;
use super::cursor::{Cursor, ReadError};
use super::plan::{Below, Fill, Plan, Route, StructFill};
use super::resolve::Resolution;
use super::skip::skip;
use super::text;
use super::value::{Datum, Value};
use crate::decode::column::{ColumnBuilder, Lists, Maps, Misfits, Rows, ValueBuilder};
use crate::decode::scalar::Scalar;
use crate::decode::utf8;

impl Plan {
    /// Appends one row to each of `columns`; those that no part of the datum fills are NULL.
    pub(super) fn read(&self, datum: &[u8], columns: &mut [ColumnBuilder]) -> Result<(), ReadError> {
        let row = columns.first().map_or(0, |column| column.values().len());
        self.fill(datum, row, columns)?;
        if let Some(beside) = &self.beside {
            beside.fill(datum, row, columns)?;
        }
        for column in columns {
            if column.values().len() == row {
                column.append(&Scalar::Null);
            }
        }
        Ok(())
    }

    fn fill(&self, datum: &[u8], row: usize, columns: &mut [ColumnBuilder]) -> Result<(), ReadError> {
        let mut reader = Reader {
            resolution: &self.resolution,
            row,
            budget: Budget::of_row(),
            text: Vec::new(),
        };
        let mut cursor = Cursor::new(datum);
        reader.route(&self.top, &mut cursor, columns)?;
        cursor.finish()
    }

    /// Whether the bytes are exactly one datum of the writer's schema.
    pub(super) fn accepts(&self, datum: &[u8]) -> bool {
        let mut cursor = Cursor::new(datum);
        let skipped = skip(&self.resolution.types, self.top.writer, &mut cursor);
        skipped.and_then(|()| cursor.finish()).is_ok()
    }
}

struct Reader<'a> {
    resolution: &'a Resolution,
    /// Number of rows in the columns, without this one.
    row: usize,
    budget: Budget,
    /// Buffer for JSON text.
    text: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn route(
        &mut self,
        route: &'a Route,
        cursor: &mut Cursor<'a>,
        columns: &mut [ColumnBuilder],
    ) -> Result<(), ReadError> {
        match (route.columns.as_slice(), &route.below) {
            ([], None) => skip(&self.resolution.types, route.writer, cursor),
            ([(column, fill)], None) => self.column(*column, fill, cursor, columns),
            ([], Some(below)) => self.below(below, cursor, columns),
            // Each use reads the part again.
            (uses, below) => {
                let start = *cursor;
                for (column, fill) in uses {
                    *cursor = start;
                    self.column(*column, fill, cursor, columns)?;
                }
                let Some(below) = below else { return Ok(()) };
                *cursor = start;
                self.below(below, cursor, columns)
            }
        }
    }

    fn column(
        &mut self,
        column: usize,
        fill: &'a Fill,
        cursor: &mut Cursor<'a>,
        columns: &mut [ColumnBuilder],
    ) -> Result<(), ReadError> {
        let (values, misfits) = columns[column].parts();
        // A map may contain a key twice: the last one is used.
        if values.len() > self.row {
            values.truncate(self.row);
        }
        self.fill(fill, cursor, values, misfits)
    }

    fn below(
        &mut self,
        below: &'a Below,
        cursor: &mut Cursor<'a>,
        columns: &mut [ColumnBuilder],
    ) -> Result<(), ReadError> {
        let types = &self.resolution.types;
        match below {
            Below::Record(routes) => cursor.record(|cursor| {
                for field in &routes.fields {
                    self.route(field, cursor, columns)?;
                }
                for (datum, route) in &routes.defaults {
                    self.budget.spend(datum.len())?;
                    self.route(route, &mut Cursor::new(datum), columns)?;
                }
                for (column, found) in &routes.missing {
                    let (values, misfits) = columns[*column].parts();
                    values.truncate(self.row);
                    values.append_misfit(found, misfits);
                }
                Ok(())
            }),
            Below::Array(item, routes) => {
                let mut index = 0;
                cursor.items(|cursor| {
                    let route = routes.get(&index);
                    index += 1;
                    match route {
                        Some(route) => self.route(route, cursor, columns),
                        None => skip(types, *item, cursor),
                    }
                })
            }
            Below::Map(value, routes) => cursor.items(|cursor| {
                let key = cursor.bytes()?;
                match std::str::from_utf8(key).ok().and_then(|key| routes.get(key)) {
                    Some(route) => self.route(route, cursor, columns),
                    None => skip(types, *value, cursor),
                }
            }),
            Below::Union(branches) => {
                let branch = cursor.branch(branches.len())?;
                self.route(&branches[branch], cursor, columns)
            }
            Below::Branch(route) => self.route(route, cursor, columns),
        }
    }

    /// Appends exactly one value.
    fn fill(
        &mut self,
        fill: &'a Fill,
        cursor: &mut Cursor<'a>,
        values: &mut ValueBuilder,
        misfits: &mut Misfits,
    ) -> Result<(), ReadError> {
        match (fill, values) {
            (Fill::Value(value), values) => self.fill_value(value, cursor, values, misfits),
            (Fill::Union(branches), values) => {
                let branch = cursor.branch(branches.len())?;
                self.fill(&branches[branch], cursor, values, misfits)
            }
            (Fill::Text(node), values) => {
                self.text.clear();
                let hidden = text::write(self.resolution, *node, cursor, &mut self.text, &mut self.budget)?;
                for found in hidden {
                    misfits.note(values.data_type(), found);
                }
                values.append(&Scalar::Nested(&utf8::lossy(&self.text)), misfits);
                Ok(())
            }
            (Fill::List(item), ValueBuilder::List(lists)) => self.fill_list(item, cursor, lists, misfits),
            (Fill::Map(value), ValueBuilder::Map(maps)) => self.fill_map(value, cursor, maps, misfits),
            (Fill::Struct(fields), ValueBuilder::Struct(rows)) => {
                self.fill_struct(fields, cursor, rows, misfits)
            }
            (Fill::Branch(branch, writer), ValueBuilder::Struct(rows)) => {
                match branch {
                    Some((field, fill)) => self.fill(fill, cursor, rows.field(*field), misfits)?,
                    None => skip(&self.resolution.types, *writer, cursor)?,
                }
                rows.end(true);
                Ok(())
            }
            (Fill::Misfit(writer, found), values) => {
                skip(&self.resolution.types, *writer, cursor)?;
                values.append_misfit(found, misfits);
                Ok(())
            }
            (Fill::List(_) | Fill::Map(_) | Fill::Struct(_) | Fill::Branch(..), _) => {
                unreachable!("a plan and its builders are made for the same types")
            }
        }
    }

    #[inline]
    fn fill_value(
        &mut self,
        value: &'a Value,
        cursor: &mut Cursor<'a>,
        values: &mut ValueBuilder,
        misfits: &mut Misfits,
    ) -> Result<(), ReadError> {
        // Not moved out of the result: a copy of it is slow.
        match &value.read(cursor) {
            Ok(Datum::Scalar(scalar)) => values.append(scalar, misfits),
            Ok(Datum::Text(text)) => values.append(&Scalar::Text(text), misfits),
            Ok(Datum::Number(text)) => {
                self.budget.spend(text.len())?;
                append_number(text, values, misfits);
            }
            Ok(Datum::Misfit(found)) => values.append_misfit(found, misfits),
            Err(error) => return Err(*error),
        }
        Ok(())
    }

    fn fill_list(
        &mut self,
        item: &'a Fill,
        cursor: &mut Cursor<'a>,
        lists: &mut Lists,
        misfits: &mut Misfits,
    ) -> Result<(), ReadError> {
        cursor.items(|cursor| self.fill(item, cursor, lists.item(), misfits))?;
        lists.end(true);
        Ok(())
    }

    fn fill_map(
        &mut self,
        value: &'a Fill,
        cursor: &mut Cursor<'a>,
        maps: &mut Maps,
        misfits: &mut Misfits,
    ) -> Result<(), ReadError> {
        cursor.items(|cursor| {
            let key: Cow<'_, str> = utf8::lossy(cursor.bytes()?);
            let (entries, noted) = (maps.entries(), misfits.count());
            let (keys, values) = maps.entry();
            keys.append(&Scalar::Text(&key), misfits);
            let fits = misfits.count() == noted;
            self.fill(value, cursor, values, misfits)?;
            if !fits {
                maps.truncate_entries(entries);
            }
            Ok(())
        })?;
        maps.end(true);
        Ok(())
    }

    fn fill_struct(
        &mut self,
        fill: &'a StructFill,
        cursor: &mut Cursor<'a>,
        rows: &mut Rows,
        misfits: &mut Misfits,
    ) -> Result<(), ReadError> {
        cursor.record(|cursor| {
            for field in &fill.fields {
                match field {
                    Ok((field, fill)) => self.fill(fill, cursor, rows.field(*field), misfits)?,
                    Err(writer) => skip(&self.resolution.types, *writer, cursor)?,
                }
            }
            for (datum, field, fill) in &fill.defaults {
                self.budget.spend(datum.len())?;
                self.fill(fill, &mut Cursor::new(datum), rows.field(*field), misfits)?;
            }
            for (field, found) in &fill.missing {
                rows.field(*field).append_misfit(found, misfits);
            }
            Ok(())
        })?;
        rows.end(true);
        Ok(())
    }
}

/// Appends a decimal that is too long for other scalars, as a column of its type accepts shorter ones.
fn append_number(text: &str, values: &mut ValueBuilder, misfits: &mut Misfits) {
    let whole = || match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
        _ => text,
    };
    match values.data_type() {
        DataType::Boolean | DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => {
            values.append_misfit("a decimal", misfits);
        }
        integer if integer.is_signed_integer() => values.append(&Scalar::Number(whole()), misfits),
        _ => values.append(&Scalar::Number(text), misfits),
    }
}
