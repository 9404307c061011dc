//! One HTML page: a title, some sentences, and optionally a command to run. All text is escaped.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use style::{QUIET, QUIET_SOURCE};

/// Headers of every answer, also of redirects. They forbid scripts, resources, frames and caching, and hide the URL
/// from other sites. The only style is the page's own.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) sentences: Vec<String>,
    pub(super) command: Option<String>,
}

impl Page {
    fn html(&self) -> String {
        let title = escaped(self.title);
        let sentences: Vec<_> =
            self.sentences.iter().map(|text| format!("<p>{}</p>", escaped(text))).collect();
        let command = self.command.as_ref().map(|text| format!("<pre>{}</pre>", escaped(text)));
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><title>{title} · bitrelay</title>\
             <style>{QUIET}</style></head>\
             <body><main><h1>{title}</h1>{}{}</main></body></html>",
            sentences.concat(),
            command.unwrap_or_default()
        )
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        (self.status, [(CONTENT_TYPE, "text/html; charset=utf-8")], self.html()).into_response()
    }
}

/// Adds the security headers to an answer.
pub(super) async fn guarded(mut response: Response) -> Response {
    let policy = format!(
        "default-src 'none'; style-src {QUIET_SOURCE}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    response.headers_mut().extend(HEADERS);
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Escapes text for any place in HTML.
fn escaped(text: &str) -> String {
    // The ampersand comes first, because the other replacements contain it.
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_escapes_all_text() {
        let nasty = "<script>alert('1')</script>\"&";
        let page = Page {
            status: StatusCode::OK,
            title: "a < b",
            sentences: vec![nasty.to_owned()],
            command: Some(nasty.to_owned()),
        };
        let html = page.html();
        assert!(!html.contains("<script") && html.contains("<h1>a &lt; b</h1>"), "{html}");
        let escaped = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;";
        assert_eq!(html.matches(escaped).count(), 2, "{html}");
    }
}
