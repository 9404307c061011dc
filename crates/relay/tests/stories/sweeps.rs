//! Sweeps: one listing of a repository's open pull requests shows changes without a webhook.

use bitbucket::EventKey::*;
use bitbucket::payload::Document;
use bitbucket::{PullRequestId, payload};
use jiff::Timestamp;
use relay::Reason;
use relay::observation::{FirstListing, PullRequestObservation, RepositoryObservation, Sweep};
use relay::polling::{is_unexplained, moved, notice, with_missing};
use relay::state::{Listed, RepositoryState, SweepPace};
use relay::{Observation, SubjectState};
use serde_json::{Value, json};

use crate::world::{World, a_pull_request, a_repository};

const NOTHING: [&str; 0] = [];

fn listed(world: &World, id: u64, comments: u64) -> Value {
    json!({
        "id": id, "state": "OPEN", "created_on": world.now, "updated_on": world.now, "comment_count": comments,
        "task_count": 0,
    })
}

fn sweep(at: Timestamp, open: &[Value]) -> Sweep {
    let open: Vec<Document<payload::PullRequest>> = open.iter().cloned().map(Document::new).collect();
    Sweep::new(at, open, true)
}

fn a_registered_repository() -> World {
    let mut world = a_repository();
    world.learns(&Observation::Repository(RepositoryObservation::Active(
        json!({ "uuid": "{ab}", "full_name": "acme/widgets" }),
    )));
    world
}

fn swept(world: &World) -> &RepositoryState {
    world.state.repository().unwrap()
}

fn ids(moved: &[PullRequestId]) -> Vec<u64> {
    moved.iter().map(|id| id.0).collect()
}

#[test]
fn repository_is_swept_at_once_then_every_five_minutes() {
    let mut world = a_registered_repository();
    assert_eq!(world.due(), Some((0, Reason::Sweep)));
    let first = sweep(world.now, &[]);
    world.learns(&Observation::Repository(RepositoryObservation::Swept(first)));
    assert_eq!(world.due(), Some((300, Reason::Sweep)));
    world.is_refused();
    assert_eq!(world.due(), Some((300, Reason::Refused)), "a refusal does not bring it forward");
}

/// Seconds from a sweep to the next one.
fn spacing(world: &mut World, open: &[Value]) -> u32 {
    let made = sweep(world.now, open);
    world.learns(&Observation::Repository(RepositoryObservation::Swept(made)));
    let before = world.now;
    let due_at = world.state.watch.unwrap().due_at;
    u32::try_from(due_at.duration_since(before).as_secs()).unwrap()
}

#[test]
fn title_in_another_unicode_form_is_no_move() {
    let world = a_registered_repository();
    let (mut one, mut other) = (listed(&world, 1, 0), listed(&world, 1, 0));
    (one["title"], other["title"]) = (json!("Caf\u{e9}"), json!("Cafe\u{301}"));
    assert_eq!(Listed::from_listing(&Document::new(one)), Listed::from_listing(&Document::new(other)));
}

const DAY: i64 = 86_400;

#[test]
fn quiet_repository_is_swept_hourly() {
    let mut world = a_registered_repository();
    world.waits(DAY - 1);
    assert_eq!(spacing(&mut world, &[]), 300);
    world.waits(1);
    assert_eq!(spacing(&mut world, &[]), 3_600);
    let opened = listed(&world, 1, 0);
    world.waits(3_600);
    assert_eq!(spacing(&mut world, std::slice::from_ref(&opened)), 300, "a sweep saw something new");
    world.waits(7 * DAY);
    assert_eq!(spacing(&mut world, std::slice::from_ref(&opened)), 3_600);
    world.waits(10);
    world.learns(&Observation::Repository(RepositoryObservation::Active(json!({ "uuid": "{ab}" }))));
    assert_eq!(
        world.state.watch.unwrap().due_at,
        world.now.saturating_add(jiff::SignedDuration::from_secs(290)).unwrap()
    );
}

#[test]
fn open_pull_requests_are_swept_often_for_a_week() {
    let mut world = a_registered_repository();
    let open = listed(&world, 1, 0);
    spacing(&mut world, std::slice::from_ref(&open));
    world.waits(6 * DAY);
    assert_eq!(spacing(&mut world, std::slice::from_ref(&open)), 300);
    world.waits(300);
    assert_eq!(spacing(&mut world, &[]), 300, "its end is a move");
    world.waits(DAY);
    assert_eq!(spacing(&mut world, &[]), 3_600);
}

/// Has a link name the repository; its first sweep is due after these seconds.
fn names(world: &mut World, seconds: i64) {
    let first_sweep_at = world.now + jiff::SignedDuration::from_secs(seconds);
    let repository = json!({ "uuid": "{ab}" });
    world.learns(&Observation::Repository(RepositoryObservation::Named { repository, first_sweep_at }));
}

#[test]
fn activity_ends_the_wait_for_the_first_sweep() {
    let mut world = a_repository();
    names(&mut world, 5_000);
    assert_eq!(world.due(), Some((5_000, Reason::QuietSweep)));
    world.learns(&Observation::Repository(RepositoryObservation::Active(json!({ "uuid": "{ab}" }))));
    assert_eq!(world.due(), Some((0, Reason::Sweep)));
}

#[test]
fn sweeps_keep_the_pace_of_their_link() {
    for (active_seconds, quiet_seconds, pages, active, quiet) in [
        (0, 0, 1, 300, 3_600),
        (200, 2_000, 1, 300, 3_600),
        (200, 2_000, 2, 400, 4_000),
        (8_000, 9_000, 3, 24_000, 27_000),
    ] {
        let mut world = a_registered_repository();
        let open: Vec<_> = (0..pages * 50).map(|id| listed(&world, id + 1, 0)).collect();
        let pace = SweepPace { active_seconds, quiet_seconds };
        for (age, seconds) in [(0, active), (8 * DAY, quiet)] {
            world.waits(age);
            let made = sweep(world.now, &open).with_pace(pace);
            world.learns(&Observation::Repository(RepositoryObservation::Swept(made)));
            assert_eq!(world.due().unwrap().0, seconds, "{pages} pages at {pace:?}");
        }
    }
}

#[test]
fn first_sweep_sets_the_interval_of_a_named_repository() {
    for (age, seconds) in [(3 * DAY, 300), (8 * DAY, 3_600)] {
        let mut world = a_repository();
        let open = listed(&world, 1, 0);
        world.waits(age);
        names(&mut world, 8);
        let watch = world.state.watch.unwrap();
        let due_at = world.now + jiff::SignedDuration::from_secs(8);
        assert_eq!(
            (watch.due_at, watch.reason),
            (due_at, Reason::QuietSweep),
            "many of them delay nothing else"
        );
        assert_eq!(spacing(&mut world, std::slice::from_ref(&open)), seconds, "{age}");
    }
}

#[test]
fn sweeping_can_be_switched_off() {
    let mut world = a_repository();
    world.settings.sweep_seconds = 0;
    world.learns(&Observation::Repository(RepositoryObservation::Active(json!({ "uuid": "{ab}" }))));
    assert_eq!(world.due(), None);
}

#[test]
fn sweep_shows_moved_new_and_closed_pull_requests() {
    let mut world = a_registered_repository();
    let (same, moves, closes) = (listed(&world, 1, 0), listed(&world, 2, 0), listed(&world, 3, 0));
    let first = sweep(world.now, &[same.clone(), moves, closes]);
    assert_eq!(ids(&moved(&SubjectState::default(), &first)), [1, 2, 3]);
    world.learns(&Observation::Repository(RepositoryObservation::Swept(first)));
    world.waits(300);
    let next = sweep(world.now, &[same, listed(&world, 2, 1), listed(&world, 4, 0)]);
    assert_eq!(ids(&moved(&world.state, &next)), [2, 4, 3]);
    let incomplete = Sweep { complete: false, ..next };
    assert_eq!(ids(&moved(&world.state, &incomplete)), [2, 4], "what is not listed may be on the next page");
    world.learns(&Observation::Repository(RepositoryObservation::Swept(incomplete)));
    assert!(swept(&world).open.contains_key(&PullRequestId(3)));
}

#[test]
fn sweeps_list_many_pull_requests_in_parts() {
    let mut world = a_registered_repository();
    let pr = |world: &World, id| listed(world, id, 0);
    let learns = |world: &mut World, open: &[Value], next: Option<&str>| {
        let continued = swept(world).unfinished.clone();
        let part = Sweep { complete: next.is_none(), ..sweep(world.now, open) };
        let part = part.in_parts(continued, next.map(str::to_owned));
        let moved = ids(&moved(&world.state, &part));
        world.learns(&Observation::Repository(RepositoryObservation::Swept(part)));
        moved
    };
    let all: Vec<_> = (1..=6).map(|id| pr(&world, id)).collect();
    assert_eq!(learns(&mut world, &all[..3], Some("page 2")), [1, 2, 3]);
    assert_eq!(learns(&mut world, &all[3..5], Some("page 3")), [4, 5]);
    let unfinished = swept(&world).unfinished.clone().unwrap();
    assert_eq!((unfinished.next.as_str(), unfinished.listed.len()), ("page 3", 5));
    assert_eq!(learns(&mut world, &all[5..], None), [6], "the pages before are remembered");
    assert_eq!((swept(&world).unfinished.as_ref(), swept(&world).open.len()), (None, 6));

    world.waits(300);
    let changed = pr(&world, 5);
    assert_eq!(learns(&mut world, &all[..3], Some("page 2")), [0; 0]);
    assert_eq!(learns(&mut world, &[changed, all[5].clone()], None), [5, 4], "4 is on no page");
    assert_eq!(swept(&world).open.len(), 5);
}

#[test]
fn listing_with_a_long_address_begins_anew() {
    for (bytes, is_kept) in [(4 * 1024, true), (4 * 1024 + 1, false)] {
        let mut world = a_registered_repository();
        let part = Sweep { complete: false, ..sweep(world.now, &[listed(&world, 1, 0)]) };
        let part = part.in_parts(None, Some("n".repeat(bytes)));
        world.learns(&Observation::Repository(RepositoryObservation::Swept(part)));
        assert_eq!(swept(&world).unfinished.is_some(), is_kept, "{bytes} bytes");
    }
}

#[test]
fn pull_request_that_a_listing_lacks_stays_until_its_end_is_known() {
    let mut world = a_registered_repository();
    let all = [listed(&world, 1, 0), listed(&world, 2, 0)];
    let learns = |world: &mut World, open: &[Value], noticed: &[u64]| {
        world.waits(300);
        let made = sweep(world.now, open);
        let moved = ids(&moved(&world.state, &made));
        let noticed: Vec<_> = noticed.iter().copied().map(PullRequestId).collect();
        let made = with_missing(made, &noticed);
        world.learns(&Observation::Repository(RepositoryObservation::Swept(made)));
        moved
    };
    learns(&mut world, &all, &[1, 2]);
    for _ in 0..3 {
        assert_eq!(learns(&mut world, &all[..1], &[2]), [2], "its state has it open");
    }
    assert_eq!(learns(&mut world, &all, &[]), [0; 0], "the listings were wrong");
    assert_eq!(learns(&mut world, &all[..1], &[]), [2], "its state has its end");
    assert_eq!(learns(&mut world, &all[..1], &[]), [0; 0]);
}

#[test]
fn pull_request_created_since_first_sweep_is_published() {
    let mut world = a_registered_repository();
    let old = listed(&world, 1, 4);
    let first = sweep(world.now, std::slice::from_ref(&old));
    world.learns(&Observation::Repository(RepositoryObservation::Swept(first)));
    world.waits(300);
    let next = sweep(world.now, &[old, listed(&world, 2, 0)]);
    let new = notice(swept(&world), &next, PullRequestId(2));
    assert!(new.is_new && new.since == world.now);
    let old = notice(swept(&world), &next, PullRequestId(1));
    assert!(!old.is_new && old.since < world.now);
}

#[test]
fn received_webhooks_explain_a_listing() {
    let mut world = a_pull_request();
    let gear = |world: &World, comments: u64| {
        let updated_on = world.pr().snapshot_updated_on;
        let shown =
            json!({ "id": 7, "title": "Round corners", "updated_on": updated_on, "comment_count": comments });
        Listed::from_listing(&Document::new(shown))
    };
    assert!(
        is_unexplained(&world.state, Some(&Listed::from_listing(&Document::new(listed(&world, 7, 0))))),
        "never seen"
    );
    world.writes(1, "a").reports_about(CommentCreated, 1);
    world.waits(3).polls();
    assert!(!is_unexplained(&world.state, Some(&gear(&world, 1))));
    assert!(is_unexplained(&world.state, Some(&gear(&world, 2))), "a comment was never reported");
    let later = Listed { updated_on: Some(world.now), ..gear(&world, 1) };
    assert!(is_unexplained(&world.state, Some(&later)), "it moved after the last webhook");
    let renamed = Listed { digest: String::new(), ..gear(&world, 1) };
    assert!(is_unexplained(&world.state, Some(&renamed)), "something moved without moving its time");
    assert!(is_unexplained(&world.state, None), "it ended and nobody said so");
}

#[test]
fn listing_of_an_open_pull_request_has_no_state_to_compare() {
    let mut world = a_pull_request();
    let shown = |state: Value, participants: Value| {
        json!({
            "id": 7, "title": "Gear", "state": state, "participants": participants, "updated_on": null,
        })
    };
    let first = shown(json!("OPEN"), json!([]));
    let report = world.webhook(PullRequestCreated, &json!({ "pullrequest": first }));
    world.receives(&report);
    let explains = |world: &World, shown: Value| {
        !is_unexplained(&world.state, Some(&Listed::from_listing(&Document::new(shown))))
    };
    let user = json!({ "uuid": "{bob}" });
    assert!(explains(&world, shown(Value::Null, json!([]))));
    assert!(explains(&world, shown(Value::Null, json!([{ "user": user, "state": null }]))), "no review");
    assert!(!explains(&world, shown(Value::Null, json!([{ "user": user, "state": "approved" }]))));
    assert!(!explains(&world, shown(json!("MERGED"), json!([]))));
}

#[test]
fn repository_keeps_a_limited_number_of_open_pull_requests() {
    for (highest, lowest) in [(5_000, 1), (5_001, 2)] {
        let mut world = a_registered_repository();
        let open =
            |ids: std::ops::RangeInclusive<u64>| ids.map(|id| listed(&world, id, 0)).collect::<Vec<_>>();
        let (first, newer) = (open(1..=3), open(4..=highest));
        spacing(&mut world, &first);
        // An incomplete listing: the others may still be open.
        let part = Sweep { complete: false, ..sweep(world.now, &newer) };
        world.learns(&Observation::Repository(RepositoryObservation::Swept(part)));
        assert_eq!(swept(&world).open.len(), 5_000);
        assert_eq!(swept(&world).open.keys().next().unwrap().0, lowest);
    }
}

#[test]
fn repository_that_a_sweep_finds_elsewhere_has_moved() {
    let mut world = a_registered_repository();
    let there = json!({ "uuid": "{ab}", "full_name": "globex/widgets" });
    let found = sweep(world.now, &[]).found_at(Some(there.clone()));
    world.learns(&Observation::Repository(RepositoryObservation::Swept(found)));
    assert_eq!((&swept(&world).repository, swept(&world).is_confirmed), (&there, true));
}

/// Returns the world after a sweep that lists a pull request. `is_new`: created since the first sweep.
fn noticed(is_new: bool) -> World {
    let mut world = a_pull_request();
    let since = world.now;
    let repository = json!({ "uuid": "{ab}", "full_name": "acme/widgets" });
    world.learns(&Observation::PullRequest(PullRequestObservation::SeenInSweep(
        relay::observation::Notice { repository, since, is_new, updated_on: Some(since) },
    )));
    world
}

#[test]
fn pull_request_without_webhooks_is_published_from_creation() {
    let mut world = noticed(true);
    assert_eq!(world.due(), Some((30, Reason::Reread)));
    let shown = json!({
        "id": 7, "title": "Gear", "state": "OPEN", "created_on": world.now, "updated_on": world.now,
        "participants": [], "comment_count": 1,
    });
    world.writes(1, "a").waits(30);
    assert_eq!(world.polls_all(&shown), ["pullrequest:comment_created"], "its webhook has its time");
    assert_eq!(world.waits(30).polls_all(&shown), ["pullrequest:created"]);
    assert_eq!(world.last().envelope(None).to_json()["subject"]["repository"]["full_name"], "acme/widgets");
}

#[test]
fn old_pull_request_publishes_only_later_changes() {
    let mut world = noticed(false);
    let shown = json!({
        "id": 7, "title": "Gear", "state": "MERGED", "created_on": "2026-01-01T00:00:00Z", "updated_on": world.now,
        "participants": [],
    });
    world.waits(30).polls_all(&shown);
    assert_eq!(world.waits(30).polls_all(&shown), ["pullrequest:fulfilled"]);
    assert_eq!(world.waits(60).polls_all(&shown), NOTHING);
}

#[test]
fn pull_request_that_a_first_sweep_lists_is_no_news() {
    let mut world = a_pull_request();
    let shown = json!({
        "id": 7, "title": "Gear", "state": "OPEN", "created_on": "2026-01-01T00:00:00Z", "updated_on": world.now,
        "participants": [],
    });
    world.settings.full_read_seconds = 43_200;
    let repository = json!({ "uuid": "{ab}", "full_name": "acme/widgets" });
    let listing = FirstListing { repository, shown: Document::new(shown.clone()), at: world.now };
    world.learns(&Observation::PullRequest(PullRequestObservation::FirstListed(listing)));
    let (seconds, _) = world.due().unwrap();
    assert!((0..43_200).contains(&seconds), "its full read is within half a day");
    world.waits(43_200).polls_all(&shown);
    assert_eq!(world.waits(60).polls_all(&shown), NOTHING);
}

#[test]
fn only_a_webhook_newer_than_the_sweep_explains_it() {
    let mut world = a_pull_request();
    world.reports(PullRequestCreated);
    let shown = world.now + jiff::SignedDuration::from_secs(60);
    let at = |second: i64| shown + jiff::SignedDuration::from_secs(second);
    let snapshot = |second: i64| json!({ "id": 7, "title": "Gear", "updated_on": at(second) });
    let notice = |world: &World| relay::observation::Notice {
        repository: Value::Null,
        since: world.now,
        is_new: false,
        updated_on: Some(shown),
    };
    // One of the same time may be older than the listing: not every change moves the time.
    for (second, is_explained) in [(-1, false), (0, false), (5, true)] {
        let noticed = notice(&world);
        world.learns(&Observation::PullRequest(PullRequestObservation::SeenInSweep(noticed)));
        // The webhook is older or newer than the listing.
        let report = world.webhook(PullRequestUpdated, &json!({ "pullrequest": snapshot(second) }));
        world.receives(&report);
        world.waits(30);
        let needs = relay::polling::Needs::new(world.pr(), world.now, &world.settings, false);
        assert_eq!(!needs.pull_request, is_explained, "{second} seconds after it");
        assert!(needs.tasks && world.due().unwrap().0 <= 0, "its comments and tasks are read in any case");
    }
}
