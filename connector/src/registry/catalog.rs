//! Athena's view of the registries: databases, tables, and the topic of a table.
//!
//! **Marker.** A registry is a database if its description contains `{AthenaFederationMSK}` or
//! `{AthenaFederationKafka}`. The marker decides what is *listed*; it is not access control. As with the Java
//! connector, a user who knows the exact names of an unmarked registry and its schema can query them.
//! Permissions on Glue prevent that.
//!
//! **Named registries.** If the settings name registries, these are the databases, marked or not, and no others;
//! the list of all registries is not requested.
//!
//! **Names.** Athena lower-cases identifiers; Glue's names are case-sensitive. A table is looked up by its
//! exact names first; only if those do not exist, the marked registries, then the schemas of the one found,
//! are searched without regard to case. A name that matches two of them is an error that names both.
//!
//! **Versions.** A query is planned with the latest version of a schema. Splits are read with the version
//! that they were planned with. The schemas that it [imports](super::imports) are read in
//! their latest version.
//!
//! **Cache.** A table is kept for a fixed time in the container that read it, by name and by version. A new
//! schema version is seen after that time, and so is one of a schema that a document refers to; failures are
//! not cached. The absence of a name that is hardly ever registered is ([`Catalog::table_if_any`]). The text of a
//! version is kept without time limit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::TableName;
use topic::document::{columns_without_part, left_out_fields};
use topic::{DocumentError, SchemaDefinition, SchemaReference, TableDefaults, TopicDocument, TopicTable};

use crate::expiring_cache::ExpiringCache;
use crate::names::{AmbiguousName, pick};
use crate::registry::imports::with_imports;
use crate::registry::named::NamedRegistries;
use crate::registry::schema_versions::SchemaVersions;
use crate::registry::{MAX_PAGE_SIZE, Page, Registry, RegistryError, SchemaRegistry};

/// Markers that make a registry a database of Athena, anywhere in its description, case-sensitive.
pub const MARKERS: [&str; 2] = ["{AthenaFederationMSK}", "{AthenaFederationKafka}"];

/// Marker in a registry's description that names the Kafka cluster of its topics among `kafka_clusters`. Ends
/// with `}`.
pub const CLUSTER_MARKER: &str = "{KafkaCluster:";

/// Maximum number of names that an unpaged listing returns.
pub const MAX_NAMES: usize = 100_000;

/// Databases and tables over a [`SchemaRegistry`].
pub struct Catalog {
    registry: Arc<dyn SchemaRegistry>,
    versions: Arc<SchemaVersions>,
    defaults: TableDefaults,
    has_named_clusters: bool,
    named: Option<NamedRegistries>,
    tables: ExpiringCache<TableKey, Arc<TopicTable>>,
    /// Tables of names that may have none.
    optional: ExpiringCache<TableName, Option<Arc<TopicTable>>>,
}

/// Version of a table, with the registry's own names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableVersion {
    pub registry_name: String,
    pub schema_name: String,
    pub schema_version_id: String,
}

/// Cache key of a table.
#[derive(Clone, PartialEq, Eq, Hash)]
enum TableKey {
    Latest(TableName),
    Version(TableVersion),
}

impl Catalog {
    /// Creates a catalog that caches tables for `cache_for`; zero disables the cache.
    pub fn new(registry: Arc<dyn SchemaRegistry>, cache_for: Duration) -> Self {
        Self {
            versions: Arc::new(SchemaVersions::new(Arc::clone(&registry))),
            registry,
            defaults: TableDefaults::default(),
            has_named_clusters: false,
            named: None,
            tables: ExpiringCache::new(cache_for),
            optional: ExpiringCache::new(cache_for),
        }
    }

    /// Sets the registries that are databases, in place of those with a marker.
    #[must_use]
    pub fn with_named_registries(self, named: Option<NamedRegistries>) -> Self {
        Self { named, ..self }
    }

    /// Sets the defaults of all tables.
    #[must_use]
    pub fn with_defaults(self, defaults: TableDefaults) -> Self {
        Self { defaults, ..self }
    }

    /// Sets whether registries may name a Kafka cluster, which costs one more call for each table.
    #[must_use]
    pub fn with_named_clusters(self, has_named_clusters: bool) -> Self {
        Self {
            has_named_clusters,
            ..self
        }
    }

    /// Schema versions by id, as cached by this catalog.
    pub fn versions(&self) -> Arc<SchemaVersions> {
        Arc::clone(&self.versions)
    }

    /// Whether the settings name the registries that are databases.
    pub fn names_registries(&self) -> bool {
        self.named.is_some()
    }

    /// Whether the registry is a database.
    pub fn is_database(&self, registry: &Registry) -> bool {
        match &self.named {
            Some(named) => named.names().any(|name| name == registry.name),
            None => is_marked(registry),
        }
    }

    /// Names of all marked registries, in the registry's order; or of those that are named.
    pub async fn schemas(&self) -> Result<Vec<String>, CatalogError> {
        if let Some(named) = &self.named {
            return Ok(named.names().map(str::to_owned).collect());
        }
        let marked = self.registries_that(is_marked).await?;
        Ok(marked.into_iter().map(|registry| registry.name).collect())
    }

    /// All registries, [marked](is_marked) or not, in the registry's order; or those that are named.
    pub async fn registries(&self) -> Result<Vec<Registry>, CatalogError> {
        if let Some(named) = &self.named {
            let mut registries = Vec::new();
            for name in named.names() {
                registries.push(self.registry.registry(self.id_of(name)).await?);
            }
            return Ok(registries);
        }
        self.registries_that(|_| true).await
    }

    async fn registries_that(&self, wanted: fn(&Registry) -> bool) -> Result<Vec<Registry>, CatalogError> {
        let mut registries = Vec::new();
        let mut token = None;
        loop {
            let page = self.registry.list_registries(token.as_deref()).await?;
            registries.extend(page.items.into_iter().filter(wanted));
            limit(registries.len(), "registries")?;
            match page.next_token {
                None => return Ok(registries),
                next => token = next,
            }
        }
    }

    /// Tables of the database `schema`, in the registry's order and original case: all of them if neither
    /// page size nor token is given, else one page of the registry's, of at most [`MAX_PAGE_SIZE`].
    pub async fn tables(
        &self,
        schema: &str,
        page_size: Option<u32>,
        next_token: Option<&str>,
    ) -> Result<Page<TableName>, CatalogError> {
        let registry = self.marked_registry(schema).await?;
        let page = match (page_size, next_token) {
            (None, None) => Page {
                items: self.all_schemas(&registry).await?,
                next_token: None,
            },
            (page_size, token) => {
                let page_size = page_size.unwrap_or(MAX_PAGE_SIZE).clamp(1, MAX_PAGE_SIZE);
                {
                    let id = self.id_of(&registry);
                    self.registry.list_schemas(id, page_size, token).await?
                }
            }
        };
        let table = |name| TableName {
            schema_name: registry.clone(),
            table_name: name,
        };
        Ok(Page {
            items: page.items.into_iter().map(table).collect(),
            next_token: page.next_token,
        })
    }

    /// Topic of the table `name`, described by the latest version of its schema, or by a version that was the
    /// latest within the cache's time.
    pub async fn table(&self, name: &TableName) -> Result<Arc<TopicTable>, CatalogError> {
        self.table_at(name, Instant::now()).await
    }

    /// Table as of [`table`](Self::table); `None` if no table has the name, or none that this function may read. Both are
    /// kept for the cache's time.
    pub async fn table_if_any(&self, name: &TableName) -> Result<Option<Arc<TopicTable>>, CatalogError> {
        self.table_if_any_at(name, Instant::now()).await
    }

    async fn table_if_any_at(
        &self,
        name: &TableName,
        now: Instant,
    ) -> Result<Option<Arc<TopicTable>>, CatalogError> {
        let find = async {
            match self.find_table(name).await {
                Err(error) if error.is_absence() => Ok(None),
                found => found.map(Arc::new).map(Some),
            }
        };
        self.optional.get_or_load(name.clone(), now, find).await
    }

    /// Table of one schema version.
    pub async fn table_version(&self, version: &TableVersion) -> Result<Arc<TopicTable>, CatalogError> {
        let key = TableKey::Version(version.clone());
        let read = async { self.read_version(version).await.map(Arc::new) };
        self.tables.get_or_load(key, Instant::now(), read).await
    }

    async fn table_at(&self, name: &TableName, now: Instant) -> Result<Arc<TopicTable>, CatalogError> {
        let key = TableKey::Latest(name.clone());
        let find = async { self.find_table(name).await.map(Arc::new) };
        self.tables.get_or_load(key, now, find).await
    }

    async fn read_version(&self, version: &TableVersion) -> Result<TopicTable, CatalogError> {
        let definition = self.versions.version(&version.schema_version_id).await?;
        self.describe(&version.registry_name, &version.schema_name, &definition)
            .await
    }

    async fn find_table(&self, name: &TableName) -> Result<TopicTable, CatalogError> {
        // Only names outside the settings would have to be looked for.
        let schema_name = match &self.named {
            Some(_) => self.marked_registry(&name.schema_name).await?,
            None => name.schema_name.clone(),
        };
        match self.read_table(&schema_name, &name.table_name).await {
            Err(CatalogError::Registry(error)) if may_be_another_case(&error) => {
                self.find_table_ignoring_case(name, error).await
            }
            found => found,
        }
    }

    /// Searches for the table without regard to case. `exact` is the result for the exact name, which is
    /// returned if no other name matches.
    async fn find_table_ignoring_case(
        &self,
        name: &TableName,
        exact: RegistryError,
    ) -> Result<TopicTable, CatalogError> {
        let registries = self.schemas().await?;
        let registry = pick(texts(&registries), &name.schema_name, "registry")?;
        let Some(registry) = registry else {
            return Err(not_found(name, exact));
        };
        let schemas = self.all_schemas(registry).await?;
        match pick(texts(&schemas), &name.table_name, "schema")? {
            Some(schema) if registry != name.schema_name || schema != name.table_name => {
                self.read_table(registry, schema).await
            }
            _ => Err(not_found(name, exact)),
        }
    }

    async fn read_table(&self, registry: &str, schema: &str) -> Result<TopicTable, CatalogError> {
        let definition = self.latest(registry, schema).await?;
        self.describe(registry, schema, &definition).await
    }

    /// Latest version of a schema, with the schemas that it imports.
    async fn latest(&self, registry: &str, schema: &str) -> Result<SchemaDefinition, RegistryError> {
        let id = self.id_of(registry);
        let definition = self.registry.latest_schema(id, schema).await?;
        with_imports(self.registry.as_ref(), Some(id), definition).await
    }

    /// Table that `definition` describes, together with the schemas that it refers to.
    async fn describe(
        &self,
        registry: &str,
        schema: &str,
        definition: &SchemaDefinition,
    ) -> Result<TopicTable, CatalogError> {
        let table_error = |source: DocumentError| CatalogError::Table {
            registry: registry.to_owned(),
            schema: schema.to_owned(),
            source: Box::new(source),
        };
        let warn = |path: &str, reason: &str| {
            tracing::warn!(
                registry,
                schema,
                path,
                reason,
                "a column differs from its document"
            );
        };
        let document = TopicDocument::parse(schema, definition).map_err(table_error)?;
        for warning in document
            .warnings()
            .iter()
            .filter(|warning| warning.changes_column)
        {
            warn(&warning.path, &warning.text);
        }
        let references = self.references(registry, document.references()).await;
        let references = references.map_err(|source| CatalogError::Reference {
            registry: registry.to_owned(),
            schema: schema.to_owned(),
            source,
        })?;
        let defaults = TableDefaults {
            cluster: self.cluster_of(registry).await?,
            ..self.defaults.clone()
        };
        let table = document
            .into_table(registry, schema, &references, &defaults)
            .map_err(table_error)?;
        for column in columns_without_part(&table) {
            let reason = "its mapping matches no field in the latest version of the registered schema";
            warn(column, reason);
        }
        for warning in left_out_fields(&table) {
            warn(&warning.path, &warning.text);
        }
        Ok(table)
    }

    async fn cluster_of(&self, registry: &str) -> Result<Option<String>, CatalogError> {
        if !self.has_named_clusters {
            return Ok(None);
        }
        let registry = self.registry.registry(self.id_of(registry)).await?;
        Ok(cluster_name(&registry.description))
    }

    /// Latest versions of `references`, in `registry` unless they name another.
    async fn references(
        &self,
        registry: &str,
        references: Vec<SchemaReference>,
    ) -> Result<BTreeMap<SchemaReference, SchemaDefinition>, RegistryError> {
        let mut definitions = BTreeMap::new();
        for reference in references {
            let registry = reference.registry_name.as_deref().unwrap_or(registry);
            let latest = self.latest(registry, &reference.schema_name).await?;
            definitions.insert(reference, latest);
        }
        Ok(definitions)
    }

    /// Original name of the marked registry `name`, exact match first. A policy that does not allow
    /// `GetRegistry` only costs a listing.
    async fn marked_registry(&self, name: &str) -> Result<String, CatalogError> {
        if let Some(named) = &self.named {
            let found = pick(named.names(), name, "registry")?;
            return found.map(str::to_owned).ok_or_else(|| CatalogError::NotNamed {
                name: name.to_owned(),
                named: named.to_string(),
            });
        }
        match self.registry.registry(name).await {
            Ok(registry) if is_marked(&registry) => return Ok(registry.name),
            Ok(_) => {}
            Err(error) if may_be_another_case(&error) => {}
            Err(error) => return Err(error.into()),
        }
        let registries = self.schemas().await?;
        let found = pick(texts(&registries), name, "registry")?;
        found
            .map(str::to_owned)
            .ok_or_else(|| CatalogError::UnknownSchema {
                name: name.to_owned(),
            })
    }

    async fn all_schemas(&self, registry: &str) -> Result<Vec<String>, CatalogError> {
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let page = self
                .registry
                .list_schemas(self.id_of(registry), MAX_PAGE_SIZE, token.as_deref())
                .await?;
            names.extend(page.items);
            limit(names.len(), "tables")?;
            match page.next_token {
                None => return Ok(names),
                next => token = next,
            }
        }
    }

    /// Name of `registry` for requests to the service, or its ARN if the settings have one.
    fn id_of<'a>(&'a self, registry: &'a str) -> &'a str {
        let named = self.named.as_ref().and_then(|named| named.id_of(registry));
        named.unwrap_or(registry)
    }
}

/// Error of a database or a table.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error("no registry `{name}` has {} or {} in its description", MARKERS[0], MARKERS[1])]
    UnknownSchema { name: String },
    #[error("there is no database `{name}`: glue_registries names {named}")]
    NotNamed { name: String, named: String },
    #[error("table `{name}` does not exist: no schema registry and schema of these names, in any case")]
    UnknownTable { name: TableName },
    #[error(transparent)]
    Ambiguous(#[from] AmbiguousName),
    #[error("more than {MAX_NAMES} {kind}: request pages")]
    TooManyNames { kind: &'static str },
    #[error("schema `{schema}` in registry `{registry}` refers to another: {source}")]
    Reference {
        registry: String,
        schema: String,
        source: RegistryError,
    },
    #[error("schema `{schema}` in registry `{registry}` does not describe a readable topic: {source}")]
    Table {
        registry: String,
        schema: String,
        /// Boxed, because it would make every result of the crate large.
        source: Box<DocumentError>,
    },
}

impl CatalogError {
    /// Whether no table has the name, or none that this function may read.
    fn is_absence(&self) -> bool {
        match self {
            Self::UnknownTable { .. } => true,
            Self::Registry(error) => may_be_another_case(error),
            _ => false,
        }
    }

    /// Kind of failure, see [`crate::error::Error::kind`].
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Registry(error) | Self::Reference { source: error, .. } => match error {
                RegistryError::NotFound { .. } => "table",
                RegistryError::Throttled { .. } => "throttled",
                RegistryError::AccessDenied { .. }
                | RegistryError::Unreachable { .. }
                | RegistryError::Failed { .. } => "registry",
            },
            Self::UnknownSchema { .. }
            | Self::NotNamed { .. }
            | Self::UnknownTable { .. }
            | Self::Ambiguous(_)
            | Self::TooManyNames { .. }
            | Self::Table { .. } => "table",
        }
    }
}

/// Whether one of [`MARKERS`] makes the registry a database.
pub fn is_marked(registry: &Registry) -> bool {
    MARKERS.iter().any(|marker| registry.description.contains(marker))
}

fn cluster_name(description: &str) -> Option<String> {
    let (_, rest) = description.split_once(CLUSTER_MARKER)?;
    let (name, _) = rest.split_once('}')?;
    Some(name.trim().to_owned())
}

/// Whether the name may exist in another case. IAM reports "denied" instead of "not found" for a name outside
/// a policy's resources, so a denial counts, too. Throttling or an invalid document do not.
fn may_be_another_case(error: &RegistryError) -> bool {
    matches!(
        error,
        RegistryError::NotFound { .. } | RegistryError::AccessDenied { .. }
    )
}

fn not_found(name: &TableName, exact: RegistryError) -> CatalogError {
    match exact {
        RegistryError::NotFound { .. } => CatalogError::UnknownTable { name: name.clone() },
        denied => denied.into(),
    }
}

fn texts(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(String::as_str)
}

fn limit(names: usize, kind: &'static str) -> Result<(), CatalogError> {
    if names > MAX_NAMES {
        Err(CatalogError::TooManyNames { kind })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
