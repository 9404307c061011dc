//! What a link names to be swept: whether the poller knows of it, and could read it with the link's credential.

use relay::state::LookupResult;
use relay::{LinkId, LinkState, Subject};
use store::SubjectLog;
use store::links::LinkDocument;

use super::check::Check;
use crate::Error;
use crate::session::Session;

const NAME: &str = "sweep";

/// One line; none for a link that names nothing.
pub(super) async fn check(session: &mut Session<'_, '_>, link: &LinkId) -> Option<Check> {
    let read = async {
        let document = LinkDocument::parse(link, &session.document(link).await?)?;
        let state = session.table().await?.read(link, &Subject::Link).await?;
        Ok::<_, Error>((document.sweep().clone(), state.link().cloned().unwrap_or_default()))
    };
    // An error was told by the checks before.
    let (named, known) = read.await.ok().filter(|(named, _)| !named.is_empty())?;
    if known.targets != named {
        let advice = format!("`bitrelay link sweep {link}` tells the poller");
        return Some(Check::warn(NAME, "the poller does not know yet what the link names", advice));
    }
    Some(judged(&known))
}

fn judged(known: &LinkState) -> Check {
    let look = |place| known.lookups.get(place).map(|lookup| lookup.result);
    let unread: Vec<_> =
        known.targets.iter().filter(|place| look(place) == Some(LookupResult::NotFound)).collect();
    if !unread.is_empty() {
        let names = unread.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let advice = "check the names, and that the link's credential may read these repositories";
        return Check::fail(NAME, format!("not there, or may not be read: {names}"), advice);
    }
    match known.targets.iter().filter(|place| look(place).is_none()).count() {
        0 => Check::ok(NAME, format!("{} names, all read by the poller", known.targets.iter().count())),
        waiting => Check::warn(NAME, format!("{waiting} names wait for the poller"), "it runs each minute"),
    }
}
