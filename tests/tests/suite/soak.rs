//! Random topics, random queries, the model's rows: the episodes of a few seeds. More with `src/bin/soak.rs`.

use tests::soak::Soak;
use tests::world::World;

/// First of the seeds.
const SEED: u64 = 1;

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_those_of_the_model_whatever_happens_to_the_topic() {
    let world = World::start().await;
    // A real broker is slow with topics and transactions.
    let episodes = if world.broker.as_embedded().is_some() {
        24
    } else {
        12
    };
    let mut soak = Soak::new(world);
    for seed in SEED..SEED + episodes {
        if let Err(failure) = soak.episode(seed).await {
            panic!("{failure}");
        }
    }
    eprintln!("{}", soak.figures());
}
