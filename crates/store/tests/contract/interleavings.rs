//! Random orders of deliveries, polls and faults: the log has no gap and no duplicate.

use std::collections::BTreeSet;

use proptest::prelude::*;
use store::memory::{Fault, MemoryTable};

use crate::world::{Delivery, World, comment};

/// One step.
#[derive(Debug, Clone)]
enum Step {
    /// A delivery, from one of two hooks, with its own request id or another, as a first attempt or a resend.
    Delivered { comment: u64, hook: u8, request: u8, attempt: u32 },
    /// A poll that sees the first comments, at one of three revisions.
    Polled { comments: u64, revision: u8 },
    /// The table fails at the next commit.
    Fails(Fault),
    /// Time passes.
    Passes { seconds: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..8_u64, 0..2_u8, 0..2_u8, 1..4_u32).prop_map(|(comment, hook, request, attempt)| {
            Step::Delivered { comment, hook, request, attempt }
        }),
        4 => (1..40_u64, 0..3_u8).prop_map(|(comments, revision)| Step::Polled { comments, revision }),
        2 => prop::sample::select(vec![Fault::CommitFails, Fault::CommitConflicts, Fault::AnswerLost]).prop_map(Step::Fails),
        2 => (1..900_i64).prop_map(|seconds| Step::Passes { seconds }),
    ]
}

async fn take(world: &World<MemoryTable>, step: &Step) {
    match step {
        Step::Delivered { comment, hook, request, attempt } => {
            let delivery = Delivery::comment(*comment).by_hook(&format!("hook-{hook}"));
            let request = format!("{}-{request}", delivery.request);
            // A failure becomes a 5xx. Bitbucket's resend is another step, or never comes.
            world.deliver(&delivery.under_request(&request).at_attempt(*attempt)).await.ok();
        }
        Step::Polled { comments, revision } => {
            let (text, seconds) = (format!("revision {revision}"), i64::from(*revision));
            let seen: Vec<_> = (1..=*comments).map(|id| comment(id, &text, seconds)).collect();
            world.poll(&seen).await.ok();
        }
        Step::Fails(fault) => world.table.inject(*fault, 1),
        Step::Passes { seconds } => world.clock.advance_seconds(*seconds),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_log_has_no_gap_and_no_double(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::of(MemoryTable::default());
            for step in &steps {
                take(&world, step).await;
            }
            // Fails on a gap.
            world.keys().await;
            let log = world.log().await;
            let ids: BTreeSet<_> = log.iter().map(|event| &event.id).collect();
            assert_eq!(ids.len(), log.len(), "a fact is there twice");
            let created = log.iter().filter(|event| event.key == bitbucket::EventKey::CommentCreated);
            let created: Vec<_> = created.map(|event| comment_id(&event.payload)).collect();
            assert_eq!(created.iter().collect::<BTreeSet<_>>().len(), created.len(), "created twice: {created:?}");
        });
    }
}

fn comment_id(payload: &[u8]) -> u64 {
    let payload: serde_json::Value = serde_json::from_slice(payload).unwrap();
    payload["comment"]["id"].as_u64().unwrap()
}
