//! The open pull requests of a head: builds find them by their commit.

use bitbucket::{PullRequestId, RepositoryId};
use relay::ShortHash;
use serde_json::json;
use store::Table;

use crate::world::{Delivery, World, pull_request};

const OLD: &str = "aaaaaaaaaaaa";
const NEW: &str = "bbbbbbbbbbbb";

async fn with_head<T: Table>(world: &World<T>, head: &str) -> Vec<u64> {
    let (repository, head) = (RepositoryId::new("{0a1b}"), ShortHash::new(head).unwrap());
    let found = world.table.pull_requests_with_head(&world.link, &repository, &head, 10).await.unwrap();
    found.into_iter().map(|PullRequestId(id)| id).collect()
}

async fn says<T: Table>(world: &World<T>, key: &'static str, id: u64, state: &str, head: &str) {
    let world = world.about(pull_request(id));
    let moved = world.state().await.version;
    let body = json!({
        "repository": { "uuid": "{0a1b}" },
        "pullrequest": { "id": id, "state": state, "updated_on": world.now(), "source": { "commit": { "hash": head } } },
    });
    let (body, request) = (body.to_string().into_bytes(), format!("{id}-{moved}"));
    let delivery = Delivery { key, hook: "hook-1".to_owned(), request, attempt: 1, body };
    world.deliver(&delivery).await.unwrap();
}

pub(crate) async fn commit_finds_open_pull_requests_by_head<T: Table>(world: World<T>) {
    says(&world, "pullrequest:created", 7, "OPEN", OLD).await;
    says(&world, "pullrequest:created", 8, "OPEN", OLD).await;
    assert_eq!(with_head(&world, OLD).await, [7, 8]);
    assert_eq!(with_head(&world, NEW).await, [0; 0]);
}

pub(crate) async fn push_moves_the_head_and_merge_ends_it<T: Table>(world: World<T>) {
    says(&world, "pullrequest:created", 7, "OPEN", OLD).await;
    says(&world, "pullrequest:updated", 7, "OPEN", NEW).await;
    assert_eq!((with_head(&world, OLD).await, with_head(&world, NEW).await), (vec![], vec![7]));
    says(&world, "pullrequest:updated", 7, "OPEN", OLD).await;
    assert_eq!((with_head(&world, OLD).await, with_head(&world, NEW).await), (vec![7], vec![]), "and back");
    says(&world, "pullrequest:fulfilled", 7, "MERGED", OLD).await;
    assert_eq!(with_head(&world, OLD).await, [0; 0]);
}
