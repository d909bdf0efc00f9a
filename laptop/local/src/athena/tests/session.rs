//! What statements leave: prepared statements, views, tables; and parameters.

use super::*;
use trino_sql::{ErrorKind, Value};

/// All rows as texts, NULL as `null`.
async fn rows_in(athena: &Athena, sql: &str, context: StatementContext) -> Vec<Vec<String>> {
    let answer = async { athena.start_in(sql, context).await?.finish().await };
    let answer = answer.await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let text = |batch: &RecordBatch, row: usize| {
        let columns = batch.columns().iter().zip(&answer.columns);
        let texts = columns.map(|(array, column)| Value::read(array, row, &column.ty).shown(&column.ty));
        texts
            .map(|text| text.unwrap_or_else(|| "null".to_owned()))
            .collect()
    };
    let batches = answer.batches.iter();
    batches
        .flat_map(|batch| (0..batch.num_rows()).map(move |row| text(batch, row)))
        .collect()
}

pub(super) async fn rows(athena: &Athena, sql: &str) -> Vec<Vec<String>> {
    rows_in(athena, sql, StatementContext::default()).await
}

async fn does(athena: &Athena, sql: &str) {
    assert_eq!(rows(athena, sql).await, Vec::<Vec<String>>::new(), "{sql}");
}

/// Kind and message of a statement's error.
async fn refusal(athena: &Athena, sql: &str) -> (ErrorKind, String) {
    let error = async { athena.start(sql).await?.finish().await }.await;
    match error {
        Err(AthenaError::Statement { error, .. }) => (error.kind, error.message),
        other => panic!("{sql}: {other:?}"),
    }
}

#[tokio::test]
async fn prepared_statements_take_values() {
    let (_, athena) = sixty_rows().start();
    does(
        &athena,
        "PREPARE few FROM SELECT count(*) FROM customer.orders WHERE id < ? AND id >= ?",
    )
    .await;
    assert_eq!(rows(&athena, "EXECUTE few USING 10, 2 + 1").await, [["7"]]);
    assert_eq!(rows(&athena, "EXECUTE few USING 5, 0;").await, [["5"]]);
    let (kind, message) = refusal(&athena, "EXECUTE few USING 10").await;
    assert_eq!(
        (kind, message.as_str()),
        (
            ErrorKind::InvalidParameterUsage,
            "Incorrect number of parameters: expected 2 but found 1"
        )
    );
    let (kind, message) = refusal(&athena, "EXECUTE few USING id, 1").await;
    assert_eq!(
        (kind, message.as_str()),
        (
            ErrorKind::ExpressionNotConstant,
            "Constant expression cannot contain column references"
        )
    );
    // Another statement under the name replaces the first; a text is one value, whatever is in it.
    does(&athena, "PREPARE few FROM SELECT ? AS it, 1 AS one LIMIT ?").await;
    assert_eq!(
        rows(&athena, "EXECUTE few USING 'a'' OR ?', 1").await,
        [["a' OR ?", "1"]]
    );
    assert_eq!(
        rows(&athena, "EXECUTE IMMEDIATE 'SELECT ? + 1' USING 41").await,
        [["42"]]
    );
    does(&athena, "DEALLOCATE PREPARE few").await;
    assert_eq!(refusal(&athena, "EXECUTE few").await.0, ErrorKind::NotFound);
    assert_eq!(
        refusal(&athena, "DEALLOCATE PREPARE few").await.0,
        ErrorKind::NotFound
    );
    // The inner statement's error has its place in the whole.
    let error = athena.start("PREPARE x FROM\nSELECT 1 +").await.err().unwrap();
    assert!(error.to_string().contains("line 2:"), "{error}");
}

#[tokio::test]
async fn parameters_come_with_the_statement() {
    let (_, athena) = sixty_rows().start();
    let context = StatementContext {
        schema: Some("customer".to_owned()),
        parameters: vec!["'x'".to_owned(), "7".to_owned()],
        ..StatementContext::default()
    };
    let sql = "SELECT id, ? || 'y' FROM orders WHERE id = ?";
    assert_eq!(rows_in(&athena, sql, context.clone()).await, [["7", "xy"]]);
    // Before its values are known.
    let unknown = StatementContext {
        parameters: Vec::new(),
        ..context
    };
    let described = athena.describe(sql, unknown).await.unwrap();
    assert_eq!(described.parameters, 2);
    let names: Vec<_> = described
        .columns
        .iter()
        .map(|column| column.ty.to_string())
        .collect();
    assert_eq!(names[0], "integer");
}

#[tokio::test]
async fn nothing_is_read_before_rows_are_asked_for() {
    let (fake, athena) = sixty_rows().start();
    let mut running = athena.start("SELECT id FROM customer.orders").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(fake.count("ReadRecordsRequest"), 0);
    assert!(running.next().await.unwrap().is_some());
    assert_ne!(fake.count("ReadRecordsRequest"), 0);
}

#[tokio::test]
async fn use_changes_other_statements_only_in_a_session() {
    let (_, athena) = sixty_rows().start();
    let before = athena.current_schema();
    let context = |use_effect| StatementContext {
        use_effect,
        ..StatementContext::default()
    };
    for sql in ["USE customer", "EXECUTE IMMEDIATE 'USE customer'"] {
        let used = rows_in(&athena, sql, context(UseEffect::None)).await;
        assert_eq!(used, Vec::<Vec<String>>::new());
        assert_eq!(athena.current_schema(), before, "{sql}");
        // Its catalog is still looked up.
        let missing = sql.replace("customer", "sea.shop");
        assert!(athena.start_in(&missing, context(UseEffect::None)).await.is_err());
        let refused = athena
            .start_in(sql, context(UseEffect::Refused("not here")))
            .await;
        let Err(AthenaError::Statement { error, .. }) = refused else {
            panic!("{sql}")
        };
        assert_eq!(
            (error.kind, error.message.as_str()),
            (ErrorKind::NotSupported, "not here")
        );
        assert_eq!(athena.current_schema(), before, "{sql}");
    }
    does(&athena, "EXECUTE IMMEDIATE 'USE customer'").await;
    assert_eq!(athena.current_schema().schema.as_deref(), Some("customer"));
}

#[tokio::test]
async fn views_are_queries_with_names() {
    let (_, athena) = sixty_rows().start();
    does(&athena, "USE customer").await;
    does(
        &athena,
        "CREATE VIEW early AS SELECT id, id * 2 AS twice FROM orders WHERE id < 3",
    )
    .await;
    does(
        &athena,
        "CREATE VIEW sums AS SELECT sum(e.twice) AS total FROM early AS e",
    )
    .await;
    let sql = "SELECT total, early.id FROM sums CROSS JOIN early WHERE early.twice = 4";
    assert_eq!(rows(&athena, sql).await, [["6", "2"]]);
    assert_eq!(rows(&athena, "SHOW VIEWS").await, [["early"], ["sums"]]);
    assert_eq!(
        rows(&athena, "DESCRIBE early").await,
        [["id", "integer"], ["twice", "integer"]]
    );
    assert_eq!(
        rows(&athena, "SHOW CREATE VIEW sums").await,
        [["CREATE VIEW msk.customer.sums AS\nSELECT sum(e.twice) AS total FROM early AS e"]]
    );
    let again = "CREATE VIEW early AS SELECT 1 AS id";
    assert_eq!(refusal(&athena, again).await.0, ErrorKind::TableAlreadyExists);
    let table = "CREATE VIEW orders AS SELECT 1 AS id";
    assert_eq!(refusal(&athena, table).await.0, ErrorKind::TableAlreadyExists);
    let circle = "CREATE OR REPLACE VIEW early AS SELECT total AS id, 1 AS twice FROM sums";
    assert_eq!(refusal(&athena, circle).await.0, ErrorKind::ViewIsRecursive);
    let nameless = "CREATE VIEW v AS SELECT id + 1 FROM orders";
    assert_eq!(refusal(&athena, nameless).await.0, ErrorKind::MissingColumnName);
    // A view keeps the schema in which it was made.
    does(&athena, "USE b").await;
    assert_eq!(
        rows(&athena, "SELECT count(*) FROM customer.early").await,
        [["3"]]
    );
    does(&athena, "DROP VIEW customer.early").await;
    let broken = athena.start("SELECT * FROM customer.sums").await.err().unwrap();
    assert!(
        broken.to_string().contains("customer.early does not exist"),
        "{broken}"
    );
    does(&athena, "DROP VIEW IF EXISTS customer.early").await;
    assert_eq!(
        refusal(&athena, "DROP VIEW customer.early").await.0,
        ErrorKind::TableNotFound
    );
}

const VALUES: &str = "SELECT * FROM (VALUES
    (1, 'a', DECIMAL '1.50', TIMESTAMP '2026-01-02 03:04:05.678', DATE '2026-01-02', true, DOUBLE '0.1'),
    (2, '', DECIMAL '-0.01', TIMESTAMP '1969-12-31 23:59:59.999', DATE '1969-12-31', false, infinity()),
    (3, 'b,\"c'' \\N' || chr(10) || chr(9), NULL, NULL, NULL, NULL, nan()),
    (4, NULL, DECIMAL '9.99', NULL, NULL, NULL, NULL)) AS t(id, text, price, at, day, ok, weight)";

#[tokio::test]
async fn tables_of_every_format_are_read_as_they_were_written() {
    let (_, athena) = sixty_rows().start();
    does(&athena, "USE customer").await;
    let wanted = rows(&athena, &format!("{VALUES} ORDER BY id")).await;
    assert_eq!(wanted.len(), 4);
    for (name, with) in [
        ("p", ""),
        ("p2", "WITH (format = 'PARQUET', write_compression = 'ZSTD')"),
        ("a", "WITH (format = 'AVRO')"),
        ("j", "WITH (format = 'JSON', write_compression = 'NONE')"),
        ("j2", "WITH (format = 'JSON')"),
        ("t", "WITH (format = 'TEXTFILE')"),
        ("t2", "WITH (format = 'TEXTFILE', field_delimiter = ',')"),
        ("c", "WITH (format = 'CSV')"),
    ] {
        let sql = format!("CREATE TABLE {name} {with} AS {VALUES}");
        assert_eq!(rows(&athena, &sql).await, [["4"]], "{sql}");
        assert_eq!(
            rows(&athena, &format!("SELECT * FROM {name} ORDER BY id")).await,
            wanted,
            "{with}"
        );
        assert_eq!(
            rows(
                &athena,
                &format!("SELECT count(*), max(price) FROM {name} WHERE id > 1")
            )
            .await,
            [["3", "9.99"]],
            "{with}"
        );
        let insert = format!("INSERT INTO {name} (text, id) SELECT 'more', 5");
        assert_eq!(rows(&athena, &insert).await, [["1"]]);
        let sql = format!("SELECT text, price FROM {name} WHERE id = 5");
        assert_eq!(rows(&athena, &sql).await, [["more", "null"]], "{with}");
    }
    let (kind, message) = refusal(&athena, "INSERT INTO p (id) SELECT 'text'").await;
    assert_eq!(kind, ErrorKind::TypeMismatch);
    assert!(message.contains("Table: [integer], Query: [varchar"), "{message}");
    assert_eq!(
        refusal(&athena, "INSERT INTO orders SELECT 1").await.0,
        ErrorKind::TableNotFound
    );
}

#[tokio::test]
async fn nested_values_and_partitions_come_back() {
    let (_, athena) = sixty_rows().start();
    does(&athena, "USE customer").await;
    let select = "SELECT id, ARRAY[id, NULL] AS list, MAP(ARRAY['k'], ARRAY[id]) AS pairs, \
                  CAST(ROW(id, 'x') AS ROW(a INTEGER, b VARCHAR)) AS both, \
                  CASE WHEN id = 4 THEN NULL ELSE 'v/' || CAST(id % 2 AS VARCHAR) END AS part \
                  FROM orders WHERE id < 5";
    let wanted = rows(&athena, &format!("{select} ORDER BY id")).await;
    for format in ["PARQUET", "AVRO", "JSON"] {
        let name = format!("n_{format}");
        let sql = format!(
            "CREATE TABLE {name} WITH (format = '{format}', partitioned_by = ARRAY['part']) AS {select}"
        );
        assert_eq!(rows(&athena, &sql).await, [["5"]]);
        assert_eq!(
            rows(&athena, &format!("SELECT * FROM {name} ORDER BY id")).await,
            wanted,
            "{format}"
        );
    }
    let (kind, _) = refusal(
        &athena,
        &format!("CREATE TABLE wrong WITH (partitioned_by = ARRAY['id']) AS {select}"),
    )
    .await;
    assert_eq!(kind, ErrorKind::InvalidTableProperty);
    let (kind, message) = refusal(
        &athena,
        &format!("CREATE TABLE t WITH (format = 'TEXTFILE') AS {select}"),
    )
    .await;
    assert_eq!(kind, ErrorKind::NotSupported);
    assert!(
        message.contains("column list of type array(integer)"),
        "{message}"
    );
}

#[tokio::test]
async fn a_statement_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (_, athena) = sixty_rows().start();
    does(&athena, "USE customer").await;
    let location = folder.path().join("made");
    let with = format!("WITH (external_location = '{}')", location.display());
    // Fails at the last row.
    let failing = "SELECT id, 1 / (59 - id) AS x FROM orders";
    let sql = format!("CREATE TABLE made {with} AS {failing}");
    assert_eq!(refusal(&athena, &sql).await.0, ErrorKind::DivisionByZero);
    let unload = format!(
        "UNLOAD ({failing}) TO '{}' WITH (format = 'JSON')",
        location.display()
    );
    assert_eq!(refusal(&athena, &unload).await.0, ErrorKind::DivisionByZero);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "something is left"
    );
    assert_eq!(
        rows(&athena, "SHOW TABLES 'made'").await,
        Vec::<Vec<String>>::new()
    );
    // The files of a table with a location stay, and no statement writes between them.
    let sql = format!("CREATE TABLE made {with} AS SELECT id FROM orders");
    assert_eq!(rows(&athena, &sql).await, [["60"]]);
    assert_eq!(rows(&athena, "SHOW TABLES 'made'").await, [["made"]]);
    assert_eq!(refusal(&athena, &sql).await.0, ErrorKind::TableAlreadyExists);
    does(&athena, &sql.replace("TABLE made", "TABLE IF NOT EXISTS made")).await;
    does(&athena, "DROP TABLE made").await;
    assert_eq!(std::fs::read_dir(&location).unwrap().count(), 1);
    let (_, message) = refusal(&athena, &sql).await;
    assert!(message.starts_with("HIVE_PATH_ALREADY_EXISTS"), "{message}");
    assert_eq!(
        refusal(&athena, "DROP TABLE made").await.0,
        ErrorKind::TableNotFound
    );
    assert_eq!(
        refusal(&athena, "DROP TABLE orders").await.0,
        ErrorKind::TableNotFound
    );
}

#[tokio::test]
async fn rows_are_unloaded_into_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (_, athena) = sixty_rows().start();
    let location = folder.path().join("out");
    let sql = format!(
        "UNLOAD (SELECT id, id % 2 AS odd FROM customer.orders) TO '{}' \
         WITH (format = 'CSV', compression = 'NONE', partitioned_by = ARRAY['odd'])",
        location.display()
    );
    assert_eq!(rows(&athena, &sql).await, [["60"]]);
    let files = std::fs::read_dir(location.join("odd=1")).unwrap();
    let texts: Vec<_> = files
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    assert_eq!(texts.len(), 1);
    assert_eq!(texts[0].lines().count(), 31);
    assert!(texts[0].starts_with("id\n1\n3\n"), "{}", texts[0]);
    let unknown = sql.replace("'CSV'", "'ORC'");
    assert_eq!(
        refusal(&athena, &unknown).await.0,
        ErrorKind::InvalidTableProperty
    );
}

#[tokio::test]
async fn metadata_is_a_table_too() {
    let (fake, athena) = sixty_rows().start();
    assert_eq!(
        rows(&athena, "CREATE TABLE customer.mine AS SELECT 1 AS n").await,
        [["1"]]
    );
    assert_eq!(
        rows(
            &athena,
            "SELECT schema_name FROM information_schema.schemata ORDER BY 1"
        )
        .await,
        [["b"], ["customer"], ["information_schema"]]
    );
    let calls = |fake: &Fake| fake.requests.lock().unwrap().len();
    let before = calls(&fake);
    let sql = "SELECT column_name, ordinal_position, data_type FROM msk.information_schema.columns \
               WHERE table_schema = 'customer' AND table_name = 'mine' ORDER BY ordinal_position";
    assert_eq!(rows(&athena, sql).await, [["n", "1", "integer"]]);
    assert!(calls(&fake) - before <= 3, "only one table is asked for");
    let sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'customer' AND table_name = 'mine'";
    assert_eq!(rows(&athena, sql).await, [["mine"]]);
    let created = rows(&athena, "SHOW CREATE TABLE customer.orders").await;
    assert_eq!(
        created,
        [["CREATE TABLE msk.customer.orders (\n   name varchar,\n   at timestamp(3),\n   id integer\n)"]]
    );
}

#[tokio::test]
async fn explain_says_what_is_asked_of_the_connector() {
    let (_, athena) = sixty_rows().start();
    let sql = "EXPLAIN SELECT id FROM customer.orders WHERE id > 5 AND id <= 8";
    let plan = rows(&athena, sql).await.concat().join("\n");
    assert!(plan.contains("Scan of customer.orders: "), "{plan}");
    assert!(plan.contains("condition: id > 5 and <= 8"), "{plan}");
    let analyzed = rows(&athena, &sql.replace("EXPLAIN", "EXPLAIN ANALYZE"))
        .await
        .concat()
        .join("\n");
    assert!(analyzed.contains("3 rows in the answer"), "{analyzed}");
    assert!(analyzed.contains("read: 60 rows of"), "{analyzed}");
    let json = rows(&athena, &sql.replace("EXPLAIN", "EXPLAIN (FORMAT JSON)")).await;
    let plan: serde_json::Value = serde_json::from_str(&json[0][0]).unwrap();
    assert!(plan["children"].is_array(), "{plan}");
    assert_eq!(
        rows(&athena, &sql.replace("EXPLAIN", "EXPLAIN (TYPE VALIDATE)")).await,
        [["true"]]
    );
    assert_eq!(
        refusal(&athena, &sql.replace("EXPLAIN", "EXPLAIN (TYPE IO)"))
            .await
            .0,
        ErrorKind::NotSupported
    );
}
