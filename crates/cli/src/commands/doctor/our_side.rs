//! Checks on the deployment's side: stack, table, link, a delivery through the public URL, the poller, the clock.

use bitbucket::{EventKey, WebhookSecret};
use jiff::Timestamp;
use relay::{LinkId, Subject};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use store::SubjectLog;
use store::links::{LinkDocument, LinkEdit};

use super::check::Check;
use crate::Error;
use crate::commands::watch::MAX_WATCHES;
use crate::delivery::{Answer, random, send};
use crate::output::{distance, plain, time};
use crate::session::Session;

/// Age of a due watch, in seconds, from which the poller counts as dead. It runs each minute.
const OVERDUE_SECONDS: i64 = 300;

/// Largest tolerated difference of clocks, in seconds: half the default margin of a window.
const CLOCK_SECONDS: i64 = 30;

/// Largest number of new events among which the test delivery's event is searched.
const MAX_NEW_EVENTS: usize = 100;

pub(super) async fn stack(session: &mut Session<'_, '_>, link: &LinkId) -> Check {
    const NAME: &str = "stack";
    let read = async {
        let name = session.table_name().await?;
        session.table().await?.read(link, &Subject::Link).await?;
        Ok::<_, Error>(name)
    };
    match read.await {
        Ok(table) => Check::ok(NAME, format!("the table {table} can be read")),
        Err(error) => Check::failed(NAME, &error),
    }
}

pub(super) async fn link(session: &mut Session<'_, '_>, link: &LinkId) -> Check {
    const NAME: &str = "link";
    let now = session.now();
    let read = async {
        let document = LinkDocument::parse(link, &session.document(link).await?)?;
        Ok::<_, Error>(document.at(now)?)
    };
    match read.await {
        Ok(found) if found.unsigned => Check::warn(
            NAME,
            format!("{link} is unsigned: anybody who knows its URL can forge events"),
            format!("`bitrelay link rotate-secret {link}` gives it a secret"),
        ),
        Ok(found) => {
            let (count, template) = (found.webhook_secrets.len(), plain(&found.template));
            Check::ok(NAME, format!("{link}, {template}, {count} webhook secret(s) valid now"))
        }
        Err(error) => Check::failed(NAME, &error),
    }
}

/// Sends a signed delivery through the public URL and finds it in the log. Compares the clocks by the answer's date.
pub(super) async fn delivery(session: &mut Session<'_, '_>, link: &LinkId) -> Vec<Check> {
    const NAME: &str = "delivery";
    match deliver(session, link).await {
        Ok((check, answer)) => {
            let clock = clock(answer.date.as_deref(), session.now());
            [Some(check), clock].into_iter().flatten().collect()
        }
        Err(error) => vec![Check::failed(NAME, &error)],
    }
}

async fn deliver(session: &mut Session<'_, '_>, link: &LinkId) -> Result<(Check, Answer), Error> {
    const NAME: &str = "delivery";
    let edit = LinkEdit::parse(link, &session.document(link).await?)?;
    let secret = match edit.hook_secret() {
        Some(secret) => Some(WebhookSecret::new(secret.expose_secret())?),
        None => None,
    };
    let table = session.table().await?;
    let before = table.read(link, &Subject::Link).await?.sequence;
    let url = session.webhook_url(link).await?;
    let key = EventKey::Other("bitrelay:doctor".to_owned());
    let body = json!({ "bitrelay": { "doctor": hex::encode(random()?) } });
    let answer = send(&url, &key, &body, secret.as_ref()).await?;
    if answer.status != 200 {
        let found = format!("the webhook function answered {}: {}", answer.status, plain(&answer.body));
        let advice = "check --webhook-url, and the log of the webhook function";
        return Ok((Check::fail(NAME, found, advice), answer));
    }
    let id = serde_json::from_str::<Value>(&answer.body).ok();
    let id = id.and_then(|answer| Some(answer.pointer("/events/0")?.as_str()?.to_owned()));
    let logged = table.events(link, &Subject::Link, before, MAX_NEW_EVENTS).await?;
    let check = match logged.iter().find(|event| Some(event.id.as_str()) == id.as_deref()) {
        Some(event) => Check::ok(NAME, format!("a signed test delivery became event {}", event.id)),
        None => Check::fail(
            NAME,
            "the test delivery was accepted, but it is not in the log",
            "the webhook URL and the table belong to different stacks: check --webhook-url and --table",
        ),
    };
    Ok((check, answer))
}

/// Compares this machine's clock with AWS's.
fn clock(date: Option<&str>, now: Timestamp) -> Option<Check> {
    const NAME: &str = "clock";
    let theirs = jiff::fmt::rfc2822::parse(date?).ok()?.timestamp();
    let apart = theirs.duration_since(now).as_secs().abs();
    Some(if apart <= CLOCK_SECONDS {
        Check::ok(NAME, format!("this machine and AWS are at most {CLOCK_SECONDS} s apart"))
    } else {
        let advice = "set this machine's clock; the functions have their own, so nothing is lost";
        Check::warn(NAME, format!("this machine and AWS are {apart} s apart"), advice)
    })
}

/// Checks the poller. An idle poller writes nothing, so we detect a dead one by overdue watches.
pub(super) async fn poller(session: &mut Session<'_, '_>, link: &LinkId) -> Check {
    const NAME: &str = "poller";
    let now = session.now();
    let read = async { Ok::<_, Error>(session.table().await?.due(Timestamp::MAX, MAX_WATCHES).await?) };
    let watches = match read.await {
        Ok(watches) => watches,
        Err(error) => return Check::failed(NAME, &error),
    };
    let mine: Vec<_> = watches.iter().filter(|due| due.link == *link).collect();
    match mine.first().map(|due| due.watch.due_at) {
        None => Check::warn(
            NAME,
            "no watch exists yet, so the poller cannot be checked",
            "comment on a pull request, then run the check again",
        ),
        Some(first) if now.duration_since(first).as_secs() > OVERDUE_SECONDS => Check::fail(
            NAME,
            format!("a poll has been overdue since {} ({})", time(first), distance(first, now)),
            "check the poller function's log and schedule, and `bitrelay status`",
        ),
        Some(_) => Check::ok(NAME, format!("{} watches, none overdue for long", mine.len())),
    }
}
