//! Parsing of the request, once: the dependencies of a read, from the request and the connector's parts.

use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::SchemaRef;
use kafka::{Broker, PlannedRange};
use protocol::{EncryptionKey, ReadRecordsRequest, TableName};
use spill::{BlockLimits, BlockSpiller};
use topic::table::{REGISTRY_NAME_KEY, SCHEMA_NAME_KEY, SCHEMA_VERSION_KEY, is_self_described, read_options};
use topic::{RowDecoder, TopicTable, WriterSchemas};

use super::counted_store::CountedStore;
use super::row_sink::{Policy, Selection};
use crate::error::Error;
use crate::filter::Filter;
use crate::parts::Parts;
use crate::pushdown::limit::row_limit;
use crate::registry::catalog::{Catalog, CatalogError, TableVersion};
use crate::splits::topic_split::TopicSplit;
use crate::telemetry::report::{SplitReport, note};
use crate::wait::within_registry;

/// Dependencies of one read.
pub(super) struct Setup {
    pub(super) broker: Arc<dyn Broker>,
    pub(super) planned: PlannedRange,
    pub(super) decoder: RowDecoder,
    pub(super) selection: Selection,
    pub(super) policy: Policy,
    pub(super) spiller: BlockSpiller,
    /// Store to which the spiller writes.
    pub(super) store: Arc<CountedStore>,
    /// Name of the spill bucket, for errors.
    pub(super) bucket: String,
    pub(super) answer: Answer,
}

/// Parts of the request that the response repeats.
pub(super) struct Answer {
    pub(super) catalog_name: String,
    pub(super) schema: SchemaRef,
    pub(super) encryption_key: Option<EncryptionKey>,
}

impl Setup {
    /// # Errors
    /// If the split was not written by this connector, the table cannot be found or read, or the constraints
    /// do not fit it.
    pub(super) async fn new(
        parts: &Parts,
        request: ReadRecordsRequest,
        deadline: Instant,
    ) -> Result<Self, Error> {
        let ReadRecordsRequest {
            catalog_name,
            table_name,
            schema,
            split,
            constraints,
            max_block_bytes,
            max_inline_block_bytes,
            ..
        } = request;
        let TopicSplit {
            cluster,
            topic_partition,
            topic_id,
            range,
        } = TopicSplit::from_properties(&split.properties)?;
        note(|report| {
            report.topic = Some(topic_partition.topic.clone());
            report.split = Some(SplitReport {
                cluster: cluster.clone(),
                partition: topic_partition.partition,
                start_offset: range.start(),
                end_offset: range.end(),
            });
        });
        let config = &parts.config;
        let broker = Arc::clone(parts.clusters.get(cluster.as_deref())?);

        let wanted = format!("table `{table_name}`");
        let table = table(&parts.catalog, &schema, &table_name);
        let table = within_registry(deadline, wanted, table).await?;
        let table = table.as_deref();
        let writers: Arc<dyn WriterSchemas> = Arc::new(parts.writer_schemas.until(deadline));
        let decoder = RowDecoder::try_new(&schema, table, &writers).map_err(|source| Error::Table {
            table: table_name.to_string(),
            source: Box::new(source),
        })?;
        let selection = Selection {
            filter: Filter::try_new(&constraints, &schema)?,
            limit: row_limit(&constraints, &schema),
        };
        let options = table.map_or_else(|| read_options(&schema), |table| table.options);
        let policy = Policy::new(config, options);

        let location = split.spill_location.as_ref();
        let bucket = location.map_or("", |location| location.bucket.as_str());
        let bucket = format!("spill bucket `{bucket}`");
        let limits = BlockLimits {
            max_block_bytes: config.max_block_bytes.unwrap_or(max_block_bytes),
            max_inline_block_bytes,
        };
        let answer = Answer {
            catalog_name,
            schema: Arc::clone(&schema),
            encryption_key: split.encryption_key.clone(),
        };
        let store = Arc::new(CountedStore::new(Arc::clone(&parts.blocks)));
        let spiller = BlockSpiller::new(
            store.clone(),
            schema,
            split.spill_location,
            split.encryption_key,
            limits,
        )?;
        let spiller = match config.max_uploads {
            Some(max_uploads) => spiller.with_max_uploads(max_uploads),
            None => spiller,
        };
        Ok(Self {
            broker,
            planned: PlannedRange {
                topic_partition,
                topic_id,
                range,
                on_expired_offsets: config.on_expired_offsets,
            },
            decoder,
            selection,
            policy,
            spiller,
            store,
            bucket,
            answer,
        })
    }
}

/// Table with which the query was planned, or its latest version if the request's schema no longer contains
/// that version; `None`, without a call of the registry, if that schema itself describes how its columns are
/// read.
async fn table(
    catalog: &Catalog,
    schema: &SchemaRef,
    table_name: &TableName,
) -> Result<Option<Arc<TopicTable>>, CatalogError> {
    if is_self_described(schema) {
        return Ok(None);
    }
    let metadata = schema.metadata();
    let text = |key| metadata.get(key).filter(|text| !text.is_empty()).cloned();
    let version = || {
        Some(TableVersion {
            registry_name: text(REGISTRY_NAME_KEY)?,
            schema_name: text(SCHEMA_NAME_KEY)?,
            schema_version_id: text(SCHEMA_VERSION_KEY)?,
        })
    };
    let table = match version() {
        Some(version) => catalog.table_version(&version).await,
        None => catalog.table(table_name).await,
    };
    table.map(Some)
}
