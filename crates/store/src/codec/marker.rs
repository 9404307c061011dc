//! Small items: markers of stored facts and deliveries, and leases.

use jiff::{SignedDuration, Timestamp};
use relay::{EventId, LinkId};
use serde::Serialize;

use super::keys;
use crate::commit::DeliveryMark;

/// Life of a delivery's marker. Bitbucket gives up after three attempts, within minutes; two weeks serve people
/// who resend an old delivery by hand.
const DELIVERY_SECONDS: u32 = 14 * 24 * 3600;

/// Time in which an equal body counts as a resend. Bitbucket resends at once; an equal body that comes later can
/// be a new event.
const BODY_VALID_SECONDS: u32 = 600;

/// Marks a fact that is in the log.
#[derive(Debug, Serialize)]
pub(crate) struct FactItem {
    pk: String,
    sk: String,
    kind: &'static str,
}

impl FactItem {
    pub(crate) fn new(pk: &str, id: &EventId) -> Self {
        Self { pk: pk.to_owned(), sk: keys::fact(id), kind: "fact" }
    }
}

/// Marks a stored delivery. Its key has the hash of the body, so that it also identifies a resend with another request
/// id.
#[derive(Debug, Serialize)]
pub(crate) struct DeliveryItem {
    pk: String,
    sk: &'static str,
    kind: &'static str,
    request: String,
    /// Until then, in milliseconds since 1970, a further attempt with this body is a resend, whatever its request id.
    valid_until_ms: i64,
    /// DynamoDB deletes the item some time after this, in seconds since 1970.
    expires_at: i64,
}

impl DeliveryItem {
    pub(crate) fn new(link: &LinkId, mark: &DeliveryMark, now: Timestamp) -> Self {
        Self {
            pk: keys::delivery(link, mark),
            sk: keys::DELIVERY,
            kind: keys::DELIVERY,
            request: mark.request.clone(),
            valid_until_ms: seconds_after(now, BODY_VALID_SECONDS).as_millisecond(),
            expires_at: seconds_after(now, DELIVERY_SECONDS).as_second(),
        }
    }
}

/// A lease and its holder.
#[derive(Debug, Serialize)]
pub(crate) struct LeaseItem {
    pk: String,
    sk: &'static str,
    kind: &'static str,
    holder: String,
    until_ms: i64,
    expires_at: i64,
}

impl LeaseItem {
    pub(crate) fn new(name: &str, holder: &str, now: Timestamp, seconds: u32) -> Self {
        let until = seconds_after(now, seconds);
        Self {
            pk: keys::lease(name),
            sk: keys::LEASE,
            kind: keys::LEASE,
            holder: holder.to_owned(),
            until_ms: until.as_millisecond(),
            expires_at: until.as_second(),
        }
    }
}

fn seconds_after(time: Timestamp, seconds: u32) -> Timestamp {
    time.saturating_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delivery_is_marked_for_two_weeks_and_its_body_for_ten_minutes() {
        let mark = DeliveryMark {
            hook: "hook".to_owned(),
            request: "request".to_owned(),
            key: bitbucket::EventKey::RepositoryPush,
            body_sha256: "0".repeat(64),
            attempt: 1,
        };
        let item = DeliveryItem::new(&"acme".parse().unwrap(), &mark, Timestamp::UNIX_EPOCH);
        assert_eq!((item.expires_at, item.valid_until_ms), (1_209_600, 600_000));
    }
}
