//! `doctor --probe` against the simulator, in its time.

use serde_json::Value;

use crate::stage::Stage;
use crate::terminal::Script;
use crate::typing::Outcome;
use crate::virtual_time::Virtual;

const PROBE: &str = "doctor --probe --link acme --repository acme/widgets --listen 127.0.0.1:0 --save";

async fn types(stage: &Stage, line: &str) -> Outcome {
    stage.shell.types_in(&Virtual(&stage.simulator), line, &mut Script::default()).await
}

#[tokio::test]
async fn probe_shows_and_saves_its_answers_and_leaves_nothing_behind() {
    let stage = Stage::with_link("probe").await;
    let made = "link create second --template bitbucket-user-token --kv username=bob@example.com --kv password=bob-api-token";
    assert_eq!(stage.shell.types(made).await.code, 0);
    let file = std::env::temp_dir().join(format!("bitrelay-probe-{}.json", std::process::id()));
    let probed = types(&stage, &format!("{PROBE} {} --reviewer-link second --yes", file.display())).await;
    assert_eq!(probed.code, 0, "{probed}");

    let saved: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    std::fs::remove_file(&file).unwrap();
    let answers = saved["answers"].as_array().unwrap();
    assert!(answers.iter().all(|answer| answer.get("unmeasured").is_none()), "{saved:#}");
    let row = probed.out.lines().find(|line| line.starts_with("Do webhooks and answers write texts alike?"));
    assert_eq!(
        row.unwrap().rsplit("  ").map(str::trim).find(|cell| !cell.is_empty()),
        Some("yes"),
        "{probed}"
    );
    assert!(probed.err.contains("20 of 20 questions answered"), "{probed}");
    assert!(probed.err.contains(" 0:00  hook and pull request"), "{probed}");
    assert_eq!(stage.hooks().await, Vec::<Value>::new());
    let calls = stage.simulator.call_counts();
    // A lag of two minutes would take 28 more.
    assert!(calls["alice"].total <= 100 - 28, "{calls:?}: the reservation suffices");
}

#[tokio::test]
async fn probe_acts_on_nothing_unasked() {
    let stage = Stage::with_link("probe-unasked").await;
    let before = stage.simulator.calls().len();
    for (line, said) in [
        ("doctor --probe --link acme".to_owned(), "--repository"),
        (format!("{PROBE} x.json"), "--yes begins a probe without asking"),
        (PROBE.replace("acme/widgets", "acme") + " x.json --yes", "takes one repository"),
        ("doctor --link acme --yes".to_owned(), "--probe"),
    ] {
        let outcome = types(&stage, &line).await;
        assert!(outcome.code == 2 && outcome.err.contains(said), "{line}: {outcome}");
    }
    let no = Virtual(&stage.simulator);
    let declined =
        stage.shell.types_in(&no, &format!("{PROBE} x.json"), &mut Script::answering(&["no"])).await;
    assert_eq!(declined.code, 0);
    assert_eq!(stage.simulator.calls().len(), before);
}

#[tokio::test]
async fn listener_that_bitbucket_cannot_reach_needs_an_address() {
    let stage = Stage::with_link("probe-tunnel").await;
    let shell = stage.shell.clone().with("BITRELAY_BITBUCKET_API_URL", "https://api.bitbucket.org/2.0");
    let outcome = shell.types(&format!("{PROBE} x.json --yes")).await;
    assert!(outcome.code == 2 && outcome.err.contains("give its address with --public-url"), "{outcome}");
}

#[tokio::test]
async fn sandbox_that_does_not_exist_is_said_so() {
    let stage = Stage::with_link("probe-nowhere").await;
    let outcome = types(&stage, &format!("{} x.json --yes", PROBE.replace("widgets", "nowhere"))).await;
    assert!(outcome.code == 3 && outcome.err.contains("404"), "{outcome}");
}
