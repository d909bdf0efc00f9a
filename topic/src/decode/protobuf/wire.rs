//! Wire format of Protobuf: positions of a message's fields in a payload.
//!
//! Nothing is copied: a string, a message or a group is a [`Span`] of the payload. A message in several parts
//! (which readers must merge) is several spans, read one after the other, which is equivalent to merging.
//!
//! | on the wire | result |
//! |---|---|
//! | a field that no column shows, or of another wire type than declared | skipped |
//! | a length beyond the message's end, an unended group, a varint of more than 64 bits | an error |
//! | field number 0, wire type 6 or 7, an end of a group that was not started | an error |
//! | groups nested more than [`MAX_GROUPS`] deep | an error |
//! | members of a oneof | those before the last other member are dropped |
//!
//! `prost-reflect`, which compiles the definitions, is not used here: its `DynamicMessage` makes a value of
//! 56 bytes for every field, before any limit can be applied, and rejects the whole message for one text that
//! is not UTF-8 or one field of another wire type.

use std::ops::Range;

use crate::decode::error::RowError;

const MAX_GROUPS: usize = 100;
/// Number of values whose capacity is kept between payloads.
const KEPT_VALUES: usize = 1 << 16;

/// Part of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// All of `payload`.
    pub(super) fn whole(payload: &[u8]) -> Result<Self, RowError> {
        match u32::try_from(payload.len()) {
            Ok(end) => Ok(Self { start: 0, end }),
            Err(_) => Err(RowError::bad("a Protobuf message has less than 4 GiB")),
        }
    }

    pub(super) fn of(self, payload: &[u8]) -> &[u8] {
        &payload[self.start as usize..self.end as usize]
    }
}

/// Value that its field's type interprets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raw {
    Varint(u64),
    Fixed32(u32),
    Fixed64(u64),
    /// Content of a length-delimited value or a group.
    Bytes(Span),
}

impl Raw {
    pub(super) const EMPTY: Self = Self::Bytes(Span { start: 0, end: 0 });

    /// Whether it is 0, false or empty.
    pub(super) fn is_zero(self) -> bool {
        match self {
            Self::Varint(value) | Self::Fixed64(value) => value == 0,
            Self::Fixed32(value) => value == 0,
            Self::Bytes(span) => span.start == span.end,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireType {
    Varint,
    Fixed64,
    Len,
    StartGroup,
    EndGroup,
    Fixed32,
}

impl WireType {
    fn from_tag(tag: u32) -> Option<Self> {
        Some(match tag & 7 {
            0 => Self::Varint,
            1 => Self::Fixed64,
            2 => Self::Len,
            3 => Self::StartGroup,
            4 => Self::EndGroup,
            5 => Self::Fixed32,
            _ => return None,
        })
    }
}

/// Reader of a part of a payload.
pub(super) struct Reader<'a> {
    payload: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(payload: &'a [u8], span: Span) -> Self {
        Self {
            payload,
            at: span.start as usize,
            end: span.end as usize,
        }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.end
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.payload[self.at..self.end]
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, RowError> {
        // Most are tags, lengths and small numbers, of one byte.
        if let Some(byte @ ..0x80) = self.rest().first() {
            let value = u64::from(*byte);
            self.at += 1;
            return Ok(value);
        }
        self.varint_of_bytes()
    }

    fn varint_of_bytes(&mut self) -> Result<u64, RowError> {
        let start = self.at;
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // The tenth byte has room for one bit.
                return match shift == 63 && byte > 1 {
                    true => Err(bad("a varint of more than 64 bits", start)),
                    false => Ok(value),
                };
            }
        }
        Err(bad("a varint of more than 64 bits", start))
    }

    /// Reads a field's number and wire type.
    fn tag(&mut self) -> Result<(u32, WireType), RowError> {
        let start = self.at;
        let tag = u32::try_from(self.varint()?).map_err(|_| bad("a field number out of range", start))?;
        match (tag >> 3, WireType::from_tag(tag)) {
            (0, _) => Err(bad("field number 0", start)),
            (_, None) => Err(bad("an unknown wire type", start)),
            (number, Some(wire_type)) => Ok((number, wire_type)),
        }
    }

    /// Reads the value of the field `number`, which follows its tag, or of one in a packed list.
    pub(super) fn value(&mut self, number: u32, wire_type: WireType) -> Result<Raw, RowError> {
        Ok(match wire_type {
            WireType::Varint => Raw::Varint(self.varint()?),
            WireType::Fixed64 => Raw::Fixed64(u64::from_le_bytes(self.array()?)),
            WireType::Fixed32 => Raw::Fixed32(u32::from_le_bytes(self.array()?)),
            WireType::Len => Raw::Bytes(self.length_delimited()?),
            WireType::StartGroup => Raw::Bytes(self.group(number)?),
            WireType::EndGroup => return Err(bad("the end of a group that was not begun", self.at)),
        })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RowError> {
        let Some((bytes, _)) = self.rest().split_first_chunk() else {
            return Err(bad("the message is cut short", self.at));
        };
        self.at += N;
        Ok(*bytes)
    }

    fn length_delimited(&mut self) -> Result<Span, RowError> {
        let length = self.varint()?;
        let start = self.at;
        match usize::try_from(length) {
            Ok(length) if length <= self.end - start => {
                self.at += length;
                Ok(span(start, self.at))
            }
            _ => Err(bad("the message is cut short", start)),
        }
    }

    /// Reads the content between the start tag of group `number`, just read, and its end tag.
    fn group(&mut self, number: u32) -> Result<Span, RowError> {
        let start = self.at;
        let mut open = vec![number];
        loop {
            let tag = self.at;
            match self.tag()? {
                (number, WireType::StartGroup) if open.len() < MAX_GROUPS => open.push(number),
                (_, WireType::StartGroup) => return Err(bad("groups nested too deep", tag)),
                (number, WireType::EndGroup) => {
                    if open.pop() != Some(number) {
                        return Err(bad("the end of another group", tag));
                    }
                    if open.is_empty() {
                        return Ok(span(start, tag));
                    }
                }
                (number, wire_type) => {
                    self.value(number, wire_type)?;
                }
            }
        }
    }
}

/// Span of positions within a [`Span::whole`], which fit 32 bits.
fn span(start: usize, end: usize) -> Span {
    Span {
        start: start as u32,
        end: end as u32,
    }
}

fn bad(what: &str, at: usize) -> RowError {
    RowError::bad(format!("not a Protobuf message: {what} at byte {at}"))
}

/// Fields of a message to find. A field's *slot* is its index in the list that this was made from.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    /// Numbers and slots, in the order of numbers.
    numbers: Vec<(u32, u32)>,
    slots: Vec<Slot>,
    oneofs: usize,
}

/// Wire form of a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) number: u32,
    pub(super) wire_type: WireType,
    /// Whether a length-delimited value is a packed list of such values.
    pub(super) packable: bool,
    /// Index of the message's oneof that it belongs to.
    pub(super) oneof: Option<usize>,
}

impl Slot {
    pub(super) fn new(number: u32, wire_type: WireType) -> Self {
        Self {
            number,
            wire_type,
            packable: false,
            oneof: None,
        }
    }

    fn accepts(self, wire_type: WireType) -> bool {
        wire_type == self.wire_type || self.packable && wire_type == WireType::Len
    }
}

impl Lookup {
    pub(super) fn new(slots: Vec<Slot>) -> Self {
        let numbers = slots.iter().zip(0..).map(|(slot, index)| (slot.number, index));
        let mut numbers: Vec<_> = numbers.collect();
        numbers.sort_unstable();
        Self {
            numbers,
            oneofs: slots
                .iter()
                .filter_map(|slot| slot.oneof)
                .max()
                .map_or(0, |last| last + 1),
            slots,
        }
    }

    fn find(&self, number: u32, wire_type: WireType) -> Option<u32> {
        let at = self
            .numbers
            .binary_search_by_key(&number, |(number, _)| *number)
            .ok()?;
        let (_, slot) = self.numbers[at];
        self.slots[slot as usize].accepts(wire_type).then_some(slot)
    }
}

/// Values found in a payload: a stack on which a message is above the one that contains it. At most twelve
/// times as large as the payload, since a value has 24 bytes here and at least two there.
#[derive(Debug, Default)]
pub(super) struct Found {
    values: Vec<Value>,
    /// For each oneof of a message, the member set last and the start of its values.
    runs: Vec<(u32, usize)>,
}

#[derive(Debug, Clone, Copy)]
struct Value {
    slot: u32,
    raw: Raw,
}

impl Found {
    /// Removes all values, and the capacity for an unusually large payload.
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.values.shrink_to(KEPT_VALUES);
    }

    /// Removes the values from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
    }

    pub(super) fn raw(&self, index: usize) -> Raw {
        self.values[index].raw
    }

    pub(super) fn slot(&self, index: usize) -> usize {
        self.values[index].slot as usize
    }

    /// Pushes one value; returns its position.
    pub(super) fn push(&mut self, raw: Raw) -> Range<usize> {
        let at = self.values.len();
        self.values.push(Value { slot: 0, raw });
        at..at + 1
    }

    /// Finds the fields of the message that consists of the values at `parts`, and pushes them ordered by
    /// slot; returns their positions.
    pub(super) fn collect(
        &mut self,
        payload: &[u8],
        parts: Range<usize>,
        wanted: &Lookup,
    ) -> Result<Range<usize>, RowError> {
        let base = self.values.len();
        for part in parts {
            let Raw::Bytes(span) = self.raw(part) else {
                continue;
            };
            let mut reader = Reader::new(payload, span);
            while !reader.is_at_end() {
                let (number, wire_type) = reader.tag()?;
                let raw = reader.value(number, wire_type)?;
                if let Some(slot) = wanted.find(number, wire_type) {
                    self.values.push(Value { slot, raw });
                }
            }
        }
        if wanted.oneofs > 0 {
            self.drop_overruled(base, wanted);
        }
        let found = &mut self.values[base..];
        if !found.is_sorted_by_key(|value| value.slot) {
            found.sort_by_key(|value| value.slot);
        }
        Ok(base..self.values.len())
    }

    /// Values in `slot` among those that `collect` found, in their order.
    pub(super) fn of_slot(&self, found: &Range<usize>, slot: usize) -> Range<usize> {
        self.take_slot(&mut found.clone(), slot)
    }

    /// Removes the values in `slot` from the remaining ones, and those before.
    pub(super) fn take_slot(&self, left: &mut Range<usize>, slot: usize) -> Range<usize> {
        let values = &self.values[left.clone()];
        let slots = values.iter().map(|value| value.slot as usize);
        let before = slots.clone().take_while(|at| *at < slot).count();
        let len = slots.skip(before).take_while(|at| *at == slot).count();
        let start = left.start + before;
        left.start = start + len;
        start..left.start
    }

    /// Setting a member of a oneof clears the others.
    fn drop_overruled(&mut self, base: usize, wanted: &Lookup) {
        self.runs.clear();
        self.runs.resize(wanted.oneofs, (u32::MAX, base));
        for (index, value) in self.values.iter().enumerate().skip(base) {
            if let Some(oneof) = wanted.slots[value.slot as usize].oneof
                && self.runs[oneof].0 != value.slot
            {
                self.runs[oneof] = (value.slot, index);
            }
        }
        let mut kept = base;
        for index in base..self.values.len() {
            let value = self.values[index];
            let oneof = wanted.slots[value.slot as usize].oneof;
            if oneof.is_none_or(|oneof| index >= self.runs[oneof].1) {
                self.values[kept] = value;
                kept += 1;
            }
        }
        self.values.truncate(kept);
    }
}

#[cfg(test)]
mod tests;
