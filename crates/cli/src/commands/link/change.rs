//! `link create`, `set-creds`, `rotate-secret` and `delete`.

use std::time::Duration;

use relay::{LinkId, SweepTarget};
use serde_json::json;
use store::links::{LinkDocument, LinkEdit, Template};

use super::secrets::{answers, random_secret};
use super::sweep;
use crate::Error;
use crate::args::{SecretsFrom, Span};
use crate::commands::hooks;
use crate::output::Report;
use crate::session::{OpenLink, Session};

/// Warning for a link without a credential.
const RECEIVES_ONLY: &str = "this link only receives. It MISSES edits within ten minutes of a comment's creation or last change, every \
     change of a task, and every lost webhook";

/// Creates a link.
pub(super) async fn create(
    session: &mut Session<'_, '_>,
    id: &LinkId,
    template: Template,
    from: SecretsFrom,
    unsigned: bool,
    sweep: &[SweepTarget],
) -> Result<(), Error> {
    let links = session.links().await?;
    let given = answers(session, template, from)?;
    let secret = match (unsigned, given.webhook_secret) {
        (true, Some(_)) => {
            return Err(Error::Usage("--unsigned and webhook_secret exclude each other".to_owned()));
        }
        (true, None) => None,
        (false, Some(secret)) => Some(secret),
        (false, None) => Some(random_secret()?),
    };
    if template == Template::Webhook && !sweep.is_empty() {
        return Err(Error::Usage("--sweep needs a credential".to_owned()));
    }
    let edit = LinkEdit::create(id, template, &given.credential, secret.as_ref(), session.now());
    let mut edit = edit.map_err(Error::from_link_input)?;
    if !sweep.is_empty() {
        edit.change_sweep(sweep, &[]);
    }
    let document = edit.to_secret().map_err(Error::from_link_input)?;
    if !links.create(id, &document).await? {
        return Err(Error::Usage(format!(
            "link {id} already exists; `bitrelay link set-creds {id}` changes its credential"
        )));
    }
    if !sweep.is_empty() {
        sweep::begin(session, id, LinkDocument::parse(id, &document)?.sweep()).await?;
    }
    if template == Template::Webhook {
        session.warn(&format!("warning: {RECEIVES_ONLY}"));
    }
    if unsigned {
        session.warn("warning: this link is unsigned: anybody who knows its URL can forge events");
        if template != Template::Webhook && sweep.is_empty() {
            session.warn(&format!(
                "warning: only repositories that it names are polled; `bitrelay link sweep {id} --add WORKSPACE/SLUG` names one"
            ));
        }
    }
    let url = session.webhook_url(id).await.ok();
    let shown = url.as_ref().map_or_else(|| "<WebhookUrl>/".to_owned() + id.as_str(), ToString::to_string);
    let next = next_steps(id, template);
    session.show(&Report {
        text: format!("Created link {id}. Bitbucket delivers to {shown}\nNext: {next}"),
        json: json!({ "link": id, "template": template.as_str(), "webhook_url": url }),
    });
    Ok(())
}

fn next_steps(id: &LinkId, template: Template) -> String {
    match template {
        Template::Webhook => format!(
            "create the webhook in Bitbucket with this URL and the secret that `bitrelay link show {id} --reveal-webhook-secret` \
             shows"
        ),
        Template::AppOauth => format!(
            "`bitrelay link start-oauth {id}`, then `bitrelay hooks sync --link {id} --repository WORKSPACE/SLUG`"
        ),
        _ => format!(
            "`bitrelay link test {id}`, then `bitrelay hooks sync --link {id} --repository WORKSPACE/SLUG`"
        ),
    }
}

/// Changes a link's credential.
pub(super) async fn set_credential(
    session: &mut Session<'_, '_>,
    id: &LinkId,
    template: Option<Template>,
    from: SecretsFrom,
) -> Result<(), Error> {
    let OpenLink { mut edit, version } = session.open_link(id).await?;
    let unknown = || Error::Usage("name the kind of credential with --template".to_owned());
    let template = template.or_else(|| edit.template()).ok_or_else(unknown)?;
    let given = answers(session, template, from)?;
    if given.webhook_secret.is_some() {
        return Err(Error::Usage("`bitrelay link rotate-secret` changes webhook secrets".to_owned()));
    }
    edit.set_credential(template, &given.credential).map_err(Error::from_link_input)?;
    let document = edit.to_secret().map_err(Error::from_link_input)?;
    session.store_link(id, &version, &document).await?;
    if template == Template::Webhook {
        session.warn(&format!("warning: {RECEIVES_ONLY}"));
    }
    session.show(&Report {
        text: format!("Changed the credential of {id}; the functions use it within five minutes"),
        json: json!({ "link": id, "template": template.as_str() }),
    });
    Ok(())
}

/// Adds a webhook secret and gives it to the hooks that bitrelay created for the link.
pub(super) async fn rotate(
    session: &mut Session<'_, '_>,
    id: &LinkId,
    overlap: Span,
    wait: Span,
) -> Result<(), Error> {
    if overlap.0 < wait.0 {
        return Err(Error::Usage("--overlap must not be shorter than --wait".to_owned()));
    }
    let OpenLink { mut edit, version } = session.open_link(id).await?;
    edit.rotate(&random_secret()?, session.now(), overlap.0);
    session.store_link(id, &version, &edit.to_secret()?).await?;
    session.warn(&format!("{id} has a new webhook secret; the old one is valid for {}", duration(overlap)));
    let summary = edit.summary();
    let places = hooks::places_of(&summary);
    if !places.is_empty() && summary.credential.is_some() {
        if !wait.0.is_zero() {
            session.warn(&format!("waiting {} for every function to read it", duration(wait)));
            tokio::time::sleep(Duration::try_from(wait.0).unwrap_or_default()).await;
        }
        return hooks::give_secret(session, id, &places).await;
    }
    session.show(&Report {
        text: format!(
            "Give it to the webhook in Bitbucket, not sooner than in five minutes and before the old one ends: `bitrelay link show {id} \
             --reveal-webhook-secret` shows it"
        ),
        json: json!({ "link": id, "hooks": [] }),
    });
    Ok(())
}

fn duration(Span(length): Span) -> String {
    match length.as_secs() {
        seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

/// Deletes a link.
pub(super) async fn delete(
    session: &mut Session<'_, '_>,
    id: &LinkId,
    yes: bool,
    at_once: bool,
) -> Result<(), Error> {
    let links = session.links().await?;
    session.document(id).await?;
    if !yes {
        let question = format!("Deliveries to {id} will be refused. Type its id to delete it");
        if session.environment.terminal.ask(&question)? != id.as_str() {
            return Err(Error::Usage("nothing was deleted".to_owned()));
        }
    }
    links.delete(id, at_once).await?;
    let back = if at_once {
        "permanently"
    } else {
        "; for seven days `aws secretsmanager restore-secret` brings it back"
    };
    session.show(&Report {
        text: format!("Deleted link {id}{}{back}", if at_once { " " } else { "" }),
        json: json!({ "link": id, "deleted": true }),
    });
    Ok(())
}
