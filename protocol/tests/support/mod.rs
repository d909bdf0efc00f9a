//! Helpers of this crate's tests. Each test file uses a part of them.
#![allow(dead_code)]

pub(crate) mod arrays;
pub(crate) mod messages;
pub(crate) mod tree;

use std::path::Path;

/// Folders of vectors.
pub(crate) const VERSIONS: [&str; 4] = ["v1", "v2", "v4", "v6"];

/// All vectors of a folder: name without `.json`, and text.
pub(crate) fn vectors(version: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(version);
    let mut vectors: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    vectors.sort();
    vectors
}

pub(crate) fn vector(version: &str, name: &str) -> Vec<u8> {
    vectors(version)
        .into_iter()
        .find(|(found, _)| found == name)
        .unwrap()
        .1
}
