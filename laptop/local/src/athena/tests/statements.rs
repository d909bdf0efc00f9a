//! Statements beside queries, and what conditions of the dialect tell the connector.

use super::session::rows;
use super::*;

fn with_lake() -> Athena {
    let (_, athena) = sixty_rows().start();
    let schema = Arc::new(Schema::new(vec![
        Field::new("Id", DataType::Int32, true),
        Field::new("price", DataType::Decimal128(10, 2), true),
    ]));
    let table = LakeTable {
        catalog: "lake",
        database: "shop",
        table: "Prices",
    };
    athena.put_table(table, schema, Vec::new()).unwrap();
    athena
}

#[tokio::test]
async fn other_catalogs_are_shown_beside_the_connectors() {
    let athena = with_lake();
    for (sql, wanted) in [
        ("SHOW CATALOGS", vec![vec!["lake"], vec!["msk"]]),
        ("SHOW CATALOGS LIKE 'm%'", vec![vec!["msk"]]),
        ("SHOW DATABASES IN lake", vec![vec!["shop"]]),
        ("SHOW SCHEMAS FROM MSK", vec![vec!["b"], vec!["customer"]]),
        ("SHOW TABLES IN lake.shop", vec![vec!["prices"]]),
        ("SHOW TABLES IN customer 't1*'", vec![vec!["t1"]]),
        (
            "DESCRIBE lake.shop.prices",
            vec![vec!["Id", "integer"], vec!["price", "decimal(10,2)"]],
        ),
        (
            "SHOW COLUMNS IN orders IN customer",
            vec![
                vec!["name", "varchar"],
                vec!["at", "timestamp(3)"],
                vec!["id", "integer"],
            ],
        ),
        (
            "SHOW FUNCTIONS LIKE 'json_size'",
            vec![vec![
                "json_size",
                "JSON",
                "(json, varchar(x)) bigint; (varchar(x), varchar(y)) bigint",
            ]],
        ),
    ] {
        assert_eq!(rows(&athena, sql).await, wanted, "{sql}");
    }
}

#[tokio::test]
async fn a_statement_that_asks_for_nothing_there_says_so() {
    let athena = with_lake();
    for (sql, wanted) in [
        ("SHOW TABLES", "SHOW TABLES requires a schema"),
        ("SHOW SCHEMAS IN sea", "Catalog 'sea' does not exist"),
        ("SHOW TABLES IN lake.ship", "Schema 'lake.ship' does not exist"),
        (
            "DESCRIBE lake.shop.costs",
            "Table 'lake.shop.costs' does not exist",
        ),
        ("SELECT 1 FROM sea.a.b", "Catalog 'sea' does not exist"),
        ("SHOW PARTITIONS a", "NOT_SUPPORTED: line 1:6: SHOW PARTITIONS"),
        (
            "INSERT INTO a VALUES (1)",
            "Table 'msk.default.a' does not exist, or is the connector's",
        ),
        ("MERGE INTO a", "NOT_SUPPORTED: line 1:1: MERGE statements"),
        ("SELECT 1; SELECT 2", "mismatched input 'SELECT'"),
        ("", "mismatched input '<EOF>'"),
    ] {
        let message = athena.sql(sql).await.expect_err(sql).to_string();
        assert!(message.contains(wanted), "{sql}: {message}");
    }
}

#[tokio::test]
async fn names_without_a_schema_are_those_of_the_schema_in_use() {
    let athena = with_lake();
    assert_eq!(athena.current_schema().schema, None);
    let used = athena.query("USE Customer").await.unwrap();
    assert!(used.columns.is_empty() && used.batches.is_empty());
    assert_eq!(rows(&athena, "SELECT count(*) FROM orders").await, [["60"]]);
    assert_eq!(rows(&athena, "SHOW TABLES LIKE 't1%'").await, [["t1"]]);
    assert_eq!(rows(&athena, "SHOW COLUMNS IN orders").await.len(), 3);
    assert_eq!(
        rows(&athena, "SELECT current_catalog, current_schema").await,
        [["msk", "customer"]]
    );
    athena.sql("USE lake.shop").await.unwrap();
    assert_eq!(rows(&athena, "SHOW TABLES").await, [["prices"]]);
    assert_eq!(rows(&athena, "SELECT count(*) FROM prices").await, [["0"]]);
    assert_eq!(rows(&athena, "SHOW SCHEMAS").await, [["shop"]]);
    // A statement that fails leaves the schema as it is.
    for (sql, wanted) in [
        ("USE ship", "Schema 'lake.ship' does not exist"),
        ("USE sea.shop", "Catalog 'sea' does not exist"),
        ("USE a.b.c", "wanted schema or catalog.schema, found a.b.c"),
    ] {
        let message = athena.sql(sql).await.expect_err(sql).to_string();
        assert!(message.contains(wanted), "{sql}: {message}");
    }
    assert_eq!(rows(&athena, "SHOW TABLES").await, [["prices"]]);
}

#[tokio::test]
async fn an_error_shows_its_place_once() {
    let (_, athena) = sixty_rows().start();
    let sql = "SELECT id,\n       nama FROM msk.customer.orders";
    let message = athena.sql(sql).await.unwrap_err().to_string();
    assert_eq!(
        message,
        "COLUMN_NOT_FOUND: line 2:8: Column 'nama' cannot be resolved; did you mean 'name'?\n  \
         \x20      nama FROM msk.customer.orders\n         ^"
    );
    let message = athena.sql("SELECT 1 / (id - id) FROM msk.customer.orders").await;
    assert_eq!(
        message.unwrap_err().to_string(),
        "DIVISION_BY_ZERO: Division by zero"
    );
}

#[tokio::test]
async fn explain_analyze_reads_and_counts() {
    let (fake, athena) = sixty_rows().start();
    let plan = rows(
        &athena,
        "EXPLAIN ANALYZE SELECT id FROM msk.customer.orders WHERE id < 5",
    )
    .await;
    let plan: Vec<_> = plan.into_iter().flatten().collect();
    assert!(plan[0].starts_with("5 splits, 60 rows"), "{plan:?}");
    let plan = plan.join("\n");
    assert!(plan.contains("output_rows=5"), "{plan}");
    assert_eq!(fake.count("ReadRecordsRequest"), 5);
}

/// Columns of the types that Arrow does not compare as SQL does, or that a comparison casts.
fn typed_columns() -> Fake {
    let fields = vec![
        Field::new("i", DataType::Int32, true),
        Field::new("at", DataType::Date64, true),
        Field::new("s", DataType::Utf8, true),
    ];
    Fake {
        schema: Arc::new(Schema::new(fields)),
        ..Fake::new(vec![Script::Inline(0..60)])
    }
}

#[tokio::test]
async fn conditions_reach_the_connector_through_the_dialects_casts() {
    for (condition, columns, kept) in [
        ("i = 3", &["i"][..], 1),
        ("i = BIGINT '3'", &["i"], 1),
        ("i < 2.5", &[], 3),
        ("i = 3.0", &["i"], 1),
        ("i < 3e0", &["i"], 3),
        ("3 >= i", &["i"], 4),
        ("i IN (1, 5, 9, NULL)", &["i"], 3),
        ("i IN (SMALLINT '1', BIGINT '5')", &["i"], 2),
        ("i NOT IN (1, 5)", &["i"], 58),
        ("i BETWEEN 3 AND 4 OR i = 9", &["i"], 3),
        ("at >= TIMESTAMP '1970-01-01 00:00:50'", &["at"], 10),
        ("at = DATE '1970-01-01'", &["at"], 1),
        ("date(at) = DATE '1970-01-01'", &[], 60),
        ("s = 'n7'", &["s"], 1),
        ("s >= 'n5' AND i < 10", &["i", "s"], 5),
        ("s LIKE 'n5_'", &[], 10),
        ("s IS NOT NULL AND NOT i > 3", &["i", "s"], 4),
        ("i + 1 = 4", &[], 1),
        ("10 / (i + 1) > 4 AND i < 5", &["i"], 2),
    ] {
        let (fake, athena) = typed_columns().start();
        let sql = format!("SELECT count(*) FROM msk.customer.orders WHERE {condition}");
        assert_eq!(rows(&athena, &sql).await, [[kept.to_string()]], "{condition}");
        let summary = &fake.reads()[0].constraints.summary;
        assert_eq!(summary.keys().collect::<Vec<_>>(), columns, "{condition}");
    }
}
