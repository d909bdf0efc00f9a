//! Statements that wait for others to end.

use arrow_flight::sql::{ProstMessageExt, TicketStatementQuery};
use futures::{FutureExt, StreamExt};
use prost::Message;
use tokio::task::JoinHandle;

use super::fake::BATCH_ROWS;
use super::results::cancel;
use super::*;

/// A server for one statement at once, and a queue for one more.
async fn narrow() -> World {
    World::with(|options| {
        options.limits.running = 1;
        options.limits.queued = 1;
    })
    .await
}

/// A client that reads a result without an end.
async fn reading(world: &World) -> arrow_flight::decode::FlightRecordBatchStream {
    let mut client = world.client().await;
    let info = client.execute("endless".to_owned(), None).await.unwrap();
    let mut rows = client.do_get(ticket(&info)).await.unwrap();
    rows.next().await.expect("a batch").unwrap();
    rows
}

/// Waits until the queue has room for another, or until it has none. A ticket that nobody has given asks for a place,
/// and does not wait for it.
async fn queue_has_room(world: &World, wanted: bool) {
    let mut client = world.client().await;
    let nothing = TicketStatementQuery {
        statement_handle: "unknown".into(),
    };
    let nothing = Ticket::new(nothing.as_any().encode_to_vec());
    let limit = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let (code, message) = refused(client.do_get(nothing.clone()).await.map(drop));
        let full = "1 statements run and 1 wait, which is the limit; try again later";
        let found = match code {
            Code::NotFound => true,
            Code::ResourceExhausted if message == full => false,
            _ => panic!("{code:?}: {message}"),
        };
        if found == wanted {
            return;
        }
        assert!(tokio::time::Instant::now() < limit, "it does not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Result of a call that waits no longer.
async fn done<T>(call: JoinHandle<T>) -> T {
    let result = tokio::time::timeout(Duration::from_secs(10), call).await;
    result.expect("an end of it").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_clients_take_turns() {
    let world = World::start().await;
    let clients = (0..50).map(|_| async {
        let mut client = world.client().await;
        numbers(&query(&mut client, "slow 5").await.unwrap()).len()
    });
    let found = futures::future::join_all(clients).await;
    assert_eq!(found, vec![5 * BATCH_ROWS; 50]);
    world.ended(50).await;
    assert_eq!(world.engine.most_read(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_waits_for_the_end_of_another() {
    let world = narrow().await;
    let rows = reading(&world).await;
    let mut client = world.client().await;
    let statement = tokio::spawn(async move { query(&mut client, "numbers 2").await });
    queue_has_room(&world, false).await;
    assert!(!statement.is_finished());
    drop(rows);
    assert_eq!(numbers(&done(statement).await.unwrap()).len(), 2 * BATCH_ROWS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_planned_while_results_take_all_places() {
    let world = narrow().await;
    let rows = reading(&world).await;
    let mut client = world.client().await;
    let planned = tokio::spawn(async move {
        let info = client.execute("numbers 1".to_owned(), None).await;
        (client, info)
    });
    let (mut client, info) = done(planned).await;
    let info = info.unwrap();
    drop(rows);
    assert_eq!(
        numbers(&read(&mut client, &info).await.unwrap()).len(),
        BATCH_ROWS
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_waits_too() {
    let world = narrow().await;
    let rows = reading(&world).await;
    let mut client = world.client().await;
    let update = tokio::spawn(async move { client.execute_update("rows".to_owned(), None).await });
    queue_has_room(&world, false).await;
    assert!(!update.is_finished());
    assert_eq!(world.engine.ended(), 0);
    drop(rows);
    assert_eq!(done(update).await.unwrap(), 7);
}

/// A result that waits to be read, since all places are taken, with its ticket.
async fn result_that_waits(world: &World, client: &Client) -> (FlightInfo, Rows, Waiting) {
    let mut client = client.clone();
    let info = client.execute("numbers 1".to_owned(), None).await.unwrap();
    let rows = reading(world).await;
    let waited = info.clone();
    let read = tokio::spawn(async move { read(&mut client, &waited).await });
    queue_has_room(world, false).await;
    assert!(!read.is_finished());
    (info, rows, read)
}

type Rows = arrow_flight::decode::FlightRecordBatchStream;
type Waiting = JoinHandle<Result<Vec<RecordBatch>, FlightError>>;

#[tokio::test(flavor = "multi_thread")]
async fn a_result_waits_to_be_read() {
    let world = narrow().await;
    let (_, rows, waiting) = result_that_waits(&world, &world.client().await).await;
    assert_eq!(world.engine.taken(), 1);
    drop(rows);
    assert_eq!(numbers(&done(waiting).await.unwrap()).len(), BATCH_ROWS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_while_it_waits_leaves_the_queue() {
    let world = narrow().await;
    let (info, _rows, waiting) = result_that_waits(&world, &world.client().await).await;
    let status = cancel(&mut world.client().await, &info).await;
    assert_eq!(status, arrow_flight::CancelStatus::Cancelled);
    assert_eq!(
        refused(done(waiting).await),
        (Code::Cancelled, "the query was cancelled".to_owned())
    );
    assert_eq!(world.engine.ended(), 1);
    queue_has_room(&world, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_go_away_leave_the_queue() {
    let world = narrow().await;
    let (_, rows, waiting) = result_that_waits(&world, &world.client().await).await;
    // One that reads a result; its connection stays.
    waiting.abort();
    world.ended(1).await;
    queue_has_room(&world, true).await;
    // One that executes an update.
    let mut client = world.client().await;
    let update = tokio::spawn(async move { client.execute_update("rows".to_owned(), None).await });
    queue_has_room(&world, false).await;
    update.abort();
    queue_has_room(&world, true).await;
    // None of them has taken the place with it.
    let mut client = world.client().await;
    let last = tokio::spawn(async move { query(&mut client, "numbers 1").await });
    queue_has_room(&world, false).await;
    drop(rows);
    assert_eq!(numbers(&done(last).await.unwrap()).len(), BATCH_ROWS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_loses_its_place() {
    let world = World::with(|options| {
        options.limits.running = 1;
        options.limits.read_idle = Duration::from_millis(500);
    })
    .await;
    let mut client = world.client().await;
    // 80 MB: more than may be on its way.
    let info = client.execute("numbers 10000".to_owned(), None).await.unwrap();
    let mut rows = client.do_get(ticket(&info)).await.unwrap();
    rows.next().await.expect("a batch").unwrap();
    let mut other = world.client().await;
    let other = tokio::spawn(async move { query(&mut other, "numbers 1").await });
    assert_eq!(numbers(&done(other).await.unwrap()).len(), BATCH_ROWS);
    assert_eq!(world.engine.ended(), 2);
    // What was on its way arrives, and the reason after it.
    let end = rows.try_collect::<Vec<_>>().await;
    let (code, message) = refused(end);
    assert_eq!(code, Code::DeadlineExceeded);
    assert!(
        message.starts_with("the client took no rows for 0 s"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_held_up_keeps_its_connection() {
    let world = World::with(|options| options.limits.silence = Duration::from_secs(1)).await;
    let uri = format!("http://{}", world.server.address());
    // A runtime of its own that stands still: nothing of the process answers.
    let client = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let endpoint = Channel::from_shared(uri).expect("a URI");
            let mut client = FlightSqlServiceClient::new(endpoint.connect().await.expect("a connection"));
            let info = client.execute("numbers 2000".to_owned(), None).await.unwrap();
            let mut rows = client.do_get(ticket(&info)).await.unwrap();
            rows.next().await.expect("a batch").unwrap();
            std::thread::sleep(Duration::from_secs(5));
            rows.try_collect::<Vec<_>>().await
        })
    });
    let rows = tokio::task::spawn_blocking(|| client.join().expect("it ends"))
        .await
        .unwrap();
    assert_eq!(numbers(&rows.unwrap()).len(), 1_999 * BATCH_ROWS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_waits_or_reads_slowly_keeps_its_place() {
    let world = World::with(|options| options.limits.read_idle = Duration::from_secs(2)).await;
    // Longer than the limit without a row.
    let mut waiting = reading(&world).await;
    let endpoint = Channel::from_shared(format!("http://{}", world.server.address())).expect("a URI");
    // A few batches at once are on their way.
    let endpoint = endpoint.initial_stream_window_size(65_535);
    let mut client = FlightSqlServiceClient::new(endpoint.connect().await.expect("a connection"));
    let info = client.execute("numbers 10000".to_owned(), None).await.unwrap();
    let mut rows = client.do_get(ticket(&info)).await.unwrap();
    for _ in 0..60 {
        rows.next().await.expect("a batch").unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(world.engine.ended(), 0);
    assert!(waiting.next().now_or_never().is_none());
}
