//! The functions by name, for SHOW FUNCTIONS and the documentation.

use std::collections::BTreeMap;

use crate::functions::{FORMS, RANKING, aggregates, scalars};

/// A function, or what reads like one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionInfo {
    pub name: &'static str,
    /// What it belongs to: `strings`, `aggregates`, ….
    pub group: &'static str,
    /// Types of the arguments and of the result: `(array(T), T) boolean where T:comparable`. Empty for what the binder
    /// types by itself.
    pub signatures: Vec<&'static str>,
}

/// All functions, by group and name.
pub fn all_functions() -> Vec<FunctionInfo> {
    let scalars = scalars().groups();
    let scalars = scalars.map(|(group, function)| (group, function.name, function.texts.as_slice()));
    let aggregates = aggregates().groups();
    let aggregates = aggregates.map(|(group, function)| (group, function.name, function.texts.as_slice()));
    let count = [("aggregates", "count", &["() bigint", "(T) bigint"][..])];
    let ranking = RANKING.iter().map(|name| ("window functions", *name, &[][..]));
    let forms = FORMS.iter().map(|name| ("conditions and types", *name, &[][..]));
    let mut all: BTreeMap<_, Vec<&'static str>> = BTreeMap::new();
    let every = scalars.chain(aggregates).chain(count).chain(ranking).chain(forms);
    // Names with a dollar are those of operators.
    for (group, name, signatures) in every.filter(|(_, name, _)| !name.starts_with('$')) {
        all.entry((group, name)).or_default().extend(signatures);
    }
    let info = |((group, name), signatures)| FunctionInfo {
        name,
        group,
        signatures,
    };
    all.into_iter().map(info).collect()
}
