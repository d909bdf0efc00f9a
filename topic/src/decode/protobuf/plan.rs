//! Which parts of a message fill which columns, compiled once for each message that payloads hold.
//!
//! The columns belong to the reader's message; a payload may hold another one, or an older version of it. Their fields
//! are matched by name, whatever their type: a value that its column, or the rest of its mapping, cannot take is NULL,
//! counted. No library plans that: those for descriptors show a message by its own fields, all of them.
//!
//! | value | column type | holds |
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
use crate::decode::protobuf::schema::{Field, Message, Schema, Shape};
use crate::decode::protobuf::well_known::WellKnown;
use crate::decode::protobuf::wire::Lookup;
use crate::decode::wanted::Column;
use crate::path::{Path, Step};

/// About what an appended value takes in a column.
const VALUE_BYTES: u64 = 17;

/// Where the columns' values are in one message.
pub(super) struct Plan {
    pub(super) root: Node,
    /// Columns that no field of the message fills.
    pub(super) nulls: Vec<usize>,
}

/// The wanted fields of a message on the way to columns.
#[derive(Default)]
pub(super) struct Node {
    /// Finds `fields`, by their places.
    pub(super) lookup: Lookup,
    pub(super) fields: Vec<(Arc<Field>, Place)>,
}

/// What is wanted of a field's value.
#[derive(Default)]
pub(super) struct Place {
    /// All of it, for a column.
    pub(super) columns: Vec<(usize, Form)>,
    /// Fields of the message that it is.
    pub(super) members: Option<Box<Node>>,
    /// Items of the list that it is.
    pub(super) items: Vec<(usize, Place)>,
    /// Values of the map that it is, by the text of their keys.
    pub(super) entries: Vec<(String, MapPlace)>,
}

/// What is wanted of a map's entry.
pub(super) struct MapPlace {
    pub(super) entry: Entry,
    pub(super) place: Place,
}

/// How a value becomes one of a column's type.
pub(super) enum Form {
    Scalar,
    EnumName(Arc<EnumType>),
    EnumNumber,
    Instant,
    /// The text of a well-known message.
    Text(WellKnown),
    Wrapper(Kind),
    /// The JSON of a message.
    Json,
    /// The JSON of a list or a map.
    WholeJson,
    Row(Row),
    /// With the bytes that each item takes.
    List(Box<Form>, u64),
    Map(Box<MapForm>),
    /// Never fits; what it is.
    Misfit(&'static str),
}

/// A message as a row.
pub(super) struct Row {
    pub(super) lookup: Lookup,
    pub(super) fields: Vec<RowField>,
}

pub(super) struct RowField {
    pub(super) field: Arc<Field>,
    /// Which fields of the row it fills, and how.
    pub(super) targets: Vec<(usize, Form)>,
}

pub(super) struct MapForm {
    pub(super) entry: Entry,
    pub(super) key: Form,
    pub(super) value: Form,
    /// What each entry takes.
    pub(super) bytes: u64,
}

/// The message that a map's entry is.
pub(super) struct Entry {
    /// Finds key and value.
    pub(super) lookup: Lookup,
    pub(super) key: Arc<Field>,
    pub(super) value: Arc<Field>,
}

/// What a column wants of the reader's message.
pub(super) struct Target {
    /// None for a column that is NULL in every row.
    path: Option<Path>,
    data_type: DataType,
}

impl Target {
    /// What `column` wants of messages; an error says why its mapping is no path.
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
}

/// Whether `path` is one that a message may have.
pub(super) fn leads_somewhere(schema: &Schema, message: usize, path: &Path) -> bool {
    let Some((Step::Key(name), rest)) = path.steps.split_first() else {
        return false;
    };
    let field = schema.message(message).field(name);
    field.is_some_and(|field| reach(schema, field, rest) == Reach::Part)
}

impl Plan {
    /// What of `message` fills the columns.
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

/// A column's place among the others and its type.
type Leaf<'a> = (usize, &'a DataType);

impl Node {
    /// `None` if the path leads nowhere in `message`.
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

    /// Makes the lookups, now that the fields are known.
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
            // The writer's field is of another type than the reader's.
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

/// What `steps` find from a field's value on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Part,
    /// A message on the way lacks the field.
    Lacking,
    /// A value on the way has no parts of that kind.
    Misfit,
}

/// Decided before anything is kept of the way.
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

/// About what one value of the type takes, what lists and texts hold not counted.
fn bytes(data_type: &DataType) -> u64 {
    match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| bytes(field.data_type())).sum::<u64>() + 1,
        _ => VALUE_BYTES,
    }
}
