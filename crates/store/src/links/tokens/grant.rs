//! A stored grant, and the decision if it can be used. No I/O here.

use bitbucket::oauth::Grant;
use bitbucket::payload::Account;
use jiff::{SignedDuration, Timestamp};
use relay::LinkId;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::super::{Flow, OAuthCredential};
use crate::Error;

/// A token is renewed this long before its end, so that none ends during a call.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// A stored grant. It cannot be printed.
#[derive(Debug, Clone, Deserialize)]
pub struct KeptGrant {
    /// Number of grants of the link so far, this one included.
    pub generation: u64,
    /// The consumer that received it; another one cannot use it.
    pub client_id: String,
    /// The access token for the API.
    pub access_token: SecretString,
    /// Time when the access token ends.
    pub expires_at: Timestamp,
    /// The token that requests the next access token.
    #[serde(default)]
    pub refresh_token: Option<SecretString>,
    /// The scopes that it allows.
    #[serde(default)]
    pub scope: String,
    /// The person who authorized it, if any; for people to read.
    #[serde(default)]
    pub account: Option<Account>,
    /// True if Bitbucket refused the refresh token. A person must then authorize again.
    #[serde(default)]
    pub reauthorize: bool,
}

/// The next step before a call to the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Use the stored token.
    Use,
    /// Request a new token.
    Refresh,
    /// Ask a person to authorize.
    Reauthorize,
}

/// Decides the next step. `rejected` is a token that the API has just refused.
pub fn plan(
    kept: Option<&KeptGrant>,
    credential: &OAuthCredential,
    rejected: Option<&SecretString>,
    now: Timestamp,
) -> Plan {
    let kept = kept.filter(|kept| kept.client_id == credential.client_id);
    let good = kept.is_some_and(|kept| {
        let refused =
            rejected.is_some_and(|token| token.expose_secret() == kept.access_token.expose_secret());
        !kept.reauthorize && !refused && kept.expires_at.duration_since(now) > MARGIN
    });
    match (good, credential.flow) {
        (true, _) => Plan::Use,
        (false, Flow::ClientCredentials) => Plan::Refresh,
        (false, Flow::AppOauth) => {
            let renewable = kept.is_some_and(|kept| kept.refresh_token.is_some() && !kept.reauthorize);
            if renewable { Plan::Refresh } else { Plan::Reauthorize }
        }
    }
}

impl KeptGrant {
    /// Returns the grant to store after `before`.
    pub fn after(before: Option<&Self>, client_id: &str, grant: Grant) -> Self {
        let earlier = before.filter(|before| before.client_id == client_id);
        Self {
            generation: before.map_or(0, |before| before.generation).saturating_add(1),
            client_id: client_id.to_owned(),
            access_token: grant.access_token,
            expires_at: grant.expires_at,
            // An answer without a refresh token means that it was not rotated.
            refresh_token: grant
                .refresh_token
                .or_else(|| earlier.and_then(|kept| kept.refresh_token.clone())),
            scope: grant.scope,
            account: earlier.and_then(|kept| kept.account.clone()),
            reauthorize: false,
        }
    }

    /// Returns the grant to store after a person has authorized it. It keeps nothing of the earlier grant, which may be
    /// another person's.
    pub(super) fn authorized(before: Option<&Self>, client_id: &str, grant: Grant, account: Account) -> Self {
        let refresh_token = grant.refresh_token.clone();
        Self { refresh_token, account: Some(account), ..Self::after(before, client_id, grant) }
    }

    /// Returns the same grant, marked as refused: a person must authorize again.
    pub(super) fn refused(&self) -> Self {
        Self { generation: self.generation.saturating_add(1), reauthorize: true, ..self.clone() }
    }

    /// Parses a stored grant.
    pub(super) fn parse(link: &LinkId, text: &SecretString) -> Result<Self, Error> {
        // The parser's message could repeat a token.
        serde_json::from_str(text.expose_secret()).map_err(|error| Error::LinkInvalid {
            link: link.clone(),
            reason: format!("its grant cannot be read at column {}; authorize again", error.column()),
        })
    }

    /// Returns the document to store.
    pub(super) fn to_secret(&self) -> SecretString {
        let document = json!({
            "version": 1,
            "generation": self.generation,
            "client_id": self.client_id,
            "access_token": self.access_token.expose_secret(),
            "expires_at": self.expires_at,
            "refresh_token": self.refresh_token.as_ref().map(ExposeSecret::expose_secret),
            "scope": self.scope,
            "account": self.account,
            "reauthorize": self.reauthorize,
        });
        document.to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn credential(flow: Flow) -> OAuthCredential {
        OAuthCredential { flow, client_id: "key".to_owned(), client_secret: "s".into() }
    }

    fn kept() -> KeptGrant {
        KeptGrant {
            generation: 1,
            client_id: "key".to_owned(),
            access_token: "access-1".into(),
            expires_at: at("2026-11-24T11:00:00Z"),
            refresh_token: Some("refresh-1".into()),
            scope: String::new(),
            account: Some(account("Alice")),
            reauthorize: false,
        }
    }

    fn account(name: &str) -> Account {
        Account { display_name: Some(name.to_owned()), ..Account::default() }
    }

    #[test]
    fn refresh_keeps_account_and_new_authorization_replaces_it() {
        let grant = |refresh: Option<&str>| Grant {
            access_token: "access-2".into(),
            expires_at: at("2026-11-24T12:00:00Z"),
            refresh_token: refresh.map(Into::into),
            scope: "pullrequest".to_owned(),
        };
        let refreshed = KeptGrant::after(Some(&kept()), "key", grant(None));
        assert_eq!((refreshed.generation, &refreshed.account), (2, &Some(account("Alice"))));
        assert!(refreshed.refresh_token.is_some());
        let again = KeptGrant::authorized(Some(&kept().refused()), "key", grant(None), account("Bob"));
        assert_eq!((again.generation, &again.account), (3, &Some(account("Bob"))));
        assert!(again.refresh_token.is_none() && !again.reauthorize);
    }

    #[test]
    fn token_is_used_until_five_minutes_before_its_end() {
        for flow in [Flow::AppOauth, Flow::ClientCredentials] {
            let plan = |now| plan(Some(&kept()), &credential(flow), None, at(now));
            assert_eq!(plan("2026-11-24T10:54:59Z"), Plan::Use);
            assert_eq!(plan("2026-11-24T10:55:00Z"), Plan::Refresh);
            assert_eq!(plan("2026-11-25T00:00:00Z"), Plan::Refresh);
        }
    }

    #[test]
    fn lost_grant_needs_a_person_only_if_a_person_gave_it() {
        let now = at("2026-11-24T10:00:00Z");
        let without = KeptGrant { refresh_token: None, expires_at: now, ..kept() };
        let other = KeptGrant { client_id: "another".to_owned(), ..kept() };
        for kept in [None, Some(without), Some(kept().refused()), Some(other)] {
            let plan = |flow| plan(kept.as_ref(), &credential(flow), None, now);
            assert_eq!(
                (plan(Flow::AppOauth), plan(Flow::ClientCredentials)),
                (Plan::Reauthorize, Plan::Refresh)
            );
        }
    }

    #[test]
    fn refused_token_is_not_used_but_a_newer_one_is() {
        let plan = |token: &str| {
            plan(Some(&kept()), &credential(Flow::AppOauth), Some(&token.into()), at("2026-11-24T10:00:00Z"))
        };
        assert_eq!((plan("access-1"), plan("access-0")), (Plan::Refresh, Plan::Use));
    }

    #[test]
    fn grant_reads_back_and_is_not_printed() {
        let link: LinkId = "acme".parse().unwrap();
        let back = KeptGrant::parse(&link, &kept().to_secret()).unwrap();
        assert_eq!(back.access_token.expose_secret(), "access-1");
        assert_eq!(back.refresh_token.as_ref().unwrap().expose_secret(), "refresh-1");
        assert_eq!(
            (back.generation, back.expires_at, &back.account),
            (1, kept().expires_at, &kept().account)
        );
        let bad = KeptGrant::parse(&link, &r#"{"generation": "refresh-1"}"#.into()).unwrap_err();
        let printed = format!("{back:?} {bad} {bad:?}");
        assert!(!printed.contains("access-1") && !printed.contains("refresh-1"), "{printed}");
    }
}
