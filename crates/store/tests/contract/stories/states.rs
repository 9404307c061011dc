//! States and their versions.

use relay::SubjectState;
use relay::{Reason, Watch};
use serde_json::json;
use store::{CommitError, Error, Table};

use crate::world::{Delivery, World, noise};

pub(crate) async fn new_subject_is_at_version_0<T: Table>(world: World<T>) {
    assert_eq!(world.state().await, SubjectState::default());
    assert_eq!(world.log().await, []);
}

pub(crate) async fn committed_state_reads_back<T: Table>(world: World<T>) {
    world.deliver(&Delivery::comment(1)).await.unwrap();
    let mut state = world.state().await;
    assert_eq!((state.version, state.sequence), (1, 1));
    assert_eq!(state.pull_request().unwrap().comments.len(), 1);

    state.version = 2;
    state.watch = Some(Watch { due_at: world.now(), reason: Reason::Recheck, deadline: None });
    world.commit(&state, &[], None).await.unwrap();
    assert_eq!(world.state().await, state);
}

pub(crate) async fn commit_on_old_version_changes_nothing<T: Table>(world: World<T>) {
    let first = SubjectState { version: 1, sequence: 1, ..SubjectState::default() };
    world.commit(&first, &[world.event(1, b"{}")], None).await.unwrap();

    for version in [1, 3] {
        let late = SubjectState { version, sequence: 2, ..SubjectState::default() };
        let delivery = Delivery::comment(1);
        let refused = world.commit(&late, &[world.event(2, b"{}")], Some(&delivery.mark())).await;
        assert_eq!(refused, Err(CommitError::Conflict), "version {version}");
    }
    assert_eq!(world.state().await, first);
    assert_eq!(world.log().await.len(), 1);
}

pub(crate) async fn too_large_state_is_refused<T: Table>(world: World<T>) {
    world.deliver(&Delivery::comment(1)).await.unwrap();
    let stored = world.state().await;
    let mut state = stored.clone();
    state.version += 1;
    state.pull_request_mut().unwrap().snapshot = json!({ "title": noise(300_000) });
    let Err(CommitError::Failed(error)) = world.commit(&state, &[], None).await else { panic!("stored") };
    assert!(matches!(error, Error::TooLarge { what: "the compressed state", .. }), "{error}");
    assert_eq!(world.state().await, stored);
}

pub(crate) async fn state_with_an_impossible_sequence_is_an_error<T: Table>(world: World<T>) {
    let damaged = SubjectState { version: 1, sequence: u64::MAX, ..SubjectState::default() };
    world.commit(&damaged, &[], None).await.unwrap();
    let error = world.deliver(&Delivery::comment(1)).await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    assert_eq!(world.log().await, []);
}
