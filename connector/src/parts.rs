//! Dependencies of the calls, as seams that tests can replace.

use std::sync::Arc;
use std::time::Instant;

use kafka::Clusters;
use kafka::auth::credentials::CredentialStore;
use spill::BlockStore;
use tokio::sync::OnceCell;
use topic::TableDefaults;

use crate::config::Config;
use crate::query_status::QueryStatus;
use crate::raw_topics::RawTopics;
use crate::registry::SchemaRegistry;
use crate::registry::catalog::Catalog;
use crate::registry::confluent::ConfluentRegistry;
use crate::registry::confluent::schemas::ConfluentSchemas;
use crate::registry::subjects::SubjectTables;
use crate::registry::writer_schemas::WriterSchemaSources;
use crate::spill_keys::{LocalSpillKeys, SpillKeys};
use crate::tables::Tables;

/// Dependencies of the calls.
pub struct Parts {
    pub config: Config,
    pub catalog: Catalog,
    pub raw_topics: RawTopics,
    /// `None` if no setting names a database of them.
    pub subjects: Option<SubjectTables>,
    pub writer_schemas: Arc<WriterSchemaSources>,
    pub clusters: Clusters,
    pub blocks: Arc<dyn BlockStore>,
    pub spill_keys: Arc<dyn SpillKeys>,
    /// Completed when the bucket of the settings has been found.
    pub(crate) spill_bucket_check: OnceCell<()>,
    pub query_status: Arc<dyn QueryStatus>,
}

impl Parts {
    pub fn new(
        config: Config,
        registry: Arc<dyn SchemaRegistry>,
        clusters: Clusters,
        blocks: Arc<dyn BlockStore>,
        query_status: Arc<dyn QueryStatus>,
    ) -> Self {
        let defaults = TableDefaults {
            metadata_columns: config.metadata_columns,
            cluster: None,
        };
        let catalog = Catalog::new(registry, config.schema_cache)
            .with_defaults(defaults)
            .with_named_clusters(!config.named_clusters.is_empty())
            .with_named_registries(config.glue_registries.clone());
        let confluent = config.schema_registry_url.clone().map(ConfluentRegistry::new);
        let mut parts = Self {
            writer_schemas: Arc::new(WriterSchemaSources::new(catalog.versions(), None)),
            subjects: None,
            raw_topics: RawTopics::new(config.raw_databases.clone(), config.schema_cache),
            config,
            catalog,
            clusters,
            blocks,
            spill_keys: Arc::new(LocalSpillKeys),
            spill_bucket_check: OnceCell::new(),
            query_status,
        };
        parts.set_confluent(confluent);
        parts
    }

    fn set_confluent(&mut self, registry: Option<ConfluentRegistry>) {
        let schemas = registry.map(|registry| Arc::new(ConfluentSchemas::new(registry)));
        let config = &self.config;
        self.subjects = config
            .confluent_database
            .clone()
            .zip(schemas.clone())
            .map(|(database, schemas)| {
                let defaults = TableDefaults {
                    metadata_columns: config.metadata_columns,
                    cluster: None,
                };
                SubjectTables::new(database, schemas, config.schema_cache, defaults)
            });
        self.writer_schemas = Arc::new(WriterSchemaSources::new(self.catalog.versions(), schemas));
    }

    /// Uses the credentials of the Confluent registry's secret, if the settings name one.
    pub fn with_registry_credentials(mut self, credentials: Arc<dyn CredentialStore>) -> Self {
        let url = self.config.schema_registry_url.clone();
        if let Some((url, id)) = url.zip(self.config.schema_registry_secret.clone()) {
            self.set_confluent(Some(ConfluentRegistry::new(url).with_secret(credentials, id)));
        }
        self
    }

    /// All databases and tables, for a request that must be answered by `deadline`.
    pub fn tables(&self, deadline: Instant) -> Tables<'_> {
        Tables {
            catalog: &self.catalog,
            raw: &self.raw_topics,
            subjects: self.subjects.as_ref(),
            clusters: &self.clusters,
            lists_system_tables: self.config.list_system_tables,
            deadline,
        }
    }

    /// Replaces the source of keys for spilled blocks; the default generates them in this process.
    pub fn with_spill_keys(self, spill_keys: Arc<dyn SpillKeys>) -> Self {
        Self { spill_keys, ..self }
    }
}
