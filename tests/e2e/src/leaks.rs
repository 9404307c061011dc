//! A search for secrets in everything that a run leaves behind (G10).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Shortest secret that can be searched for. Shorter ones occur by chance.
const MIN_LENGTH: usize = 8;

/// A secret that the run used.
#[derive(Debug, Clone)]
pub struct Secret {
    kind: String,
    forms: Vec<String>,
}

impl Secret {
    /// Creates a secret of a `kind` such as `nonce`. Two secrets may have the same kind.
    pub fn new(kind: &str, value: &str) -> Self {
        assert!(
            value.len() >= MIN_LENGTH,
            "this {kind} has fewer than {MIN_LENGTH} characters and would be found by chance"
        );
        let in_a_url = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        Self { kind: kind.to_owned(), forms: vec![value.to_owned(), in_a_url, STANDARD.encode(value)] }
    }

    /// Creates a secret that is also sent as the password of Basic authentication, which encodes it.
    pub fn password(kind: &str, user: &str, value: &str) -> Self {
        let mut secret = Self::new(kind, value);
        secret.forms.push(STANDARD.encode(format!("{user}:{value}")));
        secret
    }

    fn is_in(&self, text: &str) -> bool {
        self.forms.iter().any(|form| text.contains(form))
    }
}

/// A text that a run left behind.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Its origin.
    pub place: String,
    /// The whole text.
    pub text: String,
    /// Kinds of secrets that it shows on purpose.
    pub shows: &'static [&'static str],
}

impl Trace {
    /// Creates a trace that must show no secret.
    pub fn new(place: &str, text: impl Into<String>) -> Self {
        Self { place: place.to_owned(), text: text.into(), shows: &[] }
    }
}

/// Lists the secrets that a trace shows and must not show. Also lists exceptions that are not needed, because they
/// could hide a leak.
pub fn leaks(traces: &[Trace], secrets: &[Secret]) -> Vec<String> {
    let mut found = Vec::new();
    for trace in traces {
        let found_here: Vec<_> = secrets.iter().filter(|secret| secret.is_in(&trace.text)).collect();
        let leaked = found_here.iter().filter(|secret| !trace.shows.contains(&secret.kind.as_str()));
        found.extend(leaked.map(|secret| format!("{} is in {}", secret.kind, trace.place)));
        let needless =
            trace.shows.iter().filter(|kind| found_here.iter().all(|secret| secret.kind != **kind));
        found.extend(needless.map(|kind| format!("{} is not in {}", kind, trace.place)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_found_in_every_encoding() {
        let secret = Secret::password("password", "alice", "p&ssword 42");
        for planted in [
            r#"{"message":"got p&ssword 42"}"#.to_owned(),
            "GET /callback?x=p%26ssword+42".to_owned(),
            format!("base64 {}", STANDARD.encode("p&ssword 42")),
            format!("authorization: Basic {}", STANDARD.encode("alice:p&ssword 42")),
        ] {
            let traces = [Trace::new("the log", "nothing"), Trace::new("a page", planted)];
            assert_eq!(leaks(&traces, std::slice::from_ref(&secret)), ["password is in a page"]);
        }
    }

    #[test]
    fn exception_is_for_one_kind_and_must_be_needed() {
        let secrets = [Secret::new("nonce", "nonce-0123"), Secret::new("token", "token-0123")];
        let shows: &[&str] = &["nonce"];
        let trace = |text: &str| Trace { shows, ..Trace::new("the output", text) };
        assert!(leaks(&[trace("nonce-0123")], &secrets).is_empty());
        assert_eq!(leaks(&[trace("nonce-0123 token-0123")], &secrets), ["token is in the output"]);
        assert_eq!(leaks(&[trace("")], &secrets), ["nonce is not in the output"]);
    }
}
