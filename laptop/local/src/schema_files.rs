//! Schemas in a folder, in place of registries: `REGISTRY/NAME.json`, `.avsc`, `.proto`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use embedded::glue::DataFormat;

/// Schema in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFile {
    pub registry: String,
    /// Name of the file without its extension.
    pub name: String,
    pub data_format: DataFormat,
    pub definition: String,
    pub path: PathBuf,
}

/// Error of reading a file or folder.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct SchemaFilesError {
    path: PathBuf,
    source: io::Error,
}

/// Schemas of a folder, in order of their paths. A schema in a subfolder belongs to the registry of that name, one
/// directly in the folder to `default_registry`. Skips files with other extensions.
pub fn schema_files(folder: &Path, default_registry: &str) -> Result<Vec<SchemaFile>, SchemaFilesError> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            let registry = file_name(&path);
            for path in entries(&path)? {
                files.extend(read(path, &registry)?);
            }
        } else {
            files.extend(read(path, default_registry)?);
        }
    }
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, SchemaFilesError> {
    let error = |source| SchemaFilesError {
        path: folder.to_owned(),
        source,
    };
    let entries = fs::read_dir(folder).map_err(error)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(error)?;
    paths.sort();
    Ok(paths)
}

/// Data format by the extension of a file's name; `None` if it is not that of a schema.
pub fn data_format_of(path: &Path) -> Option<DataFormat> {
    match path.extension()?.to_str()? {
        "json" => Some(DataFormat::Json),
        "avsc" => Some(DataFormat::Avro),
        "proto" => Some(DataFormat::Protobuf),
        _ => None,
    }
}

fn read(path: PathBuf, registry: &str) -> Result<Option<SchemaFile>, SchemaFilesError> {
    let Some(data_format) = data_format_of(&path) else {
        return Ok(None);
    };
    match fs::read_to_string(&path) {
        Ok(definition) => Ok(Some(SchemaFile {
            registry: registry.to_owned(),
            name: file_name(&path.with_extension("")),
            data_format,
            definition,
            path,
        })),
        Err(source) => Err(SchemaFilesError { path, source }),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_registries() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("shop")).unwrap();
        for (path, text) in [
            ("orders.v1.json", "{}"),
            ("README.md", "no schema"),
            ("shop/carts.avsc", "\"string\""),
            ("shop/items.proto", "message Item {}"),
        ] {
            fs::write(folder.path().join(path), text).unwrap();
        }
        let found = schema_files(folder.path(), "customer").unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|file| (&*file.registry, &*file.name, file.data_format))
            .collect();
        let wanted = [
            ("customer", "orders.v1", DataFormat::Json),
            ("shop", "carts", DataFormat::Avro),
            ("shop", "items", DataFormat::Protobuf),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = schema_files(Path::new("/no/such/folder"), "customer")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("/no/such/folder: "), "{error}");
    }
}
