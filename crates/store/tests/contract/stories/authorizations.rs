//! Authorizations: a nonce and a state work once each, in their order, for their link, and in time.

use futures::future::join_all;
use relay::LinkId;
use secrecy::ExposeSecret;
use store::authorization::{AuthorizationError, ProofError, begin, complete};
use store::{Table, open_authorization};

use crate::world::{World, time};

fn refused<R: std::fmt::Debug>(outcome: Result<R, AuthorizationError>) -> ProofError {
    match outcome.unwrap_err() {
        AuthorizationError::Refused(refusal) => refusal,
        AuthorizationError::Store(error) => panic!("{error}"),
    }
}

pub(crate) async fn nonce_and_state_work_once_each<T: Table>(world: World<T>) {
    let (table, link) = (&*world.table, &world.link);
    let nonce = open_authorization(table, link, time(0)).await.unwrap();
    let state = begin(table, link, &nonce, time(1)).await.unwrap();
    assert_eq!(refused(begin(table, link, &nonce, time(2)).await), ProofError::NotPending);
    assert_eq!(&complete(table, &state, time(3)).await.unwrap(), link);
    assert_eq!(refused(complete(table, &state, time(4)).await), ProofError::NotPending);
    assert_eq!(refused(begin(table, link, &nonce, time(5)).await), ProofError::NotPending);
}

pub(crate) async fn nonce_used_fifty_times_at_once_works_once<T: Table>(world: World<T>) {
    let (table, link) = (&*world.table, &world.link);
    let nonce = open_authorization(table, link, time(0)).await.unwrap();
    let begun = join_all((0..50).map(|_| begin(table, link, &nonce, time(1)))).await;
    assert_eq!(begun.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let state = begun.into_iter().find_map(Result::ok).unwrap();
    let completed = join_all((0..50).map(|_| complete(table, &state, time(2)))).await;
    assert_eq!(completed.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

pub(crate) async fn proof_expires_after_ten_minutes<T: Table>(world: World<T>) {
    let (table, link) = (&*world.table, &world.link);
    let nonce = open_authorization(table, link, time(0)).await.unwrap();
    assert_eq!(refused(begin(table, link, &nonce, time(600)).await), ProofError::Expired);
    let state = begin(table, link, &nonce, time(599)).await.unwrap();
    assert_eq!(refused(complete(table, &state, time(1_199)).await), ProofError::Expired);
    complete(table, &state, time(1_198)).await.unwrap();
}

pub(crate) async fn foreign_or_forged_proof_is_refused_and_ends_nothing<T: Table>(world: World<T>) {
    let (table, link) = (&*world.table, &world.link);
    let other: LinkId = "another".parse().unwrap();
    let nonce = open_authorization(table, link, time(0)).await.unwrap();
    assert_eq!(refused(begin(table, &other, &nonce, time(1)).await), ProofError::NotPending);
    let others = open_authorization(table, &other, time(1)).await.unwrap();
    assert_eq!(refused(begin(table, &other, &nonce, time(1)).await), ProofError::Mismatch);

    let state = begin(table, link, &nonce, time(2)).await.unwrap();
    let others = begin(table, &other, &others, time(2)).await.unwrap();
    let crossed = others.secret().expose_secret().replace(other.as_str(), link.as_str());
    assert_eq!(refused(complete(table, &crossed.parse().unwrap(), time(3)).await), ProofError::Mismatch);
    let made_up = format!("{link}.{}", "a".repeat(43));
    assert_eq!(refused(complete(table, &made_up.parse().unwrap(), time(3)).await), ProofError::Mismatch);
    // The nonce is no state.
    let nonce = format!("{link}.{}", nonce.expose());
    assert_eq!(refused(complete(table, &nonce.parse().unwrap(), time(3)).await), ProofError::Mismatch);
    assert_eq!(&complete(table, &state, time(3)).await.unwrap(), link);
    assert_eq!(complete(table, &others, time(3)).await.unwrap(), other);
}

pub(crate) async fn new_authorization_ends_the_previous_one<T: Table>(world: World<T>) {
    let (table, link) = (&*world.table, &world.link);
    let first = open_authorization(table, link, time(0)).await.unwrap();
    let second = open_authorization(table, link, time(1)).await.unwrap();
    assert_eq!(refused(begin(table, link, &first, time(2)).await), ProofError::Mismatch);
    let state = begin(table, link, &second, time(2)).await.unwrap();
    open_authorization(table, link, time(3)).await.unwrap();
    assert_eq!(refused(complete(table, &state, time(4)).await), ProofError::NotPending);
}
