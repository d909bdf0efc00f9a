//! Checks of schemas: whether each describes a table, and which columns are doubtful.

use std::sync::Arc;

use arrow::datatypes::DataType;
use connector::Parts;
use connector::registry::catalog::CatalogError;
use protocol::TableName;
use topic::document::{Warning, columns_without_part, left_out_fields};
use topic::table::{FORMAT_HINT_KEY, SOURCE_KEY};
use topic::{DataFormat, Encoding, RowDecoder, Source, TopicDocument, TopicTable, WriterSchemas};

use crate::finding::Check;
use crate::limit::Limit;
use crate::registries;
use crate::report::{About, Report, counted};

/// Checks a schema; returns the table if records can become rows of it.
pub(crate) async fn check(
    parts: &Parts,
    name: &TableName,
    limit: Limit,
    report: &mut Report<'_>,
) -> Option<Arc<TopicTable>> {
    let mut about = report.about(subject(name));
    let table = match limit.within(parts.catalog.table(name)).await {
        Ok(Ok(table)) => table,
        Ok(Err(error)) => {
            about.fail(Check::Document, message(&error), registries::fix(&error));
            return None;
        }
        Err(late) => {
            about.fail(
                Check::Document,
                format!("Glue: {late}"),
                "check the route to Glue",
            );
            return None;
        }
    };
    if let Err(reason) = decoder(parts, &table, limit) {
        about.fail(Check::Document, reason, MEND);
        return None;
    }
    about.ok(Check::Document, description(&table));
    if let Ok(Ok(warnings)) = limit.within(warnings(parts, &table)).await {
        for warning in warnings {
            about.warn(Check::Document, warning.to_string(), MEND);
        }
    }
    for column in columns_without_part(&table) {
        let found =
            format!("column `{column}`: its mapping matches no field in the latest version of its schema");
        about.warn(
            Check::Document,
            found,
            "map another field, or remove the column: only older records have it",
        );
    }
    for warning in left_out_fields(&table) {
        about.warn(
            Check::Document,
            warning.to_string(),
            "register the file that it needs",
        );
    }
    warn_of_missing_hints(&table, &mut about);
    Some(table)
}

/// Subject of a table's findings.
pub(crate) fn subject(name: &TableName) -> String {
    format!("table {}.{}", name.schema_name, name.table_name)
}

/// Decoder of all columns, as the function creates it.
pub(crate) fn decoder(parts: &Parts, table: &TopicTable, limit: Limit) -> Result<RowDecoder, String> {
    let writers: Arc<dyn WriterSchemas> = Arc::new(parts.writer_schemas.until(limit.deadline()));
    RowDecoder::try_new(&table.schema, Some(table), &writers).map_err(|error| error.to_string())
}

const MEND: &str = "correct the schema and register it as a new version; \
     `athena-local schema check FILE` validates it first";

/// Message without the names in the heading.
fn message(error: &CatalogError) -> String {
    match error {
        CatalogError::Table { source, .. } => source.to_string(),
        error => error.to_string(),
    }
}

fn description(table: &TopicTable) -> String {
    let columns = counted(table.schema.fields().len(), "column", "columns");
    let format = table.value.format();
    let cluster = table
        .cluster
        .as_ref()
        .map(|name| format!(" of cluster {name}"))
        .unwrap_or_default();
    format!("topic {}{cluster}, {format} values, {columns}", table.topic)
}

async fn warnings(parts: &Parts, table: &TopicTable) -> Result<Vec<Warning>, CatalogError> {
    let definition = parts.catalog.versions().version(&table.schema_version_id).await?;
    let document = TopicDocument::parse(&table.schema_name, &definition);
    Ok(document.map_or_else(|_| Vec::new(), |document| document.warnings().to_vec()))
}

/// Warns of timestamps without format hint: only one form is read, and most producers use another.
fn warn_of_missing_hints(table: &TopicTable, about: &mut About<'_, '_>) {
    let missing = table.schema.fields().iter().filter(|field| {
        let metadata = field.metadata();
        let source = metadata
            .get(SOURCE_KEY)
            .map_or(Ok(Source::Value), |name| name.parse());
        let format = match source {
            Ok(Source::Value) => Some(table.value.format()),
            Ok(Source::Key) => table.key.as_ref().map(Encoding::format),
            _ => None,
        };
        matches!(format, Some(DataFormat::Json | DataFormat::Csv))
            && matches!(field.data_type(), DataType::Date64 | DataType::Timestamp(..))
            && metadata.get(FORMAT_HINT_KEY).is_none_or(String::is_empty)
    });
    let names: Vec<&str> = missing.map(|field| field.name().as_str()).collect();
    if !names.is_empty() {
        about.warn(
            Check::Document,
            format!(
                "no formatHint: {}; any text but ISO 8601 or SQL's is NULL, numbers too",
                names.join(", ")
            ),
            "specify how the producer writes the time, such as `yyyy-MM-dd HH:mm:ss.SSS` or `epoch_millis`",
        );
    }
}
