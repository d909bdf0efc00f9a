//! The command `schema register`: registers a schema, or its next version, in Glue.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::SdkConfig;
use clap::Args;
use connector::assembly;
use connector::config::variables::Variables;
use connector::registry::catalog::{Catalog, MARKERS};
use connector::registry::glue::GlueSchemaRegistry;
use connector::registry::imports::with_imports;
use connector::registry::{RegistryError, SchemaRegistry};
use topic::document::left_out_fields;
use topic::{SchemaDefinition, TableDefaults, TopicDocument, TopicTable, Warning};

use super::schema_change::Changes;
use super::schema_text::{RegisteredAs, columns, print_warnings};
use super::terminal::Error;
use crate::registrar::{LatestSchema, NewSchema, Registrar};

#[derive(Debug, Args)]
pub(super) struct RegisterArgs {
    /// File with the schema; `-` for standard input.
    file: PathBuf,
    /// Registry, created with Athena's marker if it does not exist [default: the only one with the marker].
    #[arg(long)]
    registry: Option<String>,
    /// Name of the schema and its table [default: that of the file; the topic for standard input].
    #[arg(long)]
    name: Option<String>,
    /// Data format in Glue [default: by the file's extension, .json, .avsc or .proto].
    #[arg(long, value_enum, ignore_case = true)]
    data_format: Option<RegisteredAs>,
    /// Compatibility mode of a new schema: the later versions that Glue accepts.
    #[arg(long, default_value = "NONE", ignore_case = true, value_parser = COMPATIBILITIES)]
    compatibility: String,
    /// Report what would be done, without doing it.
    #[arg(long)]
    dry_run: bool,
}

/// Compatibility modes of Glue.
const COMPATIBILITIES: [&str; 8] = [
    "NONE",
    "DISABLED",
    "BACKWARD",
    "BACKWARD_ALL",
    "FORWARD",
    "FORWARD_ALL",
    "FULL",
    "FULL_ALL",
];

pub(super) async fn run(args: &RegisterArgs) -> Result<(), Error> {
    let definition = read(&args.file)?;
    let data_format = args.data_format.or_else(|| RegisteredAs::of_file(&args.file));
    let data_format = data_format.unwrap_or(RegisteredAs::Json).name();
    let name = name(args, data_format, &definition)?;
    let sdk = connector::aws::sdk::sdk_config().await;
    if sdk.region().is_none() {
        return Err(
            "no AWS region is known: set AWS_REGION, or the variables that `athena-local serve` prints"
                .into(),
        );
    }
    let config = assembly::complete(Variables::from_env(), &sdk).await?.config()?;
    let registry = Registry::of(&assembly::glue_sdk(&config, &sdk, &sdk));
    let registry_name = match &args.registry {
        Some(name) => name.clone(),
        None => registry.only_marked().await?,
    };
    let schema = NewSchema {
        registry: &registry_name,
        name: &name,
        data_format,
        definition: &definition,
    };
    // Before anything is created: an invalid text is an error here.
    let (table, warnings) = registry.table(schema).await?;
    print_warnings(&warnings);
    let description = registry.registrar.description(&registry_name).await?;
    let latest = match description {
        Some(_) => registry.registrar.latest(&registry_name, &name).await?,
        None => None,
    };
    let mut out = io::stdout().lock();
    match &description {
        None if args.dry_run => writeln!(
            out,
            "would create registry {registry_name}, marked {}",
            MARKERS[0]
        )?,
        None => {
            registry.registrar.create_registry(&registry_name).await?;
            writeln!(out, "created registry {registry_name}, marked {}", MARKERS[0])?;
        }
        Some(text) if !MARKERS.iter().any(|marker| text.contains(marker)) => eprintln!(
            "warning: the description of registry {registry_name} has no marker, so Athena does not list it: \
             add {} to it",
            MARKERS[0]
        ),
        Some(_) => {}
    }
    match latest {
        None => first_version(&registry, schema, args, &mut out).await?,
        Some(latest) => next_version(&registry, schema, (&latest, &table), args.dry_run, &mut out).await?,
    }
    writeln!(out, "{}", columns(&table))?;
    Ok(())
}

async fn first_version(
    registry: &Registry,
    schema: NewSchema<'_>,
    args: &RegisterArgs,
    out: &mut impl Write,
) -> Result<(), Error> {
    let NewSchema {
        registry: of, name, ..
    } = schema;
    if args.dry_run {
        writeln!(out, "would register {of}.{name} as version 1")?;
        return Ok(());
    }
    registry
        .registrar
        .create(schema, &args.compatibility.to_uppercase())
        .await?;
    writeln!(out, "registered {of}.{name} as version 1")?;
    Ok(())
}

async fn next_version(
    registry: &Registry,
    schema: NewSchema<'_>,
    (latest, table): (&LatestSchema, &TopicTable),
    dry_run: bool,
    out: &mut impl Write,
) -> Result<(), Error> {
    let NewSchema {
        registry: of,
        name,
        data_format,
        ..
    } = schema;
    let version = latest.version;
    if latest.data_format != data_format {
        let found = &latest.data_format;
        return Err(format!(
            "{of}.{name} is registered as {found}, and the data format of a schema cannot change: wanted --data-format \
             {found}, or another --name"
        )
        .into());
    }
    if is_same(data_format, &latest.definition, schema.definition) {
        writeln!(out, "{of}.{name} is unchanged: version {version}")?;
        return Ok(());
    }
    let before = NewSchema {
        definition: &latest.definition,
        ..schema
    };
    let changes = registry
        .table(before)
        .await
        .map(|(before, _)| Changes::between(&before, table));
    let registered = match dry_run {
        true => format!("would register {of}.{name} as the version after {version}"),
        false => {
            let version = registry.registrar.add_version(schema, latest).await?;
            format!("registered {of}.{name} as version {version}")
        }
    };
    match changes {
        Ok(changes) => {
            let verdict = match changes.are_compatible {
                true => "compatible: queries of the previous version still work",
                false => "not compatible: queries that name what changed may fail",
            };
            writeln!(out, "{registered}, {verdict}")?;
            for line in &changes.lines {
                writeln!(out, "  {line}")?;
            }
            if changes.lines.is_empty() {
                writeln!(out, "  no column changed")?;
            }
        }
        Err(error) => writeln!(out, "{registered}; the previous version had no table: {error}")?,
    }
    Ok(())
}

fn read(file: &Path) -> Result<String, Error> {
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        if text.trim().is_empty() {
            return Err("standard input holds no schema".into());
        }
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()).into())
}

fn name(args: &RegisterArgs, data_format: &str, definition: &str) -> Result<String, Error> {
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    if args.file != Path::new("-") {
        let stem = args
            .file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        return Ok(stem.unwrap_or_default());
    }
    // Only JSON can name a topic: a topic document, or a schema with the key in addition to its own.
    let json: Option<serde_json::Value> = (data_format != "PROTOBUF")
        .then(|| serde_json::from_str(definition))
        .transpose()?;
    let topic = json
        .as_ref()
        .and_then(|json| json.get("topicName")?.as_str())
        .unwrap_or_default();
    match topic.trim() {
        "" => Err("the schema has no `topicName`: name it with --name".into()),
        topic => Ok(topic.to_owned()),
    }
}

/// Whether two texts are the same version: JSON is compared without its layout.
fn is_same(data_format: &str, left: &str, right: &str) -> bool {
    let json = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    let as_json = || json(left).is_some_and(|left| Some(left) == json(right));
    left == right || (data_format != "PROTOBUF" && as_json())
}

/// Access to Glue: the connector's reader, and a registrar that writes.
struct Registry {
    reader: GlueSchemaRegistry,
    registrar: Registrar,
    catalog: Catalog,
}

impl Registry {
    fn of(sdk: &SdkConfig) -> Self {
        let reader = || GlueSchemaRegistry::from_sdk_config(sdk);
        Self {
            reader: reader(),
            registrar: Registrar::new(sdk),
            catalog: Catalog::new(std::sync::Arc::new(reader()), Duration::ZERO),
        }
    }

    /// The only registry with the marker.
    async fn only_marked(&self) -> Result<String, Error> {
        let mut marked = self.catalog.schemas().await?;
        match &marked[..] {
            [_] => Ok(marked.remove(0)),
            [] => Err(
                "no registry has the marker: name one with --registry, which creates it if it does not exist"
                    .into(),
            ),
            several => Err(format!("which registry? --registry one of {}", several.join(", ")).into()),
        }
    }

    /// Table of a schema, as the connector reads it, and warnings about the schema.
    async fn table(&self, schema: NewSchema<'_>) -> Result<(TopicTable, Vec<Warning>), Error> {
        let definition = SchemaDefinition {
            schema_version_id: String::new(),
            data_format: schema.data_format.to_owned(),
            definition: schema.definition.to_owned(),
            ..SchemaDefinition::default()
        };
        let definition = with_imports(&self.reader, Some(schema.registry), definition).await?;
        let document = TopicDocument::parse(schema.name, &definition)?;
        let mut referenced = BTreeMap::new();
        for reference in document.references() {
            let registry = reference.registry_name.as_deref().unwrap_or(schema.registry);
            let latest = self.reader.latest_schema(registry, &reference.schema_name).await;
            let latest = latest.map_err(|error| match error {
                RegistryError::NotFound { what } => {
                    format!("it refers to {what}, which does not exist: register that first")
                }
                error => error.to_string(),
            })?;
            let latest = with_imports(&self.reader, Some(registry), latest).await?;
            referenced.insert(reference, latest);
        }
        let mut warnings = document.warnings().to_vec();
        let table = document.into_table(
            schema.registry,
            schema.name,
            &referenced,
            &TableDefaults::default(),
        )?;
        warnings.extend(left_out_fields(&table));
        Ok((table, warnings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_makes_no_version_of_json() {
        assert!(is_same("JSON", r#"{"a":1}"#, "{ \"a\": 1 }"));
        assert!(!is_same("AVRO", r#"{"a":1}"#, r#"{"a":2}"#));
        assert!(!is_same("PROTOBUF", "message A {}", "message  A {}"));
    }
}
