//! Soak on the command line: `cargo run -p tests --bin soak -- [--minutes N] [--episodes N] [--seed N]` runs
//! episodes with consecutive seeds until the minutes (5) or the episodes (no limit) are over. On the embedded
//! broker, or on the one in `KAFKA_BOOTSTRAP`. Exits with 1 at the first row that is missing, unexpected or
//! duplicated.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use tests::soak::Soak;
use tests::soak::figures::Figures;
use tests::world::World;

/// Number of episodes after which the world is replaced, with what brokers and clients keep of deleted
/// topics.
const EPISODES_PER_WORLD: u64 = 200;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(limits) = Limits::parse(&arguments) else {
        eprintln!("usage: soak [--minutes N] [--episodes N] [--seed N]");
        return ExitCode::from(2);
    };
    let started = Instant::now();
    let mut figures = Figures::default();
    let mut seed = limits.seed;
    while !limits.are_over(started, figures.episodes) {
        let mut soak = Soak::new(World::start().await);
        while !limits.are_over(started, figures.episodes + soak.figures().episodes)
            && soak.figures().episodes < EPISODES_PER_WORLD
        {
            if let Err(failure) = soak.episode(seed).await {
                figures += soak.figures();
                println!("{figures}\nafter {:.0?}", started.elapsed());
                eprintln!("{failure}");
                // A normal exit would wait for running reads.
                std::process::exit(1);
            }
            seed += 1;
        }
        figures += soak.figures();
        println!(
            "{figures}\nafter {:.0?}, up to seed {}",
            started.elapsed(),
            seed - 1
        );
    }
    ExitCode::SUCCESS
}

struct Limits {
    seed: u64,
    duration: Duration,
    episodes: u64,
}

impl Limits {
    fn parse(arguments: &[String]) -> Option<Self> {
        let mut limits = Self {
            seed: 1,
            duration: Duration::from_secs(300),
            episodes: u64::MAX,
        };
        for pair in arguments.chunks(2) {
            let [name, number] = pair else {
                return None;
            };
            let number: u64 = number.parse().ok()?;
            match name.as_str() {
                "--minutes" => limits.duration = Duration::from_secs(number.checked_mul(60)?),
                "--episodes" => limits.episodes = number,
                "--seed" => limits.seed = number,
                _ => return None,
            }
        }
        Some(limits)
    }

    fn are_over(&self, started: Instant, episodes: u64) -> bool {
        episodes >= self.episodes || started.elapsed() >= self.duration
    }
}
