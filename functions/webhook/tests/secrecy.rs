//! What is logged and answered. In a process of its own: the log is the whole process's, and tests beside it that log
//! nothing would decide what is logged here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

#[allow(dead_code, reason = "shared with the stories of deliveries, which need more of it")]
#[path = "deliveries/support.rs"]
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use store::memory::Fault;
use tracing_subscriber::fmt::MakeWriter;

use support::{BODY, Function, SECRET, Sent, sign};

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_secret_signature_or_body_is_logged_or_answered() {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let function = Function::new();
    let mut answers = Vec::new();
    answers.push(function.answer(Sent::good()).await);
    answers.push(function.answer(Sent::good()).await);
    answers.push(function.answer(Sent::signed("wrong", BODY)).await);
    answers.push(function.answer(Sent::signed(SECRET, "Älice is not JSON")).await);
    function.app.table.inject(Fault::ReadFails, 1);
    answers.push(function.answer(Sent::good()).await);

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("delivery accepted") && logged.contains("delivery refused"), "{logged}");
    let told = format!("{logged}{answers:?}");
    for hidden in [SECRET, "Älice", &sign(SECRET, BODY.as_bytes())["sha256=".len()..]] {
        assert!(!told.contains(hidden), "{hidden} is in: {told}");
    }
}
