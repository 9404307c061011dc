//! A browser: Chromium if it is installed, else plain HTTP requests for the same pages. The output says which.

// Everything here serves tests: a panic fails the test and names its line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "support of tests"
)]

pub mod axe;
mod chromium;
mod devtools;
mod plain;

use std::path::{Path, PathBuf};

pub use chromium::{Chromium, Look};
pub use plain::Plain;

/// A browser with one window.
#[derive(Debug)]
pub enum Browser {
    /// Headless Chromium.
    Chromium(Box<Chromium>),
    /// Plain HTTP requests.
    Plain(Plain),
}

impl Browser {
    /// Opens Chromium, or prints a warning and uses plain requests. Screenshots go to `folder`.
    pub async fn open(folder: &Path) -> Self {
        if let Some(program) = program() {
            println!("browsing with {}; screenshots are in {}", program.display(), folder.display());
            return Self::Chromium(Box::new(Chromium::start(&program, folder).await));
        }
        println!(
            "\n  !! NO BROWSER: chromium is not installed (set BITRELAY_CHROMIUM, or `apt-get install chromium`).\n  \
             !! Plain HTTP requests visit the same pages, without screenshots.\n"
        );
        Self::Plain(Plain::new())
    }

    /// Returns Chromium; `None` if only plain requests are possible.
    pub fn chromium(&mut self) -> Option<&mut Chromium> {
        match self {
            Self::Chromium(browser) => Some(browser),
            Self::Plain(_) => None,
        }
    }

    /// Opens an address and follows its redirects.
    pub async fn go_to(&mut self, address: &str) {
        match self {
            Self::Chromium(browser) => browser.go_to(address).await,
            Self::Plain(browser) => browser.go_to(address).await,
        }
    }

    /// Presses the button with this id, and waits for the next page.
    pub async fn press(&mut self, button: &str) {
        match self {
            Self::Chromium(browser) => browser.press(button).await,
            Self::Plain(browser) => browser.press(button).await,
        }
    }

    /// Returns the address of the page.
    pub async fn address(&mut self) -> String {
        match self {
            Self::Chromium(browser) => browser.evaluate_text("location.href").await,
            Self::Plain(browser) => browser.address(),
        }
    }

    /// Returns the heading of the page.
    pub async fn heading(&mut self) -> String {
        match self {
            Self::Chromium(browser) => browser.evaluate_text("document.querySelector('h1').innerText").await,
            Self::Plain(browser) => browser.heading(),
        }
    }

    /// Returns the HTML of the page.
    pub async fn html(&mut self) -> String {
        match self {
            Self::Chromium(browser) => browser.evaluate_text("document.documentElement.outerHTML").await,
            Self::Plain(browser) => browser.html(),
        }
    }

    /// Saves a screenshot of the page. Plain requests save none.
    pub async fn save_picture(&mut self, name: &str) {
        if let Self::Chromium(browser) = self {
            browser.save_picture(name).await;
        }
    }
}

/// Returns the path of Chromium: `BITRELAY_CHROMIUM`, else the first of the usual names in `PATH`.
fn program() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("BITRELAY_CHROMIUM").map(PathBuf::from) {
        assert!(given.is_file(), "BITRELAY_CHROMIUM is {}, which does not exist", given.display());
        return Some(given);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let named = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file());
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(named)
}
