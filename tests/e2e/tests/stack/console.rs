//! The console in a browser, beside the local stack.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use browser::{Browser, Chromium, axe};
use e2e::paths;
use e2e::stack::Stack;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::{about, create_pull_request, made, person};

/// Longest wait for an event. A run of the poller starts every minute.
const TWO_MINUTES: Duration = Duration::from_mins(2);

/// Longest time from an event's arrival on the bus to its row on an open page.
const SOON: Duration = Duration::from_secs(2);

/// Longest time to the first paint of a page, in milliseconds.
const FIRST_PAINT_MS: f64 = 300.0;

/// A running console, with its address. Dropping this ends it.
struct Console {
    _process: Child,
    address: String,
}

impl Console {
    async fn start(stack: &Stack) -> Self {
        let mut process = Command::new(paths::bitrelay())
            .arg("--config")
            .arg(stack.config_file())
            .arg("console")
            .env_clear()
            .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await;
        Self { _process: process, address: address.unwrap().unwrap().unwrap() }
    }

    fn base(&self) -> &str {
        self.address.split("/?").next().unwrap()
    }

    /// Reads a page over HTTP, with the cookie.
    async fn page(&self, path: &str) -> String {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let entered = http.get(&self.address).send().await.unwrap();
        let cookie = entered.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let answer =
            http.get(format!("{}{path}", self.base())).header("cookie", cookie).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }
}

pub(crate) async fn console_shows_a_silent_edit_and_new_events(stack: Arc<Stack>) {
    let (alice, bob) = (person(&stack, "alice"), person(&stack, "bob"));
    let number = create_pull_request(&alice, "Look at it").await;
    let comments = format!("/pullrequests/{number}/comments");
    let comment = made(bob.post(&comments, json!({ "content": { "raw": "Please add a tset." } })).await);
    let edited = json!({ "content": { "raw": "Please add a test." } });
    made(bob.put(&format!("{comments}/{}", comment["id"]), edited).await);
    let ours = about(number);
    let received = stack.subscriber.wait(TWO_MINUTES, ours, |received| received.len() >= 3).await;
    let repository = received[0]["detail"]["subject"]["repository"]["id"].as_str().unwrap().to_owned();
    let console = Console::start(&stack).await;
    let story = format!("/links/{}/pullrequest/{repository}/{number}", stack.outputs.link);
    let event = format!("/links/{}/events/3/pullrequest/{repository}/{number}", stack.outputs.link);
    let pages = ["/", "/pull-requests", &story, &event, "/reviews", "/health"];

    let text = console.page(&story).await;
    assert!(text.contains("<del>tset.</del> <ins>test.</ins>"), "{text}");
    assert!(text.contains(", a silent edit, known <b>"), "{text}");
    for path in pages {
        console.page(path).await;
    }

    let mut browser = Browser::open(&paths::target().join("e2e-pictures")).await;
    let Some(chromium) = browser.chromium() else { return };
    chromium.visit(&console.address).await;
    chromium.wait_for("location.search == '' && document.querySelector('h1') != null").await;
    visit_all(chromium, &console, &pages).await;

    chromium.visit(&format!("{}/", console.base())).await;
    chromium.wait_for("document.getElementById('live').innerText == 'Live'").await;
    made(bob.post(&comments, json!({ "content": { "raw": "Is it live?" } })).await);
    stack.subscriber.wait(TWO_MINUTES, ours, |received| received.len() >= 4).await;
    let begun = Instant::now();
    chromium.wait_for("document.querySelector('.row.new .quote')?.innerText == 'Is it live?'").await;
    assert!(begun.elapsed() < SOON, "{:?} after the bus", begun.elapsed());
    chromium.save_page("console-live", Some(600)).await;
    assert_eq!(chromium.take_troubles(console.base().trim_start_matches("http://")), [""; 0]);
}

async fn visit_all(chromium: &mut Chromium, console: &Console, pages: &[&str]) {
    let axe = axe::script();
    for (number, path) in pages.iter().enumerate() {
        // Other stories keep the machine busy, so the fastest of some visits counts.
        let mut fastest = f64::INFINITY;
        for _ in 0..4 {
            chromium.visit(&format!("{}{path}", console.base())).await;
            let painted = "new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime))\
                .observe({ type: 'paint', buffered: true }))";
            let painted: Value = chromium.evaluate_promise(painted).await;
            fastest = fastest.min(painted.as_f64().unwrap());
        }
        println!("first paint of {path}: {fastest:.0} ms");
        assert!(fastest < FIRST_PAINT_MS, "first paint of {path}: {fastest} ms");
        chromium.save_page(&format!("console-{number}"), None).await;
        if let Some(axe) = &axe {
            assert_eq!(axe::violations(chromium, axe).await, [""; 0], "{path}");
        }
    }
    assert_eq!(chromium.take_troubles(console.base().trim_start_matches("http://")), [""; 0]);
}
