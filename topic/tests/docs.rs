//! Tests that the users' reference matches the code.

use std::collections::BTreeSet;

use topic::table::Source;
use topic::{DataFormat, OnBadRecord, OnTombstone, type_name};

const REFERENCE: &str = include_str!("../../docs/topics.md");

/// Text under a heading, up to the next.
fn section(heading: &str) -> &'static str {
    let (_, rest) = REFERENCE
        .split_once(&format!("\n## {heading}\n"))
        .expect("the section begins");
    rest.split_once("\n## ").map_or(rest, |(section, _)| section)
}

/// Cells of the table whose first line begins with `head`, row by row.
fn table(section: &str, head: &str) -> Vec<Vec<String>> {
    let rows = section.lines().skip_while(|line| !line.starts_with(head));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.split('|').skip(1).map(str::to_owned).collect())
        .collect()
}

/// Texts in backticks.
fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Texts in backticks in the first column.
fn first_column(rows: &[Vec<String>]) -> BTreeSet<&str> {
    rows.iter().flat_map(|row| words(&row[0])).collect()
}

/// Texts in backticks beside this key of a topic document.
fn allowed(head: &str, key: &str) -> BTreeSet<String> {
    let rows = table(section("The topic document"), head);
    let row = rows.iter().find(|row| words(&row[0]).eq([key]));
    words(&row.expect("the key has a row")[1])
        .map(str::to_owned)
        .collect()
}

fn names<'a, T>(known: &[(&'a str, T)]) -> BTreeSet<&'a str> {
    known.iter().map(|(word, _)| *word).collect()
}

#[test]
fn the_types_of_the_reference_are_those_of_the_code() {
    let begin = "equal to the code -->\n";
    let (_, rest) = REFERENCE.split_once(begin).expect("the table begins");
    let (table, _) = rest.split_once("<!-- types: end -->").expect("the table ends");
    assert_eq!(table, type_name::markdown());
}

#[test]
fn the_sources_of_the_reference_are_those_of_the_code() {
    let rows = table(section("The record itself"), "| `source` |");
    assert_eq!(first_column(&rows), names(&Source::WORDS));
}

#[test]
fn the_policies_of_the_reference_are_those_of_the_code() {
    let rows = table(section("Bad records and values"), "| | ");
    assert_eq!(first_column(&rows), names(&OnBadRecord::WORDS));
    for (key, known) in [
        ("onBadRecord", names(&OnBadRecord::WORDS)),
        ("onTombstone", names(&OnTombstone::WORDS)),
    ] {
        assert!(allowed("| key | ", key).iter().eq(&known), "{key}");
    }
}

#[test]
fn the_formats_of_the_reference_are_those_of_the_code() {
    let allowed = allowed("| key of `message` and `key` | ", "dataFormat");
    assert!(allowed.iter().eq(&names(&DataFormat::WORDS)), "{allowed:?}");
}

#[test]
fn the_tools_of_the_reference_are_those_of_the_tests() {
    let (_, rest) = REFERENCE
        .split_once("equal to the tests -->\n")
        .expect("the table begins");
    let (table, _) = rest.split_once("<!-- tools: end -->").expect("the table ends");
    let rows: Vec<&str> = table.lines().skip(2).collect();
    assert!(rows.iter().all(|row| words(row).count() >= 3), "{rows:?}");
    let documented: BTreeSet<&str> = rows.iter().flat_map(|row| words(row)).collect();
    let tested = include_str!("tools.rs").split("#[test]\nfn ").skip(1);
    let tested: BTreeSet<&str> = tested.filter_map(|test| test.split('(').next()).collect();
    assert_eq!(documented, tested);
}
