//! The example connector: a folder of CSV files, started as Lambda starts it and queried as Athena would, and held to the
//! protocol like any other connector.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use embedded::EmbeddedS3;
use embedded::s3::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use serde_json::json;
use tests::lambda::{Lambda, binary};
use tests::program::{Ended, run};

/// Rows of `sales.csv`, which are two splits.
const SALES: usize = 12_000;

/// The function over a folder of files, and the bucket that it spills to.
struct Example {
    lambda: Lambda,
    variables: Vec<(String, String)>,
    _folder: tempfile::TempDir,
    _s3: EmbeddedS3,
}

fn files(folder: &Path) {
    let clicks = "Id,Page,Seconds\n1,/home,0.5\n2,\"a, \"\"quoted\"\" page\nof two lines\",\n3,,2.25\n";
    std::fs::write(folder.join("Clicks.csv"), clicks).expect("a file");
    let mut sales = "id,product,paid\n".to_owned();
    for id in 0..SALES {
        let _ = writeln!(sales, "{id},product {},{}", id % 10, id % 2 == 0);
    }
    std::fs::write(folder.join("sales.csv"), sales).expect("a file");
    std::fs::write(folder.join("notes.txt"), "not a table").expect("a file");
}

impl Example {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        files(folder.path());
        let s3 = EmbeddedS3::start().await.expect("S3 starts");
        s3.create_bucket("spill");
        let variables: Vec<(String, String)> = [
            ("AWS_ENDPOINT_URL_S3", s3.endpoint_url().as_str()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        let mut settings = variables.clone();
        settings.push(("csv_folder".to_owned(), folder.path().display().to_string()));
        settings.push(("spill_bucket".to_owned(), "spill".to_owned()));
        let program = binary("csv-connector").expect("the example is built");
        let lambda = Lambda::start_program(&program, 2, &settings, Duration::from_secs(60)).await;
        Self {
            lambda: lambda.expect("the function starts"),
            variables,
            _folder: folder,
            _s3: s3,
        }
    }

    /// Runs a command of `athena-local` on the function.
    async fn run(&self, arguments: &[&str]) -> Ended {
        let function = ["--function", "csv", "--endpoint", self.lambda.endpoint_url()];
        run(&self.variables, &[arguments, &function].concat()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_tables() {
    let example = Example::start().await;
    let sql = "SELECT count(*) AS sales, count(DISTINCT product) AS products, sum(id) AS ids FROM msk.csv.sales WHERE paid";
    let rows = example.run(&["sql", sql, "--output", "json"]).await.success();
    let ids: usize = (0..SALES).filter(|id| id % 2 == 0).sum();
    assert_eq!(
        rows.json_lines(),
        [json!({"sales": SALES / 2, "products": 5, "ids": ids})]
    );
    let sql = "SELECT page, id FROM msk.csv.clicks ORDER BY id";
    let rows = example.run(&["sql", sql, "--output", "json"]).await.success();
    assert_eq!(
        rows.json_lines(),
        [
            json!({"page": "/home", "id": 1}),
            json!({"page": "a, \"quoted\" page\nof two lines", "id": 2}),
            json!({"page": null, "id": 3}),
        ]
    );
    let ended = example.run(&["sql", "SELECT * FROM msk.csv.notes"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("notes"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_keeps_to_the_protocol() {
    let example = Example::start().await;
    let ended = example.run(&["verify", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(report["findings"], json!([]), "{report}");
    assert_eq!(
        (&report["tables"], &report["rows"], &report["version"]),
        (&json!(2), &json!(SALES + 3), &json!(6))
    );
}
