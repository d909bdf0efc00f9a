//! Validation of names and definitions.

use super::error::GlueError;
use super::messages::DataFormat;

const MAX_NAME_BYTES: usize = 255;
const MAX_DEFINITION_BYTES: usize = 170_000;

/// Checks a name: 1 to 255 characters of `[a-zA-Z0-9-_$#.]`. `member` is its name in the message.
pub(super) fn check_name(member: &str, name: &str) -> Result<(), GlueError> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return Err(wrong_length(member));
    }
    if !name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_$#.".contains(&byte))
    {
        return Err(GlueError::InvalidInput(format!(
            "The parameter value contains one or more characters that are not valid. Parameter Name: {member}"
        )));
    }
    Ok(())
}

/// Checks a definition: 1 to 170,000 bytes, not all blank; JSON where the format is written in JSON.
pub(super) fn check_definition(data_format: DataFormat, definition: &str) -> Result<(), GlueError> {
    if definition.trim().is_empty() || definition.len() > MAX_DEFINITION_BYTES {
        return Err(wrong_length("schemaDefinition"));
    }
    if data_format == DataFormat::Protobuf {
        return Ok(());
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(definition) {
        Ok(_) => Ok(()),
        Err(error) => Err(GlueError::InvalidInput(format!(
            "Schema definition of {data_format:?} data format is invalid: {error}"
        ))),
    }
}

/// Whether two definitions are the same version: JSON is compared as a tree, as its layout is not
/// significant.
pub(super) fn same_definition(data_format: DataFormat, left: &str, right: &str) -> bool {
    if data_format == DataFormat::Protobuf {
        return left == right;
    }
    let read = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    left == right || read(left).is_some_and(|left| Some(left) == read(right))
}

fn wrong_length(member: &str) -> GlueError {
    GlueError::InvalidInput(format!(
        "The resource name contains too many or too few characters. Parameter Name: {member}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_every_character_a_name_may_have() {
        check_name("registryName", "aZ09-_$#.").unwrap();
        check_name("registryName", &"n".repeat(255)).unwrap();
    }

    #[test]
    fn rejects_names_glue_would_not_take() {
        for name in ["", "a b", "a/b", "ä", "a{b}", &"n".repeat(256)] {
            assert!(check_name("registryName", name).is_err(), "{name}");
        }
    }

    #[test]
    fn only_formats_written_in_json_must_be_json() {
        check_definition(DataFormat::Json, "{}").unwrap();
        check_definition(DataFormat::Protobuf, "syntax = \"proto3\";").unwrap();
        for format in [DataFormat::Json, DataFormat::Avro] {
            assert!(check_definition(format, "{} trailing").is_err());
        }
        for blank_or_long in [" \n", &"x".repeat(170_001)] {
            assert!(check_definition(DataFormat::Protobuf, blank_or_long).is_err());
        }
    }

    #[test]
    fn layout_makes_no_new_version() {
        assert!(same_definition(
            DataFormat::Json,
            r#"{"a":1,"b":2}"#,
            r#"{ "b": 2, "a": 1 }"#
        ));
        assert!(!same_definition(DataFormat::Json, r#"{"a":1}"#, r#"{"a":2}"#));
        assert!(!same_definition(
            DataFormat::Protobuf,
            "message A {}",
            "message  A {}"
        ));
    }
}
