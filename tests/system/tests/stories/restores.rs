//! A restore of the table: the items of a copy are put back where they are missing, while the copy is hours old.

use std::collections::{BTreeMap, BTreeSet};

use store::restore::SEQUENCE_JUMP;
use system::log::text_of;
use system::truth::check_content;

use crate::moves::opened;

#[tokio::test]
async fn no_sequence_is_used_twice_after_a_restore() {
    let (world, pr, comment) = opened(900).await;
    let copy = world.table.copy();
    let at_copy = world.log(pr).await.len() as u64;
    // After the copy, and lost with the table: a comment, an edit that stands, and a pull request.
    world.bob().comments(pr, "after the copy").await;
    world.bob().edits(pr, comment, "second").await;
    let other = world.alice().opens("wheel").await;
    world.run_for(900).await;
    let before = world.log(pr).await;
    assert!(before.len() as u64 > at_copy + 1, "{before:?}");

    world.table.lose_items(|_, _| true);
    world.table.restore_from(&copy).unwrap();
    world.alice().comments(pr, "after the restore").await;
    world.run_for(7_200).await;

    let after = world.log(pr).await;
    assert!(after.iter().all(|event| event.sequence <= at_copy || event.sequence > SEQUENCE_JUMP));
    // To a subscriber, who received both, one sequence is one fact.
    let mut of_sequence = BTreeMap::new();
    for event in before.iter().chain(&after) {
        assert_eq!(of_sequence.entry(event.sequence).or_insert(&event.id), &&event.id, "{}", event.sequence);
    }
    // What was published before the loss is found again under the same ids, and nothing that stands is missing.
    let ids: BTreeSet<_> = after.iter().map(|event| &event.id).collect();
    assert!(before.iter().all(|event| ids.contains(&event.id)), "{before:?}\n{after:?}");
    let texts: BTreeSet<_> = after.iter().map(text_of).collect();
    for text in ["first", "second", "after the copy", "after the restore"] {
        assert!(texts.contains(text), "{text}: {texts:?}");
    }
    check_content(&world, pr).await.unwrap();
    assert_eq!(world.events(other).await, ["1 pullrequest:created poll"]);
}

#[tokio::test]
async fn restore_changes_nothing_that_is_there() {
    let (world, pr, _) = opened(900).await;
    let copy = world.table.copy();
    world.bob().comments(pr, "after the copy").await;
    let (before, state) = (world.table.items(), world.subject_state(pr).await);
    world.table.restore_from(&copy).unwrap();
    assert_eq!(world.table.items(), before);
    assert_eq!(world.subject_state(pr).await, state);
}

#[tokio::test]
async fn damaged_state_can_be_deleted_and_restored() {
    let (world, pr, _) = opened(900).await;
    let copy = world.table.copy();
    world.bob().comments(pr, "after the copy").await;
    let before = world.log(pr).await;
    // Somebody deletes the state and nothing else.
    let pk = format!("{}#{}", pr.repo.link(), world.subject(pr));
    world.table.lose_items(|of, sk| of == pk && sk == "state");
    world.table.restore_from(&copy).unwrap();
    world.alice().comments(pr, "after the restore").await;
    let after = world.log(pr).await;
    assert_eq!(after[..before.len()], before[..]);
    assert_eq!(text_of(after.last().unwrap()), "after the restore");
    world.run_for(3_600).await;
    check_content(&world, pr).await.unwrap();
}
