//! The help: every command ends with examples, and each of them is typed here.

use insta::assert_snapshot;

use crate::library::Library;
use crate::typing::Shell;

/// Every command that does something, with its help's end.
fn leaves(command: &clap::Command, path: &str) -> Vec<(String, String)> {
    let path = format!("{path} {}", command.get_name()).trim().to_owned();
    let below: Vec<_> = command.get_subcommands().flat_map(|below| leaves(below, &path)).collect();
    if !below.is_empty() {
        return below;
    }
    vec![(path, command.get_after_help().map(ToString::to_string).unwrap_or_default())]
}

/// The examples of a help, as typed; what the shell would do with the output is left out.
fn examples(help: &str) -> Vec<String> {
    let (_, examples) = help.split_once("Examples:\n").unwrap_or_default();
    let lines = examples.lines().filter_map(|line| line.strip_prefix("  "));
    lines.map(|line| line.split(" > ").next().unwrap().to_owned()).collect()
}

#[test]
fn every_command_has_examples_and_each_can_be_typed() {
    let commands = leaves(&cli::args::command(), "");
    assert!(commands.len() > 15, "{commands:?}");
    for (command, help) in commands {
        let examples = examples(&help);
        assert!(!examples.is_empty(), "{command} has no examples");
        for example in examples {
            assert!(example.starts_with(&command), "{example:?} is no example of {command}");
            let typed = cli::args::command().try_get_matches_from(example.split_whitespace());
            assert!(typed.is_ok(), "{example}: {}", typed.unwrap_err());
        }
    }
}

#[tokio::test]
async fn the_examples_of_the_reading_commands_work() {
    let library = Library::furnished().await;
    let reading =
        ["bitrelay events list", "bitrelay pr", "bitrelay watch", "bitrelay status", "bitrelay completions"];
    let mut typed = 0;
    for (command, help) in leaves(&cli::args::command(), "") {
        if !reading.iter().any(|reading| command.starts_with(reading)) {
            continue;
        }
        for example in examples(&help) {
            let outcome = library.shell.types(example.strip_prefix("bitrelay ").unwrap()).await;
            assert_eq!(outcome.code, 0, "{example}\n{outcome}");
            typed += 1;
        }
    }
    assert!(typed >= 11, "only {typed} were typed");
}

#[tokio::test]
async fn the_help_names_the_commands_and_the_exit_codes() {
    let shell = Shell::at("http://127.0.0.1:9");
    assert_snapshot!("help", shell.types("--help").await);
    assert_snapshot!("typing_error", shell.types("events lst").await);
}
