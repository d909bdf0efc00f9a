//! Registries that the settings name, in place of those with a marker.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Registries in the order of the setting, of different names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRegistries(Vec<NamedRegistry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct NamedRegistry {
    name: String,
    /// Same as `name`, or the ARN.
    id: String,
}

impl NamedRegistries {
    pub const WANTED: &str =
        "names or ARNs of Glue registries separated by commas, whose names differ by more than case";

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|registry| registry.name.as_str())
    }

    /// Name or ARN of registry `name` for requests to Glue.
    pub(super) fn id_of(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|registry| registry.name == name)?;
        Some(&found.id)
    }
}

/// Error of a text that is not [a list of registries](NamedRegistries::WANTED).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotRegistries;

impl FromStr for NamedRegistries {
    type Err = NotRegistries;

    fn from_str(text: &str) -> Result<Self, NotRegistries> {
        let mut names = BTreeSet::new();
        let registries = text.split(',').map(|id| {
            let id = id.trim();
            let name = match id.strip_prefix("arn:") {
                Some(arn) => {
                    let resource = arn.splitn(5, ':').nth(4).ok_or(NotRegistries)?;
                    resource.strip_prefix("registry/").ok_or(NotRegistries)?
                }
                None => id,
            };
            // The characters that Glue allows.
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_$#.".contains(&byte);
            if name.is_empty() || !name.bytes().all(is_allowed) || !names.insert(name.to_lowercase()) {
                return Err(NotRegistries);
            }
            Ok(NamedRegistry {
                name: name.to_owned(),
                id: id.to_owned(),
            })
        });
        registries.collect::<Result<_, _>>().map(Self)
    }
}

/// Text of the setting.
impl fmt::Display for NamedRegistries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.0.iter().map(|registry| registry.id.as_str()).collect();
        f.write_str(&ids.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns_name_registries() {
        let arn = "arn:aws:glue:eu-west-1:123456789012:registry/Payments";
        let registries: NamedRegistries = format!("customer, {arn}").parse().unwrap();
        assert_eq!(registries.names().collect::<Vec<_>>(), ["customer", "Payments"]);
        assert_eq!(registries.id_of("customer"), Some("customer"));
        assert_eq!(registries.id_of("Payments"), Some(arn));
        assert_eq!(registries.id_of("payments"), None);
    }

    #[test]
    fn refuses_what_names_none_or_one_twice() {
        for text in [
            "a,,b",
            "a,A",
            "a b",
            "arn:aws:glue:eu-west-1:123456789012:schema/a/b",
            "arn:aws:glue",
            "a,arn:aws:glue:eu-west-1:123456789012:registry/a",
        ] {
            assert_eq!(text.parse::<NamedRegistries>(), Err(NotRegistries), "{text}");
        }
    }
}
