//! Clients of Bitbucket that know nothing of this project work on the simulator, too. They are among the tools.
#![allow(clippy::unwrap_used, reason = "test code")]

use std::path::Path;
use std::process::Stdio;

use simulator::{Settings, Simulator};
use tokio::process::Command;

#[tokio::test]
async fn python_client_plays_a_review() {
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let played = Command::new(e2e::paths::tool("python"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/review.py"))
        .arg(simulator.url())
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    let reported: Vec<_> = simulator.deliveries().into_iter().filter(|one| one.hook_uuid.is_some()).collect();
    let keys: Vec<_> = reported.iter().map(|one| one.what.trim_start_matches("pullrequest:")).collect();
    assert_eq!(
        keys,
        [
            "created",
            "comment_created",
            "comment_created",
            "comment_deleted",
            "approved",
            "unapproved",
            "changes_request_created",
            "changes_request_removed",
            "fulfilled",
            "created",
            "rejected",
        ]
    );
}
