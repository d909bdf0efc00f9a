//! Registries: Glue's operations on values, no HTTP.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::error::GlueError;
use super::messages::*;
use super::names::{
    DEFAULT_REGISTRY, SchemaName, registry_arn, registry_name, registry_not_found, schema_arn,
};
use super::page::page;
use super::validate::{check_definition, check_name, same_definition};

/// Status of every listed item: nothing here is pending or being deleted.
const AVAILABLE: &str = "AVAILABLE";

/// All registries of the account, in the order of their names, which is also the order of lists.
#[derive(Debug, Default)]
pub(super) struct Registries(BTreeMap<String, Registry>);

#[derive(Debug)]
struct Registry {
    description: Option<String>,
    created: SystemTime,
    schemas: BTreeMap<String, Schema>,
}

#[derive(Debug)]
struct Schema {
    description: Option<String>,
    data_format: DataFormat,
    compatibility: Compatibility,
    created: SystemTime,
    updated: SystemTime,
    /// Versions; number `n` is at `n - 1`; never empty.
    versions: Vec<Version>,
}

#[derive(Debug)]
struct Version {
    id: Uuid,
    definition: String,
    created: SystemTime,
}

impl Registries {
    /// Creates a schema of an existing registry, or adds a version to an existing one.
    pub(super) fn put_schema(
        &mut self,
        registry: &str,
        name: &str,
        data_format: DataFormat,
        definition: &str,
    ) -> Result<Uuid, GlueError> {
        let existing = self
            .0
            .get(registry)
            .and_then(|registry| registry.schemas.get(name));
        match existing.map(|schema| schema.data_format) {
            Some(existing) if existing != data_format => Err(GlueError::InvalidInput(format!(
                "Schema {name} has data format {existing:?}, not {data_format:?}"
            ))),
            Some(_) => self
                .add_version(&SchemaId::named(registry, name), definition)
                .map(|(id, _)| id),
            None => {
                let request = CreateSchemaRequest {
                    registry_id: Some(RegistryId::named(registry)),
                    schema_name: name.to_owned(),
                    data_format,
                    compatibility: Compatibility::None,
                    description: None,
                    schema_definition: Some(definition.to_owned()),
                };
                self.add_schema(request).map(|(_, schema)| schema.versions[0].id)
            }
        }
    }

    pub(super) fn create_registry(&mut self, request: CreateRegistryRequest) -> Result<Value, GlueError> {
        let CreateRegistryRequest {
            registry_name,
            description,
        } = request;
        check_name("registryName", &registry_name)?;
        if self.0.contains_key(&registry_name) {
            let message = format!("Registry already exists. RegistryName: {registry_name}");
            return Err(GlueError::AlreadyExists(message));
        }
        let answer = json!({
            "RegistryArn": registry_arn(&registry_name),
            "RegistryName": registry_name,
            "Description": description,
        });
        self.0.insert(registry_name, Registry::new(description));
        Ok(answer)
    }

    pub(super) fn list_registries(&self, request: &ListRegistriesRequest) -> Result<Value, GlueError> {
        let items = self
            .0
            .iter()
            .map(|(name, registry)| ((name.clone(), String::new()), registry.describe(name)));
        let (registries, next_token) = page(items, &request.page)?;
        Ok(json!({"Registries": registries, "NextToken": next_token}))
    }

    pub(super) fn registry(&self, request: &GetRegistryRequest) -> Result<Value, GlueError> {
        let name = registry_name(&request.registry_id)?;
        let registry = self.0.get(&name);
        let registry = registry.ok_or_else(|| registry_not_found(&request.registry_id))?;
        Ok(registry.describe(&name))
    }

    pub(super) fn create_schema(&mut self, request: CreateSchemaRequest) -> Result<Value, GlueError> {
        let (name, schema) = self.add_schema(request)?;
        let mut answer = schema.describe(&name);
        answer["SchemaVersionId"] = json!(schema.versions[0].id.to_string());
        answer["SchemaVersionStatus"] = json!(AVAILABLE);
        Ok(answer)
    }

    pub(super) fn register_schema_version(
        &mut self,
        request: &RegisterSchemaVersionRequest,
    ) -> Result<Value, GlueError> {
        let (id, number) = self.add_version(&request.schema_id, &request.schema_definition)?;
        Ok(json!({"SchemaVersionId": id.to_string(), "VersionNumber": number, "Status": AVAILABLE}))
    }

    pub(super) fn list_schemas(&self, request: &ListSchemasRequest) -> Result<Value, GlueError> {
        let only = request.registry_id.as_ref().map(registry_name).transpose()?;
        if let (Some(id), Some(name)) = (&request.registry_id, &only)
            && !self.0.contains_key(name)
        {
            return Err(registry_not_found(id));
        }
        let registries = self
            .0
            .iter()
            .filter(|(name, _)| only.as_ref().is_none_or(|only| only == *name));
        let items = registries.flat_map(|(registry_name, registry)| {
            registry.schemas.iter().map(move |(name, schema)| {
                let position = (registry_name.clone(), name.clone());
                (position, schema.item(registry_name, name))
            })
        });
        let (schemas, next_token) = page(items, &request.page)?;
        Ok(json!({"Schemas": schemas, "NextToken": next_token}))
    }

    pub(super) fn schema(&self, request: &GetSchemaRequest) -> Result<Value, GlueError> {
        let name = SchemaName::of(&request.schema_id)?;
        Ok(self.find_schema(&name)?.describe(&name))
    }

    pub(super) fn schema_version(&self, request: &GetSchemaVersionRequest) -> Result<Value, GlueError> {
        let invalid = |message: &str| Err(GlueError::InvalidInput(message.to_owned()));
        match (
            &request.schema_version_id,
            &request.schema_id,
            &request.schema_version_number,
        ) {
            (Some(id), None, None) => self.version_by_id(id),
            (Some(_), ..) => {
                invalid("No other input parameters can be specified when fetching by SchemaVersionId.")
            }
            (None, Some(schema_id), Some(number)) => self.version_by_number(schema_id, number),
            (None, Some(_), None) => invalid("One of version number (or) latest version is required."),
            (None, None, _) => invalid("Schema Id is required."),
        }
    }

    fn version_by_id(&self, id: &str) -> Result<Value, GlueError> {
        let not_found =
            || GlueError::EntityNotFound(format!("Schema version is not found. SchemaVersionId: {id}"));
        let id: Uuid = id.parse().map_err(|_| {
            let message = "The parameter value contains one or more characters that are not valid. \
                           Parameter Name: SchemaVersionId";
            GlueError::InvalidInput(message.to_owned())
        })?;
        let schemas = self.0.iter().flat_map(|(registry, content)| {
            content
                .schemas
                .iter()
                .map(move |(name, schema)| (registry, name, schema))
        });
        schemas
            .filter_map(|(registry, name, schema)| {
                let index = schema.versions.iter().position(|version| version.id == id)?;
                Some(schema.version(index, schema_arn(registry, name)))
            })
            .next()
            .ok_or_else(not_found)
    }

    fn version_by_number(
        &self,
        schema_id: &SchemaId,
        number: &SchemaVersionNumber,
    ) -> Result<Value, GlueError> {
        let name = SchemaName::of(schema_id)?;
        let schema = self.find_schema(&name)?;
        let number = match (number.latest_version.unwrap_or(false), number.version_number) {
            (true, None) => schema.latest_number(),
            (false, Some(number)) => number,
            _ => {
                let message = "One of version number (or) latest version is required.";
                return Err(GlueError::InvalidInput(message.to_owned()));
            }
        };
        let index = number
            .checked_sub(1)
            .and_then(|index| usize::try_from(index).ok());
        match index.filter(|&index| index < schema.versions.len()) {
            Some(index) => Ok(schema.version(index, name.arn())),
            None => Err(GlueError::EntityNotFound(format!(
                "Schema version is not found. {}, VersionNumber: {number}",
                name.describe()
            ))),
        }
    }

    pub(super) fn list_schema_versions(
        &self,
        request: &ListSchemaVersionsRequest,
    ) -> Result<Value, GlueError> {
        let name = SchemaName::of(&request.schema_id)?;
        let schema = self.find_schema(&name)?;
        let items = (0..schema.versions.len()).map(|index| {
            let mut item = schema.version(index, name.arn());
            if let Some(members) = item.as_object_mut() {
                members.retain(|name, _| name != "SchemaDefinition" && name != "DataFormat");
            }
            // Padded, so that positions sort by number.
            ((format!("{:020}", number_at(index)), String::new()), item)
        });
        let (schemas, next_token) = page(items, &request.page)?;
        Ok(json!({"Schemas": schemas, "NextToken": next_token}))
    }

    fn add_schema(&mut self, request: CreateSchemaRequest) -> Result<(SchemaName, &Schema), GlueError> {
        let registry_id = request
            .registry_id
            .unwrap_or_else(|| RegistryId::named(DEFAULT_REGISTRY));
        check_name("schemaName", &request.schema_name)?;
        let definition = request
            .schema_definition
            .ok_or_else(|| GlueError::InvalidInput("SchemaDefinition is required".to_owned()))?;
        check_definition(request.data_format, &definition)?;
        if registry_id.registry_name.as_deref() == Some(DEFAULT_REGISTRY) {
            self.0
                .entry(DEFAULT_REGISTRY.to_owned())
                .or_insert_with(|| Registry::new(None));
        }
        let name = SchemaName {
            registry: registry_name(&registry_id)?,
            schema: request.schema_name,
        };
        let registry = self.0.get_mut(&name.registry);
        let registry = registry.ok_or_else(|| registry_not_found(&registry_id))?;
        let Entry::Vacant(entry) = registry.schemas.entry(name.schema.clone()) else {
            let message = format!("Schema already exists. SchemaName: {}", name.schema);
            return Err(GlueError::AlreadyExists(message));
        };
        let version = Version::new(&definition);
        let schema: &Schema = entry.insert(Schema {
            description: request.description,
            data_format: request.data_format,
            compatibility: request.compatibility,
            created: version.created,
            updated: version.created,
            versions: vec![version],
        });
        Ok((name, schema))
    }

    /// Id and number of the version with this definition.
    fn add_version(&mut self, id: &SchemaId, definition: &str) -> Result<(Uuid, u64), GlueError> {
        let name = SchemaName::of(id)?;
        let registry = self.0.get_mut(&name.registry);
        let schema = registry.and_then(|registry| registry.schemas.get_mut(&name.schema));
        let schema = schema.ok_or_else(|| name.not_found())?;
        if schema.compatibility == Compatibility::Disabled {
            let message = format!(
                "Compatibility DISABLED does not allow versioning. {}",
                name.describe()
            );
            return Err(GlueError::InvalidInput(message));
        }
        check_definition(schema.data_format, definition)?;
        let index = schema.find_or_add(definition);
        Ok((schema.versions[index].id, number_at(index)))
    }

    fn find_schema(&self, name: &SchemaName) -> Result<&Schema, GlueError> {
        let schema = self
            .0
            .get(&name.registry)
            .and_then(|registry| registry.schemas.get(&name.schema));
        schema.ok_or_else(|| name.not_found())
    }
}

/// Checks whether a definition could be registered.
pub(super) fn check_schema_version_validity(
    request: &CheckSchemaVersionValidityRequest,
) -> Result<Value, GlueError> {
    match check_definition(request.data_format, &request.schema_definition) {
        Ok(()) => Ok(json!({"Valid": true})),
        Err(GlueError::InvalidInput(message)) => Ok(json!({"Valid": false, "Error": message})),
        Err(error) => Err(error),
    }
}

impl Registry {
    fn new(description: Option<String>) -> Self {
        Self {
            description,
            created: SystemTime::now(),
            schemas: BTreeMap::new(),
        }
    }

    /// Entry of `ListRegistries`; also the whole response of `GetRegistry`.
    fn describe(&self, name: &str) -> Value {
        json!({
            "RegistryName": name,
            "RegistryArn": registry_arn(name),
            "Description": self.description,
            "Status": AVAILABLE,
            "CreatedTime": time_text(self.created),
            "UpdatedTime": time_text(self.created),
        })
    }
}

impl Schema {
    fn latest_number(&self) -> u64 {
        self.versions.len() as u64
    }

    /// Index of the version with this definition, which is added if it is new.
    fn find_or_add(&mut self, definition: &str) -> usize {
        let same = |version: &Version| same_definition(self.data_format, &version.definition, definition);
        if let Some(index) = self.versions.iter().position(same) {
            return index;
        }
        let version = Version::new(definition);
        self.updated = version.created;
        self.versions.push(version);
        self.versions.len() - 1
    }

    /// Response of `GetSchemaVersion`.
    fn version(&self, index: usize, schema_arn: String) -> Value {
        let version = &self.versions[index];
        json!({
            "SchemaVersionId": version.id.to_string(),
            "SchemaDefinition": version.definition,
            "DataFormat": self.data_format,
            "SchemaArn": schema_arn,
            "VersionNumber": number_at(index),
            "Status": AVAILABLE,
            "CreatedTime": time_text(version.created),
        })
    }

    /// Entry of `ListSchemas`.
    fn item(&self, registry: &str, name: &str) -> Value {
        json!({
            "RegistryName": registry,
            "SchemaName": name,
            "SchemaArn": schema_arn(registry, name),
            "Description": self.description,
            "SchemaStatus": AVAILABLE,
            "CreatedTime": time_text(self.created),
            "UpdatedTime": time_text(self.updated),
        })
    }

    /// Response of `GetSchema`.
    fn describe(&self, name: &SchemaName) -> Value {
        let mut answer = self.item(&name.registry, &name.schema);
        answer["RegistryArn"] = json!(registry_arn(&name.registry));
        answer["DataFormat"] = json!(self.data_format);
        answer["Compatibility"] = json!(self.compatibility);
        answer["SchemaCheckpoint"] = json!(1);
        answer["LatestSchemaVersion"] = json!(self.latest_number());
        answer["NextSchemaVersion"] = json!(self.latest_number() + 1);
        answer
    }
}

impl Version {
    fn new(definition: &str) -> Self {
        Self {
            id: Uuid::new_v4(),
            definition: definition.to_owned(),
            created: SystemTime::now(),
        }
    }
}

fn number_at(index: usize) -> u64 {
    index as u64 + 1
}

/// Time as `2023-03-14T01:02:03.040Z`.
fn time_text(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Millis, true)
}
