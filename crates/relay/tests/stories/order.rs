//! Webhooks arrive in any order and more than once. For facts with a time, the final state and the published facts
//! do not depend on the order.

use std::collections::{BTreeMap, BTreeSet};

use bitbucket::EventKey::{self, *};
use proptest::prelude::*;
use relay::Report;
use relay::state::ReviewState;
use serde_json::{Value, json};

use crate::world::{World, a_pull_request, by_another_hook, report};

/// Actions of people, one a minute.
#[derive(Debug, Clone)]
enum Act {
    Retitles(u8),
    Pushes(u8),
    Comments,
    Edits(usize, u8),
    Deletes(usize),
    Resolves(usize),
    Approves(&'static str),
    Unapproves(&'static str),
    Merges,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let who = || prop_oneof![Just("bob"), Just("carol")];
    let act = prop_oneof![
        2 => (0..4_u8).prop_map(Act::Retitles),
        2 => (0..4_u8).prop_map(Act::Pushes),
        4 => Just(Act::Comments),
        4 => (0..4_usize, 0..4_u8).prop_map(|(comment, text)| Act::Edits(comment, text)),
        1 => (0..4_usize).prop_map(Act::Deletes),
        2 => (0..4_usize).prop_map(Act::Resolves),
        2 => who().prop_map(Act::Approves),
        1 => who().prop_map(Act::Unapproves),
        1 => Just(Act::Merges),
    ];
    proptest::collection::vec(act, 1..16)
}

/// A Bitbucket that these people change.
struct Bitbucket {
    minute: i64,
    pull_request: Value,
    comments: Vec<Value>,
    verdicts: BTreeMap<&'static str, String>,
    sent: Vec<Report>,
}

fn time(minute: i64) -> String {
    jiff::Timestamp::from_second(1_793_610_000 + 60 * minute).unwrap().to_string()
}

impl Bitbucket {
    fn new() -> Self {
        let pull_request = json!({
            "id": 7, "title": "title 0", "state": "OPEN", "created_on": time(0),
            "source": { "branch": { "name": "gear" }, "commit": { "hash": "aaaaaaaaaaa0" } },
            "destination": { "branch": { "name": "main" } }, "reviewers": [],
        });
        let (comments, verdicts, sent) = (Vec::new(), BTreeMap::new(), Vec::new());
        let mut new = Self { minute: 0, pull_request, comments, verdicts, sent };
        new.sends(PullRequestCreated, &json!({}));
        new
    }

    fn sends(&mut self, key: EventKey, more: &Value) {
        let participant = |(name, at): (&&str, &String)| {
            let user = json!({ "uuid": format!("{{{name}}}") });
            json!({ "user": user, "approved": true, "state": "approved", "participated_on": at })
        };
        self.pull_request["updated_on"] = json!(time(self.minute));
        self.pull_request["participants"] = self.verdicts.iter().map(participant).collect();
        let mut body = json!({
            "actor": { "uuid": "{alice}" }, "repository": { "uuid": "{ab}" }, "pullrequest": self.pull_request,
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.sent.push(report(key, &body));
    }

    fn about(&mut self, key: EventKey, comment: usize) {
        let comment = self.comments[comment].clone();
        self.sends(key, &json!({ "comment": comment }));
    }

    /// Index of the comment, unless it is deleted.
    fn standing(&self, comment: usize) -> Option<usize> {
        let at = comment.checked_rem(self.comments.len())?;
        (self.comments[at]["deleted"] == false).then_some(at)
    }

    fn does(&mut self, act: &Act) {
        self.minute += 1;
        let now = time(self.minute);
        match *act {
            Act::Retitles(title) => {
                self.pull_request["title"] = json!(format!("title {title}"));
                self.sends(PullRequestUpdated, &json!({}));
            }
            Act::Pushes(hash) => {
                self.pull_request["source"]["commit"]["hash"] = json!(format!("aaaaaaaaaaa{hash}"));
                self.sends(PullRequestUpdated, &json!({}));
            }
            Act::Comments => {
                let comment = json!({
                    "id": self.comments.len(), "content": { "raw": "new" }, "created_on": now, "updated_on": now,
                    "deleted": false, "inline": {},
                });
                self.comments.push(comment);
                self.about(CommentCreated, self.comments.len() - 1);
            }
            Act::Edits(comment, text) => {
                let Some(at) = self.standing(comment) else { return };
                self.comments[at]["content"]["raw"] = json!(format!("text {text}"));
                self.comments[at]["updated_on"] = json!(now);
                self.about(CommentUpdated, at);
            }
            Act::Deletes(comment) => {
                let Some(at) = self.standing(comment) else { return };
                self.comments[at]["deleted"] = json!(true);
                self.about(CommentDeleted, at);
            }
            Act::Resolves(comment) => {
                let Some(at) = self.standing(comment) else { return };
                self.comments[at]["resolution"] = json!({ "created_on": now });
                self.about(CommentResolved, at);
            }
            Act::Approves(who) => {
                self.verdicts.insert(who, now.clone());
                self.reviews(PullRequestApproved, who, &now);
            }
            Act::Unapproves(who) => {
                self.verdicts.remove(who);
                self.reviews(PullRequestUnapproved, who, &now);
            }
            // A pull request ends once.
            Act::Merges if self.pull_request["state"] == "MERGED" => {}
            Act::Merges => {
                self.pull_request["state"] = json!("MERGED");
                self.sends(PullRequestFulfilled, &json!({}));
            }
        }
    }

    fn reviews(&mut self, key: EventKey, who: &str, now: &str) {
        let approval = json!({ "date": now, "user": { "uuid": format!("{{{who}}}") } });
        self.sends(key, &json!({ "approval": approval }));
    }
}

/// The parts of the state that have a time, and the published facts.
#[derive(Debug, PartialEq)]
struct TimedState {
    snapshot: Value,
    head: Option<String>,
    ended: Option<String>,
    approvals: BTreeSet<String>,
    comments: BTreeMap<u64, (Option<String>, bool, Option<String>)>,
    facts: BTreeSet<String>,
}

fn timed_state(world: &World) -> TimedState {
    let pr = world.pr();
    let comments = pr.comments.iter().map(|(id, comment)| {
        let text = comment.standing().and_then(|standing| standing.hash.clone()).filter(|_| !comment.deleted);
        let resolved = comment.resolution.and_then(|resolution| resolution.at).map(|at| at.to_string());
        (id.0, (text, comment.deleted, resolved))
    });
    let approved = pr.published.reviews.iter().filter(|(_, review)| review.state == ReviewState::Approved);
    TimedState {
        snapshot: pr.snapshot.clone(),
        head: pr.head.as_ref().map(|head| head.hash.as_str().to_owned()),
        ended: pr.published.state.clone(),
        approvals: approved.map(|(user, _)| user.clone()).collect(),
        comments: comments.collect(),
        facts: world.log.iter().map(|event| event.id.to_string()).collect(),
    }
}

fn received<'r>(reports: impl IntoIterator<Item = &'r Report>) -> World {
    let mut world = a_pull_request();
    world.now = time(100).parse().unwrap();
    for report in reports {
        world.receives(report);
    }
    world
}

/// Generates webhooks in the order sent, and the same ones shuffled, some of them twice.
fn deliveries() -> impl Strategy<Value = (Vec<Report>, Vec<Report>)> {
    acts().prop_flat_map(|acts| {
        let mut bitbucket = Bitbucket::new();
        for act in &acts {
            bitbucket.does(act);
        }
        let sent = bitbucket.sent;
        let twice = proptest::sample::subsequence(sent.clone(), 0..=sent.len());
        let shuffled = twice.prop_flat_map({
            let sent = sent.clone();
            move |twice| {
                let again = twice.iter().map(by_another_hook);
                Just(sent.iter().cloned().chain(again).collect::<Vec<_>>()).prop_shuffle()
            }
        });
        (Just(sent), shuffled)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn order_and_duplicates_do_not_change_state_or_facts((sent, shuffled) in deliveries()) {
        prop_assert_eq!(timed_state(&received(&shuffled)), timed_state(&received(&sent)));
    }
}
