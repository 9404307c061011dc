//! The program on its own.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulator"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test]
async fn program_prints_its_address_and_stops_on_a_signal() {
    let arguments =
        ["--listen", "127.0.0.1:0", "--window-seconds", "5", "--user", "dave:dave@example.com:key"];
    let mut program = Program(program(&arguments).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["repository"], "acme/widgets");
    assert_eq!(ready["window_seconds"], 5);
    let users = ready["users"].as_array().unwrap();
    let dave = users.iter().find(|user| user["name"] == "dave").unwrap();
    let url = format!("{}/2.0/repositories/acme/widgets", ready["url"].as_str().unwrap());
    let request = reqwest::Client::new().get(url);
    let request = request.basic_auth(dave["username"].as_str().unwrap(), dave["token"].as_str());
    assert_eq!(request.send().await.unwrap().status(), 200);
    let pid = program.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(program.0.wait().unwrap().success());
}

#[test]
fn help_shows_examples_and_bad_arguments_are_explained() {
    let help = program(&["--help"]).output().unwrap();
    assert!(String::from_utf8(help.stdout).unwrap().contains("Examples:"));
    let refused = program(&["--user", "dave"]).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8(refused.stderr).unwrap().contains("name:email:token"));
}
