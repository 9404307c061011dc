//! The HTTP API before the webhook function.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::Lambda;

/// Passes a request to the webhook function.
pub(super) async fn receive(
    State(lambda): State<Lambda>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let event = event(method.as_str(), uri.path(), uri.query().unwrap_or_default(), &headers, &body);
    let (status, body) = lambda.request(event).await;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response
}

/// Returns the event of a request, payload format 2.0.
pub fn event(method: &str, path: &str, query: &str, headers: &HeaderMap, body: &[u8]) -> Value {
    let headers =
        headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.into())));
    json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers.collect::<Map<String, Value>>(),
        "requestContext": { "stage": "$default", "http": { "method": method, "path": path } },
        "body": STANDARD.encode(body),
        "isBase64Encoded": true,
    })
}
