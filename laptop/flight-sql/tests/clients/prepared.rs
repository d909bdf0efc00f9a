//! Prepared statements and their parameters.

use std::sync::Arc;

use arrow::array::{Int64Array, StringArray};
use arrow::datatypes::DataType;

use super::*;

/// Rows of parameters of `echo`.
pub(super) fn parameters(rows: &[(i64, Option<&str>)]) -> RecordBatch {
    let numbers = Int64Array::from_iter_values(rows.iter().map(|(number, _)| *number));
    let texts: StringArray = rows.iter().map(|(_, text)| *text).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("a", Arc::new(numbers) as _, true),
        ("b", Arc::new(texts) as _, true),
    ])
    .expect("a batch")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_prepared_once_and_executed_with_parameters() {
    let world = World::start().await;
    let mut client = world.client().await;
    let mut prepared = client.prepare("echo".to_owned(), None).await.unwrap();
    assert_eq!(prepared.dataset_schema().unwrap().fields().len(), 4);
    let types: Vec<_> = prepared
        .parameter_schema()
        .unwrap()
        .fields()
        .iter()
        .map(|f| f.data_type().clone())
        .collect();
    assert_eq!(types, [DataType::Int64, DataType::Utf8]);
    for text in [Some("it's"), None, Some("")] {
        prepared.set_parameters(parameters(&[(-5, text)])).unwrap();
        let info = prepared.execute().await.unwrap();
        let literal = text.map_or("NULL".to_owned(), |text| {
            format!("'{}'", text.replace('\'', "''"))
        });
        assert_eq!(
            texts(&read(&mut client, &info).await.unwrap()),
            [format!("NULL | NULL | -5 | {literal}")]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_parameters_give_their_results_one_after_the_other() {
    let world = World::start().await;
    let mut client = world.client().await;
    let mut prepared = client.prepare("echo".to_owned(), None).await.unwrap();
    prepared
        .set_parameters(parameters(&[(1, Some("a")), (2, Some("b")), (3, Some("c"))]))
        .unwrap();
    let info = prepared.execute().await.unwrap();
    let found = texts(&read(&mut client, &info).await.unwrap());
    assert_eq!(
        found,
        [
            "NULL | NULL | 1 | 'a'",
            "NULL | NULL | 2 | 'b'",
            "NULL | NULL | 3 | 'c'"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_parameters_are_refused() {
    let world = World::start().await;
    let mut client = world.client().await;
    let mut prepared = client.prepare("echo".to_owned(), None).await.unwrap();
    let (code, message) = refused(prepared.execute().await);
    assert_eq!(
        (code, message.as_str()),
        (Code::InvalidArgument, "wanted 2 parameters, found 0")
    );
    let one = parameters(&[(1, None)]).project(&[0]).unwrap();
    prepared.set_parameters(one).unwrap();
    let (code, message) = refused(prepared.execute().await);
    assert_eq!(
        (code, message.as_str()),
        (Code::InvalidArgument, "wanted 2 parameters, found 1")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_bounded() {
    let world = World::with(|options| options.limits.parameter_bytes = 1_000).await;
    let mut client = world.client().await;
    let mut prepared = client.prepare("echo".to_owned(), None).await.unwrap();
    prepared
        .set_parameters(parameters(&[(1, Some(&"x".repeat(2_000)))]))
        .unwrap();
    assert_eq!(refused(prepared.execute().await).0, Code::ResourceExhausted);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_runs_for_each_row_of_parameters() {
    let world = World::start().await;
    let mut client = world.client().await;
    let mut prepared = client.prepare("rows".to_owned(), None).await.unwrap();
    assert_eq!(prepared.execute_update().await.unwrap(), 7);
    let mut prepared = client.prepare("echo".to_owned(), None).await.unwrap();
    prepared
        .set_parameters(parameters(&[(1, None), (2, None)]))
        .unwrap();
    assert_eq!(prepared.execute_update().await.unwrap(), 0);
    assert_eq!(world.engine.taken(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_statement_is_unknown() {
    let world = World::with(|options| options.limits.prepared = 1).await;
    let mut client = world.client().await;
    let mut first = client.prepare("numbers 1".to_owned(), None).await.unwrap();
    let second = client.prepare("numbers 1".to_owned(), None).await.unwrap();
    // Two are too many.
    assert_eq!(refused(first.execute().await).0, Code::NotFound);
    second.close().await.unwrap();
    first.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_statement_is_not_prepared() {
    let world = World::start().await;
    let mut client = world.client().await;
    let prepared = client.prepare("wrong".to_owned(), None).await;
    assert_eq!(refused(prepared.map(drop)).0, Code::InvalidArgument);
}
