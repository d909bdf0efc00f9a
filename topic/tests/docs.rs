//! The reference for users says what the code does.

use topic::table::Source;
use topic::{OnBadRecord, OnTombstone, type_name};

const REFERENCE: &str = include_str!("../../docs/topics.md");

#[test]
fn the_types_of_the_reference_are_those_of_the_code() {
    let begin = "equal to the code -->\n";
    let (_, rest) = REFERENCE.split_once(begin).expect("the table begins");
    let (table, _) = rest.split_once("<!-- types: end -->").expect("the table ends");
    assert_eq!(table, type_name::markdown());
}

#[test]
fn the_reference_names_every_source_and_policy() {
    let sources = Source::WORDS.iter().map(|(word, _)| *word);
    let policies = OnBadRecord::WORDS.iter().map(|(word, _)| *word);
    let tombstones = OnTombstone::WORDS.iter().map(|(word, _)| *word);
    for word in sources.chain(policies).chain(tombstones) {
        assert!(REFERENCE.contains(&format!("`{word}`")), "{word}");
    }
}
