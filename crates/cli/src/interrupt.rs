//! Ctrl-C.

/// Ends when the person presses Ctrl-C.
pub(crate) async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Nobody can interrupt then.
        std::future::pending::<()>().await;
    }
}
