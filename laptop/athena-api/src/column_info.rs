//! Metadata of a result's columns, as GetQueryResults shows it.

use serde_json::{Value, json};

use crate::engine::{Column, StatementClass};

/// `ResultSetMetadata.ColumnInfo` of a result, with the members and their values of [the AWS CLI's
/// example](https://github.com/aws/aws-cli/blob/develop/awscli/examples/athena/get-query-results.rst): texts are
/// case-sensitive, and whether a column may be NULL is not known.
pub(crate) fn column_info(columns: &[Column], class: StatementClass) -> Value {
    columns.iter().map(|column| info(column, class)).collect()
}

fn info(column: &Column, class: StatementClass) -> Value {
    let (name, precision, scale) = match class {
        // Hive's statements have texts only.
        StatementClass::Ddl | StatementClass::Utility => ("string".to_owned(), 0, 0),
        StatementClass::Query | StatementClass::Write => described(&column.sql_type),
    };
    let case_sensitive = matches!(name.as_str(), "varchar" | "char" | "json");
    json!({
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column.name,
        "Label": column.name,
        "Type": name,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": case_sensitive,
    })
}

/// Name without parameters, precision and scale, as Athena has them for a type that Trino writes so. The source is
/// [PyAthena's tests](https://github.com/pyathena-dev/PyAthena/blob/master/tests/pyathena/test_cursor.py), which run on
/// Athena; `char(n)` is not among their types, and is taken for a `varchar(n)`.
///
/// | type | precision | scale |
/// | --- | --- | --- |
/// | tinyint, smallint, integer, bigint | decimal digits: 3, 5, 10, 19 | 0 |
/// | real, which is called `float`, and double | 17 | 0 |
/// | decimal(p,s) | p | s |
/// | varchar, varchar(n), char(n) | n characters, without a bound 2147483647 | 0 |
/// | varbinary | 1073741824 bytes | 0 |
/// | time, timestamp, with a zone or without | 3 | 0 |
/// | all others | 0 | 0 |
fn described(sql_type: &str) -> (String, i64, i64) {
    let (name, parameters, rest) = parts(sql_type);
    let first = parameters.first().copied();
    let (precision, scale) = match name {
        "tinyint" => (3, 0),
        "smallint" => (5, 0),
        "integer" => (10, 0),
        "bigint" => (19, 0),
        "real" | "double" => (17, 0),
        "decimal" => (first.unwrap_or(0), parameters.get(1).copied().unwrap_or(0)),
        "varchar" | "char" => (first.unwrap_or(i64::from(i32::MAX)), 0),
        "varbinary" => (1 << 30, 0),
        "time" | "timestamp" => (3, 0),
        _ => (0, 0),
    };
    let name = match name {
        "real" => "float",
        other => other,
    };
    (format!("{name}{rest}"), precision, scale)
}

/// `decimal(10,2)`: the name, the numbers in parentheses, and what follows them.
fn parts(sql_type: &str) -> (&str, Vec<i64>, &str) {
    let Some((name, inner)) = sql_type.split_once('(') else {
        return (sql_type, Vec::new(), "");
    };
    // Types inside of a type are not shown.
    if matches!(name, "array" | "map" | "row") {
        return (name, Vec::new(), "");
    }
    let (inner, rest) = inner.split_once(')').unwrap_or((inner, ""));
    let numbers = inner.split(',').filter_map(|number| number.trim().parse().ok());
    (name, numbers.collect(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_athenas_names_precision_and_scale() {
        let cases = [
            ("boolean", ("boolean", 0, 0)),
            ("integer", ("integer", 10, 0)),
            ("bigint", ("bigint", 19, 0)),
            ("real", ("float", 17, 0)),
            ("double", ("double", 17, 0)),
            ("decimal(12,2)", ("decimal", 12, 2)),
            ("varchar", ("varchar", 2_147_483_647, 0)),
            ("varchar(7)", ("varchar", 7, 0)),
            ("varbinary", ("varbinary", 1_073_741_824, 0)),
            ("date", ("date", 0, 0)),
            ("timestamp(3)", ("timestamp", 3, 0)),
            ("timestamp(6) with time zone", ("timestamp with time zone", 3, 0)),
            ("array(row(a decimal(3,1), b varchar))", ("array", 0, 0)),
            ("row(\"a(b\" integer)", ("row", 0, 0)),
            ("map(varchar, array(integer))", ("map", 0, 0)),
            ("interval day to second", ("interval day to second", 0, 0)),
        ];
        for (sql_type, (name, precision, scale)) in cases {
            assert_eq!(
                described(sql_type),
                (name.to_owned(), precision, scale),
                "{sql_type}"
            );
        }
    }

    #[test]
    fn texts_are_case_sensitive_and_columns_of_show_are_strings() {
        let column = Column {
            name: "Name".to_owned(),
            sql_type: "varchar".to_owned(),
        };
        let shown = column_info(std::slice::from_ref(&column), StatementClass::Query);
        assert_eq!(shown[0]["CaseSensitive"], true);
        assert_eq!(
            (&shown[0]["Name"], &shown[0]["Label"]),
            (&json!("Name"), &json!("Name"))
        );
        let shown = column_info(&[column], StatementClass::Utility);
        assert_eq!(
            (&shown[0]["Type"], &shown[0]["CaseSensitive"]),
            (&json!("string"), &json!(false))
        );
    }
}
