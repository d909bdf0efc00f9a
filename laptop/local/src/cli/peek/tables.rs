//! Search for the registered table of a topic.

use std::sync::Arc;

use connector::registry::catalog::{Catalog, CatalogError};
use protocol::TableName;
use topic::TopicTable;

/// Maximum number of schemas that are read in the search: each takes a call to Glue.
const MAX_READ: usize = 200;

/// First table of `topic` in the marked registries; tables with the topic's name are tried first. Skips invalid schemas
/// and tables of named clusters.
pub(super) async fn find_table(
    catalog: &Catalog,
    topic: &str,
) -> Result<Option<(TableName, Arc<TopicTable>)>, CatalogError> {
    let mut names = Vec::new();
    for registry in catalog.schemas().await? {
        names.extend(catalog.tables(&registry, None, None).await?.items);
    }
    names.sort_by_key(|name| !name.table_name.eq_ignore_ascii_case(topic));
    for name in names.into_iter().take(MAX_READ) {
        match catalog.table(&name).await {
            Ok(table) if table.topic == topic && table.cluster.is_none() => return Ok(Some((name, table))),
            Ok(_) => {}
            Err(error) => tracing::debug!(%name, %error, "skipped in the search for a topic's table"),
        }
    }
    Ok(None)
}
