//! `trigger`: sends a signed sample of any key.

use bitbucket::WebhookSecret;
use secrecy::ExposeSecret;
use serde_json::json;
use store::links::LinkEdit;

use crate::Error;
use crate::args::TriggerArgs;
use crate::delivery::{random, send};
use crate::exit::Exit;
use crate::output::{Report, plain};
use crate::samples;
use crate::session::Session;

/// Range of sample numbers: large enough that repeats are rare, small enough for the integers of any consumer.
const NUMBERS: u64 = 1 << 31;

/// Sends a sample to the link's webhook URL, or to `--url`.
pub(crate) async fn trigger(session: &mut Session<'_, '_>, args: &TriggerArgs) -> Result<(), Error> {
    let secret = if args.unsigned { None } else { Some(secret(session).await?) };
    let url = if let Some(url) = &args.url {
        url.clone()
    } else {
        let link = session.link()?;
        session.webhook_url(&link).await?
    };
    let [a, b, c, d, ..] = random()?;
    let number = u64::from(u32::from_be_bytes([a, b, c, d])) % NUMBERS + 1;
    let body = samples::payload(&args.key, number, session.now());
    let answer = send(&url, &args.key, &body, secret.as_ref()).await?;
    session.show(&Report {
        text: format!("{} -> {}: {} {}", args.key, url, answer.status, plain(&answer.body)),
        json: json!({ "key": args.key, "url": url, "status": answer.status, "answer": answer.body }),
    });
    match answer.status {
        200..300 => Ok(()),
        status => {
            Err(Error::Delivery { status, exit: if status >= 500 { Exit::Temporary } else { Exit::Refused } })
        }
    }
}

async fn secret(session: &mut Session<'_, '_>) -> Result<WebhookSecret, Error> {
    let link = session.link()?;
    let edit = LinkEdit::parse(&link, &session.document(&link).await?)?;
    let secret = edit.hook_secret().ok_or_else(|| Error::NotFound {
        message: format!("link {link} has no webhook secret"),
        advice: format!("`bitrelay link rotate-secret {link}` creates one; --unsigned with --url sends without a signature"),
    })?;
    Ok(WebhookSecret::new(secret.expose_secret())?)
}
