//! `hooks sync`, `check` and `remove`.

mod drift;
mod manual;

use bitbucket::client::{Client, HookPlace, HookSpec};
use relay::LinkId;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use store::links::{LinkEdit, LinkSummary};

use crate::Error;
use crate::args::HookPlaces;
use crate::output::{Report, table};
use crate::session::{OpenLink, Session};
use drift::{Drift, Wanted, events};

/// Most rotations of the webhook secret during one command.
const MAX_ROTATIONS: usize = 3;

/// Most attempts to change the list of hooks while others change the link.
const MAX_ATTEMPTS: usize = 5;

/// Largest number of calls that one place needs: two pages of hooks, and one change for each of a few hooks.
const CALLS_PER_PLACE: u32 = 10;

/// Result at one place.
struct Outcome {
    place: HookPlace,
    drift: Vec<Drift>,
    done: &'static str,
    /// URLs of hooks that only look like ours.
    lookalikes: Vec<String>,
}

/// Creates or repairs hooks.
pub(crate) async fn sync(session: &mut Session<'_, '_>, places: &HookPlaces) -> Result<(), Error> {
    let mut work = Work::begin(session, places).await?;
    let (outcomes, mut failed) = work.each(session, Step::Sync).await?;
    let mut stored = work.note(session, &outcomes, LinkEdit::note_hook).await?;
    work.places = outcomes.iter().map(|outcome| outcome.place.clone()).collect();
    // Bitbucket must not keep a secret that was replaced after this command read it.
    for _ in 0..MAX_ROTATIONS {
        if work.places.is_empty() || work.has_secret_of(&stored) {
            break;
        }
        session.warn("the webhook secret was rotated meanwhile; the hooks get the new one");
        work.take(stored);
        let (_, failed_again) = work.each(session, Step::Sync).await?;
        failed = failed.or(failed_again);
        stored = session.open_link(&work.link).await?.edit;
    }
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
    let work = Work::begin(session, places).await?;
    let (outcomes, failed) = work.each(session, Step::Remove).await?;
    work.note(session, &outcomes, LinkEdit::forget_hook).await?;
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
        let own_urls = session.webhook_urls(&link).await?;
        let (all_events, signed) = (given.all_events, !summary.unsigned);
        let wanted = Wanted { url, own_urls, link: link.clone(), all_events, signed };
        Ok(Self { link, edit, places, wanted })
    }

    /// Does one step at each place, up to the first failure, and past places that are not found: a repository that was
    /// renamed or deleted must not keep the secret of a rotation from the others. If the credential may not change
    /// hooks, prints the manual steps.
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
                    let is_missing = is_not_found(&error);
                    failed = failed.or(Some((place, error)));
                    if !is_missing {
                        break;
                    }
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
        let hooks = match client.hooks(place).await {
            // The link forgets a place that is gone.
            Err(error) if step == Step::Remove && is_not_found(&error) => {
                return Ok(Outcome {
                    place: place.clone(),
                    drift: Vec::new(),
                    done: "gone",
                    lookalikes: Vec::new(),
                });
            }
            hooks => hooks?,
        };
        let (ours, drift) = drift::compare(&hooks, &self.wanted, place);
        let outcome = |done| {
            let lookalikes = self.wanted.lookalikes(&hooks);
            Outcome { place: place.clone(), drift: drift.clone(), done, lookalikes }
        };
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

    /// Changes the link's list of hooks, on top of what others have changed meanwhile. Returns the stored document.
    async fn note(
        &self,
        session: &mut Session<'_, '_>,
        outcomes: &[Outcome],
        change: fn(&mut LinkEdit, &str),
    ) -> Result<LinkEdit, Error> {
        for _ in 0..MAX_ATTEMPTS {
            let OpenLink { mut edit, version } = session.open_link(&self.link).await?;
            let before = edit.summary().hooks;
            for outcome in outcomes {
                change(&mut edit, &outcome.place.to_string());
            }
            if edit.summary().hooks == before {
                return Ok(edit);
            }
            match session.store_link(&self.link, &version, &edit.to_secret()?).await {
                Err(Error::LinkChanged(_)) => {}
                stored => return stored.map(|()| edit),
            }
        }
        Err(Error::LinkChanged(self.link.clone()))
    }

    /// True if the secret that this command gives to hooks is still that of the link.
    fn has_secret_of(&self, stored: &LinkEdit) -> bool {
        let text = |edit: &LinkEdit| edit.hook_secret().map(|secret| secret.expose_secret().to_owned());
        text(&self.edit) == text(stored)
    }

    /// Takes a document that somebody has changed meanwhile.
    fn take(&mut self, stored: LinkEdit) {
        self.wanted.signed = !stored.summary().unsigned;
        self.edit = stored;
    }
}

/// True if there is nothing of this name, or the credential may not see it.
const fn is_not_found(error: &bitbucket::Error) -> bool {
    matches!(error, bitbucket::Error::Api { status: 404 | 410, .. })
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
    for outcome in outcomes {
        for url in &outcome.lookalikes {
            session.warn(&format!(
                "note: {} has another hook with this link's description, to {url}; it is not this stack's, so it stays",
                outcome.place
            ));
        }
    }
    let rows: Vec<_> = outcomes.iter().map(row).collect();
    let json = outcomes.iter().map(|outcome| {
        let drift: Value = outcome.drift.iter().map(Drift::json).collect();
        json!({ "place": outcome.place.to_string(), "drift": drift, "done": outcome.done })
    });
    let report = Report { text: table(["PLACE", "DONE", "FOUND"], &rows), json: json.collect() };
    session.show(&report);
}
