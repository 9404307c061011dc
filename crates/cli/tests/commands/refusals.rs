//! AWS's error codes: each distinguished code has its exit code and its advice.

use axum::http::StatusCode;

use crate::typing::Shell;

/// Starts a server that answers every AWS request with the same error.
async fn refusing(status: u16, body: String) -> Shell {
    let status = StatusCode::from_u16(status).unwrap();
    let routes = axum::Router::new().fallback(move || async move { (status, body) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, routes).await });
    Shell::at(&url)
}

#[tokio::test]
async fn codes_of_dynamodb_are_distinguished() {
    for (code, exit, advice) in [
        ("ExpiredTokenException", 4, "the AWS session has expired"),
        ("AccessDeniedException", 4, "the AWS actions that each command needs"),
        ("UnrecognizedClientException", 4, "check your AWS credentials"),
        ("ResourceNotFoundException", 3, "check --stack or --table, and --region"),
        ("ThrottlingException", 5, "AWS throttles these calls"),
        ("ProvisionedThroughputExceededException", 5, "AWS throttles these calls"),
    ] {
        // The message names other causes: only the code counts.
        let message = "credential ResourceNotFound AccessDenied";
        let body = format!(r#"{{"__type":"com.amazonaws.dynamodb#{code}","message":"{message}"}}"#);
        let shell =
            refusing(400, body).await.with("BITRELAY_TABLE", "bitrelay").with("BITRELAY_LINK", "acme");
        let outcome = shell.types("events list").await;
        assert_eq!(outcome.code, exit, "{code}: {outcome}");
        assert!(outcome.err.contains(code) && outcome.err.contains(advice), "{code}: {outcome}");
    }
}

#[tokio::test]
async fn codes_of_cloudformation_are_distinguished() {
    for (status, code, exit, advice) in [
        (403, "ExpiredToken", 4, "the AWS session has expired"),
        (403, "AccessDenied", 4, "the AWS actions that each command needs"),
        (403, "InvalidClientTokenId", 4, "check your AWS credentials"),
        (400, "ValidationError", 3, "check the stack's name and --region"),
        (400, "Throttling", 5, "AWS throttles these calls"),
        (503, "ServiceUnavailable", 5, "try again in a minute"),
    ] {
        let message = "no credential";
        let body = format!(
            "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        );
        let outcome = refusing(status, body).await.types("events list --stack bitrelay").await;
        assert_eq!(outcome.code, exit, "{code}: {outcome}");
        assert!(
            outcome.err.contains("the stack bitrelay") && outcome.err.contains(advice),
            "{code}: {outcome}"
        );
    }
}
