//! The program `bitrelay`, run against the local stack as a person would.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::leaks::Trace;
use crate::paths;

/// Runs `bitrelay` with the local stack's configuration file and the emulator's credentials, and no other environment.
/// Records everything that the program prints.
#[derive(Debug)]
pub struct CommandLine {
    program: PathBuf,
    config: PathBuf,
    printed: Vec<Trace>,
}

/// The result of a command.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The exit code.
    pub code: i32,
    /// The standard output.
    pub out: String,
    /// The standard error.
    pub err: String,
}

impl Finished {
    /// Parses the output of `--format json`.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl CommandLine {
    /// Creates the runner; `config` is the file that `make up` writes for `--config`.
    pub fn new(config: PathBuf) -> Self {
        Self { program: paths::bitrelay(), config, printed: Vec::new() }
    }

    /// Runs a command that must succeed.
    pub async fn run(&mut self, words: &str) -> Finished {
        self.run_with_input("", words).await
    }

    /// Runs a command that must succeed, with lines of input.
    pub async fn run_with_input(&mut self, lines: &str, words: &str) -> Finished {
        let finished = self.execute(lines, words, &[]).await;
        assert_eq!(finished.code, 0, "bitrelay {words}: {finished:?}");
        finished
    }

    /// Runs a command that must succeed and that shows secrets of these kinds on purpose.
    pub async fn run_showing(&mut self, shows: &'static [&'static str], words: &str) -> Finished {
        let finished = self.execute("", words, shows).await;
        assert_eq!(finished.code, 0, "bitrelay {words}: {finished:?}");
        finished
    }

    /// Returns the commands so far, each with its output.
    pub fn printed(&self) -> &[Trace] {
        &self.printed
    }

    async fn execute(&mut self, lines: &str, words: &str, shows: &'static [&'static str]) -> Finished {
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
        // A command that reads no input may have closed it.
        let _ = input.write_all(lines.as_bytes()).await;
        drop(input);
        let done = process.wait_with_output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = done.status.code().expect("no signal ended the program");
        let finished = Finished { code, out: text(done.stdout), err: text(done.stderr) };
        let place = format!("bitrelay {words}");
        let text = format!("{place}\n{}\n{}", finished.out, finished.err);
        self.printed.push(Trace { place, text, shows });
        finished
    }
}
