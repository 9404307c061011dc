//! One probe from its beginning to its cleaning up.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use bitbucket::WebhookSecret;
use bitbucket::client::{Client, RepositoryPath};
use url::Url;

use crate::Error;
use crate::bench::Bench;
use crate::findings::Findings;
use crate::listener::Listener;
use crate::measurements::Measurement;
use crate::question::{Question, Setup};
use crate::sandbox::Sandbox;
use crate::time::Time;

/// A probe. One at a time may run in a repository: at its beginning and at its end it removes what any probe made
/// there.
pub struct Probe<'p> {
    /// The person who opens the pull request and comments.
    pub author: Client,
    /// Another person, who approves; `None` leaves approvals out.
    pub reviewer: Option<Client>,
    /// The sandbox.
    pub repository: RepositoryPath,
    /// Receives the webhooks.
    pub listener: Listener,
    /// The address at which Bitbucket reaches the listener.
    pub public_url: Url,
    /// The deployment's settings.
    pub setup: Setup,
    /// The clock.
    pub time: &'p dyn Time,
    /// Receives a line for each step.
    pub progress: &'p dyn Fn(&str),
    /// The answers so far.
    pub findings: RefCell<Findings>,
}

impl std::fmt::Debug for Probe<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Probe").field("repository", &self.repository).finish_non_exhaustive()
    }
}

impl Probe<'_> {
    fn sandbox(&self) -> Sandbox {
        Sandbox { client: self.author.clone(), repository: self.repository.clone() }
    }

    /// Makes all measurements. One that fails leaves the others alone, and its questions get the reason. May be
    /// cancelled at any time; call [`Probe::clean_up`] in any case.
    ///
    /// # Errors
    ///
    /// A pull request or a hook could not be made; then nothing was measured.
    pub async fn measure(&self) -> Result<(), Error> {
        let sandbox = self.sandbox();
        sandbox.clean_up().await?;
        let secret = random_hex()?;
        (self.progress)("hook and pull request");
        sandbox.add_hook(self.public_url.clone(), secret.clone().into()).await?;
        let pr = sandbox.open(&random_hex()?[..8]).await?;
        let bench = Bench {
            pr,
            reviewer: self.reviewer.clone(),
            listener: &self.listener,
            secret: WebhookSecret::new(secret)?,
            setup: self.setup,
            time: self.time,
            progress: self.progress,
            findings: &self.findings,
            lag: Cell::new(Duration::ZERO),
        };
        for measurement in Measurement::ALL {
            (self.progress)(measurement.progress());
            if let Err(error) = measurement.make(&bench).await {
                let reason = error.to_string();
                (self.progress)(&format!("  not measured: {reason}"));
                self.findings.borrow_mut().give_up(measurement.questions(), &reason);
            }
        }
        Ok(())
    }

    /// Deletes the hook and the branch, and declines the pull request.
    ///
    /// # Errors
    ///
    /// Bitbucket refused it. The next probe in the repository tries again.
    pub async fn clean_up(&self) -> Result<(), Error> {
        self.sandbox().clean_up().await
    }

    /// The answers so far; the questions without one get this reason.
    pub fn conclude(&self, reason: &str) -> Findings {
        let mut findings = self.findings.borrow().clone();
        findings.give_up(Question::ALL, reason);
        findings
    }
}

fn random_hex() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    Ok(hex::encode(bytes))
}
