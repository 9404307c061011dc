//! `docs/SETUP.md`, typed from the first command to the first events.

use std::sync::Arc;
use std::time::Duration;

use e2e::browser::Browser;
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
const OWN_WEBHOOK_SECRET: &str = "a-webhook-secret-that-somebody-chose";

/// The repository that no hook of another link reports.
const REPOSITORY: &str = "acme/gears";

/// A run of the poller starts every minute; whatever it finds is there within two.
const TWO_MINUTES: Duration = Duration::from_mins(2);

/// Somebody who sets up a link, and all that they use and see.
struct Newcomer {
    stack: Arc<Stack>,
    bitrelay: CommandLine,
    browser: Browser,
    pages: Vec<Trace>,
    secrets: Vec<Secret>,
}

pub(crate) async fn a_person_authorizes_a_link_in_a_browser(stack: Arc<Stack>) {
    let mut newcomer = Newcomer::arrives(stack).await;
    newcomer.registers_a_consumer().await;
    newcomer.makes_the_link().await;
    newcomer.says_no().await;
    newcomer.says_yes().await;
    newcomer.makes_the_hook().await;
    // Nothing has happened yet that is to be polled; everything else is checked.
    assert_eq!(newcomer.not_yet_ok().await, ["poller"]);
    newcomer.hears_of_what_happens().await;
    assert_eq!(newcomer.not_yet_ok().await, [""; 0]);
    newcomer.makes_a_link_with_an_api_token().await;
    newcomer.looks_around().await;
    no_secret_shows_anywhere(newcomer).await;
}

impl Newcomer {
    async fn arrives(stack: Arc<Stack>) -> Self {
        let browser = Browser::open(&paths::target().join("e2e-pictures")).await;
        let bitrelay = CommandLine::new(stack.config_file());
        Self { stack, bitrelay, browser, pages: Vec::new(), secrets: Vec::new() }
    }

    /// What a person clicks together in Bitbucket.
    async fn registers_a_consumer(&mut self) {
        let callback_url = format!("{}/callback", self.stack.outputs.public_url);
        let consumer = json!({ "key": LINK, "secret": CONSUMER_SECRET, "callback_url": callback_url });
        let control = format!("{}/_control/consumers", self.stack.outputs.simulator_url);
        let answer = reqwest::Client::new().post(control).json(&consumer).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        self.secrets.push(Secret::password("consumer secret", LINK, CONSUMER_SECRET));
    }

    async fn makes_the_link(&mut self) {
        let given = format!("client_id={LINK}\nclient_secret={CONSUMER_SECRET}\n");
        let create = format!("link create {LINK} --template bitbucket-app-oauth --stdin --format json");
        let made = self.bitrelay.pipes(&given, &create).await.json();
        assert_eq!(made["webhook_url"], format!("{}/webhook/{LINK}", self.stack.outputs.public_url));
    }

    /// Begins, and looks at Bitbucket's question.
    async fn is_asked(&mut self) -> String {
        let words = format!("link start-oauth {LINK} --format json");
        let begun = self.bitrelay.types_what_shows(&["nonce"], &words).await.json();
        let address = begun["url"].as_str().unwrap().to_owned();
        self.secrets.push(Secret::new("nonce", &parameter(&address, "nonce")));
        self.browser.goes_to(&address).await;
        assert_eq!(self.browser.heading().await, "Confirm access");
        let asked = self.browser.address().await;
        self.secrets.push(Secret::new("state", &parameter(&asked, "state")));
        // It hands the state back.
        self.sees("oauth-1-bitbucket-asks", &["state"]).await;
        address
    }

    async fn says_no(&mut self) {
        self.is_asked().await;
        self.browser.presses("deny").await;
        assert_eq!(self.browser.heading().await, "Access was not granted");
        self.sees("oauth-2-denied", &[]).await;
        let issued = issued(&self.stack).await;
        assert!(issued.is_empty(), "nobody is given anything: {issued:?}");
    }

    async fn says_yes(&mut self) {
        let address = self.is_asked().await;
        self.browser.presses("allow").await;
        assert_eq!(self.browser.heading().await, "Authorized");
        self.sees("oauth-3-authorized", &[]).await;
        let success = format!("{}/success?id={LINK}", self.stack.outputs.public_url);
        assert_eq!(self.browser.address().await, success, "neither code nor state stay in the window");

        self.browser.goes_to(&address).await;
        assert_eq!(self.browser.heading().await, "This address does not work");
        self.sees("oauth-4-used-before", &[]).await;

        let tested = self.bitrelay.types(&format!("link test {LINK} --format json")).await.json();
        assert_eq!(tested["name"], "alice");
    }

    async fn makes_the_hook(&mut self) {
        let sync = format!("hooks sync --link {LINK} --repository {REPOSITORY} --format json");
        let made = self.bitrelay.types(&sync).await.json();
        assert_eq!((&made[0]["place"], &made[0]["done"]), (&json!(REPOSITORY), &json!("made")));
        self.bitrelay.types(&format!("hooks check --link {LINK}")).await;
    }

    /// The checks of `doctor` that are not green. It has to say that nothing is wrong.
    async fn not_yet_ok(&mut self) -> Vec<String> {
        let checks = self.bitrelay.types(&format!("doctor --link {LINK} --format json")).await.json();
        let checks = checks.as_array().unwrap();
        let names: Vec<_> = checks.iter().map(|check| check["check"].as_str().unwrap()).collect();
        for name in ["stack", "link", "credential", "hook", "delivery", "poller", "budget"] {
            assert!(names.contains(&name), "{name} was not checked: {names:?}");
        }
        let not_ok = checks.iter().filter(|check| check["level"] != "ok");
        not_ok.map(|check| check["check"].as_str().unwrap().to_owned()).collect()
    }

    /// Two webhooks, and an edit that only a poll with the new token can find.
    async fn hears_of_what_happens(&mut self) {
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
        let heard = self.stack.subscriber.wait(TWO_MINUTES, ours, |heard| heard.len() >= 3).await;
        let happened = [
            "1 pullrequest:created webhook",
            "2 pullrequest:comment_created webhook",
            "3 pullrequest:comment_updated poll",
        ];
        assert_eq!(lines(&heard), happened);

        let list = format!("events list --link {LINK} --repository {REPOSITORY} --pr {id} --format json");
        let listed = self.bitrelay.types(&list).await.json();
        let line = |event: &Value| {
            let word = |name: &str| event[name].as_str().unwrap();
            format!("{} {} {}", event["sequence"], word("key"), word("source"))
        };
        let mut listed: Vec<_> = listed.as_array().unwrap().iter().map(line).collect();
        listed.reverse();
        assert_eq!(listed, happened);
        let edit = heard[2]["detail"]["id"].as_str().unwrap();
        self.bitrelay.types(&format!("events show {edit}")).await;
        self.bitrelay.types(&format!("pr show {REPOSITORY} {id} --link {LINK}")).await;
    }

    async fn makes_a_link_with_an_api_token(&mut self) {
        let user = "alice@example.com";
        let given = format!("username={user}\npassword={API_TOKEN}\nwebhook_secret={OWN_WEBHOOK_SECRET}\n");
        self.bitrelay.pipes(&given, "link create with-a-token --template bitbucket-user-token --stdin").await;
        self.bitrelay.types("link test with-a-token").await;
        self.secrets.push(Secret::password("API token", user, API_TOKEN));
        self.secrets.push(Secret::new("webhook secret", OWN_WEBHOOK_SECRET));
    }

    async fn looks_around(&mut self) {
        for words in ["link list", "status", "watch list"] {
            self.bitrelay.types(words).await;
        }
        self.bitrelay.types(&format!("link show {LINK}")).await;
        let reveal = format!("link show {LINK} --reveal-webhook-secret --format json");
        let shown = self.bitrelay.types_what_shows(&["webhook secret"], &reveal).await.json();
        self.secrets.push(Secret::new("webhook secret", shown["webhook_secret"].as_str().unwrap()));
    }

    /// Keeps a page and a picture of it.
    async fn sees(&mut self, picture: &str, shows: &'static [&'static str]) {
        self.browser.keeps_picture(picture).await;
        let html = self.browser.html().await;
        self.pages.push(Trace { shows, ..Trace::new(picture, html) });
    }
}

/// What the whole run left behind, searched for every secret that it used.
async fn no_secret_shows_anywhere(newcomer: Newcomer) {
    let Newcomer { stack, bitrelay, pages, mut secrets, .. } = newcomer;
    let outputs = &stack.outputs;
    secrets.push(Secret::new("webhook secret", &outputs.webhook_secret));
    let issued = issued(&stack).await;
    for what in ["code", "access token", "refresh token"] {
        assert!(issued.iter().any(|(kind, _)| kind == what), "no {what} was used");
    }
    secrets.extend(issued.iter().map(|(what, value)| Secret::new(what, value)));

    // The run of the poller that found the edit, with an access token, is among them.
    let polled = |line: &str| {
        line.contains("poller") && line.contains(&format!("link={LINK}")) && line.contains("comment_updated")
    };
    let logged = stack.logged_with(TWO_MINUTES, polled).await;
    let heard: Vec<_> = stack.subscriber.received(|_| true).iter().map(Value::to_string).collect();
    let mut traces = vec![
        Trace::new("the functions' logs", logged),
        Trace::new("what the subscriber got", heard.join("\n")),
    ];
    traces.extend(bitrelay.printed().iter().cloned());
    traces.extend(pages);
    assert_eq!(leaks(&traces, &secrets), [""; 0]);

    // The search sees what is there: each of these was to be left in one place at least.
    for (left, place) in [
        ("link authorized", "the functions' logs"),
        ("pullrequest:comment_updated", "the functions' logs"),
        ("pullrequest:comment_updated", "what the subscriber got"),
        ("This address does not work", "oauth-4-used-before"),
    ] {
        let found = leaks(&traces, &[Secret::new("this", left)]);
        assert!(found.contains(&format!("this is in {place}")), "{left} is not in {place}: {found:?}");
    }
}

/// The codes and tokens that Bitbucket has given the link's consumer, by their kind.
async fn issued(stack: &Stack) -> Vec<(String, String)> {
    let answer = reqwest::get(format!("{}/_control/issued", stack.outputs.simulator_url)).await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let ours = answer["issued"].as_array().unwrap().iter().filter(|issued| issued["consumer"] == LINK);
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    ours.map(|issued| (word(&issued["what"]), word(&issued["value"]))).collect()
}

/// A parameter of an address.
fn parameter(address: &str, name: &str) -> String {
    let address = url::Url::parse(address).unwrap();
    let (_, value) = address.query_pairs().find(|(found, _)| found == name).unwrap();
    value.into_owned()
}
