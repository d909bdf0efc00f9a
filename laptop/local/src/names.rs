//! Names of columns, as the connector spells them and in SQL.
//!
//! Athena compares names without case, quoted or not, and shows those of tables in lower case ([names in
//! Athena](https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html)). DataFusion
//! compares them exactly. So both sides are converted by [`lower_case`]: the columns of tables and the fields
//! of their rows, and every name of a statement in `trino-sql`. Requests to the connector keep the
//! connector's spelling.

/// Lower-cases a name by Unicode's rules, as Java's `toLowerCase` does.
pub(crate) fn lower_case(name: &str) -> String {
    name.to_lowercase()
}
