//! Guarantees that hold in any order, with any loss and any duplicate (G3, G4, G5, G6, G9).
//!
//! `World` checks after every fold that the sequence has no gap and that no id occurs twice.

use std::collections::BTreeSet;

use bitbucket::EventKey::{self, *};
use proptest::prelude::*;
use relay::Report;
use relay::Settings;
use relay::observation::PullRequestPoll;

use crate::world::{World, a_polled_pull_request, by_another_hook};

/// Fate of the webhook of a change.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    ArrivesTwice,
    Late,
    Lost,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Write(u64, Fate),
    Edit(u64, u8, Fate),
    EditWithoutTime(u64, u8, Fate),
    Delete(u64, Fate),
    Empty(u64, Fate),
    Resolve(u64, Fate),
    Reopen(u64, Fate),
    AddTask(u64),
    EditTask(u64, u8),
    ToggleTask(u64),
    DeleteTask(u64),
    Wait(i64),
    Poll,
    /// A slow poller begins; it ends at the next `EndPoll`.
    BeginPoll,
    EndPoll,
    /// The late webhook at this index arrives.
    Deliver(usize),
    Refuse,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![Just(Fate::Arrives), Just(Fate::ArrivesTwice), Just(Fate::Late), Just(Fate::Lost)]
}

fn step() -> impl Strategy<Value = Step> {
    let id = || 1..4_u64;
    prop_oneof![
        3 => (id(), fate()).prop_map(|(id, fate)| Step::Write(id, fate)),
        4 => (id(), 0..4_u8, fate()).prop_map(|(id, text, fate)| Step::Edit(id, text, fate)),
        2 => (id(), 0..4_u8, fate()).prop_map(|(id, text, fate)| Step::EditWithoutTime(id, text, fate)),
        1 => (id(), fate()).prop_map(|(id, fate)| Step::Delete(id, fate)),
        1 => (id(), fate()).prop_map(|(id, fate)| Step::Empty(id, fate)),
        2 => (id(), fate()).prop_map(|(id, fate)| Step::Resolve(id, fate)),
        2 => (id(), fate()).prop_map(|(id, fate)| Step::Reopen(id, fate)),
        2 => id().prop_map(Step::AddTask),
        2 => (id(), 0..4_u8).prop_map(|(id, text)| Step::EditTask(id, text)),
        3 => id().prop_map(Step::ToggleTask),
        1 => id().prop_map(Step::DeleteTask),
        4 => (1..60_i64).prop_map(Step::Wait),
        1 => (110..160_i64).prop_map(Step::Wait),
        3 => Just(Step::Poll),
        2 => Just(Step::BeginPoll),
        2 => Just(Step::EndPoll),
        3 => (0..8_usize).prop_map(Step::Deliver),
        1 => Just(Step::Refuse),
    ]
}

/// A world, and the webhooks and polls that have not arrived yet.
struct Course {
    world: World,
    late: Vec<Report>,
    slow: Option<PullRequestPoll>,
}

impl Course {
    fn new() -> Self {
        let mut world = a_polled_pull_request();
        // Short windows need fewer polls, so the test is faster.
        world.settings = Settings {
            window_seconds: 120,
            margin_seconds: 10,
            poll_interval_seconds: 15,
            grace_seconds: 10,
            tail_seconds: [30, 100, 0],
            sweep_seconds: 300,
            full_read_seconds: 0,
            task_interval_seconds: 0,
            ..Settings::default()
        };
        Self { world, late: Vec::new(), slow: None }
    }

    fn report(&mut self, key: EventKey, id: u64, fate: Fate) {
        let report = self.world.webhook_about(key, id);
        match fate {
            Fate::Arrives => drop(self.world.receives(&report)),
            Fate::ArrivesTwice => {
                self.world.receives(&report);
                self.world.receives(&by_another_hook(&report));
            }
            Fate::Late => self.late.push(report),
            Fate::Lost => {}
        }
    }

    fn take(&mut self, step: Step) {
        // No clock separates two changes of one moment.
        self.world.waits(1);
        match step {
            Step::Write(..)
            | Step::Edit(..)
            | Step::EditWithoutTime(..)
            | Step::Delete(..)
            | Step::Empty(..)
            | Step::Resolve(..)
            | Step::Reopen(..) => self.change_a_comment(step),
            Step::AddTask(..) | Step::EditTask(..) | Step::ToggleTask(..) | Step::DeleteTask(..) => {
                self.change_a_task(step);
            }
            Step::Wait(seconds) => {
                self.world.waits(seconds);
            }
            Step::Poll => {
                let poll = self.world.begins_a_poll();
                self.world.ends_the_poll(poll.clone());
                assert_eq!(
                    self.world.ends_the_poll(poll),
                    [] as [&str; 0],
                    "the same poll twice is no event"
                );
            }
            Step::BeginPoll => self.slow = Some(self.world.begins_a_poll()),
            Step::EndPoll => drop(self.slow.take().map(|poll| self.world.ends_the_poll(poll))),
            Step::Deliver(place) if place < self.late.len() => {
                let report = self.late.remove(place);
                self.world.receives(&report);
            }
            Step::Deliver(_) => {}
            Step::Refuse => drop(self.world.is_refused()),
        }
        assert_no_window_is_dropped(&self.world);
    }

    fn change_a_comment(&mut self, step: Step) {
        let world = &mut self.world;
        match step {
            Step::Write(id, fate) if !world.ever_had_comment(id) => {
                world.writes(id, "t0");
                self.report(CommentCreated, id, fate);
            }
            Step::Edit(id, text, fate) if world.has_comment(id) => {
                world.edits(id, &format!("t{text}"));
                self.report(CommentUpdated, id, fate);
            }
            Step::EditWithoutTime(id, text, fate) if world.has_comment(id) => {
                world.edits_without_moving_its_time(id, &format!("t{text}"));
                self.report(CommentUpdated, id, fate);
            }
            Step::Delete(id, fate) if world.has_comment(id) => {
                world.deletes(id);
                self.report(CommentDeleted, id, fate);
            }
            Step::Empty(id, fate) if world.has_comment(id) => {
                world.empties(id);
                self.report(CommentDeleted, id, fate);
            }
            Step::Resolve(id, fate) if world.has_comment(id) && !world.is_resolved(id) => {
                world.resolves(id);
                self.report(CommentResolved, id, fate);
            }
            Step::Reopen(id, fate) if world.has_comment(id) && world.is_resolved(id) => {
                world.reopens(id);
                self.report(CommentReopened, id, fate);
            }
            _ => {}
        }
    }

    fn change_a_task(&mut self, step: Step) {
        let world = &mut self.world;
        let _ = match step {
            Step::AddTask(id) if !world.ever_had_task(id) => world.adds_a_task(id, "t0"),
            Step::EditTask(id, text) if world.has_task(id) => world.edits_the_task(id, &format!("t{text}")),
            Step::ToggleTask(id) if world.has_task(id) && world.is_task_resolved(id) => {
                world.reopens_the_task(id)
            }
            Step::ToggleTask(id) if world.has_task(id) => world.resolves_the_task(id),
            Step::DeleteTask(id) if world.has_task(id) => world.deletes_the_task(id),
            _ => world,
        };
    }

    /// Delivers all late webhooks, ends all polls, and polls until nothing is due.
    fn settles(&mut self) {
        for report in std::mem::take(&mut self.late) {
            self.world.receives(&report);
        }
        self.world.reports(PullRequestUpdated);
        for _ in 0..1_000 {
            let Some((wait, _)) = self.world.due() else { return };
            self.world.waits(wait.max(1)).polls();
        }
        panic!("it is due without end");
    }
}

/// Checks that each window without a complete poll after its end is due by its end at the latest, or a minute after a
/// refused poll.
fn assert_no_window_is_dropped(world: &World) {
    let known = world.pr();
    let Settings { window_seconds, margin_seconds, .. } = world.settings;
    for (id, comment) in known.comments.iter().filter(|(_, comment)| !comment.deleted) {
        let seconds = i64::from(window_seconds + margin_seconds);
        let closes = comment.changed_at + jiff::SignedDuration::from_secs(seconds);
        if known.polled_at.is_none_or(|polled| polled < closes) {
            let watch = world.state.watch.unwrap_or_else(|| panic!("the window of {id} is not watched"));
            let retried =
                world.state.refusal.map(|refusal| refusal.at + jiff::SignedDuration::from_secs(300));
            let latest = Some(closes).max(retried);
            assert!(Some(watch.due_at) <= latest, "the window of {id} is checked too late");
        }
    }
}

/// Returns the keys of the events about a comment or task, in order.
fn event_keys_of(world: &World, item: &str, id: u64) -> Vec<String> {
    let about = |event: &&relay::Event| {
        let payload: serde_json::Value = serde_json::from_slice(&event.payload).unwrap();
        payload[item]["id"] == id
    };
    world.log.iter().filter(about).map(|event| event.key.to_string()).collect()
}

fn assert_matches_bitbucket(world: &World) {
    for id in 1..4 {
        let story = event_keys_of(world, "comment", id);
        if world.has_comment(id) {
            assert!(world.has_newest_text_of(id), "comment {id} {story:?}");
            assert!(!world.comment_state(id).deleted);
            assert_eq!(
                world.comment_state(id).resolution.is_some(),
                world.is_resolved(id),
                "comment {id} {story:?}"
            );
            assert!(!story.is_empty(), "comment {id}");
        } else if let Some(known) = world.pr().comments.get(&bitbucket::CommentId(id)) {
            assert!(known.deleted, "comment {id} {story:?}");
        }
        let story = event_keys_of(world, "task", id);
        if world.has_task(id) {
            assert!(world.has_newest_text_of_task(id), "task {id} {story:?}");
            assert_eq!(
                world.task_state(id).resolution.is_some(),
                world.is_task_resolved(id),
                "task {id} {story:?}"
            );
            assert_eq!(story[0], "pullrequest:task_created");
        } else if let Some(known) = world.pr().tasks.get(&bitbucket::TaskId(id)) {
            assert!(known.deleted);
            assert_eq!(story.last().unwrap(), "pullrequest:task_deleted");
        }
    }
}

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    // Set PROPTEST_CASES=5000 in the environment for more.
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { 100 };
    ProptestConfig { failure_persistence: None, cases, max_shrink_iters: 20_000, ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn final_state_matches_bitbucket_after_any_history(steps in prop::collection::vec(step(), 1..60)) {
        let mut course = Course::new();
        for step in steps {
            course.take(step);
        }
        course.settles();
        assert_matches_bitbucket(&course.world);
    }

    /// Without polls, only the times in the webhooks give the order.
    #[test]
    fn newest_revision_stands_in_any_webhook_order(
        texts in prop::collection::vec(0..3_u8, 1..8),
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..30),
    ) {
        let mut world = a_polled_pull_request();
        let mut reports = vec![world.writes(1, "first").webhook_about(CommentCreated, 1)];
        for text in &texts {
            world.waits(700).edits(1, &format!("t{text}"));
            reports.push(world.webhook_about(CommentUpdated, 1));
        }
        let heard: Vec<usize> = order.iter().map(|index| index.index(reports.len())).collect();
        for index in &heard {
            world.receives(&reports[*index]);
        }
        let distinct: BTreeSet<usize> = heard.iter().copied().collect();
        prop_assert_eq!(world.log.len() - 1, distinct.len(), "each revision is one event");
        let newest = *distinct.last().unwrap();
        let text = if newest == 0 { "first".to_owned() } else { format!("t{}", texts[newest - 1]) };
        let standing = world.comment_state(1).standing().unwrap().hash.clone();
        // `created` carries the first text; received last, it must not replace the edits.
        if newest != 0 {
            prop_assert_eq!(standing, Some(crate::world::hash(&text)));
        }
    }
}
