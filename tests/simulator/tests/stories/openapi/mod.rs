//! Checks the answers of all calls against Bitbucket's own OpenAPI file if that file exists; it is not part of this
//! project. `BITRELAY_SHARED` names its folder; by default it is `../shared` beside the workspace.

mod schema;
mod tour;

use schema::Document;
use serde_json::{Value, json};
use std::path::PathBuf;

fn document() -> Option<Document> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("BITRELAY_SHARED").map_or(beside, PathBuf::from);
    let file = folder.join("bitbucket-openapi.json");
    match std::fs::read(&file) {
        Ok(text) => Some(Document::new(&serde_json::from_slice(&text).unwrap())),
        Err(error) => {
            println!("nothing was validated: {} cannot be read ({error})", file.display());
            None
        }
    }
}

#[tokio::test]
async fn every_answer_has_the_shape_that_bitbucket_documents() {
    let Some(mut document) = document() else { return };
    let answers = tour::of_every_call().await;
    let mut complaints = Vec::new();
    let mut bodies = 0;
    for answer in &answers {
        match document.check(answer.method, answer.template, answer.status, &answer.body) {
            Ok(checked) => bodies += usize::from(checked),
            Err(complaint) => complaints.push(complaint),
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    println!("{} answers, {bodies} with a body that was validated", answers.len());
    assert!(bodies >= 45, "only {bodies} bodies were validated");
}

#[tokio::test]
async fn answer_of_another_shape_is_reported() {
    let Some(mut document) = document() else { return };
    let answers = tour::of_every_call().await;
    let created =
        answers.iter().find(|answer| answer.template == tour::PULL_REQUESTS && answer.status == 201);
    let good = &created.unwrap().body;
    let mut check = |body: &Value| document.check("POST", tour::PULL_REQUESTS, 201, body);
    assert_eq!(check(good), Ok(true));
    let wrong = [
        ("/id", json!("one")),
        ("/state", json!("SLEEPING")),
        ("/task_count", json!(-1)),
        ("/updated_on", json!("yesterday")),
        ("/author/links/avatar", json!({ "url": "x" })),
        ("/links/self", json!({ "href": "http://x", "target": "y" })),
        ("/participants", json!({})),
    ];
    for (pointer, value) in wrong {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        assert!(check(&body).is_err(), "{pointer}");
    }
    assert!(document.check("POST", tour::PULL_REQUESTS, 299, good).is_err(), "an undocumented success");
}
