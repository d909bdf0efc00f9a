//! Columns of a table on the wire and in SQL, where names are in lower case and types may differ.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field, Fields, SchemaRef};

use crate::names::lower_case;
use crate::types::sql_schema;

/// Columns of one table, at equal positions on the wire and in SQL.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    wire: SchemaRef,
    sql: SchemaRef,
}

/// Two columns, or two fields of one row, with the same name in SQL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the columns `{first}` and `{second}` have the same name in SQL, where names are case-insensitive")]
pub struct AmbiguousColumns {
    /// Path such as `id`, or `customer.id` for a field of a row.
    pub first: String,
    pub second: String,
}

impl Columns {
    /// # Errors
    /// If two columns, or two fields of a row at any depth, differ only by case.
    pub(crate) fn try_new(wire: SchemaRef) -> Result<Self, AmbiguousColumns> {
        check_names(wire.fields(), "")?;
        let sql = sql_schema(&wire);
        Ok(Self { wire, sql })
    }

    /// Schema with the connector's names, types and metadata.
    pub(crate) fn wire(&self) -> &SchemaRef {
        &self.wire
    }

    /// Schema with names in lower case and SQL's types.
    pub(crate) fn sql(&self) -> &SchemaRef {
        &self.sql
    }

    /// Column on the wire that SQL calls `name`.
    pub(crate) fn wire_field(&self, name: &str) -> Option<&Field> {
        Some(self.wire.field(self.sql.index_of(name).ok()?))
    }
}

fn check_names(fields: &Fields, path: &str) -> Result<(), AmbiguousColumns> {
    let mut seen = HashMap::with_capacity(fields.len());
    for field in fields {
        if let Some(first) = seen.insert(lower_case(field.name()), field.name()) {
            let [first, second] = [first, field.name()].map(|name| format!("{path}{name}"));
            return Err(AmbiguousColumns { first, second });
        }
        if let Some(fields) = row_fields(field.data_type()) {
            check_names(fields, &format!("{path}{}.", field.name()))?;
        }
    }
    Ok(())
}

/// Fields of a row, of the rows in a list, or the key and the value of a map.
fn row_fields(data_type: &DataType) -> Option<&Fields> {
    match data_type {
        DataType::Struct(fields) => Some(fields),
        DataType::List(item) | DataType::Map(item, _) => row_fields(item.data_type()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Schema;

    use super::*;

    fn row(names: &[&str]) -> DataType {
        let fields = names.iter().map(|name| Field::new(*name, DataType::Int32, true));
        DataType::Struct(fields.collect())
    }

    fn list(item: DataType) -> DataType {
        DataType::List(Arc::new(Field::new("item", item, true)))
    }

    fn columns(columns: &[(&str, DataType)]) -> Result<Columns, AmbiguousColumns> {
        let fields = columns
            .iter()
            .map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
        Columns::try_new(Arc::new(Schema::new(fields.collect::<Fields>())))
    }

    #[test]
    fn a_column_has_one_spelling_on_the_wire_and_lower_case_in_sql() {
        let columns = columns(&[
            ("ÄöÉ", DataType::Int32),
            ("Order-Id", DataType::Int64),
            ("o", list(row(&["A"]))),
        ])
        .unwrap();
        let names = columns.sql().fields().iter().map(|field| field.name().as_str());
        assert_eq!(names.collect::<Vec<_>>(), ["äöé", "order-id", "o"]);
        assert_eq!(columns.sql().field(2).data_type(), &list(row(&["a"])));
        assert_eq!(columns.wire_field("äöé").unwrap().name(), "ÄöÉ");
        assert_eq!(columns.wire_field("order-id").unwrap().name(), "Order-Id");
        assert_eq!(columns.wire_field("Order-Id"), None);
        assert_eq!(columns.wire().field(2).data_type(), &list(row(&["A"])));
    }

    #[test]
    fn names_that_differ_by_case_alone_are_refused_at_any_depth() {
        let cases = [
            (
                columns(&[("é", DataType::Int32), ("É", DataType::Int64)]),
                "é",
                "É",
            ),
            (columns(&[("o", row(&["a", "b", "A"]))]), "o.a", "o.A"),
            (columns(&[("o", list(list(row(&["Ab", "aB"]))))]), "o.Ab", "o.aB"),
        ];
        for (columns, first, second) in cases {
            let (first, second) = (first.to_owned(), second.to_owned());
            assert_eq!(columns.unwrap_err(), AmbiguousColumns { first, second });
        }
        assert!(columns(&[("a", row(&["a"])), ("b", row(&["a"]))]).is_ok());
    }
}
