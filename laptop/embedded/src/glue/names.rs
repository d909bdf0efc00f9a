//! Names of registries and schemas in requests: by name or by ARN.

use super::error::GlueError;
use super::messages::{RegistryId, SchemaId};
use super::validate::check_name;

const ARN_PREFIX: &str = "arn:aws:glue:us-east-1:000000000000:";
/// Registry of a schema for which none is named.
pub(super) const DEFAULT_REGISTRY: &str = "default-registry";

/// Names of a [`SchemaId`], both valid.
pub(super) struct SchemaName {
    pub(super) registry: String,
    pub(super) schema: String,
}

impl SchemaName {
    pub(super) fn of(id: &SchemaId) -> Result<Self, GlueError> {
        let (registry, schema) = match (&id.schema_arn, &id.registry_name, &id.schema_name) {
            (None, Some(registry), Some(schema)) => (registry.as_str(), schema.as_str()),
            (Some(arn), None, None) => read_arn(arn, "schema")?
                .split_once('/')
                .ok_or_else(|| GlueError::InvalidInput(format!("Not the ARN of a schema: {arn}")))?,
            (Some(_), ..) => {
                let message =
                    "One of (registryName and schemaName) or schemaArn has to be provided, both cannot be.";
                return Err(GlueError::InvalidInput(message.to_owned()));
            }
            _ => {
                let message = "One of (registryName and schemaName) or schemaArn has to be provided.";
                return Err(GlueError::InvalidInput(message.to_owned()));
            }
        };
        check_name("registryName", registry)?;
        check_name("schemaName", schema)?;
        Ok(Self {
            registry: registry.to_owned(),
            schema: schema.to_owned(),
        })
    }

    pub(super) fn arn(&self) -> String {
        schema_arn(&self.registry, &self.schema)
    }

    pub(super) fn describe(&self) -> String {
        format!("RegistryName: {}, SchemaName: {}", self.registry, self.schema)
    }

    pub(super) fn not_found(&self) -> GlueError {
        GlueError::EntityNotFound(format!("Schema is not found. {}", self.describe()))
    }
}

pub(super) fn registry_name(id: &RegistryId) -> Result<String, GlueError> {
    let name = match (&id.registry_name, &id.registry_arn) {
        (Some(name), None) => name,
        (None, Some(arn)) => read_arn(arn, "registry")?,
        (None, None) => DEFAULT_REGISTRY,
        (Some(_), Some(_)) => {
            let message = "One of registryName or registryArn has to be provided, both cannot be provided.";
            return Err(GlueError::InvalidInput(message.to_owned()));
        }
    };
    check_name("registryName", name)?;
    Ok(name.to_owned())
}

pub(super) fn registry_not_found(id: &RegistryId) -> GlueError {
    let name = id
        .registry_name
        .as_ref()
        .or(id.registry_arn.as_ref())
        .map_or(DEFAULT_REGISTRY, String::as_str);
    GlueError::EntityNotFound(format!("Registry is not found. RegistryName: {name}"))
}

pub(super) fn registry_arn(name: &str) -> String {
    format!("{ARN_PREFIX}registry/{name}")
}

pub(super) fn schema_arn(registry: &str, name: &str) -> String {
    format!("{ARN_PREFIX}schema/{registry}/{name}")
}

/// Part of an ARN after `kind/`, of any region and account.
fn read_arn<'a>(arn: &'a str, kind: &str) -> Result<&'a str, GlueError> {
    let resource = arn
        .starts_with("arn:aws")
        .then(|| arn.splitn(6, ':').nth(5))
        .flatten();
    let name = resource.and_then(|resource| resource.strip_prefix(kind)?.strip_prefix('/'));
    name.ok_or_else(|| GlueError::InvalidInput(format!("Not the ARN of a {kind}: {arn}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_arn(schema_arn: &str) -> Result<SchemaName, GlueError> {
        SchemaName::of(&SchemaId {
            schema_arn: Some(schema_arn.to_owned()),
            ..Default::default()
        })
    }

    #[test]
    fn an_arn_of_any_region_names_a_schema() {
        let name = by_arn("arn:aws-cn:glue:cn-north-1:123456789012:schema/customer/orders").unwrap();
        assert_eq!(
            (name.registry.as_str(), name.schema.as_str()),
            ("customer", "orders")
        );
        assert_eq!(by_arn(&name.arn()).unwrap().schema, "orders");
    }

    #[test]
    fn rejects_arns_of_other_things() {
        for arn in [
            "",
            "orders",
            "arn:aws:glue:us-east-1:1:registry/customer",
            "arn:aws:glue:us-east-1:1:schema/orders",
            "arn:aws:glue:us-east-1:1:schema/a/b/c",
            "arn:aws:glue:us-east-1:1:schema//",
        ] {
            assert!(matches!(by_arn(arn), Err(GlueError::InvalidInput(_))), "{arn}");
        }
    }
}
