//! Subjects of a Confluent registry as tables, without a document.
//!
//! A topic is a table if the registry has a schema of its values or of its keys: the subjects `<topic>-value` and
//! `<topic>-key`, as [`TopicNameStrategy`](https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html)
//! names them. The latest versions describe it; a split is read with the versions of its query's plan.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use topic::document::left_out_fields;
use topic::{DocumentError, SchemaDefinition, TableDefaults, TopicDocument, TopicTable};

use crate::names::{AmbiguousName, pick};
use crate::registry::confluent::ConfluentError;
use crate::registry::confluent::schemas::{ConfluentId, ConfluentSchemas, SchemaError};

/// Tables of one Confluent registry.
pub struct SubjectTables {
    database: String,
    schemas: Arc<ConfluentSchemas>,
    cache_for: Duration,
    defaults: TableDefaults,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    topics: Option<(Instant, Arc<BTreeSet<String>>)>,
    /// Tables by the requested name, or by topic and version.
    tables: HashMap<String, (Instant, Arc<TopicTable>)>,
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
            cache_for,
            defaults,
            kept: Mutex::default(),
        }
    }

    pub fn database(&self) -> &str {
        &self.database
    }

    /// Names of the topics that are tables, sorted.
    pub async fn topics(&self) -> Result<Arc<BTreeSet<String>>, SubjectError> {
        let now = Instant::now();
        if let Some((expires, topics)) = &self.kept().topics
            && now < *expires
        {
            return Ok(Arc::clone(topics));
        }
        let subjects = self.schemas.subjects().await.map_err(SubjectError::List)?;
        let topic = |subject: &String| {
            let topic = subject
                .strip_suffix(VALUE)
                .or_else(|| subject.strip_suffix(KEY))?;
            (!topic.is_empty()).then(|| topic.to_owned())
        };
        let topics: Arc<BTreeSet<String>> = Arc::new(subjects.iter().filter_map(topic).collect());
        self.kept().topics = Some((now + self.cache_for, Arc::clone(&topics)));
        Ok(topics)
    }

    /// Finds a table by its name, in any case, as the latest versions describe it.
    pub async fn table(&self, name: &str) -> Result<Arc<TopicTable>, SubjectError> {
        let now = Instant::now();
        if let Some(table) = self.kept_table(name, now) {
            return Ok(table);
        }
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
        let table = self.describe(topic, value.as_ref(), key.as_ref())?;
        Ok(self.keep(name.to_owned(), table, now))
    }

    /// Table of `topic` as one version describes it: a [`TopicTable::schema_version_id`].
    pub async fn table_version(&self, topic: &str, version: &str) -> Result<Arc<TopicTable>, SubjectError> {
        let now = Instant::now();
        // No topic has a blank in its name.
        let key = format!("{topic} {version}");
        if let Some(table) = self.kept_table(&key, now) {
            return Ok(table);
        }
        let [value, of_key] = ids(version);
        let value = self.of_id(value).await?;
        let of_key = self.of_id(of_key).await?;
        let table = self.describe(topic, value.as_deref(), of_key.as_deref())?;
        Ok(self.keep(key, table, now))
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

    fn kept_table(&self, key: &str, now: Instant) -> Option<Arc<TopicTable>> {
        let kept = self.kept();
        let (_, table) = kept.tables.get(key).filter(|(expires, _)| now < *expires)?;
        Some(Arc::clone(table))
    }

    /// Caches a table, and drops expired ones.
    fn keep(&self, key: String, table: TopicTable, now: Instant) -> Arc<TopicTable> {
        let table = Arc::new(table);
        let mut kept = self.kept();
        kept.tables.retain(|_, (expires, _)| now < *expires);
        kept.tables
            .insert(key, (now + self.cache_for, Arc::clone(&table)));
        table
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
