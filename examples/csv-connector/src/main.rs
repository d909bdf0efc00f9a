//! Connector for Athena over a folder of CSV files: `clicks.csv` with a header line is the table `csv.clicks`.
//!
//! The variable `csv_folder` names the folder. docs/connector.md explains each part, and how to try and deploy it.

use std::collections::BTreeMap;
use std::fs::{File, read_dir};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use athena_federation::{Connector, Error, Plan, Read, Splits, serve};
use protocol::TableName;
use spill::BlockSpiller;

const SCHEMA: &str = "csv";
/// Rows of a split. Athena reads the splits of a query in parallel.
const SPLIT_ROWS: usize = 10_000;

struct CsvFolder {
    folder: PathBuf,
}

impl CsvFolder {
    /// Files of the folder by table name. Athena's names are in lower case.
    fn files(&self) -> Result<BTreeMap<String, PathBuf>, Error> {
        let entries =
            read_dir(&self.folder).map_err(|error| format!("{}: {error}", self.folder.display()))?;
        let paths = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>, Error>>()?;
        let csv = paths
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "csv"));
        Ok(csv
            .filter_map(|path| Some((path.file_stem()?.to_str()?.to_lowercase(), path)))
            .collect())
    }

    /// The table's file. Names are looked up among the files, so that no name reaches another folder.
    fn open(&self, table: &TableName) -> Result<File, Error> {
        let files = self.files()?;
        let path = files.get(&table.table_name.to_lowercase());
        Ok(File::open(path.ok_or_else(|| format!("no table {table}"))?)?)
    }

    /// Columns as the first `rows` rows suggest them (all if `None`), and how many rows these were.
    fn infer(&self, table: &TableName, rows: Option<usize>) -> Result<(Schema, usize), Error> {
        let format = Format::default().with_header(true);
        let (schema, rows) = format.infer_schema(self.open(table)?, rows)?;
        let fields = schema.fields().iter().map(|field| {
            let data_type = match field.data_type() {
                known @ (DataType::Int64 | DataType::Float64 | DataType::Boolean) => known.clone(),
                _ => DataType::Utf8,
            };
            Field::new(field.name().to_lowercase(), data_type, true)
        });
        Ok((Schema::new(fields.collect::<Vec<_>>()), rows))
    }
}

#[async_trait::async_trait]
impl Connector for CsvFolder {
    fn source_type(&self) -> &str {
        "csv"
    }

    async fn schemas(&self) -> Result<Vec<String>, Error> {
        Ok(vec![SCHEMA.to_owned()])
    }

    async fn tables(&self, _schema: &str) -> Result<Vec<String>, Error> {
        Ok(self.files()?.into_keys().collect())
    }

    async fn table(&self, table: &TableName) -> Result<SchemaRef, Error> {
        Ok(Arc::new(self.infer(table, None)?.0))
    }

    async fn splits(&self, plan: &Plan) -> Result<Splits, Error> {
        let (_, rows) = self.infer(&plan.table, None)?;
        Ok(Splits::all((0..rows).step_by(SPLIT_ROWS).map(|start| {
            let end = rows.min(start + SPLIT_ROWS);
            BTreeMap::from([
                ("start".to_owned(), start.to_string()),
                ("end".to_owned(), end.to_string()),
            ])
        })))
    }

    async fn read(&self, read: &Read, rows: &mut BlockSpiller) -> Result<(), Error> {
        let (start, end) = (read.property("start")?.parse()?, read.property("end")?.parse()?);
        // The file's columns, in the types of the wanted ones.
        let (header, _) = self.infer(&read.table, Some(0))?;
        let wanted = |name: &str| read.schema.field_with_name(name).ok().cloned();
        let fields = header.fields().iter().map(|field| {
            wanted(field.name()).unwrap_or_else(|| Field::new(field.name(), DataType::Utf8, true))
        });
        let columns = read
            .schema
            .fields()
            .iter()
            .map(|field| header.index_of(field.name()));
        let reader = ReaderBuilder::new(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
            .with_header(true)
            .with_bounds(start, end)
            .with_projection(columns.collect::<Result<_, _>>()?)
            .build(self.open(&read.table)?)?;
        for batch in reader {
            rows.write(batch?).await?;
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let folder = std::env::var("csv_folder").map_err(|_| "csv_folder names no folder")?;
    serve(CsvFolder {
        folder: folder.into(),
    })
    .await
}
