//! Receives one delivery.

use axum::body::Body;
use bitbucket::{Delivery, VerifiedDelivery};
use http::Request;
use relay::{LinkId, Subject};
use relay::{Observation, Report};
use store::links::{Link, LinkSource};
use store::{Clock, DeliveryMark, Recorded, SubjectLog};

use crate::answer::{Accepted, Error, LetGo};
use crate::app::App;
use crate::builds;
use crate::request;

/// Verifies and stores a delivery. Returns [`Accepted`] only if the delivery is stored, by this call or an earlier one.
///
/// # Errors
///
/// Any [`Error`] except [`Error::Path`] and [`Error::Method`].
pub async fn receive<T: SubjectLog, L: LinkSource, C: Clock>(
    app: &App<T, L, C>,
    link: &LinkId,
    request: Request<Body>,
) -> Result<Accepted, Error> {
    let delivery = request::delivery(request).await?;
    let delivery = verify(app, link, delivery).await?;
    // *Safety* (G1): only a verified delivery gives its body to the parser.
    let (report, mark) = read(&delivery)?;
    let subject = Subject::from_payload(&report.payload);
    if report.key.is_commit_status() {
        builds::record(app, link, &subject, &report).await?;
    }
    let observation = Observation::Delivery(report);
    let recorded = app.recorder().record_delivery(link, &subject, &observation, &mark).await?;
    if let Recorded::Stored { events, .. } = &recorded
        && events.iter().any(|event| !event.trusted)
    {
        tracing::warn!(
            %link, %subject, key = %mark.key, hook = mark.hook, request = mark.request,
            "the body does not show what its event key says; it was published as untrusted"
        );
    }
    let accepted = accepted(recorded);
    tracing::info!(
        %link, %subject, key = %mark.key, hook = mark.hook, request = mark.request, attempt = mark.attempt,
        outcome = ?accepted, "delivery accepted"
    );
    Ok(accepted)
}

/// Checks the signature against the link's secrets. If none matches, reloads the secrets once, because they may have
/// been rotated. The cache limits how often, so that forged requests cause no calls.
async fn verify<T, L: LinkSource, C: Clock>(
    app: &App<T, L, C>,
    id: &LinkId,
    delivery: Delivery,
) -> Result<VerifiedDelivery, Error> {
    let now = app.clock.now();
    let link = app.links.get(id, now).await?.ok_or(Error::UnknownLink)?;
    match check(&link, delivery.clone()) {
        Err(bitbucket::Error::SignatureMismatch) => {
            let link = app.links.refresh_after_mismatch(id, now).await?;
            Ok(check(&link.ok_or(bitbucket::Error::SignatureMismatch)?, delivery)?)
        }
        checked => Ok(checked?),
    }
}

fn check(link: &Link, delivery: Delivery) -> Result<VerifiedDelivery, bitbucket::Error> {
    if link.unsigned {
        tracing::warn!(link = %link.id, "this link accepts unsigned deliveries: anyone who knows its URL can forge events");
        return Ok(delivery.accept_unsigned());
    }
    delivery.verify(&link.webhook_secrets)
}

/// Parses a verified delivery: its content for the fold, and the mark that keeps it from being stored twice.
fn read(delivery: &VerifiedDelivery) -> Result<(Report, DeliveryMark), Error> {
    let key = delivery.event_key()?;
    let payload = delivery.payload()?;
    let body_sha256 = store::sha256_hex(delivery.body());
    let hook = delivery.hook().map(ToString::to_string).unwrap_or_default();
    // Without a request id, the content identifies the delivery.
    let request = delivery.request().map_or_else(|| format!("{key}+{body_sha256}"), ToString::to_string);
    let report = Report {
        key: key.clone(),
        payload,
        body: delivery.body().to_vec(),
        hook: hook.clone(),
        delivery: request.clone(),
    };
    Ok((report, DeliveryMark { hook, request, key, body_sha256, attempt: delivery.attempt() }))
}

fn accepted(recorded: Recorded) -> Accepted {
    match recorded {
        Recorded::Stored { events, let_go, .. } => Accepted::Stored {
            events: events.into_iter().map(|event| event.id).collect(),
            let_go: LetGo(let_go),
        },
        Recorded::Known => Accepted::Known,
    }
}
