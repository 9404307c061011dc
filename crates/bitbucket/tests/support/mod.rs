//! Payloads for tests: the project's own, and others from an optional folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "test code")]
#![allow(dead_code, reason = "each test binary uses its part")]

use std::fs;
use std::path::{Path, PathBuf};

/// One webhook body.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) body: Vec<u8>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the project's own payloads. The name of a file starts with the key.
pub(crate) fn fixtures() -> Vec<Webhook> {
    let folder = root().join("tests/fixtures/webhooks");
    let mut webhooks: Vec<Webhook> = fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let key = name.split('~').next().unwrap().replacen('.', ":", 1);
            Webhook { key, body: fs::read(&path).unwrap(), name }
        })
        .collect();
    webhooks.sort_by(|a, b| a.name.cmp(&b.name));
    webhooks
}

/// Returns the folder with payloads of other projects, if present: in `BITRELAY_SHARED`, else in `shared` beside the
/// project.
pub(crate) fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("BITRELAY_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    Some(shared.join("corpus")).filter(|corpus| corpus.is_dir())
}

/// Returns the webhooks of that folder, listed in its `INDEX.tsv` (path, event key, ...).
pub(crate) fn corpus_webhooks() -> Vec<Webhook> {
    let Some(corpus) = corpus() else { return Vec::new() };
    let index = fs::read_to_string(corpus.join("INDEX.tsv")).unwrap();
    let rows = index.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let webhooks = rows.filter(|row| row[0].starts_with("webhooks/")).map(|row| Webhook {
        name: row[0].to_owned(),
        key: row[1].to_owned(),
        body: fs::read(corpus.join(row[0])).unwrap(),
    });
    webhooks.collect()
}
