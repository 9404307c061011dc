//! One page for a person: a title, some sentences, perhaps a command to type. There is no markup but this module's own,
//! and every text is escaped, ours too.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};

/// What every answer of these pages says to the browser, redirects included: run nothing, load nothing, show it in no
/// frame, keep nothing, and tell no other site where the person came from.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
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
             <meta name=\"color-scheme\" content=\"light dark\"><title>{title} · bitrelay</title></head>\
             <body><h1>{title}</h1>{}{}</body></html>",
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

/// Adds the headers to an answer.
pub(super) async fn guarded(mut response: Response) -> Response {
    response.headers_mut().extend(HEADERS);
    response
}

/// Text that is no markup, wherever it stands.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_page_is_markup() {
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
