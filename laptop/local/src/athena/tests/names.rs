//! Names in any case, over a connector with capitals in its names.

use super::*;

fn row(fields: Vec<Field>) -> DataType {
    DataType::Struct(fields.into())
}

fn number(name: &str) -> Field {
    Field::new(name, DataType::Int32, true)
}

/// Columns `orderId`, `Äö`, `Order-Id`, `At`, and nested ones with capitals at every depth.
fn schema() -> SchemaRef {
    let item = Field::new("item", row(vec![number("productId"), number("N")]), true);
    let key = Field::new("key", DataType::Utf8, false);
    let value = Field::new("value", row(vec![number("A")]), true);
    let entries = Field::new("entries", row(vec![key, value]), false);
    let inner = Field::new("Inner", row(vec![number("B")]), true);
    Arc::new(Schema::new(vec![
        number("orderId"),
        Field::new("Äö", DataType::Utf8, true),
        number("Order-Id"),
        Field::new("At", DataType::Date64, true),
        Field::new("o", row(vec![number("A"), inner]), true),
        Field::new("Items", DataType::List(Arc::new(item)), true),
        Field::new("M", DataType::Map(Arc::new(entries), false), true),
    ]))
}

fn camel_case() -> (Arc<Fake>, Athena) {
    let splits = vec![
        Script::Inline(0..5),
        Script::Spilled(std::iter::once(5..9).collect()),
    ];
    Fake {
        schema: schema(),
        ..Fake::new(splits)
    }
    .start()
}

/// Headings and rows, without the frame.
async fn lines(athena: &Athena, sql: &str) -> Vec<String> {
    let answer = athena
        .query(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let empty = [RecordBatch::new_empty(Arc::clone(&answer.schema))];
    let table = pretty_format_batches(&[&empty[..], &answer.batches].concat()).unwrap();
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|').map(str::trim);
        cells.collect::<Vec<_>>().join(" | ")
    };
    let table = table.to_string();
    table
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(cells)
        .collect()
}

#[tokio::test]
async fn a_column_answers_to_its_name_in_any_case() {
    let (_, athena) = camel_case();
    for (column, value) in [
        ("orderId", "3"),
        ("orderid", "3"),
        ("ORDERID", "3"),
        ("\"orderId\"", "3"),
        ("\"ORDERid\"", "3"),
        ("t.OrderId", "3"),
        ("T.\"orderid\"", "3"),
        ("Äö", "n3"),
        ("ÄÖ", "n3"),
        ("\"äö\"", "n3"),
        ("\"order-id\"", "3"),
        ("\"ORDER-Id\"", "3"),
        ("AT", "1970-01-01T00:00:03"),
    ] {
        let sql = format!("SELECT {column} FROM msk.customer.orders t WHERE orderID = 3");
        let heading = column.rsplit('.').next().unwrap().trim_matches('"');
        assert_eq!(lines(&athena, &sql).await, [heading, value], "{sql}");
    }
}

#[tokio::test]
async fn every_clause_takes_names_in_any_case() {
    let (_, athena) = camel_case();
    for (sql, wanted) in [
        (
            "SELECT OrderID AS Id, count(*) AS \"Count\" FROM msk.customer.orders Ord WHERE oRD.ORDERID BETWEEN 3 AND 4
             GROUP BY orderid HAVING max(\"order-ID\") > 0 ORDER BY ID DESC",
            &["Id | Count", "4 | 1", "3 | 1"][..],
        ),
        (
            "SELECT a.orderid, B.\"ORDER-ID\" FROM msk.customer.orders A JOIN msk.customer.orders b
             ON A.OrderId = b.\"Order-id\" + 1 WHERE a.ORDERID = 2",
            &["orderid | ORDER-ID", "2 | 1"],
        ),
        (
            "SELECT orderID, x.Last FROM msk.customer.orders JOIN
             (SELECT ORDERID, max(AT) AS last FROM MSK.Customer.\"ORDERS\" GROUP BY OrderId) X USING (orderId)
             WHERE \"ORDERID\" = 1",
            &["orderID | Last", "1 | 1970-01-01T00:00:01"],
        ),
        (
            "WITH Few(\"Id\") AS (SELECT orderid FROM msk.customer.orders WHERE ORDERID < 2),
                  \"More\" AS (SELECT ID + 1 AS \"Next\" FROM FEW)
             SELECT * FROM few, MORE WHERE NEXT = id",
            &["Id | Next", "1 | 1"],
        ),
        (
            "SELECT ÄÖ, row_number() OVER W AS n FROM msk.customer.orders
             WHERE orderid IN (SELECT \"ORDER-ID\" FROM msk.customer.orders WHERE orderId > 7)
             WINDOW w AS (ORDER BY OrderId)",
            &["ÄÖ | n", "n8 | 1"],
        ),
        (
            "SELECT 'orderId' AS a FROM msk.customer.orders WHERE äö = 'N3' OR \"Äö\" = 'n3'",
            &["a", "orderId"],
        ),
    ] {
        assert_eq!(lines(&athena, sql).await, wanted, "{sql}");
    }
}

#[tokio::test]
async fn fields_of_rows_answer_to_their_names_in_any_case() {
    let (_, athena) = camel_case();
    for (expr, heading) in [
        ("o.a", "a"),
        ("o.A", "A"),
        ("O.\"A\"", "A"),
        ("o.\"a\"", "a"),
        ("t.o.a", "a"),
        ("o.\"INNER\".b", "b"),
        ("o.\"inner\".B", "B"),
        ("Items[1].PRODUCTID", "_col0"),
        ("items[1].\"productId\"", "_col0"),
        ("T.Items[1].N", "_col0"),
        ("CAST(o AS ROW(A INT, \"Inner\" ROW(B INT))).\"INNER\".b", "_col0"),
        ("element_at(m, 'n3').a", "_col0"),
        ("Element_At(M, 'n3').A", "_col0"),
    ] {
        let condition = format!("{expr} = 3");
        let sql = format!("SELECT {expr} FROM msk.customer.orders t WHERE {condition}");
        assert_eq!(lines(&athena, &sql).await, [heading, "3"], "{sql}");
    }
    let sql = "SELECT Item.ProductId, n.PRODUCTID AS p FROM msk.customer.orders
               CROSS JOIN UNNEST(items) AS t(ITEM) CROSS JOIN UNNEST(ITEMS) AS u(N) WHERE item.n = 2";
    assert_eq!(lines(&athena, sql).await, ["ProductId | p", "2 | 2"]);
    let sql = "SELECT ProductID, N FROM msk.customer.orders, UNNEST(items) WHERE n = 2";
    assert_eq!(lines(&athena, sql).await, ["ProductID | N", "2 | 2"]);
}

#[tokio::test]
async fn a_table_shows_its_names_in_lower_case() {
    let (_, athena) = camel_case();
    let described = [
        "column | type",
        "orderid | integer",
        "äö | varchar",
        "order-id | integer",
        "at | timestamp(3)",
        "o | row(a integer, inner row(b integer))",
        "items | array(row(productid integer, n integer))",
        "m | map(varchar, row(a integer))",
    ];
    for sql in [
        "DESCRIBE msk.customer.orders",
        "SHOW COLUMNS IN MSK.\"CUSTOMER\".Orders",
    ] {
        assert_eq!(lines(&athena, sql).await, described, "{sql}");
    }
    let sql = "SELECT * FROM msk.customer.orders WHERE orderId = 3";
    assert_eq!(
        lines(&athena, sql).await,
        [
            "orderid | äö | order-id | at | o | items | m",
            "3 | n3 | 3 | 1970-01-01T00:00:03 | {a: 3, inner: {b: 3}} | [{productid: 3, n: 3}] | {n3: {a: 3}}"
        ]
    );
}

#[tokio::test]
async fn the_connector_is_asked_by_the_names_it_gave() {
    let (fake, athena) = camel_case();
    let sql = "SELECT äö, o.a FROM msk.customer.orders WHERE ORDERID = 3 AND at IS NOT NULL";
    assert_eq!(lines(&athena, sql).await, ["äö | a", "n3 | 3"]);
    let read = &fake.reads()[0];
    let names = read.schema.fields().iter().map(|field| field.name().as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["orderId", "Äö", "At", "o"]);
    assert_eq!(read.schema.field(3).data_type(), schema().field(4).data_type());
    assert_eq!(
        read.constraints.summary.keys().collect::<Vec<_>>(),
        ["At", "orderId"]
    );
}

#[tokio::test]
async fn two_columns_of_one_name_fail_the_query_and_are_both_named() {
    for (schema, columns) in [
        (vec![number("id"), number("x"), number("ID")], "`id` and `ID`"),
        (
            vec![Field::new("o", row(vec![number("Aa"), number("aA")]), true)],
            "`o.Aa` and `o.aA`",
        ),
    ] {
        for sql in [
            "SELECT count(*) FROM msk.customer.orders",
            "DESCRIBE customer.orders",
        ] {
            let fake = Fake {
                schema: Arc::new(Schema::new(schema.clone())),
                ..sixty_rows()
            };
            let message = failure(fake, sql).await;
            let wanted = format!("customer.orders: the columns {columns} have the same name in SQL");
            assert!(message.starts_with(&wanted), "{sql}: {message}");
        }
    }
}

#[tokio::test]
async fn a_catalog_is_named_in_any_case() {
    let fake = Arc::new(sixty_rows());
    let mut options = AthenaOptions::default();
    options.federation.catalog_name = "MyKafka".to_owned();
    let athena = Athena::with_options(Arc::clone(&fake) as _, Arc::clone(&fake.blocks) as _, options);
    for name in ["MyKafka", "mykafka", "\"MYKAFKA\""] {
        let sql = format!("SELECT count(*) AS n FROM {name}.customer.orders");
        assert_eq!(lines(&athena, &sql).await, ["n", "60"], "{sql}");
    }
    assert_eq!(fake.reads()[0].catalog_name, "MyKafka");
}
