//! Where files lie: a folder, or a prefix of a bucket.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream;
use trino_sql::ErrorKind;

use crate::error::AthenaError;

#[derive(Debug, Clone)]
pub(super) enum Place {
    Folder(PathBuf),
    /// The prefix is empty or ends with a slash.
    Bucket {
        s3: aws_sdk_s3::Client,
        bucket: String,
        prefix: String,
    },
}

/// A file in its place.
#[derive(Debug, Clone)]
pub(super) struct PlacedFile {
    place: Place,
    /// Path below the place, with slashes between.
    pub(super) path: String,
}

impl Place {
    /// The place of a location: a path, `file:///path` or `s3://bucket/prefix`.
    pub(super) fn parse(location: &str, s3: Option<&aws_sdk_s3::Client>) -> Result<Self, AthenaError> {
        let invalid = |message: &str| {
            let message = format!("location {location:?}: {message}");
            AthenaError::refused(ErrorKind::InvalidTableProperty, message)
        };
        if let Some(rest) = location.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                return Err(invalid("wanted s3://bucket/prefix"));
            }
            let s3 = s3.ok_or_else(|| invalid("there is no client of S3 here"))?;
            let slash = if prefix.is_empty() || prefix.ends_with('/') {
                ""
            } else {
                "/"
            };
            return Ok(Self::Bucket {
                s3: s3.clone(),
                bucket: bucket.to_owned(),
                prefix: format!("{prefix}{slash}"),
            });
        }
        let path = location.strip_prefix("file://").unwrap_or(location);
        if path.is_empty() {
            return Err(invalid("wanted a folder or s3://bucket/prefix"));
        }
        // Relative to the folder of the moment, wherever the files are read from later.
        let path = std::path::absolute(path).map_err(|error| AthenaError::io(location, &error))?;
        Ok(Self::Folder(path))
    }

    /// As Athena, which never mixes the rows of two statements.
    pub(super) async fn check_is_empty(&self) -> Result<(), AthenaError> {
        if let Some(file) = self.files().await?.first() {
            let message = format!(
                "HIVE_PATH_ALREADY_EXISTS: {self} is not empty: it has {}",
                file.path
            );
            return Err(AthenaError::refused(ErrorKind::InvalidTableProperty, message));
        }
        Ok(())
    }

    /// All files, in the order of their paths.
    pub(super) async fn files(&self) -> Result<Vec<PlacedFile>, AthenaError> {
        let mut paths = match self {
            Self::Folder(folder) => {
                let mut paths = Vec::new();
                match list(folder, "", &mut paths) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    other => other.map_err(|error| AthenaError::io(self, &error))?,
                }
                paths
            }
            Self::Bucket { s3, bucket, prefix } => {
                let mut pages = s3
                    .list_objects_v2()
                    .bucket(bucket)
                    .prefix(prefix)
                    .into_paginator()
                    .send();
                let mut paths = Vec::new();
                while let Some(page) = pages.next().await {
                    let page = page.map_err(|error| self.s3_error(&error))?;
                    let keys = page.contents().iter().filter_map(|object| object.key());
                    paths.extend(
                        keys.filter_map(|key| key.strip_prefix(prefix.as_str()))
                            .map(str::to_owned),
                    );
                }
                paths
            }
        };
        paths.sort();
        let place = |path| PlacedFile {
            place: self.clone(),
            path,
        };
        Ok(paths.into_iter().map(place).collect())
    }

    /// Moves files from a folder to here, with their paths below it. Those that were moved are taken back if one
    /// cannot be.
    pub(super) async fn take(&self, from: &Path, paths: &[String]) -> Result<(), AthenaError> {
        for (moved, path) in paths.iter().enumerate() {
            if let Err(error) = self.take_one(from, path).await {
                for path in &paths[..moved] {
                    // The first error says more.
                    let _ = self.remove(path).await;
                }
                return Err(error);
            }
        }
        Ok(())
    }

    async fn take_one(&self, from: &Path, path: &str) -> Result<(), AthenaError> {
        let file = from.join(path);
        match self {
            Self::Folder(folder) => {
                let target = folder.join(path);
                let parent = target.parent().unwrap_or(folder);
                let moved = fs::create_dir_all(parent).and_then(|()| match fs::rename(&file, &target) {
                    // Another file system.
                    Err(_) => fs::copy(&file, &target).map(drop),
                    Ok(()) => Ok(()),
                });
                moved.map_err(|error| AthenaError::io(target.display(), &error))
            }
            Self::Bucket { s3, bucket, prefix } => {
                let body = ByteStream::from_path(&file).await;
                let body = body.map_err(|error| AthenaError::io(file.display(), &io::Error::other(error)))?;
                let put = s3
                    .put_object()
                    .bucket(bucket)
                    .key(format!("{prefix}{path}"))
                    .body(body);
                put.send().await.map(drop).map_err(|error| self.s3_error(&error))
            }
        }
    }

    /// URL of a file by its path below the place.
    pub(super) fn url(&self, path: &str) -> String {
        match self {
            Self::Folder(folder) => format!("file://{}", folder.join(path).display()),
            Self::Bucket { bucket, prefix, .. } => format!("s3://{bucket}/{prefix}{path}"),
        }
    }

    async fn remove(&self, path: &str) -> Result<(), AthenaError> {
        match self {
            Self::Folder(folder) => {
                let file = folder.join(path);
                fs::remove_file(&file).map_err(|error| AthenaError::io(file.display(), &error))
            }
            Self::Bucket { s3, bucket, prefix } => {
                let delete = s3.delete_object().bucket(bucket).key(format!("{prefix}{path}"));
                delete
                    .send()
                    .await
                    .map(drop)
                    .map_err(|error| self.s3_error(&error))
            }
        }
    }

    fn s3_error<E: std::error::Error + Send + Sync + 'static>(&self, error: &E) -> AthenaError {
        let message = format!("{self}: {}", DisplayErrorContext(error));
        AthenaError::refused(ErrorKind::External, message)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Bucket { bucket, prefix, .. } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

impl PlacedFile {
    /// A local file with its content, which is removed with the second value if it is a copy.
    pub(super) async fn local(&self) -> Result<(fs::File, Option<tempfile::TempPath>), AthenaError> {
        match &self.place {
            Place::Folder(folder) => {
                let path = folder.join(&self.path);
                let file = fs::File::open(&path).map_err(|error| AthenaError::io(path.display(), &error))?;
                Ok((file, None))
            }
            Place::Bucket { s3, bucket, prefix } => {
                let get = s3
                    .get_object()
                    .bucket(bucket)
                    .key(format!("{prefix}{}", self.path));
                let mut object = get.send().await.map_err(|error| self.place.s3_error(&error))?;
                let mut copy =
                    tempfile::NamedTempFile::new().map_err(|error| AthenaError::io("a copy", &error))?;
                while let Some(bytes) = object.body.next().await {
                    let bytes = bytes.map_err(|error| self.place.s3_error(&error))?;
                    io::Write::write_all(&mut copy, &bytes)
                        .map_err(|error| AthenaError::io("a copy", &error))?;
                }
                let file = copy.reopen().map_err(|error| AthenaError::io("a copy", &error))?;
                Ok((file, Some(copy.into_temp_path())))
            }
        }
    }
}

impl std::fmt::Display for PlacedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}/{}",
            self.place.to_string().trim_end_matches('/'),
            self.path
        )
    }
}

/// Adds the paths of all files below a folder.
fn list(folder: &Path, below: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true => list(&entry.path(), &format!("{path}/"), paths)?,
            false => paths.push(path),
        }
    }
    Ok(())
}
