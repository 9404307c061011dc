//! The secret of a link, read and checked.

use std::collections::BTreeSet;
use std::fmt;

use bitbucket::WebhookSecret;
use jiff::Timestamp;
use relay::{LinkId, SweepTarget, SweepTargets};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Link, LinkCredential};
use crate::Error;

pub(super) const VERSION: u32 = 1;

/// Rotation needs two. Each costs one HMAC for a forged delivery.
const MAX_WEBHOOK_SECRETS: usize = 10;

/// A link's secret, read and checked.
#[derive(Clone)]
pub struct LinkDocument {
    id: LinkId,
    template: String,
    webhook_secrets: Vec<(WebhookSecret, Option<Timestamp>)>,
    unsigned: bool,
    credential: Option<LinkCredential>,
    sweep: SweepTargets,
}

impl fmt::Debug for LinkDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkDocument").field("id", &self.id).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Raw {
    version: u32,
    template: String,
    #[serde(default)]
    webhook_secrets: Vec<RawSecret>,
    #[serde(default)]
    credential: Option<LinkCredential>,
    #[serde(default)]
    unsigned: bool,
    #[serde(default)]
    sweep: BTreeSet<String>,
}

#[derive(Deserialize)]
struct RawSecret {
    value: SecretString,
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

impl LinkDocument {
    /// Reads a link's secret.
    ///
    /// # Errors
    ///
    /// [`Error::LinkInvalid`]; the reason never repeats what the secret holds.
    pub fn parse(id: &LinkId, secret: &SecretString) -> Result<Self, Error> {
        let invalid = |reason: String| Error::LinkInvalid { link: id.clone(), reason };
        // The parser's own words could repeat a secret that stands where something else was expected.
        let raw: Raw = serde_json::from_str(secret.expose_secret()).map_err(|error| {
            let what = if error.is_data() {
                "has a field that is missing or of a wrong type"
            } else {
                "is not JSON"
            };
            invalid(format!("it {what}, at line {}, column {}", error.line(), error.column()))
        })?;
        if raw.version != VERSION {
            return Err(invalid(format!(
                "its version is {}, this program reads version {VERSION}",
                raw.version
            )));
        }
        if raw.webhook_secrets.len() > MAX_WEBHOOK_SECRETS {
            return Err(invalid(format!("it has more than {MAX_WEBHOOK_SECRETS} webhook secrets")));
        }
        if raw.unsigned && !raw.webhook_secrets.is_empty() {
            return Err(invalid(
                "\"unsigned\" is true, yet there are webhook secrets; remove one of the two".into(),
            ));
        }
        let webhook_secrets = raw
            .webhook_secrets
            .iter()
            .map(|secret| Ok((WebhookSecret::new(secret.value.expose_secret())?, secret.expires_at)))
            .collect::<Result<_, bitbucket::Error>>()
            .map_err(|error| invalid(error.to_string()))?;
        if raw.credential.as_ref().is_some_and(LinkCredential::has_an_empty_part) {
            return Err(invalid(
                "its credential has an empty username, password, token, client_id or client_secret"
                    .to_owned(),
            ));
        }
        let sweep =
            raw.sweep.iter().map(|place| place.parse::<SweepTarget>()).collect::<Result<BTreeSet<_>, _>>();
        let sweep = sweep.and_then(SweepTargets::try_from);
        Ok(Self {
            id: id.clone(),
            template: raw.template,
            webhook_secrets,
            unsigned: raw.unsigned,
            credential: raw.credential,
            sweep: sweep.map_err(|error| invalid(format!("\"sweep\": {error}")))?,
        })
    }

    /// What to call Bitbucket's API with, whether or not a webhook secret is valid now.
    pub const fn credential(&self) -> Option<&LinkCredential> {
        self.credential.as_ref()
    }

    /// What is to be swept from the beginning.
    pub const fn sweep(&self) -> &SweepTargets {
        &self.sweep
    }

    /// The link as it is now: without the secrets that have expired.
    ///
    /// # Errors
    ///
    /// [`Error::LinkWithoutSecret`] where none is left and the link was not made `unsigned`.
    pub fn at(&self, now: Timestamp) -> Result<Link, Error> {
        let valid =
            self.webhook_secrets.iter().filter(|(_, expires_at)| expires_at.is_none_or(|end| now < end));
        let webhook_secrets: Vec<_> = valid.map(|(secret, _)| secret.clone()).collect();
        if webhook_secrets.is_empty() && !self.unsigned {
            return Err(Error::LinkWithoutSecret(self.id.clone()));
        }
        Ok(Link {
            id: self.id.clone(),
            template: self.template.clone(),
            webhook_secrets,
            unsigned: self.unsigned,
            credential: self.credential.clone(),
            sweep: self.sweep.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::Flow;

    fn parse(json: &str) -> Result<LinkDocument, Error> {
        LinkDocument::parse(&"acme".parse().unwrap(), &SecretString::from(json))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const ROTATING: &str = r#"{
        "version": 1,
        "template": "bitbucket-user-token",
        "webhook_secrets": [
            { "value": "old-secret", "created_at": "2026-01-01T00:00:00Z", "expires_at": "2026-02-01T00:00:00Z" },
            { "value": "new-secret", "created_at": "2026-01-31T00:00:00Z", "expires_at": null }
        ],
        "credential": { "type": "basic", "username": "alice", "password": "hunter2" }
    }"#;

    #[test]
    fn both_secrets_are_valid_while_they_rotate_and_one_is_after() {
        let document = parse(ROTATING).unwrap();
        assert_eq!(document.at(at("2026-01-31T12:00:00Z")).unwrap().webhook_secrets.len(), 2);
        assert_eq!(document.at(at("2026-02-01T00:00:00Z")).unwrap().webhook_secrets.len(), 1);
    }

    #[test]
    fn a_link_shows_no_secret_however_it_is_printed() {
        let document = parse(ROTATING).unwrap();
        let printed = format!("{document:?} {:?}", document.at(at("2026-01-31T12:00:00Z")).unwrap());
        for secret in ["old-secret", "new-secret", "hunter2"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn a_link_may_have_an_oauth_consumer() {
        for (kind, flow) in [("client-credentials", Flow::ClientCredentials), ("app-oauth", Flow::AppOauth)] {
            let json = format!(
                r#"{{"version":1,"template":"bitbucket-{kind}","unsigned":true,
                "credential":{{"type":"{kind}","client_id":"key","client_secret":"hunter2"}}}}"#
            );
            let link = parse(&json).unwrap().at(at("2026-01-01T00:00:00Z")).unwrap();
            assert!(!format!("{link:?}").contains("hunter2"));
            let Some(LinkCredential::OAuth(credential)) = link.credential else { panic!("{kind}") };
            assert_eq!((credential.flow, credential.client_id.as_str()), (flow, "key"));
        }
    }

    #[test]
    fn a_link_may_name_what_is_swept_and_older_documents_name_nothing() {
        let document =
            |sweep: &str| parse(&format!(r#"{{"version":1,"template":"t","unsigned":true{sweep}}}"#));
        let swept = document(r#","sweep":["acme","Acme/Widgets"]"#).unwrap();
        let names: Vec<_> = swept.sweep().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["acme", "acme/widgets"]);
        assert_eq!(&swept.at(at("2026-01-01T00:00:00Z")).unwrap().sweep, swept.sweep());
        assert!(document("").unwrap().sweep().is_empty());
        let error = document(r#","sweep":["../user"]"#).unwrap_err().to_string();
        assert!(error.contains("a place to sweep is `workspace/slug` or `workspace`"), "{error}");
    }

    #[test]
    fn a_link_whose_secrets_have_expired_accepts_nothing() {
        let json = r#"{"version":1,"template":"t","webhook_secrets":[{"value":"s","expires_at":"2026-01-01T00:00:00Z"}]}"#;
        let error = parse(json).unwrap().at(at("2026-01-02T00:00:00Z")).unwrap_err();
        assert!(matches!(error, Error::LinkWithoutSecret(_)));
        assert!(error.to_string().contains("add one to `webhook_secrets`"), "{error}");
    }

    #[test]
    fn a_link_without_secrets_is_unsigned_only_where_it_says_so() {
        let now = at("2026-01-01T00:00:00Z");
        for json in [
            r#"{"version":1,"template":"t"}"#,
            r#"{"version":1,"template":"t","webhook_secrets":[]}"#,
            r#"{"version":1,"template":"t","unsigned":false}"#,
        ] {
            assert!(parse(json).unwrap().at(now).is_err(), "{json}");
        }
        let link = parse(r#"{"version":1,"template":"t","unsigned":true}"#).unwrap().at(now).unwrap();
        assert!(link.unsigned && link.webhook_secrets.is_empty());
    }

    #[test]
    fn what_cannot_be_used_is_refused_in_words_that_repeat_no_secret() {
        let long = "s".repeat(129);
        let many = [r#"{"value":"hunter2"}"#; 11].join(",");
        for (json, words) in [
            ("hunter2".to_owned(), "is not JSON, at line 1"),
            (r#"{"version":"hunter2"}"#.to_owned(), "wrong type"),
            (r#"{"version":1}"#.to_owned(), "missing"),
            (r#"{"version":2,"template":"t"}"#.to_owned(), "its version is 2"),
            (secrets(r#"{"value":""}"#), "must not be empty"),
            (secrets(r#"{"value":"  "}"#), "must not be empty"),
            (secrets(&format!(r#"{{"value":"{long}"}}"#)), "at most 128 characters"),
            (secrets(r#"{"value":"hunter2","expires_at":"hunter2"}"#), "wrong type"),
            (secrets(&many), "more than 10"),
            (
                r#"{"version":1,"template":"t","unsigned":true,"webhook_secrets":[{"value":"hunter2"}]}"#
                    .to_owned(),
                "remove one",
            ),
            (r#"{"version":1,"template":"t","credential":{"type":"hunter2"}}"#.to_owned(), "wrong type"),
            (
                r#"{"version":1,"template":"t","credential":{"type":"app-oauth","client_id":"k","client_secret":""}}"#
                    .to_owned(),
                "client_secret",
            ),
            (
                r#"{"version":1,"template":"t","credential":{"type":"bearer","token":""}}"#.to_owned(),
                "password, token",
            ),
        ] {
            let error = parse(&json).unwrap_err().to_string();
            assert!(error.contains(words), "{json}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    fn secrets(list: &str) -> String {
        format!(r#"{{"version":1,"template":"t","webhook_secrets":[{list}]}}"#)
    }
}
