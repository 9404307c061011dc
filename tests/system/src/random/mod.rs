//! Seeded histories: three people work on two pull requests while webhooks get lost, come twice or late, the poller is
//! down or there are two of it, and the table fails now and then. Afterwards it gets quiet, and everything must hold.
//!
//! The same seed gives the same history, up to the order in which two pollers at once reach the table.

mod acts;
mod dice;
mod history;

use crate::truth;
use history::History;

/// What is done in a history, more or less.
const STEPS: u64 = 40;

/// Lives the history of a seed.
///
/// # Errors
///
/// What did not hold, and what had happened.
pub async fn live(seed: u64) -> Result<(), String> {
    let mut history = History::begin(seed).await;
    for _ in 0..STEPS {
        history.step().await;
    }
    history.quiet().await;
    let mut outcome = Ok(());
    for (pr, desk) in history.prs.into_iter().zip(&history.desks) {
        let checked = truth::check(&history.world, pr).await;
        // Where times do not tell one edit from the next, a late report can make one be told once more than it was made.
        let tells_edits_apart = history.world.setup.rules.silent_edit_moves_updated_on;
        let edits = truth::check_edits(&history.world.log(pr).await, &desk.edits);
        let checked = if tells_edits_apart { checked.and(edits) } else { checked };
        outcome = outcome.and(checked.map_err(|wrong| (pr, wrong)));
    }
    let Err((pr, wrong)) = outcome else { return Ok(()) };
    let log = history.world.events(pr).await.join("\n  ");
    let story = history.story.join("\n  ");
    Err(format!("{pr:?}: {wrong}\nwhat happened:\n  {story}\nthe log:\n  {log}"))
}
