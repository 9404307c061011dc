//! The world without HTTP, sockets or a clock.

use crate::stage::start_of_time;
use jiff::SignedDuration;
use simulator::Settings;
use simulator::world::{
    Act, ContentInput, HookInput, NewComment, NewPullRequest, NewTask, Outbox, RepositoryId, SilenceReason,
    World,
};

fn world(seed: u64, events: &[&str]) -> (World, RepositoryId) {
    let mut world = World::new(&Settings::default(), "http://simulated", seed, start_of_time());
    let repository = world.find_repository("acme", "widgets").unwrap();
    world.subscribe(repository, &HookInput::to("http://relay/", events), start_of_time()).unwrap();
    (world, repository)
}

/// The payloads of a day with regular edits of one comment, and the comment at its end.
fn day_of_edits(seed: u64, every_minutes: usize) -> (Vec<String>, String) {
    let (mut world, repository) = world(seed, &["pullrequest:comment_updated"]);
    let mut act = Act { actor: world.account("alice").unwrap(), repository, now: start_of_time() };
    let id = world.create_pull_request(&act, &NewPullRequest::of("Add a gear", "gear")).unwrap().value;
    let comment = world.create_comment(&act, id, &NewComment::text("0")).unwrap().value;
    let mut payloads = Vec::new();
    for minutes in (0..=1_440_i64).step_by(every_minutes).skip(1) {
        act.now = start_of_time() + SignedDuration::from_mins(minutes);
        let done = world.edit_comment(&act, id, comment, &minutes.to_string()).unwrap();
        payloads.extend(done.outbox.webhooks.iter().map(|one| String::from_utf8(one.body.to_vec()).unwrap()));
    }
    (payloads, world.read_comment(repository, id, comment).unwrap().to_string())
}

#[test]
fn a_day_passes_without_a_clock() {
    assert_eq!(day_of_edits(1, 9).0.len(), 0, "an edit every nine minutes is never reported");
    assert_eq!(day_of_edits(1, 10).0.len(), 144, "an edit every ten minutes is always reported");
}

#[test]
fn a_seed_makes_the_same_day_twice() {
    assert_eq!(day_of_edits(1, 60), day_of_edits(1, 60));
    assert_ne!(day_of_edits(1, 60), day_of_edits(2, 60));
}

fn sent_keys(outbox: &Outbox) -> Vec<&str> {
    outbox.webhooks.iter().map(|webhook| webhook.event_key).collect()
}

#[test]
fn act_returns_its_webhooks_and_silences() {
    let (mut world, repository) = world(1, &["pullrequest:approved"]);
    let act = Act { actor: world.account("bob").unwrap(), repository, now: start_of_time() };
    let created = world.create_pull_request(&act, &NewPullRequest::of("Add a gear", "gear")).unwrap();
    assert_eq!(sent_keys(&created.outbox), [""; 0], "no hook subscribed to it");
    let id = created.value;
    assert_eq!(sent_keys(&world.approve(&act, id).unwrap().outbox), ["pullrequest:approved"]);
    assert_eq!(sent_keys(&world.approve(&act, id).unwrap().outbox), [""; 0]);
    let task = NewTask { content: ContentInput { raw: "oil it".to_owned() }, comment: None };
    let done = world.create_task(&act, id, &task).unwrap();
    assert_eq!(sent_keys(&done.outbox), [""; 0]);
    assert_eq!(done.outbox.silences[0].reason, SilenceReason::NoSuchEvent);
    assert_eq!(world.read_pull_request(repository, id).unwrap()["task_count"], 1);
}
