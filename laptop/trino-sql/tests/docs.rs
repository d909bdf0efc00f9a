//! The page on SQL is held to the code.

use std::collections::BTreeMap;

use trino_sql::all_functions;

#[test]
fn the_page_lists_the_functions() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sql.md");
    let page = std::fs::read_to_string(path).unwrap();
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for function in all_functions() {
        groups
            .entry(function.group)
            .or_default()
            .push(format!("`{}`", function.name));
    }
    let rows = groups
        .iter()
        .map(|(group, names)| format!("| {group} | {} |\n", names.join(", ")));
    let table = format!(
        "| group | functions |\n| --- | --- |\n{}",
        rows.collect::<String>()
    );
    assert!(page.contains(&table), "docs/sql.md should have\n\n{table}");
}
