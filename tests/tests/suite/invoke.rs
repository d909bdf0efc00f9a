//! A connector in this process and one in a Lambda behave alike.

use local::invoke::conformance::conformance;
use tests::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_in_this_process_conforms() {
    conformance(&World::start().await.invoke_in_process(&[])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_behind_the_invoke_api_conforms() {
    let world = World::start().await;
    let (lambda, _) = world.lambda(2, &[]).await;
    conformance(&world.invoke_lambda(&lambda)).await;
}
