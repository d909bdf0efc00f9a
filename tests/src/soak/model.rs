//! Model of a topic's content, offset by offset, from the operations on it. Pure: it uses no broker and no
//! connector.

use std::collections::BTreeMap;
use std::ops::Range;

use kafka::IsolationLevel;

/// Records of a partition and the visible end for each isolation level.
#[derive(Debug, Default)]
pub struct PartitionModel {
    /// Slots by offset, from 0 up to the high watermark, including expired ones.
    slots: Vec<Slot>,
    low: i64,
    /// First offset of every open transaction, by its producer.
    open: BTreeMap<usize, i64>,
}

/// Content of one offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// Control record, or compacted record.
    Gap,
    Record {
        /// Number of the record; `None` is a tombstone.
        value: Option<i64>,
        fate: Fate,
    },
}

/// State of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Written without a transaction, or by a committed one.
    Committed,
    Aborted,
    /// In the open transaction of this producer.
    Open(usize),
}

impl PartitionModel {
    /// Appends records, in the transaction of a producer if there is one. Returns the offset of the first.
    pub fn append(
        &mut self,
        values: impl IntoIterator<Item = Option<i64>>,
        transaction: Option<usize>,
    ) -> i64 {
        let first = self.high();
        let fate = transaction.map_or(Fate::Committed, Fate::Open);
        self.slots
            .extend(values.into_iter().map(|value| Slot::Record { value, fate }));
        if let Some(producer) = transaction.filter(|_| self.high() > first) {
            self.open.entry(producer).or_insert(first);
        }
        first
    }

    /// Ends a producer's transaction with a control record, if it wrote to this partition.
    pub fn end_transaction(&mut self, producer: usize, commit: bool) {
        if self.open.remove(&producer).is_none() {
            return;
        }
        let ended = if commit { Fate::Committed } else { Fate::Aborted };
        for slot in &mut self.slots {
            if let Slot::Record { fate, .. } = slot
                && *fate == Fate::Open(producer)
            {
                *fate = ended;
            }
        }
        self.slots.push(Slot::Gap);
    }

    /// Moves the log start up to `offset`, never down.
    pub fn expire(&mut self, offset: i64) {
        self.low = self.low.max(offset);
    }

    /// Removes a record, as compaction does.
    pub fn compact(&mut self, offset: i64) {
        if let Some(slot) = self.slot_mut(offset) {
            *slot = Slot::Gap;
        }
    }

    /// Places a record at the offset that the broker acknowledged. The offsets between it and the end are
    /// gaps until they are filled, too.
    ///
    /// # Panics
    /// If the offset holds a record already.
    pub fn place(&mut self, offset: i64, value: Option<i64>, fate: Fate) {
        self.extend_to(offset + 1);
        let slot = self.slot_mut(offset).expect("an offset below the end");
        assert_eq!(*slot, Slot::Gap, "two records at offset {offset}");
        *slot = Slot::Record { value, fate };
    }

    /// Appends gaps up to the high watermark `high`.
    pub fn extend_to(&mut self, high: i64) {
        while self.high() < high {
            self.slots.push(Slot::Gap);
        }
    }

    /// Earliest offset.
    pub fn low(&self) -> i64 {
        self.low
    }

    /// One past the last offset.
    pub fn high(&self) -> i64 {
        self.slots.len() as i64
    }

    /// First offset of the first open transaction, or the high watermark; never below the log start.
    pub fn last_stable(&self) -> i64 {
        let first_open = self.open.values().min().copied();
        first_open.unwrap_or(self.high()).max(self.low)
    }

    /// One past the last offset that a reader may see.
    pub fn end(&self, isolation: IsolationLevel) -> i64 {
        match isolation {
            IsolationLevel::ReadCommitted => self.last_stable(),
            IsolationLevel::ReadUncommitted => self.high(),
        }
    }

    /// Records in `offsets` that a reader sees, with their offsets; optionally with tombstones. Expiry is
    /// ignored.
    pub fn rows(
        &self,
        offsets: Range<i64>,
        isolation: IsolationLevel,
        with_tombstones: bool,
    ) -> impl Iterator<Item = (i64, Option<i64>)> + '_ {
        let seen = move |offset: i64| match self.slot(offset)? {
            Slot::Record { value, fate }
                if (value.is_some() || with_tombstones)
                    && (fate == Fate::Committed || isolation == IsolationLevel::ReadUncommitted) =>
            {
                Some((offset, value))
            }
            _ => None,
        };
        offsets.filter_map(seen)
    }

    /// Content of an offset below the high watermark.
    pub fn slot(&self, offset: i64) -> Option<Slot> {
        self.slots.get(usize::try_from(offset).ok()?).copied()
    }

    fn slot_mut(&mut self, offset: i64) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(offset).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use IsolationLevel::{ReadCommitted, ReadUncommitted};

    use super::*;

    fn numbers(range: Range<i64>) -> impl Iterator<Item = Option<i64>> {
        range.map(Some)
    }

    /// All rows of the log, tombstones included.
    fn rows(model: &PartitionModel, isolation: IsolationLevel) -> Vec<(i64, Option<i64>)> {
        model
            .rows(model.low()..model.end(isolation), isolation, true)
            .collect()
    }

    #[test]
    fn a_record_lies_at_the_end_and_a_tombstone_counts_when_asked_for() {
        let mut model = PartitionModel::default();
        assert_eq!(model.append([Some(7), None], None), 0);
        assert_eq!(model.append([Some(8)], None), 2);
        assert_eq!(
            rows(&model, ReadCommitted),
            [(0, Some(7)), (1, None), (2, Some(8))]
        );
        let without: Vec<_> = model.rows(0..3, ReadCommitted, false).collect();
        assert_eq!(without, [(0, Some(7)), (2, Some(8))]);
        assert_eq!(model.rows(1..2, ReadCommitted, false).count(), 0);
    }

    #[test]
    fn the_first_open_transaction_is_the_last_stable_offset() {
        let mut model = PartitionModel::default();
        model.append(numbers(0..2), None);
        model.append(numbers(2..3), Some(1));
        model.append(numbers(3..4), Some(0));
        model.append(numbers(4..5), None);
        assert_eq!((model.last_stable(), model.high()), (2, 5));
        model.end_transaction(1, true);
        assert_eq!((model.last_stable(), model.high()), (3, 6));
        model.end_transaction(0, false);
        assert_eq!((model.last_stable(), model.high()), (7, 7));
    }

    #[test]
    fn a_transaction_without_records_leaves_no_mark() {
        let mut model = PartitionModel::default();
        model.append([], Some(0));
        model.end_transaction(0, true);
        assert_eq!(model.high(), 0);
    }

    #[test]
    fn rows_of_aborted_transactions_are_the_uncommitted_readers_alone() {
        let mut model = PartitionModel::default();
        model.append(numbers(0..1), Some(0));
        model.end_transaction(0, false);
        model.append(numbers(1..2), Some(0));
        assert_eq!(rows(&model, ReadCommitted), []);
        assert_eq!(rows(&model, ReadUncommitted), [(0, Some(0)), (2, Some(1))]);
        model.end_transaction(0, true);
        assert_eq!(rows(&model, ReadCommitted), [(2, Some(1))]);
    }

    #[test]
    fn the_log_start_moves_up_only_and_takes_the_last_stable_offset_along() {
        let mut model = PartitionModel::default();
        model.append(numbers(0..2), Some(0));
        model.append(numbers(2..5), None);
        model.expire(3);
        model.expire(1);
        assert_eq!((model.low(), model.last_stable(), model.high()), (3, 3, 5));
        assert_eq!(rows(&model, ReadUncommitted), [(3, Some(3)), (4, Some(4))]);
    }

    #[test]
    fn a_compacted_record_leaves_a_gap_and_the_others_where_they_are() {
        let mut model = PartitionModel::default();
        model.append(numbers(0..3), None);
        model.compact(1);
        model.compact(9);
        assert_eq!(rows(&model, ReadCommitted), [(0, Some(0)), (2, Some(2))]);
        assert_eq!(model.high(), 3);
    }

    #[test]
    fn records_are_placed_in_any_order_and_the_rest_is_gaps() {
        let mut model = PartitionModel::default();
        model.place(3, Some(3), Fate::Aborted);
        model.place(1, Some(1), Fate::Committed);
        model.extend_to(6);
        assert_eq!((model.high(), model.last_stable()), (6, 6));
        assert_eq!(rows(&model, ReadCommitted), [(1, Some(1))]);
        assert_eq!(rows(&model, ReadUncommitted), [(1, Some(1)), (3, Some(3))]);
    }

    #[test]
    #[should_panic(expected = "two records at offset 1")]
    fn two_records_at_one_offset_are_refused() {
        let mut model = PartitionModel::default();
        model.place(1, Some(1), Fate::Committed);
        model.place(1, Some(2), Fate::Committed);
    }
}
