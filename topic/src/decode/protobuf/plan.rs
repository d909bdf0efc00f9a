//! Mapping of a message's parts to columns, compiled once for each message of payloads.
//!
//! The columns belong to the reader's message; a payload may contain another one, or an older version of it.
//! Their fields are matched by name, whatever their type: a value that does not fit its column, or the rest
//! of its mapping, is NULL, counted. No library provides that: those for descriptors read a message with its
//! own fields only.
//!
//! | value | column type | content |
//! |---|---|---|
//! | scalar | any but nested | as [`Scalar`](crate::decode::scalar::Scalar) converts it |
//! | enum | integers | the number |
//! | enum | any other | the name; of a number without a name its digits |
//! | `Timestamp` | VARCHAR | its text |
//! | `Timestamp` | DATE, TIMESTAMP | the instant, rounded down |
//! | `Duration`, `FieldMask` | VARCHAR | its text |
//! | wrapper | any but ROW | the value within |
//! | message, list, map | VARCHAR | its JSON |
//! | message | ROW | field by field, by name in the definition or JSON, else in any case |
//! | list | ARRAY | item by item |
//! | map | MAP | entry by entry |
//! | anything else | | NULL, counted |

use std::sync::Arc;

use arrow::datatypes::{DataType, Fields};

use crate::decode::protobuf::kind::{EnumType, Kind};
use crate::decode::protobuf::left_out::why_left_out;
use crate::decode::protobuf::schema::{Field, Message, Schema, Shape};
use crate::decode::protobuf::well_known::WellKnown;
use crate::decode::protobuf::wire::Lookup;
use crate::decode::wanted::Column;
use crate::path::{Path, Step};

/// Approximate size in bytes of an appended value in a column.
const VALUE_BYTES: u64 = 17;

/// Mapping of one message to the columns.
pub(super) struct Plan {
    pub(super) root: Node,
    /// Columns that no field of the message fills.
    pub(super) nulls: Vec<usize>,
}

/// Fields of a message that lead to columns.
#[derive(Default)]
pub(super) struct Node {
    /// Finds `fields`, by their positions.
    pub(super) lookup: Lookup,
    pub(super) fields: Vec<(Arc<Field>, Place)>,
}

/// Uses of a field's value.
#[derive(Default)]
pub(super) struct Place {
    /// Columns that show the whole value.
    pub(super) columns: Vec<(usize, Form)>,
    /// Fields of the value, a message.
    pub(super) members: Option<Box<Node>>,
    /// Items of the value, a list.
    pub(super) items: Vec<(usize, Place)>,
    /// Values of the value's entries, a map, by the text of their keys.
    pub(super) entries: Vec<(String, MapPlace)>,
}

/// Use of a map's entry.
pub(super) struct MapPlace {
    pub(super) entry: Entry,
    pub(super) place: Place,
}

/// Conversion of a value to a column's type.
pub(super) enum Form {
    Scalar,
    EnumName(Arc<EnumType>),
    EnumNumber,
    Instant,
    /// Text of a well-known message.
    Text(WellKnown),
    Wrapper(Kind),
    /// JSON of a message.
    Json,
    /// JSON of a list or a map.
    WholeJson,
    Row(Row),
    /// List, with the size in bytes of each item.
    List(Box<Form>, u64),
    Map(Box<MapForm>),
    /// Never fits; with a description of the value.
    Misfit(&'static str),
}

/// Message as a row.
pub(super) struct Row {
    pub(super) lookup: Lookup,
    pub(super) fields: Vec<RowField>,
}

pub(super) struct RowField {
    pub(super) field: Arc<Field>,
    /// Fields of the row that it fills, with their conversions.
    pub(super) targets: Vec<(usize, Form)>,
}

pub(super) struct MapForm {
    pub(super) entry: Entry,
    pub(super) key: Form,
    pub(super) value: Form,
    /// Size in bytes of each entry.
    pub(super) bytes: u64,
}

/// Message of a map's entries.
pub(super) struct Entry {
    /// Finds key and value.
    pub(super) lookup: Lookup,
    pub(super) key: Arc<Field>,
    pub(super) value: Arc<Field>,
}

/// Part of the reader's message that a column shows.
pub(super) struct Target {
    /// Path; `None` for a column that is NULL in every row.
    path: Option<Path>,
    data_type: DataType,
}

impl Target {
    /// Target of `column`; an error has the reason why its mapping is not a path.
    pub(super) fn new(column: &Column) -> Result<Self, String> {
        let Column { name, mapping, .. } = column;
        let path = match mapping.as_str() {
            "" => None,
            _ => Some(
                Path::parse(mapping)
                    .map_err(|error| format!("column `{name}`: mapping `{mapping}`: {error}"))?,
            ),
        };
        let data_type = column.data_type.clone();
        Ok(Self { path, data_type })
    }

    /// Reason why `message` of the writer's schema cannot fill the column: what it shows is left out there.
    pub(super) fn left_out(&self, schema: &Schema, message: usize) -> Option<String> {
        let path = self.path.as_ref()?;
        why_left_out(schema, message, &path.steps, &self.data_type)
    }
}

/// Whether a message may have a part at `path`.
pub(super) fn leads_somewhere(schema: &Schema, message: usize, path: &Path) -> bool {
    let Some((Step::Key(name), rest)) = path.steps.split_first() else {
        return false;
    };
    let field = schema.message(message).field(name);
    field.is_some_and(|field| reach(schema, field, rest) == Reach::Part)
}

impl Plan {
    /// Mapping of `message` to the columns.
    pub(super) fn new(schema: &Schema, message: usize, columns: &[Target]) -> Self {
        let mut root = Node::default();
        let mut nulls = Vec::new();
        for (column, target) in columns.iter().enumerate() {
            if root.insert_column(schema, message, column, target).is_none() {
                nulls.push(column);
            }
        }
        root.finish(schema, message);
        Self { root, nulls }
    }
}

/// Position of a column and its type.
type Leaf<'a> = (usize, &'a DataType);

impl Node {
    /// `None` if the path has no match in `message`.
    fn insert_column(
        &mut self,
        schema: &Schema,
        message: usize,
        column: usize,
        target: &Target,
    ) -> Option<()> {
        let path = target.path.as_ref()?;
        self.insert(schema, message, &path.steps, (column, &target.data_type))
    }

    fn insert(&mut self, schema: &Schema, message: usize, steps: &[Step], leaf: Leaf<'_>) -> Option<()> {
        let (Step::Key(name), rest) = steps.split_first()? else {
            return None;
        };
        let field = schema.message(message).field(name)?;
        if reach(schema, field, rest) == Reach::Lacking {
            return None;
        }
        let known = self
            .fields
            .iter()
            .position(|(known, _)| Arc::ptr_eq(known, field));
        let at = known.unwrap_or_else(|| {
            self.fields.push((Arc::clone(field), Place::default()));
            self.fields.len() - 1
        });
        self.fields[at].1.insert(schema, field, field.shape, rest, leaf)
    }

    /// Creates the lookups once the fields are known.
    fn finish(&mut self, schema: &Schema, message: usize) {
        let fields: Vec<_> = self.fields.iter().map(|(field, _)| Arc::clone(field)).collect();
        self.lookup = schema.message(message).lookup_of(&fields);
        for (field, place) in &mut self.fields {
            place.finish(schema, field);
        }
    }
}

impl Place {
    fn insert(
        &mut self,
        schema: &Schema,
        field: &Arc<Field>,
        shape: Shape,
        steps: &[Step],
        leaf: Leaf<'_>,
    ) -> Option<()> {
        let Some((step, rest)) = steps.split_first() else {
            let (column, data_type) = leaf;
            self.columns
                .push((column, Form::new(schema, field, shape, data_type)));
            return Some(());
        };
        match (shape, step, field.kind.message(), step.index()) {
            (Shape::Singular, Step::Key(_), Some(message), _) => {
                let members = self.members.get_or_insert_default();
                members.insert(schema, message, steps, leaf)
            }
            (Shape::Repeated, _, _, Some(index)) => {
                let mut place = Place::default();
                place.insert(schema, field, Shape::Singular, rest, leaf)?;
                self.items.push((index, place));
                Some(())
            }
            (Shape::Map, ..) => {
                let entry = Entry::new(schema, field)?;
                let mut place = Place::default();
                place.insert(schema, &entry.value, Shape::Singular, rest, leaf)?;
                self.entries.push((key(step), MapPlace { entry, place }));
                Some(())
            }
            // The writer's field has another type than the reader's.
            (_, _, message, _) => {
                let found = match (shape, message) {
                    (Shape::Repeated, _) => "a list",
                    (_, Some(_)) => "a message",
                    (_, None) => "a value without parts",
                };
                self.columns.push((leaf.0, Form::Misfit(found)));
                Some(())
            }
        }
    }

    fn finish(&mut self, schema: &Schema, field: &Field) {
        if let (Some(members), Some(message)) = (&mut self.members, field.kind.message()) {
            members.finish(schema, message);
        }
        for (_, place) in &mut self.items {
            place.finish(schema, field);
        }
        for (_, MapPlace { entry, place }) in &mut self.entries {
            place.finish(schema, &entry.value);
        }
    }
}

/// Result of following `steps` from a field's value on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Part,
    /// A message on the path lacks the field.
    Lacking,
    /// A value on the path has no parts of that kind.
    Misfit,
}

/// Follows the steps before anything is created for the path.
fn reach(schema: &Schema, field: &Arc<Field>, steps: &[Step]) -> Reach {
    let mut place = (Arc::clone(field), field.shape);
    for step in steps {
        let (field, shape) = &place;
        let message = field.kind.message().map(|index| schema.message(index));
        let next = match (shape, step, message) {
            (Shape::Repeated, _, _) => step.index().map(|_| (Arc::clone(field), Shape::Singular)),
            (Shape::Map, ..) => {
                let entry = schema.entry(field);
                entry.map(|(_, value)| (Arc::clone(value), Shape::Singular))
            }
            (Shape::Singular, Step::Key(name), Some(message)) => match message.field(name) {
                Some(member) => Some((Arc::clone(member), member.shape)),
                None => return Reach::Lacking,
            },
            (Shape::Singular, ..) => None,
        };
        match next {
            Some(next) => place = next,
            None => return Reach::Misfit,
        }
    }
    Reach::Part
}

fn key(step: &Step) -> String {
    match step {
        Step::Index(index) => index.to_string(),
        Step::Key(key) => key.clone(),
    }
}

impl Form {
    fn new(schema: &Schema, field: &Field, shape: Shape, data_type: &DataType) -> Self {
        match (shape, data_type) {
            (Shape::Singular, _) => Self::of_item(schema, &field.kind, data_type),
            (_, DataType::Utf8) => Self::WholeJson,
            (Shape::Repeated, DataType::List(item)) => {
                let form = Self::of_item(schema, &field.kind, item.data_type());
                Self::List(Box::new(form), bytes(item.data_type()))
            }
            (Shape::Map, DataType::Map(entries, _)) => {
                MapForm::form(schema, field, entries.data_type()).unwrap_or(Self::Misfit("a map"))
            }
            (Shape::Repeated, _) => Self::Misfit("a list"),
            (Shape::Map, _) => Self::Misfit("a map"),
        }
    }

    fn of_item(schema: &Schema, kind: &Kind, data_type: &DataType) -> Self {
        match kind {
            Kind::Message(index) | Kind::Group(index) => {
                Self::of_message(schema, schema.message(*index), data_type)
            }
            Kind::Enum(_) if data_type.is_signed_integer() => Self::EnumNumber,
            Kind::Enum(names) => Self::EnumName(Arc::clone(names)),
            _ => Self::Scalar,
        }
    }

    fn of_message(schema: &Schema, message: &Message, data_type: &DataType) -> Self {
        match (&message.well_known, data_type) {
            (_, DataType::Struct(names)) => Self::Row(Row::new(schema, message, names)),
            (
                Some(text @ (WellKnown::Timestamp | WellKnown::Duration | WellKnown::FieldMask)),
                DataType::Utf8,
            ) => Self::Text(text.clone()),
            (Some(WellKnown::Timestamp), _) => Self::Instant,
            (Some(WellKnown::Wrapper(kind)), _) => Self::Wrapper(kind.clone()),
            (_, DataType::Utf8) => Self::Json,
            _ => Self::Misfit("a message"),
        }
    }
}

impl Row {
    fn new(schema: &Schema, message: &Message, names: &Fields) -> Self {
        let mut fields: Vec<RowField> = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let Some(field) = message.field_in_any_case(name.name()) else {
                continue;
            };
            let target = (index, Form::new(schema, field, field.shape, name.data_type()));
            match fields.iter_mut().find(|known| Arc::ptr_eq(&known.field, field)) {
                Some(known) => known.targets.push(target),
                None => fields.push(RowField {
                    field: Arc::clone(field),
                    targets: vec![target],
                }),
            }
        }
        let wanted: Vec<_> = fields.iter().map(|field| Arc::clone(&field.field)).collect();
        Self {
            lookup: message.lookup_of(&wanted),
            fields,
        }
    }
}

impl MapForm {
    fn form(schema: &Schema, field: &Field, entries: &DataType) -> Option<Form> {
        let DataType::Struct(names) = entries else {
            return None;
        };
        let [key, value] = names.as_ref() else { return None };
        let entry = Entry::new(schema, field)?;
        Some(Form::Map(Box::new(Self {
            key: Form::of_item(schema, &entry.key.kind, key.data_type()),
            value: Form::of_item(schema, &entry.value.kind, value.data_type()),
            bytes: bytes(entries),
            entry,
        })))
    }
}

impl Entry {
    pub(super) const KEY: usize = 0;
    pub(super) const VALUE: usize = 1;

    pub(super) fn new(schema: &Schema, field: &Field) -> Option<Self> {
        let (key, value) = schema.entry(field)?;
        Some(Self {
            lookup: Lookup::new(vec![key.slot(), value.slot()]),
            key: Arc::clone(key),
            value: Arc::clone(value),
        })
    }
}

/// Approximate size in bytes of one value of the type, without the content of lists and texts.
fn bytes(data_type: &DataType) -> u64 {
    match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| bytes(field.data_type())).sum::<u64>() + 1,
        _ => VALUE_BYTES,
    }
}
