//! The pages that a person sees.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use std::collections::HashMap;

/// Fields that the forms carry on from the address of the page.
const CARRIED: [&str; 3] = ["client_id", "redirect_uri", "state"];

/// Page that asks a person to allow a consumer.
pub(super) fn question(asked: &HashMap<String, String>, users: &[String]) -> Response {
    let carried = CARRIED.iter().filter_map(|name| Some((name, asked.get(*name)?)));
    let input = |(name, value): (&&str, &String)| {
        format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value))
    };
    let hidden = carried.map(input).collect::<Vec<_>>().concat();
    let option = |user: &String| format!("<option>{}</option>", escaped(user));
    let options = users.iter().map(option).collect::<Vec<_>>().concat();
    let consumer = escaped(asked.get("client_id").map_or("", String::as_str));
    let form = |decision: &str, label: &str, more: &str| {
        format!(
            "<form method=\"post\" action=\"/site/oauth2/authorize\">{hidden}{more}\
             <button id=\"{decision}\" name=\"decision\" value=\"{decision}\">{label}</button></form>"
        )
    };
    let who = format!("<label>Account <select name=\"user\">{options}</select></label> ");
    let (allow, deny) = (form("allow", "Grant access", &who), form("deny", "Cancel", ""));
    page(
        StatusCode::OK,
        "Confirm access",
        &format!("<p><b>{consumer}</b> wants to act as you.</p>{allow}{deny}"),
    )
}

/// Page that gives the reason for a refused request.
pub(super) fn refusal(message: &str) -> Response {
    page(StatusCode::BAD_REQUEST, "Invalid request", &format!("<p>{}</p>", escaped(message)))
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    );
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
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
