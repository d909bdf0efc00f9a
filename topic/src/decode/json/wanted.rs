//! Which values of a document are wanted, and where they stand in it.

use std::cmp::Ordering;
use std::ops::Range;

use crate::decode::json::cursor::Cursor;
use crate::decode::json::escape::unescape;
use crate::path::Step;

/// A value that is wanted, or that holds some that are.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// What is wanted within, ordered: keys by their bytes, then indexes.
    within: Vec<(Step, Wanted)>,
    /// The indexes, in order, that lead to which of `within`: one may lead to two, as key and as index.
    items: Vec<(usize, usize)>,
    /// The place of this value, which is the first, and of those within.
    places: Range<usize>,
}

/// Where in the document each place's value stands. Places are numbers from 0.
pub(crate) type Found = Vec<Option<Range<usize>>>;

impl Wanted {
    /// The top of documents of which `paths` are wanted.
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

    /// Gives places from `first` on, the last one's successor is the result.
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

    /// How many places there are.
    pub(crate) fn places(&self) -> usize {
        self.places.len()
    }

    /// The place of the value itself.
    pub(crate) fn place(&self) -> usize {
        self.places.start
    }

    /// The place of `path`, one of those this was made for.
    pub(crate) fn place_of(&self, path: &[Step]) -> Option<usize> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self.place());
        };
        let known = self.within.binary_search_by(|(known, _)| known.cmp(step));
        self.within[known.ok()?].1.place_of(rest)
    }

    /// What is wanted of the member of this name.
    pub(crate) fn member(&self, name: &[u8]) -> Option<&Self> {
        let order = |step: &Step| match step {
            Step::Key(key) => key.as_bytes().cmp(name),
            Step::Index(_) => Ordering::Greater,
        };
        let at = self.within.binary_search_by(|(step, _)| order(step));
        at.ok().map(|at| &self.within[at].1)
    }

    /// Members and items that hold wanted values.
    pub(crate) fn branches(&self) -> impl Iterator<Item = &Self> {
        let within = self.within.iter().map(|(_, wanted)| wanted);
        within.filter(|wanted| !wanted.within.is_empty())
    }

    /// Notes in `found` where this value, which `cursor` stands before, and those within stand; moves behind it. What
    /// was noted of an earlier value of the same name is forgotten. Goes no deeper than paths do.
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
