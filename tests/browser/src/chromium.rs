//! Headless Chromium.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::devtools::DevTools;

/// Longest wait for a page.
const PAGE_LIMIT: Duration = Duration::from_secs(30);
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// Number of browsers that this process has started.
static STARTED: AtomicU32 = AtomicU32::new(0);

/// The appearance of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Width of the window, in CSS pixels.
    pub width: u32,
    /// Height of the window, in CSS pixels.
    pub height: u32,
    /// True if the person prefers dark colours.
    pub dark: bool,
}

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
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let profile = format!("bitrelay-chromium-{}-{number}", std::process::id());
        let profile = std::env::temp_dir().join(profile);
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
            "--disable-component-update",
            "--disable-quic",
            "--disable-sync",
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
        let mut browser =
            Self { devtools, session, pictures: pictures.to_owned(), _profile: Profile(profile) };
        for part in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{part}.enable"), json!({})).await.unwrap();
        }
        browser
    }

    async fn call(&mut self, method: &str, parameters: Value) -> Result<Value, String> {
        self.devtools.call(Some(&self.session), method, parameters).await
    }

    /// Sets the size of the window and the preferred colours.
    pub async fn look(&mut self, look: Look) {
        let Look { width, height, dark } = look;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", size).await.unwrap();
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", media).await.unwrap();
    }

    /// Allows or forbids the scripts of pages.
    pub async fn scripts(&mut self, allowed: bool) {
        let value = json!({ "value": !allowed });
        self.call("Emulation.setScriptExecutionDisabled", value).await.unwrap();
    }

    /// Waits until an expression is true. Returns the time that it took.
    pub async fn wait_for(&mut self, expression: &str) -> Duration {
        let started = Instant::now();
        self.until(expression).await;
        started.elapsed()
    }

    /// Evaluates an expression, awaits its promise, and returns its value.
    pub async fn evaluate_promise(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", parameters).await.unwrap();
        assert!(answer.get("exceptionDetails").is_none(), "{answer}");
        answer["result"]["value"].take()
    }

    /// Returns the errors and warnings of pages, and the requests to other hosts than `host`, since the last call.
    pub fn take_troubles(&mut self, host: &str) -> Vec<String> {
        let own = [format!("http://{host}/"), "data:".to_owned(), "about:".to_owned()];
        let events = self.devtools.take_events();
        events.iter().filter_map(|event| trouble(event, &own)).collect()
    }

    /// Saves a screenshot of the whole page, or of its first `height` pixels.
    pub async fn save_page(&mut self, name: &str, height: Option<u32>) -> PathBuf {
        let metrics = self.call("Page.getLayoutMetrics", json!({})).await.unwrap();
        let size = &metrics["cssContentSize"];
        let whole = size["height"].as_f64().unwrap();
        let height = height.map_or(whole, |height| whole.min(f64::from(height)));
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1 });
        let parameters = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let answer = self.call("Page.captureScreenshot", parameters).await.unwrap();
        self.write_picture(name, &answer)
    }

    fn write_picture(&self, name: &str, answer: &Value) -> PathBuf {
        let picture = STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
        let path = self.pictures.join(format!("{name}.png"));
        std::fs::write(&path, picture).unwrap();
        path
    }

    /// Opens an address, and waits until the page is complete.
    pub async fn visit(&mut self, address: &str) {
        let answer = self.call("Page.navigate", json!({ "url": address })).await.unwrap();
        assert!(answer.get("errorText").is_none(), "{answer}");
        self.until("document.readyState == 'complete'").await;
    }

    pub(super) async fn go_to(&mut self, address: &str) {
        self.visit(address).await;
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
        self.write_picture(name, &answer);
    }
}

/// Describes an event that a page of ours must not cause.
fn trouble(event: &Value, own: &[String]) -> Option<String> {
    let parameters = &event["params"];
    match event["method"].as_str()? {
        "Runtime.exceptionThrown" => Some(parameters.to_string()),
        "Runtime.consoleAPICalled" if parameters["type"] == "error" || parameters["type"] == "warning" => {
            Some(parameters["args"].to_string())
        }
        "Log.entryAdded"
            if parameters["entry"]["level"] == "error" || parameters["entry"]["level"] == "warning" =>
        {
            Some(format!("{}: {}", parameters["entry"]["url"], parameters["entry"]["text"]))
        }
        "Network.requestWillBeSent" => {
            let address = parameters["request"]["url"].as_str()?;
            let is_own = own.iter().any(|own| address.starts_with(own.as_str()));
            (!is_own).then(|| format!("a request to {address}"))
        }
        _ => None,
    }
}
