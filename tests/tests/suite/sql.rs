//! SQL over the real binary: DataFusion as Athena, Lambda's Invoke API, concurrent containers, spilled blocks
//! in S3.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use local::Athena;
use local::demo::ARTICLE_QUERY;
use producer::{ItemsAs, OrderGenerator, Summary, encode_value};
use tests::lambda::Lambda;
use tests::world::World;

const ORDERS: usize = 3_000;

/// Orders in three partitions, Athena over three containers, and the totals of the orders.
struct Shop {
    athena: Athena,
    sold: Summary,
    /// Kept running.
    _parts: (World, Arc<Lambda>),
}

impl Shop {
    async fn open(settings: &[(&str, &str)]) -> Self {
        let world = World::start().await;
        let topic = world.broker.create_topic("orders", 3).await;
        let start = "2023-03-14T00:00:00".parse().expect("a time");
        let orders: Vec<_> = OrderGenerator::seeded(7, start).take(ORDERS).collect();
        for (partition, orders) in (0..).zip(orders.chunks(ORDERS / 3)) {
            let values = orders
                .iter()
                .map(|order| Some(encode_value(order, ItemsAs::JsonString)));
            world.broker.produce(&topic, partition, values);
        }
        world.register_json(
            "orders",
            &topic,
            &[
                ("order_id", "VARCHAR", ""),
                ("ordered_at", "TIMESTAMP", "yyyy-MM-dd HH:mm:ss.SSS"),
                ("user_id", "VARCHAR", ""),
                ("items", "VARCHAR", ""),
            ],
        );
        let (lambda, _) = world.lambda(3, settings).await;
        let athena = world.athena_on(&lambda);
        Self {
            athena,
            sold: orders.iter().collect(),
            _parts: (world, lambda),
        }
    }

    async fn sql(&self, sql: &str) -> Vec<RecordBatch> {
        self.athena
            .sql(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    async fn count(&self, sql: &str) -> i64 {
        self.sql(sql).await[0]
            .column(0)
            .as_primitive::<Int64Type>()
            .value(0)
    }
}

fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_articles_query_gives_every_item_of_every_order() {
    let shop = Shop::open(&[("max_records_per_split", "400")]).await;
    let batches = shop.sql(ARTICLE_QUERY).await;
    assert_eq!(rows(&batches) as u64, shop.sold.items);
    let mut quantities = BTreeMap::<i32, u64>::new();
    for batch in &batches {
        let products = batch.column(3).as_primitive::<Int32Type>().iter().flatten();
        for (product, quantity) in products.zip(batch.column(4).as_primitive::<Int32Type>().iter().flatten())
        {
            *quantities.entry(product).or_default() += u64::try_from(quantity).expect("a quantity");
        }
    }
    let sold: BTreeMap<_, _> = shop
        .sold
        .products
        .iter()
        .map(|(id, total)| (*id, total.quantity))
        .collect();
    assert_eq!(quantities, sold);
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_need_no_column_and_names_no_case() {
    let shop = Shop::open(&[]).await;
    assert_eq!(
        shop.count("SELECT count(*) FROM msk.customer.orders").await,
        3_000
    );
    assert_eq!(
        shop.count("SELECT count(*) FROM MSK.Customer.Orders").await,
        3_000
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn predicates_pick_the_same_rows_in_the_connector_as_after_it() {
    let shop = Shop::open(&[]).await;
    let predicates = [
        "ordered_at >= TIMESTAMP '2023-03-14 00:00:10' AND ordered_at < TIMESTAMP '2023-03-14 00:00:20'",
        "user_id = 'ccxa'",
        "user_id IN ('ccxa', 'dcxa', 'ecxa')",
        "user_id <> 'ccxa'",
        "user_id IS NULL",
        "user_id IS NOT NULL AND order_id > '8'",
        "user_id BETWEEN 'a' AND 'c'",
    ];
    for predicate in predicates {
        let pushed = shop
            .count(&format!(
                "SELECT count(*) FROM msk.customer.orders WHERE {predicate}"
            ))
            .await;
        // A disjunction over columns is not a value set, so this one is decided only after the scan.
        let after =
            format!("SELECT count(*) FROM msk.customer.orders WHERE ({predicate}) OR length(items) < 0");
        assert_eq!(pushed, shop.count(&after).await, "{predicate}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_connector_is_the_error_of_the_query() {
    let shop = Shop::open(&[]).await;
    let error = shop
        .athena
        .sql("SELECT * FROM msk.customer.nothing")
        .await
        .expect_err("no such table");
    assert!(error.to_string().contains("nothing"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn items_that_are_an_array_unnest_without_parsing() {
    let world = World::start().await;
    let topic = world.broker.create_topic("arrays", 1).await;
    let start = "2023-03-14T00:00:00".parse().expect("a time");
    let orders: Vec<_> = OrderGenerator::seeded(9, start).take(200).collect();
    let (arrays, texts) = orders.split_at(100);
    let values = arrays.iter().map(|order| encode_value(order, ItemsAs::Array));
    // The article's producer writes the array as a string: the column reads either.
    let values = values.chain(texts.iter().map(|order| encode_value(order, ItemsAs::JsonString)));
    world.broker.produce(&topic, 0, values.map(Some));
    for (table, items) in [
        ("glue", "array<struct<product_id:int,quantity:int>>"),
        ("athena", "ARRAY(ROW(product_id INT, quantity INT))"),
    ] {
        world.register_json(
            table,
            &topic,
            &[("order_id", "VARCHAR", ""), ("items", items, "")],
        );
    }
    let (lambda, _) = world.lambda(1, &[]).await;
    let athena = world.athena_on(&lambda);
    let sold: Summary = orders.iter().collect();
    for table in ["glue", "athena"] {
        let sql = format!(
            "SELECT count(*), sum(item.quantity) FROM msk.customer.{table} CROSS JOIN UNNEST(items) AS t (item)"
        );
        let batches = athena
            .sql(&sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        let count = |column: usize| batches[0].column(column).as_primitive::<Int64Type>().value(0);
        let quantity: u64 = sold.products.values().map(|total| total.quantity).sum();
        assert_eq!(
            (count(0) as u64, count(1) as u64),
            (sold.items, quantity),
            "{table}"
        );
    }
}
