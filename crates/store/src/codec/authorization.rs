//! Where a link's authorization stands, as an item.

use jiff::{SignedDuration, Timestamp};
use relay::LinkId;
use serde::Serialize;
use serde_dynamo::Item;

use super::{corrupt, item, json, keys, text};
use crate::Error;
use crate::authorization::Authorization;

/// How long an item is kept after its end, so that a version is not counted from 1 again while somebody still works on
/// what was read.
const KEPT: SignedDuration = SignedDuration::from_mins(10);

#[derive(Debug, Serialize)]
pub(crate) struct AuthorizationItem {
    pk: String,
    sk: &'static str,
    kind: &'static str,
    version: u64,
    /// JSON as text.
    authorization: String,
    /// DynamoDB deletes the item some time after this, in seconds since 1970.
    expires_at: i64,
}

impl AuthorizationItem {
    pub(crate) fn encode(link: &LinkId, stored: &Authorization) -> Result<Item, Error> {
        let pk = keys::authorization(link);
        let end = stored.until.saturating_add(KEPT).unwrap_or(Timestamp::MAX);
        let stored = Self {
            pk: pk.clone(),
            sk: keys::AUTHORIZATION,
            kind: keys::AUTHORIZATION,
            version: stored.version,
            authorization: json(&pk, keys::AUTHORIZATION, stored)?,
            expires_at: end.as_second(),
        };
        item(&pk, keys::AUTHORIZATION, stored)
    }

    pub(crate) fn decode(link: &LinkId, item: &Item) -> Result<Authorization, Error> {
        let unreadable = |error| corrupt(&keys::authorization(link), keys::AUTHORIZATION, &error);
        serde_json::from_str(text(item, "authorization")).map_err(unreadable)
    }
}
