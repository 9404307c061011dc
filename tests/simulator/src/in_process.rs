//! Bitbucket in the caller's own process and time, without sockets and tasks. For simulations that drive everything
//! themselves.

use crate::calls::CallRecord;
use crate::clock::Clock;
use crate::hub::Hub;
use crate::settings::{Sending, Settings};
use crate::sight::Sight;
use crate::world::{Act, Done, HookInput, Refusal, Webhook, World};
use crate::{api, oauth, sender};
use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use std::convert::Infallible;
use std::sync::Arc;
use tower::ServiceExt as _;

/// The address in every link and `next`. Nothing listens there.
const BASE_URL: &str = "http://localhost";

/// A Bitbucket whose API calls and webhooks pass through its owner.
#[derive(Debug)]
pub struct InProcess {
    hub: Arc<Hub>,
    routes: Router,
    workspace: String,
    sending: Sending,
}

impl InProcess {
    /// Makes one. `settings.listen` and `settings.public_url` are ignored.
    ///
    /// # Errors
    /// Settings without a repository or a user, or with one of them twice.
    pub fn new(settings: &Settings) -> anyhow::Result<Self> {
        settings.check()?;
        let hub = Arc::new(Hub::keeping(settings, BASE_URL));
        let routes = oauth::router().merge(api::router(&hub)).with_state(Arc::clone(&hub));
        Ok(Self { hub, routes, workspace: settings.workspace.clone(), sending: settings.sending })
    }

    /// The root of the REST API. Credentials may be sent there, because it is this machine.
    pub fn api_url() -> String {
        format!("{BASE_URL}/2.0")
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.hub.clock
    }

    /// Answers one request.
    pub async fn call(&self, request: Request<Body>) -> Response<Body> {
        let request = api::without_trailing_slash(request);
        let answered: Result<_, Infallible> = self.routes.clone().oneshot(request).await;
        match answered {
            Ok(answer) => answer,
        }
    }

    /// Keeps earlier states from now on, for copies that lag.
    pub fn keep_past(&self) {
        self.hub.keep_past();
    }

    /// Answers one request from such a copy.
    pub async fn call_on(&self, copy: &Sight, request: Request<Body>) -> Response<Body> {
        copy.scope(self.call(request)).await
    }

    /// Lets an account act on a repository now. Gives the act's value and the webhooks that follow from it.
    ///
    /// # Errors
    /// An unknown account or repository, or an act that is refused.
    pub fn act<T>(
        &self,
        account: &str,
        repository: &str,
        act: impl FnOnce(&mut World, &Act) -> Result<Done<T>, Refusal>,
    ) -> anyhow::Result<(T, Vec<Webhook>)> {
        let actor = self.hub.world().account(account);
        let actor = actor.with_context(|| format!("the settings have no user named {account}"))?;
        let find = |world: &World| world.find_repository(&self.workspace, repository);
        let value = self.hub.act(&actor, find, act, |_, _, value| Ok(value))?;
        Ok((value, self.hub.take_webhooks()))
    }

    /// Registers a hook on a repository.
    ///
    /// # Errors
    /// An unknown repository, or a hook that is refused.
    pub fn create_hook(&self, repository: &str, hook: &HookInput) -> anyhow::Result<String> {
        let mut world = self.hub.world_mut();
        let repository = world.find_repository(&self.workspace, repository)?;
        Ok(world.subscribe(repository, hook, self.hub.clock.now())?)
    }

    /// One attempt to deliver a webhook, signed as Bitbucket signs it.
    ///
    /// # Errors
    /// A webhook whose address is not a URL.
    pub fn delivery(&self, webhook: &Webhook, attempt: u32) -> anyhow::Result<Request<Body>> {
        let mut request = Request::post(&webhook.url).body(Body::from(webhook.body.clone()))?;
        *request.headers_mut() = sender::headers(webhook, attempt, self.sending);
        Ok(request)
    }

    /// Reads the world.
    pub fn with_world<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        read(&self.hub.world())
    }

    /// The calls to the API, oldest first; at most the last 20,000.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.hub.calls().recent()
    }
}
