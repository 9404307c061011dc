//! Compares the release of the stack with the one of this program.

use release::RELEASE;

use super::check::Check;
use crate::output::plain;
use crate::session::Session;

/// Output of the stack that names its release.
const OUTPUT: &str = "Release";

const ADVICE: &str = "deploy the release of this program, or install the program of the stack's release: \
                      docs/OPERATIONS.md#releases";

/// Compares the two releases. `None` if no stack is named, because nothing else knows the release.
pub(super) async fn check(session: &mut Session<'_, '_>) -> Option<Check> {
    const NAME: &str = "release";
    session.config.stack.as_ref()?;
    let outputs = match session.deployment().await {
        Ok(deployment) => deployment.outputs,
        Err(error) => return Some(Check::failed(NAME, &error)),
    };
    Some(match outputs.get(OUTPUT) {
        None => Check::warn(NAME, format!("the stack names no release, this program is {RELEASE}"), ADVICE),
        Some(stack) if release::differ(stack, RELEASE) => {
            Check::warn(NAME, format!("the stack runs {}, this program is {RELEASE}", plain(stack)), ADVICE)
        }
        Some(stack) => Check::ok(NAME, format!("the stack runs {}, as this program", plain(stack))),
    })
}
