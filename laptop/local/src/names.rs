//! Names of columns, as the connector spells them and as SQL knows them.
//!
//! Athena compares names without case, quoted or not, and shows those of tables in lower case
//! ([names in Athena](https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html)). DataFusion
//! compares to the letter. Both sides therefore meet in [`lower_case`]: tables give their columns and the fields of
//! their rows in it, and [`crate::dialect`] puts every name of a statement into it. Requests to the connector keep the
//! connector's spelling.

/// Lower-cases a name by Unicode's rules, as Java's `toLowerCase` does.
pub(crate) fn lower_case(name: &str) -> String {
    name.to_lowercase()
}
