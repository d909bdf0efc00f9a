//! Subjects of a Confluent registry as tables, without a document.
//!
//! A topic is a table if the registry has a schema of its values or of its keys: the subjects `<topic>-value` and
//! `<topic>-key`, as [`TopicNameStrategy`](https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html)
//! names them. The latest versions describe it; a split is read with the versions of its query's plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use topic::document::left_out_fields;
use topic::{DocumentError, SchemaDefinition, TableDefaults, TopicDocument, TopicTable};

use crate::expiring_cache::ExpiringCache;
use crate::names::{AmbiguousName, pick};
use crate::registry::confluent::ConfluentError;
use crate::registry::confluent::schemas::{ConfluentId, ConfluentSchemas, SchemaError};

/// Tables of one Confluent registry.
pub struct SubjectTables {
    database: String,
    schemas: Arc<ConfluentSchemas>,
    defaults: TableDefaults,
    topics: ExpiringCache<(), Arc<BTreeSet<String>>>,
    /// Tables by the requested name, or by topic and version.
    tables: ExpiringCache<String, Arc<TopicTable>>,
}

const VALUE: &str = "-value";
const KEY: &str = "-key";

/// Failure to find a table, or to list them.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    #[error(
        "table `{database}.{table}` does not exist: the Confluent registry has no subject `{table}{VALUE}` or \
         `{table}{KEY}`, in any case"
    )]
    Unknown { database: String, table: String },
    #[error(transparent)]
    Ambiguous(#[from] AmbiguousName),
    #[error("subjects of the Confluent registry: {0}")]
    List(#[source] ConfluentError),
    #[error("{what}: {source}")]
    Schema {
        /// Such as ``subject `orders-value` ``.
        what: String,
        source: SchemaError,
    },
    #[error("the schemas of topic `{topic}` do not describe a readable table: {source}")]
    Table {
        topic: String,
        /// Boxed, or it would make every result of the crate large.
        source: Box<DocumentError>,
    },
}

impl SubjectError {
    /// Kind of failure in one word, as [`crate::error::Error::kind`].
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unknown { .. } | Self::Ambiguous(_) | Self::Table { .. } => "table",
            Self::List(_) | Self::Schema { .. } => "registry",
        }
    }
}

impl SubjectTables {
    /// Tables are cached for `cache_for`; zero requests them every time.
    pub fn new(
        database: String,
        schemas: Arc<ConfluentSchemas>,
        cache_for: Duration,
        defaults: TableDefaults,
    ) -> Self {
        Self {
            database,
            schemas,
            defaults,
            topics: ExpiringCache::new(cache_for),
            tables: ExpiringCache::new(cache_for),
        }
    }

    pub fn database(&self) -> &str {
        &self.database
    }

    /// Names of the topics that are tables, sorted.
    pub async fn topics(&self) -> Result<Arc<BTreeSet<String>>, SubjectError> {
        self.topics
            .get_or_load((), Instant::now(), self.list_topics())
            .await
    }

    async fn list_topics(&self) -> Result<Arc<BTreeSet<String>>, SubjectError> {
        let subjects = self.schemas.subjects().await.map_err(SubjectError::List)?;
        let topic = |subject: &String| {
            let topic = subject
                .strip_suffix(VALUE)
                .or_else(|| subject.strip_suffix(KEY))?;
            (!topic.is_empty()).then(|| topic.to_owned())
        };
        Ok(Arc::new(subjects.iter().filter_map(topic).collect()))
    }

    /// Finds a table by its name, in any case, as the latest versions describe it.
    pub async fn table(&self, name: &str) -> Result<Arc<TopicTable>, SubjectError> {
        let find = async { self.find_table(name).await.map(Arc::new) };
        self.tables
            .get_or_load(name.to_owned(), Instant::now(), find)
            .await
    }

    async fn find_table(&self, name: &str) -> Result<TopicTable, SubjectError> {
        let topics = self.topics().await?;
        let unknown = || SubjectError::Unknown {
            database: self.database.clone(),
            table: name.to_owned(),
        };
        let topic = pick(topics.iter().map(String::as_str), name, "topic")?.ok_or_else(unknown)?;
        let value = self.latest(format!("{topic}{VALUE}")).await?;
        let key = self.latest(format!("{topic}{KEY}")).await?;
        if value.is_none() && key.is_none() {
            return Err(unknown());
        }
        self.describe(topic, value.as_ref(), key.as_ref())
    }

    /// Table of `topic` as one version describes it: a [`TopicTable::schema_version_id`].
    pub async fn table_version(&self, topic: &str, version: &str) -> Result<Arc<TopicTable>, SubjectError> {
        // No topic has a blank in its name.
        let key = format!("{topic} {version}");
        let read = async {
            let [value, of_key] = ids(version);
            let value = self.of_id(value).await?;
            let of_key = self.of_id(of_key).await?;
            let table = self.describe(topic, value.as_deref(), of_key.as_deref())?;
            Ok(Arc::new(table))
        };
        self.tables.get_or_load(key, Instant::now(), read).await
    }

    async fn latest(&self, subject: String) -> Result<Option<SchemaDefinition>, SubjectError> {
        match self.schemas.latest(&subject).await {
            Ok(schema) => Ok(Some(schema)),
            Err(SchemaError::Registry(ConfluentError::NotFound)) => Ok(None),
            Err(source) => Err(SubjectError::Schema {
                what: format!("subject `{subject}`"),
                source,
            }),
        }
    }

    async fn of_id(&self, id: Option<u32>) -> Result<Option<Arc<SchemaDefinition>>, SubjectError> {
        let Some(id) = id else { return Ok(None) };
        let schema = self.schemas.schema(ConfluentId::Number(id)).await;
        schema.map(Some).map_err(|source| SubjectError::Schema {
            what: format!("schema {id} of the Confluent registry"),
            source,
        })
    }

    fn describe(
        &self,
        topic: &str,
        value: Option<&SchemaDefinition>,
        key: Option<&SchemaDefinition>,
    ) -> Result<TopicTable, SubjectError> {
        let table_error = |source| SubjectError::Table {
            topic: topic.to_owned(),
            source: Box::new(source),
        };
        let document =
            TopicDocument::of_registered(topic, &version(value, key), value, key).map_err(table_error)?;
        let warnings = document.warnings().iter();
        for warning in warnings.filter(|warning| warning.changes_column) {
            let (path, reason) = (&warning.path, &warning.text);
            tracing::warn!(topic, path, reason, "a column differs from its schema");
        }
        let table = document
            .into_table(&self.database, topic, &BTreeMap::new(), &self.defaults)
            .map_err(table_error)?;
        for warning in left_out_fields(&table) {
            let (path, reason) = (&warning.path, &warning.text);
            tracing::warn!(topic, path, reason, "a column differs from its schema");
        }
        Ok(table)
    }
}

/// Ids of the schemas that describe a table: `value:7,key:8`.
fn version(value: Option<&SchemaDefinition>, key: Option<&SchemaDefinition>) -> String {
    let sides = [("value", value), ("key", key)];
    let ids = sides
        .into_iter()
        .filter_map(|(side, schema)| Some(format!("{side}:{}", schema?.schema_version_id)));
    ids.collect::<Vec<_>>().join(",")
}

/// Ids of value and key in a [`version`].
fn ids(version: &str) -> [Option<u32>; 2] {
    ["value", "key"].map(|side| {
        let mut parts = version.split(',').filter_map(|part| part.split_once(':'));
        let (_, id) = parts.find(|(each, _)| *each == side)?;
        id.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(id: &str) -> SchemaDefinition {
        SchemaDefinition {
            registry_name: None,
            schema_version_id: id.into(),
            ..SchemaDefinition::default()
        }
    }

    #[test]
    fn a_version_names_the_schemas_of_both_sides() {
        let (value, key) = (schema("7"), schema("8"));
        for (value, key, text, wanted) in [
            (Some(&value), Some(&key), "value:7,key:8", [Some(7), Some(8)]),
            (Some(&value), None, "value:7", [Some(7), None]),
            (None, Some(&key), "key:8", [None, Some(8)]),
        ] {
            assert_eq!(version(value, key), text);
            assert_eq!(ids(text), wanted);
        }
    }
}
