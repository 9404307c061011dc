//! `link sweep`: names the repositories and workspaces to sweep without waiting for a webhook.

use relay::observation::LinkObservation;
use relay::{LinkId, Observation, Subject, SweepTarget, SweepTargets};
use serde_json::json;
use store::Recorder;
use store::links::LinkDocument;

use crate::Error;
use crate::environment::SharedClock;
use crate::output::Report;
use crate::session::{OpenLink, Session};

/// Changes and shows the sweep targets that a link names.
pub(super) async fn change(
    session: &mut Session<'_, '_>,
    id: &LinkId,
    add: &[SweepTarget],
    remove: &[SweepTarget],
) -> Result<(), Error> {
    let OpenLink { mut edit, version } = session.open_link(id).await?;
    if !add.is_empty() && edit.summary().credential.is_none() {
        return Err(Error::Usage(format!(
            "the link {id} only receives; `bitrelay link set-creds {id}` changes that"
        )));
    }
    edit.change_sweep(add, remove);
    let document = edit.to_secret().map_err(Error::from_link_input)?;
    if !add.is_empty() || !remove.is_empty() {
        session.store_link(id, &version, &document).await?;
    }
    // Also without changes, because somebody may have edited the document by hand.
    begin(session, id, LinkDocument::parse(id, &document)?.sweep()).await?;
    let names = edit.summary().sweep;
    let text = if names.is_empty() && edit.summary().unsigned {
        format!("{id} is unsigned and names no repository: only those with hooks of `hooks sync` are polled")
    } else if names.is_empty() {
        format!("{id} names no repository: each one is swept from its first webhook on")
    } else {
        names.join("\n")
    };
    session.show(&Report { text, json: json!({ "link": id, "sweep": names }) });
    Ok(())
}

/// Records the names to sweep; the poller starts within a minute.
pub(super) async fn begin(
    session: &mut Session<'_, '_>,
    id: &LinkId,
    places: &SweepTargets,
) -> Result<(), Error> {
    let (table, settings) = (session.table().await?, session.settings().await?);
    let clock = SharedClock(session.environment.clock.clone());
    let configured = Observation::Link(LinkObservation::Configured(places.clone()));
    let recorder = Recorder { table: &table, clock: &clock, settings: &settings };
    recorder.record(id, &Subject::Link, &configured).await?;
    Ok(())
}
