//! The reader of one table.

use aws_sdk_dynamodb::Client;
use bitbucket::RepositoryId;
use relay::LinkId;

use super::filter::{EventFilter, RepositoryFilter};
use super::log::{Log, Order};
use super::stored::{self, ItemKey};
use crate::aws;
use crate::{Error, StoredEvent};

/// Reads the log. It never writes.
#[derive(Debug, Clone)]
pub struct Reader {
    client: Client,
    table: String,
}

impl Reader {
    /// Uses the table of this name. Nothing is sent yet. Every call ends within 5 seconds.
    pub fn connect(config: &aws_config::SdkConfig, table: impl Into<String>) -> Self {
        Self { client: aws::dynamodb(config), table: table.into() }
    }

    /// Opens the log of links, or of the one pull request that the filter names. Nothing is read yet.
    pub fn log(&self, links: &[LinkId], filter: EventFilter, order: Order) -> Log {
        Log::open(self.client.clone(), self.table.clone(), links, filter, order)
    }

    /// Reads events with their payloads, in the order of the keys. Leaves out those that are not in the table (any
    /// more). A payload of several items stays out, as in [`StoredEvent::complete`].
    ///
    /// # Errors
    ///
    /// The table's errors; [`Error::Corrupt`] for an event that cannot be read.
    pub async fn stored(&self, keys: &[ItemKey]) -> Result<Vec<StoredEvent>, Error> {
        stored::read(&self.client, &self.table, keys).await
    }

    /// Returns the id of the repository with this full name (`workspace/slug`), from the newest event that has it.
    /// `None` if no event has it. Reads back to that event.
    ///
    /// # Errors
    ///
    /// The table's errors; [`Error::Corrupt`] for an event that cannot be read.
    pub async fn repository_id(
        &self,
        links: &[LinkId],
        full_name: &str,
    ) -> Result<Option<RepositoryId>, Error> {
        let repository = Some(RepositoryFilter::FullName(full_name.to_ascii_lowercase()));
        let filter = EventFilter { repository, ..EventFilter::default() };
        let mut log = self.log(links, filter, Order::NewestFirst);
        while let Some(page) = log.next().await? {
            if let Some(id) = page.iter().find_map(|event| event.subject.repository()) {
                return Ok(Some(id.clone()));
            }
        }
        Ok(None)
    }
}
