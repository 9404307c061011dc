//! `doctor`: checks everything that a link needs and shows one line per check. With `--probe` it measures Bitbucket.

mod bitbucket_side;
mod budget;
mod check;
mod our_side;
mod places;
mod release;
mod sandbox;

use relay::LinkId;
use serde_json::Value;
use store::{DueWatch, KeptKey};

use crate::Error;
use crate::output::Report;
use crate::session::Session;
use check::{Check, Level};
pub(crate) use sandbox::probe;

/// Runs all checks, with a test delivery if `delivers`. A failed check skips only the checks that would fail for the
/// same reason.
pub(crate) async fn doctor(session: &mut Session<'_, '_>, delivers: bool) -> Result<(), Error> {
    let link = session.link()?;
    let checks = checks(session, &link, delivers).await;
    let report = Report {
        text: checks.iter().map(Check::line).collect::<Vec<_>>().join("\n"),
        json: checks.iter().map(Check::json).collect(),
    };
    session.show(&report);
    match checks.iter().filter(|check| check.level == Level::Fail).count() {
        0 => Ok(()),
        failed => Err(Error::Unsound(format!("{failed} of {} checks failed", checks.len()))),
    }
}

/// Runs the checks that call nobody but AWS, on watches and long kept deliveries that were read. Returns them in the
/// form of `--format json`.
pub(crate) async fn quiet_checks(
    session: &mut Session<'_, '_>,
    link: &LinkId,
    watches: &[DueWatch],
    kept: &[KeptKey],
) -> Vec<Value> {
    let mut checks = vec![our_side::stack(session, link).await];
    checks.extend(release::check(session).await);
    checks.push(our_side::link(session, link).await);
    checks.extend(places::check(session, link).await);
    checks.push(our_side::poller_of(link, watches, kept, session.now()));
    checks.push(budget::check(session, link).await);
    checks.iter().map(Check::json).collect()
}

/// Runs the checks that call Bitbucket, in the same form.
pub(crate) async fn bitbucket_checks(session: &mut Session<'_, '_>, link: &LinkId) -> Vec<Value> {
    bitbucket_side::checks(session, link).await.iter().map(Check::json).collect()
}

async fn checks(session: &mut Session<'_, '_>, link: &LinkId, delivers: bool) -> Vec<Check> {
    let stack = our_side::stack(session, link).await;
    let reachable = stack.level != Level::Fail;
    let mut checks = vec![stack];
    if !reachable {
        return checks;
    }
    checks.extend(release::check(session).await);
    let found = our_side::link(session, link).await;
    let usable = found.level != Level::Fail;
    checks.push(found);
    if usable {
        checks.extend(bitbucket_side::checks(session, link).await);
        if delivers {
            checks.extend(our_side::delivery(session, link).await);
        }
    }
    checks.extend(places::check(session, link).await);
    checks.push(our_side::poller(session, link).await);
    checks.push(budget::check(session, link).await);
    checks
}
