//! Checks that logs and answers of deliveries contain no secret. The subscriber is global, so the test has its own
//! process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

mod log;
#[allow(dead_code, reason = "shared with the tests of deliveries, which use more of it")]
#[path = "deliveries/support.rs"]
mod support;

use log::Log;
use store::memory::Fault;

use support::{BODY, Function, SECRET, Sent, sign};

#[tokio::test]
async fn no_secret_signature_or_body_is_logged_or_answered() {
    let log = Log::of_this_process();

    let function = Function::new();
    let mut answers = Vec::new();
    answers.push(function.answer(Sent::good()).await);
    answers.push(function.answer(Sent::good()).await);
    answers.push(function.answer(Sent::signed("wrong", BODY)).await);
    answers.push(function.answer(Sent::signed(SECRET, "Älice is not JSON")).await);
    function.app.table.inject(Fault::ReadFails, 1);
    answers.push(function.answer(Sent::good()).await);

    assert!(!log.text().contains("published as untrusted"));
    let unproven = Sent::good().header("x-event-key", "pullrequest:fulfilled");
    answers.push(function.answer(unproven.header("x-request-uuid", "request-2")).await);
    assert!(log.text().contains("published as untrusted"));

    let logged = log.text();
    assert!(logged.contains("delivery accepted") && logged.contains("delivery refused"), "{logged}");
    let output = format!("{logged}{answers:?}");
    for hidden in [SECRET, "Älice", &sign(SECRET, BODY.as_bytes())["sha256=".len()..]] {
        assert!(!output.contains(hidden), "{hidden} is in: {output}");
    }
}
