//! SHOW and DESCRIBE, from the connector's metadata.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::common::{Result, TableReference, plan_err};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::memory::MemoryStream;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    ObjectName, ObjectNamePart, ShowStatementFilter, ShowStatementFilterPosition, ShowStatementOptions,
    Statement as SqlStatement,
};
use protocol::TableName;
use topic::table::comment;

use crate::error::AthenaError;
use crate::federation::Federation;
use crate::types::sql_name;

/// Query of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Show {
    Schemas { like: Option<String> },
    Tables { schema: String, like: Option<String> },
    Columns(TableName),
}

impl Show {
    /// Query of the catalog in a statement, if it is one.
    pub(crate) fn of(statement: &Statement) -> Result<Option<Self>> {
        let Statement::Statement(statement) = statement else {
            return Ok(None);
        };
        Ok(Some(match &**statement {
            SqlStatement::ShowSchemas { show_options, .. }
            | SqlStatement::ShowDatabases { show_options, .. } => Self::Schemas {
                like: pattern(show_options)?,
            },
            SqlStatement::ShowTables { show_options, .. } => match names(show_options).last() {
                Some(schema) => Self::Tables {
                    schema: schema.clone(),
                    like: pattern(show_options)?,
                },
                None => return plan_err!("SHOW TABLES requires a schema: SHOW TABLES IN schema"),
            },
            SqlStatement::ShowColumns { show_options, .. } => {
                Self::Columns(table_name(&names(show_options))?)
            }
            SqlStatement::ExplainTable {
                table_name: table, ..
            } => Self::Columns(table_name(&parts(table))?),
            _ => return Ok(None),
        }))
    }
}

/// Result as rows.
pub(crate) async fn answer(
    show: Show,
    federation: &Federation,
) -> Result<SendableRecordBatchStream, AthenaError> {
    let columns = match show {
        Show::Schemas { like } => {
            let mut schemas = federation.list_schemas().await?;
            schemas.retain(|schema| matches(like.as_deref(), schema));
            schemas.sort_unstable();
            vec![("schema", schemas)]
        }
        Show::Tables { schema, like } => {
            let tables = federation.list_tables(&schema).await?;
            let mut tables: Vec<_> = tables.into_iter().map(|table| table.table_name).collect();
            tables.retain(|table| matches(like.as_deref(), table));
            tables.sort_unstable();
            vec![("table", tables)]
        }
        Show::Columns(name) => {
            let table = federation.table(name).await?;
            let columns = table.columns()?;
            let fields = columns.sql().fields();
            let names = fields.iter().map(|field| field.name().clone()).collect();
            let types = fields.iter().map(|field| sql_name(field.data_type())).collect();
            let wire = columns.wire();
            let comments = wire.fields().iter();
            let comments = comments.map(|field| comment(wire, field.name()).unwrap_or_default().to_owned());
            let comments: Vec<String> = comments.collect();
            let mut shown = vec![("column", names), ("type", types)];
            if comments.iter().any(|comment| !comment.is_empty()) {
                shown.push(("comment", comments));
            }
            shown
        }
    };
    Ok(rows(columns)?)
}

fn rows(columns: Vec<(&str, Vec<String>)>) -> Result<SendableRecordBatchStream> {
    let arrays = columns.into_iter().map(|(name, values)| {
        (
            name,
            Arc::new(StringArray::from_iter_values(values)) as ArrayRef,
            false,
        )
    });
    let batch = RecordBatch::try_from_iter_with_nullable(arrays)?;
    let schema = batch.schema();
    Ok(Box::pin(MemoryStream::try_new(vec![batch], schema, None)?))
}

/// Schema or table that is named after IN or FROM, outermost first.
fn names(options: &ShowStatementOptions) -> Vec<String> {
    options
        .show_in
        .as_ref()
        .and_then(|show_in| show_in.parent_name.as_ref())
        .map(parts)
        .unwrap_or_default()
}

fn parts(name: &ObjectName) -> Vec<String> {
    let parts = name.0.iter().filter_map(ObjectNamePart::as_ident);
    parts.map(|name| name.value.clone()).collect()
}

fn table_name(parts: &[String]) -> Result<TableName> {
    match parts {
        [schema, table] | [_, schema, table] => Ok(TableName::new(schema, table)),
        _ => plan_err!(
            "wanted schema.table, found {}",
            TableReference::bare(parts.join("."))
        ),
    }
}

fn pattern(options: &ShowStatementOptions) -> Result<Option<String>> {
    let filter = options.filter_position.as_ref().map(|position| match position {
        ShowStatementFilterPosition::Infix(filter) | ShowStatementFilterPosition::Suffix(filter) => filter,
    });
    match filter {
        None => Ok(None),
        Some(ShowStatementFilter::Like(pattern) | ShowStatementFilter::NoKeyword(pattern)) => {
            Ok(Some(pattern.clone()))
        }
        Some(other) => plan_err!("SHOW supports LIKE 'pattern', found {other}"),
    }
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
    use crate::dialect::parse_statement;

    fn show(sql: &str) -> Option<Show> {
        Show::of(&parse_statement(sql).unwrap().statement).unwrap()
    }

    #[test]
    fn recognises_questions_about_the_catalog() {
        let tables = |like: Option<&str>| Show::Tables {
            schema: "customer".into(),
            like: like.map(Into::into),
        };
        let columns = Show::Columns(TableName::new("customer", "orders"));
        let cases = [
            ("SHOW SCHEMAS", Show::Schemas { like: None }),
            (
                "show databases like 'cust%'",
                Show::Schemas {
                    like: Some("cust%".into()),
                },
            ),
            ("SHOW TABLES IN customer", tables(None)),
            ("SHOW TABLES FROM msk.Customer LIKE 'o%';", tables(Some("o%"))),
            ("DESCRIBE customer.orders", columns.clone()),
            ("DESC msk.customer.orders", columns.clone()),
            ("SHOW COLUMNS FROM msk.customer.orders", columns.clone()),
            ("SHOW COLUMNS IN customer.orders", columns),
        ];
        for (sql, wanted) in cases {
            assert_eq!(show(sql), Some(wanted), "{sql}");
        }
        assert_eq!(show("SELECT 1"), None);
        assert_eq!(show("EXPLAIN SELECT 1"), None);
    }

    #[test]
    fn refuses_questions_without_a_name() {
        for sql in ["SHOW TABLES", "DESCRIBE orders", "SHOW TABLES IN a WHERE x = 1"] {
            assert!(
                Show::of(&parse_statement(sql).unwrap().statement).is_err(),
                "{sql}"
            );
        }
    }

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
