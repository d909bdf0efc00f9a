//! Everything about one connector.

use std::sync::Arc;

use spill::BlockStore;

use crate::ask::Ask;
use crate::client::{Client, Options};
use crate::names;
use crate::report::Report;
use crate::table::verify_table;

/// Makes the calls that Athena makes, and reports what breaks the protocol or loses rows. `blocks` is the store that the
/// connector spills to.
///
/// `progress` is told what is checked next. Rows of up to [`Options::max_tables`] tables are read, several times.
pub async fn verify(
    ask: &dyn Ask,
    blocks: Arc<dyn BlockStore>,
    options: &Options,
    mut progress: impl FnMut(&str),
) -> Report {
    let client = Client::new(ask, blocks, options);
    progress("Ping");
    if let Ok(version) = names::ping(&client).await {
        names::capabilities(&client, version).await;
        progress("schemas and tables");
        let schemas = names::schemas(&client, version).await.unwrap_or_default();
        let mut tables = options.tables.clone();
        if let Some(schema) = schemas.first() {
            names::unknown_table(&client, schema, version).await;
        }
        for schema in &schemas {
            let listed = names::tables(&client, schema, version).await.unwrap_or_default();
            if options.tables.is_empty() {
                tables.extend(listed);
            }
        }
        if tables.is_empty() {
            client
                .report()
                .note("rows: the connector lists no table".to_owned());
        }
        let count = tables.len();
        for (number, table) in tables.iter().take(options.max_tables).enumerate() {
            progress(&format!(
                "{table} ({} of {})",
                number + 1,
                count.min(options.max_tables)
            ));
            verify_table(&client, table, version).await;
        }
        if count > options.max_tables {
            let rest = count - options.max_tables;
            client.report().note(format!(
                "rows of {rest} more tables: name them, or raise the limit"
            ));
        }
    }
    client.into_report()
}
