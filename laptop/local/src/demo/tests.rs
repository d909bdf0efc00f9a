use super::*;
use crate::federation::FederationOptions;

fn options(count: usize) -> DemoOptions {
    let orders = Orders {
        count,
        seed: 7,
        start: chrono::NaiveDateTime::default(),
    };
    DemoOptions {
        orders,
        partitions: 3,
        concurrency: 3,
        shown_rows: 4,
    }
}

/// Counts the calls of each kind, and the rows of queries.
#[derive(Default)]
struct Calls {
    producing: usize,
    running: Option<QueryProgress>,
    rows: Vec<u64>,
}

impl DemoObserver for Calls {
    fn producing(&mut self, _: Progress) {
        self.producing += 1;
    }

    fn querying(&mut self, query: QueryProgress) {
        assert!(self.running.replace(query).is_none());
    }

    fn queried(&mut self) {
        let query = self.running.take().expect("a query that began");
        self.rows.push(query.statistics().rows);
    }
}

async fn demo(options: DemoOptions) -> (String, Result<(), DemoError>) {
    let mut out = Vec::new();
    let result = run(options, &mut out, &mut Calls::default()).await;
    (String::from_utf8(out).unwrap(), result)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observer_sees_orders_produced_and_each_query_read() {
    let mut calls = Calls::default();
    run(options(500), &mut Vec::new(), &mut calls).await.unwrap();
    assert!(calls.producing > 0);
    assert_eq!(calls.rows, [500, 500, 500]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_demo_comes_out_right() {
    let (text, result) = demo(options(2000)).await;
    result.unwrap_or_else(|error| panic!("{error}\n{text}"));
    for wanted in [
        "2000 orders with",
        "|   2000 |",
        "| order_id                             | ordered_at",
        "the first 4 of",
        "| product_id | items | quantity |",
        "All three results equal",
    ] {
        assert!(text.contains(wanted), "{wanted} is not in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_without_orders_comes_out_right() {
    let (text, result) = demo(options(0)).await;
    result.unwrap_or_else(|error| panic!("{error}\n{text}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_too_many_is_noticed() {
    let stack = Stack::start(1).await.unwrap();
    let mut produced = stack.produce(options(10).orders, |_| ()).await.unwrap();
    let another = producer::OrderGenerator::seeded(8, chrono::NaiveDateTime::default())
        .next()
        .unwrap();
    produced.add(&another);
    let athena = stack.athena(AthenaOptions::default()).await.unwrap();
    let mut out = Vec::new();
    let mut demo = Demo {
        athena: &athena,
        stack: &stack,
        out: &mut out,
        observer: &mut Calls::default(),
        produced: &produced,
        wrong: Vec::new(),
    };
    demo.count().await.unwrap();
    demo.article(1).await.unwrap();
    demo.top_products().await.unwrap();
    assert_eq!(demo.wrong.len(), 4, "{:?}", demo.wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn spilled_blocks_carry_the_same_rows() {
    let stack = Stack::start(2).await.unwrap();
    let produced = stack.produce(options(3000).orders, |_| ()).await.unwrap();
    let federation = FederationOptions {
        max_block_bytes: 20_000,
        max_inline_block_bytes: 0,
        ..FederationOptions::new("msk")
    };
    let athena = stack
        .athena(AthenaOptions {
            federation,
            concurrency: 2,
            ..AthenaOptions::default()
        })
        .await
        .unwrap();
    let answer = athena.query(TOP_PRODUCTS_QUERY).await.unwrap();
    assert_eq!(products(&answer.batches), produced.top_by_quantity(TOP_PRODUCTS));
    assert_eq!(answer.statistics.inline_blocks, 0);
    assert!(answer.statistics.spilled_blocks > 10, "{}", answer.statistics);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_reach_kafkas_rows() {
    let stack = Stack::start(2).await.unwrap();
    stack.produce(options(1000).orders, |_| ()).await.unwrap();
    let athena = stack.athena(AthenaOptions::default()).await.unwrap();
    // Ten milliseconds between orders, from 1970 on.
    let sql = "SELECT count(*) AS n FROM msk.customer.orders
               WHERE ordered_at >= TIMESTAMP '1970-01-01 00:00:02.500' AND ordered_at < TIMESTAMP '1970-01-01 00:00:05'";
    let answer = athena.query(sql).await.unwrap();
    assert_eq!(
        answer.batches[0].column(0).as_primitive::<Int64Type>().value(0),
        250
    );
    // The connector itself returned no others.
    assert_eq!(answer.statistics.rows, 250);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_what_is_there() {
    let stack = Stack::start(1).await.unwrap();
    let athena = stack.athena(AthenaOptions::default()).await.unwrap();
    let federation = athena.federation();
    assert_eq!(federation.list_schemas().await.unwrap(), ["customer"]);
    let tables = federation.list_tables("customer").await.unwrap();
    assert_eq!(
        tables
            .iter()
            .map(|table| table.table_name.as_str())
            .collect::<Vec<_>>(),
        ["orders"]
    );
}
