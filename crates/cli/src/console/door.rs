//! The door of the console: only the person who was given its address comes in, and only through a browser that shows
//! this page and no other.
//!
//! | danger | defence |
//! | --- | --- |
//! | another user or program of this machine opens the port | a random token in the address, then a cookie |
//! | another site's page makes the browser ask (CSRF) | a cookie with `SameSite=Strict`; `Origin` of every POST |
//! | another site's name is made to mean 127.0.0.1 (DNS rebinding) | the `Host` header must be this address |
//! | text of a comment becomes a script | all text is escaped; the content security policy allows no inline script |
//! | a frame or another window reads the page | `frame-ancestors`, opener and resource policies |

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{Method, StatusCode};
use subtle::ConstantTimeEq as _;

use crate::Error;

const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// Adds the headers of every answer.
pub(super) fn guard(headers: &mut HeaderMap) {
    headers.extend(HEADERS);
}

/// The secrets of one console.
pub(super) struct Door {
    port: u16,
    token: String,
    session: String,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("port", &self.port).finish_non_exhaustive()
    }
}

/// The door's answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// The request has the cookie.
    Open,
    /// The request has the token: the answer sets the cookie.
    Token,
    /// Refused with this status.
    Refused(StatusCode),
}

impl Door {
    pub(super) fn new(port: u16) -> Result<Self, Error> {
        Ok(Self { port, token: random()?, session: random()? })
    }

    /// Returns the address for the person who started the console.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?token={}", self.port, self.token)
    }

    /// Returns the header that sets the cookie. Its name has the port, because browsers send cookies to every port of
    /// a host. The browser forgets it when it ends.
    pub(super) fn cookie(&self) -> String {
        format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name(), self.session)
    }

    fn cookie_name(&self) -> String {
        format!("bitrelay-console-{}", self.port)
    }

    /// Judges a request. `token` is the parameter of its address, which counts on the first page only.
    pub(super) fn entry(&self, method: &Method, headers: &HeaderMap, token: Option<&str>) -> Entry {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let hosts = [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)];
        let Some(host) = text(HOST).filter(|host| hosts.iter().any(|known| known == host)) else {
            return Entry::Refused(StatusCode::MISDIRECTED_REQUEST);
        };
        if *method != Method::GET && text(ORIGIN) != Some(format!("http://{host}").as_str()) {
            return Entry::Refused(StatusCode::FORBIDDEN);
        }
        if token.is_some_and(|token| same(token, &self.token)) {
            return Entry::Token;
        }
        let name = self.cookie_name();
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        if pairs.any(|(of, value)| of == name && same(value, &self.session)) {
            return Entry::Open;
        }
        Entry::Refused(StatusCode::UNAUTHORIZED)
    }
}

fn same(given: &str, secret: &str) -> bool {
    given.as_bytes().ct_eq(secret.as_bytes()).into()
}

/// Returns 256 random bits in hex.
fn random() -> Result<String, Error> {
    let mut bytes = [0; 32];
    let failed = |error| Error::Internal(format!("the system gives no random bytes: {error}"));
    getrandom::fill(&mut bytes).map_err(failed)?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn only_the_token_or_the_cookie_opens_the_door() {
        let door = Door::new(4000).unwrap();
        let cookie = door.cookie().split(';').next().unwrap().to_owned();
        let own = "127.0.0.1:4000";
        let refused = |status| Entry::Refused(status);
        let unauthorized = refused(StatusCode::UNAUTHORIZED);
        let misdirected = refused(StatusCode::MISDIRECTED_REQUEST);
        for (host, cookie, token, expected) in [
            (own, "", None, unauthorized),
            (own, "", Some(door.token.as_str()), Entry::Token),
            (own, "", Some(""), unauthorized),
            (own, "", Some(door.session.as_str()), unauthorized),
            (own, cookie.as_str(), None, Entry::Open),
            ("localhost:4000", cookie.as_str(), None, Entry::Open),
            (own, "bitrelay-console-4000=", None, unauthorized),
            ("attacker.example:4000", cookie.as_str(), None, misdirected),
            ("127.0.0.1", cookie.as_str(), None, misdirected),
            ("", cookie.as_str(), None, misdirected),
        ] {
            let headers = headers(&[(HOST, host), (COOKIE, &format!("other=1; {cookie}"))]);
            assert_eq!(door.entry(&Method::GET, &headers, token), expected, "{host} {cookie}");
        }
    }

    #[test]
    fn post_of_another_site_is_refused() {
        let door = Door::new(4000).unwrap();
        let cookie = door.cookie().split(';').next().unwrap().to_owned();
        let entry = |origin: &str| {
            let headers = headers(&[(HOST, "127.0.0.1:4000"), (COOKIE, &cookie), (ORIGIN, origin)]);
            door.entry(&Method::POST, &headers, None)
        };
        assert_eq!(entry("http://127.0.0.1:4000"), Entry::Open);
        for other in
            ["null", "", "https://127.0.0.1:4000", "http://127.0.0.1:4001", "http://attacker.example"]
        {
            assert_eq!(entry(other), Entry::Refused(StatusCode::FORBIDDEN), "{other:?}");
        }
    }
}
