//! `console`: its door, its pages, and the live feed, over HTTP. `pages.rs` opens them in a browser.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cli::{Environment, run};
use reqwest::header::{HOST, ORIGIN, SET_COOKIE};
use reqwest::{RequestBuilder, StatusCode};
use store::memory::ManualClock;

use crate::library::Library;
use crate::played::{BEGIN, Player, Pr, comment, play};
use crate::stage::Stage;
use crate::terminal::Script;
use crate::typing::{Shell, time};

/// The output of a running command.
#[derive(Debug, Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Output {
    async fn first_line(&self) -> String {
        loop {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            if let Some((line, _)) = text.split_once('\n') {
                return line.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Runs the console while somebody visits the address that it prints.
pub(crate) async fn open<R>(shell: &Shell, line: &str, visit: impl AsyncFnOnce(String) -> R) -> R {
    let (mut out, mut err) = (Output::default(), Output::default());
    let output = out.clone();
    let variable = |name: &str| shell.variables.get(name).cloned();
    let args = std::iter::once("bitrelay").chain(line.split_whitespace()).map(Into::into);
    let mut environment = Environment {
        variable: &variable,
        time: &probe::RealTime,
        clock: shell.clock.clone(),
        terminal: &mut Script::default(),
        out: &mut out,
        err: &mut err,
    };
    let running = Box::pin(run(args, &mut environment));
    let visiting = async { visit(output.first_line().await).await };
    tokio::select! {
        code = running => panic!("the console ended with {code}"),
        result = visiting => result,
    }
}

/// Somebody with the cookie.
struct Visitor {
    http: reqwest::Client,
    base: String,
    cookie: String,
}

impl Visitor {
    async fn enter(address: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let entered = http.get(address).send().await.unwrap();
        let cookie = entered.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { http, base: address.split("/?").next().unwrap().to_owned(), cookie }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.base)).header("cookie", &self.cookie)
    }

    async fn page(&self, path: &str) -> String {
        let answer = self.get(path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }
}

/// Returns a library with the played history, and the moment at which it ends.
pub(crate) async fn played() -> Library {
    let mut library = Library::empty().await;
    library.shell.clock = Arc::new(ManualClock::at(time(BEGIN)));
    library.shell.variables.remove("BITRELAY_LINK");
    play(&Player::new(&library.table, &library.shell.clock)).await;
    library
}

/// Adds a comment to pull request 9.
pub(crate) async fn comment_now(library: &Library, id: u64, text: &str) {
    let player = Player::new(&library.table, &library.shell.clock);
    let gauge = Pr::new(9, "Read the gauge", "carol", "2026-11-24T11:00:00Z", "gauge").head("c3");
    let at = "2026-11-24T11:19:59Z";
    player
        .delivers(
            "pullrequest:comment_created",
            gauge.with("bob", "comment", comment(id, "bob", at, at, text)),
        )
        .await;
}

#[tokio::test]
async fn console_opens_only_to_its_token_and_its_cookie() {
    let library = Library::empty().await;
    open(&library.shell, "console", async |address: String| {
        let visitor = Visitor::enter(&address).await;
        let (http, base) = (&visitor.http, &visitor.base);
        let status = async |request: RequestBuilder| request.send().await.unwrap().status();
        for path in
            ["/", "/live", "/health", "/reviews", "/pull-requests", "/?token=", "/?token=0", "/nothing"]
        {
            assert_eq!(status(http.get(format!("{base}{path}"))).await, StatusCode::UNAUTHORIZED, "{path}");
        }
        assert_eq!(status(visitor.get("/")).await, StatusCode::OK);
        let rebound = visitor.get("/").header(HOST, "attacker.example");
        assert_eq!(status(rebound).await, StatusCode::MISDIRECTED_REQUEST);
        let post = http.post(format!("{base}/health/acme/ask")).header("cookie", &visitor.cookie);
        let foreign = post.header(ORIGIN, "https://attacker.example");
        assert_eq!(status(foreign).await, StatusCode::FORBIDDEN);
        assert_eq!(status(visitor.get("/nothing")).await, StatusCode::NOT_FOUND);

        let entered = http.get(&address).send().await.unwrap();
        let cookie = entered.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
        let token = address.split('=').next_back().unwrap();
        let welcome = entered.text().await.unwrap();
        assert!(!welcome.contains(token) && !cookie.contains(token), "{welcome}");
    })
    .await;
}

#[tokio::test]
async fn every_answer_has_strict_headers() {
    let library = Library::empty().await;
    open(&library.shell, "console", async |address: String| {
        let visitor = Visitor::enter(&address).await;
        for path in ["/", "/assets/console.js", "/assets/quiet.css", "/nothing", "/health"] {
            let answer = visitor.get(path).send().await.unwrap();
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            let policy = header("content-security-policy");
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
                "{path}: {policy}"
            );
            assert!(
                policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
                "{path}: {policy}"
            );
            assert_eq!(header("x-frame-options"), "DENY", "{path}");
            assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
            assert_eq!(header("cache-control"), "no-store", "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn feed_tells_events_in_words_and_filters_them() {
    let library = played().await;
    open(&library.shell, "console", async |address: String| {
        let visitor = Visitor::enter(&address).await;
        let feed = visitor.page("/").await;
        for text in [
            "<b>carol</b> edited a comment",
            "The needle is a bit late.",
            "acme/widgets#9",
            " · 36 s late",
            "<b>pipelines</b> reported that Tests succeeded",
            "changed the title, pushed commits up to b2b2b2b2",
            "merged into main",
            "<h2>Tuesday, 24 November 2026</h2>",
        ] {
            assert!(feed.contains(text), "{text}: {feed}");
        }
        let rows = |page: &str| page.matches("<li class=\"row\"").count();
        for (query, expected) in [
            ("?source=poll", 6),
            ("?key=pullrequest%3Acreated", 5),
            ("?pr=9&repository=acme%2Fwidgets", 4),
            ("?link=other", 0),
            ("?until=2026-11-17", 5),
            ("?since=20m", 4),
        ] {
            assert_eq!(rows(&visitor.page(&format!("/{query}")).await), expected, "{query}");
        }
        let wrong = visitor.page("/?since=yesterday").await;
        assert!(wrong.contains("since: “yesterday” is not a time"), "{wrong}");
    })
    .await;
}

#[tokio::test]
async fn pull_request_shows_silent_edits_as_differences_with_their_delay() {
    let library = played().await;
    open(&library.shell, "console", async |address: String| {
        let visitor = Visitor::enter(&address).await;
        let gauge = visitor.page("/links/acme/pullrequest/0a1b/9").await;
        assert!(gauge.contains("a bit <del>lat.</del> <ins>late.</ins>"), "{gauge}");
        assert!(gauge.contains(", a silent edit, known <b>36 s</b> later"), "{gauge}");
        assert!(gauge.contains("The next poll is due"), "{gauge}");
        assert!(gauge.contains("<title>Window of comment 92, closes 11:24:05</title>"), "{gauge}");

        let gear = visitor.page("/links/acme/pullrequest/0a1b/7").await;
        for text in [
            "<del>tset</del> <ins>test</ins>",
            "<del>gear</del> <ins>gear, oiled</ins>",
            "added a task",
            "finished a task",
            "reported that Tests failed",
            "<h3>Tuesday, 24 November 2026</h3>",
            "No window is open.",
        ] {
            assert!(gear.contains(text), "{text}: {gear}");
        }
        let raw = visitor.page("/links/acme/events/4/pullrequest/0a1b/9").await;
        assert!(
            raw.contains("pullrequest:comment_updated") && raw.contains("&quot;needle")
                || raw.contains("needle"),
            "{raw}"
        );
        for missing in [
            "/links/acme/pullrequest/0a1b/99",
            "/links/acme/events/0/pullrequest/0a1b/9",
            "/links/acme/pullrequest/0a1b/x",
        ] {
            assert_eq!(visitor.get(missing).send().await.unwrap().status(), 404, "{missing}");
        }
    })
    .await;
}

#[tokio::test]
async fn text_of_people_is_never_markup() {
    let library = Library::empty().await;
    let nasty = "<script>alert(1)</script><img src=x onerror=alert(1)>";
    let player = Player::new(&library.table, &library.shell.clock);
    let pr = Pr::new(7, nasty, nasty, "2026-11-24T10:00:00Z", nasty);
    player.delivers("pullrequest:created", pr.body(nasty)).await;
    let said = comment(1, nasty, "2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z", nasty);
    player.delivers("pullrequest:comment_created", pr.with(nasty, "comment", said)).await;
    open(&library.shell, "console", async |address: String| {
        let visitor = Visitor::enter(&address).await;
        for path in [
            "/",
            "/pull-requests",
            "/reviews",
            "/health",
            "/links/acme/pullrequest/0a1b/7",
            "/links/acme/events/2/pullrequest/0a1b/7",
            "/?repository=%22%3E%3Cscript%3E",
        ] {
            let page = visitor.page(path).await;
            assert!(!page.contains("<script>") && !page.contains("<img"), "{path}: {page}");
        }
    })
    .await;
}

#[tokio::test]
async fn new_event_is_in_the_live_feed_within_two_seconds() {
    let library = played().await;
    open(&library.shell, "console", async |address: String| {
        let visitor = Visitor::enter(&address).await;
        let mut live = visitor.get("/live?pr=9").send().await.unwrap();
        assert_eq!(live.headers()["content-type"], "text/event-stream");
        // The stream is read from the moment at which the console has opened it.
        let mut sent = 100;
        let (row, took) = loop {
            sent += 1;
            comment_now(&library, sent, "Is it <late>?").await;
            let begun = Instant::now();
            if let Ok(chunk) = tokio::time::timeout(Duration::from_secs(3), live.chunk()).await {
                break (String::from_utf8(chunk.unwrap().unwrap().to_vec()).unwrap(), begun.elapsed());
            }
            assert!(sent < 110, "no row came");
        };
        assert!(row.starts_with("data:") && row.contains("Is it &lt;late&gt;?"), "{row}");
        assert!(took < Duration::from_secs(2), "{took:?}");
        assert!(visitor.page("/?pr=9").await.contains("Is it &lt;late&gt;?"));
    })
    .await;
}

#[tokio::test]
async fn reviews_show_the_same_figures_as_the_command() {
    let library = played().await;
    open(&library.shell, "console", async |address: String| {
        let page = Visitor::enter(&address).await.page("/reviews").await;
        let text: String =
            page.split('<').map(|tag| tag.split('>').next_back().unwrap()).collect::<Vec<_>>().join(" ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("23 Nov 2026 acme/widgets 3 1 20 min 40 min 24 h 1"), "{text}");
        assert!(text.contains("acme/widgets#8 Oil the bearings bob (author) 60 min ago 1"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn health_says_what_doctor_says_and_asks_bitbucket_on_request() {
    let stage = Stage::with_link("console-health").await;
    stage.shell.types("hooks sync --link acme --repository acme/widgets").await;
    play(&Player::new(&stage.table, &ManualClock::at(time(BEGIN)))).await;
    open(&stage.shell, "console", async |address: String| {
        let visitor = Visitor::enter(&address).await;
        let calls = stage.simulator.calls().len();
        let page = visitor.page("/health").await;
        for text in [
            "Link acme",
            "bitbucket-user-token",
            "alice@example.com",
            "acme/widgets",
            "<b>poller</b>",
            " of 900, ",
            "<dt>dead letters</dt><dd>none</dd>",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("alice-api-token"), "{page}");
        assert_eq!(stage.simulator.calls().len(), calls, "the page makes no call");

        let ask = visitor.http.post(format!("{}/health/acme/ask", visitor.base));
        let answer =
            ask.header("cookie", &visitor.cookie).header(ORIGIN, &visitor.base).send().await.unwrap();
        let page = answer.text().await.unwrap();
        assert!(page.contains("<b>credential</b>: accepted by Bitbucket: alice."), "{page}");
        assert!(page.contains("<b>hook</b>: correct."), "{page}");
    })
    .await;
}
