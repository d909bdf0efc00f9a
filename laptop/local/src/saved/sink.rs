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
use super::place::Place;
use super::{FullName, SavedTable, SavedTables, io_error};
use crate::error::AthenaError;
use crate::federation::new_query_id;

/// Partitions that one statement may write, as in Athena.
const MOST_PARTITIONS: usize = 100;

/// Folder of the rows whose value is NULL, as Hive names it.
pub(super) const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

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
    /// What exists once all is written.
    table: Option<(Arc<SavedTables>, FullName, Arc<SavedTable>)>,
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
        let aside = aside.map_err(|error| io_error(&place, &error))?;
        let ending = FileWriter::ending(&options);
        Ok(Self {
            name: format!("{}.{ending}", new_query_id()),
            options,
            place,
            columns: columns.to_vec(),
            filled: None,
            aside,
            files: HashMap::new(),
            table: None,
        })
    }

    pub(super) fn of_table(
        mut self,
        tables: Arc<SavedTables>,
        name: FullName,
        table: Arc<SavedTable>,
    ) -> Self {
        self.table = Some((tables, name, table));
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
                entry.insert(made.map_err(|error| io_error(&self.place, &error))?)
            }
        };
        writer
            .write(&batch)
            .map_err(|error| io_error(&self.place, &error))
    }

    /// Moves the files to their place, and makes the table. Returns the files' URLs.
    pub(crate) async fn finish(mut self) -> Result<Vec<String>, AthenaError> {
        let mut paths = Vec::new();
        for (folder, writer) in std::mem::take(&mut self.files) {
            writer.finish().map_err(|error| io_error(&self.place, &error))?;
            paths.push(format!("{folder}{}", self.name));
        }
        self.place.take(self.aside.path(), &paths).await?;
        if let (Place::Folder(folder), true) = (&self.place, self.table.is_some()) {
            // Also without rows, so that a table can be dropped.
            fs::create_dir_all(folder).map_err(|error| io_error(&self.place, &error))?;
        }
        if let Some((tables, name, table)) = self.table {
            tables.put(name, table);
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

/// A value in a path, as Hive escapes it.
fn escaped(text: &str) -> String {
    let mut path = String::new();
    for c in text.chars() {
        let is_special = c.is_ascii_control() || "\"#%'*/:=?\\{[]^\u{7f}".contains(c);
        match is_special {
            true => path.push_str(&format!("%{:02X}", u32::from(c))),
            false => path.push(c),
        }
    }
    path
}

/// The text of a value in a path.
pub(super) fn unescaped(path: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), path.as_bytes());
    while let Some((first, more)) = rest.split_first() {
        let code = match first {
            b'%' => more.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()),
            _ => None,
        };
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_comes_back_from_its_path(text in ".*") {
            let path = escaped(&text);
            prop_assert!(!path.contains('/') && !path.contains('='));
            prop_assert_eq!(unescaped(&path), text);
        }
    }
}
