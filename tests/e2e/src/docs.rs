//! Checks that the documents name existing tests.

use std::path::Path;

/// Appends every Rust source below a folder to a string.
fn sources(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_test_named_in_the_guarantees_exists() {
    let workspace = crate::paths::workspace();
    let mut code = String::new();
    for folder in ["crates", "functions", "tests"] {
        sources(&workspace.join(folder), &mut code);
    }
    let text = std::fs::read_to_string(workspace.join("docs/GUARANTEES.md")).unwrap();
    let names: Vec<_> =
        text.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() >= 4).collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        assert!(
            code.contains(&format!("fn {name}")),
            "docs/GUARANTEES.md names the test {name}, which does not exist"
        );
    }
}
