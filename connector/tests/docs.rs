//! Tests that the reference of settings matches the code.

use std::collections::BTreeSet;

use connector::config::Config;

const REFERENCE: &str = include_str!("../../docs/settings.md");

#[test]
fn the_reference_has_a_row_for_every_variable_and_for_no_other() {
    let described: Vec<String> = REFERENCE
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect();
    let once: BTreeSet<_> = described.iter().cloned().collect();
    assert_eq!(once, Config::variables());
    assert_eq!(once.len(), described.len(), "each once");
}
