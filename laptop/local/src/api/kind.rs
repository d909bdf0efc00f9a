//! Kinds of statements.

use athena_api::engine::{StatementClass, StatementKind};
use trino_sql::{Error, Parameters, Statement};

/// Kind of a statement, by Athena's `StatementType` and `SubstatementType`. EXECUTE has that of the statement which
/// `prepared` returns for its name.
pub(super) fn kind(
    sql: &str,
    parameters: &[String],
    prepared: impl Fn(&str) -> Option<String>,
) -> Result<StatementKind, Error> {
    Ok(
        match Statement::parse_with(sql, &Parameters::parse(parameters)?)? {
            Statement::Execute { name, .. } => executed(prepared(&name))?,
            Statement::ExecuteImmediate { text, .. } => executed(Some(text))?,
            other => kind_of(&other),
        },
    )
}

/// Kind of a statement that another one executes. One that does not exist fails when it runs.
fn executed(text: Option<String>) -> Result<StatementKind, Error> {
    let text = text.as_deref().unwrap_or("SELECT 1");
    Ok(kind_of(&Statement::parse_with(text, &Parameters::unknown())?))
}

fn kind_of(statement: &Statement) -> StatementKind {
    use StatementClass::{Ddl, Query, Utility, Write};
    let (class, name) = match statement {
        Statement::Query(_) => (Query, "SELECT"),
        Statement::Unload { .. } => (Write, "UNLOAD"),
        Statement::CreateTable(_) => (Write, "CREATE_TABLE_AS_SELECT"),
        Statement::Insert { .. } => (Write, "INSERT"),
        Statement::Explain { .. } => (Utility, "EXPLAIN"),
        Statement::ShowCatalogs { .. } => (Utility, "SHOW_CATALOGS"),
        Statement::ShowSchemas { .. } => (Utility, "SHOW_DATABASES"),
        Statement::ShowTables { .. } => (Utility, "SHOW_TABLES"),
        Statement::ShowColumns { .. } => (Utility, "DESCRIBE_TABLE"),
        Statement::ShowFunctions { .. } => (Utility, "SHOW_FUNCTIONS"),
        Statement::ShowViews { .. } => (Utility, "SHOW_VIEWS"),
        Statement::ShowCreateTable { .. } => (Utility, "SHOW_CREATE_TABLE"),
        Statement::ShowCreateView { .. } => (Utility, "SHOW_CREATE_VIEW"),
        Statement::Use { .. } => (Ddl, "USE"),
        Statement::Prepare { .. } => (Ddl, "PREPARE"),
        Statement::Deallocate { .. } => (Ddl, "DEALLOCATE"),
        Statement::CreateView { .. } => (Ddl, "CREATE_VIEW"),
        Statement::DropView { .. } => (Ddl, "DROP_VIEW"),
        Statement::DropTable { .. } => (Ddl, "DROP_TABLE"),
        Statement::Execute { .. } | Statement::ExecuteImmediate { .. } => (Query, "SELECT"),
    };
    StatementKind { class, name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_is_executed_has_its_own_kind() {
        let prepared = |name: &str| (name == "mine").then(|| "SHOW SCHEMAS".to_owned());
        let kind = |sql: &str| kind(sql, &[], prepared).map(|kind| kind.name);
        assert_eq!(kind("SELECT 1").unwrap(), "SELECT");
        assert_eq!(kind("EXECUTE mine").unwrap(), "SHOW_DATABASES");
        assert_eq!(kind("EXECUTE other").unwrap(), "SELECT");
        assert_eq!(
            kind("EXECUTE IMMEDIATE 'EXPLAIN SELECT ?' USING 1").unwrap(),
            "EXPLAIN"
        );
        assert_eq!(
            kind("CREATE TABLE t AS SELECT 1 AS a").unwrap(),
            "CREATE_TABLE_AS_SELECT"
        );
        assert!(kind("SELECT ?").is_err() && kind("PICK 1").is_err());
    }
}
