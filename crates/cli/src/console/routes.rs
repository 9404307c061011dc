//! The addresses of the console.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::{FutureExt as _, Stream, StreamExt as _};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};
use relay::{LinkId, Settings, Subject};
use store::Clock;
use store::reading::{EventFilter, EventSummary};
use tokio::sync::broadcast::error::RecvError;

use super::desk::Desk;
use super::door::{self, Door, Entry};
use super::live::Live;
use super::query::Query;
use super::{event_page, feed, health, page, pull_request, reviews};
use crate::Error;
use crate::environment::SharedClock;
use crate::log::Log;

/// Interval between signs of life on a quiet live feed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The parts that serve the pages.
#[derive(Clone)]
pub(super) struct App<L> {
    pub(super) log: Arc<L>,
    pub(super) live: Arc<Live>,
    pub(super) door: Arc<Door>,
    pub(super) desk: Desk,
    pub(super) clock: SharedClock,
    pub(super) settings: Settings,
    /// The only link that is shown, if the command line names one.
    pub(super) link: Option<LinkId>,
}

impl<L> App<L> {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

type Shared<L> = State<Arc<App<L>>>;

/// Returns the routes.
pub(super) fn router<L: Log>(app: App<L>) -> Router {
    let app = Arc::new(app);
    let pages = Router::new()
        .route("/", get(feed::<L>))
        .route("/live", get(live::<L>))
        .route("/pull-requests", get(pull_requests::<L>))
        .route("/links/{link}/pullrequest/{repository}/{number}", get(pull_request::<L>))
        .route("/links/{link}/events/{sequence}/{*subject}", get(event::<L>))
        .route("/reviews", get(reviews::<L>))
        .route("/health", get(health::<L>))
        .route("/health/{link}/ask", post(ask_bitbucket::<L>))
        .fallback(missing::<L>)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), enter::<L>));
    Router::new()
        .route("/assets/quiet.css", get(async || asset("text/css", style::QUIET)))
        .route("/assets/console.css", get(async || asset("text/css", include_str!("assets/console.css"))))
        .route(
            "/assets/console.js",
            get(async || asset("text/javascript", include_str!("assets/console.js"))),
        )
        .route("/assets/icon.svg", get(async || asset("image/svg+xml", include_str!("assets/icon.svg"))))
        .merge(pages)
        .with_state(app)
        .layer(middleware::map_response(guarded))
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind)], text)
}

async fn guarded(mut response: Response) -> Response {
    door::guard(response.headers_mut());
    response
}

/// Lets in the person who has the address or the cookie.
async fn enter<L: Log>(State(app): Shared<L>, request: Request, next: Next) -> Response {
    let token = Query::parse(request.uri().query()).get("token").map(str::to_owned);
    let token = token.filter(|_| request.uri().path() == "/");
    match app.door.entry(request.method(), request.headers(), token.as_deref()) {
        Entry::Open => next.run(request).await,
        Entry::Token => {
            let mut response = show(StatusCode::OK, &welcome());
            if let Ok(cookie) = HeaderValue::from_str(&app.door.cookie()) {
                response.headers_mut().insert(SET_COOKIE, cookie);
            }
            response
        }
        Entry::Refused(status) => {
            let sentence = "Open the address that `bitrelay console` printed: it has a token.".to_owned();
            show(status, &page::trouble("This page is closed", &[sentence], app.now()))
        }
    }
}

/// Leads on to the feed by a page of this site, because browsers leave out a strict cookie after a redirect from
/// elsewhere. The token leaves the address.
fn welcome() -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="refresh" content="0; url=/";
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                title { "bitrelay" }
            }
            body { p { a href="/" { "Open the console" } } }
        }
    }
}

fn show(status: StatusCode, page: &Markup) -> Response {
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], page.0.clone()).into_response()
}

/// Shows a page, or the error that kept it from being made.
fn answer(page: Result<Markup, Error>, now: Timestamp) -> Response {
    match page {
        Ok(page) => show(StatusCode::OK, &page),
        Err(error) => {
            let sentences = page::sentences(&error);
            show(StatusCode::BAD_GATEWAY, &page::trouble("This page cannot be shown", &sentences, now))
        }
    }
}

fn not_found(what: &str, now: Timestamp) -> Response {
    let sentence = format!("There is no {what} in the log.");
    show(StatusCode::NOT_FOUND, &page::trouble("Not found", &[sentence], now))
}

async fn missing<L: Log>(State(app): Shared<L>) -> Response {
    not_found("such page", app.now())
}

async fn feed<L: Log>(State(app): Shared<L>, RawQuery(raw): RawQuery) -> Response {
    let (query, now) = (Query::parse(raw.as_deref()), app.now());
    let (filter, wrong) = query.filter(app.link.as_ref(), now);
    let found = feed::find(&*app.log, &filter, query.before()).await;
    let trouble = app.live.trouble();
    answer(found.map(|found| feed::feed(&found, &query, &wrong, trouble.as_deref(), now)), now)
}

/// Sends each new event that passes the filters as a row of the feed.
async fn live<L: Log>(State(app): Shared<L>, RawQuery(raw): RawQuery) -> Response {
    let (filter, _) = Query::parse(raw.as_deref()).filter(app.link.as_ref(), app.now());
    Sse::new(rows(&app.live, filter)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

fn rows(live: &Live, filter: EventFilter) -> impl Stream<Item = Result<sse::Event, Infallible>> + use<> {
    futures::stream::unfold((live.listen(), filter), |(mut news, filter)| async move {
        loop {
            let message = match news.recv().await {
                Ok(event) if filter.passes(&EventSummary::from(&*event)) => {
                    sse::Event::default().data(feed::row(&event).into_string().replace(['\r', '\n'], " "))
                }
                Ok(_) => continue,
                // This reader fell behind.
                Err(RecvError::Lagged(_)) => sse::Event::default().event("missed").data("-"),
                Err(RecvError::Closed) => return None,
            };
            return Some((Ok(message), (news, filter)));
        }
    })
}

async fn pull_requests<L: Log>(State(app): Shared<L>) -> Response {
    let now = app.now();
    let active = pull_request::list::active(&*app.log, app.link.as_ref()).await;
    answer(active.map(|active| pull_request::list::list(&active, now)), now)
}

async fn pull_request<L: Log>(
    State(app): Shared<L>,
    Path((link, repository, number)): Path<(String, String, String)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let now = app.now();
    let subject = format!("pullrequest/{repository}/{number}").parse::<Subject>().ok();
    let Some((link, subject)) = link.parse::<LinkId>().ok().zip(subject) else {
        return not_found("such pull request", now);
    };
    let until = Query::parse(raw.as_deref()).get("until").and_then(|until| until.parse().ok());
    match pull_request::find(&*app.log, link, subject, until).await {
        Ok(None) => not_found("such pull request", now),
        Ok(Some(found)) => show(StatusCode::OK, &pull_request::pull_request(&found, &app.settings, now)),
        Err(error) => answer(Err(error), now),
    }
}

async fn event<L: Log>(
    State(app): Shared<L>,
    Path((link, sequence, subject)): Path<(String, u64, String)>,
) -> Response {
    let now = app.now();
    let place = link.parse::<LinkId>().ok().zip(subject.parse::<Subject>().ok());
    let Some(((link, subject), before)) = place.zip(sequence.checked_sub(1)) else {
        return not_found("such event", now);
    };
    match app.log.events(&link, &subject, before, 1).await {
        Ok(events) => match events.first() {
            Some(event) => show(StatusCode::OK, &event_page::event(event, now)),
            None => not_found("such event", now),
        },
        Err(error) => answer(Err(error), now),
    }
}

async fn reviews<L: Log>(State(app): Shared<L>) -> Response {
    let now = app.now();
    let found = reviews::find(&*app.log, app.link.as_ref(), now).await;
    answer(found.map(|found| reviews::page(&found, now)), now)
}

/// Sends the page up to the links at once, and the rest when the command has asked AWS about them.
async fn health<L: Log>(State(app): Shared<L>) -> Response {
    let now = app.now();
    let page = match health::find(&*app.log, app.link.as_ref(), now).await {
        Ok(found) => health::health(&found, now).into_string(),
        Err(error) => return answer(Err(error), now),
    };
    let (begin, end) = page.split_once(health::LINKS).unwrap_or((&page, ""));
    let (begin, end, desk) = (begin.to_owned(), end.to_owned(), app.desk.clone());
    let links = async move {
        match desk.stack().await {
            Ok(stack) => health::links(&stack, now).into_string(),
            Err(error) => page::notice(&error).into_string(),
        }
    };
    let ready = |text| async { text }.boxed();
    let parts = futures::stream::iter([ready(begin), links.boxed(), ready(end)]).then(|part| part);
    let body = Body::from_stream(parts.map(Ok::<String, Infallible>));
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response()
}

async fn ask_bitbucket<L: Log>(State(app): Shared<L>, Path(link): Path<String>) -> Response {
    let now = app.now();
    let Ok(link) = link.parse::<LinkId>() else { return not_found("such link", now) };
    let found = app.desk.bitbucket(link.clone()).await;
    answer(found.map(|found| health::answer(&link, &found, now)), now)
}
