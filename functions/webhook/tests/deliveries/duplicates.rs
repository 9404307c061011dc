use futures::future::join_all;

use crate::support::{BODY, Function, SECRET, Sent};

#[tokio::test]
async fn repeated_delivery_is_one_event() {
    let function = Function::new();
    assert_eq!(function.answer(Sent::good()).await.1["status"], "stored");
    let (status, answer) = function.answer(Sent::good()).await;
    assert_eq!((status.as_u16(), answer["status"].as_str()), (200, Some("known")));
    assert_eq!(function.log().await.len(), 1);
}

#[tokio::test]
async fn fifty_concurrent_deliveries_are_one_event() {
    let function = Function::new();
    let statuses = join_all((0..50).map(|_| function.status(Sent::good()))).await;
    assert_eq!(statuses, [200; 50]);
    assert_eq!(function.log().await.len(), 1);
}

#[tokio::test]
async fn resend_with_a_new_request_id_is_recognized() {
    let function = Function::new();
    function.answer(Sent::good()).await;
    let resend = Sent::good().header("x-request-uuid", "request-2").header("x-attempt-number", "2");
    assert_eq!(function.answer(resend).await.1["status"], "known");
    assert_eq!(function.log().await.len(), 1);
}

#[tokio::test]
async fn same_request_id_with_another_body_is_stored() {
    let function = Function::new();
    function.answer(Sent::good()).await;
    let other = BODY.replace("10:00:00", "10:00:01");
    assert_eq!(function.answer(Sent::signed(SECRET, other)).await.1["status"], "stored");
    assert_eq!(function.log().await.len(), 2);
}

#[tokio::test]
async fn warm_delivery_costs_one_read_and_one_transaction() {
    let function = Function::new();
    function.answer(Sent::good()).await;
    let before = function.app.table.calls();
    let other = Sent::signed(SECRET, BODY.replace("10:00:00", "10:00:01"));
    function.answer(other.header("x-request-uuid", "request-2")).await;
    let after = function.app.table.calls();
    assert_eq!((after.reads - before.reads, after.commits - before.commits), (1, 1));
}
