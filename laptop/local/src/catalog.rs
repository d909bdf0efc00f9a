//! Connector as a DataFusion catalog: nothing is listed or cached, each table is looked up when a query names
//! it.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::Result;
use protocol::TableName;

use crate::error::external;
use crate::federation::Federation;
use crate::information_schema::{self, InformationSchema};
use crate::names::lower_case;
use crate::saved::SavedTables;
use crate::table::FederationTable;

/// All schemas of a connector. Any name is accepted; the connector reports a missing schema when one of its
/// tables is requested.
pub(crate) struct FederationCatalog {
    federation: Arc<Federation>,
    /// Tables that statements have made beside the connector's.
    saved: Arc<SavedTables>,
}

impl FederationCatalog {
    pub(crate) fn new(federation: Arc<Federation>, saved: Arc<SavedTables>) -> Self {
        Self { federation, saved }
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
        if name == information_schema::NAME {
            return Some(Arc::new(InformationSchema::new(
                Arc::clone(&self.federation),
                Arc::clone(&self.saved),
            )));
        }
        Some(Arc::new(FederationSchema {
            federation: Arc::clone(&self.federation),
            saved: Arc::clone(&self.saved),
            name: name.to_owned(),
        }))
    }
}

/// Schema of a connector.
struct FederationSchema {
    federation: Arc<Federation>,
    saved: Arc<SavedTables>,
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
        let catalog = lower_case(self.federation.catalog_name());
        if let Some(saved) = self.saved.get(&[catalog, self.name.clone(), name.to_owned()]) {
            return Ok(Some(saved));
        }
        let table = self.federation.table(TableName::new(&self.name, name)).await;
        let table = table.and_then(|table| FederationTable::try_new(Arc::clone(&self.federation), table));
        Ok(Some(Arc::new(table.map_err(external)?)))
    }

    fn table_exist(&self, _name: &str) -> bool {
        true
    }
}
