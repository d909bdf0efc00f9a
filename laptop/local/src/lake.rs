//! Tables of other catalogs than the connector's, in memory: the stand-in for a data lake.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider,
};
use datafusion::common::Result;
use datafusion::datasource::MemTable;

use crate::names::lower_case;

/// Name of a table in a catalog.
#[derive(Debug, Clone, Copy)]
pub struct LakeTable<'a> {
    pub catalog: &'a str,
    pub database: &'a str,
    pub table: &'a str,
}

impl LakeTable<'_> {
    /// Replaces the rows of the table.
    pub(crate) fn put(
        &self,
        catalogs: &dyn CatalogProviderList,
        schema: SchemaRef,
        rows: Vec<RecordBatch>,
    ) -> Result<()> {
        let [catalog, database, table] = [self.catalog, self.database, self.table].map(lower_case);
        let catalog = catalogs.catalog(&catalog).unwrap_or_else(|| {
            let made: Arc<dyn CatalogProvider> = Arc::new(MemoryCatalogProvider::new());
            catalogs.register_catalog(catalog, Arc::clone(&made));
            made
        });
        let database = match catalog.schema(&database) {
            Some(database) => database,
            None => {
                let made: Arc<dyn SchemaProvider> = Arc::new(MemorySchemaProvider::new());
                catalog.register_schema(&database, Arc::clone(&made))?;
                made
            }
        };
        database.deregister_table(&table)?;
        database.register_table(table, Arc::new(MemTable::try_new(schema, vec![rows])?))?;
        Ok(())
    }
}
