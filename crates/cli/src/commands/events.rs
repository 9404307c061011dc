//! `events list` and `events show`.

use relay::LinkId;
use serde_json::{Value, json};
use store::SubjectLog;
use store::reading::{EventFilter, EventSummary, Reader, RepositoryFilter};

use crate::Error;
use crate::args::Filters;
use crate::output::{Report, fields, plain, pretty, table, time};
use crate::session::Session;

/// Lists the newest events.
pub(crate) async fn list(
    session: &mut Session<'_, '_>,
    filters: &Filters,
    limit: usize,
) -> Result<(), Error> {
    let reader = session.reader().await?;
    let mut filter = filter(session, filters);
    narrow(&reader, &mut filter).await?;
    let found = reader.events(&filter, limit).await?;
    if !found.complete {
        session.warn(
            "warning: the table has too many pages to read them all, so newer events may be missing; name the link, the \
             repository's UUID and the pull request",
        );
    }
    if found.events.is_empty()
        && let Some(link) = session.config.link.clone()
    {
        require_link(session, &link).await?;
    }
    let rows: Vec<_> = found.events.iter().map(row).collect();
    let text = table(["OBSERVED", "KEY", "SOURCE", "SUBJECT", "SEQ", "ACTOR", "ID"], &rows);
    let json = found.events.iter().map(head_json).collect();
    session.show(&Report { text, json });
    Ok(())
}

/// Checks that a link without events exists, if the stack of the links is configured.
async fn require_link(session: &mut Session<'_, '_>, link: &LinkId) -> Result<(), Error> {
    let Ok(links) = session.links().await else { return Ok(()) };
    if links.list().await?.contains(link) {
        return Ok(());
    }
    Err(Error::NotFound {
        message: format!("no link {link}"),
        advice: "`bitrelay link list` shows the links".to_owned(),
    })
}

/// Returns the filter that the flags describe.
pub(super) fn filter(session: &Session<'_, '_>, filters: &Filters) -> EventFilter {
    let now = session.now();
    EventFilter {
        link: session.config.link.clone(),
        repository: filters.repository.clone(),
        pull_request: filters.pr,
        key: filters.key.clone(),
        source: filters.source.map(Into::into),
        since: filters.since.map(|moment| moment.resolve(now)),
        until: filters.until.map(|moment| moment.resolve(now)),
    }
}

/// Replaces the repository's name by its id. For economy: with link, id and number, a list reads one pull
/// request instead of the whole table.
async fn narrow(reader: &Reader, filter: &mut EventFilter) -> Result<(), Error> {
    let (Some(RepositoryFilter::FullName(name)), Some(link), Some(_)) =
        (&filter.repository, &filter.link, filter.pull_request)
    else {
        return Ok(());
    };
    if let Some(id) = reader.repository_id(Some(link), name).await? {
        filter.repository = Some(RepositoryFilter::Id(id));
    }
    Ok(())
}

/// Returns an event as a row of the table.
pub(super) fn row(event: &EventSummary) -> [String; 7] {
    [
        time(event.observed_at),
        event.key.to_string(),
        event.source.as_str().to_owned(),
        subject(event),
        event.sequence.to_string(),
        actor(event.actor.as_ref()),
        event.id.to_string(),
    ]
}

/// Returns an event's subject for people, with the repository's name in place of its id.
fn subject(event: &EventSummary) -> String {
    use relay::Subject;
    let name = plain(event.repository_name.as_deref().unwrap_or_default());
    if name.is_empty() {
        return event.subject.to_string();
    }
    match &event.subject {
        Subject::PullRequest { id, .. } => format!("{name}#{id}"),
        Subject::Issue { id, .. } => format!("{name} issue {id}"),
        Subject::Commit { hash, .. } => format!("{name}@{}", hash.chars().take(12).collect::<String>()),
        Subject::Repository { .. } | Subject::Link => name,
    }
}

fn actor(actor: Option<&Value>) -> String {
    let name =
        actor.and_then(|actor| ["display_name", "nickname"].iter().find_map(|of| actor.get(of)?.as_str()));
    plain(name.unwrap_or("-"))
}

/// Returns an event's summary as JSON, with the envelope's field names.
pub(super) fn head_json(event: &EventSummary) -> Value {
    json!({
        "id": event.id,
        "key": event.key,
        "source": event.source,
        "link": event.link,
        "subject": event.subject.to_string(),
        "repository": event.repository_name,
        "sequence": event.sequence,
        "occurred_at": event.occurred_at,
        "observed_at": event.observed_at,
        "actor": event.actor,
    })
}

/// Shows one event.
pub(crate) async fn show(session: &mut Session<'_, '_>, id: &str) -> Result<(), Error> {
    let missing = || Error::NotFound {
        message: format!("no event {id} in the log"),
        advice: "`bitrelay events list` shows the newest events".to_owned(),
    };
    let place = session.reader().await?.find(id).await?.ok_or_else(missing)?;
    let table = session.table().await?;
    let after = place.sequence.saturating_sub(1);
    let found = table.events(&place.link, &place.subject, after, 1).await?;
    let event = found.into_iter().next().ok_or_else(missing)?;
    let envelope = event.envelope(None).to_json();
    let head = EventSummary::from(&event);
    let part = |name: &str| pretty(envelope.get(name).unwrap_or(&Value::Null));
    let lines = fields(&[
        ("id", head.id.to_string()),
        ("key", head.key.to_string()),
        ("source", head.source.as_str().to_owned()),
        ("link", head.link.to_string()),
        ("subject", format!("{} ({})", subject(&head), head.subject)),
        ("sequence", head.sequence.to_string()),
        ("occurred", head.occurred_at.map_or_else(|| "-".to_owned(), time)),
        ("observed", time(head.observed_at)),
        ("actor", actor(head.actor.as_ref())),
    ]);
    let text = format!(
        "{lines}\n\nchanges {}\ncounters {}\npayload {}",
        part("changes"),
        part("counters"),
        part("payload")
    );
    session.show(&Report { text, json: envelope });
    Ok(())
}
