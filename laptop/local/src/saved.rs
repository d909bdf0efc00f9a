//! Files that statements write: UNLOAD, and the tables of CREATE TABLE AS and INSERT.
//!
//! | file | idea |
//! |---|---|
//! | `options` | what WITH says: format, compression, location, partitions |
//! | `place` | a folder, or a prefix of a bucket |
//! | `file_writer` | one file of any format |
//! | `sink` | files of one statement: by partition, moved to their place at the end |
//! | `table` | a table of such files, as DataFusion reads it |
//! | `file_reader` | the rows of one file |
//! | `partition` | values in the names of folders |
//!
//! Files are written aside and moved to their place when all rows are there: a statement that fails or is cancelled
//! leaves nothing.

mod file_reader;
mod file_writer;
mod options;
mod partition;
mod place;
mod sink;
mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tempfile::TempDir;
use trino_sql::{ErrorKind, OutputColumn, Type};

pub(crate) use self::options::SaveOptions;
use self::place::Place;
pub(crate) use self::sink::Sink;
pub(crate) use self::table::SavedTable;
use crate::error::AthenaError;

/// Full name of a table: catalog, schema, table.
pub(crate) type FullName = [String; 3];

/// Tables that statements have made, by their names.
#[derive(Debug)]
pub(crate) struct SavedTables {
    /// Folder of tables without a location of their own.
    folder: Option<PathBuf>,
    /// The folder if none is named; it is removed with the engine.
    own: OnceLock<TempDir>,
    s3: Option<aws_sdk_s3::Client>,
    tables: RwLock<BTreeMap<FullName, Arc<SavedTable>>>,
}

impl SavedTables {
    pub(crate) fn new(folder: Option<PathBuf>, s3: Option<aws_sdk_s3::Client>) -> Self {
        Self {
            folder,
            own: OnceLock::new(),
            s3,
            tables: RwLock::default(),
        }
    }

    pub(crate) fn contains(&self, name: &FullName) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn get(&self, name: &FullName) -> Option<Arc<SavedTable>> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        tables.get(name).cloned()
    }

    /// Names of the tables of a schema, in order.
    pub(crate) fn names(&self, catalog: &str, schema: &str) -> Vec<String> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let names = tables
            .keys()
            .filter(|name| name[0] == catalog && name[1] == schema);
        names.map(|name| name[2].clone()).collect()
    }

    /// Begins a table, which exists once its sink has finished.
    pub(crate) async fn create(
        self: &Arc<Self>,
        name: FullName,
        options: SaveOptions,
        columns: &[OutputColumn],
    ) -> Result<Sink, AthenaError> {
        options.check_table_types(columns).map_err(AthenaError::invalid)?;
        let place = match &options.location {
            Some(location) => Place::parse(location, self.s3.as_ref())?,
            None => Place::Folder(self.folder()?.join(&name[1]).join(&name[2])),
        };
        place.check_is_empty().await?;
        let table = Arc::new(SavedTable::new(options.clone(), place.clone(), columns));
        let sink = Sink::new(options, place, columns)?;
        let tables = Arc::clone(self);
        Ok(sink.then(move || tables.put(name, table)))
    }

    /// Adds rows to a table. `columns` are those of the table that the rows fill, all if `None`; `found` are those of
    /// the rows.
    pub(crate) fn insert(
        &self,
        name: &FullName,
        columns: Option<Vec<String>>,
        found: &[OutputColumn],
    ) -> Result<Sink, AthenaError> {
        let Some(table) = self.get(name) else {
            let message = format!(
                "Table '{}' does not exist, or is the connector's, which cannot write",
                name.join(".")
            );
            return Err(AthenaError::refused(ErrorKind::TableNotFound, message));
        };
        let wanted = table.columns();
        let places = insert_places(&columns, wanted)?;
        let targets: Vec<&OutputColumn> = places.iter().map(|&place| &wanted[place]).collect();
        let fits = targets.len() == found.len()
            && targets
                .iter()
                .zip(found)
                .all(|(wanted, found)| fits(&found.ty, &wanted.ty));
        if !fits {
            let list = |types: Vec<String>| types.join(", ");
            let message = format!(
                "Insert query has mismatched column types: Table: [{}], Query: [{}]",
                list(targets.iter().map(|column| column.ty.to_string()).collect()),
                list(found.iter().map(|column| column.ty.to_string()).collect())
            );
            return Err(AthenaError::refused(ErrorKind::TypeMismatch, message));
        }
        let sink = Sink::new(table.options().clone(), table.place().clone(), wanted)?;
        Ok(sink.filling(places, found.to_vec()))
    }

    /// Begins the files of UNLOAD.
    pub(crate) async fn unload(
        &self,
        options: SaveOptions,
        columns: &[OutputColumn],
    ) -> Result<Sink, AthenaError> {
        let location = options.location.clone().unwrap_or_default();
        let place = Place::parse(&location, self.s3.as_ref())?;
        place.check_is_empty().await?;
        Sink::new(options, place, columns)
    }

    /// Removes a table. Its files stay if a location was named for them, as Athena leaves those of external tables.
    pub(crate) fn remove(&self, name: &FullName, if_exists: bool) -> Result<(), AthenaError> {
        let removed = {
            let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
            tables.remove(name)
        };
        match removed {
            Some(table) => match (&table.options().location, table.place()) {
                (None, Place::Folder(folder)) => {
                    std::fs::remove_dir_all(folder).map_err(|error| AthenaError::io(folder.display(), &error))
                }
                _ => Ok(()),
            },
            None if if_exists => Ok(()),
            None => {
                let message = format!("Table '{}' does not exist, or is the connector's", name.join("."));
                Err(AthenaError::refused(ErrorKind::TableNotFound, message))
            }
        }
    }

    fn put(&self, name: FullName, table: Arc<SavedTable>) {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        tables.insert(name, table);
    }

    fn folder(&self) -> Result<PathBuf, AthenaError> {
        if let Some(folder) = &self.folder {
            return Ok(folder.clone());
        }
        if let Some(own) = self.own.get() {
            return Ok(own.path().to_owned());
        }
        let made = TempDir::with_prefix("athena-local-tables-");
        let made = made.map_err(|error| AthenaError::io("a folder for tables", &error))?;
        Ok(self.own.get_or_init(|| made).path().to_owned())
    }
}

/// Places in the table of the columns that an INSERT names.
fn insert_places(columns: &Option<Vec<String>>, wanted: &[OutputColumn]) -> Result<Vec<usize>, AthenaError> {
    let Some(names) = columns else {
        return Ok((0..wanted.len()).collect());
    };
    let mut places = Vec::new();
    for name in names {
        let place = wanted.iter().position(|column| column.name == *name);
        let Some(place) = place else {
            let message = format!("Insert column name does not exist in target table: {name}");
            return Err(AthenaError::refused(ErrorKind::ColumnNotFound, message));
        };
        if places.contains(&place) {
            let message = format!("Insert column name is specified more than once: {name}");
            return Err(AthenaError::refused(ErrorKind::DuplicateColumnName, message));
        }
        places.push(place);
    }
    Ok(places)
}

/// Whether values of one type become those of the other without loss.
fn fits(from: &Type, to: &Type) -> bool {
    let width = |ty: &Type| match ty {
        Type::TinyInt => Some(1),
        Type::SmallInt => Some(2),
        Type::Integer => Some(4),
        Type::BigInt => Some(8),
        _ => None,
    };
    match (from, to) {
        (Type::Unknown, _) | (Type::Real, Type::Double) => true,
        (Type::Varchar(_) | Type::Char(_), Type::Varchar(None)) => true,
        (Type::Decimal(digits, scale), Type::Decimal(more, to_scale)) => {
            to_scale >= scale && more - to_scale >= digits - scale
        }
        _ if from == to => true,
        _ => matches!((width(from), width(to)), (Some(from), Some(to)) if from <= to),
    }
}
