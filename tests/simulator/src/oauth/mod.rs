//! Bitbucket's OAuth 2.0 (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#oauth-2-0>): consumers, the page
//! where a person allows one, and the token endpoint. Access tokens live an hour, refresh tokens rotate.

mod pages;
mod routes;
pub(crate) mod scopes;
mod tokens;

use crate::clock::later;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

pub(crate) use routes::router;

/// Life of an access token.
const ACCESS_LIFE: SignedDuration = SignedDuration::from_hours(1);
/// Life of a code. RFC 6749 recommends ten minutes at most; Bitbucket's is not documented.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// Life of a refresh token after its first use: it "will expire shortly after".
const GRACE: SignedDuration = SignedDuration::from_secs(60);
/// Life of an unused refresh token: three months.
const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// An OAuth consumer of the workspace. It is made up, so printing it is safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthConsumer {
    /// Its key, the `client_id`.
    pub key: String,
    /// Its secret.
    pub secret: String,
    /// Address that codes are sent to.
    pub callback_url: String,
    /// The account that it acts as with client credentials.
    #[serde(default = "bot")]
    pub acts_as: String,
    /// Its permissions, as OAuth scopes separated by spaces; its tokens have them.
    #[serde(default = "usual_scopes")]
    pub scopes: String,
}

fn bot() -> String {
    "bot".to_owned()
}

fn usual_scopes() -> String {
    OAuthConsumer::USUAL_SCOPES.to_owned()
}

impl OAuthConsumer {
    /// The permissions that the project's documentation asks for.
    pub const USUAL_SCOPES: &str = "account team pullrequest:write webhook";
}

/// One call to the token endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenCall {
    /// Time of the call, by the simulator's clock.
    pub at: Timestamp,
    /// The consumer's key, or empty if the request names none.
    pub consumer: String,
    /// Grant type, such as `refresh_token`.
    pub grant_type: String,
    /// The answer.
    pub status: u16,
}

/// A secret that was issued to a consumer. It is made up, so printing it is safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Issued {
    /// The consumer's key.
    consumer: String,
    /// `code`, `access token` or `refresh token`.
    what: &'static str,
    /// The value.
    value: String,
}

/// The caller behind a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// The account's name, and the scopes of the token.
    User(String, Vec<String>),
    Expired,
    Unknown,
}

#[derive(Debug)]
struct Given {
    consumer: String,
    user: String,
    /// Scopes of the consumer, if they were given.
    scopes: String,
    /// Of a code: the `redirect_uri` that the authorize page was asked with.
    redirect_uri: Option<String>,
    ends: Timestamp,
    used: bool,
}

/// State of the OAuth endpoints.
#[derive(Debug, Default)]
pub(crate) struct Authority {
    consumers: Vec<OAuthConsumer>,
    codes: HashMap<String, Given>,
    refresh_tokens: HashMap<String, Given>,
    access_tokens: HashMap<String, Given>,
    calls: Vec<TokenCall>,
    made: u64,
}

impl Authority {
    /// Adds a consumer, or changes the one with its key.
    pub(crate) fn register(&mut self, consumer: OAuthConsumer) {
        self.consumers.retain(|registered| registered.key != consumer.key);
        self.consumers.push(consumer);
    }

    pub(crate) fn calls(&self) -> Vec<TokenCall> {
        self.calls.clone()
    }

    /// Every code and token that was ever issued, for tests that search for leaked ones.
    pub(crate) fn issued(&self) -> Vec<Issued> {
        let kinds = [
            ("code", &self.codes),
            ("access token", &self.access_tokens),
            ("refresh token", &self.refresh_tokens),
        ];
        let of_kind = |(what, given): (&'static str, &HashMap<String, Given>)| {
            let issued = given.iter().map(move |(value, given)| Issued {
                consumer: given.consumer.clone(),
                what,
                value: value.clone(),
            });
            issued.collect::<Vec<_>>()
        };
        kinds.into_iter().flat_map(of_kind).collect()
    }

    /// Ends every refresh token at once, as when a person revokes the consumer or three months pass.
    pub(crate) fn revoke(&mut self) {
        self.refresh_tokens.clear();
        self.access_tokens.clear();
    }

    pub(crate) fn bearer(&self, token: &str, now: Timestamp) -> Bearer {
        match self.access_tokens.get(token) {
            Some(given) if now < given.ends => {
                let scopes = given.scopes.split_whitespace().map(str::to_owned).collect();
                Bearer::User(given.user.clone(), scopes)
            }
            Some(_) => Bearer::Expired,
            None => Bearer::Unknown,
        }
    }

    fn consumer(&self, key: &str) -> Option<&OAuthConsumer> {
        self.consumers.iter().find(|consumer| consumer.key == key)
    }

    fn give_code(
        &mut self,
        consumer: &str,
        user: &str,
        redirect_uri: Option<String>,
        now: Timestamp,
    ) -> String {
        let code = self.make("code");
        let given = Given { redirect_uri, ..self.given(consumer, user, later(now, CODE_LIFE)) };
        self.codes.insert(code.clone(), given);
        code
    }

    fn given(&self, consumer: &str, user: &str, ends: Timestamp) -> Given {
        let scopes = self.consumer(consumer).map_or_else(String::new, |consumer| consumer.scopes.clone());
        Given {
            consumer: consumer.to_owned(),
            user: user.to_owned(),
            scopes,
            redirect_uri: None,
            ends,
            used: false,
        }
    }

    /// Returns a value that cannot be guessed and differs in every run.
    fn make(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}-{:016x}-{}", RandomState::new().hash_one(self.made), self.made)
    }
}
