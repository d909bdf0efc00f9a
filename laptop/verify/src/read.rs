//! Rows of splits, inline and spilled.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use protocol::{
    Constraints, FederationResponse, ReadRecordsRequest, RemoteReadRecordsResponse, SerdeVersion, Split,
    block_bytes,
};

use crate::client::{Client, Failed};
use crate::names::Described;
use crate::plan::Planned;
use crate::report::Rule;

/// Limits of a read, in bytes of Arrow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) max_block_bytes: u64,
    pub(crate) max_inline_block_bytes: u64,
}

impl Sizes {
    /// Sizes that the connectors' own validator uses.
    pub(crate) const USUAL: Self = Self {
        max_block_bytes: 16_000_000,
        max_inline_block_bytes: 5_242_880,
    };

    /// Everything is spilled, in many blocks.
    pub(crate) const SPILLED: Self = Self {
        max_block_bytes: 65_536,
        max_inline_block_bytes: 0,
    };
}

/// What is read of every split.
pub(crate) struct Reading<'a> {
    pub(crate) table: &'a Described,
    /// Wanted columns.
    pub(crate) schema: &'a SchemaRef,
    pub(crate) constraints: &'a Constraints,
    pub(crate) version: SerdeVersion,
    pub(crate) sizes: Sizes,
}

impl Reading<'_> {
    /// All batches of all splits.
    pub(crate) async fn all(
        &self,
        client: &Client<'_>,
        planned: &Planned,
    ) -> Result<Vec<RecordBatch>, Failed> {
        let mut batches = Vec::new();
        for split in &planned.splits {
            batches.extend(self.split(client, &planned.query_id, split).await?);
        }
        Ok(batches)
    }

    /// Batches of one split, whether they come inline or have to be fetched.
    pub(crate) async fn split(
        &self,
        client: &Client<'_>,
        query_id: &str,
        split: &Split,
    ) -> Result<Vec<RecordBatch>, Failed> {
        let request = ReadRecordsRequest {
            identity: client.identity(),
            query_id: query_id.to_owned(),
            catalog_name: client.catalog(),
            table_name: self.table.name.clone(),
            schema: self.schema.clone(),
            split: split.clone(),
            constraints: self.constraints.clone(),
            max_block_bytes: self.sizes.max_block_bytes,
            max_inline_block_bytes: self.sizes.max_inline_block_bytes,
        };
        match client.call(request, self.version).await? {
            FederationResponse::ReadRecords(response) => {
                let batch = response.records.batch;
                self.check_columns(client, batch.schema_ref())?;
                if self.sizes.max_inline_block_bytes == 0 {
                    let text = "rows are returned inline although the request allows no inline block";
                    client.find(Rule::BlockSize, self.subject(), text);
                }
                Ok(vec![batch])
            }
            FederationResponse::RemoteReadRecords(response) => self.spilled(client, split, response).await,
            other => Err(client.wrong_answer("ReadRecords", &self.subject(), &other)),
        }
    }

    async fn spilled(
        &self,
        client: &Client<'_>,
        split: &Split,
        response: RemoteReadRecordsResponse,
    ) -> Result<Vec<RecordBatch>, Failed> {
        self.check_columns(client, &response.schema)?;
        let find = |text: String| client.find(Rule::SpilledBlocks, self.subject(), text);
        if response.encryption_key != split.encryption_key {
            find("the response to ReadRecords has another key than the split".to_owned());
        }
        let directory = split.spill_location.as_ref();
        let (mut batches, mut seen) = (Vec::new(), BTreeSet::new());
        for block in &response.remote_blocks {
            if block.directory {
                find("a block's location is a directory, wanted an object".to_owned());
            }
            if !seen.insert(&block.key) {
                find("a block is listed twice".to_owned());
            }
            let in_directory = |number: &str| number.bytes().all(|byte| byte.is_ascii_digit());
            let number = directory
                .filter(|directory| directory.bucket == block.bucket)
                .and_then(|directory| block.key.strip_prefix(directory.key.as_str())?.strip_prefix('.'));
            if !number.is_some_and(in_directory) {
                find("a block's key is not that of the split's location, a dot and a number".to_owned());
            }
            let key = response.encryption_key.as_ref();
            match client.reader.read(block, self.schema.clone(), key).await {
                Ok(batch) => {
                    self.check_size(client, &batch);
                    batches.push(batch);
                }
                Err(error) => {
                    find(format!(
                        "a spilled block cannot be read: {}",
                        spill::causes(&error)
                    ));
                    return Err(Failed);
                }
            }
        }
        Ok(batches)
    }

    /// A block ends with the write that makes it larger than the limit, so all rows but the last fit.
    fn check_size(&self, client: &Client<'_>, batch: &RecordBatch) {
        let limit = self.sizes.max_block_bytes;
        let fitting = block_bytes(&batch.slice(0, batch.num_rows().saturating_sub(1))) as u64;
        // Connectors of the Java SDK write a few rows at once.
        if fitting > limit.saturating_mul(2) {
            let text = format!("a block has {fitting} bytes, the request allows {limit}");
            client.find(Rule::BlockSize, self.subject(), text);
        }
    }

    fn check_columns(&self, client: &Client<'_>, found: &Schema) -> Result<(), Failed> {
        let wanted = self.schema.fields();
        let same = wanted.len() == found.fields().len()
            && wanted.iter().zip(found.fields()).all(|(wanted, found)| {
                wanted.name() == found.name() && wanted.data_type().equals_datatype(found.data_type())
            });
        if same {
            return Ok(());
        }
        let text = format!(
            "the response to ReadRecords has the columns {}, wanted {}",
            columns(found),
            columns(self.schema)
        );
        client.find(Rule::WrongColumns, self.subject(), text);
        Err(Failed)
    }

    fn subject(&self) -> String {
        self.table.name.to_string()
    }
}

fn columns(schema: &Schema) -> String {
    let columns = schema.fields().iter();
    let columns = columns.map(|field| format!("{} {}", field.name(), field.data_type()));
    format!("({})", columns.collect::<Vec<_>>().join(", "))
}
