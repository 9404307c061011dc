//! Checks on Bitbucket's side: the credential, its scopes, the hooks.

use bitbucket::client::Whoami;
use relay::LinkId;
use store::links::LinkEdit;

use super::check::Check;
use crate::Error;
use crate::args::HookPlaces;
use crate::commands::hooks;
use crate::output::plain;
use crate::session::Session;

/// Runs the checks that call Bitbucket.
pub(super) async fn checks(session: &mut Session<'_, '_>, link: &LinkId) -> Vec<Check> {
    let summary = match document(session, link).await {
        Ok(edit) => edit.summary(),
        Err(error) => return vec![Check::failed("credential", &error)],
    };
    if summary.credential.is_none() {
        let advice = format!("`bitrelay link set-creds {link}` gives it a credential");
        let found = "none: nothing is polled; MISSES silent edits, tasks and lost webhooks";
        return vec![Check::warn("credential", found, advice)];
    }
    let who = match whoami(session, link).await {
        Ok(who) => who,
        Err(error) => return vec![Check::failed("credential", &error)],
    };
    let name = who.name().map_or_else(|| "a credential that may not read its own account".to_owned(), plain);
    let mut checks = vec![Check::ok("credential", format!("accepted by Bitbucket: {name}"))];
    checks.extend(scopes(&who));
    checks.push(hook(session, link, !summary.hooks.is_empty()).await);
    checks
}

async fn document(session: &mut Session<'_, '_>, link: &LinkId) -> Result<LinkEdit, Error> {
    Ok(LinkEdit::parse(link, &session.document(link).await?)?)
}

async fn whoami(session: &mut Session<'_, '_>, link: &LinkId) -> Result<Whoami, Error> {
    let access = session.bitbucket(link, 1).await?;
    let who = access.client.whoami().await;
    access.close().await;
    Ok(who?)
}

/// Checks the scopes. Bitbucket reports those of some credentials only; `None` for the others.
fn scopes(who: &Whoami) -> Option<Check> {
    let scopes = who.scopes.as_deref()?;
    let reads = scopes.split([',', ' ']).any(|scope| {
        let scope = scope.trim();
        scope == "pullrequest" || scope == "pullrequest:write" || scope == "read:pullrequest:bitbucket"
    });
    Some(if reads {
        Check::ok("scopes", plain(scopes))
    } else {
        let advice = "give the credential the scope to read pull requests";
        Check::fail("scopes", format!("it may not read pull requests: {}", plain(scopes)), advice)
    })
}

async fn hook(session: &mut Session<'_, '_>, link: &LinkId, has_hooks: bool) -> Check {
    const NAME: &str = "hook";
    if !has_hooks {
        let advice = format!("`bitrelay hooks sync --link {link} --repository WORKSPACE/SLUG` creates one");
        return Check::warn(NAME, "bitrelay created no hook for this link", advice);
    }
    match hooks::problems(session, &HookPlaces::default()).await {
        Ok(problems) if problems.is_empty() => Check::ok(NAME, "correct"),
        Ok(problems) => {
            Check::fail(NAME, problems.join("; "), format!("`bitrelay hooks sync --link {link}` repairs it"))
        }
        Err(error) => Check::failed(NAME, &error),
    }
}
