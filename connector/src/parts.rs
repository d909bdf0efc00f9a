//! What the calls work with, behind the seams that tests put others in place of.

use std::sync::Arc;
use std::time::Instant;

use kafka::Clusters;
use spill::BlockStore;
use tokio::sync::OnceCell;
use topic::TableDefaults;

use crate::config::Config;
use crate::query_status::QueryStatus;
use crate::raw_topics::RawTopics;
use crate::registry::SchemaRegistry;
use crate::registry::catalog::Catalog;
use crate::registry::confluent::ConfluentRegistry;
use crate::registry::writer_schemas::WriterSchemaSources;
use crate::spill_keys::{LocalSpillKeys, SpillKeys};
use crate::tables::Tables;

/// What the calls work with.
pub struct Parts {
    pub config: Config,
    pub catalog: Catalog,
    pub raw_topics: RawTopics,
    pub writer_schemas: Arc<WriterSchemaSources>,
    pub clusters: Clusters,
    pub blocks: Arc<dyn BlockStore>,
    pub spill_keys: Arc<dyn SpillKeys>,
    /// Done once the bucket of the settings is known to be there.
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
        Self {
            writer_schemas: Arc::new(WriterSchemaSources::new(catalog.versions(), confluent)),
            raw_topics: RawTopics::new(config.raw_databases.clone(), config.schema_cache),
            config,
            catalog,
            clusters,
            blocks,
            spill_keys: Arc::new(LocalSpillKeys),
            spill_bucket_check: OnceCell::new(),
            query_status,
        }
    }

    /// All databases and tables, for a request that must be answered by `deadline`.
    pub fn tables(&self, deadline: Instant) -> Tables<'_> {
        Tables {
            catalog: &self.catalog,
            raw: &self.raw_topics,
            clusters: &self.clusters,
            lists_system_tables: self.config.list_system_tables,
            deadline,
        }
    }

    /// Replaces the keys that this process makes for what is spilled.
    pub fn with_spill_keys(self, spill_keys: Arc<dyn SpillKeys>) -> Self {
        Self { spill_keys, ..self }
    }
}
