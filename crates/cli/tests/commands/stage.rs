//! A deployment: a stack in MiniStack, the webhook function in this process, and a simulated Bitbucket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_cloudformation::types::StackStatus;
use relay::Settings;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use simulator::Simulator;
use store::links::CachedLinks;
use store::{DynamoTable, LinkSource, SecretsManagerLinks, SystemClock};
use tokio::sync::OnceCell;
use webhook::App;

use crate::hosts::ministack::MiniStack;
use crate::hosts::schema;
use crate::typing::{Outcome, Shell};

/// One MiniStack for all tests of this process; its keeper ends it with the process.
static AWS: OnceCell<MiniStack> = OnceCell::const_new();

const STACK_TIMEOUT: Duration = Duration::from_secs(30);

/// The stack's own domain.
pub(crate) const OWN_DOMAIN: &str = "https://own.example.com";

/// A deployment, a simulated Bitbucket, and a shell that is configured for both.
pub(crate) struct Stage {
    pub(crate) simulator: Simulator,
    pub(crate) shell: Shell,
    pub(crate) stack: String,
    pub(crate) table: DynamoTable,
    pub(crate) config: SdkConfig,
    pub(crate) webhook_url: String,
}

impl Stage {
    pub(crate) async fn open(stack: &str) -> Self {
        Self::of_release(stack, release::RELEASE).await
    }

    /// Opens a stage whose stack runs this release.
    pub(crate) async fn of_release(stack: &str, release: &str) -> Self {
        let host = AWS.get_or_init(MiniStack::start).await;
        let endpoint = host.config.endpoint_url().unwrap().to_owned();
        // Each test has its own runtime, and connections cannot move between runtimes.
        let port = endpoint.rsplit(':').next().unwrap().parse().unwrap();
        let config = schema::config(port).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let webhook_url = format!("http://{}/webhook/", listener.local_addr().unwrap());
        let table = deploy(&config, stack, release, &webhook_url).await;
        let prefix = format!("bitrelay/{stack}/link/");
        let app = App {
            table: DynamoTable::connect(&config, &table),
            links: CachedLinks::new(SecretsManagerLinks::connect(&config, &prefix)),
            clock: SystemClock,
            settings: Settings::default(),
        };
        let routes = webhook::router(Arc::new(app));
        tokio::spawn(async { axum::serve(listener, routes).await });
        let simulator = Simulator::start(simulator::Settings::default()).await.unwrap();
        let shell = Shell::at(&endpoint)
            .with("BITRELAY_STACK", stack)
            .with("BITRELAY_BITBUCKET_API_URL", &format!("{}/2.0", simulator.url()))
            .with("BITRELAY_BITBUCKET_OAUTH_URL", simulator.url());
        let table = DynamoTable::connect(&config, table);
        Self { simulator, shell, stack: stack.to_owned(), table, config, webhook_url }
    }

    /// Opens a stage with the link `acme`, which uses alice's credential.
    pub(crate) async fn with_link(stack: &str) -> Self {
        let stage = Self::open(stack).await;
        let made = "link create acme --template bitbucket-user-token --kv username=alice@example.com --kv password=alice-api-token";
        let outcome = stage.shell.types(made).await;
        assert_eq!(outcome.code, 0, "{outcome}");
        stage
    }

    /// Reads a link's document from Secrets Manager.
    pub(crate) async fn document(&self, link: &str) -> Option<Value> {
        let links = SecretsManagerLinks::connect(&self.config, format!("bitrelay/{}/link/", self.stack));
        let secret = links.load(&link.parse().unwrap()).await.unwrap()?;
        Some(serde_json::from_str(secret.expose_secret()).unwrap())
    }

    /// Returns a command's output without the address, which differs in each run.
    pub(crate) fn steady(&self, outcome: &Outcome) -> String {
        let address = self.webhook_url.trim_end_matches("/webhook/");
        outcome.to_string().replace(address, "https://hooks.example.com")
    }

    /// Lists the hooks of the simulator's repository.
    pub(crate) async fn hooks(&self) -> Vec<Value> {
        let (status, hooks) = self.simulator.person("alice").unwrap().get("/hooks").await.unwrap();
        assert_eq!(status, 200);
        hooks["values"].as_array().unwrap().clone()
    }
}

/// Creates a stack with the template outputs that the command line reads. Returns the table's name.
async fn deploy(config: &SdkConfig, stack: &str, release: &str, webhook_url: &str) -> String {
    let template = json!({
        "Parameters": { "CallsPerHour": { "Type": "Number", "Default": 900 } },
        "Resources": {
            "Table": { "Type": "AWS::DynamoDB::Table", "Properties": schema::properties() },
            "DeadLetters": { "Type": "AWS::SQS::Queue" },
        },
        "Outputs": {
            "Release": { "Value": release },
            "TableName": { "Value": { "Ref": "Table" } },
            "DeadLetterQueueUrl": { "Value": { "Ref": "DeadLetters" } },
            "WebhookUrl": { "Value": webhook_url },
            "CallbackUrl": { "Value": format!("{OWN_DOMAIN}/callback") },
            "LinkSecretPrefix": { "Value": format!("bitrelay/{stack}/link/") },
        },
    });
    let client = aws_sdk_cloudformation::Client::new(config);
    client.create_stack().stack_name(stack).template_body(template.to_string()).send().await.unwrap();
    let started = Instant::now();
    loop {
        let described = client.describe_stacks().stack_name(stack).send().await.unwrap();
        let described = &described.stacks()[0];
        if described.stack_status() == Some(&StackStatus::CreateComplete) {
            let table = described.outputs().iter().find(|output| output.output_key() == Some("TableName"));
            return table.unwrap().output_value().unwrap().to_owned();
        }
        assert!(started.elapsed() < STACK_TIMEOUT, "the stack was not created: {described:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
