use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use arrow::util::pretty::pretty_format_batches;
use datafusion::common::Result;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;

use super::parse_statement;
use crate::session::session_state;

/// Orders 1 to 5 with items as JSON text: two, one, none, NULL, and one with a missing field.
fn orders() -> RecordBatch {
    let items = StringArray::from(vec![
        Some(r#"[{"product_id": 11, "quantity": 1}, {"product_id": 12, "quantity": 2}]"#),
        Some(r#"[{"quantity": 3, "product_id": 13, "gift": true}]"#),
        Some("[]"),
        None,
        Some(r#"[{"PRODUCT_ID": 15}]"#),
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("order_id", Arc::new(Int32Array::from_iter_values(1..=5))),
        ("items", Arc::new(items)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

async fn query(sql: &str) -> Result<Vec<RecordBatch>> {
    let state = session_state("memory", 2);
    let context = SessionContext::new_with_state(state);
    let catalog = Arc::new(datafusion::catalog::MemoryCatalogProvider::new());
    let schema = Arc::new(datafusion::catalog::MemorySchemaProvider::new());
    context.register_catalog("memory", catalog);
    context
        .catalog("memory")
        .unwrap()
        .register_schema("default", schema)
        .unwrap();
    let orders = orders();
    context.register_table(
        "orders",
        Arc::new(MemTable::try_new(orders.schema(), vec![vec![orders]])?),
    )?;
    let plan = context
        .state()
        .statement_to_plan(parse_statement(sql)?.statement)
        .await?;
    context.execute_logical_plan(plan).await?.collect().await
}

/// Result as lines of cells, without the frame.
async fn rows(sql: &str) -> Vec<String> {
    let batches = query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let table = pretty_format_batches(&batches).unwrap().to_string();
    let line = |line: &str| {
        line.trim_matches('|')
            .split('|')
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(" | ")
            .trim_end()
            .to_owned()
    };
    table
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(line)
        .collect()
}

async fn error(sql: &str) -> String {
    query(sql).await.expect_err(sql).to_string()
}

const PARSED: &str = "WITH parsed AS (SELECT order_id,
    CAST(json_parse(items) AS ARRAY(ROW(product_id INT, quantity INT))) AS items FROM orders)";

#[tokio::test]
async fn unnests_rows_as_one_column() {
    let sql = format!(
        "{PARSED} SELECT order_id, item.product_id, item.quantity
         FROM parsed CROSS JOIN unnest(parsed.items) AS t(item) ORDER BY order_id, item.product_id"
    );
    assert_eq!(
        rows(&sql).await,
        [
            "order_id | product_id | quantity",
            "1 | 11 | 1",
            "1 | 12 | 2",
            "2 | 13 | 3",
            "5 | 15 |"
        ]
    );
}

#[tokio::test]
async fn unnests_rows_as_columns_when_each_field_is_named() {
    let sql = format!(
        "{PARSED} SELECT order_id, p, t.q FROM parsed CROSS JOIN UNNEST(items) AS t(p, q) ORDER BY p"
    );
    assert_eq!(
        rows(&sql).await,
        [
            "order_id | p | q",
            "1 | 11 | 1",
            "1 | 12 | 2",
            "2 | 13 | 3",
            "5 | 15 |"
        ]
    );
    let unnamed = format!(
        "{PARSED} SELECT order_id, product_id, t.quantity FROM parsed, UNNEST(items) AS t ORDER BY 2"
    );
    assert_eq!(
        rows(&unnamed).await[1..],
        ["1 | 11 | 1", "1 | 12 | 2", "2 | 13 | 3", "5 | 15 |"]
    );
}

#[tokio::test]
async fn left_join_keeps_rows_without_elements() {
    let sql = format!(
        "{PARSED} SELECT order_id, item.product_id, n
         FROM parsed LEFT JOIN UNNEST(items) WITH ORDINALITY AS t(item, n) ON TRUE ORDER BY 1, 3"
    );
    assert_eq!(
        rows(&sql).await[1..],
        [
            "1 | 11 | 1",
            "1 | 12 | 2",
            "2 | 13 | 1",
            "3 |  |",
            "4 |  |",
            "5 | 15 | 1"
        ]
    );
}

#[tokio::test]
async fn pads_shorter_arrays_and_counts_from_one() {
    let sql = "SELECT a, b, n FROM UNNEST(ARRAY[10, 20, 30], ARRAY['x']) WITH ORDINALITY AS t(a, b, n)";
    assert_eq!(rows(sql).await[1..], ["10 | x | 1", "20 |  | 2", "30 |  | 3"]);
}

#[tokio::test]
async fn joins_go_on_after_an_unnest() {
    let sql = format!(
        "{PARSED} SELECT a.order_id, x.product_id, b.order_id AS other, count(*) AS n
         FROM parsed a CROSS JOIN UNNEST(a.items) AS t(x) JOIN orders b ON b.order_id = a.order_id + 1
         CROSS JOIN UNNEST(a.items) AS u(y)
         WHERE x.quantity > 1 GROUP BY a.order_id, x.product_id, b.order_id ORDER BY 1"
    );
    assert_eq!(
        rows(&sql).await,
        [
            "order_id | product_id | other | n",
            "1 | 12 | 2 | 2",
            "2 | 13 | 3 | 1"
        ]
    );
}

#[tokio::test]
async fn unnests_maps_as_key_and_value() {
    let sql = "SELECT k, v FROM UNNEST(CAST(json_parse('{\"a\": 1, \"b\": null}') AS MAP(VARCHAR, BIGINT))) AS t(k, v)
               ORDER BY k";
    assert_eq!(rows(sql).await[1..], ["a | 1", "b |"]);
}

#[tokio::test]
async fn unnested_json_is_still_json() {
    let sql = "SELECT json_extract_scalar(j, '$.a') AS a, CAST(j AS MAP(VARCHAR, INT))['a'] AS b
               FROM UNNEST(CAST(json_parse('[{\"a\": 1}, {\"a\": 2}]') AS ARRAY(JSON))) AS t(j) ORDER BY 1";
    assert_eq!(rows(sql).await[1..], ["1 | 1", "2 | 2"]);
}

#[tokio::test]
async fn names_fields_of_rows_in_subqueries_too() {
    let sql = format!(
        "{PARSED}, flat AS (SELECT p.order_id, t.item.product_id FROM parsed p CROSS JOIN UNNEST(items) AS t(item))
         SELECT product_id, count(*) AS n FROM flat GROUP BY product_id ORDER BY product_id LIMIT 1"
    );
    assert_eq!(rows(&sql).await, ["product_id | n", "11 | 1"]);
}

#[tokio::test]
async fn a_field_follows_a_subscript_or_a_cast() {
    let sql = format!(
        "{PARSED} SELECT items[1].product_id AS p, parsed.items[2].quantity AS q FROM parsed WHERE items[1].quantity = 1"
    );
    assert_eq!(rows(&sql).await, ["p | q", "11 | 2"]);
    let sql = "SELECT CAST(json_parse('{\"a\": {\"b\": 7}}') AS ROW(a ROW(b INT))).a.b AS x";
    assert_eq!(rows(sql).await, ["x", "7"]);
}

#[tokio::test]
async fn equal_column_names_of_two_tables_may_stand_side_by_side() {
    let sql = "SELECT a.order_id, b.order_id FROM orders a JOIN orders b ON a.order_id = b.order_id ORDER BY 1 LIMIT 1";
    assert_eq!(rows(sql).await[1..], ["1 | 1"]);
}

#[tokio::test]
async fn cast_fails_where_try_cast_gives_null() {
    let json = "json_parse('[{\"product_id\": \"x\", \"quantity\": 1}]')";
    let target = "ARRAY(ROW(product_id INT, quantity INT))";
    let failed = error(&format!("SELECT CAST({json} AS {target})")).await;
    assert!(failed.contains("cannot cast `x` to integer"), "{failed}");
    assert_eq!(
        rows(&format!("SELECT TRY_CAST({json} AS {target}) IS NULL AS missing")).await[1..],
        ["true"]
    );
}

#[tokio::test]
async fn text_that_is_not_json_fails_even_when_tried() {
    for sql in [
        "SELECT TRY_CAST(json_parse(items || ']') AS ARRAY(JSON)) FROM orders",
        "SELECT TRY_CAST(json_parse('[\"x\", 1') AS ARRAY(INT))",
        "SELECT json_parse('{')",
    ] {
        let failed = error(sql).await;
        assert!(failed.contains("cannot read text as JSON"), "{sql}: {failed}");
    }
}

#[tokio::test]
async fn casts_between_other_types_stay_as_they_are() {
    let sql =
        "SELECT CAST('12' AS INT) + 1 AS a, TRY_CAST('x' AS BIGINT) AS b, CAST(1.005 AS DECIMAL(10, 2)) AS c,
               CAST(TIMESTAMP '2020-01-02 03:04:05.678' AS DATE) AS d";
    assert_eq!(rows(sql).await[1..], ["13 |  | 1.01 | 2020-01-02"]);
}

#[tokio::test]
async fn json_keeps_its_type_through_subqueries() {
    let sql =
        "SELECT CAST(j AS BIGINT) AS n FROM (SELECT json_extract(items, '$[0].quantity') AS j FROM orders)
               ORDER BY n NULLS FIRST";
    assert_eq!(rows(sql).await[1..], ["", "", "", "1", "3"]);
    assert_eq!(
        rows("SELECT CAST(JSON '{\"b\": [1, 2]}' AS MAP(VARCHAR, ARRAY(INT)))['b'][2] AS x").await[1..],
        ["2"]
    );
}

#[tokio::test]
async fn refuses_what_trino_refuses() {
    for (sql, message) in [
        (
            "SELECT CAST(json_parse('1') AS DATE)",
            "JSON cannot be cast to date",
        ),
        ("SELECT CAST(1 AS JSON)", "CAST to JSON is not supported"),
        ("SELECT json_format('1')", "json_format requires JSON"),
        (
            "SELECT 1 FROM orders LEFT JOIN UNNEST(ARRAY[1]) AS t(x) ON x = order_id",
            "UNNEST supports CROSS JOIN",
        ),
        (
            "SELECT 1 FROM orders CROSS JOIN UNNEST(ARRAY[1]) AS t(x, y)",
            "UNNEST gives 1 columns, found 2 names",
        ),
        (
            "SELECT 1 FROM orders CROSS JOIN UNNEST(order_id) AS t(x)",
            "UNNEST requires an array or a map",
        ),
        ("SELECT CAST('1' AS DECIMAL(40, 2))", "decimal(40,2)"),
        ("SELECT 1; SELECT 2", "wanted one statement, found 2"),
    ] {
        let failed = error(sql).await;
        assert!(failed.contains(message), "{sql}: {failed}");
    }
}

#[test]
fn reads_types_of_several_words_in_rows() {
    let sql = "SELECT CAST(x AS ROW(DOUBLE PRECISION, TIMESTAMP WITH TIME ZONE, at TIMESTAMP(6), \"Big\" DECIMAL(10, 2)))";
    let text = parse_statement(sql).unwrap().statement.to_string();
    assert!(
        text.contains("DOUBLE PRECISION, TIMESTAMP WITH TIME ZONE, at TIMESTAMP(6), \"big\" DECIMAL(10,2)"),
        "{text}"
    );
}

#[test]
fn refuses_types_nested_without_end() {
    let nested = |depth: usize| {
        format!(
            "SELECT CAST(x AS {}INT{})",
            "ARRAY(".repeat(depth),
            ")".repeat(depth)
        )
    };
    assert!(parse_statement(&nested(60)).is_ok());
    assert!(parse_statement(&nested(10_000)).is_err());
}
