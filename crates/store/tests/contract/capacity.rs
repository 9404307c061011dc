//! The capacity that emulators report for one write and one read in transactions. They disagree, so nothing may take
//! such a figure for a cost on AWS.

use std::path::{Path, PathBuf};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, Get, Put, ReturnConsumedCapacity, TransactGetItem, TransactWriteItem,
};

use crate::hosts::{dynoxide, schema};

/// Units that AWS bills for an item of less than 1 KB in a transaction: two for its write, two for its read
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>).
pub(crate) const BILLED: (f64, f64) = (2.0, 2.0);

/// Returns the units that a host reports for the write and the read of one small item, each in a transaction.
pub(crate) async fn reported(config: &SdkConfig) -> (f64, f64) {
    let client = Client::new(config);
    schema::create(&client, "capacity").await;
    let key = |name: &str| (name.to_owned(), AttributeValue::S("key".to_owned()));
    let put = Put::builder().table_name("capacity").set_item(Some([key("pk"), key("sk")].into()));
    let put = TransactWriteItem::builder().put(put.build().unwrap()).build();
    let written = client.transact_write_items().transact_items(put);
    let written = written.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
    let get = Get::builder().table_name("capacity").set_key(Some([key("pk"), key("sk")].into()));
    let get = TransactGetItem::builder().get(get.build().unwrap()).build();
    let read = client.transact_get_items().transact_items(get);
    let read = read.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
    (units(written.consumed_capacity()), units(read.consumed_capacity()))
}

fn units(reported: &[ConsumedCapacity]) -> f64 {
    reported.iter().filter_map(ConsumedCapacity::capacity_units).sum()
}

#[tokio::test]
async fn dynoxide_reports_what_aws_bills_for_one_item() {
    assert_eq!(reported(&dynoxide::start_config().await).await, BILLED);
}

#[test]
fn nothing_takes_the_capacity_of_an_emulator_for_a_cost() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut readers = Vec::new();
    for folder in ["crates", "functions", "tests", "infra/local", "examples"] {
        sources(&root.join(folder), &mut readers);
    }
    readers.retain(|path| {
        let text = std::fs::read_to_string(path).unwrap().to_lowercase().replace('_', "");
        text.contains("consumedcapacity")
    });
    let only = [PathBuf::from("crates/store/tests/contract/capacity.rs")];
    let readers: Vec<_> = readers.iter().map(|path| path.strip_prefix(&root).unwrap()).collect();
    assert_eq!(readers, only);
}

/// Collects the sources in Rust and Python.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
            found.push(path);
        }
    }
}
