//! Loads that continue, as `docs/loading.md` has them: its statement is run as it stands there, over the real binary and a
//! table in memory that takes rows in whole commits, as an Iceberg table does.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use local::{Athena, LakeTable};
use rdkafka::producer::Producer;
use serde_json::json;
use tests::lambda::Lambda;
use tests::world::World;

const PAGE: &str = include_str!("../../../docs/loading.md");
const TABLE: LakeTable<'_> = LakeTable {
    catalog: "awsdatacatalog",
    database: "lake",
    table: "orders",
};

/// The first statement of a load.
fn plan() -> &'static str {
    let (_, rest) = PAGE
        .split_once("makes -->\n```sql\n")
        .expect("the statement begins");
    rest.split_once("```").expect("the statement ends").0
}

/// A topic of two partitions as `msk.customer.orders`, and the table that it is loaded into.
struct Load {
    world: World,
    topic: String,
    athena: Athena,
    _lambda: Arc<Lambda>,
    schema: SchemaRef,
    rows: Vec<RecordBatch>,
}

/// Result of a load.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Nothing,
    Rows(usize),
    Lost(i64),
}

impl Load {
    async fn new() -> Self {
        let world = World::start().await;
        let topic = world.broker.create_topic("loaded", 2).await;
        let fields = json!([
            {"name": "order_id", "mapping": "id", "type": "VARCHAR"},
            {"name": "amount", "mapping": "amount", "type": "DOUBLE"},
        ]);
        let message = json!({"dataFormat": "json", "fields": fields});
        world.register(
            "orders",
            &json!({"topicName": topic, "metadataColumns": true, "message": message}),
        );
        let (lambda, _) = world.lambda(2, &[("on_expired_offsets", "fail")]).await;
        let athena = world.athena_on(&lambda);
        let fields = [
            ("order_id", DataType::Utf8),
            ("amount", DataType::Float64),
            ("kafka_partition", DataType::Int64),
            ("kafka_offset", DataType::Int64),
        ];
        let schema = Schema::new(
            fields
                .map(|(name, data_type)| Field::new(name, data_type, true))
                .to_vec(),
        );
        let load = Self {
            world,
            topic,
            athena,
            _lambda: lambda,
            schema: Arc::new(schema),
            rows: Vec::new(),
        };
        load.commit();
        load
    }

    fn commit(&self) {
        let committed = self
            .athena
            .put_table(TABLE, Arc::clone(&self.schema), self.rows.clone());
        committed.expect("rows of the table's schema");
    }

    fn produce(&self, partition: i32, ids: std::ops::Range<u32>) {
        let orders = ids.map(|id| Some(format!(r#"{{"id":"{id}","amount":{id}.5}}"#)));
        self.world.broker.produce(&self.topic, partition, orders);
    }

    /// Runs the plan, and what it says to run; the rows are committed unless the load is to fail before that.
    async fn run(&mut self, fails: bool) -> Outcome {
        let plan = self.athena.query(plan()).await.expect("the plan runs").batches;
        let plan = plan.iter().find(|batch| batch.num_rows() == 1).expect("one row");
        let lost = plan.column(0).as_primitive::<Int64Type>().value(0);
        if lost > 0 {
            return Outcome::Lost(lost);
        }
        let statements = plan.column(1).as_string::<i32>();
        if statements.is_null(0) {
            return Outcome::Nothing;
        }
        let insert = "INSERT INTO awsdatacatalog.lake.orders ";
        let select = statements
            .value(0)
            .strip_prefix(insert)
            .expect("it inserts into the table");
        let rows = self.athena.query(select).await.expect("the load runs").batches;
        let count = rows.iter().map(RecordBatch::num_rows).sum();
        if !fails {
            let columns =
                |batch: RecordBatch| RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec());
            self.rows.extend(
                rows.into_iter()
                    .map(|batch| columns(batch).expect("columns of the table")),
            );
            self.commit();
        }
        Outcome::Rows(count)
    }

    /// Ids in the table, sorted.
    fn ids(&self) -> Vec<u32> {
        let ids = self
            .rows
            .iter()
            .flat_map(|batch| batch.column(0).as_string::<i32>().iter().flatten());
        let mut ids: Vec<u32> = ids.map(|id| id.parse().expect("a number")).collect();
        ids.sort_unstable();
        ids
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_is_loaded_once_by_loads_with_a_producer_between() {
    let mut load = Load::new().await;
    assert_eq!(load.run(false).await, Outcome::Nothing);
    load.produce(0, 0..50);
    load.produce(1, 100..130);
    assert_eq!(load.run(false).await, Outcome::Rows(80));
    assert_eq!(load.run(false).await, Outcome::Nothing);

    load.produce(0, 50..60);
    load.world
        .broker
        .transaction(&load.topic, 1, &[r#"{"id":"999","amount":0}"#], false);
    load.world.broker.produce(&load.topic, 1, [None::<&str>]);
    let open = load
        .world
        .broker
        .open_transaction(&load.topic, 1, &[r#"{"id":"130","amount":1}"#]);
    // A load that fails has changed nothing, so that the next one brings the same.
    assert_eq!(load.run(true).await, Outcome::Rows(10));
    assert_eq!(load.run(false).await, Outcome::Rows(10));
    open.commit_transaction(std::time::Duration::from_secs(20))
        .expect("it commits");
    assert_eq!(load.run(false).await, Outcome::Rows(1));
    let wanted: Vec<u32> = (0..60).chain(100..131).collect();
    assert_eq!(load.ids(), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_that_expired_before_they_were_loaded_stop_the_load() {
    let mut load = Load::new().await;
    load.produce(0, 0..50);
    assert_eq!(load.run(false).await, Outcome::Rows(50));
    load.produce(0, 50..60);
    load.world.broker.delete_records_before(&load.topic, 0, 50).await;
    assert_eq!(
        load.run(false).await,
        Outcome::Rows(10),
        "exactly where it goes on"
    );
    load.produce(0, 60..70);
    load.world.broker.delete_records_before(&load.topic, 0, 61).await;
    assert_eq!(load.run(false).await, Outcome::Lost(1));
    load.world.broker.recreate_topic(&load.topic, 2).await;
    assert_eq!(load.run(false).await, Outcome::Lost(1));
}
