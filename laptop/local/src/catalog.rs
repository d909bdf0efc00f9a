//! Connector as a DataFusion catalog: nothing is listed or cached, each table is looked up when a query names
//! it.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::Result;
use protocol::TableName;

use crate::error::external;
use crate::federation::Federation;
use crate::table::FederationTable;

/// All schemas of a connector. Any name is accepted; the connector reports a missing schema when one of its
/// tables is requested.
pub(crate) struct FederationCatalog {
    federation: Arc<Federation>,
}

impl FederationCatalog {
    pub(crate) fn new(federation: Arc<Federation>) -> Self {
        Self { federation }
    }
}

impl std::fmt::Debug for FederationCatalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FederationCatalog")
            .field("name", &self.federation.catalog_name())
            .finish()
    }
}

impl CatalogProvider for FederationCatalog {
    fn schema_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        Some(Arc::new(FederationSchema {
            federation: Arc::clone(&self.federation),
            name: name.to_owned(),
        }))
    }
}

/// Schema of a connector.
struct FederationSchema {
    federation: Arc<Federation>,
    name: String,
}

impl std::fmt::Debug for FederationSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FederationSchema")
            .field("name", &self.name)
            .finish()
    }
}

#[async_trait]
impl SchemaProvider for FederationSchema {
    fn table_names(&self) -> Vec<String> {
        Vec::new()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let table = self.federation.table(TableName::new(&self.name, name)).await;
        let table = table.and_then(|table| FederationTable::try_new(Arc::clone(&self.federation), table));
        Ok(Some(Arc::new(table.map_err(external)?)))
    }

    fn table_exist(&self, _name: &str) -> bool {
        true
    }
}
