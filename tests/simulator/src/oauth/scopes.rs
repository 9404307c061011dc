//! Scopes that a call needs, as in Atlassian's OpenAPI file
//! (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#authentication>).

use axum::http::Method;

/// Scope that an operation requires, by its method and its path below `/2.0`; `None` if it needs no scope.
pub(crate) fn required(method: &Method, path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let reads = method == Method::GET;
    match parts.as_slice() {
        ["user", ..] => Some("account"),
        ["workspaces", _, "hooks", ..] | ["repositories", _, _, "hooks", ..] => Some("webhook"),
        // Comments and tasks are written with the scope to read.
        ["repositories", _, _, "pullrequests", _, "comments" | "tasks", ..] => Some("pullrequest"),
        ["repositories", _, _, "pullrequests", ..] if reads => Some("pullrequest"),
        ["repositories", _, _, "pullrequests", ..] => Some("pullrequest:write"),
        ["repositories", _, _, "src", ..] if !reads => Some("repository:write"),
        ["repositories", ..] => Some("repository"),
        _ => None,
    }
}

/// True if one of the granted scopes is, or contains, the required one.
pub(crate) fn allows(granted: &[String], required: &str) -> bool {
    granted.iter().any(|scope| scope == required || contained(scope).contains(&required))
}

/// Scopes contained in a scope.
fn contained(scope: &str) -> &'static [&'static str] {
    match scope {
        "pullrequest:write" => &["pullrequest", "repository:write", "repository"],
        "pullrequest" | "repository:write" | "repository:admin" => &["repository"],
        "account:write" => &["account"],
        _ => &[],
    }
}
