//! `restore`, between two tables of MiniStack.

use serde_json::json;

use crate::stage::Stage;

/// Name of a stage's table.
async fn table(stage: &Stage) -> String {
    let client = aws_sdk_cloudformation::Client::new(&stage.config);
    let described = client.describe_stacks().stack_name(&stage.stack).send().await.unwrap();
    let outputs = described.stacks()[0].outputs().iter();
    let mut names = outputs.filter(|output| output.output_key() == Some("TableName"));
    names.find_map(|output| output.output_value()).unwrap().to_owned()
}

#[tokio::test]
async fn missing_items_are_put_back_once() {
    let (copy, stage) = (Stage::with_link("restore-copy").await, Stage::with_link("restore-live").await);
    for key in ["pullrequest:created", "pullrequest:comment_created", "repo:push"] {
        assert_eq!(copy.shell.types(&format!("trigger {key} --link acme")).await.code, 0);
    }
    let from = table(&copy).await;
    let restored = stage.shell.json(&format!("restore --from {from}")).await;
    assert!(restored["put"].as_u64() > Some(8) && restored["present"] == 0, "{restored}");
    let events = stage.shell.json("events list --link acme").await;
    assert_eq!(events, copy.shell.json("events list --link acme").await);

    let again = stage.shell.json(&format!("restore --from {from}")).await;
    assert_eq!((&again["put"], &again["present"]), (&json!(0), &restored["put"]), "{again}");

    let itself = stage.shell.types(&format!("restore --from {}", table(&stage).await)).await;
    assert_eq!(itself.code, 2, "{itself}");
    let nothing = stage.shell.types("restore --from no-such-table").await;
    assert_ne!(nothing.code, 0, "{nothing}");
}
