//! Changes of a pull request in any order: a consumer that applies the events' `changes` arrives at Bitbucket's
//! snapshot.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use system::{Pr, World};

/// One change of a pull request.
#[derive(Debug, Clone)]
enum Act {
    Title(u8),
    Description(u8),
    Reviewers(Vec<&'static str>),
    Draft(bool),
    Destination(u8),
    Push,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (0..4_u8).prop_map(Act::Title),
        (0..4_u8).prop_map(Act::Description),
        prop::sample::subsequence(vec!["bob", "carol"], 0..=2).prop_map(Act::Reviewers),
        any::<bool>().prop_map(Act::Draft),
        (0..3_u8).prop_map(Act::Destination),
        Just(Act::Push),
    ];
    prop::collection::vec(act, 1..12)
}

async fn does(world: &World, pr: Pr, act: &Act, uuids: &BTreeMap<&str, Value>) {
    let alice = world.alice();
    let changes = match act {
        Act::Title(n) => json!({ "title": format!("title {n}") }),
        Act::Description(n) => json!({ "description": "word ".repeat((*n).into()) }),
        Act::Reviewers(who) => {
            let reviewers: Vec<_> = who.iter().map(|name| json!({ "uuid": uuids[name] })).collect();
            json!({ "reviewers": reviewers })
        }
        Act::Draft(draft) => json!({ "draft": draft }),
        Act::Destination(n) => json!({ "destination": { "branch": { "name": format!("release-{n}") } } }),
        Act::Push => return alice.pushes(pr, "gear").await,
    };
    alice.changes(pr, changes).await;
}

/// State of a consumer that reads only `changes`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Replayed {
    fields: BTreeMap<String, Value>,
    reviewers: BTreeSet<String>,
}

impl Replayed {
    /// Returns the state that a snapshot shows.
    fn from_snapshot(snapshot: &Value) -> Self {
        let pointers = [
            ("title", "/title"),
            ("description", "/description"),
            ("draft", "/draft"),
            ("destination", "/destination/branch/name"),
            ("commits", "/source/commit/hash"),
        ];
        let field =
            |(name, pointer): (&str, &str)| (name.to_owned(), snapshot.pointer(pointer).unwrap().clone());
        let reviewers = snapshot["reviewers"].as_array().unwrap().iter();
        Self { fields: pointers.into_iter().map(field).collect(), reviewers: reviewers.map(uuid).collect() }
    }

    fn apply(&mut self, change: &Value) {
        match change["type"].as_str().unwrap() {
            "reviewer_added" => drop(self.reviewers.insert(uuid(&change["reviewer"]))),
            "reviewer_removed" => drop(self.reviewers.remove(&uuid(&change["reviewer"]))),
            field => {
                let before = self.fields.insert(field.to_owned(), change["to"].clone());
                assert_eq!(before.as_ref(), Some(&change["from"]), "{change}");
            }
        }
    }
}

fn uuid(account: &Value) -> String {
    account["uuid"].as_str().unwrap().to_owned()
}

async fn replays(acts: &[Act]) {
    let world = World::start().await;
    let pr = world.alice().opens("gear").await;
    for n in 0..3 {
        // The branches that the pull request can be retargeted to.
        world.alice().pushes(pr, &format!("release-{n}")).await;
    }
    let uuids = world.uuids(&["bob", "carol"]).await;
    for act in acts {
        world.advance(1);
        does(&world, pr, act, &uuids).await;
    }
    let log = world.log(pr).await;
    let first: Value = serde_json::from_slice(&log[0].payload).unwrap();
    let mut replayed = Replayed::from_snapshot(&first["pullrequest"]);
    for event in &log[1..] {
        let envelope = event.envelope(None).to_json();
        for change in envelope["changes"].as_array().expect("there is an earlier snapshot") {
            replayed.apply(change);
        }
    }
    assert_eq!(replayed, Replayed::from_snapshot(&world.alice().reads(pr).await), "{acts:?}");
}

#[test]
fn changes_in_any_order_replay_to_the_final_snapshot() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(25) });
    let replayed = runner.run(&acts(), |acts| {
        runtime.block_on(replays(&acts));
        Ok(())
    });
    replayed.unwrap();
}
