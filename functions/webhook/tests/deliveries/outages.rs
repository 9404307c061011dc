use store::memory::{Fault, MemoryLinks};
use store::{Clock as _, SubjectLog as _};

use crate::support::{Function, Sent, link, link_with};

#[tokio::test]
async fn table_outage_is_answered_503_and_the_resend_is_stored() {
    let function = Function::new();
    function.app.table.inject(Fault::ReadFails, 1);
    let (status, answer) = function.answer(Sent::good()).await;
    assert_eq!(status.as_u16(), 503);
    assert_eq!(answer["error"], "the delivery could not be stored; send it again");
    assert_eq!(function.log().await.len(), 0);
    // Bitbucket resends it.
    assert_eq!(function.status(Sent::good().header("x-attempt-number", "2")).await, 200);
    assert_eq!(function.log().await.len(), 1);
}

#[tokio::test]
async fn commit_with_a_lost_answer_is_one_event_after_resend() {
    let function = Function::new();
    function.app.table.inject(Fault::AnswerLost, 1);
    assert_eq!(function.status(Sent::good()).await, 503);
    assert_eq!(function.status(Sent::good().header("x-attempt-number", "2")).await, 200);
    assert_eq!(function.log().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn delivery_among_too_many_writers_is_kept_and_answered_202() {
    let function = Function::new();
    function.app.table.inject(Fault::CommitConflicts, 12);
    let (status, answer) = function.answer(Sent::good()).await;
    assert_eq!((status.as_u16(), &answer["status"]), (202, &serde_json::json!("kept")));
    let kept = function.app.table.kept(function.app.clock.now(), 10).await.unwrap();
    assert_eq!(kept.len(), 1);
    // A resend that can be folded comes before the poller.
    assert_eq!(function.status(Sent::good().header("x-attempt-number", "2")).await, 200);
    assert_eq!(function.log().await.len(), 1);
}

#[tokio::test]
async fn secret_store_outage_is_answered_503() {
    let links = MemoryLinks::default();
    links.set(&link(), link_with(&[crate::support::SECRET]));
    links.set_down(true);
    let function = Function::with(links);
    assert_eq!(function.status(Sent::good()).await, 503);
}
