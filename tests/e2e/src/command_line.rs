//! The program `bitrelay`, as a person types it against the local stack.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::leaks::Trace;
use crate::paths;

/// A shell that knows the local stack's configuration file and the emulator's credentials, and nothing else of this
/// machine. It keeps all that the program prints.
#[derive(Debug)]
pub struct CommandLine {
    program: PathBuf,
    config: PathBuf,
    printed: Vec<Trace>,
}

/// How a command ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// The standard output.
    pub out: String,
    /// The standard error.
    pub err: String,
}

impl Ended {
    /// The output of `--format json`.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl CommandLine {
    /// `config` is what `make up` leaves for `--config`.
    pub fn new(config: PathBuf) -> Self {
        Self { program: paths::bitrelay(), config, printed: Vec::new() }
    }

    /// Types a command that has to succeed.
    pub async fn types(&mut self, words: &str) -> Ended {
        self.pipes("", words).await
    }

    /// Pipes lines into a command that has to succeed.
    pub async fn pipes(&mut self, lines: &str, words: &str) -> Ended {
        let ended = self.run(lines, words, &[]).await;
        assert_eq!(ended.code, 0, "bitrelay {words}: {ended:?}");
        ended
    }

    /// Types a command that has to succeed and whose very purpose is to show such secrets.
    pub async fn types_what_shows(&mut self, shows: &'static [&'static str], words: &str) -> Ended {
        let ended = self.run("", words, shows).await;
        assert_eq!(ended.code, 0, "bitrelay {words}: {ended:?}");
        ended
    }

    /// All that was printed so far, and what was typed for it.
    pub fn printed(&self) -> &[Trace] {
        &self.printed
    }

    async fn run(&mut self, lines: &str, words: &str, shows: &'static [&'static str]) -> Ended {
        let mut process = Command::new(&self.program)
            .arg("--config")
            .arg(&self.config)
            .args(words.split_whitespace())
            .env_clear()
            .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut input = process.stdin.take().unwrap();
        // A command that reads nothing may have closed it.
        let _ = input.write_all(lines.as_bytes()).await;
        drop(input);
        let done = process.wait_with_output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = done.status.code().expect("it ended by itself");
        let ended = Ended { code, out: text(done.stdout), err: text(done.stderr) };
        let place = format!("bitrelay {words}");
        let text = format!("{place}\n{}\n{}", ended.out, ended.err);
        self.printed.push(Trace { place, text, shows });
        ended
    }
}
