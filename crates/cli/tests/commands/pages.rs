//! Every page of the console in headless Chromium, after the played history: no error in its log, no request to another
//! host, nothing serious for axe, in light and dark, on a desk and on a phone. The screenshots stay in
//! `target/console-pictures`; `BITRELAY_PICTURES=update` copies the README's into `docs/pictures`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use browser::{Browser, Chromium, Look, axe};
use store::memory::ManualClock;

use crate::console::{comment_now, open, played};
use crate::library::Library;
use crate::played::{BEGIN, Player, gear, play};
use crate::stage::Stage;
use crate::typing::time;

/// The pages, with names for their screenshots.
const PAGES: [(&str, &str); 6] = [
    ("feed", "/"),
    ("pull-requests", "/pull-requests"),
    ("pull-request", "/links/acme/pullrequest/0a1b/7"),
    ("event", "/links/acme/events/4/pullrequest/0a1b/9"),
    ("reviews", "/reviews"),
    ("health", "/health"),
];

const DESK: Look = Look { width: 1_080, height: 760, dark: false };
const PHONE: Look = Look { width: 390, height: 760, dark: false };

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn pictures() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    target.join("console-pictures")
}

/// Opens the console's address. The page behind it leads on to the feed.
async fn enter(chromium: &mut Chromium, address: &str) -> String {
    let base = address.split("/?").next().unwrap().to_owned();
    chromium.visit(address).await;
    chromium.wait_for("location.search == '' && document.querySelector('h1') != null").await;
    base
}

async fn played_stage(name: &str) -> Stage {
    let mut stage = Stage::with_link(name).await;
    stage.shell.types("hooks sync --link acme --repository acme/widgets").await;
    stage.shell.clock = Arc::new(ManualClock::at(time(BEGIN)));
    play(&Player::new(&stage.table, &stage.shell.clock)).await;
    stage
}

#[tokio::test]
async fn every_page_is_right_in_a_browser() {
    let mut browser = Browser::open(&pictures()).await;
    let Some(chromium) = browser.chromium() else { return };
    let axe = axe::script();
    let stage = played_stage("console-pages").await;
    open(&stage.shell, "console", async |address: String| {
        let base = enter(chromium, &address).await;
        let host = base.trim_start_matches("http://").to_owned();
        for (name, path) in PAGES {
            for (size, look) in [("desk", DESK), ("phone", PHONE)] {
                for (colours, dark) in [("light", false), ("dark", true)] {
                    chromium.look(Look { dark, ..look }).await;
                    chromium.visit(&format!("{base}{path}")).await;
                    chromium.save_page(&format!("{name}-{size}-{colours}"), None).await;
                    let wide =
                        chromium.evaluate_promise("document.documentElement.scrollWidth - innerWidth").await;
                    assert!(wide.as_i64().unwrap() <= 0, "{name} is too wide for a {size}: {wide}");
                    if let Some(axe) = &axe {
                        let found = axe::violations(chromium, axe).await;
                        assert_eq!(found, [""; 0], "{name}, {size}, {colours}");
                    }
                }
            }
            assert_eq!(chromium.take_troubles(&host), [""; 0], "{name}");
        }
    })
    .await;
}

/// The picture shows a pull request in review, with an open window.
#[tokio::test]
async fn picture_of_the_readme_can_be_made() {
    let mut browser = Browser::open(&pictures().join("readme")).await;
    let Some(chromium) = browser.chromium() else { return };
    let mut library = Library::empty().await;
    library.shell.clock = Arc::new(ManualClock::at(time(BEGIN)));
    gear(&Player::new(&library.table, &library.shell.clock)).await;
    open(&library.shell, "console", async |address: String| {
        let base = enter(chromium, &address).await;
        chromium.look(Look { width: 960, ..DESK }).await;
        chromium.visit(&format!("{base}/links/acme/pullrequest/0a1b/7")).await;
        let picture = chromium.save_page("console", Some(1_190)).await;
        let kept = workspace().join("docs/pictures/console.png");
        if std::env::var("BITRELAY_PICTURES").is_ok_and(|wish| wish == "update") {
            std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
            std::fs::copy(picture, &kept).unwrap();
        }
        assert!(kept.exists(), "run this test with BITRELAY_PICTURES=update");
    })
    .await;
}

#[tokio::test]
async fn pages_work_without_script() {
    let mut browser = Browser::open(&pictures().join("without-script")).await;
    let Some(chromium) = browser.chromium() else { return };
    let library: Library = played().await;
    open(&library.shell, "console", async |address: String| {
        chromium.scripts(false).await;
        let base = enter(chromium, &address).await;
        for (name, path) in PAGES {
            chromium.visit(&format!("{base}{path}")).await;
            let text = chromium.evaluate_promise("document.querySelector('main').innerText.length").await;
            assert!(text.as_u64().unwrap() > 100, "{name}");
        }
        chromium.visit(&format!("{base}/")).await;
        let live = chromium.evaluate_promise("document.getElementById('live').innerText").await;
        assert_eq!(live, "Reload the page to see new events.");
    })
    .await;
}

#[tokio::test]
async fn new_event_appears_on_the_open_page_within_two_seconds() {
    let mut browser = Browser::open(&pictures().join("live")).await;
    let Some(chromium) = browser.chromium() else { return };
    let library: Library = played().await;
    open(&library.shell, "console", async |address: String| {
        let base = enter(chromium, &address).await;
        chromium.wait_for("document.getElementById('live').innerText == 'Live'").await;
        comment_now(&library, 102, "A new comment").await;
        let took = chromium
            .wait_for("document.querySelector('.row.new .quote')?.innerText == 'A new comment'")
            .await;
        assert!(took < Duration::from_secs(2), "{took:?}");
        let day = chromium.evaluate_promise("document.querySelectorAll('section.day').length").await;
        chromium.save_page("live", Some(500)).await;
        chromium.visit(&format!("{base}/")).await;
        let same = chromium.evaluate_promise("document.querySelectorAll('section.day').length").await;
        assert_eq!(day, same, "the row is in its day");
    })
    .await;
}
