//! Statements and their results.

use arrow_flight::sql::{ActionCancelQueryRequest, ActionCancelQueryResult, Any, ProstMessageExt};
use arrow_flight::{Action, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus};
use futures::StreamExt;
use prost::Message;

use super::fake::BATCH_ROWS;
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_returns_its_rows_in_order() {
    let world = World::start().await;
    let mut client = world.client().await;
    let info = client.execute("numbers 3".to_owned(), None).await.unwrap();
    assert_eq!(info.clone().try_decode_schema().unwrap().field(0).name(), "n");
    let rows = read(&mut client, &info).await.unwrap();
    assert_eq!(numbers(&rows), (0..3 * BATCH_ROWS as i64).collect::<Vec<_>>());
    world.ended(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_without_rows_has_its_columns() {
    let world = World::start().await;
    let mut client = world.client().await;
    let info = client.execute("numbers 0".to_owned(), None).await.unwrap();
    let mut rows = client.do_get(ticket(&info)).await.unwrap();
    assert!(rows.next().await.is_none());
    assert_eq!(rows.schema().expect("a schema").field(0).name(), "n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_good_for_one_read() {
    let world = World::start().await;
    let mut client = world.client().await;
    let info = client.execute("numbers 1".to_owned(), None).await.unwrap();
    read(&mut client, &info).await.unwrap();
    let (code, message) = refused(read(&mut client, &info).await);
    assert_eq!(code, Code::NotFound);
    assert!(message.contains("unknown ticket"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_read_in_time_ends() {
    let world = World::with(|options| options.limits.unread_idle = Duration::from_millis(100)).await;
    let mut client = world.client().await;
    let info = client.execute("endless".to_owned(), None).await.unwrap();
    world.ended(1).await;
    assert_eq!(refused(read(&mut client, &info).await).0, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_wait_are_bounded_in_number() {
    let world = World::with(|options| options.limits.unread = 2).await;
    let mut client = world.client().await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(client.execute("numbers 1".to_owned(), None).await.unwrap());
    }
    assert_eq!(world.engine.ended(), 1);
    assert_eq!(refused(read(&mut client, &waiting[0]).await).0, Code::NotFound);
    for info in &waiting[1..] {
        assert_eq!(numbers(&read(&mut client, info).await.unwrap()).len(), BATCH_ROWS);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_taken_as_the_client_reads_them() {
    let world = World::start().await;
    let mut client = world.client().await;
    // 800 MB.
    let info = client.execute("numbers 100000".to_owned(), None).await.unwrap();
    let mut rows = client.do_get(ticket(&info)).await.unwrap();
    rows.next().await.expect("a batch").unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let taken = world.engine.taken();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.engine.taken(), taken);
    // 8 MB are on their way at most.
    assert!(taken < 1_000, "{taken}");
    assert_eq!(world.engine.ended(), 0);
    drop(rows);
    world.ended(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_ends_its_query() {
    let world = World::start().await;
    let mut client = world.client().await;
    let info = client.execute("endless".to_owned(), None).await.unwrap();
    let mut rows = client.do_get(ticket(&info)).await.unwrap();
    rows.next().await.expect("a batch").unwrap();
    drop((rows, client));
    world.ended(1).await;
}

pub(crate) async fn cancel(client: &mut Client, info: &FlightInfo) -> CancelStatus {
    let request = CancelFlightInfoRequest::new(info.clone());
    let action = Action::new("CancelFlightInfo", request.encode_to_vec());
    let mut results = client.do_action(action).await.unwrap();
    let result = results.message().await.unwrap().expect("a result");
    CancelFlightInfoResult::decode(result.body).unwrap().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_cancelled_before_it_is_read_and_while_it_is() {
    let world = World::start().await;
    let mut client = world.client().await;
    let unread = client.execute("endless".to_owned(), None).await.unwrap();
    assert_eq!(cancel(&mut client, &unread).await, CancelStatus::Cancelled);
    assert_eq!(world.engine.ended(), 1);
    assert_eq!(cancel(&mut client, &unread).await, CancelStatus::NotCancellable);

    let info = client.execute("endless".to_owned(), None).await.unwrap();
    let mut rows = client.do_get(ticket(&info)).await.unwrap();
    rows.next().await.expect("a batch").unwrap();
    assert_eq!(cancel(&mut client, &info).await, CancelStatus::Cancelled);
    let (code, message) = refused(rows.next().await.expect("an end"));
    assert_eq!(
        (code, message.as_str()),
        (Code::Cancelled, "the query was cancelled")
    );
    world.ended(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_whose_rows_nobody_takes_is_cancelled_at_once() {
    let world = World::start().await;
    let mut client = world.client().await;
    let info = client.execute("numbers 100000".to_owned(), None).await.unwrap();
    let mut rows = client.do_get(ticket(&info)).await.unwrap();
    rows.next().await.expect("a batch").unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(cancel(&mut client, &info).await, CancelStatus::Cancelled);
    assert_eq!(world.engine.ended(), 1);
    // What was on its way arrives, and the reason after it.
    let end = rows.try_collect::<Vec<_>>().await;
    assert_eq!(refused(end).0, Code::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_action_cancels_too() {
    let world = World::start().await;
    let mut client = world.client().await;
    let info = client.execute("endless".to_owned(), None).await.unwrap();
    let request = ActionCancelQueryRequest {
        info: info.encode_to_vec().into(),
    };
    let action = Action::new("CancelQuery", request.as_any().encode_to_vec());
    let mut results = client.do_action(action).await.unwrap();
    let result = results.message().await.unwrap().expect("a result");
    let result: ActionCancelQueryResult = Any::decode(result.body)
        .unwrap()
        .unpack()
        .unwrap()
        .expect("its type");
    assert_eq!(result.result, 1);
    world.ended(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_the_engines_message() {
    let world = World::start().await;
    let mut client = world.client().await;
    let (code, message) = refused(client.execute("wrong".to_owned(), None).await);
    assert_eq!(code, Code::InvalidArgument);
    assert_eq!(message, "SYNTAX_ERROR: line 1:1: mismatched input\n  été\n  ^");
    let (code, message) = refused(query(&mut client, "broken").await);
    assert_eq!((code, message.as_str()), (Code::Internal, "Divide by zero error"));
    world.ended(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_runs_to_its_end_and_returns_the_number_of_rows() {
    let world = World::start().await;
    let mut client = world.client().await;
    for (statement, rows) in [("rows", 7), ("nothing", 0), ("numbers 3", 0)] {
        assert_eq!(
            client.execute_update(statement.to_owned(), None).await.unwrap(),
            rows,
            "{statement}"
        );
    }
    assert_eq!(world.engine.taken(), 4);
    assert_eq!(
        refused(client.execute_update("wrong".to_owned(), None).await).0,
        Code::InvalidArgument
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_name_the_schema() {
    let world = World::start().await;
    let mut client = world.client().await;
    client.set_header("schema", "customer");
    let rows = query(&mut client, "echo").await;
    // The fake's two parameters are missing.
    assert!(rows.is_err());
    client.set_header("catalog", "msk");
    let mut prepared = client.prepare("echo".to_owned(), None).await.unwrap();
    prepared
        .set_parameters(prepared::parameters(&[(1, Some("x"))]))
        .unwrap();
    let info = prepared.execute().await.unwrap();
    assert_eq!(
        texts(&read(&mut client, &info).await.unwrap()),
        ["msk | customer | 1 | 'x'"]
    );
}
