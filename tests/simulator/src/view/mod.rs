//! The world as Bitbucket's JSON. The shapes follow Bitbucket's OpenAPI file and, where captures of real payloads
//! have more, the captures. Pure: no clock, no request.

mod accounts;
mod comments;
mod commits;
mod hooks;
mod pull_requests;
mod repositories;
mod tasks;

use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;

/// Converts the world into JSON whose links begin with one address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    /// `http://127.0.0.1:7990`, without a slash at the end.
    pub(crate) base: &'a str,
    /// [`crate::Rules::queued_is_a_state`].
    pub(crate) queued_is_a_state: bool,
    /// True if threads show their resolution.
    pub(crate) shows_resolutions: bool,
    /// True if texts are written with CRLF and decomposed characters.
    pub(crate) other_text_form: bool,
}

impl View<'_> {
    /// A link to the REST API.
    fn api(self, path: &str) -> Value {
        json!({ "href": format!("{}/2.0/{path}", self.base) })
    }

    /// A text that people typed.
    fn text(self, raw: &str) -> String {
        if self.other_text_form { raw.replace('\n', "\r\n").nfd().collect() } else { raw.to_owned() }
    }

    /// A text in the three forms in which Bitbucket gives it.
    fn rendered(self, raw: &str) -> Value {
        let raw = self.text(raw);
        json!({ "type": "rendered", "html": html(&raw), "markup": "markdown", "raw": raw })
    }

    /// A link to a page for people. The simulator has no pages; the links have the form of Bitbucket's.
    fn page(self, path: &str) -> Value {
        json!({ "href": format!("{}/{path}", self.base) })
    }
}

/// Renders paragraphs only; no reader needs more.
fn html(raw: &str) -> String {
    if raw.is_empty() {
        return String::new();
    }
    let escaped = raw.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<p>{escaped}</p>")
}

/// `{uuid}` as it stands in a URL.
fn encoded(uuid: &str) -> String {
    uuid.replace('{', "%7B").replace('}', "%7D")
}

/// The abbreviated hash that pull requests carry.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    #[test]
    fn markup_in_a_text_is_escaped() {
        assert_eq!(super::html("a < b & c"), "<p>a &lt; b &amp; c</p>");
        assert_eq!(super::html(""), "");
    }
}
