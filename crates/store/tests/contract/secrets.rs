//! Links in Secrets Manager, as MiniStack has it.

use aws_config::SdkConfig;
use relay::LinkId;
use secrecy::ExposeSecret;
use store::{LinkSource, SecretsManagerLinks};

pub(crate) async fn links_are_read_by_their_name(config: SdkConfig) {
    let client = aws_sdk_secretsmanager::Client::new(&config);
    client.create_secret().name("bitrelay/link/acme").secret_string("{}").send().await.unwrap();
    let links = SecretsManagerLinks::connect(&config, "bitrelay/link/");
    let load = async |id: &str| links.load(&id.parse::<LinkId>().unwrap()).await;

    assert_eq!(load("acme").await.unwrap().unwrap().expose_secret(), "{}");
    assert!(load("acm").await.unwrap().is_none());

    client.delete_secret().secret_id("bitrelay/link/acme").send().await.unwrap();
    assert!(load("acme").await.unwrap().is_none(), "a link that is being deleted is gone");
}
