//! Dependencies of the calls, as seams that tests can replace.

use std::sync::Arc;

use kafka::Clusters;
use spill::BlockStore;
use tokio::sync::OnceCell;
use topic::TableDefaults;

use crate::config::Config;
use crate::query_status::QueryStatus;
use crate::registry::SchemaRegistry;
use crate::registry::catalog::Catalog;
use crate::registry::confluent::ConfluentRegistry;
use crate::registry::writer_schemas::WriterSchemaSources;
use crate::spill_keys::{LocalSpillKeys, SpillKeys};

/// Dependencies of the calls.
pub struct Parts {
    pub config: Config,
    pub catalog: Catalog,
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
            .with_named_clusters(!config.named_clusters.is_empty());
        let confluent = config.schema_registry_url.clone().map(ConfluentRegistry::new);
        Self {
            writer_schemas: Arc::new(WriterSchemaSources::new(catalog.versions(), confluent)),
            config,
            catalog,
            clusters,
            blocks,
            spill_keys: Arc::new(LocalSpillKeys),
            spill_bucket_check: OnceCell::new(),
            query_status,
        }
    }

    /// Replaces the source of keys for spilled blocks; the default generates them in this process.
    pub fn with_spill_keys(self, spill_keys: Arc<dyn SpillKeys>) -> Self {
        Self { spill_keys, ..self }
    }
}
