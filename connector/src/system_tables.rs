//! Tables about topics: a topic's partitions and their ends, and the groups that read it.
//!
//! | table | a row for each | from |
//! |---|---|---|
//! | `orders$partitions` | partition | `partitions` |
//! | `orders$groups` | partition and group that has committed an offset in it | `groups` |
//!
//! The rows come from requests to the brokers; no record is fetched. A table is planned as one split.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema, SchemaRef};
use kafka::Broker;
use topic::table::TOPIC_NAME_KEY;

use crate::error::Error;

mod groups;
mod partitions;

/// Kind of table about a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemTable {
    Partitions,
    Groups,
}

/// Table schema metadata and split property: suffix of a table about a topic.
const SYSTEM_TABLE_KEY: &str = "systemTable";

impl SystemTable {
    /// Suffix of each kind, which follows the name of the topic's table.
    pub const SUFFIXES: [(&str, Self); 2] = [("$partitions", Self::Partitions), ("$groups", Self::Groups)];

    /// Splits `name` into the name of the topic's table and a suffix, in any case.
    pub fn of_name(name: &str) -> Option<(&str, Self)> {
        let mut suffixes = Self::SUFFIXES.into_iter();
        suffixes.find_map(|(suffix, table)| {
            let (base, end) = name.split_at_checked(name.len().checked_sub(suffix.len())?)?;
            (!base.is_empty() && end.eq_ignore_ascii_case(suffix)).then_some((base, table))
        })
    }

    pub fn suffix(self) -> &'static str {
        let mut suffixes = Self::SUFFIXES.into_iter();
        suffixes
            .find(|(_, table)| *table == self)
            .map_or("", |(suffix, _)| suffix)
    }

    /// Columns, all nullable.
    pub fn schema(self, topic: &str) -> SchemaRef {
        let fields = match self {
            Self::Partitions => partitions::fields(),
            Self::Groups => groups::fields(),
        };
        let metadata = [
            (TOPIC_NAME_KEY.to_owned(), topic.to_owned()),
            (SYSTEM_TABLE_KEY.to_owned(), self.suffix().to_owned()),
        ];
        Arc::new(Schema::new_with_metadata(fields, metadata.into()))
    }

    /// Current rows in the columns of `wanted`, which are found by their names in any case.
    ///
    /// # Errors
    /// [`Error::UnknownColumn`], or the error of the brokers.
    pub(crate) async fn rows(
        self,
        broker: &dyn Broker,
        topic: &str,
        wanted: &SchemaRef,
        deadline: Instant,
    ) -> Result<RecordBatch, Error> {
        let columns = match self {
            Self::Partitions => partitions::columns(&broker.partition_states(topic, deadline).await?),
            Self::Groups => groups::columns(&broker.committed_offsets(topic, deadline).await?),
        };
        let schema = self.schema(topic);
        let column = |field: &Arc<Field>| {
            let mut known = schema.fields().iter().zip(&columns);
            let found = known.find(|(known, _)| known.name().eq_ignore_ascii_case(field.name()));
            let found = found.filter(|(known, _)| known.data_type() == field.data_type());
            found
                .map(|(_, column)| Arc::clone(column))
                .ok_or_else(|| Error::UnknownColumn {
                    table: format!("{topic}{}", self.suffix()),
                    column: field.name().clone(),
                })
        };
        let columns: Vec<ArrayRef> = wanted.fields().iter().map(column).collect::<Result<_, _>>()?;
        Ok(RecordBatch::try_new(Arc::clone(wanted), columns)?)
    }
}

/// Split of a table about a topic: its only one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SystemSplit {
    pub(crate) table: SystemTable,
    pub(crate) topic: String,
    /// `None` for the default cluster.
    pub(crate) cluster: Option<String>,
}

const TOPIC: &str = "topic";
const CLUSTER: &str = "cluster";

impl SystemSplit {
    pub(crate) fn to_properties(&self) -> BTreeMap<String, String> {
        let properties = [
            (SYSTEM_TABLE_KEY, Some(self.table.suffix())),
            (TOPIC, Some(self.topic.as_str())),
            (CLUSTER, self.cluster.as_deref()),
        ];
        let properties = properties
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        properties
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// `None` for a split of records.
    pub(crate) fn from_properties(properties: &BTreeMap<String, String>) -> Option<Self> {
        let suffix = properties.get(SYSTEM_TABLE_KEY)?;
        let mut known = SystemTable::SUFFIXES.into_iter();
        Some(Self {
            table: known.find(|(known, _)| known == suffix)?.1,
            topic: properties.get(TOPIC)?.clone(),
            cluster: properties.get(CLUSTER).cloned(),
        })
    }
}

#[cfg(test)]
mod tests;
