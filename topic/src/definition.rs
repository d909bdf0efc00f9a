//! Schemas as a registry stores them.

/// Version of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchemaDefinition {
    /// UUID of the version.
    pub schema_version_id: String,
    /// Glue registry of the schema, if it is known: other schemas of it may be imported by their names.
    pub registry_name: Option<String>,
    /// Data format as the registry spells it; [`Self::format`] reads it.
    pub data_format: String,
    pub definition: String,
    /// Schemas that it refers to, directly or indirectly, each after those that it refers to itself.
    pub references: Vec<ReferencedSchema>,
}

impl SchemaDefinition {
    /// Data format; `None` if it is not a known one.
    pub fn format(&self) -> Option<SchemaFormat> {
        SchemaFormat::named(&self.data_format)
    }
}

/// Data format of registered schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaFormat {
    Json,
    Avro,
    Protobuf,
}

impl SchemaFormat {
    /// Formats with their names in Glue and in Confluent registries.
    pub const WORDS: [(&str, Self); 3] = [
        ("JSON", Self::Json),
        ("AVRO", Self::Avro),
        ("PROTOBUF", Self::Protobuf),
    ];

    /// Format of this name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let mut words = Self::WORDS.into_iter();
        let known = words.find(|(word, _)| word.eq_ignore_ascii_case(name));
        known.map(|(_, format)| format)
    }
}

/// Registered schema that another one refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencedSchema {
    /// Name in the referring schema: for Protobuf the path of the import, for Avro mostly the full name of
    /// the type.
    pub name: String,
    pub definition: String,
}

/// Schema text that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SchemaTextError {
    /// Reason with the position in the text, if the parser reports it.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_format_is_known_in_any_case() {
        for (name, format) in SchemaFormat::WORDS {
            for name in [name.to_owned(), name.to_lowercase(), name.replace("O", "o")] {
                let definition = SchemaDefinition {
                    data_format: name,
                    ..SchemaDefinition::default()
                };
                assert_eq!(definition.format(), Some(format));
            }
        }
        assert_eq!(SchemaFormat::named("csv"), None);
    }
}
