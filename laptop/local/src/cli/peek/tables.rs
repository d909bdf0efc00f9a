//! Which registered table is over a topic.

use std::sync::Arc;

use connector::registry::catalog::{Catalog, CatalogError};
use protocol::TableName;
use topic::TopicTable;

/// Tables whose schemas are read, in search of the topic: each is a call to Glue.
const MAX_READ: usize = 200;

/// The first table of the marked registries that is over `topic`, those of the topic's name before others. A schema that makes no
/// table is passed over, and so is a table of a named cluster.
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
            Err(error) => tracing::debug!(%name, %error, "passed over in search of a topic's table"),
        }
    }
    Ok(None)
}
