//! Checks on the deployment's side: stack, table, link, a delivery through the public URL, the poller, the clock.

use bitbucket::{EventKey, WebhookSecret};
use jiff::{SignedDuration, Timestamp};
use relay::{LinkId, Reason, Subject};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use store::links::{LinkDocument, LinkEdit};
use store::{DueWatch, KeptKey, SubjectLog};

use super::check::Check;
use crate::Error;
use crate::commands::watch::MAX_WATCHES;
use crate::delivery::{Answer, random, send};
use crate::output::{distance, plain, time};
use crate::session::Session;
use crate::sweeps::{OVERDUE_SECONDS, Sweeps, is_overdue};

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
        Ok(found) if found.unsigned && found.credential.is_some() && found.named().targets.is_empty() => {
            Check::warn(
                NAME,
                format!(
                    "{link} is unsigned and names no repository: anybody who knows its URL can forge events, and its polls \
                     find nothing"
                ),
                format!(
                    "`bitrelay link sweep {link} --add WORKSPACE/SLUG` names a repository; `bitrelay link rotate-secret \
                     {link}` gives the link a secret"
                ),
            )
        }
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
    let read = async {
        let table = session.table().await?;
        // A delivery that the minute's run can still fold does not count.
        let before = now.saturating_sub(SignedDuration::from_secs(OVERDUE_SECONDS)).unwrap_or(now);
        Ok::<_, Error>((
            table.due(Timestamp::MAX, MAX_WATCHES).await?,
            table.kept(before, MAX_WATCHES).await?,
        ))
    };
    let (watches, kept) = match read.await {
        Ok(read) => read,
        Err(error) => return Check::failed(NAME, &error),
    };
    poller_of(link, &watches, &kept, now)
}

/// Judges the poller by the watches of all links and the deliveries that are kept for long.
pub(super) fn poller_of(link: &LinkId, watches: &[DueWatch], kept: &[KeptKey], now: Timestamp) -> Check {
    const NAME: &str = "poller";
    let kept = kept.iter().filter(|key| key.is_of(link)).count();
    if kept > 0 {
        return Check::fail(
            NAME,
            format!("{kept} deliveries are stored and not folded"),
            "check the poller function's log for alarm=\"delivery_unfolded\", and its schedule",
        );
    }
    let of_link: Vec<_> = watches.iter().filter(|due| due.link == *link).cloned().collect();
    judge(&of_link, now)
}

/// Judges the poller by the watches of a link, the longest due first.
fn judge(watches: &[DueWatch], now: Timestamp) -> Check {
    const NAME: &str = "poller";
    let is_late = |due: &&DueWatch| is_overdue(due.watch.due_at, now);
    // A poller that runs has planned some of the watches anew. Only patient ones may be late meanwhile.
    let late = watches.iter().find(|due| is_late(due) && !due.watch.is_patient());
    let stopped = watches.first().filter(|_| watches.iter().all(|due| is_late(&due)));
    let mut sweeps = Sweeps::default();
    for due in watches {
        sweeps.count(due, now);
    }
    if watches.is_empty() {
        return Check::warn(
            NAME,
            "no watch exists yet, so the poller cannot be checked",
            "comment on a pull request, then run the check again",
        );
    }
    if let Some(first) = late.or(stopped).map(|due| due.watch.due_at) {
        return Check::fail(
            NAME,
            format!("a poll has been overdue since {} ({})", time(first), distance(first, now)),
            "check the poller function's log and schedule, and `bitrelay status`",
        );
    }
    let refused = watches.iter().filter(|due| due.watch.reason == Reason::Refused).count();
    if refused > 0 {
        return Check::warn(
            NAME,
            format!(
                "polls of {refused} of {} watched subjects are refused (403, 404, 410, no credential, or an unsigned \
                 link that does not name their repository)",
                watches.len()
            ),
            "give the credential access to their repositories, or name them with `bitrelay link sweep`; the polls are made \
             again within an hour, after a month within a day",
        );
    }
    match sweeps.backlog(now) {
        Some(backlog) => Check::warn(
            NAME,
            backlog,
            "they are made in turn and delay no window; with fewer repositories (`bitrelay link sweep`) or more \
             calls (CallsPerHour) they are made more often",
        ),
        None => Check::ok(NAME, format!("{} watches, none overdue for long", watches.len())),
    }
}

#[cfg(test)]
mod tests {
    use relay::Watch;

    use super::*;

    #[test]
    fn overdue_sweeps_are_no_stopped_poller() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (watches, line) in [
            (&[][..], "warn  poller      no watch exists yet"),
            (&[(Reason::Sweep, 9_900)], "ok    poller      1 watches, none overdue for long"),
            (&[(Reason::Sweep, 600)], "fail  poller      a poll has been overdue since 1970-01-01 00:10:00Z"),
            (
                &[(Reason::QuietSweep, 600), (Reason::Sweep, 9_900)],
                "warn  poller      1 of 2 sweeps are overdue, the oldest since 1970-01-01 00:10:00Z",
            ),
            (
                &[(Reason::Sweep, 9_900), (Reason::Refused, 13_600)],
                "warn  poller      polls of 1 of 2 watched subjects are refused (403, 404, 410, no credential, or an unsigned \
                 link that does not name their repository)",
            ),
            (
                &[(Reason::QuietSweep, 600), (Reason::Tasks, 900), (Reason::Sweep, 9_900)],
                "fail  poller      a poll has been overdue since 1970-01-01 00:15:00Z",
            ),
        ] {
            let watches = watches.iter().map(|(reason, second)| DueWatch {
                link: "acme".parse().unwrap(),
                subject: Subject::Link,
                watch: Watch { due_at: at(*second), reason: *reason, deadline: None },
            });
            let found = judge(&watches.collect::<Vec<_>>(), at(10_000)).line();
            assert!(found.starts_with(line), "{line}: {found}");
        }
    }
}
