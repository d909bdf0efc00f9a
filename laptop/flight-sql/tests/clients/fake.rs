//! Engine of a few statements, which counts what is asked of it.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use flight_sql::{Context, Description, Engine, EngineError, ErrorKind, Info, Rows, column_metadata};
use futures::{StreamExt, stream};

/// Rows of a batch.
pub(crate) const BATCH_ROWS: usize = 1_000;

/// | statement | result |
/// | --- | --- |
/// | `numbers N` | N batches of numbers from 0 |
/// | `slow N` | the same, each after 20 ms |
/// | `endless` | one batch, and no end |
/// | `echo` | its catalog and schema, and its two parameters, as texts |
/// | `rows` | the column `rows` with a 7, as of an INSERT |
/// | `nothing` | no columns |
/// | `broken` | one batch, and an error |
/// | others | an error |
#[derive(Default)]
pub(crate) struct Fake {
    /// Number of batches that were taken from results.
    pub(crate) taken: Arc<AtomicUsize>,
    /// Number of results that were dropped.
    pub(crate) ended: Arc<AtomicUsize>,
    /// Number of results that are read, which have not ended.
    reading: Arc<AtomicUsize>,
    most_read: Arc<AtomicUsize>,
    /// Tables whose columns were asked for.
    pub(crate) looked_up: Mutex<Vec<String>>,
}

impl Fake {
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(SeqCst)
    }

    pub(crate) fn ended(&self) -> usize {
        self.ended.load(SeqCst)
    }

    /// Number of results that were read at once at most.
    pub(crate) fn most_read(&self) -> usize {
        self.most_read.load(SeqCst)
    }

    fn schema(statement: &str) -> Result<SchemaRef, EngineError> {
        let schema = |names: &[&str], ty: DataType| {
            let fields = names.iter().map(|name| Field::new(*name, ty.clone(), true));
            Arc::new(Schema::new(fields.collect::<Vec<_>>()))
        };
        Ok(match statement.split(' ').next().unwrap_or_default() {
            "numbers" | "slow" | "endless" | "broken" => schema(&["n"], DataType::Int64),
            "rows" => schema(&["rows"], DataType::Int64),
            "echo" => schema(&["catalog", "schema", "a", "b"], DataType::Utf8),
            "nothing" => schema(&[], DataType::Int64),
            _ => {
                let message = "SYNTAX_ERROR: line 1:1: mismatched input\n  été\n  ^";
                return Err(EngineError::new(ErrorKind::Invalid, message));
            }
        })
    }
}

/// Counts an end.
struct Ends(Arc<AtomicUsize>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A result that is read.
struct Reads(Arc<AtomicUsize>);

impl Drop for Reads {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[async_trait]
impl Engine for Fake {
    async fn describe(&self, statement: &str, _context: &Context) -> Result<Description, EngineError> {
        let parameters = if statement == "echo" {
            vec![DataType::Int64, DataType::Utf8]
        } else {
            Vec::new()
        };
        Ok(Description {
            schema: Self::schema(statement)?,
            parameters,
        })
    }

    async fn start(
        &self,
        statement: &str,
        context: &Context,
        parameters: &[String],
    ) -> Result<Rows, EngineError> {
        let schema = Self::schema(statement)?;
        let number = |batch: usize| {
            let from = (batch * BATCH_ROWS) as i64;
            let numbers = Int64Array::from_iter_values(from..from + BATCH_ROWS as i64);
            RecordBatch::try_from_iter_with_nullable([("n", Arc::new(numbers) as ArrayRef, true)])
        };
        let (taken, ends) = (Arc::clone(&self.taken), Ends(Arc::clone(&self.ended)));
        let batches: stream::BoxStream<'static, _> = match statement
            .split_once(' ')
            .unwrap_or((statement, ""))
        {
            ("numbers", count) => {
                let count = count.parse().expect("a number");
                stream::iter((0..count).map(number)).boxed()
            }
            ("slow", count) => {
                let count = count.parse().expect("a number");
                let numbers = (0..count).map(move |batch| async move {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    number(batch)
                });
                stream::iter(numbers).buffered(1).boxed()
            }
            ("endless", _) => stream::iter([number(0)]).chain(stream::pending()).boxed(),
            ("broken", _) => stream::iter([number(0), Err(arrow::error::ArrowError::DivideByZero)]).boxed(),
            ("rows", _) => {
                let rows: ArrayRef = Arc::new(Int64Array::from(vec![7]));
                stream::iter([RecordBatch::try_new(Arc::clone(&schema), vec![rows])]).boxed()
            }
            ("echo", _) => {
                let texts = [context.catalog.clone(), context.schema.clone()];
                let texts = texts.into_iter().chain(parameters.iter().cloned().map(Some));
                let columns = texts.map(|text| Arc::new(StringArray::from(vec![text])) as ArrayRef);
                stream::iter([RecordBatch::try_new(Arc::clone(&schema), columns.collect())]).boxed()
            }
            _ => stream::empty().boxed(),
        };
        let (reading, most_read) = (Arc::clone(&self.reading), Arc::clone(&self.most_read));
        let mut batches = batches;
        let mut begun = None;
        let batches = stream::poll_fn(move |context| {
            // Counted from the first poll on.
            begun.get_or_insert_with(|| {
                most_read.fetch_max(reading.fetch_add(1, SeqCst) + 1, SeqCst);
                Reads(Arc::clone(&reading))
            });
            batches.poll_next_unpin(context)
        });
        let batches = batches.map(move |batch| {
            let _held = &ends;
            taken.fetch_add(1, SeqCst);
            batch.map_err(|error| EngineError::new(ErrorKind::Failed, error.to_string()))
        });
        Ok(Rows {
            schema,
            batches: batches.boxed(),
        })
    }

    async fn catalogs(&self) -> Result<Vec<String>, EngineError> {
        Ok(vec!["msk".to_owned(), "lake".to_owned()])
    }

    async fn schemas(&self, catalog: &str) -> Result<Vec<String>, EngineError> {
        Ok(match catalog {
            "msk" => vec!["customer".to_owned(), "system".to_owned()],
            _ => vec!["sales".to_owned()],
        })
    }

    async fn tables(&self, _catalog: &str, schema: &str) -> Result<Vec<String>, EngineError> {
        Ok(match schema {
            "customer" => vec!["orders".to_owned(), "orders_bad".to_owned(), "users".to_owned()],
            _ => vec!["t".to_owned()],
        })
    }

    async fn table(&self, _catalog: &str, _schema: &str, table: &str) -> Result<SchemaRef, EngineError> {
        self.looked_up.lock().unwrap().push(table.to_owned());
        if table == "orders_bad" {
            return Err(EngineError::new(ErrorKind::Failed, "the document is invalid"));
        }
        let ty = DataType::Decimal128(10, 2);
        let metadata = column_metadata("decimal(10,2)", &ty, Some("in francs"));
        let field = Field::new("price", ty, true).with_metadata(metadata);
        Ok(Arc::new(Schema::new(vec![field])))
    }

    fn info(&self) -> Info {
        Info {
            name: "fake".to_owned(),
            version: "1.2.3".to_owned(),
            keywords: vec!["SELECT".to_owned()],
            ..Info::default()
        }
    }
}
