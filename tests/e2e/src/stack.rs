//! The local stack as `make up` starts it, and a subscriber to its bus.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::Value;

use crate::pace::Pace;
use crate::paths;

/// The contents of `stack.json`, which `make up` writes.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "the file's own names")]
pub struct Outputs {
    pub webhook_url: String,
    pub public_url: String,
    pub link_secret_prefix: String,
    pub link: String,
    pub webhook_secret: String,
    pub table: String,
    pub bus: String,
    pub events_queue_url: String,
    pub endpoint_url: String,
    pub region: String,
    pub simulator_url: String,
    pub simulator_user: String,
    pub simulator_token: String,
    pub simulator_repository: String,
    #[serde(flatten)]
    pub pace: Pace,
}

/// A private stack on free ports, in its own folder. Dropping it stops it.
#[derive(Debug)]
pub struct Stack {
    /// Addresses, names and credentials.
    pub outputs: Outputs,
    /// SDK configuration for the emulator of AWS.
    pub config: SdkConfig,
    /// A subscriber to the bus.
    pub subscriber: Subscriber,
    folder: PathBuf,
}

impl Stack {
    /// Starts a stack with short windows, so that a test takes one minute instead of ten.
    pub async fn up(name: &str, options: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("bitrelay-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let guard = Down(folder.clone());
        command("up", &folder, options);
        let text = std::fs::read_to_string(folder.join("stack.json")).unwrap();
        let outputs: Outputs = serde_json::from_str(&text).unwrap();
        let config = sdk(&outputs.endpoint_url, &outputs.region).await;
        let subscriber = Subscriber::new(aws_sdk_sqs::Client::new(&config), outputs.events_queue_url.clone());
        std::mem::forget(guard);
        Self { outputs, config, subscriber, folder }
    }

    /// Returns the configuration file of `bitrelay` for this stack.
    pub fn config_file(&self) -> PathBuf {
        self.folder.join("bitrelay.toml")
    }

    /// Returns the logs of the functions so far.
    pub fn logged(&self) -> String {
        let done = Command::new(paths::tool("python"))
            .arg(paths::workspace().join("infra/local"))
            .args(["logs", "--state-dir"])
            .arg(&self.folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// Waits for a log line that matches, and returns the logs of the functions. The emulator publishes the log of a
    /// run when the run has ended.
    pub async fn logged_with(&self, within: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let logged = self.logged();
            if logged.lines().any(&wanted) {
                return logged;
            }
            assert!(started.elapsed() < within, "no log line matches after {within:?}: {logged}");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Creates a client of the table.
    pub fn table(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        drop(Down(self.folder.clone()));
    }
}

struct Down(PathBuf);

impl Drop for Down {
    fn drop(&mut self) {
        command("down", &self.0, &[]);
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

fn command(verb: &str, folder: &std::path::Path, options: &[&str]) {
    let done = Command::new(paths::tool("python"))
        .arg(paths::workspace().join("infra/local"))
        .arg(verb)
        .arg("--state-dir")
        .arg(folder)
        .args(options)
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(
        done.success(),
        "the local stack's `{verb}` failed; its logs are in {}",
        folder.join("logs").display()
    );
}

/// Creates an SDK configuration for an endpoint on this machine.
pub async fn sdk(endpoint: &str, region: &str) -> SdkConfig {
    let credentials = aws_sdk_dynamodb::config::Credentials::new("test", "test", None, None, "test");
    aws_config::from_env()
        .endpoint_url(endpoint)
        .region(aws_config::Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .load()
        .await
}

/// An SQS queue behind a rule on the bus. A background task reads all of its messages.
#[derive(Debug, Clone)]
pub struct Subscriber {
    received: Arc<Mutex<Vec<Value>>>,
}

impl Subscriber {
    fn new(sqs: aws_sdk_sqs::Client, queue_url: String) -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(receive(sqs, queue_url, Arc::clone(&received)));
        Self { received }
    }

    /// Returns the bus entries (EventBridge events) that match, in the order of their arrival.
    pub fn received(&self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        self.received.lock().unwrap().iter().filter(|entry| wanted(entry)).cloned().collect()
    }

    /// Waits until `enough` is true of the matching entries, and returns them in the order of their sequence.
    pub async fn wait(
        &self,
        within: Duration,
        wanted: impl Fn(&Value) -> bool,
        enough: impl Fn(&[Value]) -> bool,
    ) -> Vec<Value> {
        let started = Instant::now();
        loop {
            let mut entries = self.received(&wanted);
            if enough(&entries) {
                entries.sort_by_key(|entry| entry["detail"]["sequence"].as_u64());
                return entries;
            }
            let keys: Vec<_> = entries.iter().map(|entry| &entry["detail-type"]).collect();
            assert!(started.elapsed() < within, "the subscriber received only {keys:?} within {within:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

async fn receive(sqs: aws_sdk_sqs::Client, queue_url: String, received: Arc<Mutex<Vec<Value>>>) {
    loop {
        let answer = sqs
            .receive_message()
            .queue_url(&queue_url)
            .max_number_of_messages(10)
            .wait_time_seconds(1)
            .send()
            .await;
        let Ok(answer) = answer else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        for message in answer.messages() {
            let entry = serde_json::from_str(message.body().unwrap()).unwrap();
            received.lock().unwrap().push(entry);
            let receipt = message.receipt_handle().unwrap();
            let _ = sqs.delete_message().queue_url(&queue_url).receipt_handle(receipt).send().await;
        }
    }
}
