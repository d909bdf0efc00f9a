//! Reference of operations, which tests compare with the code.

use std::collections::BTreeSet;

const OPERATIONS: &str = include_str!("../../../docs/operations.md");

/// Text under a heading, up to the next one of its rank or a higher one.
pub(crate) fn section(heading: &str) -> &'static str {
    let rank = |line: &str| line.find(|c| c != '#').filter(|rank| *rank > 0);
    let starts = OPERATIONS.split_inclusive('\n').scan(0, |start, line| {
        let here = *start;
        *start += line.len();
        Some((here, line))
    });
    let mut headings = starts.filter_map(|(start, line)| Some((start, line, rank(line)?)));
    let named = |line: &str| line.trim_start_matches('#').trim() == heading;
    let (start, _, own_rank) = headings
        .find(|(_, line, _)| named(line))
        .unwrap_or_else(|| panic!("docs/operations.md has no heading `{heading}`"));
    let end = headings.find(|(_, _, rank)| *rank <= own_rank);
    &OPERATIONS[start..end.map_or(OPERATIONS.len(), |(end, ..)| end)]
}

/// First cells of the rows under a heading that are names in backticks, each once.
pub(crate) fn names_in_table(heading: &str) -> BTreeSet<String> {
    let names = section(heading).lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("| `")?.split_once('`')?;
        Some(name.to_owned())
    });
    let mut once = BTreeSet::new();
    for name in names {
        assert!(once.insert(name.clone()), "`{name}` is there twice");
    }
    once
}
