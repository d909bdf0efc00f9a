//! Registration of schemas in AWS Glue. The connector itself only reads them.
//!
//! Required actions: `glue:GetRegistry`, `glue:ListRegistries`, `glue:GetSchema`, `glue:GetSchemaVersion`, and for
//! writing `glue:CreateRegistry`, `glue:CreateSchema`, `glue:RegisterSchemaVersion`.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_glue::Client;
use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_glue::types::{
    Compatibility, DataFormat, RegistryId, SchemaId, SchemaVersionNumber, SchemaVersionStatus,
};
use connector::registry::catalog::MARKERS;

/// Client of Glue that registers schemas.
pub struct Registrar {
    client: Client,
}

/// Latest version of a schema in Glue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatestSchema {
    pub version: i64,
    /// `JSON`, `AVRO` or `PROTOBUF`.
    pub data_format: String,
    pub definition: String,
    /// Compatibility mode, such as `NONE` or `BACKWARD`.
    pub compatibility: String,
}

/// Schema to register.
#[derive(Debug, Clone, Copy)]
pub struct NewSchema<'a> {
    pub registry: &'a str,
    pub name: &'a str,
    pub data_format: &'a str,
    pub definition: &'a str,
}

/// Error of a call of Glue, or of the registered version.
#[derive(Debug, thiserror::Error)]
pub enum RegistrarError {
    #[error("{operation} of {what}: {reason}")]
    Call {
        operation: &'static str,
        what: String,
        reason: String,
    },
    #[error(
        "Glue cannot be reached: {reason}; set AWS_REGION and credentials, or the variables that `athena-local serve` prints"
    )]
    Unreachable { reason: String },
    /// The version's status became `FAILURE`.
    #[error(
        "Glue refuses version {version} of {what}: its compatibility mode is {compatibility}, and this text is not compatible with \
         the previous versions"
    )]
    Incompatible {
        what: String,
        version: i64,
        compatibility: String,
    },
    #[error("{what} is not available after {waited:?}: its state is {state}")]
    Pending {
        what: String,
        waited: Duration,
        state: String,
    },
    /// Glue keeps one version for each text, and readers use the latest version.
    #[error(
        "{what} already has this text as version {version}, and version {latest} stays the latest; change the text to register it \
         again"
    )]
    OldVersion { what: String, version: i64, latest: i64 },
}

/// Time limit for Glue to make a version available.
const AVAILABLE_LIMIT: Duration = Duration::from_secs(30);
const AVAILABLE_PAUSE: Duration = Duration::from_millis(500);

impl Registrar {
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            client: connector::registry::glue::client(sdk),
        }
    }

    /// Description of a registry; `None` if the registry does not exist.
    pub async fn description(&self, registry: &str) -> Result<Option<String>, RegistrarError> {
        let found = self
            .client
            .get_registry()
            .registry_id(registry_id(registry))
            .send()
            .await;
        match found {
            Ok(found) => Ok(Some(found.description.unwrap_or_default())),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(failed("GetRegistry", format!("registry {registry}"), &error)),
        }
    }

    /// Creates a registry with the marker by which Athena lists it.
    pub async fn create_registry(&self, registry: &str) -> Result<(), RegistrarError> {
        let description = format!("Kafka topics {}", MARKERS[0]);
        let call = self
            .client
            .create_registry()
            .registry_name(registry)
            .description(description);
        let created = call.send().await;
        let failed = |error| failed("CreateRegistry", format!("registry {registry}"), &error);
        created.map(drop).map_err(failed)
    }

    /// Latest version of a schema; `None` if the schema does not exist.
    pub async fn latest(&self, registry: &str, name: &str) -> Result<Option<LatestSchema>, RegistrarError> {
        let what = || format!("schema {registry}.{name}");
        let latest = SchemaVersionNumber::builder().latest_version(true).build();
        let version = self
            .client
            .get_schema_version()
            .schema_id(schema_id(registry, name));
        let version = match version.schema_version_number(latest).send().await {
            Ok(version) => version,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(failed("GetSchemaVersion", what(), &error)),
        };
        let schema = self
            .client
            .get_schema()
            .schema_id(schema_id(registry, name))
            .send()
            .await;
        let schema = schema.map_err(|error| failed("GetSchema", what(), &error))?;
        Ok(Some(LatestSchema {
            version: version.version_number.unwrap_or_default(),
            data_format: version
                .data_format
                .map(|format| format.as_str().to_owned())
                .unwrap_or_default(),
            definition: version.schema_definition.unwrap_or_default(),
            compatibility: schema
                .compatibility
                .map(|rule| rule.as_str().to_owned())
                .unwrap_or_default(),
        }))
    }

    /// Registers the first version of a schema.
    pub async fn create(&self, schema: NewSchema<'_>, compatibility: &str) -> Result<(), RegistrarError> {
        let call = self
            .client
            .create_schema()
            .registry_id(registry_id(schema.registry))
            .schema_name(schema.name)
            .data_format(DataFormat::from(schema.data_format))
            .compatibility(Compatibility::from(compatibility))
            .schema_definition(schema.definition);
        let created = call
            .send()
            .await
            .map_err(|error| failed("CreateSchema", schema.what(), &error))?;
        let status = created.schema_version_status;
        self.wait_until_available(
            schema,
            1,
            created.schema_version_id.as_deref(),
            status,
            compatibility,
        )
        .await
    }

    /// Registers the version after `latest`, and returns its number.
    pub async fn add_version(
        &self,
        schema: NewSchema<'_>,
        latest: &LatestSchema,
    ) -> Result<i64, RegistrarError> {
        let call = self
            .client
            .register_schema_version()
            .schema_id(schema_id(schema.registry, schema.name))
            .schema_definition(schema.definition);
        let added = call.send().await;
        let added = added.map_err(|error| failed("RegisterSchemaVersion", schema.what(), &error))?;
        let version = added.version_number.unwrap_or_default();
        let id = added.schema_version_id.as_deref();
        self.wait_until_available(schema, version, id, added.status, &latest.compatibility)
            .await?;
        if version <= latest.version {
            return Err(RegistrarError::OldVersion {
                what: schema.what(),
                version,
                latest: latest.version,
            });
        }
        Ok(version)
    }

    /// Waits until Glue has compared the version with the previous ones, which it does after its response.
    async fn wait_until_available(
        &self,
        schema: NewSchema<'_>,
        version: i64,
        id: Option<&str>,
        mut status: Option<SchemaVersionStatus>,
        compatibility: &str,
    ) -> Result<(), RegistrarError> {
        let started = tokio::time::Instant::now();
        loop {
            match &status {
                Some(SchemaVersionStatus::Available) | None => return Ok(()),
                Some(SchemaVersionStatus::Failure) => {
                    return Err(RegistrarError::Incompatible {
                        what: schema.what(),
                        version,
                        compatibility: compatibility.to_owned(),
                    });
                }
                Some(state) if started.elapsed() >= AVAILABLE_LIMIT => {
                    return Err(RegistrarError::Pending {
                        what: schema.what(),
                        waited: AVAILABLE_LIMIT,
                        state: state.as_str().to_owned(),
                    });
                }
                Some(_) => tokio::time::sleep(AVAILABLE_PAUSE).await,
            }
            let call = self
                .client
                .get_schema_version()
                .set_schema_version_id(id.map(str::to_owned));
            let found = call.send().await;
            status = found
                .map_err(|error| failed("GetSchemaVersion", schema.what(), &error))?
                .status;
        }
    }
}

impl NewSchema<'_> {
    fn what(&self) -> String {
        format!("schema {}.{}", self.registry, self.name)
    }
}

fn registry_id(registry: &str) -> RegistryId {
    RegistryId::builder().registry_name(registry).build()
}

fn schema_id(registry: &str, name: &str) -> SchemaId {
    SchemaId::builder()
        .registry_name(registry)
        .schema_name(name)
        .build()
}

fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("EntityNotFoundException")
}

fn failed<E>(operation: &'static str, what: String, error: &SdkError<E>) -> RegistrarError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let reason = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => {
            let reason = spill::causes(error);
            return RegistrarError::Unreachable { reason };
        }
    };
    RegistrarError::Call {
        operation,
        what,
        reason,
    }
}
