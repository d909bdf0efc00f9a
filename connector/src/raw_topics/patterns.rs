//! Patterns of topics' names, in which `*` stands for any letters.

use std::fmt;
use std::str::FromStr;

/// Patterns; a topic needs to fit one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPatterns(Vec<String>);

/// Prefix of the names of topics that belong to Kafka or its tools, such as `__consumer_offsets`.
const INTERNAL: &str = "__";

impl TopicPatterns {
    pub const WANTED: &str = "names of topics separated by commas, in which * stands for any letters";

    /// Whether a pattern fits `topic`. An internal topic is fitted only by patterns with the same prefix.
    pub fn fit(&self, topic: &str) -> bool {
        let is_internal = topic.starts_with(INTERNAL);
        self.0
            .iter()
            .filter(|pattern| !is_internal || pattern.starts_with(INTERNAL))
            .any(|pattern| fits(pattern, topic))
    }
}

/// All topics but internal ones.
impl Default for TopicPatterns {
    fn default() -> Self {
        Self(vec!["*".to_owned()])
    }
}

/// A pattern is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPattern;

impl FromStr for TopicPatterns {
    type Err = NoPattern;

    fn from_str(text: &str) -> Result<Self, NoPattern> {
        let patterns: Vec<_> = text.split(',').map(|pattern| pattern.trim().to_owned()).collect();
        match patterns.iter().any(String::is_empty) {
            true => Err(NoPattern),
            false => Ok(Self(patterns)),
        }
    }
}

impl fmt::Display for TopicPatterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

/// Whether the parts between the stars occur in `name` in their order, the first at its beginning, the last at its end.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(first) else {
        return false;
    };
    let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in between.split('*') {
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fit(patterns: &str, topic: &str) -> bool {
        patterns.parse::<TopicPatterns>().unwrap().fit(topic)
    }

    #[test]
    fn a_star_stands_for_any_letters() {
        for (patterns, topic) in [
            ("orders", "orders"),
            ("*", "orders"),
            ("orders*", "orders"),
            ("*ers", "orders"),
            ("o*e*s", "orders"),
            ("a*a", "aa"),
            ("payments, orders", "orders"),
            ("**", "orders"),
        ] {
            assert!(fit(patterns, topic), "{patterns} {topic}");
        }
        for (patterns, topic) in [
            ("orders", "Orders"),
            ("order", "orders"),
            ("a*a", "a"),
            ("o*x*s", "orders"),
            ("orders.*", "orders"),
        ] {
            assert!(!fit(patterns, topic), "{patterns} {topic}");
        }
    }

    #[test]
    fn internal_topics_are_meant_by_their_beginning_alone() {
        assert!(!TopicPatterns::default().fit("__consumer_offsets"));
        assert!(!fit("*offsets", "__consumer_offsets"));
        assert!(fit("*,__consumer_*", "__consumer_offsets"));
    }

    #[test]
    fn an_empty_pattern_is_refused() {
        for text in ["a,", ",", "a,,b"] {
            assert_eq!(text.parse::<TopicPatterns>(), Err(NoPattern), "{text}");
        }
    }

    proptest! {
        /// Compares with a recursion over the letters.
        #[test]
        fn fits_as_letter_by_letter(pattern in "[ab*]{0,6}", name in "[ab]{0,6}") {
            fn by_letter(pattern: &[u8], name: &[u8]) -> bool {
                match pattern.split_first() {
                    None => name.is_empty(),
                    Some((b'*', rest)) => (0..=name.len()).any(|at| by_letter(rest, &name[at..])),
                    Some((letter, rest)) => name.first() == Some(letter) && by_letter(rest, &name[1..]),
                }
            }
            prop_assert_eq!(fits(&pattern, &name), by_letter(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
