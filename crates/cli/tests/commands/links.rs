//! `link ...`: creation, changes, tests and deletion; no output shows a secret.

use insta::assert_snapshot;
use serde_json::json;
use store::links::tokens::{GrantStore, SecretsManagerGrants};
use store::{Clock, SubjectLog};

use crate::stage::Stage;
use crate::terminal::Script;

/// Returns the account of the stage's link.
fn alice() -> relay::Account {
    relay::Account::new(relay::AccountKind::User, "alice@example.com")
}

#[tokio::test]
async fn link_is_created_from_answers_without_printing_secrets() {
    let stage = Stage::open("links-made").await;
    let mut script = Script::answering(&["alice@example.com", "alice-api-token"]);
    let made = stage.shell.types_to("link create acme --template bitbucket-user-token", &mut script).await;
    assert_snapshot!("created", stage.steady(&made));
    assert_eq!(script.asked, ["E-mail address of the Atlassian account", "API token"]);

    let document = stage.document("acme").await.unwrap();
    assert_eq!(
        document["credential"],
        json!({ "type": "basic", "username": "alice@example.com", "password": "alice-api-token" })
    );
    let secret = document["webhook_secrets"][0]["value"].as_str().unwrap().to_owned();
    assert_eq!(secret.len(), 64);

    let (listed, shown) = (stage.shell.types("link list").await, stage.shell.types("link show acme").await);
    assert_snapshot!("listed", stage.steady(&listed));
    assert_snapshot!("shown", stage.steady(&shown));
    for printed in [made, listed, shown] {
        let printed = printed.to_string();
        assert!(!printed.contains(&secret) && !printed.contains("alice-api-token"), "{printed}");
    }
    let revealed = stage.shell.json("link show acme --reveal-webhook-secret").await;
    assert_eq!(revealed["webhook_secret"], secret, "shown only with the flag");
}

#[tokio::test]
async fn receive_only_link_warns_of_missed_events() {
    let stage = Stage::open("links-receive").await;
    assert_snapshot!(
        "receive_only",
        stage.steady(&stage.shell.types("link create acme --template bitbucket-webhook").await)
    );
    let tested = stage.shell.types("link test acme").await;
    assert_snapshot!("no_credential", stage.steady(&tested));
}

#[tokio::test]
async fn secrets_in_arguments_cause_a_warning() {
    let stage = Stage::open("links-piped").await;
    let mut script = Script::piping("token=bot-access-token\nwebhook_secret=chosen\n");
    let made =
        stage.shell.types_to("link create acme --template bitbucket-access-token --stdin", &mut script).await;
    assert_eq!(made.code, 0, "{made}");
    assert!(script.asked.is_empty());
    assert_eq!(stage.document("acme").await.unwrap()["webhook_secrets"][0]["value"], "chosen");

    let typed = stage.shell.types("link set-creds acme --kv token=another").await;
    assert!(typed.code == 0 && typed.err.contains("use --stdin"), "{typed}");
    assert_eq!(stage.document("acme").await.unwrap()["credential"]["token"], "another");
}

#[tokio::test]
async fn invalid_link_is_refused_and_not_stored() {
    let stage = Stage::open("links-refused").await;
    let refused = async |line: &str, input: &str| {
        let outcome = stage.shell.types_to(line, &mut Script::piping(input)).await;
        assert!(!outcome.to_string().contains("hunter2"), "{outcome}");
        (outcome.code, outcome.err)
    };
    let create = "link create acme --template bitbucket-user-token --stdin";
    for (line, input, message) in [
        (create, "password=hunter2", "needs username"),
        (create, "username=\npassword=hunter2", "needs username"),
        (create, "username=alice\npassword=hunter2\npin=hunter2", "has no pin"),
        (create, "hunter2", "line 1 of the input is not KEY=VALUE"),
        ("link create Acme --template bitbucket-webhook", "", "lower-case letters"),
        ("link create acme --template bitbucket-access-token --kv hunter2", "", "--kv takes KEY=VALUE"),
        ("link create acme --template github", "", "is none of bitbucket-app-oauth"),
        (
            "link create acme --template bitbucket-webhook --unsigned --stdin",
            "webhook_secret=hunter2",
            "exclude each other",
        ),
    ] {
        let (code, err) = refused(line, input).await;
        assert!(code == 2 && err.contains(message), "{line}: {code} {err}");
    }
    assert!(stage.document("acme").await.is_none());
}

#[tokio::test]
async fn existing_link_is_not_created_again() {
    let stage = Stage::with_link("links-twice").await;
    let before = stage.document("acme").await;
    let again = stage.shell.types("link create acme --template bitbucket-webhook").await;
    assert_snapshot!("twice", stage.steady(&again));
    assert_eq!(stage.document("acme").await, before);
}

#[tokio::test]
async fn credential_test_counts_in_the_budget() {
    let stage = Stage::with_link("links-tested").await;
    assert_snapshot!("tested", stage.shell.types("link test acme --repository acme/widgets").await);
    let status = stage.shell.json("status").await;
    assert_eq!(status[0]["calls"]["used"], 2, "unused reserved calls return to the budget");

    stage.shell.types("link set-creds acme --kv username=alice@example.com --kv password=wrong").await;
    assert_snapshot!("wrong_credential", stage.shell.types("link test acme").await);
}

#[tokio::test]
async fn status_shows_links_that_share_a_budget() {
    let stage = Stage::with_link("links-shared").await;
    // Another token of the same user, and a token of somebody else.
    for (link, user, token) in
        [("beta", "Alice@example.com", "second-token"), ("gamma", "bob@example.com", "t")]
    {
        let made = format!(
            "link create {link} --template bitbucket-user-token --kv username={user} --kv password={token}"
        );
        let outcome = stage.shell.types(&made).await;
        assert_eq!(outcome.code, 0, "{outcome}");
    }
    let now = stage.shell.clock.now();
    let reserved = store::budget::reserve(&stage.table, &alice(), now, 900, 40).await.unwrap();
    assert_eq!(reserved.calls, 40);
    assert_snapshot!("status_shared", stage.shell.types("status").await);

    let later = now + jiff::SignedDuration::from_mins(10);
    store::budget::block(&stage.table, &alice(), later).await.unwrap();
    assert_snapshot!("status_blocked", stage.shell.types("status --link beta").await);
    let shown = stage.shell.json("status").await;
    assert_eq!(shown[0]["calls"]["used"], 40);
    assert_eq!(shown[1]["calls"]["used"], 40);
    assert_eq!(shown[1]["calls"]["shared_with"], json!(["acme"]));
    assert_eq!(shown[2]["calls"]["used"], 0);
    assert_eq!(shown[0]["calls"]["blocked_until"], later.to_string());
}

#[tokio::test]
async fn status_shows_the_limit_reported_by_bitbucket() {
    let stage = Stage::with_link("links-named").await;
    let scaled = simulator::ScaledLimit { account: "alice".to_owned(), calls_per_hour: 200 };
    let scaled_limit = Some(scaled);
    stage.simulator.fault(simulator::FaultRequest { scaled_limit, ..Default::default() }).unwrap();
    let before = stage.shell.json("status").await;
    assert_eq!(
        (&before[0]["calls"]["limit"], &before[0]["calls"]["bitbucket_limit"]),
        (&json!(900), &json!(null))
    );
    stage.shell.types("link test acme --repository acme/widgets").await;
    assert_snapshot!("status_named", stage.shell.types("status").await);
    let after = stage.shell.json("status").await;
    let calls = &after[0]["calls"];
    assert_eq!(
        (&calls["limit"], &calls["bitbucket_limit"], &calls["left"]),
        (&json!(200), &json!(200), &json!(198))
    );
    let doctor = stage.shell.types("doctor --link acme --no-delivery").await;
    assert!(doctor.to_string().contains("-> set CallsPerHour to 200 at most"), "{doctor}");

    // Another program spends calls with the same token.
    let now = stage.shell.clock.now();
    let nothing = store::budget::reserve(&stage.table, &alice(), now, 900, 0).await.unwrap();
    let near = bitbucket::RateLimit { calls_per_hour: Some(1_000), near_limit: Some(true) };
    store::budget::settle(&stage.table, &alice(), now, nothing, Some(near)).await.unwrap();
    assert_snapshot!("status_near", stage.shell.types("status").await);
    assert_eq!(stage.shell.json("status").await[0]["calls"]["near_limit"], true);
}

#[tokio::test]
async fn spent_budget_prevents_calls() {
    let stage = Stage::with_link("links-spent").await;
    let later =
        store::Clock::now(&*stage.shell.clock).saturating_add(jiff::SignedDuration::from_mins(5)).unwrap();
    store::budget::block(&stage.table, &alice(), later).await.unwrap();
    let calls = stage.simulator.calls().len();
    let outcome = stage.shell.types("link test acme").await;
    assert_snapshot!("spent", outcome);
    assert_eq!(stage.simulator.calls().len(), calls);
}

#[tokio::test]
async fn oauth_token_is_deleted_with_its_link() {
    let stage = Stage::open("links-oauth").await;
    stage.simulator.register_consumer(simulator::OAuthConsumer {
        key: "key".to_owned(),
        secret: "consumer-secret".to_owned(),
        callback_url: "https://hooks.example.com/callback".to_owned(),
        acts_as: "bot".to_owned(),
        scopes: simulator::OAuthConsumer::USUAL_SCOPES.to_owned(),
    });
    let create = "link create acme --template bitbucket-client-credentials --stdin";
    let mut script = Script::piping("client_id=key\nclient_secret=consumer-secret");
    assert_eq!(stage.shell.types_to(create, &mut script).await.code, 0);
    let tested = stage.shell.types("link test acme").await;
    assert_eq!(tested.code, 0, "{tested}");

    let grants = SecretsManagerGrants::connect(&stage.config, "bitrelay/links-oauth/link/");
    let link = "acme".parse().unwrap();
    assert!(grants.load(&link).await.unwrap().is_some());
    let listed = stage.shell.json("link list").await;
    assert_eq!(listed.as_array().unwrap().len(), 1, "a grant is no link");

    let deleted = stage.shell.types_to("link delete acme", &mut Script::answering(&["acme"])).await;
    assert_snapshot!("deleted", deleted);
    assert!(grants.load(&link).await.unwrap().is_none() && stage.document("acme").await.is_none());
}

#[tokio::test]
async fn deletion_needs_the_links_id_as_confirmation() {
    let stage = Stage::with_link("links-kept").await;
    let outcome = stage.shell.types_to("link delete acme", &mut Script::answering(&["yes"])).await;
    assert_eq!((outcome.code, stage.document("acme").await.is_some()), (2, true), "{outcome}");
    let unknown = stage.shell.types("link delete other --yes").await;
    assert_snapshot!("unknown_link", unknown);
}

#[tokio::test]
async fn list_of_events_names_a_link_that_does_not_exist() {
    let stage = Stage::with_link("links-events").await;
    let outcome = stage.shell.types("events list --link nope").await;
    assert_eq!(outcome.code, 3, "{outcome}");
    assert!(outcome.to_string().contains("no link nope"), "{outcome}");
    assert_eq!(stage.shell.types("events list --link acme").await.code, 0);
}

#[tokio::test]
async fn missing_stack_is_reported() {
    let stage = Stage::open("links-stackless").await;
    let outcome = stage.shell.types("link list --stack no-such-stack").await;
    assert_eq!(outcome.code, 3, "{outcome}");
    assert!(
        outcome.err.contains("no-such-stack") && outcome.err.contains("check the stack's name"),
        "{outcome}"
    );
}

#[tokio::test]
async fn authorization_address_works_once() {
    let stage = Stage::open("links-authorize").await;
    let create = "link create acme --template bitbucket-app-oauth --stdin";
    let mut script = Script::piping("client_id=key\nclient_secret=consumer-secret");
    assert_eq!(stage.shell.types_to(create, &mut script).await.code, 0);

    let started = stage.shell.json("link start-oauth acme").await;
    let url: url::Url = started["url"].as_str().unwrap().parse().unwrap();
    assert!(url.path().ends_with("/start"), "{url}");
    let nonce = url.query_pairs().find(|(name, _)| name == "nonce").unwrap().1.parse().unwrap();
    let link = "acme".parse().unwrap();
    let (table, now) = (&stage.table, stage.shell.clock.now());
    store::authorization::begin(table, &link, &nonce, now).await.unwrap();
    store::authorization::begin(table, &link, &nonce, now).await.unwrap_err();
}

#[tokio::test]
async fn link_without_oauth_app_cannot_be_authorized() {
    let stage = Stage::with_link("links-nobody").await;
    assert_snapshot!("nobody_to_ask", stage.shell.types("link start-oauth acme").await);
}

#[tokio::test]
async fn sweep_targets_reach_the_poller() {
    let stage = Stage::open("links-sweep").await;
    let due = async || {
        let watches = stage.table.due(jiff::Timestamp::MAX, 10).await.unwrap();
        watches.iter().map(|due| format!("{} {}", due.subject, due.watch.reason.as_str())).collect::<Vec<_>>()
    };
    let create =
        "link create acme --template bitbucket-access-token --kv token=bot-access-token --sweep acme/widgets";
    let made = stage.shell.types(create).await;
    assert_eq!(made.code, 0, "{made}");
    assert_eq!(due().await, ["link repositories"], "without any webhook");

    let changed = stage.shell.json("link sweep acme --add acme --remove acme/widgets").await;
    assert_eq!(changed["sweep"], json!(["acme"]));
    assert_eq!(stage.document("acme").await.unwrap()["sweep"], json!(["acme"]));
    assert!(stage.shell.types("link show acme").await.out.contains("swept        acme"));
    let doctor = stage.shell.types("doctor --link acme --no-delivery").await;
    assert!(doctor.to_string().contains("warn  sweep       1 names wait for the poller"), "{doctor}");

    let wrong = stage.shell.types("link sweep acme --add ../user").await;
    assert!(wrong.code == 2 && wrong.err.contains("a sweep target is"), "{wrong}");
    stage.shell.types("link sweep acme --remove acme").await;
    assert_eq!(due().await, [""; 0]);
}
