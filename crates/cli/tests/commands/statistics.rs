//! `stats reviews` and `wait`, on the played history.

use insta::assert_snapshot;

use crate::console::played;

#[tokio::test]
async fn figures_of_reviews_have_three_formats() {
    let library = played().await;
    assert_snapshot!("reviews_table", library.shell.types("stats reviews").await);
    assert_snapshot!("reviews_csv", library.shell.types("stats reviews --format csv").await);
    assert_snapshot!("reviews_json", library.shell.types("stats reviews --since 30m --format json").await);
    assert_snapshot!("csv_of_another_command", library.shell.types("status --format csv").await);
}

#[tokio::test]
async fn repository_and_time_select_pull_requests() {
    let library = played().await;
    for (flags, expected) in [
        ("", 5),
        ("--since 2026-11-24", 3),
        ("--until 2026-11-17", 2),
        ("--repository acme/widgets", 5),
        ("--repository acme/none", 0),
        ("--link other", 0),
    ] {
        let shown = library.shell.json(&format!("stats reviews {flags}")).await;
        assert_eq!(shown["changes"].as_array().unwrap().len(), expected, "{flags}");
    }
}

#[tokio::test]
async fn wait_ends_at_once_if_the_condition_holds() {
    let library = played().await;
    let shell = library.shell.clone().with("BITRELAY_LINK", "acme");
    assert_snapshot!("wait_merged", shell.types("wait --pr acme/widgets 7 --for merged").await);
    assert_snapshot!("wait_impossible", shell.types("wait --pr acme/widgets 5 --for merged").await);
    assert_snapshot!("wait_timeout", shell.types("wait --pr {0A1B} #9 --for approved --timeout 0s").await);
    assert_snapshot!("wait_json", shell.types("wait --pr acme/widgets 8 --for approved --format json").await);
    assert_snapshot!(
        "wait_impossible_json",
        shell.types("wait --pr acme/widgets 5 --for merged --format json").await
    );
    assert_snapshot!("wait_unknown", shell.types("wait --pr acme/none 7 --for merged").await);
    for wrong in [
        "--pr acme/widgets --for merged",
        "--pr acme/widgets seven --for merged",
        "--pr acme/widgets 7 --for ever",
    ] {
        let outcome = shell.types(&format!("wait {wrong}")).await;
        assert_eq!(outcome.code, 2, "{wrong}: {outcome}");
    }
}
