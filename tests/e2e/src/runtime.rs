//! The release binaries under `cargo lambda watch --only-lambda-apis`: the Runtime API of Lambda without a gateway.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::paths;

/// A Runtime API and the functions that run on it. Dropping it ends all of them.
#[derive(Debug)]
pub struct Runtime {
    port: u16,
    // Dropped before the Runtime API: functions that outlive it print errors.
    functions: Vec<Child>,
    _watch: Child,
    http: reqwest::Client,
}

impl Runtime {
    /// Starts the Runtime API.
    pub async fn start() -> Self {
        let port = free_port().await;
        let watch = Command::new(paths::tool("cargo-lambda"))
            .args(["lambda", "watch", "--only-lambda-apis", "--ignore-changes", "-A", "127.0.0.1", "-P"])
            .arg(port.to_string())
            .current_dir(paths::workspace())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let runtime = Self { port, _watch: watch, functions: Vec::new(), http: reqwest::Client::new() };
        runtime.wait_for_port().await;
        runtime
    }

    /// Starts so many processes of a function, as Lambda starts one for each concurrent request.
    pub fn start_function(&mut self, function: &str, processes: usize, environment: &[(&str, &str)]) {
        for _ in 0..processes {
            let child = Command::new(paths::bootstrap(function))
                .env_clear()
                .env("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{}/.rt/{function}", self.port))
                .env("AWS_LAMBDA_FUNCTION_NAME", function)
                .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
                .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
                .env("AWS_ACCESS_KEY_ID", "test")
                .env("AWS_SECRET_ACCESS_KEY", "test")
                .env("AWS_REGION", "eu-west-1")
                .env("RUST_LOG", "warn")
                .envs(environment.iter().copied())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .unwrap();
            self.functions.push(child);
        }
    }

    /// Returns the URL of a function's HTTP routes.
    pub fn url(&self, function: &str) -> String {
        format!("http://127.0.0.1:{}/lambda-url/{function}", self.port)
    }

    /// Invokes a function with an event and returns its answer, or its error.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value, String> {
        let url = format!("http://127.0.0.1:{}/2015-03-31/functions/{function}/invocations", self.port);
        let response = self.http.post(url).json(event).send().await.map_err(|error| error.to_string())?;
        let status = response.status();
        let text = response.text().await.map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        if status.is_success() && answer.get("errorType").is_none() {
            Ok(answer)
        } else {
            Err(answer.to_string())
        }
    }

    async fn wait_for_port(&self) {
        let started = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "cargo lambda watch did not open its port within 30 s"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}
