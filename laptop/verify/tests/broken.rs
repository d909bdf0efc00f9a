//! The verification finds nothing at a connector without faults, and each fault that one has on purpose.

// Helpers of tests are outside of clippy's exception for tests.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use athena_federation::{Connector, Error, Function, Plan, Read, SpillSettings, Splits};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use protocol::{
    Block, Constraints, FederationRequest, FederationResponse, IpcFraming, SerdeVersion, TableName, ValueSet,
    encode_batch, encode_schema,
};
use spill::{BlockSpiller, MemoryBlockStore};
use verify::{Ask, AskError, Options, Report, Rule, verify};

/// What is wrong with the connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    KeysInAnotherOrder,
    UnknownKeyInSplit,
    NoVersionInPing,
    OldVersionsFail,
    UnknownCapability,
    TablesLostBetweenPages,
    TablesWithoutEnd,
    NamesInOneCase,
    UnsupportedColumn,
    ColumnsOfAnyTable,
    EmptyLayout,
    SplitsWithoutEnd,
    EqualSplits,
    SharedSpillLocation,
    SharedSpillKey,
    LastSplitLost,
    InlineWhateverTheLimit,
    LastBlockLost,
    KeyForgotten,
    StreamInPlaceOfBatch,
    ColumnsInTheirOwnOrder,
    ValuesOfAnotherColumn,
    GreatestValueLost,
    NotNullIsNothing,
    NullsLost,
    RowsInvented,
    LimitBeforePredicate,
    LimitBeforeOrder,
}

const SPLITS: i64 = 3;
const SPLIT_ROWS: i64 = 1_500;

/// Table `Orders` of the schema `shop` in three splits on three pages, and a dozen names of others.
struct Shop(Fault);

fn orders() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
        Field::new("customer", DataType::Int64, true),
    ]))
}

/// Rows of a split. Every seventh name is NULL.
fn rows(split: i64) -> RecordBatch {
    let ids = (split * SPLIT_ROWS)..((split + 1) * SPLIT_ROWS);
    let name = |id: i64| (id % 7 != 0).then(|| format!("order {:>40}", id * 31 % 1009));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(ids.clone())),
        Arc::new(StringArray::from_iter(ids.clone().map(name))),
        Arc::new(Int64Array::from_iter_values(ids.map(|id| id % 97))),
    ];
    RecordBatch::try_new(orders(), columns).unwrap()
}

impl Shop {
    /// Rows that the constraints keep, as far as the fault lets it.
    fn filtered(&self, batch: &RecordBatch, constraints: &Constraints) -> RecordBatch {
        let greatest = SPLITS * SPLIT_ROWS - 1;
        let keeps = |row: usize| {
            let wanted = |(name, set): (&String, &ValueSet)| {
                let Some(column) = batch.column_by_name(name) else {
                    return true;
                };
                match self.0 {
                    Fault::NotNullIsNothing if set.is_not_null_defect() => false,
                    Fault::NullsLost if column.is_null(row) => false,
                    Fault::GreatestValueLost if name == "id" => {
                        let ids = column.as_any().downcast_ref::<Int64Array>().unwrap();
                        ids.value(row) != greatest && set.contains(column, row).unwrap()
                    }
                    _ => set.contains(column, row).unwrap(),
                }
            };
            constraints.summary.iter().all(wanted)
        };
        let mask: BooleanArray = (0..batch.num_rows()).map(|row| Some(keeps(row))).collect();
        filter_record_batch(batch, &mask).unwrap()
    }
}

#[async_trait]
impl Connector for Shop {
    fn source_type(&self) -> &str {
        "shop"
    }

    async fn schemas(&self) -> Result<Vec<String>, Error> {
        Ok(vec!["shop".to_owned()])
    }

    async fn tables(&self, _schema: &str) -> Result<Vec<String>, Error> {
        // One has rows; the others are only names.
        Ok(["Orders"].map(str::to_owned).to_vec())
    }

    async fn table(&self, table: &TableName) -> Result<SchemaRef, Error> {
        let found = match self.0 {
            Fault::ColumnsOfAnyTable => true,
            Fault::NamesInOneCase => table.table_name == "Orders",
            _ => table.table_name.eq_ignore_ascii_case("orders"),
        };
        found
            .then(orders)
            .ok_or_else(|| format!("no table {table}").into())
    }

    async fn splits(&self, plan: &Plan) -> Result<Splits, Error> {
        let number: i64 = plan.token.as_deref().unwrap_or("0").parse()?;
        let last = match self.0 {
            // The first plan of a query is whole: rows are lost by predicates alone.
            Fault::LastSplitLost if !plan.constraints.summary.is_empty() => SPLITS - 2,
            _ => SPLITS - 1,
        };
        Ok(Splits {
            splits: vec![BTreeMap::from([("number".to_owned(), number.to_string())])],
            next_token: (number < last).then(|| (number + 1).to_string()),
        })
    }

    async fn read(&self, read: &Read, rows_out: &mut BlockSpiller) -> Result<(), Error> {
        let number: i64 = read.property("number")?.parse()?;
        let mut batch = rows(number);
        let limit = |batch: RecordBatch| match read.constraints.limit {
            Some(limit) => batch.slice(0, batch.num_rows().min(usize::try_from(limit).unwrap())),
            None => batch,
        };
        let has_order = !read.constraints.order_by.is_empty();
        if self.0 == Fault::LimitBeforePredicate {
            batch = limit(batch);
        }
        // Filters only the columns that it is asked for, as many connectors do: the engine filters again.
        batch = self.filtered(&batch, &read.constraints);
        if !has_order {
            batch = limit(batch);
        } else if self.0 == Fault::LimitBeforeOrder {
            batch = batch.slice(0, batch.num_rows().min(10));
        }
        if self.0 == Fault::RowsInvented && !read.constraints.summary.is_empty() {
            let other = rows(number);
            batch = arrow::compute::concat_batches(&batch.schema(), [&batch, &other])?;
        }
        let columns = read.schema.fields().iter().map(|field| {
            let name = match (self.0, field.name().as_str()) {
                (Fault::ValuesOfAnotherColumn, "customer") if read.schema.fields().len() == 1 => "id",
                (_, name) => name,
            };
            let column = batch.column_by_name(name).cloned();
            column.ok_or_else(|| format!("no column {name}"))
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        rows_out
            .write(RecordBatch::try_new(read.schema.clone(), columns)?)
            .await?;
        Ok(())
    }
}

/// The function, with faults of its bytes.
struct Broken {
    fault: Fault,
    function: Function<Shop>,
}

#[async_trait]
impl Ask for Broken {
    async fn ask(&self, request: Vec<u8>) -> Result<Vec<u8>, AskError> {
        let text = String::from_utf8(request).unwrap();
        let error = |message: String| AskError::Function {
            error_type: "com.example.Broken".to_owned(),
            message,
        };
        if self.fault == Fault::OldVersionsFail
            && text.contains("\"constraints\"")
            && !text.contains("\"queryPlan\"")
        {
            return Err(error("Unexpected field".to_owned()));
        }
        let text = match self.fault {
            // Several blocks would be spilled whatever the inline limit.
            Fault::InlineWhateverTheLimit => text
                .replace(
                    "\"maxInlineBlockSize\":\"0\"",
                    "\"maxInlineBlockSize\":\"5000000\"",
                )
                .replace("\"maxBlockSize\":\"65536\"", "\"maxBlockSize\":\"5000000\""),
            _ => text,
        };
        let (decoded, version) = FederationRequest::decode(text.as_bytes()).unwrap();
        let response = self.function.answer(text.as_bytes()).await;
        let response = response.map_err(|failure| error(failure.error_message))?;
        let mut response = FederationResponse::decode(&response).unwrap();
        change(self.fault, &decoded, &mut response);
        let bytes = response.encode(version).unwrap();
        Ok(changed_text(self.fault, &response, bytes, version))
    }
}

/// Faults of the values of a response.
fn change(fault: Fault, request: &FederationRequest, response: &mut FederationResponse) {
    match (fault, response) {
        (
            Fault::TablesLostBetweenPages | Fault::TablesWithoutEnd,
            FederationResponse::ListTables(response),
        ) => {
            let FederationRequest::ListTables(request) = request else {
                panic!("{request:?}")
            };
            if fault == Fault::TablesWithoutEnd {
                response.next_token = request.page_size.map(|_| "0".to_owned());
            } else if request.page_size.is_some() {
                response.tables.clear();
            }
        }
        (Fault::UnsupportedColumn, FederationResponse::GetTable(response)) => {
            let mut fields = response.schema.fields().to_vec();
            let data_type = DataType::Timestamp(TimeUnit::Millisecond, None);
            fields.push(Arc::new(Field::new("at", data_type, true)));
            response.schema = Arc::new(Schema::new(fields));
        }
        (Fault::EmptyLayout, FederationResponse::GetTableLayout(response)) => {
            response.partitions = Block::new(response.partitions.batch.slice(0, 0));
        }
        (Fault::SplitsWithoutEnd, FederationResponse::GetSplits(response)) => {
            response.continuation_token = Some("1".to_owned());
        }
        (Fault::EqualSplits, FederationResponse::GetSplits(response)) => {
            response.splits.extend(response.splits.clone());
        }
        (Fault::SharedSpillLocation, FederationResponse::GetSplits(response)) => {
            for split in &mut response.splits {
                split.spill_location.as_mut().unwrap().key = "athena-spill/query/split".to_owned();
            }
        }
        (Fault::SharedSpillKey, FederationResponse::GetSplits(response)) => {
            for split in &mut response.splits {
                split.encryption_key.as_mut().unwrap().key = vec![7; 32];
                split.encryption_key.as_mut().unwrap().nonce = vec![7; 12];
            }
        }
        (Fault::LastBlockLost, FederationResponse::RemoteReadRecords(response)) => {
            assert!(
                response.remote_blocks.len() > 1,
                "the table is spilled in several blocks"
            );
            response.remote_blocks.pop();
        }
        (Fault::KeyForgotten, FederationResponse::RemoteReadRecords(response)) => {
            response.encryption_key = None;
        }
        (Fault::ColumnsInTheirOwnOrder, FederationResponse::ReadRecords(response)) => {
            let batch = &response.records.batch;
            let mut order: Vec<usize> = (0..batch.num_columns()).collect();
            order.sort_by_key(|index| orders().index_of(batch.schema().field(*index).name()).unwrap());
            response.records = Block::new(batch.project(&order).unwrap());
        }
        (Fault::UnknownCapability, FederationResponse::GetDataSourceCapabilities(response)) => {
            response
                .capabilities
                .insert("supports_everything".to_owned(), Vec::new());
        }
        _ => {}
    }
}

/// Faults of the bytes of a response.
fn changed_text(
    fault: Fault,
    response: &FederationResponse,
    bytes: Vec<u8>,
    version: SerdeVersion,
) -> Vec<u8> {
    let text = String::from_utf8(bytes).unwrap();
    let text = match (fault, response) {
        // Sorts the keys.
        (Fault::KeysInAnotherOrder, FederationResponse::GetSplits(_)) => {
            serde_json::from_str::<serde_json::Value>(&text)
                .unwrap()
                .to_string()
        }
        (Fault::UnknownKeyInSplit, FederationResponse::GetSplits(_)) => {
            text.replace("\"properties\":{", "\"rows\":1500,\"properties\":{")
        }
        (Fault::NoVersionInPing, FederationResponse::Ping(_)) => text.replace(",\"serDeVersion\":6", ""),
        (Fault::StreamInPlaceOfBatch, FederationResponse::ReadRecords(response)) => {
            let (batch, framing) = (&response.records.batch, version.framing());
            let records = encode_batch(batch, framing).unwrap();
            let schema = encode_schema(&batch.schema(), IpcFraming::Continuation).unwrap();
            let stream = STANDARD.encode([schema, records.clone()].concat());
            text.replace(&STANDARD.encode(records), &stream)
        }
        _ => text,
    };
    text.into_bytes()
}

async fn report(fault: Fault) -> Report {
    let store = Arc::new(MemoryBlockStore::new());
    let settings = SpillSettings {
        bucket: "bucket".to_owned(),
        prefix: "athena-spill".to_owned(),
        encrypt: true,
    };
    let function = Function::new(Shop(fault), store.clone(), settings);
    let broken = Broken { fault, function };
    verify(&broken, store, &Options::default(), |_| {}).await
}

#[tokio::test]
async fn nothing_is_found_at_a_connector_without_faults() {
    let report = report(Fault::None).await;
    assert!(report.is_clean(), "{}", report.to_text());
    assert_eq!(report.notes, [""; 0]);
    assert_eq!((report.tables, report.rows, report.version), (1, 4_500, Some(6)));
    assert!(report.comparisons > 40, "{}", report.to_text());
}

#[tokio::test]
async fn each_fault_is_found() {
    for (fault, rule) in [
        (Fault::KeysInAnotherOrder, Rule::ResponseForm),
        (Fault::UnknownKeyInSplit, Rule::ResponseForm),
        (Fault::NoVersionInPing, Rule::Ping),
        (Fault::OldVersionsFail, Rule::CallFails),
        (Fault::UnknownCapability, Rule::Capability),
        (Fault::TablesLostBetweenPages, Rule::Paging),
        (Fault::TablesWithoutEnd, Rule::Paging),
        (Fault::NamesInOneCase, Rule::CallFails),
        (Fault::UnsupportedColumn, Rule::Columns),
        (Fault::ColumnsOfAnyTable, Rule::UnknownTable),
        (Fault::EmptyLayout, Rule::Layout),
        (Fault::SplitsWithoutEnd, Rule::Paging),
        (Fault::EqualSplits, Rule::EqualSplits),
        (Fault::SharedSpillLocation, Rule::SpillLocation),
        (Fault::SharedSpillKey, Rule::SpillKey),
        (Fault::LastSplitLost, Rule::PredicateLosesRows),
        (Fault::InlineWhateverTheLimit, Rule::BlockSize),
        (Fault::LastBlockLost, Rule::SpilledRows),
        (Fault::KeyForgotten, Rule::SpilledBlocks),
        (Fault::StreamInPlaceOfBatch, Rule::ArrowForm),
        (Fault::ColumnsInTheirOwnOrder, Rule::WrongColumns),
        (Fault::ValuesOfAnotherColumn, Rule::ProjectedRows),
        (Fault::GreatestValueLost, Rule::PredicateLosesRows),
        (Fault::NotNullIsNothing, Rule::PredicateLosesRows),
        (Fault::NullsLost, Rule::PredicateLosesRows),
        (Fault::RowsInvented, Rule::PredicateAddsRows),
        (Fault::LimitBeforePredicate, Rule::LimitLosesRows),
        (Fault::LimitBeforeOrder, Rule::LimitLosesRows),
    ] {
        let report = report(fault).await;
        let found = report.findings.iter().any(|finding| finding.rule == rule);
        assert!(found, "{fault:?}, wanted {rule:?}:\n{}", report.to_text());
    }
}
