//! The server: starting, inspecting and stopping it.

use crate::calls::{CallCount, CallRecord};
use crate::clock::Clock;
use crate::deliveries::DeliveryRecord;
use crate::faults::FaultRequest;
use crate::hub::Hub;
use crate::oauth::{OAuthConsumer, TokenCall};
use crate::person::Person;
use crate::settings::Settings;
use crate::world::World;
use crate::{api, control, oauth};
use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::Body;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::util::MapRequest;

/// Longest time that a shutdown waits for requests under way.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(2);

/// A running simulator. Dropping it stops the server.
#[derive(Debug)]
pub struct Simulator {
    hub: Arc<Hub>,
    settings: Settings,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<std::io::Result<()>>>,
}

impl Simulator {
    /// Starts a server in the current tokio runtime and returns when it accepts connections.
    ///
    /// # Errors
    /// An address that cannot be listened on, or settings without a repository or a user, or with one of them twice.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        settings.check()?;
        let listener = TcpListener::bind(settings.listen).await;
        let listener = listener.with_context(|| format!("cannot listen on {}", settings.listen))?;
        let address = listener.local_addr()?;
        let base_url = settings.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let hub = Arc::new(Hub::sending(&settings, base_url.trim_end_matches('/'))?);
        let routes =
            control::router().merge(oauth::router()).merge(api::router(&hub)).with_state(hub.clone());
        let routes =
            Router::new().fallback_service(MapRequest::new(routes, api::without_trailing_slash::<Body>));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let stopped = async move {
                // A dropped sender stops the server too.
                let _ = stopped.await;
            };
            axum::serve(listener, routes).with_graceful_shutdown(stopped).await
        });
        Ok(Self { hub, settings, address, stop: Some(stop), server: Some(server) })
    }

    /// `http://127.0.0.1:7990`, or the public url of the settings; no slash at the end. The REST API is below
    /// `/2.0`, the control API below `/_control`.
    pub fn url(&self) -> &str {
        &self.hub.base_url
    }

    /// Address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The settings it was started with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The clock, to read and to advance.
    pub fn clock(&self) -> &Clock {
        &self.hub.clock
    }

    /// Asks for faults, as `POST /_control/faults` does.
    ///
    /// # Errors
    /// A fault that is impossible; the message gives the reason.
    pub fn fault(&self, request: FaultRequest) -> anyhow::Result<()> {
        self.hub.add_faults(request).map_err(anyhow::Error::msg)
    }

    /// Webhooks and silences, oldest first, each with its outcome.
    pub fn deliveries(&self) -> Vec<DeliveryRecord> {
        self.hub.log.all()
    }

    /// Number of calls of each account, by name.
    pub fn call_counts(&self) -> BTreeMap<String, CallCount> {
        self.hub.calls().counts(self.hub.clock.now())
    }

    /// The calls themselves, oldest first; at most the last 20,000.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.hub.calls().recent()
    }

    /// Number of calls that have begun, and number of those that have ended. Cheap, for tests that wait for the
    /// calls to end.
    pub fn calls_begun_and_ended(&self) -> (u64, u64) {
        self.hub.calls().begun_and_ended()
    }

    /// Registers an OAuth consumer, as `POST /_control/consumers` does.
    pub fn register_consumer(&self, consumer: OAuthConsumer) {
        self.hub.oauth().register(consumer);
    }

    /// Ends every token that OAuth gave, as when a person revokes the consumer.
    pub fn revoke_tokens(&self) {
        self.hub.oauth().revoke();
    }

    /// The calls to the token endpoint, oldest first.
    pub fn token_calls(&self) -> Vec<TokenCall> {
        self.hub.oauth().calls()
    }

    /// Waits until no webhook is on its way, resends included.
    ///
    /// # Errors
    /// A wait longer than `limit`.
    pub async fn settle(&self, limit: Duration) -> anyhow::Result<()> {
        if self.hub.log.settled(limit).await {
            return Ok(());
        }
        bail!("after {limit:?} there are still webhooks on their way: {:?}", self.deliveries())
    }

    /// Reads the world.
    pub fn with_world<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        read(&self.hub.world())
    }

    /// Changes the world without a webhook, for what the API cannot do: see [`World::rename_workspace`] and the others
    /// beside it.
    pub fn change_world<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.hub.world_mut())
    }

    /// A client that acts as one of the users on the first repository.
    ///
    /// # Errors
    /// An unknown name.
    pub fn person(&self, name: &str) -> anyhow::Result<Person> {
        let user = self.settings.users.iter().find(|user| user.name == name);
        let user = user.with_context(|| format!("the settings have no user named {name}"))?;
        let repository = self.settings.repositories.first().context("the settings have no repository")?;
        Person::new(self.url(), &format!("{}/{repository}", self.settings.workspace), user)
    }

    /// Line that the binary prints once it is ready: url, workspace, repository, users with their credentials.
    pub fn ready_line(&self) -> Value {
        let users: Vec<Value> = self
            .settings
            .users
            .iter()
            .map(|user| {
                json!({
                    "name": user.name,
                    "username": user.api_token.as_ref().map(|_| &user.email),
                    "token": user.api_token,
                    "access_token": user.access_token,
                })
            })
            .collect();
        let full_names: Vec<String> = self
            .settings
            .repositories
            .iter()
            .map(|slug| format!("{}/{slug}", self.settings.workspace))
            .collect();
        json!({
            "url": self.url(),
            "workspace": self.settings.workspace,
            "repository": full_names.first(),
            "repositories": full_names,
            "window_seconds": self.settings.window_seconds,
            "users": users,
        })
    }

    /// Stops accepting, answers the requests under way, and returns.
    pub async fn shutdown(mut self) {
        drop(self.stop.take());
        if let Some(mut server) = self.server.take()
            && tokio::time::timeout(SHUTDOWN_LIMIT, &mut server).await.is_err()
        {
            server.abort();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}
