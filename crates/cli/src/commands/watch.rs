//! `watch list`.

use std::collections::BTreeMap;

use bitbucket::RepositoryId;
use jiff::Timestamp;
use relay::Subject;
use serde_json::{Value, json};
use store::{DueWatch, DynamoTable, SubjectLog};

use crate::Error;
use crate::output::{Report, distance, plain, table, time};
use crate::session::Session;

/// Largest number of watches that one command reads.
pub(crate) const MAX_WATCHES: usize = 10_000;

/// Length of a shortened commit hash, as in `events`.
const SHORT_HASH_CHARS: usize = 12;

/// Lists the next polls.
pub(crate) async fn list(session: &mut Session<'_, '_>, limit: usize) -> Result<(), Error> {
    let table_of = session.table().await?;
    let (now, link) = (session.now(), session.config.link.clone());
    // The index holds the watches of all links, so those of one link may come late: read as many as allowed.
    let count = if link.is_some() { MAX_WATCHES } else { limit };
    let watches = table_of.due(Timestamp::MAX, count).await?;
    let of_link = |due: &DueWatch| link.as_ref().is_none_or(|link| *link == due.link);
    let watches: Vec<_> = watches.into_iter().filter(of_link).take(limit).collect();
    let names = names(&table_of, &watches).await?;
    let rows: Vec<_> = watches.iter().map(|due| row(due, &names, now)).collect();
    let report = Report {
        text: table(["DUE", "", "REASON", "LINK", "SUBJECT"], &rows),
        json: watches.iter().map(|due| row_json(due, &names, now)).collect(),
    };
    session.show(&report);
    Ok(())
}

type Names = BTreeMap<RepositoryId, String>;

/// Reads the names of the repositories, one read each: the index of watches has ids only.
async fn names(table: &DynamoTable, watches: &[DueWatch]) -> Result<Names, Error> {
    let mut names = Names::new();
    for due in watches {
        let Some(repository) = due.subject.repository().filter(|id| !names.contains_key(*id)) else {
            continue;
        };
        let state = table.read(&due.link, &due.subject).await?;
        let name = state.repository_object().and_then(|repository| repository.get("full_name")?.as_str());
        names.insert(repository.clone(), plain(name.unwrap_or(repository.as_str())));
    }
    Ok(names)
}

fn subject(due: &DueWatch, names: &Names) -> String {
    match (&due.subject, due.subject.repository().and_then(|id| names.get(id))) {
        (Subject::PullRequest { id, .. }, Some(name)) => format!("{name}#{id}"),
        (Subject::Commit { hash, .. }, Some(name)) => {
            let short: String = hash.chars().take(SHORT_HASH_CHARS).collect();
            format!("{name}@{short}")
        }
        (subject, _) => subject.to_string(),
    }
}

fn row(due: &DueWatch, names: &Names, now: Timestamp) -> [String; 5] {
    let overdue = if due.watch.due_at < now { "overdue, " } else { "" };
    [
        time(due.watch.due_at),
        format!("{overdue}{}", distance(due.watch.due_at, now)),
        due.watch.reason.as_str().to_owned(),
        due.link.to_string(),
        subject(due, names),
    ]
}

fn row_json(due: &DueWatch, names: &Names, now: Timestamp) -> Value {
    json!({
        "link": due.link,
        "subject": due.subject.to_string(),
        "repository": due.subject.repository().and_then(|id| names.get(id)),
        "due_at": due.watch.due_at,
        "overdue": due.watch.due_at < now,
        "reason": due.watch.reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay::{Reason, Watch};

    #[test]
    fn watches_show_bitbuckets_names() {
        let names = Names::from([(RepositoryId::new("{ab}"), "acme/widgets".to_owned())]);
        let due = |subject: &str| DueWatch {
            link: "acme".parse().unwrap(),
            subject: subject.parse().unwrap(),
            watch: Watch { due_at: Timestamp::UNIX_EPOCH, reason: Reason::Tail, deadline: None },
        };
        for (of, shown) in [
            ("pullrequest/ab/7", "acme/widgets#7"),
            ("commit/ab/c0ffee00c0ffee00", "acme/widgets@c0ffee00c0ff"),
            ("commit/cd/c0ffee00", "commit/cd/c0ffee00"),
        ] {
            assert_eq!(subject(&due(of), &names), shown);
        }
    }
}
