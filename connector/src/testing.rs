//! Helpers of several modules' tests: a connector whose dependencies are all in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use protocol::{Constraints, FederatedIdentity, GetSplitsRequest, ReadRecordsRequest, Split, TableName};
use spill::MemoryBlockStore;

use crate::config::Config;
use crate::parts::Parts;
use crate::query_status::AlwaysRunning;
use crate::registry::memory::MemorySchemaRegistry;
use crate::splits::topic_split::TopicSplit;
use kafka::Clusters;
use kafka::MemoryBroker;
use kafka::{OffsetRange, TopicPartition};

pub(crate) mod aws;
pub(crate) mod docs;
pub(crate) mod http;
pub(crate) mod log;

pub(crate) const TOPIC: &str = "orders";

const DOCUMENT: &str = r#"{"topicName": "orders", "message": {"dataFormat": "json", "fields": [
    {"name": "id", "mapping": "id", "type": "BIGINT"},
    {"name": "item", "mapping": "item", "type": "VARCHAR"}
]}}"#;

/// Table `customer.orders` over topic `orders`, with columns `id` and `item`.
pub(crate) struct World {
    pub(crate) registry: Arc<MemorySchemaRegistry>,
    pub(crate) broker: Arc<MemoryBroker>,
    pub(crate) blocks: Arc<MemoryBlockStore>,
    pub(crate) parts: Parts,
}

impl World {
    pub(crate) fn new(partitions: usize) -> Self {
        Self::with_vars(partitions, &[("spill_bucket", "spill")])
    }

    pub(crate) fn with_vars(partitions: usize, vars: &[(&str, &str)]) -> Self {
        let registry = Arc::new(MemorySchemaRegistry::new());
        registry.add_registry("customer", "{AthenaFederationMSK}");
        registry.register_schema("customer", "orders", "JSON", DOCUMENT);
        let broker = Arc::new(MemoryBroker::default());
        broker.create_topic(TOPIC, partitions);
        let blocks = Arc::new(MemoryBlockStore::new());
        let uncached = [("schema_cache_seconds", "0")];
        let parts = Parts::new(
            config(&[vars, uncached.as_slice()].concat()),
            registry.clone(),
            Clusters::from(broker.clone()),
            blocks.clone(),
            Arc::new(AlwaysRunning),
        );
        Self {
            registry,
            broker,
            blocks,
            parts,
        }
    }

    /// Changes the mapping of column `id` in the latest version.
    pub(crate) fn remap_id(&self, mapping: &str) {
        let mapping = format!(r#""mapping": "{mapping}", "type": "BIGINT""#);
        let document = DOCUMENT.replace(r#""mapping": "id", "type": "BIGINT""#, &mapping);
        self.registry
            .register_schema("customer", "orders", "JSON", &document);
    }

    /// Appends orders with these ids to partition 0.
    pub(crate) fn produce(&self, ids: impl IntoIterator<Item = i64>) {
        for id in ids {
            self.append(Some(&format!(r#"{{"id": {id}, "item": "item {id}"}}"#)));
        }
    }

    /// Appends one record to partition 0, `None` for a tombstone.
    pub(crate) fn append(&self, value: Option<&str>) {
        self.broker.append(TOPIC, 0, value.map(str::as_bytes));
    }

    pub(crate) async fn schema(&self) -> SchemaRef {
        let table = self.parts.catalog.table(&table_name()).await.unwrap();
        Arc::clone(&table.schema)
    }

    /// Request for all columns of these offsets of partition 0, answered inline or spilled unencrypted.
    pub(crate) async fn read_request(&self, start: i64, end: i64) -> ReadRecordsRequest {
        ReadRecordsRequest {
            identity: None,
            query_id: "8f0c".into(),
            catalog_name: "msk".into(),
            table_name: table_name(),
            schema: self.schema().await,
            split: split(start, end),
            constraints: Constraints::default(),
            max_block_bytes: 16_000_000,
            max_inline_block_bytes: 5_242_880,
        }
    }
}

pub(crate) fn config(vars: &[(&str, &str)]) -> Config {
    let var = |name: &str| {
        vars.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    Config::from_vars(var).unwrap()
}

pub(crate) fn table_name() -> TableName {
    TableName {
        schema_name: "customer".into(),
        table_name: "orders".into(),
    }
}

pub(crate) fn split(start: i64, end: i64) -> Split {
    let topic_partition = TopicPartition {
        topic: TOPIC.into(),
        partition: 0,
    };
    let range = OffsetRange::new(start, end).unwrap();
    Split {
        spill_location: Some(spill::split_location("spill", "prefix", "8f0c")),
        encryption_key: None,
        properties: TopicSplit {
            cluster: None,
            topic_partition,
            topic_id: None,
            range,
        }
        .to_properties(),
    }
}

pub(crate) fn splits_request(continuation_token: Option<String>) -> GetSplitsRequest {
    GetSplitsRequest {
        identity: Some(FederatedIdentity::default()),
        query_id: Some("8f0c".into()),
        catalog_name: "msk".into(),
        table_name: table_name(),
        partitions: arrow::array::RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty())).into(),
        partition_columns: Vec::new(),
        constraints: Constraints::default(),
        continuation_token,
    }
}

/// Deadline that is late enough for anything that does not wait.
pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}
