//! Headless Chromium.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::devtools::DevTools;

/// Longest wait for a page.
const PAGE_LIMIT: Duration = Duration::from_secs(30);
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// Chromium with one page. Dropping this deletes its profile.
#[derive(Debug)]
pub struct Chromium {
    devtools: DevTools,
    session: String,
    pictures: PathBuf,
    _profile: Profile,
}

#[derive(Debug)]
struct Profile(PathBuf);

impl Drop for Profile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Chromium {
    pub(super) async fn start(program: &Path, pictures: &Path) -> Self {
        let profile = std::env::temp_dir().join(format!("bitrelay-chromium-{}", std::process::id()));
        std::fs::create_dir_all(&profile).unwrap();
        std::fs::create_dir_all(pictures).unwrap();
        let log = std::fs::File::create(pictures.join("chromium.log")).unwrap();
        let arguments = [
            "--headless=new",
            // It visits only this machine, and many containers do not support Chromium's sandbox.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--no-first-run",
            "--no-proxy-server",
            "--window-size=900,600",
            &format!("--user-data-dir={}", profile.display()),
        ];
        let mut devtools = DevTools::start(program, &arguments.map(str::to_owned), log);
        let target =
            devtools.call(None, "Target.createTarget", json!({ "url": "about:blank" })).await.unwrap();
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = devtools.call(None, "Target.attachToTarget", attach).await.unwrap();
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        Self { devtools, session, pictures: pictures.to_owned(), _profile: Profile(profile) }
    }

    async fn call(&mut self, method: &str, parameters: Value) -> Result<Value, String> {
        self.devtools.call(Some(&self.session), method, parameters).await
    }

    pub(super) async fn go_to(&mut self, address: &str) {
        let answer = self.call("Page.navigate", json!({ "url": address })).await.unwrap();
        assert!(answer.get("errorText").is_none(), "{answer}");
        self.until("document.readyState == 'complete' && document.querySelector('h1') != null").await;
    }

    /// Clicks the button with the mouse, as a person would.
    pub(super) async fn press(&mut self, button: &str) {
        let before = self.evaluate_text("location.href").await;
        let middle = format!(
            "(r => (r.x + r.width / 2) + ' ' + (r.y + r.height / 2))\
             (document.getElementById('{button}').getBoundingClientRect())"
        );
        let middle = self.evaluate_text(&middle).await;
        let (x, y) = middle.split_once(' ').unwrap();
        let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
        for kind in ["mousePressed", "mouseReleased"] {
            let mouse = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", mouse).await.unwrap();
        }
        let elsewhere = format!("location.href != {} && document.readyState == 'complete'", json!(before));
        self.until(&elsewhere).await;
    }

    /// Evaluates an expression and returns its value as text.
    pub(super) async fn evaluate_text(&mut self, expression: &str) -> String {
        let value = self.evaluate(expression).await.unwrap();
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    async fn evaluate(&mut self, expression: &str) -> Result<Value, String> {
        let parameters = json!({ "expression": expression, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", parameters).await?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(details.to_string()),
            None => Ok(answer["result"]["value"].take()),
        }
    }

    /// Waits until an expression is true. An expression may fail while a page is being replaced.
    async fn until(&mut self, expression: &str) {
        let started = Instant::now();
        loop {
            let found = self.evaluate(expression).await;
            if found == Ok(Value::Bool(true)) {
                return;
            }
            assert!(
                started.elapsed() < PAGE_LIMIT,
                "not true within {PAGE_LIMIT:?}: {expression}: {found:?}"
            );
            tokio::time::sleep(CHECK_EVERY).await;
        }
    }

    pub(super) async fn save_picture(&mut self, name: &str) {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" })).await.unwrap();
        let picture = STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
        std::fs::write(self.pictures.join(format!("{name}.png")), picture).unwrap();
    }
}
