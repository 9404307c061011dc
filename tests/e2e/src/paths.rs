//! Where the workspace, the tools and the built functions are.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// A program of the project's own tools: `BITRELAY_TOOLS` (a folder of programs), else the folder that `make tools` fills.
pub fn tool(name: &str) -> PathBuf {
    let folder = std::env::var_os("BITRELAY_TOOLS")
        .map_or_else(|| workspace().join(".local/tools/venv/bin"), PathBuf::from);
    let tool = folder.join(name);
    assert!(tool.exists(), "{} is missing: run `make tools`", tool.display());
    tool
}

/// Cargo's output folder, also for what tests leave to look at.
pub fn target() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    workspace().join(target)
}

/// The command line, as `cargo build` leaves it beside the simulator.
pub fn bitrelay() -> PathBuf {
    let bitrelay = target().join("debug/bitrelay");
    assert!(bitrelay.exists(), "{} is missing: run `cargo build -p cli`", bitrelay.display());
    bitrelay
}

/// The `bootstrap` of a function: below `BITRELAY_FUNCTIONS`, else as the local stack runs it.
pub fn bootstrap(function: &str) -> PathBuf {
    let functions =
        std::env::var_os("BITRELAY_FUNCTIONS").map_or_else(|| target().join("lambda-local"), PathBuf::from);
    let bootstrap = workspace().join(functions).join(function).join("bootstrap");
    assert!(bootstrap.exists(), "{} is missing: run `make local-functions`", bootstrap.display());
    bootstrap
}

/// The folder of recorded payloads of others, which the project does not carry. `BITRELAY_SHARED`, else beside the
/// workspace.
pub fn corpus() -> Option<PathBuf> {
    let shared =
        std::env::var_os("BITRELAY_SHARED").map_or_else(|| workspace().join("../shared"), PathBuf::from);
    Some(shared.join("corpus")).filter(|corpus| corpus.exists())
}
