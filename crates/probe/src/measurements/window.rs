//! The time in which edits of a comment are silent.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::Error;
use crate::bench::{ARRIVAL_SECONDS, Bench, LOOK, has_moved};
use crate::findings::Answer;
use crate::question::Question;
use crate::sandbox::id_of;

/// Ages at which comments are edited, in seconds: dense about the ten minutes that are documented
/// (<https://developer.atlassian.com/platform/forge/events-reference/bitbucket/>).
const AGES: [u64; 13] = [10, 30, 60, 120, 240, 420, 540, 570, 590, 610, 630, 660, 720];

/// The most edits that look for a restart.
const MAX_EDITS: u64 = 10;

/// A comment that is edited once.
#[derive(Debug)]
struct Edited {
    id: u64,
    created_at: Timestamp,
    /// Its age at the edit, in seconds.
    age: u64,
}

pub(super) async fn window(bench: &Bench<'_>) -> Result<(), Error> {
    let mut comments = Vec::new();
    for age in AGES {
        let id = id_of(&bench.pr.comment(&format!("Edited after {age} s")).await?)?;
        comments.push(Edited { id, created_at: bench.time.now(), age });
    }
    let mut moves = None;
    for edited in &mut comments {
        let is_first = moves.is_none();
        let before = if is_first {
            // The pull request shows all comments then.
            bench.settle().await;
            Some(both(bench, edited.id).await?)
        } else {
            None
        };
        wait_until(bench, edited.created_at, edited.age).await;
        bench.pr.edit(edited.id, "Edited").await?;
        edited.age = seconds_since(bench, edited.created_at);
        (bench.progress)(&format!("  edited after {} s", edited.age));
        if let Some((comment, pr)) = before {
            bench.settle().await;
            let (comment_after, pr_after) = both(bench, edited.id).await?;
            moves = Some((has_moved(&comment, &comment_after)?, has_moved(&pr, &pr_after)?));
        }
    }
    bench.time.wait(ARRIVAL_SECONDS * LOOK).await;
    let (reported, silent): (Vec<_>, Vec<_>) =
        comments.iter().partition(|edited| is_reported(bench, edited.id));
    let silent_until = silent.iter().map(|edited| edited.age).max();
    let reported_from = reported.iter().map(|edited| edited.age).min();
    bench.add(Question::Window, answer(silent_until, reported_from, bench.setup.window_seconds.into()));
    let first_is_silent = comments.first().is_some_and(|first| !is_reported(bench, first.id));
    let (comment, pr) = moves.filter(|_| first_is_silent).ok_or(Error::Inconclusive("no edit was silent"))?;
    bench.add(Question::EditMovesComment, Answer::yes(comment));
    bench.add(Question::EditMovesPullRequest, Answer::yes(pr));
    Ok(())
}

async fn both(bench: &Bench<'_>, comment: u64) -> Result<(serde_json::Value, serde_json::Value), Error> {
    let shown = bench.pr.read_comment(comment).await?.ok_or(Error::Missing("comment"))?;
    Ok((shown, bench.pr.read().await?))
}

fn is_reported(bench: &Bench<'_>, comment: u64) -> bool {
    let mut deliveries = bench.listener.deliveries().into_iter();
    deliveries.any(|one| one.key == "pullrequest:comment_updated" && one.is_about(comment))
}

fn seconds_since(bench: &Bench<'_>, since: Timestamp) -> u64 {
    bench.time.now().duration_since(since).unsigned_abs().as_secs()
}

async fn wait_until(bench: &Bench<'_>, since: Timestamp, seconds: u64) {
    let passed = bench.time.now().duration_since(since).unsigned_abs();
    bench.time.wait(Duration::from_secs(seconds).saturating_sub(passed)).await;
}

/// The answer from the oldest comment whose edit was silent, and the youngest whose edit was reported.
fn answer(silent_until: Option<u64>, reported_from: Option<u64>, assumed: u64) -> Answer {
    let value = json!({ "silent_until": silent_until, "reported_from": reported_from });
    let (text, advice) = match (silent_until, reported_from) {
        (Some(silent), Some(reported)) if silent > reported => (
            format!("not the same for all: one of {silent} s was silent, one of {reported} s reported"),
            None,
        ),
        (Some(silent), Some(reported)) => {
            let fits = silent <= assumed && assumed <= reported.saturating_add(reported / 5);
            (format!("{silent} to {reported} s"), (!fits).then(|| format!("WindowSeconds={reported}")))
        }
        (Some(silent), None) => {
            let advice = (silent > assumed).then(|| format!("WindowSeconds={}, or more", silent * 2));
            (format!("more than {silent} s"), advice)
        }
        (None, reported) => (format!("less than {} s", reported.unwrap_or_default()), None),
    };
    Answer::seen(value, text).advise(advice)
}

/// Edits a comment several times. No edit comes after a longer time than is silent since the one before, and the last
/// one comes later than is silent since the creation: it is silent only if the others start the time again.
pub(super) async fn restart(bench: &Bench<'_>) -> Result<(), Error> {
    let window = bench.findings.borrow().value(Question::Window);
    let seconds = |name: &str| window.get(name).and_then(serde_json::Value::as_u64);
    let (Some(silent), Some(reported)) = (seconds("silent_until"), seconds("reported_from")) else {
        return Err(Error::Inconclusive("the time of silent edits is not known"));
    };
    let end = reported + reported / 20 + 1;
    let edits = end.div_ceil((silent * 4 / 5).max(1));
    if edits > MAX_EDITS || silent > reported {
        return Err(Error::Inconclusive("the time of silent edits is not known well enough"));
    }
    let id = id_of(&bench.pr.comment("Edited several times").await?)?;
    let created_at = bench.time.now();
    for edit in 1..=edits {
        wait_until(bench, created_at, end * edit / edits).await;
        bench.pr.edit(id, &format!("Edit {edit}")).await?;
        (bench.progress)(&format!("  edited after {} s", seconds_since(bench, created_at)));
    }
    bench.time.wait(ARRIVAL_SECONDS * LOOK).await;
    bench.add(Question::Restart, Answer::yes(!is_reported(bench, id)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(silent_until: Option<u64>, reported_from: Option<u64>) -> Option<String> {
        match answer(silent_until, reported_from, 600) {
            Answer::Seen { advice, .. } => advice,
            Answer::Unmeasured(reason) => Some(reason),
        }
    }

    #[test]
    fn window_that_does_not_fit_is_to_be_set() {
        assert_eq!(advice(Some(590), Some(610)), None);
        assert_eq!(advice(Some(610), Some(630)), Some("WindowSeconds=630".to_owned()), "edits would be lost");
        assert_eq!(
            advice(Some(240), Some(420)),
            Some("WindowSeconds=420".to_owned()),
            "calls would be wasted"
        );
        assert_eq!(advice(Some(720), None), Some("WindowSeconds=1440, or more".to_owned()));
        assert_eq!(advice(None, Some(10)), None, "every edit is reported");
    }
}
