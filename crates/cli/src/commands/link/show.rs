//! `link list`, `show` and `test`.

use bitbucket::client::{Client, HookPlace, Whoami};
use relay::LinkId;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use store::links::{LinkEdit, LinkSummary, SecretTimes};

use crate::Error;
use crate::output::{Report, distance, fields, plain, table, time};
use crate::session::Session;

/// Largest number of calls that a test makes.
const TEST_CALLS: u32 = 3;

/// Lists the links.
pub(super) async fn list(session: &mut Session<'_, '_>) -> Result<(), Error> {
    let mut rows = Vec::new();
    let mut json = Vec::new();
    for id in session.links().await?.list().await? {
        // A link that cannot be read, or was just deleted, does not hide the others.
        let read = match session.document(&id).await {
            Ok(document) => LinkEdit::parse(&id, &document).map_err(Error::from),
            Err(error) => Err(error),
        };
        match read {
            Ok(edit) => {
                let summary = edit.summary();
                rows.push(row(&id, &summary));
                json.push(summary_json(&id, &summary));
            }
            Err(error) => session.warn(&format!("warning: {error}")),
        }
    }
    let text = table(["LINK", "TEMPLATE", "POLLS", "WEBHOOK SECRETS", "HOOKS"], &rows);
    session.show(&Report { text, json: Value::Array(json) });
    Ok(())
}

fn row(id: &LinkId, summary: &LinkSummary) -> [String; 5] {
    let secrets =
        if summary.unsigned { "UNSIGNED".to_owned() } else { summary.webhook_secrets.len().to_string() };
    [
        id.to_string(),
        plain(&summary.template),
        if summary.credential.is_some() { "yes" } else { "no" }.to_owned(),
        secrets,
        if summary.hooks.is_empty() { "-".to_owned() } else { summary.hooks.join(", ") },
    ]
}

/// Shows a link.
pub(super) async fn show(session: &mut Session<'_, '_>, id: &LinkId, reveal: bool) -> Result<(), Error> {
    let edit = LinkEdit::parse(id, &session.document(id).await?)?;
    let (summary, now) = (edit.summary(), session.now());
    let url = session.webhook_url(id).await.ok();
    let secret_line = |times: &SecretTimes| {
        let made = times.created_at.map_or_else(|| "at an unknown time".to_owned(), time);
        let ends = times
            .expires_at
            .map_or_else(|| "never expires".to_owned(), |at| format!("expires {}", distance(at, now)));
        format!("created {made}, {ends}")
    };
    let secrets: Vec<_> = summary.webhook_secrets.iter().map(secret_line).collect();
    let mut lines = vec![
        ("link", id.to_string()),
        ("template", plain(&summary.template)),
        (
            "credential",
            summary.credential.clone().unwrap_or_else(|| "none: the link only receives".to_owned()),
        ),
        ("name", plain(summary.name.as_deref().unwrap_or("-"))),
        ("webhook URL", url.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)),
        (
            "secrets",
            if summary.unsigned {
                "UNSIGNED: anybody can forge events".to_owned()
            } else {
                secrets.join("; ")
            },
        ),
        (
            "hooks",
            if summary.hooks.is_empty() {
                "none created by bitrelay".to_owned()
            } else {
                summary.hooks.join(", ")
            },
        ),
    ];
    if !summary.sweep.is_empty() {
        lines.push(("swept", summary.sweep.join(", ")));
    }
    let mut json = summary_json(id, &summary);
    if let Some(fields) = json.as_object_mut() {
        fields.insert("webhook_url".to_owned(), json!(url));
    }
    if let Some(secret) = edit.hook_secret().filter(|_| reveal) {
        lines.push(("secret", secret.expose_secret().to_owned()));
        if let Some(fields) = json.as_object_mut() {
            fields.insert("webhook_secret".to_owned(), secret.expose_secret().into());
        }
    }
    session.show(&Report { text: fields(&lines), json });
    Ok(())
}

fn summary_json(id: &LinkId, summary: &LinkSummary) -> Value {
    let secrets = summary.webhook_secrets.iter();
    let secrets =
        secrets.map(|times| json!({ "created_at": times.created_at, "expires_at": times.expires_at }));
    json!({
        "link": id,
        "template": summary.template,
        "credential": summary.credential,
        "name": summary.name,
        "webhook_secrets": secrets.collect::<Value>(),
        "unsigned": summary.unsigned,
        "hooks": summary.hooks,
        "sweep": summary.sweep,
    })
}

/// Tests a link's credential: shows its account, its scopes and, if asked, the number of hooks.
pub(super) async fn test(
    session: &mut Session<'_, '_>,
    id: &LinkId,
    place: Option<&HookPlace>,
) -> Result<(), Error> {
    let access = session.bitbucket(id, TEST_CALLS).await?;
    let tried = attempt(&access.client, place).await;
    access.close().await;
    let (who, hooks) = tried?;
    let name = who.name().map_or_else(|| "a credential that may not read its own account".to_owned(), plain);
    let mut lines = vec![("link", id.to_string()), ("account", name)];
    if let Some(scopes) = &who.scopes {
        lines.push(("scopes", plain(scopes)));
    }
    if let Some(hooks) = hooks {
        lines.push(("hooks", hooks.to_string()));
    }
    let json = json!({ "link": id, "name": who.name(), "scopes": who.scopes, "hooks": hooks });
    session.show(&Report { text: fields(&lines), json });
    Ok(())
}

async fn attempt(
    client: &Client,
    place: Option<&HookPlace>,
) -> Result<(Whoami, Option<usize>), bitbucket::Error> {
    let who = client.whoami().await?;
    let hooks = match place {
        Some(place) => Some(client.hooks(place).await?.len()),
        None => None,
    };
    Ok((who, hooks))
}
