//! The requests that a browser would make, without a browser.

use reqwest::redirect::Policy;
use url::Url;

/// An HTTP client with its current page.
#[derive(Debug)]
pub struct Plain {
    http: reqwest::Client,
    page: Option<(Url, String)>,
}

impl Plain {
    pub(super) fn new() -> Self {
        let http = reqwest::Client::builder().redirect(Policy::limited(5)).no_proxy().build().unwrap();
        Self { http, page: None }
    }

    pub(super) async fn go_to(&mut self, address: &str) {
        self.load(self.http.get(address)).await;
    }

    /// Submits the form that contains the button with this id.
    pub(super) async fn press(&mut self, button: &str) {
        let (address, html) = self.page.as_ref().unwrap();
        let form = html.split("<form").find(|form| form.contains(&format!("id=\"{button}\""))).unwrap();
        let action = address.join(&attribute(form, "action").unwrap()).unwrap();
        let request = self.http.post(action).header("content-type", "application/x-www-form-urlencoded");
        self.load(request.body(fields(form))).await;
    }

    pub(super) fn address(&self) -> String {
        self.page.as_ref().unwrap().0.to_string()
    }

    pub(super) fn html(&self) -> String {
        self.page.as_ref().unwrap().1.clone()
    }

    pub(super) fn heading(&self) -> String {
        let (_, heading) = self.page.as_ref().unwrap().1.split_once("<h1>").unwrap();
        heading.split("</h1>").next().unwrap().to_owned()
    }

    async fn load(&mut self, request: reqwest::RequestBuilder) {
        let answer = request.send().await.unwrap();
        self.page = Some((answer.url().clone(), answer.text().await.unwrap()));
    }
}

/// Encodes a form: its hidden fields, the first of its options, and its button.
fn fields(form: &str) -> String {
    let mut fields = url::form_urlencoded::Serializer::new(String::new());
    for input in form.split("<input").skip(1) {
        fields.append_pair(&attribute(input, "name").unwrap(), &attribute(input, "value").unwrap());
    }
    if let Some((_, option)) = form.split_once("<option>") {
        fields.append_pair("user", option.split('<').next().unwrap());
    }
    let (_, pressed) = form.split_once("<button").unwrap();
    fields.append_pair(&attribute(pressed, "name").unwrap(), &attribute(pressed, "value").unwrap());
    fields.finish()
}

/// Returns the value of an attribute in the first tag that has it.
fn attribute(html: &str, name: &str) -> Option<String> {
    let (_, value) = html.split_once(&format!(" {name}=\""))?;
    let value = value.split('"').next()?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}
