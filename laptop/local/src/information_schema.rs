//! `information_schema` of the connector's catalog: `schemata`, `tables` and `columns`, as in Trino.
//!
//! Nothing is kept: each scan asks the connector, for the schema and the table alone that a condition names.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{MemTable, SchemaProvider, Session, TableProvider};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use protocol::TableName;
use topic::table::comment;
use trino_sql::native_filter;

use crate::error::external;
use crate::federation::Federation;
use crate::names::lower_case;
use crate::saved::SavedTables;
use crate::types::sql_name;

/// Name of the schema.
pub(crate) const NAME: &str = "information_schema";

/// The schema, of one catalog.
pub(crate) struct InformationSchema(Arc<Source>);

struct Source {
    federation: Arc<Federation>,
    saved: Arc<SavedTables>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    Schemata,
    Tables,
    Columns,
}

impl InformationSchema {
    pub(crate) fn new(federation: Arc<Federation>, saved: Arc<SavedTables>) -> Self {
        Self(Arc::new(Source { federation, saved }))
    }
}

impl fmt::Debug for InformationSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InformationSchema")
    }
}

#[async_trait]
impl SchemaProvider for InformationSchema {
    fn table_names(&self) -> Vec<String> {
        ["columns", "schemata", "tables"].map(str::to_owned).into()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let view = match name {
            "schemata" => View::Schemata,
            "tables" => View::Tables,
            "columns" => View::Columns,
            _ => return Ok(None),
        };
        let source = Arc::clone(&self.0);
        Ok(Some(Arc::new(Metadata { source, view })))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.table_names().iter().any(|found| found == name)
    }
}

/// One of the tables.
struct Metadata {
    source: Arc<Source>,
    view: View,
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metadata({:?})", self.view)
    }
}

/// Columns of rows in the making.
type Texts = Vec<Vec<Option<String>>>;

impl View {
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Schemata => &["catalog_name", "schema_name"],
            Self::Tables => &["table_catalog", "table_schema", "table_name", "table_type"],
            Self::Columns => &[
                "table_catalog",
                "table_schema",
                "table_name",
                "column_name",
                "column_default",
                "is_nullable",
                "data_type",
                "comment",
                "extra_info",
            ],
        }
    }

    fn schema(self) -> SchemaRef {
        let field = |name: &str| Field::new(name, DataType::Utf8, true);
        let mut fields: Vec<_> = self.columns().iter().map(|name| field(name)).collect();
        if self == Self::Columns {
            fields.insert(4, Field::new("ordinal_position", DataType::Int64, true));
        }
        Arc::new(Schema::new(fields))
    }
}

#[async_trait]
impl TableProvider for Metadata {
    fn schema(&self) -> SchemaRef {
        self.view.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wanted = |name: &str| filters.iter().find_map(|filter| equal_to(filter, name));
        let (schema, table) = (wanted("table_schema"), wanted("table_name"));
        let rows = self.rows(schema.as_deref(), table.as_deref()).await?;
        let table = MemTable::try_new(self.view.schema(), vec![vec![rows]])?;
        table.scan(state, projection, &[], limit).await
    }
}

impl Metadata {
    /// All rows, or those of one schema and table.
    async fn rows(&self, schema: Option<&str>, table: Option<&str>) -> Result<RecordBatch> {
        let (federation, saved) = (&self.source.federation, &self.source.saved);
        let catalog = lower_case(federation.catalog_name());
        let some = |text: &str| Some(text.to_owned());
        let mut texts: Texts = self.view.columns().iter().map(|_| Vec::new()).collect();
        let mut places = Vec::new();
        let mut push = |row: Vec<Option<String>>| {
            for (column, text) in texts.iter_mut().zip(row) {
                column.push(text);
            }
        };
        let schemas = match (self.view, schema) {
            (View::Tables | View::Columns, Some(schema)) => vec![schema.to_owned()],
            _ => {
                let mut schemas = federation.list_schemas().await.map_err(external)?;
                schemas.push(NAME.to_owned());
                schemas
            }
        };
        for schema in schemas {
            let schema = lower_case(&schema);
            if self.view == View::Schemata {
                push(vec![some(&catalog), some(&schema)]);
                continue;
            }
            if schema == NAME {
                for view in [View::Columns, View::Schemata, View::Tables] {
                    let name = format!("{view:?}").to_lowercase();
                    if self.view == View::Tables {
                        push(vec![
                            some(&catalog),
                            some(&schema),
                            Some(name),
                            some("BASE TABLE"),
                        ]);
                        continue;
                    }
                    for (place, field) in (1..).zip(view.schema().fields()) {
                        let ty = sql_name(field.data_type());
                        let column = some(field.name());
                        push(vec![
                            some(&catalog),
                            some(&schema),
                            some(&name),
                            column,
                            None,
                            some("YES"),
                            Some(ty),
                            None,
                            None,
                        ]);
                        places.push(place);
                    }
                }
                continue;
            }
            // A schema that does not exist has no tables.
            let listed = federation.list_tables(&schema).await.unwrap_or_default();
            let names = listed.into_iter().map(|table| table.table_name);
            for name in names.chain(saved.names(&catalog, &schema)) {
                if table.is_some_and(|wanted| wanted != lower_case(&name)) {
                    continue;
                }
                if self.view == View::Tables {
                    push(vec![
                        some(&catalog),
                        some(&schema),
                        Some(lower_case(&name)),
                        some("BASE TABLE"),
                    ]);
                    continue;
                }
                let columns = self.columns([&catalog, &schema, &name]).await?;
                for (place, (column, ty, comment)) in (1..).zip(columns) {
                    push(vec![
                        some(&catalog),
                        some(&schema),
                        Some(lower_case(&name)),
                        Some(column),
                        None,
                        some("YES"),
                        Some(ty),
                        comment,
                        None,
                    ]);
                    places.push(place);
                }
            }
        }
        let texts = texts.into_iter();
        let mut arrays: Vec<ArrayRef> = texts
            .map(|texts| Arc::new(StringArray::from(texts)) as ArrayRef)
            .collect();
        if self.view == View::Columns {
            arrays.insert(4, Arc::new(Int64Array::from(places)));
        }
        Ok(RecordBatch::try_new(self.view.schema(), arrays)?)
    }

    /// Names, types and comments of a table's columns.
    async fn columns(&self, name: [&str; 3]) -> Result<Vec<(String, String, Option<String>)>> {
        if let Some(saved) = self.source.saved.get(&name.map(str::to_owned)) {
            let columns = saved.columns().iter();
            return Ok(columns
                .map(|column| (column.name.clone(), column.ty.to_string(), None))
                .collect());
        }
        let [_, schema, table] = name;
        let table = self.source.federation.table(TableName::new(schema, table)).await;
        let columns = table.and_then(|table| table.columns()).map_err(external)?;
        let fields = columns.sql().fields().iter();
        Ok(fields
            .zip(columns.wire().fields())
            .map(|(field, wire)| {
                let comment = comment(columns.wire(), wire.name()).map(str::to_owned);
                (field.name().clone(), sql_name(field.data_type()), comment)
            })
            .collect())
    }
}

/// The text that a filter wants of a column, if it wants one.
fn equal_to(filter: &Expr, column: &str) -> Option<String> {
    let of_column = |expr: &Expr| matches!(expr, Expr::Column(found) if found.name == column);
    match native_filter(filter.clone()) {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And => equal_to(&left, column).or_else(|| equal_to(&right, column)),
            Operator::Eq if of_column(&left) => text(&right),
            Operator::Eq if of_column(&right) => text(&left),
            _ => None,
        },
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), _) => Some(text.clone()),
        _ => None,
    }
}
