//! Receives one delivery.

use axum::body::Body;
use bitbucket::{Delivery, VerifiedDelivery};
use http::Request;
use relay::{LinkId, Report, Subject};
use store::links::{Link, LinkSource};
use store::{Clock, DeliveryMark, Documents, Received, SubjectLog};

use crate::answer::{Accepted, Error};
use crate::app::App;
use crate::request;

/// Verifies and stores a delivery. Returns [`Accepted`] only if the delivery is stored, by this call or an earlier one,
/// folded or not.
///
/// # Errors
///
/// Any [`Error`] except [`Error::Path`] and [`Error::Method`].
pub async fn receive<T: SubjectLog + Documents, L: LinkSource, C: Clock>(
    app: &App<T, L, C>,
    link: &LinkId,
    request: Request<Body>,
) -> Result<Accepted, Error> {
    let delivery = request::delivery(request).await?;
    let delivery = verify(app, link, delivery).await?;
    // *Safety* (G1): only a verified delivery gives its body to the parser.
    let (report, mark) = read(&delivery)?;
    let subject = Subject::from_payload(&report.payload);
    let received = app.recorder().receive(link, report, &mark).await?;
    match &received {
        Received::Kept(error) => tracing::warn!(
            %link, %subject, key = %mark.key, hook = mark.hook, request = mark.request,
            category = error.category().as_str(), %error,
            "the delivery could not be folded; it is kept, and the poller folds it"
        ),
        Received::Recorded(recorded) if recorded.events().iter().any(|event| !event.trusted) => {
            tracing::warn!(
                %link, %subject, key = %mark.key, hook = mark.hook, request = mark.request,
                "the body does not show what its event key says; it was published as untrusted"
            );
        }
        Received::Recorded(_) => {}
    }
    let accepted = Accepted::from(received);
    tracing::info!(
        %link, %subject, key = %mark.key, hook = mark.hook, request = mark.request, attempt = mark.attempt,
        outcome = ?accepted, "delivery accepted"
    );
    Ok(accepted)
}

/// Returns the error of a delivery to a link whose id is invalid: that of any link that does not exist.
pub async fn refuse_invalid_link(request: Request<Body>) -> Error {
    request::delivery(request).await.map_or_else(|error| error, unknown_link)
}

/// Returns the error of a delivery to a link that does not exist.
fn unknown_link(delivery: Delivery) -> Error {
    Error::UnknownLink(delivery.verify(&[]).err().unwrap_or(bitbucket::Error::SignatureMismatch))
}

/// Checks the signature against the link's secrets. If none matches, reloads the secrets once, because they may have
/// been rotated. The cache limits how often, so that forged requests cause no calls.
///
/// Whoever has no secret gets the same answer whether the link exists or not.
async fn verify<T, L: LinkSource, C: Clock>(
    app: &App<T, L, C>,
    id: &LinkId,
    delivery: Delivery,
) -> Result<VerifiedDelivery, Error> {
    let now = app.clock.now();
    let verified = match app.links.get(id, now).await? {
        None => Err(unknown_link(delivery)),
        Some(link) => match check(&link, delivery.clone()) {
            Err(bitbucket::Error::SignatureMismatch) => {
                match app.links.refresh_after_mismatch(id, now).await? {
                    Some(link) => check(&link, delivery).map_err(Error::from),
                    None => Err(bitbucket::Error::SignatureMismatch.into()),
                }
            }
            checked => checked.map_err(Error::from),
        },
    };
    match verified {
        // Then unknown links are answered so too.
        Err(_) if app.links.has_no_look_up_left(now) => {
            Err(store::Error::TooManyUnknownLinks(id.clone()).into())
        }
        verified => verified,
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
        signed: delivery.is_signed(),
        key: key.clone(),
        payload,
        body: delivery.body().to_vec(),
        hook: hook.clone(),
        delivery: request.clone(),
    };
    Ok((report, DeliveryMark { hook, request, key, body_sha256, attempt: delivery.attempt() }))
}
