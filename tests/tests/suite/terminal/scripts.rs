//! `athena-local sql` in scripts: many statements, files, pipes, exit codes and formats.

use tests::program::{Ended, Running, run, run_with_input};

/// Options of a run without a cluster of its own.
const EMBEDDED: [&str; 3] = ["--embedded", "--orders", "0"];

async fn sql(arguments: &[&str]) -> Ended {
    run(&[], &[&["sql"], &EMBEDDED[..], arguments].concat()).await
}

async fn piped(arguments: &[&str], input: &str) -> Ended {
    run_with_input(
        &[],
        &[&arguments[..1], &EMBEDDED[..], &arguments[1..]].concat(),
        input,
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_run_one_after_the_other_and_the_last_needs_no_semicolon() {
    let two = "SELECT 1 AS a; -- one;\nSELECT ';' AS b";
    let wanted = "a\n1\nb\n;\n";
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("two.sql");
    std::fs::write(&path, two).expect("a file");
    let path = path.display().to_string();
    for arguments in [
        &["--output", "csv", two][..],
        &["--output", "csv", "-c", two],
        &["--output", "csv", "-c", "SELECT 1 AS a", "-c", "SELECT ';' AS b;"],
        &["--output", "csv", "-f", &path],
    ] {
        assert_eq!(sql(arguments).await.success().stdout, wanted, "{arguments:?}");
    }
    for arguments in [
        &["sql", "--output", "csv"][..],
        &["sql", "--output", "csv", "-"],
        &["sql", "--output", "csv", "-f", "-"],
        &["shell", "--output", "csv"],
    ] {
        let ended = piped(arguments, two).await.success();
        // Neither a greeting nor a prompt.
        assert_eq!(ended.stdout, wanted, "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_stops_at_its_first_error_unless_it_is_to_go_on() {
    let script = "SELECT 1 AS a;\n\nSELECT\n  nothing;\nSELECT 2 AS b;\n";
    let stopped = piped(&["sql", "--output", "csv", "-"], script).await;
    assert_eq!((stopped.code, stopped.stdout.as_str()), (Some(1), "a\n1\n"));
    assert!(
        stopped
            .stderr
            .contains("athena-local: standard input:3: COLUMN_NOT_FOUND: line 2:3: "),
        "{stopped:?}"
    );
    for options in [&["--stop-on-error"][..], &["--keep-going", "--stop-on-error"]] {
        let arguments = [&["sql", "--output", "csv"], options, &["-"]].concat();
        assert_eq!(piped(&arguments, script).await.stdout, "a\n1\n", "{options:?}");
    }
    let gone_on = piped(&["sql", "--output", "csv", "--keep-going", "-"], script).await;
    assert_eq!((gone_on.code, gone_on.stdout.as_str()), (Some(1), "a\n1\nb\n2\n"));

    let of_two = sql(&["-c", "SELECT nothing", "-c", "SELECT 2 AS b", "--output", "csv"]).await;
    assert_eq!((of_two.code, of_two.stdout.as_str()), (Some(1), ""));
    let missing = sql(&["-f", "nobody-made-it.sql"]).await;
    assert_eq!(missing.code, Some(1));
    assert!(
        missing
            .stderr
            .starts_with("athena-local: nobody-made-it.sql: No such file"),
        "{missing:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_that_is_closed_ends_a_script_quietly() {
    let rows = "SELECT a.n, b.n FROM UNNEST(sequence(1, 10000)) AS a(n) CROSS JOIN UNNEST(sequence(1, 1000)) AS b(n);";
    for keep_going in [&[][..], &["--keep-going"]] {
        let arguments = [
            &["sql"],
            &EMBEDDED[..],
            &["--output", "csv"],
            keep_going,
            &["-c", rows, "-c", rows],
        ];
        let mut running = Running::start(&[], &arguments.concat());
        assert_eq!(running.line().await.as_deref(), Some("n,n"));
        let ended = running.close().await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn null_and_the_empty_text_differ_in_each_format() {
    let rows = "SELECT CAST(NULL AS varchar) AS t, '' AS u";
    for (arguments, wanted) in [
        (&["--output", "csv"][..], "t,u\n,\"\"\n"),
        (&["--output", "csv-header"], "t,u\n,\"\"\n"),
        (&["--output", "csv-no-header", "--null", "NULL"], "NULL,\"\"\n"),
        (&["--output", "tsv"], "t\tu\n\\N\t\n"),
        (&["--output", "tsv-no-header", "--null", "-"], "-\t\n"),
        (&["--output", "json"], "{\"t\":null,\"u\":\"\"}\n"),
        (&["--output", "json-array"], "[\n{\"t\":null,\"u\":\"\"}\n]\n"),
        (
            &["--output", "markdown"],
            "| t | u |\n| --- | --- |\n| NULL |  |\n",
        ),
        (&["--output", "vertical"], "-[ RECORD 1 ]\nt | NULL\nu | \n"),
        (
            &["--output", "table", "--null", "∅"],
            "+---+---+\n| t | u |\n+---+---+\n| ∅ |   |\n+---+---+\n",
        ),
    ] {
        let ended = sql(&[arguments, &["--quiet", rows]].concat()).await.success();
        assert_eq!(
            (ended.stdout.as_str(), ended.stderr.as_str()),
            (wanted, ""),
            "{arguments:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_go_to_a_file_and_every_row_of_a_table_into_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rows.txt").display().to_string();
    let rows = "SELECT n FROM UNNEST(sequence(1, 10000)) AS a(n); SELECT 1 AS one";
    let ended = sql(&["--output-file", &path, rows]).await.success();
    assert_eq!(ended.stdout, "");
    let written = std::fs::read_to_string(&path).expect("the file");
    assert_eq!(written.lines().count(), 10_000 + 4 + 5);
    assert!(
        written.contains("| 10000 |") && written.contains("| one |"),
        "{}",
        &written[..100]
    );
    let nowhere = sql(&["--output-file", "/nobody/made/it", "SELECT 1"]).await;
    assert_eq!(nowhere.code, Some(1));
    assert!(
        nowhere.stderr.contains("/nobody/made/it: No such file"),
        "{nowhere:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_without_a_schema_are_those_of_the_schema_in_use() {
    let orders = [
        "--embedded",
        "--orders",
        "30",
        "--output",
        "csv-no-header",
        "--quiet",
    ];
    let sql = async |arguments: &[&str]| run(&[], &[&["sql"], &orders[..], arguments].concat()).await;
    for arguments in [
        &[
            "--database",
            "customer",
            "SHOW TABLES; SELECT count(*) FROM orders",
        ][..],
        &["USE customer; SHOW TABLES; SELECT count(*) FROM orders"],
        &["USE MSK.Customer; SHOW TABLES; SELECT count(*) FROM Orders"],
        &[
            "--catalog",
            "kafka",
            "--database",
            "customer",
            "SHOW TABLES; SELECT count(*) FROM kafka.customer.orders",
        ],
    ] {
        assert_eq!(
            sql(arguments).await.success().stdout,
            "orders\n30\n",
            "{arguments:?}"
        );
    }
    let columns = sql(&["USE customer; SHOW COLUMNS IN orders"]).await.success();
    assert!(columns.stdout.starts_with("order_id,varchar\n"), "{columns:?}");
    for (statement, wanted) in [
        ("SHOW TABLES", "SHOW TABLES requires a schema"),
        ("USE nobody_made_it; SELECT 1", "nobody_made_it"),
        ("USE sea.customer", "Catalog 'sea' does not exist"),
        ("USE a.b.c", "wanted schema or catalog.schema, found a.b.c"),
    ] {
        let failed = sql(&[statement]).await;
        assert_eq!((failed.code, failed.stdout.as_str()), (Some(1), ""), "{failed:?}");
        assert!(failed.stderr.contains(wanted), "{failed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_work_in_scripts_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let included = folder.path().join("included.sql");
    let out = folder.path().join("out.csv").display().to_string();
    std::fs::write(&included, "SELECT 'included' AS x;\nSELECT 1/0").expect("a file");
    let included = included.display().to_string();
    let script = format!(
        "\\set output csv-no-header\n\\timing off\nSELECT 1 \\g\n\\g\n\\o {out}\nSELECT 'in the file';\n\\o\n\
         \\dn\nSELECT 2 \\watch 0 c=2\n\\i {included}\nSELECT 'never';\n"
    );
    let ended = piped(&["sql", "-"], &script).await;
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(1), "1\n1\ncustomer\n2\n2\nincluded\n")
    );
    assert_eq!(std::fs::read_to_string(&out).expect("the file"), "in the file\n");
    assert!(
        ended
            .stderr
            .contains(&format!("athena-local: {included}:2: DIVISION_BY_ZERO"))
            && ended.stderr.contains(&format!(
                "athena-local: standard input:10: {included} ended with an error"
            )),
        "{ended:?}"
    );
    let circle = folder.path().join("circle.sql").display().to_string();
    std::fs::write(&circle, format!("\\i {circle}")).expect("a file");
    let ended = piped(&["sql", "-f", &circle], "").await;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("more than 16 files include each other"),
        "{ended:?}"
    );
    let quit = piped(&["shell", "--quiet"], "help\n\\set\nexit\nSELECT nothing;\n")
        .await
        .success();
    assert!(
        quit.stdout.contains("\\watch") && quit.stdout.contains("keep-going off"),
        "{quit:?}"
    );
    let unknown = piped(&["sql"], "\\nothing").await;
    assert_eq!(unknown.code, Some(1));
    assert!(
        unknown.stderr.contains("unknown command \\nothing"),
        "{unknown:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_complete_the_commands() {
    for (shell, wanted) in [
        ("bash", "--output-file"),
        ("zsh", "#compdef athena-local"),
        ("fish", "complete -c athena-local"),
    ] {
        let script = run(&[], &["completions", shell]).await.success().stdout;
        assert!(script.contains(wanted), "{shell}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_parameters_come_from_the_command_line() {
    let ended = sql(&[
        "--output",
        "csv-no-header",
        "--param",
        "-5",
        "--param",
        "'a''; SELECT 2'",
        "SELECT 1 AS none; SELECT ? * 2, ? || '!'",
    ])
    .await
    .success();
    assert_eq!(ended.stdout, "1\n-10,a'; SELECT 2!\n");
    let short = sql(&["--param", "5", "SELECT ?, ?"]).await;
    assert_eq!(short.code, Some(1));
    assert!(
        short
            .stderr
            .contains("Incorrect number of parameters: expected 2 but found 1"),
        "{short:?}"
    );
    let column = sql(&["--param", "amount", "SELECT ? FROM msk.customer.orders"]).await;
    assert!(
        column
            .stderr
            .contains("parameter 1, \"amount\": Constant expression cannot contain column references"),
        "{column:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_saved_in_binary_formats() {
    let folder = tempfile::tempdir().expect("a folder");
    for (format, beginning, end) in [
        ("parquet", &b"PAR1"[..], &b"PAR1"[..]),
        ("arrow", b"\xff\xff\xff\xff", b"\0\0\0\0"),
    ] {
        let path = folder.path().join(format);
        let file = path.display().to_string();
        let statement = "SELECT n, CAST(n AS VARCHAR) AS t FROM UNNEST(sequence(1, 1000)) AS a(n)";
        sql(&["--output", format, "--output-file", &file, statement])
            .await
            .success();
        let bytes = std::fs::read(&path).expect("a file");
        assert!(
            bytes.starts_with(beginning) && bytes.ends_with(end),
            "{format}: {} bytes",
            bytes.len()
        );
    }
    let loaded = run(
        &[],
        &[
            "sql",
            "--embedded",
            "--load",
            &format!("again={}", {
                let path = folder.path().join("again.parquet");
                std::fs::copy(folder.path().join("parquet"), &path).expect("a copy");
                path.display().to_string()
            }),
            "--output",
            "csv-no-header",
            "SELECT count(*), sum(n) FROM msk.customer.again",
        ],
    )
    .await
    .success();
    assert_eq!(loaded.stdout, "1000,500500\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_saved_as_files_in_a_folder_and_in_s3() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("unloaded").display().to_string();
    let script = format!(
        "USE customer;
         CREATE TABLE big WITH (format = 'AVRO', external_location = 's3://athena-spill/tables/big') AS
           SELECT order_id, ordered_at, user_id FROM orders;
         INSERT INTO big SELECT 'more', TIMESTAMP '2026-01-01 00:00:00.000', 'u';
         SELECT count(*), count(DISTINCT order_id), count(ordered_at) FROM big;
         UNLOAD (SELECT order_id, user_id FROM big WHERE user_id = 'u') TO '{place}'
           WITH (format = 'JSON', compression = 'NONE');
         DROP TABLE big;
         SELECT count(*) FROM orders"
    );
    let arguments = [
        "sql",
        "--embedded",
        "--orders",
        "500",
        "--output",
        "csv-no-header",
        "--quiet",
        &script,
    ];
    let ended = run(&[], &arguments).await.success();
    assert_eq!(ended.stdout, "500\n1\n501,501,501\n1\n500\n");
    let files: Vec<_> = std::fs::read_dir(&place).expect("a folder").collect();
    let path = files[0].as_ref().expect("a file").path();
    let text = std::fs::read_to_string(path).expect("a text");
    assert_eq!(
        (files.len(), text.as_str()),
        (1, "{\"order_id\":\"more\",\"user_id\":\"u\"}\n")
    );
    // Nothing is left beside it of what was written aside.
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
}
