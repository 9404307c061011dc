//! The help: every command's help ends with examples, and these tests run them.

use insta::assert_snapshot;

use crate::library::Library;
use crate::typing::Shell;

/// Returns every command without subcommands, with the text after its help.
fn leaves(command: &clap::Command, path: &str) -> Vec<(String, String)> {
    let path = format!("{path} {}", command.get_name()).trim().to_owned();
    let below: Vec<_> = command.get_subcommands().flat_map(|below| leaves(below, &path)).collect();
    if !below.is_empty() {
        return below;
    }
    vec![(path, command.get_after_help().map(ToString::to_string).unwrap_or_default())]
}

/// Returns the examples of a help text, without redirections of the shell.
fn examples(help: &str) -> Vec<String> {
    let (_, examples) = help.split_once("Examples:\n").unwrap_or_default();
    let lines = examples.lines().filter_map(|line| line.strip_prefix("  "));
    lines.map(|line| line.split(" > ").next().unwrap().to_owned()).collect()
}

#[test]
fn every_command_has_valid_examples() {
    let commands = leaves(&cli::args::command(), "");
    assert!(commands.len() > 15, "{commands:?}");
    for (command, help) in commands {
        let examples = examples(&help);
        assert!(!examples.is_empty(), "{command} has no examples");
        for example in examples {
            assert!(example.starts_with(&command), "{example:?} is not an example of {command}");
            let parsed = cli::args::command().try_get_matches_from(example.split_whitespace());
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
        }
    }
}

#[tokio::test]
async fn examples_of_reading_commands_work() {
    let library = Library::furnished().await;
    let reading = [
        "bitrelay events list",
        "bitrelay pr",
        "bitrelay watch",
        "bitrelay status",
        "bitrelay stats",
        "bitrelay completions",
    ];
    let mut count = 0;
    for (command, help) in leaves(&cli::args::command(), "") {
        if !reading.iter().any(|reading| command.starts_with(reading)) {
            continue;
        }
        for example in examples(&help) {
            let outcome = library.shell.types(example.strip_prefix("bitrelay ").unwrap()).await;
            assert_eq!(outcome.code, 0, "{example}\n{outcome}");
            count += 1;
        }
    }
    assert!(count >= 14, "only {count} examples ran");
}

#[tokio::test]
async fn help_names_commands_and_exit_codes() {
    let shell = Shell::at("http://127.0.0.1:9");
    assert_snapshot!("help", shell.types("--help").await);
    assert_snapshot!("typing_error", shell.types("events lst").await);
}
