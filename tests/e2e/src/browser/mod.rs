//! A person's browser: Chromium where there is one, else the same requests without one, and it says so.

mod chromium;
mod devtools;
mod plain;

use std::path::{Path, PathBuf};

use chromium::Chromium;
use plain::Plain;

/// A browser with one window.
#[derive(Debug)]
pub enum Browser {
    /// A real one, headless.
    Chromium(Box<Chromium>),
    /// The requests that one would make.
    Plain(Plain),
}

impl Browser {
    /// Opens a real browser, or says loudly that there is none and takes the other. `folder` is where screenshots go.
    pub async fn open(folder: &Path) -> Self {
        if let Some(program) = program() {
            println!("authorizing in {}; screenshots are in {}", program.display(), folder.display());
            return Self::Chromium(Box::new(Chromium::start(&program, folder).await));
        }
        println!(
            "\n  !! NO BROWSER: there is no chromium on this machine (BITRELAY_CHROMIUM, or `apt-get install chromium`).\n  \
             !! The same pages are walked through by plain HTTP requests, without screenshots.\n"
        );
        Self::Plain(Plain::new())
    }

    /// Goes to an address and on to wherever it leads.
    pub async fn goes_to(&mut self, address: &str) {
        match self {
            Self::Chromium(browser) => browser.goes_to(address).await,
            Self::Plain(browser) => browser.goes_to(address).await,
        }
    }

    /// Presses the button with this id, and waits for another page.
    pub async fn presses(&mut self, button: &str) {
        match self {
            Self::Chromium(browser) => browser.presses(button).await,
            Self::Plain(browser) => browser.presses(button).await,
        }
    }

    /// Where it is.
    pub async fn address(&mut self) -> String {
        match self {
            Self::Chromium(browser) => browser.evaluated("location.href").await,
            Self::Plain(browser) => browser.address(),
        }
    }

    /// The heading of the page.
    pub async fn heading(&mut self) -> String {
        match self {
            Self::Chromium(browser) => browser.evaluated("document.querySelector('h1').innerText").await,
            Self::Plain(browser) => browser.heading(),
        }
    }

    /// The page's HTML.
    pub async fn html(&mut self) -> String {
        match self {
            Self::Chromium(browser) => browser.evaluated("document.documentElement.outerHTML").await,
            Self::Plain(browser) => browser.html(),
        }
    }

    /// Keeps a picture of the page, where there is one.
    pub async fn keeps_picture(&mut self, name: &str) {
        if let Self::Chromium(browser) = self {
            browser.keeps_picture(name).await;
        }
    }
}

/// `BITRELAY_CHROMIUM`, else the first of the usual names in `PATH`.
fn program() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("BITRELAY_CHROMIUM").map(PathBuf::from) {
        assert!(given.is_file(), "BITRELAY_CHROMIUM is {}, which is not there", given.display());
        return Some(given);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let named = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file());
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(named)
}
