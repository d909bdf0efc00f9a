//! Differences between two versions of a schema for queries of its table.

use arrow::datatypes::Field;
use topic::TopicTable;
use topic::table::{FORMAT_HINT_KEY, MAPPING_KEY, SOURCE_KEY};

use crate::types::{sql_name, sql_type};

/// Differences between two versions of a table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// One line for each difference.
    pub(super) lines: Vec<String>,
    /// Whether every query of the old version still works, with the same types.
    pub(super) are_compatible: bool,
}

impl Changes {
    pub(super) fn between(old: &TopicTable, new: &TopicTable) -> Self {
        let mut changes = Self {
            lines: Vec::new(),
            are_compatible: true,
        };
        changes.compare("topic", &old.topic, &new.topic);
        let format = |table: &TopicTable| table.value.format().to_string();
        changes.compare("values", &format(old), &format(new));
        for before in old.schema.fields() {
            match new.column(before.name()) {
                None => changes.broken(format!("- {} {}", before.name(), type_name(before))),
                Some(after) => changes.compare_columns(before, after),
            }
        }
        for after in new.schema.fields() {
            if old.column(after.name()).is_none() {
                changes
                    .lines
                    .push(format!("+ {} {}", after.name(), type_name(after)));
            }
        }
        changes
    }

    fn compare(&mut self, what: &str, before: &str, after: &str) {
        if before != after {
            self.lines.push(format!("~ {what}: {before} before, {after} now"));
        }
    }

    fn compare_columns(&mut self, before: &Field, after: &Field) {
        let name = after.name();
        if before.data_type() != after.data_type() {
            let (before, after) = (type_name(before), type_name(after));
            return self.broken(format!("~ {name}: {before} before, {after} now"));
        }
        for key in [MAPPING_KEY, FORMAT_HINT_KEY, SOURCE_KEY] {
            let value = |field: &Field| field.metadata().get(key).cloned().unwrap_or_default();
            self.compare(
                &format!("{name}: {key}"),
                &quoted(&value(before)),
                &quoted(&value(after)),
            );
        }
    }

    fn broken(&mut self, line: String) {
        self.lines.push(line);
        self.are_compatible = false;
    }
}

fn type_name(field: &Field) -> String {
    sql_name(&sql_type(field.data_type()))
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use topic::SchemaDefinition;

    use super::*;

    fn table(fields: &str) -> TopicTable {
        let definition = SchemaDefinition {
            schema_version_id: String::new(),
            data_format: "JSON".to_owned(),
            definition: format!(
                r#"{{"topicName": "orders", "message": {{"dataFormat": "json", "fields": [{fields}]}}}}"#
            ),
            ..SchemaDefinition::default()
        };
        TopicTable::parse("customer", "orders", &definition).unwrap()
    }

    const N: &str = r#"{"name": "n", "mapping": "n", "type": "BIGINT"}"#;
    const AT: &str = r#"{"name": "at", "mapping": "at", "type": "TIMESTAMP"}"#;

    #[test]
    fn a_further_column_breaks_no_query() {
        let changes = Changes::between(&table(N), &table(&format!("{N}, {AT}")));
        assert_eq!(changes.lines, ["+ at timestamp(3)"]);
        assert!(changes.are_compatible);
    }

    #[test]
    fn a_column_that_is_gone_or_of_another_type_breaks_queries() {
        let changes = Changes::between(
            &table(&format!("{N}, {AT}")),
            &table(&N.replace("BIGINT", "VARCHAR")),
        );
        assert_eq!(
            changes.lines,
            ["~ n: bigint before, varchar now", "- at timestamp(3)"]
        );
        assert!(!changes.are_compatible);
    }

    #[test]
    fn another_way_to_read_a_column_is_named() {
        let changes = Changes::between(
            &table(N),
            &table(&N.replace(r#""mapping": "n""#, r#""mapping": "m""#)),
        );
        assert_eq!(changes.lines, ["~ n: mapping: `n` before, `m` now"]);
        assert!(changes.are_compatible);
    }
}
