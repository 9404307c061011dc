//! Chromium's `DevTools` protocol over a pipe (<https://chromedevtools.github.io/devtools-protocol/>). JSON messages
//! travel over the file descriptors 3 and 4, each followed by a zero byte. This needs neither a port nor a web socket.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Longest duration of one command. The first one includes the start of the browser.
const CALL_LIMIT: Duration = Duration::from_mins(1);

/// Moves the input and output of the child to the file descriptors that Chromium uses.
const PIPED: &str = r#"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>&2"#;

/// A browser's process, and the pipe to it. Dropping this ends the process.
#[derive(Debug)]
pub(super) struct DevTools {
    _process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    calls: u64,
    /// The events that came since they were taken.
    events: Vec<Value>,
}

impl DevTools {
    pub(super) fn start(program: &Path, arguments: &[String], log: std::fs::File) -> Self {
        let mut process = Command::new("sh")
            .args(["-c", PIPED])
            .arg(program)
            .args(arguments)
            .arg("--remote-debugging-pipe")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (to, from) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { _process: process, to, from: BufReader::new(from), calls: 0, events: Vec::new() }
    }

    /// Returns the events of the browser since the last call. They come with the answers to other calls.
    pub(super) fn take_events(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }

    /// Calls a method and returns its result, or its error.
    pub(super) async fn call(
        &mut self,
        session: Option<&str>,
        method: &str,
        parameters: Value,
    ) -> Result<Value, String> {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).await.unwrap();
        let answer = tokio::time::timeout(CALL_LIMIT, self.answer(self.calls)).await;
        let mut answer = answer.unwrap_or_else(|_| panic!("no answer to {method} within {CALL_LIMIT:?}"));
        match answer.get("error") {
            Some(error) => Err(format!("{method}: {error}")),
            None => Ok(answer["result"].take()),
        }
    }

    async fn answer(&mut self, id: u64) -> Value {
        loop {
            let mut bytes = Vec::new();
            self.from.read_until(0, &mut bytes).await.unwrap();
            assert_eq!(bytes.pop(), Some(0), "the browser ended; see chromium.log");
            let message: Value = serde_json::from_slice(&bytes).unwrap();
            if message["id"] == id {
                return message;
            }
            if message.get("method").is_some() {
                self.events.push(message);
            }
        }
    }
}
