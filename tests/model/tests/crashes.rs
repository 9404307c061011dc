//! The crash table: its page, and the same cells over DynamoDB's emulator.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use std::time::Duration;

use model::crashes::{Row, Scenario, Site, document, in_memory, path, scenarios, table};

/// The emulator of the store's contract tests.
#[allow(dead_code, reason = "the contract tests use the rest")]
#[path = "../../../crates/store/tests/contract/hosts/dynoxide.rs"]
mod dynoxide;
/// Its table.
#[path = "../../../crates/store/tests/contract/hosts/schema.rs"]
mod schema;

/// The time that a client waits for an answer, in real time.
const PATIENCE: Duration = Duration::from_millis(20);

/// The functions over the AWS client need a larger stack without optimization.
const STACK_BYTES: usize = 16 << 20;

#[test]
fn page_of_crashes_is_current() {
    let page = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(
        page == document(),
        "docs/CRASHES.md is not current; run `make crash-table` and read the difference"
    );
}

#[test]
fn crashes_are_the_same_over_dynamodb() {
    let threads = scenarios().into_iter().filter(Scenario::uses_table).map(|scenario| {
        let compare = move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let over_dynamodb = runtime.block_on(Box::pin(over_dynamodb(scenario)));
            assert_eq!(cells(&over_dynamodb), cells(&in_memory(scenario)), "{}", scenario.title);
        };
        std::thread::Builder::new().stack_size(STACK_BYTES).spawn(compare).unwrap()
    });
    let threads: Vec<_> = threads.collect();
    assert_eq!(threads.len(), 5, "the scenarios of the webhook function and of the poller");
    for thread in threads {
        thread.join().unwrap();
    }
}

async fn over_dynamodb(scenario: Scenario) -> Vec<Row> {
    table(scenario, async || {
        let mut site = Site::new(scenario, dynoxide::start().await, Some(PATIENCE));
        site.begin().await;
        site
    })
    .await
}

fn cells(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| format!("{}: {:?}", row.call, row.cells)).collect()
}
