//! Manual steps in Bitbucket, for credentials that may not change hooks.

use bitbucket::EventKey;
use bitbucket::client::HookPlace;

use super::drift::{Wanted, events};

/// Returns the manual steps.
pub(super) fn instructions(place: &HookPlace, wanted: &Wanted, remove: bool) -> String {
    let page = match place {
        HookPlace::Repository(path) => {
            let (workspace, slug) = (&path.workspace, &path.repository);
            format!(
                "https://bitbucket.org/{workspace}/{slug}/admin/webhooks (Repository settings > Webhooks)"
            )
        }
        HookPlace::Workspace(workspace) => {
            format!(
                "https://bitbucket.org/{workspace}/workspace/settings/webhooks (Workspace settings > Webhooks)"
            )
        }
    };
    let url = &wanted.url;
    if remove {
        return format!("By hand: open {page}, and delete the webhook with the URL {url}");
    }
    let link = &wanted.link;
    let secret = if wanted.signed {
        format!("the one that `bitrelay link show {link} --reveal-webhook-secret` shows")
    } else {
        "none, since the link is unsigned".to_owned()
    };
    format!(
        "The credential may not change hooks: it lacks the scope `webhook`, or its owner is no administrator. By hand:\n\
         1. open {page}\n\
         2. Add webhook, or edit the one with this URL\n\
         3. Title: {}   URL: {url}\n\
         4. Secret: {secret}\n\
         5. Status: Active; Triggers: Choose from a full list of triggers, and there:\n{}",
        wanted.description(),
        triggers(place, wanted.all_events)
    )
}

/// The triggers by the groups of Bitbucket's page. `pullrequest:push` and some others have no box there.
fn triggers(place: &HookPlace, all: bool) -> String {
    let groups = [("Repository", "repo:"), ("Pull request", "pullrequest:")];
    let keys = events(place, all);
    let line = |(group, prefix): (&str, &str)| {
        let names: Vec<_> =
            keys.iter().filter(|key| key.as_str().starts_with(prefix)).filter_map(label).collect();
        (!names.is_empty()).then(|| format!("   {group}: {}", names.join(", ")))
    };
    groups.into_iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

/// Label of the box (<https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/>).
const fn label(key: &EventKey) -> Option<&'static str> {
    Some(match key {
        EventKey::RepositoryPush => "Push",
        EventKey::RepositoryFork => "Fork",
        EventKey::PullRequestUpdated | EventKey::RepositoryUpdated => "Updated",
        EventKey::CommitCommentCreated => "Commit comment created",
        EventKey::CommitStatusCreated => "Build status created",
        EventKey::CommitStatusUpdated => "Build status updated",
        EventKey::PullRequestCreated | EventKey::RepositoryCreated => "Created",
        EventKey::PullRequestApproved => "Approved",
        EventKey::PullRequestUnapproved => "Approval removed",
        EventKey::ChangesRequestCreated => "Changes request created",
        EventKey::ChangesRequestRemoved => "Changes request removed",
        EventKey::PullRequestFulfilled => "Merged",
        EventKey::PullRequestRejected => "Declined",
        EventKey::CommentCreated => "Comment created",
        EventKey::CommentUpdated => "Comment updated",
        EventKey::CommentDeleted => "Comment deleted",
        EventKey::CommentResolved => "Comment resolved",
        EventKey::CommentReopened => "Comment reopened",
        _ => return None,
    })
}
