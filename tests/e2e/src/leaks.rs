//! Looking for secrets in all that a run leaves behind (G10).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Shorter ones are found by chance.
const MIN_LENGTH: usize = 8;

/// A secret that was used.
#[derive(Debug, Clone)]
pub struct Secret {
    what: String,
    forms: Vec<String>,
}

impl Secret {
    /// `what` it is, such as `nonce`; two of one kind may be told apart by their values alone.
    pub fn new(what: &str, value: &str) -> Self {
        assert!(value.len() >= MIN_LENGTH, "this {what} is too short to be looked for");
        let in_an_address = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        Self { what: what.to_owned(), forms: vec![value.to_owned(), in_an_address, STANDARD.encode(value)] }
    }

    /// A secret that is sent as the password of Basic authentication, where it looks different.
    pub fn password(what: &str, user: &str, value: &str) -> Self {
        let mut secret = Self::new(what, value);
        secret.forms.push(STANDARD.encode(format!("{user}:{value}")));
        secret
    }

    fn is_in(&self, text: &str) -> bool {
        self.forms.iter().any(|form| text.contains(form))
    }
}

/// Something that a run left behind.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Where it is from.
    pub place: String,
    /// All of it.
    pub text: String,
    /// What it exists to show: kinds of secrets.
    pub shows: &'static [&'static str],
}

impl Trace {
    /// Something that shows no secret at all.
    pub fn new(place: &str, text: impl Into<String>) -> Self {
        Self { place: place.to_owned(), text: text.into(), shows: &[] }
    }
}

/// Which secrets are where they must not be. What is said to show one and does not is told too: an exception that nobody
/// needs could hide a leak.
pub fn leaks(traces: &[Trace], secrets: &[Secret]) -> Vec<String> {
    let mut found = Vec::new();
    for trace in traces {
        let seen: Vec<_> = secrets.iter().filter(|secret| secret.is_in(&trace.text)).collect();
        let leaked = seen.iter().filter(|secret| !trace.shows.contains(&secret.what.as_str()));
        found.extend(leaked.map(|secret| format!("{} is in {}", secret.what, trace.place)));
        let needless = trace.shows.iter().filter(|what| seen.iter().all(|secret| secret.what != **what));
        found.extend(needless.map(|what| format!("{} is not in {}", what, trace.place)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planted_secret_is_found_in_every_form_it_is_written_in() {
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
    fn an_exception_is_for_one_kind_of_secret_and_has_to_be_needed() {
        let secrets = [Secret::new("nonce", "nonce-0123"), Secret::new("token", "token-0123")];
        let shows: &[&str] = &["nonce"];
        let trace = |text: &str| Trace { shows, ..Trace::new("the output", text) };
        assert!(leaks(&[trace("nonce-0123")], &secrets).is_empty());
        assert_eq!(leaks(&[trace("nonce-0123 token-0123")], &secrets), ["token is in the output"]);
        assert_eq!(leaks(&[trace("")], &secrets), ["nonce is not in the output"]);
    }
}
