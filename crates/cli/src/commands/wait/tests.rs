//! Waits on a table in memory, in the tests' own time: each pause plays the next act.

use std::cell::Cell;

use store::memory::{ManualClock, MemoryTable};

use super::*;
use crate::played::{Player, Pr, comment};

const START: &str = "2026-11-24T10:00:00Z";

fn wait(condition: Condition, since: Option<&str>) -> Wait {
    Wait {
        link: "acme".parse().unwrap(),
        subject: "pullrequest/0a1b/7".parse().unwrap(),
        name: "acme/widgets#7".to_owned(),
        condition,
        since: since.map(|since| since.parse().unwrap()),
        deadline: "2026-11-24T10:10:00Z".parse().unwrap(),
        timeout: SignedDuration::from_mins(10),
    }
}

fn gear() -> Pr {
    Pr::new(7, "Add the gear", "alice", START, "gear").head("a1")
}

/// The act of each minute.
async fn act(player: &Player<'_, MemoryTable>, minute: u32) {
    let at = |second: u32| format!("2026-11-24T10:{minute:02}:{second:02}Z");
    player.at(&at(0));
    let (key, body) = match minute {
        1 => ("pullrequest:created", gear().body("alice")),
        2 => {
            let said = comment(1, "bob", &at(0), &at(0), "Why?");
            ("pullrequest:comment_created", gear().with("bob", "comment", said))
        }
        3 => {
            let approval = json!({ "date": at(0), "user": { "display_name": "bob", "uuid": "{bob}" } });
            let approved = gear().reviewed("bob", "approved", &at(0));
            ("pullrequest:approved", approved.with("bob", "approval", approval))
        }
        4 => ("pullrequest:fulfilled", gear().ended("MERGED", &at(0)).body("alice")),
        _ => return,
    };
    player.delivers(key, body).await;
}

/// Waits while the acts are played. Returns the outcome and the minute in which it came.
async fn played(
    wait: &Wait,
    first: u32,
    play: impl AsyncFn(&Player<'_, MemoryTable>, u32),
) -> (Outcome, u32) {
    let (table, clock) = (MemoryTable::default(), ManualClock::at(START.parse().unwrap()));
    let player = Player::new(&table, &clock);
    for minute in 1..first {
        play(&player, minute).await;
    }
    let minute = Cell::new(first);
    let pause = async || {
        play(&player, minute.get()).await;
        minute.set(minute.get() + 1);
    };
    let outcome = wait.until(&table, &clock, pause).await.unwrap();
    (outcome, minute.get() - 1)
}

#[tokio::test]
async fn each_condition_is_met_when_it_happens() {
    for (condition, minute, text) in [
        (Condition::Comment, 2, "comment 1 was written by bob at 2026-11-24 10:02:00Z, event "),
        (Condition::Approved, 3, "approved, 1 approval(s) stand"),
        (Condition::Merged, 4, "merged"),
    ] {
        let (outcome, found) = played(&wait(condition, None), 1, act).await;
        let Outcome::Met(words) = outcome else { panic!("{condition:?}: {outcome:?}") };
        assert!(words.starts_with(text), "{condition:?}: {words}");
        assert_eq!(found, minute, "{condition:?}");
    }
}

#[tokio::test]
async fn earlier_event_counts_only_since_a_time() {
    let (outcome, _) = played(&wait(Condition::Comment, None), 3, act).await;
    assert_eq!(outcome, Outcome::TimedOut, "the comment came before the wait");
    let since = wait(Condition::Comment, Some("2026-11-24T10:01:30Z"));
    let (outcome, minute) = played(&since, 3, act).await;
    assert!(matches!(outcome, Outcome::Met(_)), "{outcome:?}");
    assert_eq!(minute, 2, "at the first look");
    let later = wait(Condition::Comment, Some("2026-11-24T10:02:30Z"));
    assert_eq!(played(&later, 3, act).await.0, Outcome::TimedOut);
}

#[tokio::test]
async fn wait_ends_when_the_condition_cannot_hold_any_more() {
    let declined = async |player: &Player<'_, MemoryTable>, minute: u32| match minute {
        1 => act(player, 1).await,
        2 => {
            let at = "2026-11-24T10:02:00Z";
            player.at(at).delivers("pullrequest:rejected", gear().ended("DECLINED", at).body("alice")).await;
        }
        _ => {
            player.at(&format!("2026-11-24T10:{minute:02}:00Z"));
        }
    };
    for condition in [Condition::Merged, Condition::Approved, Condition::BuildsSuccessful] {
        let (outcome, minute) = played(&wait(condition, None), 1, declined).await;
        assert_eq!(
            (outcome, minute),
            (Outcome::Impossible("it was declined".to_owned()), 2),
            "{condition:?}"
        );
    }
}

#[tokio::test]
async fn builds_are_judged_when_none_is_in_progress() {
    let outcome_of = async |last: &str| {
        let build = async |player: &Player<'_, MemoryTable>, minute: u32| {
            if minute == 1 {
                return act(player, 1).await;
            }
            let at = format!("2026-11-24T10:{minute:02}:00Z");
            let state = if minute == 4 { last } else { "INPROGRESS" };
            let body = json!({
                "repository": { "uuid": "{0a1b}", "full_name": "acme/widgets" },
                "commit_status": { "key": "tests", "state": state, "updated_on": at, "commit": { "hash": "a1".repeat(20) } },
            });
            player.at(&at).delivers("repo:commit_status_updated", body).await;
        };
        played(&wait(Condition::BuildsSuccessful, None), 1, build).await
    };
    assert_eq!(
        outcome_of("SUCCESSFUL").await,
        (Outcome::Met("1 build(s) of a1a1a1a1a1a1 are successful".to_owned()), 4)
    );
    assert_eq!(outcome_of("FAILED").await, (Outcome::Impossible("builds failed: tests".to_owned()), 4));
    assert_eq!(outcome_of("INPROGRESS").await.0, Outcome::TimedOut);
}

#[tokio::test]
async fn unknown_pull_request_is_waited_for_until_the_timeout() {
    let nothing = async |player: &Player<'_, MemoryTable>, minute: u32| {
        player.at(&format!("2026-11-24T10:{minute:02}:00Z"));
    };
    assert_eq!(played(&wait(Condition::Merged, None), 1, nothing).await, (Outcome::TimedOut, 10));
}
