//! `hooks sync`, `check` and `remove`.

mod drift;
mod manual;

use bitbucket::client::{Client, HookPlace, HookSpec};
use relay::LinkId;
use serde_json::{Value, json};
use store::links::{LinkEdit, LinkSummary};

use crate::Error;
use crate::args::HookPlaces;
use crate::output::{Report, table};
use crate::session::Session;
use drift::{Drift, Wanted, events};

/// Largest number of calls that one place needs: two pages of hooks, and one change for each of a few hooks.
const CALLS_PER_PLACE: u32 = 10;

/// Result at one place.
struct Outcome {
    place: HookPlace,
    drift: Vec<Drift>,
    done: &'static str,
}

/// Creates or repairs hooks.
pub(crate) async fn sync(session: &mut Session<'_, '_>, places: &HookPlaces) -> Result<(), Error> {
    let mut work = Work::begin(session, places).await?;
    let (outcomes, failed) = work.each(session, Step::Sync).await?;
    work.remember(session, &outcomes).await?;
    show(session, &outcomes);
    failed.map_or(Ok(()), Err)
}

/// Shows what is wrong with hooks.
pub(crate) async fn check(session: &mut Session<'_, '_>, places: &HookPlaces) -> Result<(), Error> {
    let work = Work::begin(session, places).await?;
    let (outcomes, failed) = work.each(session, Step::Check).await?;
    show(session, &outcomes);
    if let Some(error) = failed {
        return Err(error);
    }
    let wrong = outcomes.iter().filter(|outcome| !outcome.drift.is_empty()).count();
    if wrong > 0 {
        let of = outcomes.len();
        let message = format!("{wrong} of {of} places have wrong hooks; `bitrelay hooks sync` repairs them");
        return Err(Error::Unsound(message));
    }
    Ok(())
}

/// Returns the problems of hooks as text.
pub(super) async fn problems(
    session: &mut Session<'_, '_>,
    places: &HookPlaces,
) -> Result<Vec<String>, Error> {
    let work = Work::begin(session, places).await?;
    let (outcomes, failed) = work.each(session, Step::Check).await?;
    if let Some(error) = failed {
        return Err(error);
    }
    let wrong = outcomes.iter().filter(|outcome| !outcome.drift.is_empty());
    Ok(wrong.map(|outcome| format!("{}: {}", outcome.place, outcome.found())).collect())
}

/// Removes hooks.
pub(crate) async fn remove(session: &mut Session<'_, '_>, places: &HookPlaces) -> Result<(), Error> {
    let mut work = Work::begin(session, places).await?;
    let (outcomes, failed) = work.each(session, Step::Remove).await?;
    work.forget(session, &outcomes).await?;
    show(session, &outcomes);
    failed.map_or(Ok(()), Err)
}

/// Gives the newest secret to the hooks of a link.
pub(super) async fn give_secret(
    session: &mut Session<'_, '_>,
    link: &LinkId,
    places: &[HookPlace],
) -> Result<(), Error> {
    session.config.link = Some(link.clone());
    let split = |repositories: bool| {
        let of_kind = |place: &&HookPlace| matches!(place, HookPlace::Repository(_)) == repositories;
        places.iter().filter(of_kind).cloned().collect()
    };
    let places = HookPlaces { repository: split(true), workspace: split(false), all_events: false };
    sync(session, &places).await
}

/// Returns the places where bitrelay created hooks for a link.
pub(super) fn places_of(summary: &LinkSummary) -> Vec<HookPlace> {
    summary.hooks.iter().filter_map(|place| place.parse().ok()).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Sync,
    Check,
    Remove,
}

/// Input of a command about hooks.
struct Work {
    link: LinkId,
    edit: LinkEdit,
    places: Vec<HookPlace>,
    wanted: Wanted,
}

impl Work {
    async fn begin(session: &mut Session<'_, '_>, given: &HookPlaces) -> Result<Self, Error> {
        let link = session.link()?;
        let edit = LinkEdit::parse(&link, &session.document(&link).await?)?;
        let summary = edit.summary();
        let mut places: Vec<_> = given.repository.iter().chain(&given.workspace).cloned().collect();
        if places.is_empty() {
            places = places_of(&summary);
        }
        if places.is_empty() {
            let advice = "name a place with --repository WORKSPACE/SLUG or --workspace WORKSPACE";
            return Err(Error::NotConfigured { what: "the place of the hooks", advice });
        }
        let url = session.webhook_url(&link).await?;
        let wanted =
            Wanted { url, link: link.clone(), all_events: given.all_events, signed: !summary.unsigned };
        Ok(Self { link, edit, places, wanted })
    }

    /// Does one step at each place, up to the first failure. If the credential may not change hooks, prints the manual
    /// steps.
    async fn each(
        &self,
        session: &mut Session<'_, '_>,
        step: Step,
    ) -> Result<(Vec<Outcome>, Option<Error>), Error> {
        let calls = u32::try_from(self.places.len()).unwrap_or(u32::MAX).saturating_mul(CALLS_PER_PLACE);
        let access = session.bitbucket(&self.link, calls).await?;
        let mut outcomes = Vec::new();
        let mut failed = None;
        for place in &self.places {
            match self.one(&access.client, place, step).await {
                Ok(outcome) => outcomes.push(outcome),
                Err(error) => {
                    failed = Some((place, error));
                    break;
                }
            }
        }
        access.close().await;
        let Some((place, error)) = failed else { return Ok((outcomes, None)) };
        if matches!(error, bitbucket::Error::Api { status: 401 | 403, .. }) && step != Step::Check {
            let by_hand = manual::instructions(place, &self.wanted, step == Step::Remove);
            session.warn(&by_hand);
        }
        Ok((outcomes, Some(error.into())))
    }

    async fn one(&self, client: &Client, place: &HookPlace, step: Step) -> Result<Outcome, bitbucket::Error> {
        let hooks = client.hooks(place).await?;
        let (ours, drift) = drift::compare(&hooks, &self.wanted, place);
        let outcome = |done| Outcome { place: place.clone(), drift: drift.clone(), done };
        match (step, ours.split_first()) {
            (Step::Check, _) | (Step::Remove, None) => Ok(outcome("")),
            (Step::Remove, Some(_)) => {
                for hook in &ours {
                    client.delete_hook(place, &hook.uuid).await?;
                }
                Ok(outcome("removed"))
            }
            (Step::Sync, None) => {
                client.create_hook(place, &self.spec(place)).await?;
                Ok(outcome("made"))
            }
            (Step::Sync, Some((first, others))) => {
                // Bitbucket never shows a secret, so it is set every time.
                client.change_hook(place, &first.uuid, &self.spec(place)).await?;
                for duplicate in others {
                    client.delete_hook(place, &duplicate.uuid).await?;
                }
                Ok(outcome(if drift.is_empty() { "secret set" } else { "mended" }))
            }
        }
    }

    fn spec(&self, place: &HookPlace) -> HookSpec {
        HookSpec {
            url: self.wanted.url.clone(),
            description: self.wanted.description(),
            events: events(place, self.wanted.all_events),
            secret: self.edit.hook_secret(),
        }
    }

    async fn remember(&mut self, session: &mut Session<'_, '_>, outcomes: &[Outcome]) -> Result<(), Error> {
        for outcome in outcomes {
            self.edit.note_hook(&outcome.place.to_string());
        }
        self.store(session).await
    }

    async fn forget(&mut self, session: &mut Session<'_, '_>, outcomes: &[Outcome]) -> Result<(), Error> {
        for outcome in outcomes {
            self.edit.forget_hook(&outcome.place.to_string());
        }
        self.store(session).await
    }

    async fn store(&self, session: &mut Session<'_, '_>) -> Result<(), Error> {
        let stored = LinkEdit::parse(&self.link, &session.document(&self.link).await?)?;
        if stored.summary().hooks != self.edit.summary().hooks {
            session.links().await?.replace(&self.link, &self.edit.to_secret()?).await?;
        }
        Ok(())
    }
}

impl Outcome {
    fn found(&self) -> String {
        let found: Vec<_> = self.drift.iter().map(ToString::to_string).collect();
        if found.is_empty() { "correct".to_owned() } else { found.join("; ") }
    }
}

fn show(session: &mut Session<'_, '_>, outcomes: &[Outcome]) {
    if outcomes.is_empty() {
        return;
    }
    let row = |outcome: &Outcome| {
        let done = if outcome.done.is_empty() { "-" } else { outcome.done };
        [outcome.place.to_string(), done.to_owned(), outcome.found()]
    };
    let rows: Vec<_> = outcomes.iter().map(row).collect();
    let json = outcomes.iter().map(|outcome| {
        let drift: Value = outcome.drift.iter().map(Drift::json).collect();
        json!({ "place": outcome.place.to_string(), "drift": drift, "done": outcome.done })
    });
    let report = Report { text: table(["PLACE", "DONE", "FOUND"], &rows), json: json.collect() };
    session.show(&report);
}
