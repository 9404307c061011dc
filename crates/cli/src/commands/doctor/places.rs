//! Checks the sweep targets of a link: the poller must have received them, and the credential must read them.

use relay::state::LookupResult;
use relay::{LinkId, LinkState, Subject};
use store::SubjectLog;
use store::links::LinkDocument;

use super::check::Check;
use crate::Error;
use crate::session::Session;

const NAME: &str = "sweep";

/// Checks the sweep targets; returns `None` if the link names none.
pub(super) async fn check(session: &mut Session<'_, '_>, link: &LinkId) -> Option<Check> {
    let read = async {
        let document = LinkDocument::parse(link, &session.document(link).await?)?;
        let state = session.table().await?.read(link, &Subject::Link).await?;
        Ok::<_, Error>((document.sweep().clone(), state.link().cloned().unwrap_or_default()))
    };
    // Earlier checks have reported these errors.
    let (named, state) = read.await.ok().filter(|(named, _)| !named.is_empty())?;
    if state.targets != named {
        let advice = format!("`bitrelay link sweep {link}` passes them to the poller");
        return Some(Check::warn(NAME, "the poller has not received the link's sweep targets yet", advice));
    }
    Some(judge(&state))
}

fn judge(state: &LinkState) -> Check {
    let result_of = |target| state.lookups.get(target).map(|lookup| lookup.result);
    let unreadable: Vec<_> =
        state.targets.iter().filter(|target| result_of(target) == Some(LookupResult::NotFound)).collect();
    if !unreadable.is_empty() {
        let names = unreadable.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let advice = "check the names, and that the link's credential may read these repositories";
        return Check::fail(NAME, format!("not found, or not readable: {names}"), advice);
    }
    match state.targets.iter().filter(|target| result_of(target).is_none()).count() {
        0 => Check::ok(NAME, format!("{} names, all read by the poller", state.targets.iter().count())),
        waiting => Check::warn(NAME, format!("{waiting} names wait for the poller"), "it runs each minute"),
    }
}
