//! Consumer groups without members: the offsets that clients have committed in their names.

use std::collections::BTreeMap;

/// Committed offsets of all groups. They outlive the topics, as on a broker until they expire.
#[derive(Debug, Default)]
pub(crate) struct Groups(BTreeMap<String, BTreeMap<(String, i32), i64>>);

impl Groups {
    /// Names of the groups that have committed an offset, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn commit(&mut self, group: &str, topic: &str, partition: i32, offset: i64) {
        let offsets = self.0.entry(group.to_owned()).or_default();
        offsets.insert((topic.to_owned(), partition), offset);
    }

    /// Offset that the group has committed for a partition, if any.
    pub(crate) fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        let offsets = self.0.get(group)?;
        offsets.get(&(topic.to_owned(), partition)).copied()
    }

    /// Topic and partition of all offsets that the group has committed, in order.
    pub(crate) fn all_committed(&self, group: &str) -> impl Iterator<Item = (&str, i32)> {
        let offsets = self.0.get(group).into_iter().flatten();
        offsets.map(|((topic, partition), _)| (topic.as_str(), *partition))
    }
}
