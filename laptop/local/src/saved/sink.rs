//! The files of one statement, written aside.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, File};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::{cast, take};
use tempfile::TempDir;
use trino_sql::{ErrorKind, OutputColumn, Value};

use super::file_writer::FileWriter;
use super::options::SaveOptions;
use super::partition::{NULL_PARTITION, escaped};
use super::place::Place;
use crate::error::AthenaError;
use crate::federation::new_query_id;

/// Partitions that one statement may write, as in Athena.
const MOST_PARTITIONS: usize = 100;

/// Rows of one statement on their way into files. Without [`Self::finish`] nothing stays of them.
pub(crate) struct Sink {
    options: SaveOptions,
    place: Place,
    columns: Vec<OutputColumn>,
    /// Places in `columns` that the rows fill, with the rows' own columns.
    filled: Option<(Vec<usize>, Vec<OutputColumn>)>,
    aside: TempDir,
    /// Name of each file, without folder.
    name: String,
    files: HashMap<String, FileWriter>,
    /// Is called once all is written: makes the table.
    then: Option<Box<dyn FnOnce() + Send>>,
}

impl Sink {
    pub(super) fn new(
        options: SaveOptions,
        place: Place,
        columns: &[OutputColumn],
    ) -> Result<Self, AthenaError> {
        options.check_partitions(columns).map_err(AthenaError::invalid)?;
        // Beside the files of a folder: moving them is then a matter of names.
        let aside = match &place {
            Place::Folder(folder) => {
                let parent = folder.parent().unwrap_or(folder);
                fs::create_dir_all(parent).and_then(|()| TempDir::with_prefix_in(".athena-local-", parent))
            }
            Place::Bucket { .. } => TempDir::with_prefix("athena-local-"),
        };
        let aside = aside.map_err(|error| AthenaError::io(&place, &error))?;
        let ending = FileWriter::ending(&options);
        Ok(Self {
            name: format!("{}.{ending}", new_query_id()),
            options,
            place,
            columns: columns.to_vec(),
            filled: None,
            aside,
            files: HashMap::new(),
            then: None,
        })
    }

    /// Calls this once all is written.
    pub(super) fn then(mut self, then: impl FnOnce() + Send + 'static) -> Self {
        self.then = Some(Box::new(then));
        self
    }

    /// The rows fill these places of the columns, and the others are NULL.
    pub(super) fn filling(mut self, places: Vec<usize>, found: Vec<OutputColumn>) -> Self {
        self.filled = Some((places, found));
        self
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), AthenaError> {
        let arrays = match &self.filled {
            None => batch.columns().to_vec(),
            Some((places, found)) => spread(batch, places, found, &self.columns)?,
        };
        let keys = self.columns.len() - self.options.partitioned_by.len();
        if keys == self.columns.len() {
            return self.append(String::new(), &arrays);
        }
        // Rows of each folder, by their places.
        let mut folders: HashMap<String, Vec<u32>> = HashMap::new();
        for row in 0..batch.num_rows() {
            let folder = self.folder(&arrays[keys..], &self.columns[keys..], row);
            folders.entry(folder).or_default().push(row as u32);
        }
        for (folder, rows) in folders {
            let rows = UInt32Array::from(rows);
            let taken = arrays[..keys].iter().map(|array| take(array, &rows, None));
            let taken = taken.collect::<Result<Vec<_>, _>>().map_err(arrow_error)?;
            self.append(folder, &taken)?;
        }
        Ok(())
    }

    /// Folder of a row: `column=value/` for each key.
    fn folder(&self, keys: &[ArrayRef], columns: &[OutputColumn], row: usize) -> String {
        let mut folder = String::new();
        for (array, column) in keys.iter().zip(columns) {
            let value = Value::read(array, row, &column.ty).shown(&column.ty);
            let value = value.map_or_else(|| NULL_PARTITION.to_owned(), |value| escaped(&value));
            folder.push_str(&format!("{}={value}/", escaped(&column.name)));
        }
        folder
    }

    fn append(&mut self, folder: String, arrays: &[ArrayRef]) -> Result<(), AthenaError> {
        let keys = self.columns.len() - self.options.partitioned_by.len();
        let columns = &self.columns[..keys];
        let fields = columns.iter().zip(arrays);
        let fields = fields.map(|(column, array)| (column.name.as_str(), Arc::clone(array), true));
        let batch = RecordBatch::try_from_iter_with_nullable(fields).map_err(arrow_error)?;
        let open = self.files.len();
        let writer = match self.files.entry(folder) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(_) if open >= MOST_PARTITIONS => {
                let message = format!(
                    "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of {MOST_PARTITIONS} open writers for partitions"
                );
                return Err(AthenaError::refused(ErrorKind::External, message));
            }
            Entry::Vacant(entry) => {
                let path = self.aside.path().join(entry.key());
                let made = fs::create_dir_all(&path).and_then(|()| File::create(path.join(&self.name)));
                let made = made.and_then(|file| FileWriter::create(file, &self.options, columns.to_vec()));
                entry.insert(made.map_err(|error| AthenaError::io(&self.place, &error))?)
            }
        };
        writer
            .write(&batch)
            .map_err(|error| AthenaError::io(&self.place, &error))
    }

    /// Moves the files to their place, and makes the table. Returns the files' URLs.
    pub(crate) async fn finish(mut self) -> Result<Vec<String>, AthenaError> {
        let mut paths = Vec::new();
        for (folder, writer) in std::mem::take(&mut self.files) {
            writer
                .finish()
                .map_err(|error| AthenaError::io(&self.place, &error))?;
            paths.push(format!("{folder}{}", self.name));
        }
        self.place.take(self.aside.path(), &paths).await?;
        if let (Place::Folder(folder), true) = (&self.place, self.then.is_some()) {
            // Also without rows, so that a table can be dropped.
            fs::create_dir_all(folder).map_err(|error| AthenaError::io(&self.place, &error))?;
        }
        if let Some(then) = self.then {
            then();
        }
        Ok(paths.iter().map(|path| self.place.url(path)).collect())
    }
}

/// Columns of a table from those of rows that fill some of them.
fn spread(
    batch: &RecordBatch,
    places: &[usize],
    found: &[OutputColumn],
    columns: &[OutputColumn],
) -> Result<Vec<ArrayRef>, AthenaError> {
    let spread = columns.iter().enumerate().map(|(place, column)| {
        let ty = column.ty.arrow();
        match places.iter().position(|filled| *filled == place) {
            Some(source) if found[source].ty.arrow() == ty => Ok(Arc::clone(batch.column(source))),
            Some(source) if found[source].ty == trino_sql::Type::Unknown => {
                Ok(new_null_array(&ty, batch.num_rows()))
            }
            Some(source) => cast(batch.column(source), &ty),
            None => Ok(new_null_array(&ty, batch.num_rows())),
        }
    });
    spread.collect::<Result<_, _>>().map_err(arrow_error)
}

fn arrow_error(error: arrow::error::ArrowError) -> AthenaError {
    AthenaError::from(datafusion::common::DataFusionError::from(error))
}
