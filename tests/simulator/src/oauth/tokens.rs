//! The token endpoint's decisions.

use super::{ACCESS_LIFE, Authority, GRACE, REFRESH_LIFE, TokenCall};
use crate::clock::later;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A refusal: the code and the words of RFC 6749.
type Refused = (&'static str, &'static str);

impl Authority {
    /// Answers a request to the token endpoint, and records it.
    pub(super) fn answer(
        &mut self,
        basic: Option<(String, String)>,
        form: &HashMap<String, String>,
        now: Timestamp,
    ) -> (u16, Value) {
        let consumer = basic.as_ref().map(|(key, _)| key.clone()).unwrap_or_default();
        let grant_type = form.get("grant_type").cloned().unwrap_or_default();
        let (status, body) = match self.decide(basic, &grant_type, form, now) {
            Ok(body) => (200, body),
            Err((code, words)) => (400, json!({ "error": code, "error_description": words })),
        };
        self.note(TokenCall { at: now, consumer, grant_type, status });
        (status, body)
    }

    pub(super) fn note(&mut self, call: TokenCall) {
        self.calls.push(call);
    }

    fn decide(
        &mut self,
        basic: Option<(String, String)>,
        grant_type: &str,
        form: &HashMap<String, String>,
        now: Timestamp,
    ) -> Result<Value, Refused> {
        let stranger = ("unauthorized_client", "Invalid OAuth client credentials");
        let (key, secret) = basic.ok_or(stranger)?;
        let registered = self.consumer(&key).filter(|consumer| consumer.secret == secret).cloned();
        let consumer = registered.ok_or(stranger)?;
        let field = |name: &str| form.get(name).filter(|value| !value.is_empty());
        match grant_type {
            "authorization_code" => {
                let code = field("code").ok_or(("invalid_request", "Missing parameter: code"))?;
                let uri = field("redirect_uri");
                let below = uri.is_none_or(|uri| uri.starts_with(&consumer.callback_url));
                let found = self.codes.get_mut(code).filter(|found| {
                    // The request must repeat the `redirect_uri` of the authorize page (RFC 6749, section 4.1.3).
                    let same = found.redirect_uri.is_none() || found.redirect_uri.as_ref() == uri;
                    below && same && !found.used && found.consumer == key && now < found.ends
                });
                let found = found.ok_or(("invalid_grant", "The specified code is not valid."))?;
                found.used = true;
                let user = found.user.clone();
                Ok(self.give(&key, &user, true, now))
            }
            "refresh_token" => {
                let token =
                    field("refresh_token").ok_or(("invalid_request", "Missing parameter: refresh_token"))?;
                let found = self.refresh_tokens.get_mut(token);
                let found = found.filter(|found| found.consumer == key && now < found.ends);
                let found = found.ok_or(("invalid_grant", "Invalid refresh_token"))?;
                if !found.used {
                    (found.used, found.ends) = (true, later(now, GRACE));
                }
                let user = found.user.clone();
                Ok(self.give(&key, &user, true, now))
            }
            "client_credentials" => Ok(self.give(&key, &consumer.acts_as, false, now)),
            "" => Err(("invalid_request", "Missing parameter: grant_type")),
            _ => Err(("unsupported_grant_type", "The authorization grant type is not supported")),
        }
    }

    fn give(&mut self, consumer: &str, user: &str, refreshable: bool, now: Timestamp) -> Value {
        let access = self.make("access");
        let given = self.given(consumer, user, later(now, ACCESS_LIFE));
        let scopes = given.scopes.clone();
        self.access_tokens.insert(access.clone(), given);
        let mut body = json!({
            "access_token": access,
            "token_type": "bearer",
            "expires_in": ACCESS_LIFE.as_secs(),
            "scope": scopes,
        });
        if refreshable {
            let refresh = self.make("refresh");
            let given = self.given(consumer, user, later(now, REFRESH_LIFE));
            self.refresh_tokens.insert(refresh.clone(), given);
            if let Some(fields) = body.as_object_mut() {
                fields.insert("refresh_token".to_owned(), json!(refresh));
            }
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::Bearer;

    #[test]
    fn token_that_was_never_issued_is_unknown() {
        assert_eq!(Authority::default().bearer("guess", Timestamp::UNIX_EPOCH), Bearer::Unknown);
    }
}
