//! Case-insensitive names: Athena lower-cases those of columns and of rows' fields, and so cannot distinguish
//! two that differ only by case.

use std::collections::HashMap;

/// Names so far, as they were spelled.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<String, String>);

/// Two names that are the same in Athena.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameClash {
    pub(crate) first: String,
    pub(crate) second: String,
}

impl Names {
    /// # Errors
    /// If the name exists already, in any case.
    pub(crate) fn insert(&mut self, name: &str) -> Result<(), NameClash> {
        match self.0.insert(name.to_lowercase(), name.to_owned()) {
            None => Ok(()),
            Some(first) => Err(NameClash {
                first,
                second: name.to_owned(),
            }),
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.contains_key(&name.to_lowercase())
    }
}

impl NameClash {
    /// Message about two `things`, such as columns.
    pub(crate) fn of(&self, things: &str) -> String {
        let Self { first, second } = self;
        match first == second {
            true => format!("two {things} are named `{first}`"),
            false => {
                format!("the {things} `{first}` and `{second}` differ by case alone, which Athena ignores")
            }
        }
    }
}

/// Whether Athena can distinguish all names.
pub(crate) fn are_distinct<'a>(names: impl IntoIterator<Item = &'a str>) -> bool {
    let mut seen = Names::default();
    names.into_iter().all(|name| seen.insert(name).is_ok())
}

/// Whether the names are equal or differ only by case.
pub(crate) fn are_alike(a: &str, b: &str) -> bool {
    match a.is_ascii() && b.is_ascii() {
        true => a.eq_ignore_ascii_case(b),
        false => a.to_lowercase() == b.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_tell_names_apart() {
        assert!(are_alike("orderId", "ORDERID") && are_alike("Straße Ä", "straße ä"));
        // The Kelvin sign is an upper-case k.
        assert!(are_alike("\u{212a}", "k"));
        assert!(!are_alike("a", "ä") && !are_alike("ss", "ß"));
        assert!(are_distinct(["a", "ä", "b"]) && !are_distinct(["ä", "b", "Ä"]));
    }

    #[test]
    fn a_clash_names_both() {
        let mut names = Names::default();
        assert_eq!(names.insert("Id"), Ok(()));
        let clash = |names: &mut Names, name| names.insert(name).unwrap_err().of("columns");
        assert_eq!(
            clash(&mut names, "iD"),
            "the columns `Id` and `iD` differ by case alone, which Athena ignores"
        );
        assert_eq!(clash(&mut names, "iD"), "two columns are named `iD`");
        assert!(names.contains("ID") && !names.contains("I"));
    }
}
