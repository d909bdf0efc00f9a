//! Common properties of the values at one place, gathered value by value, and the type that fits them all.

use std::collections::{HashMap, HashSet};

use arrow::datatypes::{DataType, Field};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::dates::{Candidates, DateFormats, Reading};
use super::numbers::Numbers;
use crate::type_name::{self, list_of, map_of};

/// Maximum number of members of an object that are remembered; a table with more columns is hardly usable.
const MAX_MEMBERS: usize = 256;
/// Maximum number of places in all samples that are distinguished.
const MAX_SHAPES: usize = 10_000;
/// Minimum number of different keys of a map, unless its keys are ids.
const MIN_MAP_KEYS: usize = 16;

/// State of the observation.
pub(super) struct Sampler {
    dates: DateFormats,
    shapes_left: usize,
}

impl Sampler {
    pub(super) fn new(dates: DateFormats) -> Self {
        Self {
            dates,
            shapes_left: MAX_SHAPES,
        }
    }
}

/// Type with its format hint and a note.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Guess {
    pub(super) data_type: DataType,
    pub(super) format_hint: String,
    pub(super) note: Option<String>,
}

impl Guess {
    fn plain(data_type: DataType) -> Self {
        Self {
            data_type,
            format_hint: String::new(),
            note: None,
        }
    }

    fn noted(data_type: DataType, note: impl Into<String>) -> Self {
        Self {
            note: Some(note.into()),
            ..Self::plain(data_type)
        }
    }

    pub(super) fn type_name(&self) -> String {
        type_name::name(&self.data_type)
    }
}

/// Observations of the values at one place; NULLs are ignored.
#[derive(Debug, Default)]
pub(super) struct Shape {
    kinds: u8,
    numbers: Numbers,
    dates: Candidates,
    /// Whether a text was not JSON.
    plain_text: bool,
    /// Whether a text was none that may be a decimal's bytes in base64, and whether one ended as only base64 does.
    no_base64: bool,
    padded: bool,
    item: Option<Box<Shape>>,
    members: Option<Box<Members>>,
}

const BOOL: u8 = 1;
const NUMBER: u8 = 2;
const TEXT: u8 = 4;
const ARRAY: u8 = 8;
const OBJECT: u8 = 16;
const OTHER: u8 = 32;

impl Shape {
    pub(super) fn observe_bool(&mut self) {
        self.kinds |= BOOL;
    }

    /// Observes a number in JSON's format.
    pub(super) fn observe_number(&mut self, text: &str) {
        self.kinds |= NUMBER;
        self.numbers.observe(text);
    }

    pub(super) fn observe_text(&mut self, text: &str, sampler: &Sampler) {
        self.kinds |= TEXT;
        self.dates.observe(text, &sampler.dates);
        self.plain_text = self.plain_text || !holds_json(text);
        self.no_base64 = self.no_base64 || !is_unscaled(text);
        self.padded |= text.ends_with('=');
    }

    /// Observes a value that only VARCHAR can hold.
    pub(super) fn observe_other(&mut self) {
        self.kinds |= OTHER;
    }

    /// Observes an object; its members are observed in the result.
    pub(super) fn members(&mut self) -> &mut Members {
        self.kinds |= OBJECT;
        self.members.get_or_insert_default()
    }

    /// Observes an array; its items are observed in the result.
    pub(super) fn item(&mut self) -> &mut Shape {
        self.kinds |= ARRAY;
        self.item.get_or_insert_default()
    }

    /// Proposal for the column of this name.
    pub(super) fn column(&self, name: &str) -> Guess {
        match self.kinds {
            0 => Guess::noted(DataType::Utf8, "no sample has a value for it"),
            NUMBER => match self.numbers.epoch_unit(name) {
                Some(hint) => Guess {
                    format_hint: hint.to_owned(),
                    ..Guess::noted(
                        DataType::Date64,
                        format!("read as {hint} for its name and its numbers"),
                    )
                },
                None => Guess::plain(self.numbers.data_type()),
            },
            TEXT => self.text_column(),
            OBJECT | ARRAY => match self.data_type() {
                DataType::Utf8 => Guess::noted(
                    DataType::Utf8,
                    "objects without a common structure, shown as JSON",
                ),
                nested => Guess::plain(nested),
            },
            kinds if kinds.count_ones() > 1 => {
                Guess::noted(DataType::Utf8, "samples have values of several kinds")
            }
            _ => Guess::plain(self.data_type()),
        }
    }

    fn text_column(&self) -> Guess {
        match self.dates.reading() {
            Reading::Date(data_type, hint) => Guess {
                format_hint: hint.to_owned(),
                ..Guess::plain(data_type)
            },
            Reading::Ambiguous(first, second) => Guess::noted(
                DataType::Utf8,
                format!("dates, of formatHint `{first}` or `{second}`: no sample distinguishes them"),
            ),
            Reading::Text if !self.plain_text => Guess::noted(
                DataType::Utf8,
                "its text holds JSON, which an ARRAY, ROW or MAP type, or json_parse, would read",
            ),
            Reading::Text if !self.no_base64 && self.padded => Guess::noted(
                DataType::Utf8,
                "its texts may be base64 of the unscaled integers of decimals, as Kafka Connect writes them: a \
                 DECIMAL(p,s) with the producer's scale and the formatHint `base64` would read them",
            ),
            Reading::Text => Guess::plain(DataType::Utf8),
        }
    }

    /// Type at any depth, where no format hint is possible.
    fn data_type(&self) -> DataType {
        match self.kinds {
            BOOL => DataType::Boolean,
            NUMBER => self.numbers.data_type(),
            TEXT => match self.dates.reading() {
                Reading::Date(data_type, "") => data_type,
                _ => DataType::Utf8,
            },
            ARRAY => list_of(self.item.as_ref().map_or(DataType::Utf8, |item| item.data_type())),
            OBJECT => self
                .members
                .as_ref()
                .map_or(DataType::Utf8, |members| members.data_type()),
            _ => DataType::Utf8,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.kinds |= other.kinds;
        self.numbers.merge(&other.numbers);
        self.dates.merge(&other.dates);
        self.plain_text |= other.plain_text;
        self.no_base64 |= other.no_base64;
        self.padded |= other.padded;
        if let Some(item) = &other.item {
            self.item.get_or_insert_default().merge(item);
        }
        if let Some(members) = &other.members {
            self.members.get_or_insert_default().merge(members);
        }
    }
}

/// Members of the objects at one place, in the order of their first appearance.
#[derive(Debug, Default)]
pub(super) struct Members {
    objects: usize,
    /// Total number of members of all objects.
    seen: usize,
    shapes: Vec<(String, Shape)>,
    places: HashMap<String, usize>,
    /// Observations of all members beyond the maximum.
    rest: Option<Shape>,
}

impl Members {
    /// Observes an object.
    pub(super) fn begin(&mut self) {
        self.objects += 1;
    }

    /// Observes a member; its value is observed in the result.
    pub(super) fn member(&mut self, name: &str, sampler: &mut Sampler) -> &mut Shape {
        self.seen += 1;
        let place = match self.places.get(name) {
            Some(place) => *place,
            None if self.shapes.len() == MAX_MEMBERS || sampler.shapes_left == 0 => {
                return self.rest.get_or_insert_default();
            }
            None => {
                sampler.shapes_left -= 1;
                self.add(name)
            }
        };
        &mut self.shapes[place].1
    }

    /// Proposals for all members as columns.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, Guess)> {
        let shapes = self.shapes.iter();
        shapes.map(|(name, shape)| (name.as_str(), shape.column(name)))
    }

    /// Members of the objects that were seen as this member, if it was nothing else but null.
    pub(super) fn objects(&self, name: &str) -> Option<&Members> {
        let (_, shape) = &self.shapes[*self.places.get(name)?];
        (shape.kinds == OBJECT).then_some(shape.members.as_deref()?)
    }

    /// Whether some object had a member of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// Number of different members.
    pub(super) fn len(&self) -> usize {
        self.shapes.len()
    }

    /// Whether some members are beyond the maximum.
    pub(super) fn is_cut(&self) -> bool {
        self.rest.is_some()
    }

    fn add(&mut self, name: &str) -> usize {
        self.shapes.push((name.to_owned(), Shape::default()));
        self.places.insert(name.to_owned(), self.shapes.len() - 1);
        self.shapes.len() - 1
    }

    fn data_type(&self) -> DataType {
        if self.is_map() {
            return map_of(DataType::Utf8, self.any_member().data_type());
        }
        let mut names = HashSet::new();
        let named = |(name, _): &(String, Shape)| !name.is_empty() && names.insert(name.to_lowercase());
        if self.is_cut() || self.shapes.is_empty() || !self.shapes.iter().all(named) {
            return DataType::Utf8;
        }
        let fields = self.shapes.iter();
        let fields = fields.map(|(name, shape)| Field::new(name, shape.data_type(), true));
        DataType::Struct(fields.collect())
    }

    /// Whether keys are data rather than names.
    fn is_map(&self) -> bool {
        let names = || self.shapes.iter().map(|(name, _)| name.as_str());
        let ids = self.shapes.len() > 1 && names().all(is_id);
        let various = self.shapes.len() >= MIN_MAP_KEYS && self.seen * 2 < self.shapes.len() * self.objects;
        (ids || various) && self.any_member().kinds.count_ones() == 1
    }

    fn any_member(&self) -> Shape {
        let mut any = Shape::default();
        self.shapes
            .iter()
            .map(|(_, shape)| shape)
            .chain(&self.rest)
            .for_each(|shape| any.merge(shape));
        any
    }

    fn merge(&mut self, other: &Self) {
        self.objects += other.objects;
        self.seen += other.seen;
        for (name, shape) in &other.shapes {
            let place = self.places.get(name).copied();
            match place {
                None if self.shapes.len() == MAX_MEMBERS => self.rest.get_or_insert_default().merge(shape),
                place => {
                    let place = place.unwrap_or_else(|| self.add(name));
                    self.shapes[place].1.merge(shape);
                }
            }
        }
        if let Some(rest) = &other.rest {
            self.rest.get_or_insert_default().merge(rest);
        }
    }
}

/// Whether `text` is an array or object in JSON.
fn holds_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether `text` may be the base64 of a decimal's unscaled integer, which has no byte more than it needs.
fn is_unscaled(text: &str) -> bool {
    let bytes = STANDARD.decode(text).unwrap_or_default();
    match bytes.as_slice() {
        [] => false,
        bytes if bytes.len() > MAX_UNSCALED_BYTES => false,
        [0, second, ..] => *second >= 0x80,
        [0xff, second, ..] => *second < 0x80,
        _ => true,
    }
}

/// 38 digits take no more.
const MAX_UNSCALED_BYTES: usize = 16;

fn is_id(name: &str) -> bool {
    let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    digits || Uuid::try_parse(name).is_ok()
}
