//! The processes of functions.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::Lambda;
use crate::paths;
use crate::table::TABLE;

/// The variables that the template gives every function, for these stand-ins.
pub(crate) fn environment(
    aws_url: &str,
    dynamo_url: String,
    link_prefix: &str,
    bitbucket_url: &str,
) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ENDPOINT_URL", aws_url.to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamo_url),
        ("BITRELAY_TABLE", TABLE.to_owned()),
        ("BITRELAY_LINK_SECRET_PREFIX", link_prefix.to_owned()),
        ("BITRELAY_BUS", "bitrelay".to_owned()),
        ("BITRELAY_DEAD_LETTER_QUEUE_URL", "http://127.0.0.1/000000000000/dead-letters".to_owned()),
        ("BITRELAY_BITBUCKET_API_URL", format!("{bitbucket_url}/2.0")),
    ]
}

/// A function, as the template configures it.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Number of processes: invocations at the same time.
    pub processes: usize,
    /// Longest time of one invocation.
    pub timeout: Duration,
    /// Environment variables besides those of Lambda.
    pub environment: Vec<(&'static str, String)>,
}

/// The living processes, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Processes(Mutex<Living>);

#[derive(Debug, Default)]
struct Living {
    last: u64,
    children: BTreeMap<u64, (&'static str, Child)>,
}

impl Processes {
    pub(super) fn lives(&self, process: u64) -> bool {
        self.0.lock().unwrap().children.contains_key(&process)
    }
}

impl Lambda {
    pub(super) fn start_process(&self, function: &Function) {
        let mut living = self.world.processes.0.lock().unwrap();
        living.last += 1;
        let process = living.last;
        let other = self.world.other_versions.lock().unwrap().get(function.name).cloned();
        let binary = other.map_or_else(
            || paths::bootstrap(function.name),
            |folder| folder.join(function.name).join("bootstrap"),
        );
        let child = Command::new(binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", format!("{}/runtime/{}/{process}", self.url(), function.name))
            .env("AWS_LAMBDA_FUNCTION_NAME", function.name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "eu-west-1")
            .env("RUST_LOG", "off")
            .envs(function.environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        living.children.insert(process, (function.name, child));
    }

    /// Returns the operating system's id of a function's first process.
    pub fn process_id(&self, function: &str) -> u32 {
        let living = self.world.processes.0.lock().unwrap();
        let mut children = living.children.values().filter(|(name, _)| *name == function);
        children.next().and_then(|(_, child)| child.id()).unwrap()
    }

    /// Kills a process of a function with SIGKILL, the `number`th of them, and starts another. Its invocation fails.
    pub async fn kill(&self, function: &str, number: usize) {
        let killed = {
            let mut living = self.world.processes.0.lock().unwrap();
            let mut of_function = living.children.iter().filter(|(_, (name, _))| *name == function);
            let process = of_function.nth(number).map(|(process, _)| *process);
            process.and_then(|process| Some((process, living.children.remove(&process)?.1)))
        };
        let Some((process, mut child)) = killed else { return };
        child.kill().await.unwrap();
        let running = self.world.running.lock().unwrap().remove(&process);
        if let Some(id) = running {
            self.world.answer(id, Err("the process was killed".to_owned()));
        }
        self.start_process(&self.world.functions[function].function);
    }

    /// Replaces a function of another version with the current one. Its invocations fail.
    pub async fn update(&self, function: &str) {
        self.world.other_versions.lock().unwrap().remove(function);
        for number in 0..self.world.functions[function].function.processes {
            self.kill(function, number).await;
        }
    }

    /// Ends all processes.
    pub async fn stop(&self) {
        let children = std::mem::take(&mut self.world.processes.0.lock().unwrap().children);
        for (_, (_, mut child)) in children {
            let _ = child.kill().await;
        }
    }
}
