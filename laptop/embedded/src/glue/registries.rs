//! The registries themselves: Glue's operations on values, no HTTP.

use std::collections::BTreeMap;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::error::GlueError;
use super::messages::*;
use super::names::{
    DEFAULT_REGISTRY, SchemaName, registry_arn, registry_name, registry_not_found, schema_arn,
};
use super::page::page;
use super::validate::{check_definition, check_description, check_name, same_definition};

/// All registries of the account, in order of their names, which is the order of lists too.
#[derive(Debug, Default)]
pub(super) struct Registries(BTreeMap<String, Registry>);

#[derive(Debug)]
pub(super) struct Registry {
    pub(super) description: Option<String>,
    created: SystemTime,
    updated: SystemTime,
    pub(super) schemas: BTreeMap<String, Schema>,
}

#[derive(Debug)]
pub(super) struct Schema {
    description: Option<String>,
    pub(super) data_format: DataFormat,
    compatibility: Compatibility,
    created: SystemTime,
    updated: SystemTime,
    /// Number `n` is at `n - 1`; never empty.
    versions: Vec<Version>,
}

#[derive(Debug)]
struct Version {
    id: Uuid,
    definition: String,
    created: SystemTime,
}

impl Registries {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Registry)> {
        self.0.iter()
    }

    /// The data format of a schema, if there is one of that name.
    pub(super) fn data_format(&self, registry: &str, schema: &str) -> Option<DataFormat> {
        Some(self.0.get(registry)?.schemas.get(schema)?.data_format)
    }

    pub(super) fn create_registry(
        &mut self,
        request: CreateRegistryRequest,
    ) -> Result<CreateRegistryResponse, GlueError> {
        let CreateRegistryRequest {
            registry_name,
            description,
            tags,
        } = request;
        check_name("registryName", &registry_name)?;
        check_description(description.as_deref())?;
        if self.0.contains_key(&registry_name) {
            let message = format!("Registry already exists. RegistryName: {registry_name}");
            return Err(GlueError::AlreadyExists(message));
        }
        self.0
            .insert(registry_name.clone(), Registry::new(description.clone()));
        Ok(CreateRegistryResponse {
            registry_arn: registry_arn(&registry_name),
            registry_name,
            description,
            tags,
        })
    }

    pub(super) fn list_registries(
        &self,
        request: &ListRegistriesRequest,
    ) -> Result<ListRegistriesResponse, GlueError> {
        let items = self
            .0
            .iter()
            .map(|(name, registry)| ((name.clone(), String::new()), registry.item(name)));
        let (registries, next_token) = page(items, request.max_results, request.next_token.as_deref())?;
        Ok(ListRegistriesResponse {
            registries,
            next_token,
        })
    }

    pub(super) fn registry(&self, request: &RegistryRequest) -> Result<RegistryItem, GlueError> {
        let (name, registry) = self.find_registry(&request.registry_id)?;
        Ok(registry.item(&name))
    }

    pub(super) fn update_registry(
        &mut self,
        request: UpdateRegistryRequest,
    ) -> Result<UpdateRegistryResponse, GlueError> {
        check_description(Some(&request.description))?;
        let (registry_name, registry) = self.find_registry_mut(&request.registry_id)?;
        registry.description = Some(request.description);
        registry.updated = SystemTime::now();
        Ok(UpdateRegistryResponse {
            registry_arn: registry_arn(&registry_name),
            registry_name,
        })
    }

    pub(super) fn delete_registry(
        &mut self,
        request: &RegistryRequest,
    ) -> Result<DeleteRegistryResponse, GlueError> {
        let (registry_name, _) = self.find_registry(&request.registry_id)?;
        self.0.remove(&registry_name);
        let registry_arn = registry_arn(&registry_name);
        Ok(DeleteRegistryResponse {
            registry_name,
            registry_arn,
            status: Status::Deleting,
        })
    }

    pub(super) fn create_schema(
        &mut self,
        request: CreateSchemaRequest,
    ) -> Result<CreateSchemaResponse, GlueError> {
        let registry_id = request
            .registry_id
            .unwrap_or_else(|| RegistryId::named(DEFAULT_REGISTRY));
        check_name("schemaName", &request.schema_name)?;
        check_description(request.description.as_deref())?;
        let definition = request
            .schema_definition
            .ok_or_else(|| GlueError::InvalidInput("SchemaDefinition is required".to_owned()))?;
        check_definition(request.data_format, &definition)?;
        if registry_id.registry_name.as_deref() == Some(DEFAULT_REGISTRY) {
            self.0
                .entry(DEFAULT_REGISTRY.to_owned())
                .or_insert_with(|| Registry::new(None));
        }
        let (registry_name, registry) = self.find_registry_mut(&registry_id)?;
        if registry.schemas.contains_key(&request.schema_name) {
            let message = format!("Schema already exists. SchemaName: {}", request.schema_name);
            return Err(GlueError::AlreadyExists(message));
        }
        let version = Version::new(&definition);
        let schema_version_id = version.id;
        let schema = Schema {
            description: request.description.clone(),
            data_format: request.data_format,
            compatibility: request.compatibility,
            created: version.created,
            updated: version.created,
            versions: vec![version],
        };
        registry.schemas.insert(request.schema_name.clone(), schema);
        Ok(CreateSchemaResponse {
            registry_arn: registry_arn(&registry_name),
            schema_arn: schema_arn(&registry_name, &request.schema_name),
            registry_name,
            schema_name: request.schema_name,
            description: request.description,
            data_format: request.data_format,
            compatibility: request.compatibility,
            schema_checkpoint: 1,
            latest_schema_version: 1,
            next_schema_version: 2,
            schema_status: Status::Available,
            tags: request.tags,
            schema_version_id,
            schema_version_status: Status::Available,
        })
    }

    pub(super) fn register_schema_version(
        &mut self,
        request: &RegisterSchemaVersionRequest,
    ) -> Result<RegisterSchemaVersionResponse, GlueError> {
        let name = SchemaName::of(&request.schema_id)?;
        let schema = self.find_schema_mut(&name)?;
        if schema.compatibility == Compatibility::Disabled {
            let message = format!(
                "Compatibility DISABLED does not allow versioning. {}",
                name.describe()
            );
            return Err(GlueError::InvalidInput(message));
        }
        check_definition(schema.data_format, &request.schema_definition)?;
        let index = schema.find_or_add(&request.schema_definition);
        Ok(RegisterSchemaVersionResponse {
            schema_version_id: schema.versions[index].id,
            version_number: number_at(index),
            status: Status::Available,
        })
    }

    pub(super) fn list_schemas(
        &self,
        request: &ListSchemasRequest,
    ) -> Result<ListSchemasResponse, GlueError> {
        let only = match &request.registry_id {
            None => None,
            Some(id) => Some(self.find_registry(id)?.0),
        };
        let registries = self
            .0
            .iter()
            .filter(|(name, _)| only.as_ref().is_none_or(|only| only == *name));
        let items = registries.flat_map(|(registry_name, registry)| {
            registry.schemas.iter().map(move |(name, schema)| {
                (
                    (registry_name.clone(), name.clone()),
                    schema.item(registry_name, name),
                )
            })
        });
        let (schemas, next_token) = page(items, request.max_results, request.next_token.as_deref())?;
        Ok(ListSchemasResponse { schemas, next_token })
    }

    pub(super) fn schema(&self, request: &SchemaRequest) -> Result<GetSchemaResponse, GlueError> {
        let name = SchemaName::of(&request.schema_id)?;
        let schema = self.find_schema(&name)?;
        Ok(GetSchemaResponse {
            registry_arn: registry_arn(&name.registry),
            schema_arn: name.arn(),
            registry_name: name.registry,
            schema_name: name.schema,
            description: schema.description.clone(),
            data_format: schema.data_format,
            compatibility: schema.compatibility,
            schema_checkpoint: 1,
            latest_schema_version: schema.latest_number(),
            next_schema_version: schema.latest_number() + 1,
            schema_status: Status::Available,
            created_time: time_text(schema.created),
            updated_time: time_text(schema.updated),
        })
    }

    pub(super) fn schema_version(
        &self,
        request: &GetSchemaVersionRequest,
    ) -> Result<GetSchemaVersionResponse, GlueError> {
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

    fn version_by_id(&self, id: &str) -> Result<GetSchemaVersionResponse, GlueError> {
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
    ) -> Result<GetSchemaVersionResponse, GlueError> {
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
    ) -> Result<ListSchemaVersionsResponse, GlueError> {
        let name = SchemaName::of(&request.schema_id)?;
        let schema = self.find_schema(&name)?;
        let items = schema.versions.iter().enumerate().map(|(index, version)| {
            let item = SchemaVersionItem {
                schema_arn: name.arn(),
                schema_version_id: version.id,
                version_number: number_at(index),
                status: Status::Available,
                created_time: time_text(version.created),
            };
            // Padded, so that positions are in order of the numbers.
            ((format!("{:020}", number_at(index)), String::new()), item)
        });
        let (schemas, next_token) = page(items, request.max_results, request.next_token.as_deref())?;
        Ok(ListSchemaVersionsResponse { schemas, next_token })
    }

    pub(super) fn delete_schema(
        &mut self,
        request: &SchemaRequest,
    ) -> Result<DeleteSchemaResponse, GlueError> {
        let name = SchemaName::of(&request.schema_id)?;
        self.find_schema(&name)?;
        if let Some(registry) = self.0.get_mut(&name.registry) {
            registry.schemas.remove(&name.schema);
        }
        Ok(DeleteSchemaResponse {
            schema_arn: name.arn(),
            schema_name: name.schema,
            status: Status::Deleting,
        })
    }

    fn find_registry(&self, id: &RegistryId) -> Result<(String, &Registry), GlueError> {
        let name = registry_name(id)?;
        match self.0.get(&name) {
            Some(registry) => Ok((name, registry)),
            None => Err(registry_not_found(id)),
        }
    }

    fn find_registry_mut(&mut self, id: &RegistryId) -> Result<(String, &mut Registry), GlueError> {
        let name = registry_name(id)?;
        match self.0.get_mut(&name) {
            Some(registry) => Ok((name, registry)),
            None => Err(registry_not_found(id)),
        }
    }

    fn find_schema(&self, name: &SchemaName) -> Result<&Schema, GlueError> {
        let schema = self
            .0
            .get(&name.registry)
            .and_then(|registry| registry.schemas.get(&name.schema));
        schema.ok_or_else(|| name.not_found())
    }

    fn find_schema_mut(&mut self, name: &SchemaName) -> Result<&mut Schema, GlueError> {
        let schema = self
            .0
            .get_mut(&name.registry)
            .and_then(|registry| registry.schemas.get_mut(&name.schema));
        schema.ok_or_else(|| name.not_found())
    }
}

impl Registry {
    fn new(description: Option<String>) -> Self {
        let now = SystemTime::now();
        Self {
            description,
            created: now,
            updated: now,
            schemas: BTreeMap::new(),
        }
    }

    fn item(&self, name: &str) -> RegistryItem {
        RegistryItem {
            registry_name: name.to_owned(),
            registry_arn: registry_arn(name),
            description: self.description.clone(),
            status: Status::Available,
            created_time: time_text(self.created),
            updated_time: time_text(self.updated),
        }
    }
}

impl Schema {
    pub(super) fn latest_definition(&self) -> &str {
        self.versions.last().map_or("", |version| &version.definition)
    }

    fn latest_number(&self) -> u64 {
        self.versions.len() as u64
    }

    /// The index of the version with this definition, which is added if it is new.
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

    fn version(&self, index: usize, schema_arn: String) -> GetSchemaVersionResponse {
        let version = &self.versions[index];
        GetSchemaVersionResponse {
            schema_version_id: version.id,
            schema_definition: version.definition.clone(),
            data_format: self.data_format,
            schema_arn,
            version_number: number_at(index),
            status: Status::Available,
            created_time: time_text(version.created),
        }
    }

    fn item(&self, registry: &str, name: &str) -> SchemaItem {
        SchemaItem {
            registry_name: registry.to_owned(),
            schema_name: name.to_owned(),
            schema_arn: schema_arn(registry, name),
            description: self.description.clone(),
            schema_status: Status::Available,
            created_time: time_text(self.created),
            updated_time: time_text(self.updated),
        }
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

/// `2023-03-14T01:02:03.040Z`.
fn time_text(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Millis, true)
}
