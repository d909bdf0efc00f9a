//! SHOW, DESCRIBE and the schema of USE, from the connector's metadata and from that of other catalogs.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Schema};
use datafusion::catalog::SchemaProvider;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::memory::MemoryStream;
use protocol::TableName;
use topic::table::comment;
use trino_sql::{ErrorKind, FunctionInfo, OutputColumn, Statement, Type};

use crate::current::CurrentSchema;
use crate::error::AthenaError;
use crate::federation::Federation;
use crate::names::lower_case;
use crate::types::sql_name;

/// Headings, and the texts below each.
type Lists = Vec<(&'static str, Vec<String>)>;

/// Columns and rows of a result.
type Rows = (Vec<OutputColumn>, SendableRecordBatchStream);

/// Result of a statement that has none.
pub(crate) fn nothing() -> Result<Rows, AthenaError> {
    let stream = MemoryStream::try_new(Vec::new(), Arc::new(Schema::empty()), None)?;
    Ok((Vec::new(), Box::pin(stream)))
}

/// The connector, which lists its content by itself, and the catalogs beside it.
pub(crate) struct Catalogs<'a> {
    pub(crate) federation: &'a Federation,
    pub(crate) state: &'a SessionState,
    /// Where unqualified names are looked up.
    pub(crate) current: &'a CurrentSchema,
}

impl Catalogs<'_> {
    /// Rows of a statement that asks for metadata.
    pub(crate) async fn answer(&self, show: Statement) -> Result<Rows, AthenaError> {
        let lists = match show {
            Statement::ShowCatalogs { like } => {
                vec![(
                    "catalog",
                    matching(self.state.catalog_list().catalog_names(), like),
                )]
            }
            Statement::ShowSchemas { catalog, like } => {
                let catalog = catalog.unwrap_or_else(|| self.current.catalog.clone());
                vec![("schema", matching(self.schemas(&catalog).await?, like))]
            }
            Statement::ShowTables { schema, like } => {
                let (catalog, schema) = match schema.as_slice() {
                    [] => match &self.current.schema {
                        Some(schema) => (self.current.catalog.clone(), schema.clone()),
                        None => {
                            let wanted = "SHOW TABLES requires a schema: SHOW TABLES IN schema, or USE schema before it";
                            return Err(invalid(wanted));
                        }
                    },
                    [schema] => (self.current.catalog.clone(), schema.clone()),
                    [catalog, schema] => (catalog.clone(), schema.clone()),
                    more => {
                        return Err(invalid(format!(
                            "wanted catalog.schema, found {}",
                            more.join(".")
                        )));
                    }
                };
                vec![("table", matching(self.tables(&catalog, &schema).await?, like))]
            }
            Statement::ShowColumns { table } => {
                let [catalog, schema, table] = match table.as_slice() {
                    [table] => [
                        self.current.catalog.clone(),
                        self.current.schema_name().to_owned(),
                        table.clone(),
                    ],
                    [schema, table] => [self.current.catalog.clone(), schema.clone(), table.clone()],
                    [catalog, schema, table] => [catalog.clone(), schema.clone(), table.clone()],
                    more => return Err(invalid(format!("wanted schema.table, found {}", more.join(".")))),
                };
                self.columns(&catalog, &schema, &table).await?
            }
            Statement::ShowFunctions { like } => {
                let mut functions = trino_sql::all_functions();
                functions.retain(|function| matches(like.as_deref(), function.name));
                functions.sort_by_key(|function| function.name);
                let texts = |text: fn(&FunctionInfo) -> String| functions.iter().map(text).collect();
                vec![
                    ("function", texts(|function| function.name.to_owned())),
                    ("group", texts(|function| function.group.to_owned())),
                    ("signatures", texts(|function| function.signatures.join("; "))),
                ]
            }
            Statement::Query(_) | Statement::Explain { .. } | Statement::Use { .. } => {
                return Err(invalid("the statement does not ask for metadata"));
            }
        };
        rows(lists)
    }

    /// The schema that USE names, if it exists.
    pub(crate) async fn schema_to_use(&self, name: &[String]) -> Result<CurrentSchema, AthenaError> {
        let (catalog, schema) = match name {
            [schema] => (&self.current.catalog, schema),
            [catalog, schema] => (catalog, schema),
            more => {
                let found = more.join(".");
                return Err(invalid(format!("wanted schema or catalog.schema, found {found}")));
            }
        };
        let schemas = self.schemas(catalog).await?;
        if !schemas.iter().any(|found| lower_case(found) == *schema) {
            if *catalog != self.own() {
                return Err(missing(format!("Schema '{catalog}.{schema}' does not exist")));
            }
            // A schema may have tables and not be listed: a registry without the connector's marker.
            self.federation.list_tables(schema).await?;
        }
        Ok(CurrentSchema {
            catalog: catalog.clone(),
            schema: Some(schema.clone()),
        })
    }

    /// Name of the connector's catalog.
    fn own(&self) -> String {
        lower_case(self.federation.catalog_name())
    }

    async fn schemas(&self, catalog: &str) -> Result<Vec<String>, AthenaError> {
        if catalog == self.own() {
            return Ok(self.federation.list_schemas().await?);
        }
        match self.state.catalog_list().catalog(catalog) {
            Some(catalog) => Ok(catalog.schema_names()),
            None => Err(missing(format!("Catalog '{catalog}' does not exist"))),
        }
    }

    async fn tables(&self, catalog: &str, schema: &str) -> Result<Vec<String>, AthenaError> {
        if catalog == self.own() {
            let tables = self.federation.list_tables(schema).await?;
            return Ok(tables.into_iter().map(|table| table.table_name).collect());
        }
        Ok(self.schema(catalog, schema)?.table_names())
    }

    async fn columns(&self, catalog: &str, schema: &str, table: &str) -> Result<Lists, AthenaError> {
        if catalog != self.own() {
            let Some(found) = self.schema(catalog, schema)?.table(table).await? else {
                return Err(missing(format!(
                    "Table '{catalog}.{schema}.{table}' does not exist"
                )));
            };
            let columns = found.schema();
            return Ok(described(
                columns
                    .fields()
                    .iter()
                    .map(|field| (field.name(), field.data_type())),
            ));
        }
        let table = self.federation.table(TableName::new(schema, table)).await?;
        let columns = table.columns()?;
        let fields = columns.sql().fields().iter();
        let mut lists = described(fields.map(|field| (field.name(), field.data_type())));
        let wire = columns.wire();
        let comments = wire.fields().iter();
        let comments = comments.map(|field| comment(wire, field.name()).unwrap_or_default().to_owned());
        let comments: Vec<String> = comments.collect();
        if comments.iter().any(|comment| !comment.is_empty()) {
            lists.push(("comment", comments));
        }
        Ok(lists)
    }

    fn schema(&self, catalog: &str, schema: &str) -> Result<Arc<dyn SchemaProvider>, AthenaError> {
        let found = self.state.catalog_list().catalog(catalog);
        let found = found.and_then(|found| found.schema(schema));
        found.ok_or_else(|| missing(format!("Schema '{catalog}.{schema}' does not exist")))
    }
}

fn described<'a>(columns: impl Iterator<Item = (&'a String, &'a DataType)>) -> Lists {
    let (names, types) = columns
        .map(|(name, data_type)| (name.clone(), sql_name(data_type)))
        .unzip();
    vec![("column", names), ("type", types)]
}

fn rows(lists: Lists) -> Result<Rows, AthenaError> {
    let columns = lists.iter().map(|(heading, _)| OutputColumn {
        name: (*heading).to_owned(),
        ty: Type::Varchar(None),
    });
    let columns = columns.collect();
    let arrays = lists.into_iter().map(|(heading, texts)| {
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        (heading, texts, false)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(arrays)
        .map_err(datafusion::common::DataFusionError::from)?;
    let schema = batch.schema();
    Ok((
        columns,
        Box::pin(MemoryStream::try_new(vec![batch], schema, None)?),
    ))
}

fn invalid(message: impl Into<String>) -> AthenaError {
    refused(ErrorKind::SyntaxError, message)
}

fn missing(message: impl Into<String>) -> AthenaError {
    refused(ErrorKind::TableNotFound, message)
}

fn refused(kind: ErrorKind, message: impl Into<String>) -> AthenaError {
    AthenaError::statement(
        trino_sql::Error {
            kind,
            message: message.into(),
            position: None,
        },
        "",
    )
}

/// The names that match a pattern, sorted.
fn matching(mut names: Vec<String>, like: Option<String>) -> Vec<String> {
    names.retain(|name| matches(like.as_deref(), name));
    names.sort_unstable();
    names
}

/// Matches LIKE: `%` is any text, `_` any character, case-sensitive; and `*` is any text as in Hive.
fn matches(pattern: Option<&str>, name: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // One row for each character of the pattern: prefixes of the name that the pattern matches up to here.
    let mut ends = vec![false; name.len() + 1];
    ends[0] = true;
    for wanted in pattern {
        if matches!(wanted, '%' | '*') {
            let first = ends.iter().position(|&end| end).unwrap_or(ends.len());
            ends[first..].fill(true);
        } else {
            for end in (0..=name.len()).rev() {
                ends[end] = end > 0 && ends[end - 1] && (wanted == '_' || wanted == name[end - 1]);
            }
        }
    }
    ends[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_matches_whole_names() {
        let cases = [
            ("orders", "orders", true),
            ("orders", "orders2", false),
            ("%", "", true),
            ("o%s", "orders", true),
            ("o_ders", "orders", true),
            ("*der*", "orders", true),
            ("%_", "", false),
            ("a%b%c", "axxbyyc", true),
            ("a%b%c", "axxcyyb", false),
        ];
        for (pattern, name, wanted) in cases {
            assert_eq!(matches(Some(pattern), name), wanted, "{pattern} {name}");
        }
    }
}
