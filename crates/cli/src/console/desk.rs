//! Answers of the command itself. The pages ask it for what needs the session: links, budgets, the checks of `doctor`.

use std::collections::BTreeSet;

use futures::future::try_join_all;
use futures::try_join;
use jiff::{SignedDuration, Timestamp};
use relay::LinkId;
use serde_json::Value;
use store::links::{LinkEdit, LinkSummary};
use store::{Documents, DueWatch, KeptKey, Shard, SubjectLog};
use tokio::sync::{mpsc, oneshot};

use crate::Error;
use crate::commands::doctor;
use crate::output::plain;
use crate::session::Session;
use crate::sweeps::OVERDUE_SECONDS;

/// Largest number of links that the health page checks.
const MAX_LINKS: usize = 20;

/// Largest number of watches, and of kept deliveries, that are read of a shard.
const MAX_WATCHES: usize = 2_000;

/// A question to the command.
#[derive(Debug)]
pub(super) enum Question {
    /// The facts of the stack and its links.
    Stack(oneshot::Sender<Result<StackFacts, Error>>),
    /// The checks of one link that call Bitbucket.
    Bitbucket(LinkId, oneshot::Sender<Vec<Sentence>>),
}

/// Facts of the stack.
#[derive(Debug, Clone, Default)]
pub(super) struct StackFacts {
    pub(super) links: Vec<LinkFacts>,
    /// The planned polls of all links, the longest due first.
    pub(super) watches: Vec<DueWatch>,
    /// The deliveries that are stored and not yet folded.
    pub(super) kept: Vec<KeptKey>,
    /// The number of dead letters, in words.
    pub(super) dead_letters: String,
}

/// Facts of a link.
#[derive(Debug, Clone)]
pub(super) struct LinkFacts {
    pub(super) link: LinkId,
    pub(super) hooks: String,
    pub(super) credential: String,
    /// `None` if the link has no credential.
    pub(super) calls: Option<Calls>,
    pub(super) sentences: Vec<Sentence>,
    /// True if it has a credential with which Bitbucket can be asked.
    pub(super) can_ask: bool,
}

/// Calls of an account in its rolling hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) spent: u32,
    pub(super) allowed: u32,
    pub(super) left: u32,
    pub(super) blocked_until: Option<Timestamp>,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentence {
    pub(super) check: String,
    /// `ok`, `warn` or `fail`.
    pub(super) level: String,
    pub(super) found: String,
    pub(super) advice: String,
}

/// The desk as the pages see it.
#[derive(Debug, Clone)]
pub(super) struct Desk(mpsc::Sender<Question>);

impl Desk {
    /// Returns a desk and the questions that it receives.
    pub(super) fn open() -> (Self, mpsc::Receiver<Question>) {
        let (sender, questions) = mpsc::channel(16);
        (Self(sender), questions)
    }

    pub(super) async fn stack(&self) -> Result<StackFacts, Error> {
        self.ask(Question::Stack).await?
    }

    pub(super) async fn bitbucket(&self, link: LinkId) -> Result<Vec<Sentence>, Error> {
        self.ask(|reply| Question::Bitbucket(link, reply)).await
    }

    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Question) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let ended = || Error::Internal("the console is ending".to_owned());
        self.0.send(question(reply)).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())
    }
}

/// Answers one question. A page that has gone away needs no answer.
pub(super) async fn answer(session: &mut Session<'_, '_>, question: Question) {
    match question {
        Question::Stack(reply) => drop(reply.send(stack(session).await)),
        Question::Bitbucket(link, reply) => {
            let of_console = session.config.link.replace(link.clone());
            let checks = doctor::bitbucket_checks(session, &link).await;
            session.config.link = of_console;
            drop(reply.send(sentences(&checks)));
        }
    }
}

async fn stack(session: &mut Session<'_, '_>) -> Result<StackFacts, Error> {
    let (table, now) = (session.table().await?, session.now());
    // A delivery that the minute's run can still fold is no fault.
    let before = now.saturating_sub(SignedDuration::from_secs(OVERDUE_SECONDS)).unwrap_or(now);
    let due = Shard::all().map(|shard| table.due_in(shard, Timestamp::MAX, MAX_WATCHES));
    let kept = Shard::all().map(|shard| table.kept_in(shard, Timestamp::MAX, MAX_WATCHES));
    let long_kept = Shard::all().map(|shard| table.kept_in(shard, before, MAX_WATCHES));
    let (due, kept, long_kept) = try_join!(try_join_all(due), try_join_all(kept), try_join_all(long_kept))?;
    let mut watches: Vec<_> = due.into_iter().flatten().collect();
    watches.sort_by_key(|due| due.watch.due_at);
    let long_kept: Vec<_> = long_kept.into_iter().flatten().collect();
    let mut links = Vec::new();
    for link in self::links(session, &watches).await {
        links.push(link_facts(session, link, &watches, &long_kept).await);
    }
    let dead_letters = dead_letters(session).await;
    Ok(StackFacts { links, watches, kept: kept.into_iter().flatten().collect(), dead_letters })
}

/// Returns the console's link, else all links that are stored or have a watch.
async fn links(session: &mut Session<'_, '_>, watches: &[DueWatch]) -> Vec<LinkId> {
    if let Some(link) = session.config.link.clone() {
        return vec![link];
    }
    let mut links: BTreeSet<_> = watches.iter().map(|due| due.link.clone()).collect();
    if let Ok(admin) = session.links().await {
        links.extend(admin.list().await.unwrap_or_default());
    }
    links.into_iter().take(MAX_LINKS).collect()
}

async fn link_facts(
    session: &mut Session<'_, '_>,
    link: LinkId,
    watches: &[DueWatch],
    long_kept: &[KeptKey],
) -> LinkFacts {
    let sentences = sentences(&doctor::quiet_checks(session, &link, watches, long_kept).await);
    let summary = async {
        let edit = LinkEdit::parse(&link, &session.document(&link).await?)?;
        Ok::<_, Error>(edit.summary())
    };
    let summary = summary.await;
    let unknown = |error: &Error| format!("not known: {error}");
    LinkFacts {
        hooks: summary.as_ref().map_or_else(unknown, hooks),
        credential: summary.as_ref().map_or_else(unknown, credential),
        calls: calls(session, &link).await.unwrap_or_default(),
        sentences,
        can_ask: summary.is_ok_and(|summary| summary.credential.is_some()),
        link,
    }
}

fn hooks(summary: &LinkSummary) -> String {
    if summary.hooks.is_empty() {
        return "bitrelay created none; others may deliver to this link".to_owned();
    }
    summary.hooks.iter().map(|hook| plain(hook)).collect::<Vec<_>>().join(", ")
}

fn credential(summary: &LinkSummary) -> String {
    if summary.credential.is_none() {
        return "none: the link only receives, and misses silent edits, tasks and lost webhooks".to_owned();
    }
    let name = summary.name.as_deref().map(|name| format!(", {}", plain(name))).unwrap_or_default();
    format!("{}{name}", plain(&summary.template))
}

async fn calls(session: &mut Session<'_, '_>, link: &LinkId) -> Result<Option<Calls>, Error> {
    let Some(account) = session.account(link).await? else { return Ok(None) };
    let (now, limit) = (session.now(), session.calls_per_hour().await?);
    let budget: relay::budget::Budget = session.table().await?.read_document(&account).await?;
    Ok(Some(Calls {
        spent: budget.spent(now),
        allowed: budget.allowed(now, limit),
        left: budget.left(now, limit),
        blocked_until: budget.blocked(now),
    }))
}

/// Asks the dead-letter queue for its length.
async fn dead_letters(session: &mut Session<'_, '_>) -> String {
    let Ok(queue) = session.dead_letter_queue().await else {
        return "not known: no stack names its queue".to_owned();
    };
    match queue.length().await {
        Ok(0) => "none".to_owned(),
        Ok(count) => format!("{count} messages wait; `bitrelay dlq list` shows them"),
        Err(error) => format!("not known: the queue answers {}", plain(&error.code)),
    }
}

fn sentences(checks: &[Value]) -> Vec<Sentence> {
    let text =
        |check: &Value, field: &str| check.get(field).and_then(Value::as_str).map(plain).unwrap_or_default();
    checks
        .iter()
        .map(|check| Sentence {
            check: text(check, "check"),
            level: text(check, "level"),
            found: text(check, "found"),
            advice: text(check, "advice"),
        })
        .collect()
}
