//! `status`: budget, watches and overdue polls of each link.

use std::collections::BTreeMap;

use jiff::Timestamp;
use relay::budget::Budget;
use relay::{Account, LinkId, Reason};
use serde_json::{Value, json};
use store::{Documents, DueWatch, SubjectLog};

use super::watch::MAX_WATCHES;
use crate::Error;
use crate::output::{Report, distance, table, time};
use crate::session::Session;
use crate::sweeps::Sweeps;

/// State of a link's polling.
#[derive(Default)]
struct Polling {
    account: Option<Account>,
    /// `None` if the link's account cannot be read.
    budget: Option<Budget>,
    /// Other links with the same account, which share its budget.
    shared_with: Vec<LinkId>,
    watches: u64,
    overdue: u64,
    /// Number of subjects whose polls are refused.
    refused: u64,
    /// Number of deliveries that are accepted and not yet folded.
    kept: usize,
    /// Time of the earliest due watch.
    first_due: Option<Timestamp>,
    sweeps: Sweeps,
}

/// Shows budget, watches and overdue polls.
pub(crate) async fn status(session: &mut Session<'_, '_>) -> Result<(), Error> {
    let table_of = session.table().await?;
    let (now, limit) = (session.now(), session.calls_per_hour().await?);
    let watches = table_of.due(Timestamp::MAX, MAX_WATCHES).await?;
    if watches.len() == MAX_WATCHES {
        session.warn("warning: only the first 10,000 watches are counted");
    }
    let mut links = polling(&watches, now);
    for link in stored_links(session).await? {
        links.entry(link).or_default();
    }
    if let Some(link) = session.config.link.clone() {
        links.entry(link).or_default();
    }
    read_accounts(session, &mut links).await;
    if let Some(link) = session.config.link.clone() {
        links.retain(|id, _| *id == link);
    }
    let kept = table_of.kept(Timestamp::MAX, MAX_WATCHES).await?;
    for (link, polling) in &mut links {
        polling.kept = kept.iter().filter(|key| key.is_of(link)).count();
    }
    for polling in links.values_mut() {
        if let Some(account) = &polling.account {
            polling.budget = Some(table_of.read_document(account).await?);
        }
    }
    let rows: Vec<_> = links.iter().map(|(link, polling)| row(link, polling, limit, now)).collect();
    let polls = table(["LINK", "CALLS USED", "LEFT", "WATCHES", "OVERDUE", "OLDEST DEADLINE"], &rows);
    let sweeps = links.iter().filter_map(|(link, polling)| {
        let backlog = polling.sweeps.backlog(now)?;
        Some(format!("{link}: {backlog}; they are made in turn and delay no window"))
    });
    let refused = links.iter().filter(|(_, polling)| polling.refused > 0).map(|(link, polling)| {
        format!("{link}: polls of {} are refused; they are made again, less and less often", polling.refused)
    });
    let kept = links.iter().filter(|(_, polling)| polling.kept > 0).map(|(link, polling)| {
        format!("{link}: {} deliveries are stored and not yet folded; the poller folds them", polling.kept)
    });
    let report = Report {
        text: std::iter::once(polls).chain(sweeps).chain(refused).chain(kept).collect::<Vec<_>>().join("\n"),
        json: links.iter().map(|(link, polling)| row_json(link, polling, limit, now)).collect(),
    };
    session.show(&report);
    Ok(())
}

/// Reads the account of each link and finds the links that share it. An unreadable link does not hide the others.
async fn read_accounts(session: &mut Session<'_, '_>, links: &mut BTreeMap<LinkId, Polling>) {
    let mut sharing: BTreeMap<Account, Vec<LinkId>> = BTreeMap::new();
    for (link, polling) in links.iter_mut() {
        match session.account(link).await {
            Ok(account) => polling.account = account,
            Err(error) => session.warn(&format!("warning: cannot read the credential of {link}: {error}")),
        }
        if let Some(account) = &polling.account {
            sharing.entry(account.clone()).or_default().push(link.clone());
        }
    }
    for (link, polling) in links.iter_mut() {
        let same = polling.account.as_ref().and_then(|account| sharing.get(account));
        polling.shared_with = same.into_iter().flatten().filter(|other| *other != link).cloned().collect();
    }
}

/// Returns all links, including those without watches; empty if no stack or prefix is configured.
async fn stored_links(session: &mut Session<'_, '_>) -> Result<Vec<LinkId>, Error> {
    match session.links().await {
        Ok(links) => Ok(links.list().await?),
        // Without a stack or a prefix the command can still read the table.
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
        polling.refused += u64::from(due.watch.reason == Reason::Refused);
        polling.sweeps.count(due, now);
        polling.first_due = Some(polling.first_due.map_or(due_at, |first| first.min(due_at)));
    }
    links
}

/// Returns the used calls and the remaining ones, with the links that share them.
fn calls(polling: &Polling, limit: u32, now: Timestamp) -> [String; 2] {
    let Some(budget) = &polling.budget else { return ["-", "-"].map(str::to_owned) };
    let others: Vec<_> = polling.shared_with.iter().map(LinkId::as_str).collect();
    let about_left = [
        Some(budget.left(now, limit).to_string()),
        (!others.is_empty()).then(|| format!("shared with {}", others.join(", "))),
        budget.named_calls(now).map(|named| format!("Bitbucket allows {named}")),
        budget.is_near_by_others(now, limit).then(|| "most of it spent by others".to_owned()),
        budget.blocked(now).map(|until| format!("but Bitbucket accepts none until {}", time(until))),
    ];
    let about_left: Vec<_> = about_left.into_iter().flatten().collect();
    [format!("{} of {}", budget.spent(now), budget.allowed(now, limit)), about_left.join(", ")]
}

fn row(link: &LinkId, polling: &Polling, limit: u32, now: Timestamp) -> [String; 6] {
    let [used, left] = calls(polling, limit, now);
    let deadline = polling
        .first_due
        .map_or_else(|| "-".to_owned(), |due| format!("{} ({})", time(due), distance(due, now)));
    [link.to_string(), used, left, polling.watches.to_string(), polling.overdue.to_string(), deadline]
}

fn row_json(link: &LinkId, polling: &Polling, limit: u32, now: Timestamp) -> Value {
    let budget = polling.budget.as_ref();
    json!({
        "link": link,
        "calls": {
            "limit": budget.map_or(limit, |budget| budget.allowed(now, limit)),
            "bitbucket_limit": budget.and_then(|budget| budget.named_calls(now)),
            "near_limit": budget.is_some_and(|budget| budget.is_near_by_others(now, limit)),
            "used": budget.map(|budget| budget.spent(now)),
            "left": budget.map(|budget| budget.left(now, limit)),
            "blocked_until": budget.and_then(|budget| budget.blocked(now)),
            "shared_with": polling.shared_with,
        },
        "watches": polling.watches,
        "overdue": polling.overdue,
        "refused": polling.refused,
        "kept": polling.kept,
        "oldest_deadline": polling.first_due,
        "sweeps": {
            "count": polling.sweeps.count,
            "overdue": polling.sweeps.overdue,
            "oldest": polling.sweeps.first_due,
        },
    })
}
