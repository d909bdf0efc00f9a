//! Schemas that others of the same registry import by their names: Glue keeps no references.
//!
//! A schema's name has letters, digits and `-_$#.` only, so that a path is looked for as
//!
//! | name | for `common/money.proto` | for `https://example.com/address.json` |
//! |---|---|---|
//! | the path | | |
//! | its parts, joined by dots | `common.money.proto`, `common.money` | |
//! | its last part | `money.proto`, `money` | `address.json`, `address` |
//!
//! in this order. Only schemas that another requires are requested, each by its latest version. One that does not exist,
//! or may not be read, is left out: what the referring schema lacks without it names it.

use std::collections::HashSet;

use topic::document::missing_references;
use topic::{ReferencedSchema, SchemaDefinition, SchemaFormat};

use super::{RegistryError, SchemaRegistry};

/// The most names of schemas that one imports, by way of others included, for which the registry is asked.
const MAX_IMPORTS: usize = 200;
/// Endings of files that a schema's name may leave out.
const ENDINGS: [&str; 4] = [".proto", ".schema.json", ".json", ".avsc"];

/// The definition with the schemas that it imports from its own registry, which is `registry_name`, if it does not say
/// so itself.
///
/// # Errors
/// If the registry does not answer.
pub async fn with_imports(
    registry: &dyn SchemaRegistry,
    registry_name: Option<&str>,
    mut definition: SchemaDefinition,
) -> Result<SchemaDefinition, RegistryError> {
    let registry_name = registry_name
        .map(str::to_owned)
        .or_else(|| definition.registry_name.clone());
    let Some(registry_name) = registry_name else {
        return Ok(definition);
    };
    let mut asked = HashSet::new();
    loop {
        let missing = missing_references(&definition);
        let mut found_any = false;
        for name in missing {
            if asked.len() >= MAX_IMPORTS || !asked.insert(name.clone()) {
                continue;
            }
            let found = find(registry, &registry_name, &name, &definition).await?;
            if let Some(text) = found {
                found_any = true;
                definition.references.push(ReferencedSchema {
                    name,
                    definition: text,
                });
            }
        }
        if !found_any {
            return Ok(definition);
        }
    }
}

/// The text of the schema that `importing` calls `name`.
async fn find(
    registry: &dyn SchemaRegistry,
    registry_name: &str,
    name: &str,
    importing: &SchemaDefinition,
) -> Result<Option<String>, RegistryError> {
    for candidate in candidates(name) {
        match registry.latest_schema(registry_name, &candidate).await {
            Ok(found)
                if found.format() == importing.format() || importing.format() == Some(SchemaFormat::Json) =>
            {
                return Ok(Some(found.definition));
            }
            Ok(_) | Err(RegistryError::NotFound { .. } | RegistryError::AccessDenied { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Names that the schema may be registered under.
fn candidates(path: &str) -> Vec<String> {
    let mut paths = vec![path.to_owned()];
    if !path.contains("://") {
        paths.push(path.trim_start_matches("./").replace('/', "."));
    }
    paths.extend(path.rsplit('/').next().map(str::to_owned));
    let mut names = Vec::new();
    for path in paths {
        let shorter = ENDINGS.into_iter().find_map(|ending| path.strip_suffix(ending));
        for name in [Some(path.as_str()), shorter].into_iter().flatten() {
            if is_name(name) && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// Whether Glue takes it for a name: <https://docs.aws.amazon.com/glue/latest/webapi/API_SchemaId.html>.
fn is_name(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_$#.".contains(c);
    (1..=255).contains(&name.len()) && name.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::memory::MemorySchemaRegistry;

    const REGISTRY: &str = "customer";

    async fn imported(registry: &MemorySchemaRegistry, schema: &str) -> Vec<String> {
        let definition = registry.latest_schema(REGISTRY, schema).await.unwrap();
        let whole = with_imports(registry, None, definition).await.unwrap();
        whole
            .references
            .into_iter()
            .map(|reference| reference.name)
            .collect()
    }

    #[test]
    fn a_path_may_be_registered_by_several_names() {
        assert_eq!(candidates("common.proto"), ["common.proto", "common"]);
        assert_eq!(
            candidates("common/money.proto"),
            ["common.money.proto", "common.money", "money.proto", "money"]
        );
        assert_eq!(
            candidates("https://example.com/address.json"),
            ["address.json", "address"]
        );
        assert_eq!(candidates("ä/"), [""; 0]);
    }

    #[tokio::test]
    async fn imports_are_found_with_what_they_import() {
        let registry = MemorySchemaRegistry::new();
        let register = |name: &str, text: &str| {
            registry.register_schema(
                REGISTRY,
                name,
                "PROTOBUF",
                &format!("syntax = 'proto3'; package c; {text}"),
            );
        };
        register(
            "pay",
            "import 'common/money.proto'; import 'x.proto'; message Pay { Money amount = 1; }",
        );
        register("money", "import 'unit.proto'; message Money { Unit unit = 1; }");
        register("unit.proto", "message Unit { int64 units = 1; }");
        registry.register_schema(REGISTRY, "x", "JSON", "{}");
        assert_eq!(
            imported(&registry, "pay").await,
            ["common/money.proto", "unit.proto"]
        );
        assert_eq!(imported(&registry, "unit.proto").await, [""; 0]);
    }

    #[tokio::test]
    async fn a_circle_ends() {
        let registry = MemorySchemaRegistry::new();
        registry.register_schema(
            REGISTRY,
            "a",
            "PROTOBUF",
            "import 'b.proto'; message A { optional B b = 1; }",
        );
        registry.register_schema(
            REGISTRY,
            "b",
            "PROTOBUF",
            "import 'a.proto'; message B { optional A a = 1; }",
        );
        assert_eq!(imported(&registry, "a").await, ["b.proto", "a.proto"]);
    }

    #[tokio::test]
    async fn json_schemas_refer_by_name() {
        let registry = MemorySchemaRegistry::new();
        let schema =
            r#"{"type": "object", "properties": {"to": {"$ref": "address.json#/definitions/Short"}}}"#;
        registry.register_schema(REGISTRY, "order", "JSON", schema);
        registry.register_schema(
            REGISTRY,
            "address",
            "JSON",
            r#"{"definitions": {"Short": {"type": "string"}}}"#,
        );
        assert_eq!(imported(&registry, "order").await, ["address.json"]);
    }
}
