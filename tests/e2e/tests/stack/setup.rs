//! `docs/SETUP.md` followed from the first command to the first events.

use std::sync::Arc;
use std::time::Duration;

use browser::Browser;
use e2e::command_line::CommandLine;
use e2e::leaks::{Secret, Trace, leaks};
use e2e::paths;
use e2e::stack::Stack;
use serde_json::{Value, json};
use simulator::{Person, User};

use crate::support::{create_pull_request, lines, made};

const LINK: &str = "in-a-browser";
const CONSUMER_SECRET: &str = "the-secret-of-a-consumer";
const API_TOKEN: &str = "alice-api-token";
const OWN_WEBHOOK_SECRET: &str = "a-webhook-secret-that-a-person-chose";

/// A repository without hooks of other links.
const REPOSITORY: &str = "acme/gears";

/// Longest wait for an event. A run of the poller starts every minute.
const TWO_MINUTES: Duration = Duration::from_mins(2);

/// A person who sets up a link, the tools, and everything that the person sees.
struct Newcomer {
    stack: Arc<Stack>,
    bitrelay: CommandLine,
    browser: Browser,
    pages: Vec<Trace>,
    secrets: Vec<Secret>,
}

pub(crate) async fn person_authorizes_a_link_in_a_browser(stack: Arc<Stack>) {
    let mut newcomer = Newcomer::new(stack).await;
    newcomer.register_consumer().await;
    newcomer.create_link().await;
    newcomer.deny_access().await;
    newcomer.allow_access().await;
    newcomer.create_hook().await;
    // The poller has polled nothing yet; all other checks pass.
    assert_eq!(newcomer.not_yet_ok().await, ["poller"]);
    newcomer.receive_events().await;
    assert_eq!(newcomer.not_yet_ok().await, [""; 0]);
    newcomer.create_link_with_api_token().await;
    newcomer.show_everything().await;
    assert_no_leaks(newcomer).await;
}

impl Newcomer {
    async fn new(stack: Arc<Stack>) -> Self {
        let browser = Browser::open(&paths::target().join("e2e-pictures")).await;
        let bitrelay = CommandLine::new(stack.config_file());
        Self { stack, bitrelay, browser, pages: Vec::new(), secrets: Vec::new() }
    }

    /// Registers an OAuth consumer, which a person does on Bitbucket's pages.
    async fn register_consumer(&mut self) {
        let callback_url = format!("{}/callback", self.stack.outputs.public_url);
        let consumer = json!({ "key": LINK, "secret": CONSUMER_SECRET, "callback_url": callback_url });
        let control = format!("{}/_control/consumers", self.stack.outputs.simulator_url);
        let answer = reqwest::Client::new().post(control).json(&consumer).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        self.secrets.push(Secret::password("consumer secret", LINK, CONSUMER_SECRET));
    }

    async fn create_link(&mut self) {
        let input = format!("client_id={LINK}\nclient_secret={CONSUMER_SECRET}\n");
        let create = format!("link create {LINK} --template bitbucket-app-oauth --stdin --format json");
        let made = self.bitrelay.run_with_input(&input, &create).await.json();
        assert_eq!(made["webhook_url"], format!("{}/webhook/{LINK}", self.stack.outputs.public_url));
    }

    /// Starts the authorization and opens Bitbucket's question.
    async fn start_authorization(&mut self) -> String {
        let words = format!("link start-oauth {LINK} --format json");
        let begun = self.bitrelay.run_showing(&["nonce"], &words).await.json();
        let address = begun["url"].as_str().unwrap().to_owned();
        self.secrets.push(Secret::new("nonce", &parameter(&address, "nonce")));
        self.browser.go_to(&address).await;
        assert_eq!(self.browser.heading().await, "Confirm access");
        let question = self.browser.address().await;
        self.secrets.push(Secret::new("state", &parameter(&question, "state")));
        // The form sends the state back, so the page must contain it.
        self.keep_page("oauth-1-bitbucket-asks", &["state"]).await;
        address
    }

    async fn deny_access(&mut self) {
        self.start_authorization().await;
        self.browser.press("deny").await;
        assert_eq!(self.browser.heading().await, "Access was not granted");
        self.keep_page("oauth-2-denied", &[]).await;
        let issued = issued(&self.stack).await;
        assert!(issued.is_empty(), "Bitbucket issued tokens after a denial: {issued:?}");
    }

    async fn allow_access(&mut self) {
        let address = self.start_authorization().await;
        self.browser.press("allow").await;
        assert_eq!(self.browser.heading().await, "Authorized");
        self.keep_page("oauth-3-authorized", &[]).await;
        let success = format!("{}/success?id={LINK}", self.stack.outputs.public_url);
        assert_eq!(self.browser.address().await, success, "the address shows neither code nor state");

        self.browser.go_to(&address).await;
        assert_eq!(self.browser.heading().await, "This address does not work");
        self.keep_page("oauth-4-used-before", &[]).await;

        let tested = self.bitrelay.run(&format!("link test {LINK} --format json")).await.json();
        assert_eq!(tested["name"], "alice");
    }

    async fn create_hook(&mut self) {
        let sync = format!("hooks sync --link {LINK} --repository {REPOSITORY} --format json");
        let made = self.bitrelay.run(&sync).await.json();
        assert_eq!((&made[0]["place"], &made[0]["done"]), (&json!(REPOSITORY), &json!("made")));
        self.bitrelay.run(&format!("hooks check --link {LINK}")).await;
    }

    /// Runs `doctor`, which must succeed, and returns the checks that are not ok.
    async fn not_yet_ok(&mut self) -> Vec<String> {
        let checks = self.bitrelay.run(&format!("doctor --link {LINK} --format json")).await.json();
        let checks = checks.as_array().unwrap();
        let names: Vec<_> = checks.iter().map(|check| check["check"].as_str().unwrap()).collect();
        for name in ["stack", "link", "credential", "hook", "delivery", "poller", "budget"] {
            assert!(names.contains(&name), "doctor has no check {name}: {names:?}");
        }
        let not_ok = checks.iter().filter(|check| check["level"] != "ok");
        not_ok.map(|check| check["check"].as_str().unwrap().to_owned()).collect()
    }

    /// Creates two facts with webhooks and an edit that only a poll with the new token can find.
    async fn receive_events(&mut self) {
        let url = &self.stack.outputs.simulator_url;
        let [alice, bob] =
            ["alice", "bob"].map(|name| Person::new(url, REPOSITORY, &User::person(name)).unwrap());
        let id = create_pull_request(&alice, "Set up").await;
        let comments = format!("/pullrequests/{id}/comments");
        let comment = made(bob.post(&comments, json!({ "content": { "raw": "first" } })).await);
        let edited = json!({ "content": { "raw": "second" } });
        made(bob.put(&format!("{comments}/{}", comment["id"]), edited).await);

        let ours = |entry: &Value| {
            let (link, subject) = (&entry["detail"]["link"], &entry["detail"]["subject"]);
            link == LINK && subject["type"] == "pullrequest" && subject["id"] == id
        };
        let received = self.stack.subscriber.wait(TWO_MINUTES, ours, |received| received.len() >= 3).await;
        let expected = [
            "1 pullrequest:created webhook",
            "2 pullrequest:comment_created webhook",
            "3 pullrequest:comment_updated poll",
        ];
        assert_eq!(lines(&received), expected);

        let list = format!("events list --link {LINK} --repository {REPOSITORY} --pr {id} --format json");
        let listed = self.bitrelay.run(&list).await.json();
        let line = |event: &Value| {
            let word = |name: &str| event[name].as_str().unwrap();
            format!("{} {} {}", event["sequence"], word("key"), word("source"))
        };
        let mut listed: Vec<_> = listed.as_array().unwrap().iter().map(line).collect();
        listed.reverse();
        assert_eq!(listed, expected);
        let edit = received[2]["detail"]["id"].as_str().unwrap();
        self.bitrelay.run(&format!("events show {edit}")).await;
        self.bitrelay.run(&format!("pr show {REPOSITORY} {id} --link {LINK}")).await;
    }

    async fn create_link_with_api_token(&mut self) {
        let user = "alice@example.com";
        let input = format!("username={user}\npassword={API_TOKEN}\nwebhook_secret={OWN_WEBHOOK_SECRET}\n");
        self.bitrelay
            .run_with_input(&input, "link create with-a-token --template bitbucket-user-token --stdin")
            .await;
        self.bitrelay.run("link test with-a-token").await;
        self.secrets.push(Secret::password("API token", user, API_TOKEN));
        self.secrets.push(Secret::new("webhook secret", OWN_WEBHOOK_SECRET));
    }

    async fn show_everything(&mut self) {
        for words in ["link list", "status", "watch list"] {
            self.bitrelay.run(words).await;
        }
        self.bitrelay.run(&format!("link show {LINK}")).await;
        let reveal = format!("link show {LINK} --reveal-webhook-secret --format json");
        let shown = self.bitrelay.run_showing(&["webhook secret"], &reveal).await.json();
        self.secrets.push(Secret::new("webhook secret", shown["webhook_secret"].as_str().unwrap()));
    }

    /// Keeps the page for the search for secrets, and saves a screenshot.
    async fn keep_page(&mut self, picture: &str, shows: &'static [&'static str]) {
        self.browser.save_picture(picture).await;
        let html = self.browser.html().await;
        self.pages.push(Trace { shows, ..Trace::new(picture, html) });
    }
}

/// Searches everything that the run left behind for every secret that it used.
async fn assert_no_leaks(newcomer: Newcomer) {
    let Newcomer { stack, bitrelay, pages, mut secrets, .. } = newcomer;
    let outputs = &stack.outputs;
    secrets.push(Secret::new("webhook secret", &outputs.webhook_secret));
    let issued = issued(&stack).await;
    for wanted in ["code", "access token", "refresh token"] {
        assert!(issued.iter().any(|(kind, _)| kind == wanted), "the run used no {wanted}");
    }
    secrets.extend(issued.iter().map(|(kind, value)| Secret::new(kind, value)));

    // The logs must include the run of the poller that found the edit with an access token.
    let polled = |line: &str| {
        line.contains("poller") && line.contains(&format!("link={LINK}")) && line.contains("comment_updated")
    };
    let logged = stack.logged_with(TWO_MINUTES, polled).await;
    let received: Vec<_> = stack.subscriber.received(|_| true).iter().map(Value::to_string).collect();
    let mut traces = vec![
        Trace::new("the functions' logs", logged),
        Trace::new("the subscriber's entries", received.join("\n")),
    ];
    traces.extend(bitrelay.printed().iter().cloned());
    traces.extend(pages);
    assert_eq!(leaks(&traces, &secrets), [""; 0]);

    // The search itself works: it finds texts that these places must contain.
    for (text, place) in [
        ("link authorized", "the functions' logs"),
        ("pullrequest:comment_updated", "the functions' logs"),
        ("pullrequest:comment_updated", "the subscriber's entries"),
        ("This address does not work", "oauth-4-used-before"),
    ] {
        let found = leaks(&traces, &[Secret::new("this", text)]);
        assert!(found.contains(&format!("this is in {place}")), "{text} is not in {place}: {found:?}");
    }
}

/// Lists the codes and tokens that Bitbucket issued to the link's consumer, with their kinds.
async fn issued(stack: &Stack) -> Vec<(String, String)> {
    let answer = reqwest::get(format!("{}/_control/issued", stack.outputs.simulator_url)).await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let ours = answer["issued"].as_array().unwrap().iter().filter(|issued| issued["consumer"] == LINK);
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    ours.map(|issued| (word(&issued["what"]), word(&issued["value"]))).collect()
}

/// Returns a query parameter of an address.
fn parameter(address: &str, name: &str) -> String {
    let address = url::Url::parse(address).unwrap();
    let (_, value) = address.query_pairs().find(|(found, _)| found == name).unwrap();
    value.into_owned()
}
