//! Processes that request tokens at the same time.

use std::process::Stdio;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Input of such a process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names of the stack's outputs")]
pub struct Work {
    pub endpoint_url: String,
    pub region: String,
    pub table: String,
    pub link_secret_prefix: String,
    pub oauth_url: String,
    pub link: String,
    /// The link's credential, in the form of its secret.
    pub credential: Value,
    /// Number of tokens to request at once.
    pub times: usize,
}

/// A process that is ready to begin. Dropping it ends the process.
#[derive(Debug)]
pub struct Requester {
    _process: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl Requester {
    /// Starts a process of this program and waits until it is ready.
    pub async fn start(program: &str, work: &Work) -> Self {
        let mut process = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (to, from) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut requester = Self { _process: process, to, from: BufReader::new(from).lines() };
        requester.write(&serde_json::to_string(work).unwrap()).await;
        assert_eq!(requester.from.next_line().await.unwrap().as_deref(), Some("ready"));
        requester
    }

    /// Lets the process begin, and returns the tokens that it received.
    pub async fn request(&mut self) -> Vec<String> {
        self.write("begin").await;
        let answer =
            self.from.next_line().await.unwrap().expect("the process failed; its error is printed above");
        serde_json::from_str(&answer).unwrap()
    }

    async fn write(&mut self, line: &str) {
        self.to.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }
}
