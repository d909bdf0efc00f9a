//! Registries as a folder of schema documents.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::registries::Registries;
use super::{DataFormat, EmbeddedGlue, GlueError};

const REGISTRY_FILE: &str = "registry.json";

/// What `registry.json` says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistryFile {
    description: String,
}

/// Why a folder could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: wanted {{\"description\": \"…\"}}: {source}", path.display())]
    Registry {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("{}: the name is not UTF-8", path.display())]
    Name { path: PathBuf },
    #[error("{}: {source}", path.display())]
    Glue { path: PathBuf, source: GlueError },
    #[error("{name}: a registry or schema of this name has no place in a folder")]
    Unwritable { name: String },
}

pub(super) fn load(glue: &EmbeddedGlue, dir: &Path) -> Result<(), FolderError> {
    for path in entries(dir)? {
        if path.is_dir() && !is_hidden(&path) {
            load_registry(glue, &path)?;
        }
    }
    Ok(())
}

fn load_registry(glue: &EmbeddedGlue, dir: &Path) -> Result<(), FolderError> {
    let registry = name(dir, dir.file_name())?;
    let file = dir.join(REGISTRY_FILE);
    let RegistryFile { description } =
        serde_json::from_str(&read(&file)?).map_err(|source| FolderError::Registry {
            path: file.clone(),
            source,
        })?;
    glue.put_registry(registry, &description)
        .map_err(|source| FolderError::Glue {
            path: file.clone(),
            source,
        })?;
    for path in entries(dir)? {
        let Some(data_format) = data_format(&path).filter(|_| path != file && !is_hidden(&path)) else {
            continue;
        };
        let schema = name(&path, path.file_stem())?;
        glue.register_schema(registry, schema, data_format, &read(&path)?)
            .map_err(|source| FolderError::Glue { path, source })?;
    }
    Ok(())
}

pub(super) fn save(registries: &Registries, dir: &Path) -> Result<(), FolderError> {
    for (registry_name, registry) in registries.iter() {
        // The two names Glue allows and a file system keeps for itself.
        if registry_name == "." || registry_name == ".." {
            return Err(FolderError::Unwritable {
                name: registry_name.clone(),
            });
        }
        let dir = dir.join(registry_name);
        std::fs::create_dir_all(&dir).map_err(|source| FolderError::Io {
            path: dir.clone(),
            source,
        })?;
        let description = registry.description.clone().unwrap_or_default();
        let file = serde_json::json!(RegistryFile { description });
        write(&dir.join(REGISTRY_FILE), &format!("{file:#}\n"))?;
        for (name, schema) in &registry.schemas {
            let path = dir.join(format!("{name}.{}", extension(schema.data_format)));
            if path.ends_with(REGISTRY_FILE) {
                return Err(FolderError::Unwritable {
                    name: format!("{registry_name}/{name}"),
                });
            }
            write(&path, schema.latest_definition())?;
        }
    }
    Ok(())
}

/// In order of their names, so that loading does the same everywhere.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let failed = |source| FolderError::Io {
        path: dir.to_owned(),
        source,
    };
    let entries = std::fs::read_dir(dir).map_err(failed)?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn name<'a>(path: &Path, part: Option<&'a std::ffi::OsStr>) -> Result<&'a str, FolderError> {
    part.and_then(|part| part.to_str())
        .ok_or_else(|| FolderError::Name {
            path: path.to_owned(),
        })
}

fn data_format(path: &Path) -> Option<DataFormat> {
    let extension_of = path.extension()?.to_str()?;
    [DataFormat::Json, DataFormat::Avro, DataFormat::Protobuf]
        .into_iter()
        .find(|&data_format| extension(data_format) == extension_of)
}

fn extension(data_format: DataFormat) -> &'static str {
    match data_format {
        DataFormat::Json => "json",
        DataFormat::Avro => "avsc",
        DataFormat::Protobuf => "proto",
    }
}

fn read(path: &Path) -> Result<String, FolderError> {
    std::fs::read_to_string(path).map_err(|source| FolderError::Io {
        path: path.to_owned(),
        source,
    })
}

fn write(path: &Path, text: &str) -> Result<(), FolderError> {
    std::fs::write(path, text).map_err(|source| FolderError::Io {
        path: path.to_owned(),
        source,
    })
}
