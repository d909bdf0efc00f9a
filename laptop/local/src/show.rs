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
use trino_sql::{ErrorKind, FunctionInfo, OutputColumn, Session, Statement, Type};

use crate::current::CurrentSchema;
use crate::error::AthenaError;
use crate::federation::Federation;
use crate::kept::Kept;
use crate::names::lower_case;
use crate::saved::SavedTables;
use crate::types::sql_name;

/// Headings, and the texts below each.
type Lists = Vec<(&'static str, Vec<String>)>;

/// Columns and rows of a result.
pub(crate) type Rows = (Vec<OutputColumn>, SendableRecordBatchStream);

/// Result of a statement that has none.
pub(crate) fn nothing() -> Result<Rows, AthenaError> {
    let stream = MemoryStream::try_new(Vec::new(), Arc::new(Schema::empty()), None)?;
    Ok((Vec::new(), Box::pin(stream)))
}

/// Columns of a statement that is no query, as far as they are known before it runs.
pub(crate) fn columns(statement: &Statement) -> Vec<OutputColumn> {
    let texts = |names: &[&str]| names.iter().map(|name| text_column(name)).collect();
    match statement {
        Statement::ShowCatalogs { .. } => texts(&["catalog"]),
        Statement::ShowSchemas { .. } => texts(&["schema"]),
        Statement::ShowTables { .. } => texts(&["table"]),
        Statement::ShowViews { .. } => texts(&["view"]),
        Statement::ShowColumns { .. } => texts(&["column", "type", "comment"]),
        Statement::ShowFunctions { .. } => texts(&["function", "group", "signatures"]),
        Statement::ShowCreateTable { .. } => texts(&["create table"]),
        Statement::ShowCreateView { .. } => texts(&["create view"]),
        Statement::Explain { .. } => texts(&["Query Plan"]),
        Statement::CreateTable(_) | Statement::Insert { .. } | Statement::Unload { .. } => counted_columns(),
        _ => Vec::new(),
    }
}

/// Column of a statement that has written rows.
pub(crate) fn counted_columns() -> Vec<OutputColumn> {
    vec![OutputColumn {
        name: "rows".to_owned(),
        ty: Type::BigInt,
    }]
}

fn text_column(name: &str) -> OutputColumn {
    OutputColumn {
        name: name.to_owned(),
        ty: Type::Varchar(None),
    }
}

/// The connector, which lists its content by itself, and the catalogs beside it.
pub(crate) struct Catalogs<'a> {
    pub(crate) federation: &'a Federation,
    pub(crate) state: &'a SessionState,
    /// Tables that statements have made.
    pub(crate) saved: &'a SavedTables,
    /// Views, and where unqualified names are looked up.
    pub(crate) kept: &'a Kept,
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
                let catalog = catalog.unwrap_or_else(|| self.kept.current.catalog.clone());
                vec![("schema", matching(self.schemas(&catalog).await?, like))]
            }
            Statement::ShowTables { schema, like } => {
                let (catalog, schema) = self.schema_of("SHOW TABLES", &schema)?;
                vec![("table", matching(self.tables(&catalog, &schema).await?, like))]
            }
            Statement::ShowColumns { table } => {
                let [catalog, schema, table] = self.kept.current.full_name(&table)?;
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
            Statement::ShowViews { schema, like } => {
                let (catalog, schema) = self.schema_of("SHOW VIEWS", &schema)?;
                vec![("view", matching(self.kept.views.names(&catalog, &schema), like))]
            }
            Statement::ShowCreateTable { name } => {
                vec![("create table", vec![self.create_table(&name).await?])]
            }
            Statement::ShowCreateView { name } => {
                let name = self.kept.current.full_name(&name)?;
                let Some(view) = self.kept.views.get(name.each_ref().map(String::as_str)) else {
                    return Err(missing(format!("View '{}' does not exist", name.join("."))));
                };
                let text = format!("CREATE VIEW {} AS\n{}", quoted(&name), view.text);
                vec![("create view", vec![text])]
            }
            _ => return Err(invalid("the statement does not ask for metadata")),
        };
        rows(lists)
    }

    /// The schema that SHOW names, or the current one.
    fn schema_of(&self, statement: &str, name: &[String]) -> Result<(String, String), AthenaError> {
        let current = &self.kept.current;
        match (name, &current.schema) {
            ([], Some(schema)) => Ok((current.catalog.clone(), schema.clone())),
            ([], None) => Err(invalid(format!(
                "{statement} requires a schema: {statement} IN schema, or USE schema before it"
            ))),
            ([schema], _) => Ok((current.catalog.clone(), schema.clone())),
            ([catalog, schema], _) => Ok((catalog.clone(), schema.clone())),
            (more, _) => Err(invalid(format!(
                "wanted catalog.schema, found {}",
                more.join(".")
            ))),
        }
    }

    /// The statement that would make such a table.
    async fn create_table(&self, name: &[String]) -> Result<String, AthenaError> {
        let name = self.kept.current.full_name(name)?;
        let [catalog, schema, table] = name.each_ref().map(String::as_str);
        let lists = self.columns(catalog, schema, table).await?;
        let list = |heading: &str| {
            lists
                .iter()
                .find(|(found, _)| *found == heading)
                .map(|(_, list)| list)
        };
        let (Some(names), Some(types)) = (list("column"), list("type")) else {
            return Err(missing(format!("Table '{}' has no columns", name.join("."))));
        };
        let columns = names.iter().zip(types).enumerate().map(|(place, (name, ty))| {
            let comment = list("comment").and_then(|comments| comments.get(place));
            let comment = comment.filter(|comment| !comment.is_empty());
            let comment = comment.map(|text| format!(" COMMENT '{}'", text.replace('\'', "''")));
            format!("   {} {ty}{}", identifier(name), comment.unwrap_or_default())
        });
        let columns = columns.collect::<Vec<_>>().join(",\n");
        let properties = self
            .saved
            .get(&name)
            .map(|table| table.properties())
            .unwrap_or_default();
        let properties = properties
            .iter()
            .map(|(name, value)| format!("   {name} = {value}"));
        let properties = properties.collect::<Vec<_>>().join(",\n");
        let with = match properties.is_empty() {
            true => String::new(),
            false => format!("\nWITH (\n{properties}\n)"),
        };
        Ok(format!("CREATE TABLE {} (\n{columns}\n){with}", quoted(&name)))
    }

    /// The schema that USE names, if it exists.
    pub(crate) async fn schema_to_use(&self, name: &[String]) -> Result<CurrentSchema, AthenaError> {
        let (catalog, schema) = match name {
            [schema] => (&self.kept.current.catalog, schema),
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

    /// Tables and views.
    async fn tables(&self, catalog: &str, schema: &str) -> Result<Vec<String>, AthenaError> {
        let mut tables = self.kept.views.names(catalog, schema);
        tables.extend(self.saved.names(catalog, schema));
        if catalog == self.own() {
            match self.federation.list_tables(schema).await {
                Ok(listed) => tables.extend(listed.into_iter().map(|table| table.table_name)),
                // A schema of views alone is none of the connector's.
                Err(_) if !tables.is_empty() => {}
                Err(error) => return Err(error.into()),
            }
        } else {
            tables.extend(self.schema(catalog, schema)?.table_names());
        }
        Ok(tables)
    }

    async fn columns(&self, catalog: &str, schema: &str, table: &str) -> Result<Lists, AthenaError> {
        if self.kept.views.get([catalog, schema, table]).is_some() {
            let session = Session {
                state: self.state,
                views: &self.kept.views,
                now: chrono::Utc::now(),
            };
            let name = quoted(&[catalog, schema, table].map(str::to_owned));
            let bound = trino_sql::Query::bind(&format!("SELECT * FROM {name}"), &session).await;
            let bound = bound.map_err(AthenaError::invalid)?;
            return Ok(listed(&bound.columns));
        }
        let name = [catalog, schema, table].map(str::to_owned);
        if let Some(table) = self.saved.get(&name) {
            return Ok(listed(table.columns()));
        }
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

/// Columns of a view, or of a table that a statement has made.
fn listed(columns: &[OutputColumn]) -> Lists {
    let columns = columns
        .iter()
        .map(|column| (column.name.clone(), column.ty.to_string()));
    let (names, types) = columns.unzip();
    vec![("column", names), ("type", types)]
}

/// A full name as a statement has it.
fn quoted(name: &[String; 3]) -> String {
    name.each_ref().map(|part| identifier(part)).join(".")
}

fn identifier(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    match is_plain {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

fn described<'a>(columns: impl Iterator<Item = (&'a String, &'a DataType)>) -> Lists {
    let (names, types) = columns
        .map(|(name, data_type)| (name.clone(), sql_name(data_type)))
        .unzip();
    vec![("column", names), ("type", types)]
}

fn rows(lists: Lists) -> Result<Rows, AthenaError> {
    let columns = lists.iter().map(|(heading, _)| text_column(heading)).collect();
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
    AthenaError::refused(ErrorKind::SyntaxError, message)
}

fn missing(message: impl Into<String>) -> AthenaError {
    AthenaError::refused(ErrorKind::TableNotFound, message)
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
