//! Paths of the workspace, the tools and the built functions.

use std::path::{Path, PathBuf};

/// Returns the root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Returns the path of one of the project's tools. Its folder is `BITRELAY_TOOLS`, else the one that `make tools`
/// fills.
pub fn tool(name: &str) -> PathBuf {
    let folder = std::env::var_os("BITRELAY_TOOLS")
        .map_or_else(|| workspace().join(".local/tools/venv/bin"), PathBuf::from);
    let tool = folder.join(name);
    assert!(tool.exists(), "{} is missing: run `make tools`", tool.display());
    tool
}

/// Returns Cargo's output folder. Tests leave files for inspection there.
pub fn target() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    workspace().join(target)
}

/// Returns the path of `bitrelay`, as `cargo build` leaves it beside the simulator.
pub fn bitrelay() -> PathBuf {
    let bitrelay = target().join("debug/bitrelay");
    assert!(bitrelay.exists(), "{} is missing: run `cargo build -p cli`", bitrelay.display());
    bitrelay
}

/// Returns the path of a function's `bootstrap`: below `BITRELAY_FUNCTIONS`, else the one that the local stack runs.
pub fn bootstrap(function: &str) -> PathBuf {
    let functions =
        std::env::var_os("BITRELAY_FUNCTIONS").map_or_else(|| target().join("lambda-local"), PathBuf::from);
    let bootstrap = workspace().join(functions).join(function).join("bootstrap");
    assert!(bootstrap.exists(), "{} is missing: run `make local-functions`", bootstrap.display());
    bootstrap
}

/// Returns the folder of recorded payloads, if it exists: below `BITRELAY_SHARED`, else beside the workspace. The
/// recordings belong to others, so the project does not contain them.
pub fn corpus() -> Option<PathBuf> {
    let shared =
        std::env::var_os("BITRELAY_SHARED").map_or_else(|| workspace().join("../shared"), PathBuf::from);
    Some(shared.join("corpus")).filter(|corpus| corpus.exists())
}
