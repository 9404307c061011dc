//! The measured part of the documentation.

use std::path::Path;

use anyhow::Context as _;

const BEGIN: &str = "<!-- measured: begin (make bench-polling OPTIONS=--write) -->\n";
const END: &str = "<!-- measured: end -->\n";

/// Writes the tables into `POLLING.md` of a folder, and the picture beside it.
///
/// # Errors
///
/// If a file cannot be read or written, or `POLLING.md` has no markers.
pub fn write(folder: &Path, tables: &str, svg: &str) -> anyhow::Result<()> {
    let path = folder.join("POLLING.md");
    let document = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    std::fs::write(&path, replaced(&document, tables)?)?;
    std::fs::write(folder.join("polling.svg"), svg)?;
    Ok(())
}

fn replaced(document: &str, tables: &str) -> anyhow::Result<String> {
    let missing = || format!("the document does not have the markers {BEGIN} and {END} in this order");
    let (before, rest) = document.split_once(BEGIN).with_context(missing)?;
    let (_, after) = rest.split_once(END).with_context(missing)?;
    Ok(format!("{before}{BEGIN}\n{tables}\n{END}{after}"))
}

/// Returns the calls of a policy on a workload, as a document states them.
pub fn calls(document: &str, workload: &str, policy: &str) -> Option<usize> {
    let measured = document.split_once(BEGIN)?.1.split_once(END)?.0;
    let row = measured.lines().find(|line| line.starts_with(&format!("| {workload} | {policy} |")))?;
    row.split('|').nth(3)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_outside_the_markers_stays() {
        let before = format!("Why\n\n{BEGIN}old\n{END}\nHow\n");
        let new = "| a | ours | 17 | 0 |";
        let after = replaced(&before, new).unwrap();
        assert_eq!(after, format!("Why\n\n{BEGIN}\n{new}\n{END}\nHow\n"));
        assert_eq!(calls(&after, "a", "ours"), Some(17));
        assert_eq!(calls(&after, "b", "ours"), None);
        assert!(replaced("no markers", "new").is_err());
    }
}
