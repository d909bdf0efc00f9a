//! Tables of other catalogs than the connector's, in memory: what stands for a data lake beside Kafka.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider,
};
use datafusion::common::Result;
use datafusion::datasource::MemTable;

use crate::names::lower_case;

/// Where a table is.
#[derive(Debug, Clone, Copy)]
pub struct LakeTable<'a> {
    pub catalog: &'a str,
    pub database: &'a str,
    pub table: &'a str,
}

impl LakeTable<'_> {
    /// Makes these rows all that the table has.
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
