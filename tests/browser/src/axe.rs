//! An accessibility check with axe-core (<https://github.com/dequelabs/axe-core>). `make tools` installs it from npm.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Chromium;

/// Returns the script of axe-core, or prints a warning if it is not installed.
pub fn script() -> Option<String> {
    let script = std::fs::read_to_string(path()).ok();
    if script.is_none() {
        println!(
            "\n  !! NO ACCESSIBILITY CHECK: axe-core is not installed (install npm, then `make tools`).\n  \
             !! The pages are not checked for people who use a keyboard or a screen reader.\n"
        );
    }
    script
}

fn path() -> PathBuf {
    let folder = std::env::var_os("BITRELAY_NPM").map(PathBuf::from);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    folder.unwrap_or_else(|| workspace.join(".local/tools/npm")).join("node_modules/axe-core/axe.min.js")
}

/// Checks the page. Returns each violation of a rule that axe-core counts as serious or critical, with its elements.
pub async fn violations(browser: &mut Chromium, script: &str) -> Vec<String> {
    let run = format!("{script}; axe.run().then(found => found.violations)");
    let found = browser.evaluate_promise(&run).await;
    let serious = found
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["impact"] == "serious" || one["impact"] == "critical");
    serious.map(describe).collect()
}

fn describe(violation: &Value) -> String {
    let nodes = violation["nodes"].as_array().unwrap().iter().take(3);
    let places: Vec<_> =
        nodes.map(|node| format!("{} ({})", node["target"], node["failureSummary"])).collect();
    format!("{}: {} at {}", violation["id"], violation["help"], places.join("; "))
}
