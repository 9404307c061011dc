//! The crash table: its page, and the same cells over DynamoDB's emulator.
#![allow(clippy::unwrap_used, reason = "test code")]

use std::time::Duration;

use model::crashes::{Row, Scenario, Site, document, in_memory, path, scenarios, table};

/// The emulator of the store's contract tests.
#[allow(dead_code, reason = "the contract tests use the rest")]
mod hosts {
    #[path = "../../../../crates/store/tests/contract/hosts/dynoxide.rs"]
    pub(crate) mod dynoxide;
    #[path = "../../../../crates/store/tests/contract/hosts/schema.rs"]
    pub(crate) mod schema;
}

/// The time that a client waits for an answer, in real time.
const PATIENCE: Duration = Duration::from_millis(20);

#[test]
fn page_of_crashes_is_current() {
    let page = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(page == document(), "docs/CRASHES.md is not current; run `make crash-table` and read the difference");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crashes_of_the_webhook_function_are_the_same_over_dynamodb() {
    for scenario in scenarios().into_iter().filter(Scenario::fits_every_table) {
        let over_dynamodb = table(scenario, async || {
            let mut site = Site::new(scenario, hosts::dynoxide::start().await, Some(PATIENCE));
            site.begin().await;
            site
        });
        let over_dynamodb = Box::pin(over_dynamodb).await;
        let in_memory = std::thread::spawn(move || in_memory(scenario)).join().unwrap();
        assert_eq!(cells(&over_dynamodb), cells(&in_memory), "{}", scenario.title);
    }
}

fn cells(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| format!("{}: {:?}", row.call, row.cells)).collect()
}
