//! G9, and with it G3 to G6: whatever went wrong, in the end everything that stands is known and was told.

use futures::StreamExt;
use system::random::live;

/// Histories in the normal run.
const SEEDS: u64 = 60;

/// Histories at once: two cores are kept busy.
const AT_ONCE: usize = 4;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|given| given.parse().expect("a number"))
}

/// `SYSTEM_SEEDS=5000` lives more histories, `SYSTEM_SEED=42` only this one, `SYSTEM_FIRST_SEED=1000` others.
#[tokio::test(flavor = "multi_thread")]
async fn once_it_is_quiet_everything_that_stands_is_known_and_was_told() {
    let first = number("SYSTEM_SEED").or_else(|| number("SYSTEM_FIRST_SEED")).unwrap_or(1);
    let count = if number("SYSTEM_SEED").is_some() { 1 } else { number("SYSTEM_SEEDS").unwrap_or(SEEDS) };
    let lives =
        futures::stream::iter(first..first + count).map(async |seed| (seed, tokio::spawn(live(seed)).await));
    let mut lives = lives.buffer_unordered(AT_ONCE);
    let mut wrong = Vec::new();
    while let Some((seed, outcome)) = lives.next().await {
        let outcome = outcome.unwrap_or_else(|error| Err(format!("it broke off: {error}")));
        if let Err(reason) = outcome {
            println!("seed {seed} (SYSTEM_SEED={seed} lives it alone): {reason}\n");
            wrong.push(seed);
        }
    }
    wrong.sort_unstable();
    assert!(wrong.is_empty(), "{} of {count} histories went wrong: {wrong:?}", wrong.len());
}
