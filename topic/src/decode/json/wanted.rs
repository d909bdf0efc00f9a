//! Values of a document that columns show, and their positions.

use std::cmp::Ordering;
use std::ops::Range;

use crate::decode::json::cursor::Cursor;
use crate::decode::json::escape::unescape;
use crate::path::Step;

/// Value that a column shows, or that contains such values.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Values within, ordered: keys by their bytes, then indexes.
    within: Vec<(Step, Wanted)>,
    /// Indexes, in order, with their positions in `within`: one index may match two, as key and as index.
    items: Vec<(usize, usize)>,
    /// Places of this value, which is the first, and of those within.
    places: Range<usize>,
}

/// Range of each place's value in the document. Places are numbers from 0.
pub(crate) type Found = Vec<Option<Range<usize>>>;

impl Wanted {
    /// Top of documents with the values of `paths`.
    pub(crate) fn new<'a>(paths: impl Iterator<Item = &'a [Step]>) -> Self {
        let mut top = Self::default();
        paths.for_each(|path| top.insert(path));
        top.number(0);
        top
    }

    fn insert(&mut self, path: &[Step]) {
        let Some((step, rest)) = path.split_first() else {
            return;
        };
        let at = match self.within.binary_search_by(|(known, _)| known.cmp(step)) {
            Ok(known) => known,
            Err(at) => {
                self.within.insert(at, (step.clone(), Self::default()));
                at
            }
        };
        self.within[at].1.insert(rest);
    }

    /// Numbers the places from `first` on; returns the number after the last.
    fn number(&mut self, first: usize) -> usize {
        let mut next = first + 1;
        for (_, wanted) in &mut self.within {
            next = wanted.number(next);
        }
        let steps = self.within.iter().enumerate();
        let items = steps.filter_map(|(at, (step, _))| Some((step.index()?, at)));
        self.items = items.collect();
        self.items.sort_unstable();
        self.places = first..next;
        next
    }

    /// Number of places.
    pub(crate) fn places(&self) -> usize {
        self.places.len()
    }

    /// Place of the value itself.
    pub(crate) fn place(&self) -> usize {
        self.places.start
    }

    /// Place of `path`, one of those this was made for.
    pub(crate) fn place_of(&self, path: &[Step]) -> Option<usize> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self.place());
        };
        let known = self.within.binary_search_by(|(known, _)| known.cmp(step));
        self.within[known.ok()?].1.place_of(rest)
    }

    /// Values within the member of this name.
    pub(crate) fn member(&self, name: &[u8]) -> Option<&Self> {
        let order = |step: &Step| match step {
            Step::Key(key) => key.as_bytes().cmp(name),
            Step::Index(_) => Ordering::Greater,
        };
        let at = self.within.binary_search_by(|(step, _)| order(step));
        at.ok().map(|at| &self.within[at].1)
    }

    /// Members and items that contain such values.
    pub(crate) fn branches(&self) -> impl Iterator<Item = &Self> {
        let within = self.within.iter().map(|(_, wanted)| wanted);
        within.filter(|wanted| !wanted.within.is_empty())
    }

    /// Records the ranges of this value, which is at `cursor`, and those within in `found`; moves past it.
    /// Replaces the ranges of an earlier value of the same name. Descends no deeper than paths do.
    pub(crate) fn locate(&self, cursor: &mut Cursor<'_>, found: &mut Found, unescaped: &mut String) {
        let start = cursor.position();
        found[self.places.clone()].fill(None);
        match cursor.first() {
            b'{' if !self.within.is_empty() => self.locate_members(cursor, found, unescaped),
            b'[' if !self.items.is_empty() => self.locate_items(cursor, found, unescaped),
            _ => cursor.skip(),
        }
        found[self.place()] = Some(start..cursor.position());
    }

    fn locate_members(&self, cursor: &mut Cursor<'_>, found: &mut Found, unescaped: &mut String) {
        cursor.enter();
        while let Some(key) = cursor.next_key() {
            match self.member(unescape(key, unescaped).as_bytes()) {
                Some(wanted) => wanted.locate(cursor, found, unescaped),
                None => cursor.skip(),
            }
        }
    }

    fn locate_items(&self, cursor: &mut Cursor<'_>, found: &mut Found, unescaped: &mut String) {
        let mut wanted = self.items.iter().peekable();
        let mut index = 0;
        cursor.enter();
        while cursor.next_item() {
            let item = *cursor;
            cursor.skip();
            while let Some((_, at)) = wanted.next_if(|(wanted, _)| *wanted == index) {
                self.within[*at].1.locate(&mut item.clone(), found, unescaped);
            }
            index += 1;
        }
    }
}
