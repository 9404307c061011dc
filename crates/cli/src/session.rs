//! Access to the table, the links and Bitbucket, shared by all commands. It calls AWS only when a command needs it.

use std::collections::BTreeSet;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudformation::config::Credentials;
use bitbucket::Credential;
use bitbucket::client::{Api, Client};
use bitbucket::oauth::OAuth;
use bus::EventBridge;
use jiff::Timestamp;
use queue::Queue;
use relay::budget::Reservation;
use relay::{Account, LinkId, Settings};
use secrecy::SecretString;
use store::links::tokens::{SecretsManagerGrants, TokenSource, Tokens};
use store::links::{LinkAdmin, LinkCredential, LinkDocument, LinkEdit};
use store::reading::Reader;
use store::{DynamoTable, LinkSource, SecretsManagerLinks, SubjectLog, budget};
use url::Url;

use crate::Error;
use crate::args::Format;
use crate::config::Config;
use crate::deployment::Deployment;
use crate::environment::{Environment, SharedClock};
use crate::output::{Report, one_line, pretty};
use crate::republish::{Pace, Republisher};

const NAME_THE_STACK: &str = "name the stack with --stack NAME, BITRELAY_STACK or the configuration file";

/// Largest number of watches that are read to find links.
const MAX_WATCHES: usize = 2_000;

/// A client for Bitbucket with a link's credential and calls reserved from its account's budget.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) client: Client,
    account: Account,
    table: DynamoTable,
    reserved: Reservation,
    reserved_at: Timestamp,
}

impl Access {
    /// Returns the unused calls to the budget and stores the limit that Bitbucket reported. If that fails, the unused
    /// calls stay counted, which only wastes them.
    pub(crate) async fn close(self) {
        let unused = Reservation { calls: self.client.calls_left(), ..self.reserved };
        let reported = self.client.rate_limit();
        let _ = budget::settle(&self.table, &self.account, self.reserved_at, unused, reported).await;
    }
}

/// A link's document during a change.
#[derive(Debug)]
pub(crate) struct OpenLink {
    pub(crate) edit: LinkEdit,
    /// The version that the change replaces.
    pub(crate) version: String,
}

fn no_link(link: &LinkId) -> Error {
    Error::NotFound {
        message: format!("no link {link}"),
        advice: "`bitrelay link list` shows the links, `bitrelay link create` creates one".to_owned(),
    }
}

/// State of one command: its configuration, its environment, and the AWS configuration once it is loaded.
pub(crate) struct Session<'s, 'a> {
    pub(crate) config: Config,
    pub(crate) environment: &'s mut Environment<'a>,
    aws: Option<SdkConfig>,
    deployment: Option<Deployment>,
}

impl<'s, 'a> Session<'s, 'a> {
    pub(crate) const fn new(config: Config, environment: &'s mut Environment<'a>) -> Self {
        Self { config, environment, aws: None, deployment: None }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.environment.now()
    }

    /// Shows a result.
    pub(crate) fn show(&mut self, report: &Report) {
        match self.config.format {
            Format::Table | Format::Csv => self.environment.println(&report.text),
            Format::Json => self.environment.println(&pretty(&report.json)),
        }
    }

    /// Shows one result of a stream; as JSON it takes one line.
    pub(crate) fn show_line(&mut self, report: &Report) {
        match self.config.format {
            Format::Table | Format::Csv => self.environment.println(&report.text),
            Format::Json => self.environment.println(&one_line(&report.json)),
        }
    }

    /// Writes a warning or a note to the error stream.
    pub(crate) fn warn(&mut self, text: &str) {
        self.environment.eprintln(text);
    }

    /// Asks a question that is answered with yes or no. Without anybody to ask, `advice` is the error.
    pub(crate) fn confirms(&mut self, question: &str, advice: impl Into<String>) -> Result<bool, Error> {
        let answer = self.environment.terminal.ask(&format!("{question} (yes or no)"));
        let answer = answer.map_err(|_| Error::Usage(advice.into()))?;
        Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
    }

    /// Returns the link that the command is about.
    pub(crate) fn link(&self) -> Result<LinkId, Error> {
        let advice = "name it with --link ID or BITRELAY_LINK";
        self.config.link.clone().ok_or(Error::NotConfigured { what: "the link", advice })
    }

    /// Returns the AWS configuration. Credentials in the environment override AWS's default chain.
    pub(crate) async fn aws(&mut self) -> SdkConfig {
        if let Some(config) = &self.aws {
            return config.clone();
        }
        let variable = self.environment.variable;
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        let region = self.config.region.clone().or_else(|| variable("AWS_REGION"));
        if let Some(region) = region.or_else(|| variable("AWS_DEFAULT_REGION")) {
            loader = loader.region(Region::new(region));
        }
        if let Some(url) = self.config.endpoint_url.clone().or_else(|| variable("AWS_ENDPOINT_URL")) {
            loader = loader.endpoint_url(url);
        }
        let keys = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
        if let Some((id, secret)) = keys {
            let token = variable("AWS_SESSION_TOKEN");
            loader = loader.credentials_provider(Credentials::new(id, secret, token, None, "environment"));
        }
        let config = loader.load().await;
        self.aws = Some(config.clone());
        config
    }

    /// Returns the stack's outputs and parameters; empty if no stack is named.
    pub(crate) async fn deployment(&mut self) -> Result<Deployment, Error> {
        if let Some(deployment) = &self.deployment {
            return Ok(deployment.clone());
        }
        let deployment = match self.config.stack.clone() {
            Some(stack) => Deployment::describe(&self.aws().await, &stack).await?,
            None => Deployment::default(),
        };
        self.deployment = Some(deployment.clone());
        Ok(deployment)
    }

    /// Returns a flag's value, else the stack's output.
    async fn named(
        &mut self,
        flag: Option<String>,
        output: &str,
        what: &'static str,
    ) -> Result<String, Error> {
        if let Some(named) = flag {
            return Ok(named);
        }
        let found = self.deployment().await?.outputs.get(output).cloned();
        found.ok_or(Error::NotConfigured { what, advice: NAME_THE_STACK })
    }

    pub(crate) async fn table_name(&mut self) -> Result<String, Error> {
        self.named(self.config.table.clone(), "TableName", "the table").await
    }

    pub(crate) async fn table(&mut self) -> Result<DynamoTable, Error> {
        let name = self.table_name().await?;
        Ok(DynamoTable::connect(&self.aws().await, name))
    }

    pub(crate) async fn reader(&mut self) -> Result<Reader, Error> {
        let name = self.table_name().await?;
        Ok(Reader::connect(&self.aws().await, name))
    }

    /// Returns the name or ARN of the bus.
    pub(crate) async fn bus_name(&mut self) -> Result<String, Error> {
        self.named(self.config.bus.clone(), "BusName", "the bus").await
    }

    pub(crate) async fn dead_letter_queue(&mut self) -> Result<Queue, Error> {
        let flag = self.config.dead_letter_queue_url.clone();
        let url = self.named(flag, "DeadLetterQueueUrl", "the URL of the dead-letter queue").await?;
        Ok(Queue::connect(&self.aws().await, url))
    }

    /// Opens the log and a bus, to publish events of the log on the bus.
    pub(crate) async fn republisher(&mut self, bus: &str, pace: Pace) -> Result<Republisher, Error> {
        let (table, reader) = (self.table_name().await?, self.reader().await?);
        let bus = EventBridge::new(&self.aws().await, bus.to_owned());
        let clock = SharedClock(self.environment.clock.clone());
        let limit = self.deployment().await?.entry_limit(self.environment.variable);
        Ok(Republisher { reader, bus, table, limit, clock, pace })
    }

    /// Returns the links whose log a command reads: the one that the configuration names, else all of the stack's. If
    /// no stack is named either, the links with a watch.
    pub(crate) async fn links_to_read(&mut self) -> Result<Vec<LinkId>, Error> {
        if let Some(link) = self.config.link.clone() {
            return Ok(vec![link]);
        }
        match self.links().await {
            Ok(links) => Ok(links.list().await?),
            Err(Error::NotConfigured { .. }) => {
                let watches = self.table().await?.due(Timestamp::MAX, MAX_WATCHES).await?;
                Ok(watches.into_iter().map(|due| due.link).collect::<BTreeSet<_>>().into_iter().collect())
            }
            Err(error) => Err(error),
        }
    }

    /// Returns every link that can have events of the last days: all of the stack's, those that were deleted and can
    /// still be restored, and the one that the configuration names.
    pub(crate) async fn links_of_the_last_days(&mut self) -> Result<Vec<LinkId>, Error> {
        let mut links = self.links().await?.list_with_deleted().await?;
        links.extend(self.config.link.clone().filter(|link| !links.contains(link)));
        Ok(links)
    }

    async fn secrets_prefix(&mut self) -> Result<String, Error> {
        let flag = self.config.secrets_prefix.clone();
        self.named(flag, "LinkSecretPrefix", "the prefix of the links' secrets").await
    }

    /// Returns the store that changes links.
    pub(crate) async fn links(&mut self) -> Result<LinkAdmin, Error> {
        let prefix = self.secrets_prefix().await?;
        Ok(LinkAdmin::connect(&self.aws().await, prefix))
    }

    /// Reads a link's document from its secret.
    pub(crate) async fn document(&mut self, link: &LinkId) -> Result<SecretString, Error> {
        let prefix = self.secrets_prefix().await?;
        let links = SecretsManagerLinks::connect(&self.aws().await, prefix);
        links.load(link).await?.ok_or_else(|| no_link(link))
    }

    /// Opens a link's document for a change.
    pub(crate) async fn open_link(&mut self, link: &LinkId) -> Result<OpenLink, Error> {
        let found = self.links().await?.load(link).await?.ok_or_else(|| no_link(link))?;
        Ok(OpenLink { edit: LinkEdit::parse(link, &found.document)?, version: found.version })
    }

    /// Stores a changed document, unless somebody else has changed the link since it was opened.
    pub(crate) async fn store_link(
        &mut self,
        link: &LinkId,
        version: &str,
        document: &SecretString,
    ) -> Result<(), Error> {
        if self.links().await?.replace(link, version, document).await? {
            return Ok(());
        }
        Err(Error::LinkChanged(link.clone()))
    }

    /// Returns the account whose budget pays for a link's calls; `None` if the link has no credential or its secret is
    /// missing.
    pub(crate) async fn account(&mut self, link: &LinkId) -> Result<Option<Account>, Error> {
        match self.document(link).await {
            Ok(secret) => {
                let document = LinkDocument::parse(link, &secret)?;
                Ok(document.credential().map(LinkCredential::account))
            }
            // Without a stack or a prefix the command can still read the table.
            Err(Error::NotConfigured { .. } | Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the URL to which Bitbucket delivers for a link.
    pub(crate) async fn webhook_url(&mut self, link: &LinkId) -> Result<Url, Error> {
        let base = self.named(self.config.webhook_url.clone(), "WebhookUrl", "the webhook URL").await?;
        let url = format!("{}/{link}", base.trim_end_matches('/'));
        Url::parse(&url).map_err(|error| Error::Usage(format!("the webhook URL {url:?}: {error}")))
    }

    /// Returns all URLs of this stack to which Bitbucket can deliver for a link: the one from the configuration, that
    /// of API Gateway, and that of the stack's own domain.
    pub(crate) async fn webhook_urls(&mut self, link: &LinkId) -> Result<Vec<Url>, Error> {
        let mut urls = vec![self.webhook_url(link).await?];
        let outputs = self.deployment().await?.outputs;
        let of_domain = outputs.get("CallbackUrl").and_then(|url| url.strip_suffix("/callback"));
        let bases = outputs.get("WebhookUrl").cloned().into_iter();
        for base in bases.chain(of_domain.map(|base| format!("{base}/webhook"))) {
            urls.extend(Url::parse(&format!("{}/{link}", base.trim_end_matches('/'))).ok());
        }
        Ok(urls)
    }

    /// Returns the address at which a person starts to authorize a link, on the deployment's custom domain if any.
    pub(crate) async fn start_url(&mut self) -> Result<Url, Error> {
        let base = if let Some(webhook) = self.config.webhook_url.clone() {
            webhook.trim_end_matches('/').trim_end_matches("/webhook").to_owned()
        } else {
            let callback = self.named(None, "CallbackUrl", "the callback URL").await?;
            callback.trim_end_matches("/callback").to_owned()
        };
        let url = format!("{base}/start");
        Url::parse(&url).map_err(|error| Error::Usage(format!("the address {url:?}: {error}")))
    }

    /// Opens Bitbucket with a link's credential. Calls count in the account's budget like the functions' calls (G8).
    pub(crate) async fn bitbucket(&mut self, link: &LinkId, calls: u32) -> Result<Access, Error> {
        let document = LinkDocument::parse(link, &self.document(link).await?)?;
        let no_credential = || Error::NotFound {
            message: format!("link {link} has no credential: it only receives"),
            advice: format!("`bitrelay link set-creds {link}` gives it one"),
        };
        let credential = document.credential().cloned().ok_or_else(no_credential)?;
        let account = credential.account();
        let table = self.table().await?;
        let credential = match credential {
            LinkCredential::Fixed(credential) => credential,
            LinkCredential::OAuth(consumer) => {
                let token = self.tokens(&table).await?.token(link, &consumer, None).await?;
                Credential::Bearer { token }
            }
        };
        let (now, limit) = (self.now(), self.calls_per_hour().await?);
        let reserved = budget::reserve(&table, &account, now, limit, calls).await?;
        if reserved.calls == 0 {
            return Err(Error::BudgetSpent);
        }
        let base = self.deployment().await?.bitbucket_api(self.environment.variable);
        let client = Api::new(&base)?.client(credential, reserved.calls);
        Ok(Access { client, account, table, reserved, reserved_at: now })
    }

    /// Returns the tokens of OAuth consumers, by the rules of the functions: one writer, and a new token is stored
    /// before it is used.
    async fn tokens(&mut self, table: &DynamoTable) -> Result<impl TokenSource + use<>, Error> {
        let prefix = self.secrets_prefix().await?;
        let grants = SecretsManagerGrants::connect(&self.aws().await, prefix);
        let base = self.deployment().await?.bitbucket_oauth(self.environment.variable);
        let oauth = OAuth::new(&base)?;
        let holder = format!("cli-{}", std::process::id());
        let clock = SharedClock(self.environment.clock.clone());
        Ok(Tokens::new(oauth, table.clone(), grants, clock, holder))
    }

    /// Returns the settings that the functions run with, such as the length of windows.
    pub(crate) async fn settings(&mut self) -> Result<Settings, Error> {
        self.deployment().await?.settings(self.environment.variable)
    }

    /// Returns the largest number of calls per hour with one credential.
    pub(crate) async fn calls_per_hour(&mut self) -> Result<u32, Error> {
        Ok(self.deployment().await?.calls_per_hour(self.environment.variable))
    }
}
