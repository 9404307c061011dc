//! `events list` and `events show`.

use relay::LinkId;
use serde_json::{Value, json};
use store::SubjectLog;
use store::reading::{EventFilter, EventSummary, Log, Order, Reader, RepositoryFilter};

use crate::Error;
use crate::args::{Filters, Moment};
use crate::output::{Report, fields, plain, pretty, table, time};
use crate::session::Session;

/// Number of pages without a result after which a search shows how far it has come.
const SILENT_PAGES: u32 = 50;

/// Lists the newest events.
pub(crate) async fn list(
    session: &mut Session<'_, '_>,
    filters: &Filters,
    limit: usize,
) -> Result<(), Error> {
    let (reader, links) = (session.reader().await?, session.links_to_read().await?);
    let events = match narrowed(&reader, &links, filter(session, filters)).await? {
        Some(filter) => newest(session, reader.log(&links, filter, Order::NewestFirst), limit).await?,
        None => Vec::new(),
    };
    if events.is_empty()
        && let Some(link) = session.config.link.clone()
    {
        require_link(session, &link).await?;
    }
    let rows: Vec<_> = events.iter().map(row).collect();
    let text = table(["OBSERVED", "KEY", "SOURCE", "SUBJECT", "SEQ", "ACTOR", "ID"], &rows);
    let json = events.iter().map(head_json).collect();
    session.show(&Report { text, json });
    Ok(())
}

/// Returns the first `limit` events of a log. A long search shows how far back it is.
pub(super) async fn newest(
    session: &mut Session<'_, '_>,
    mut log: Log,
    limit: usize,
) -> Result<Vec<EventSummary>, Error> {
    let (mut found, mut silent) = (Vec::new(), 0);
    while let Some(page) = log.next().await? {
        silent = if page.is_empty() { silent + 1 } else { 0 };
        found.extend(page);
        if found.len() >= limit {
            break;
        }
        if silent == SILENT_PAGES
            && let Some(reached) = log.reached()
        {
            session.warn(&format!(
                "searched back to {}; --since ends the search earlier, Ctrl-C ends it now",
                time(reached)
            ));
            silent = 0;
        }
    }
    found.truncate(limit);
    Ok(found)
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
        id: None,
        repository: filters.repository.clone(),
        pull_request: filters.pr,
        key: filters.key.clone(),
        source: filters.source.map(Into::into),
        since: filters.since.map(|moment| moment.resolve(now)),
        until: filters.until.map(|moment| moment.resolve(now)),
    }
}

/// Replaces the repository's name by its id if the filter names a pull request: for economy, its own log is read then.
/// `None` if no event has the name.
pub(crate) async fn narrowed(
    reader: &Reader,
    links: &[LinkId],
    filter: EventFilter,
) -> Result<Option<EventFilter>, Error> {
    let (Some(RepositoryFilter::FullName(name)), Some(_)) = (&filter.repository, filter.pull_request) else {
        return Ok(Some(filter));
    };
    let id = reader.repository_id(links, name).await?;
    Ok(id.map(|id| EventFilter { repository: Some(RepositoryFilter::Id(id)), ..filter }))
}

/// Returns an event as a row of the table.
pub(super) fn row(event: &EventSummary) -> [String; 7] {
    [
        time(event.observed_at),
        event.key.to_string(),
        event.source.as_str().to_owned(),
        subject(event),
        event.sequence.to_string(),
        actor(event.actor.as_deref()),
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

fn actor(actor: Option<&str>) -> String {
    plain(actor.unwrap_or("-"))
}

/// Returns an event's summary as JSON, with the envelope's field names. The actor is a name only.
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
pub(crate) async fn show(
    session: &mut Session<'_, '_>,
    id: &str,
    since: Option<Moment>,
) -> Result<(), Error> {
    let missing = || Error::NotFound {
        message: format!("no event {id} in the log"),
        advice: "`bitrelay events list` shows the newest events".to_owned(),
    };
    let found = find(session, id, since).await?.ok_or_else(missing)?;
    let table = session.table().await?;
    let after = found.sequence.saturating_sub(1);
    let event = table.events(&found.link, &found.subject, after, 1).await?;
    let event = event.into_iter().next().ok_or_else(missing)?;
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
        ("actor", actor(head.actor.as_deref())),
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

/// Finds an event by its id, from the newest back.
pub(crate) async fn find(
    session: &mut Session<'_, '_>,
    id: &str,
    since: Option<Moment>,
) -> Result<Option<EventSummary>, Error> {
    let (reader, links) = (session.reader().await?, session.links_to_read().await?);
    let since = since.map(|moment| moment.resolve(session.now()));
    let filter = EventFilter { id: Some(id.to_owned()), since, ..EventFilter::default() };
    let found = newest(session, reader.log(&links, filter, Order::NewestFirst), 1).await?;
    Ok(found.into_iter().next())
}
