//! Databases and tables of all sources: Glue's registries, a Confluent registry's subjects, topics without description.
//!
//! A database that the settings name takes precedence over a registry of its name. Each table is accompanied by
//! [those about its topic](SystemTable), unless a registry has a schema of such a name.

use std::sync::Arc;
use std::time::Instant;

use kafka::{Broker, Clusters};
use protocol::TableName;
use topic::TopicTable;

use crate::error::Error;
use crate::raw_topics::{RawDatabase, RawTopics};
use crate::registry::Page;
use crate::registry::catalog::{Catalog, CatalogError, MAX_NAMES, TableVersion};
use crate::registry::subjects::SubjectTables;
use crate::system_tables::SystemTable;
use crate::wait::within_registry;

/// Databases and tables for one request. Registries and brokers must respond before its deadline.
pub struct Tables<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) raw: &'a RawTopics,
    pub(crate) subjects: Option<&'a SubjectTables>,
    pub(crate) clusters: &'a Clusters,
    /// Whether tables about topics are listed.
    pub(crate) lists_system_tables: bool,
    pub(crate) deadline: Instant,
}

/// Table of a topic's records, or one about the topic.
#[derive(Debug)]
pub enum Found {
    Topic(Arc<TopicTable>),
    System(SystemTable, Arc<TopicTable>),
}

impl Tables<'_> {
    /// Names of all databases, of all sources.
    pub async fn databases(&self) -> Result<Vec<String>, Error> {
        let of_registries = within_registry(self.deadline, "databases".into(), self.catalog.schemas());
        let mut names = of_registries.await?;
        names.retain(|name| self.raw.database(name).is_none() && self.subjects(name).is_none());
        names.extend(self.raw.databases().iter().map(|raw| raw.name.clone()));
        names.extend(self.subjects.map(|subjects| subjects.database().to_owned()));
        Ok(names)
    }

    /// Tables of a database: all of them when neither page size nor token is given, else one page.
    pub async fn list(
        &self,
        database: &str,
        page_size: Option<u32>,
        next_token: Option<&str>,
    ) -> Result<Page<TableName>, Error> {
        if !self.lists_system_tables {
            return self.list_topic_tables(database, page_size, next_token).await;
        }
        let with_others = 1 + SystemTable::SUFFIXES.len();
        let page_size = page_size.map(|page_size| (page_size / with_others as u32).max(1));
        let page = self.list_topic_tables(database, page_size, next_token).await?;
        let items = page.items.into_iter().flat_map(|table| {
            let about = SystemTable::SUFFIXES.map(|(suffix, _)| TableName {
                table_name: format!("{}{suffix}", table.table_name),
                ..table.clone()
            });
            std::iter::once(table).chain(about)
        });
        Ok(Page {
            items: items.collect(),
            next_token: page.next_token,
        })
    }

    async fn list_topic_tables(
        &self,
        database: &str,
        page_size: Option<u32>,
        next_token: Option<&str>,
    ) -> Result<Page<TableName>, Error> {
        if let Some(raw) = self.raw.database(database) {
            let topics = self.raw.topics(raw, self.broker(raw)?, self.deadline).await?;
            let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
            return page_of(&raw.name, &topics, page_size, next_token);
        }
        if let Some(subjects) = self.subjects(database) {
            let topics = within_registry(self.deadline, "tables".into(), subjects.topics()).await?;
            let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
            return page_of(subjects.database(), &topics, page_size, next_token);
        }
        let tables = self.catalog.tables(database, page_size, next_token);
        within_registry(self.deadline, "tables".into(), tables).await
    }

    /// Finds a table of records or one about a topic, by its name in any case.
    pub async fn find(&self, name: &TableName) -> Result<Found, Error> {
        let Some((base, system)) = SystemTable::of_name(&name.table_name) else {
            return self.table(name).await.map(Found::Topic);
        };
        let base = TableName::new(&name.schema_name, base);
        // No topic's name has a dollar.
        if self.raw.database(&name.schema_name).is_some() || self.subjects(&name.schema_name).is_some() {
            return Ok(Found::System(system, self.table(&base).await?));
        }
        // A registered schema may be called so.
        let registered = self.catalog.table_if_any(name);
        match within_registry(self.deadline, format!("table `{name}`"), registered).await? {
            Some(table) => Ok(Found::Topic(table)),
            None => Ok(Found::System(system, self.table(&base).await?)),
        }
    }

    /// Finds a table of records by its name, in any case.
    pub async fn table(&self, name: &TableName) -> Result<Arc<TopicTable>, Error> {
        if let Some(raw) = self.raw.database(&name.schema_name) {
            let broker = self.broker(raw)?;
            let table = self
                .raw
                .table(raw, broker, &name.table_name, self.deadline)
                .await?;
            return Ok(Arc::new(table));
        }
        let wanted = format!("table `{name}`");
        if let Some(subjects) = self.subjects(&name.schema_name) {
            return within_registry(self.deadline, wanted, subjects.table(&name.table_name)).await;
        }
        within_registry(self.deadline, wanted, self.catalog.table(name)).await
    }

    /// Table `name`, as one version of a registered schema describes it.
    pub(crate) async fn version(
        &self,
        name: &TableName,
        version: &TableVersion,
    ) -> Result<Arc<TopicTable>, Error> {
        let wanted = format!("table `{name}`");
        if let Some(subjects) = self.subjects(&version.registry_name) {
            let table = subjects.table_version(&version.schema_name, &version.schema_version_id);
            return within_registry(self.deadline, wanted, table).await;
        }
        within_registry(self.deadline, wanted, self.catalog.table_version(version)).await
    }

    /// Tables of subjects, if `name` is their database, in any case.
    fn subjects(&self, name: &str) -> Option<&SubjectTables> {
        self.subjects
            .filter(|subjects| subjects.database().eq_ignore_ascii_case(name))
    }

    fn broker(&self, raw: &RawDatabase) -> Result<&dyn Broker, Error> {
        Ok(self.clusters.get(raw.cluster.as_deref())?.as_ref())
    }
}

/// Page of the tables of `database`, which are named as `topics` are. `topics` is sorted, and a token is the last name
/// of the page before.
fn page_of(
    database: &str,
    topics: &[&str],
    page_size: Option<u32>,
    next_token: Option<&str>,
) -> Result<Page<TableName>, Error> {
    let page_size = match page_size {
        Some(page_size) => usize::try_from(page_size.max(1)).unwrap_or(MAX_NAMES),
        None if topics.len() > MAX_NAMES => return Err(CatalogError::TooManyNames { kind: "tables" }.into()),
        None => MAX_NAMES,
    };
    let begin = topics.partition_point(|topic| next_token.is_some_and(|token| *topic <= token));
    let (page, rest) = topics[begin..].split_at(page_size.min(topics.len() - begin));
    Ok(Page {
        items: page
            .iter()
            .map(|topic| TableName::new(database, *topic))
            .collect(),
        next_token: page
            .last()
            .filter(|_| !rest.is_empty())
            .map(|topic| (*topic).to_owned()),
    })
}
