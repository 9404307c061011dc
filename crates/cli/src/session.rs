//! What commands work with. Nothing is asked of AWS before it is needed.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudformation::config::Credentials;
use jiff::Timestamp;
use relay::{LinkId, Settings};
use store::DynamoTable;
use store::reading::Reader;

use crate::Error;
use crate::args::Format;
use crate::config::Config;
use crate::deployment::Deployment;
use crate::output::Report;
use crate::surroundings::Surroundings;

const NAME_THE_STACK: &str = "name the stack with --stack NAME, BITRELAY_STACK or the configuration file";

/// One command's work.
pub(crate) struct Session<'s, 'a> {
    pub(crate) config: Config,
    pub(crate) around: &'s mut Surroundings<'a>,
    aws: Option<SdkConfig>,
    deployment: Option<Deployment>,
}

impl<'s, 'a> Session<'s, 'a> {
    pub(crate) const fn new(config: Config, around: &'s mut Surroundings<'a>) -> Self {
        Self { config, around, aws: None, deployment: None }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.around.now()
    }

    /// Shows a result.
    pub(crate) fn show(&mut self, report: &Report) {
        match self.config.format {
            Format::Table => self.around.say(&report.text),
            Format::Json => {
                let text = serde_json::to_string_pretty(&report.json).unwrap_or_default();
                self.around.say(&text);
            }
        }
    }

    /// Shows one of a row of results: JSON takes one line.
    pub(crate) fn show_line(&mut self, report: &Report) {
        match self.config.format {
            Format::Table => self.around.say(&report.text),
            Format::Json => self.around.say(&report.json.to_string()),
        }
    }

    /// Says something to the person.
    pub(crate) fn warn(&mut self, text: &str) {
        self.around.complain(text);
    }

    /// The link that a command is about.
    pub(crate) fn link(&self) -> Result<LinkId, Error> {
        let advice = "name it with --link ID or BITRELAY_LINK";
        self.config.link.clone().ok_or(Error::NotConfigured { what: "the link", advice })
    }

    /// The way to AWS. Credentials are the usual ones; those in the environment go first.
    pub(crate) async fn aws(&mut self) -> SdkConfig {
        if let Some(config) = &self.aws {
            return config.clone();
        }
        let variable = self.around.variable;
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

    /// What the stack has; empty where none is named.
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

    /// What a flag says, else the stack's output.
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

    /// How long windows are.
    pub(crate) async fn settings(&mut self) -> Result<Settings, Error> {
        self.deployment().await?.settings(self.around.variable)
    }

    /// The most calls an hour with one link's credential.
    pub(crate) async fn calls_per_hour(&mut self) -> Result<u32, Error> {
        Ok(self.deployment().await?.calls_per_hour(self.around.variable))
    }
}
