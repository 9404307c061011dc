//! `status`: budget, watches and what is overdue, for each link.

use std::collections::BTreeMap;

use jiff::Timestamp;
use relay::LinkId;
use relay::budget::Budget;
use serde_json::{Value, json};
use store::{DueWatch, Table};

use super::watch::MAX_WATCHES;
use crate::Error;
use crate::output::{Report, distance, table, time};
use crate::session::Session;

/// What is known of a link's polling.
#[derive(Default)]
struct Polling {
    budget: Budget,
    watches: u64,
    overdue: u64,
    /// The watch that has waited longest, or will be due first.
    first_due: Option<Timestamp>,
}

/// Shows them.
pub(crate) async fn status(session: &mut Session<'_, '_>) -> Result<(), Error> {
    let table_of = session.table().await?;
    let (now, limit) = (session.now(), session.calls_per_hour().await?);
    let watches = table_of.due(Timestamp::MAX, MAX_WATCHES).await?;
    if watches.len() == MAX_WATCHES {
        session.warn("warning: there are more watches than are counted here");
    }
    let mut links = polling(&watches, now);
    for link in known_links(session).await? {
        links.entry(link).or_default();
    }
    if let Some(link) = session.config.link.clone() {
        links.entry(link.clone()).or_default();
        links.retain(|id, _| *id == link);
    }
    for (link, polling) in &mut links {
        polling.budget = table_of.budget(link).await?;
    }
    let rows: Vec<_> = links.iter().map(|(link, polling)| row(link, polling, limit, now)).collect();
    let report = Report {
        text: table(["LINK", "CALLS USED", "LEFT", "WATCHES", "OVERDUE", "OLDEST DEADLINE"], &rows),
        json: links.iter().map(|(link, polling)| row_json(link, polling, limit, now)).collect(),
    };
    session.show(&report);
    Ok(())
}

/// Links that have nothing to poll show up too, where the secrets can be listed.
async fn known_links(session: &mut Session<'_, '_>) -> Result<Vec<LinkId>, Error> {
    match session.links().await {
        Ok(links) => Ok(links.list().await?),
        // Without a stack or a prefix there is still the table.
        Err(Error::NotConfigured { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn polling(watches: &[DueWatch], now: Timestamp) -> BTreeMap<LinkId, Polling> {
    let mut links: BTreeMap<LinkId, Polling> = BTreeMap::new();
    for due in watches {
        let polling = links.entry(due.link.clone()).or_default();
        let due_at = due.watch.due_at;
        polling.watches += 1;
        polling.overdue += u64::from(due_at < now);
        polling.first_due = Some(polling.first_due.map_or(due_at, |first| first.min(due_at)));
    }
    links
}

fn left(budget: &Budget, limit: u32, now: Timestamp) -> u32 {
    limit.saturating_sub(budget.spent(now))
}

fn blocked(budget: &Budget, now: Timestamp) -> Option<Timestamp> {
    budget.blocked_until.filter(|until| now < *until)
}

fn row(link: &LinkId, polling: &Polling, limit: u32, now: Timestamp) -> [String; 6] {
    let left = left(&polling.budget, limit, now);
    let left = match blocked(&polling.budget, now) {
        Some(until) => format!("{left}, but Bitbucket wants none until {}", time(until)),
        None => left.to_string(),
    };
    let deadline = polling
        .first_due
        .map_or_else(|| "-".to_owned(), |due| format!("{} ({})", time(due), distance(due, now)));
    [
        link.to_string(),
        format!("{} of {limit}", polling.budget.spent(now)),
        left,
        polling.watches.to_string(),
        polling.overdue.to_string(),
        deadline,
    ]
}

fn row_json(link: &LinkId, polling: &Polling, limit: u32, now: Timestamp) -> Value {
    json!({
        "link": link,
        "calls": {
            "limit": limit,
            "used": polling.budget.spent(now),
            "left": left(&polling.budget, limit, now),
            "blocked_until": blocked(&polling.budget, now),
        },
        "watches": polling.watches,
        "overdue": polling.overdue,
        "oldest_deadline": polling.first_due,
    })
}
