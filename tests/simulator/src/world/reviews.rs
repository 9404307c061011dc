//! Approvals and requests for changes.

use super::event_keys::{APPROVED, CHANGES_REQUEST_CREATED, CHANGES_REQUEST_REMOVED, UNAPPROVED};
use super::outcome::{Done, Outbox, Refusal};
use super::state::Verdict;
use super::{Act, World};

impl Verdict {
    fn given(self) -> &'static str {
        match self {
            Self::Approved => APPROVED,
            Self::ChangesRequested => CHANGES_REQUEST_CREATED,
        }
    }

    fn withdrawn(self) -> &'static str {
        match self {
            Self::Approved => UNAPPROVED,
            Self::ChangesRequested => CHANGES_REQUEST_REMOVED,
        }
    }

    fn part(self) -> &'static str {
        match self {
            Self::Approved => "approval",
            Self::ChangesRequested => "changes_request",
        }
    }
}

impl World {
    /// Approves. Approving twice is accepted and sends nothing.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] when the pull request is closed.
    pub fn approve(&mut self, act: &Act, id: u64) -> Result<Done<()>, Refusal> {
        self.give(act, id, Verdict::Approved)
    }

    /// Withdraws an approval.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also when there is no approval; [`Refusal::Invalid`] when the pull request is closed.
    pub fn unapprove(&mut self, act: &Act, id: u64) -> Result<Done<()>, Refusal> {
        self.withdraw(act, id, Verdict::Approved)
    }

    /// Requests changes, which takes the place of an approval by the same account.
    ///
    /// # Errors
    /// As [`Self::approve`].
    pub fn request_changes(&mut self, act: &Act, id: u64) -> Result<Done<()>, Refusal> {
        self.give(act, id, Verdict::ChangesRequested)
    }

    /// Withdraws a request for changes.
    ///
    /// # Errors
    /// As [`Self::unapprove`].
    pub fn withdraw_changes_request(&mut self, act: &Act, id: u64) -> Result<Done<()>, Refusal> {
        self.withdraw(act, id, Verdict::ChangesRequested)
    }

    fn give(&mut self, act: &Act, id: u64, verdict: Verdict) -> Result<Done<()>, Refusal> {
        self.open_pull_request(act, id)?;
        self.set_verdict(act, id, verdict, Some(verdict), verdict.given())
    }

    fn withdraw(&mut self, act: &Act, id: u64, verdict: Verdict) -> Result<Done<()>, Refusal> {
        let pull_request = self.open_pull_request(act, id)?;
        let given = pull_request
            .participants
            .iter()
            .any(|entry| entry.account == act.actor && entry.verdict == Some(verdict));
        if !given {
            return Err(Refusal::not_found(format!("There is no {} of yours to withdraw.", verdict.part())));
        }
        self.set_verdict(act, id, verdict, None, verdict.withdrawn())
    }

    fn set_verdict(
        &mut self,
        act: &Act,
        id: u64,
        about: Verdict,
        becomes: Option<Verdict>,
        event_key: &'static str,
    ) -> Result<Done<()>, Refusal> {
        let mut outbox = Outbox::default();
        let pull_request = self.pull_request_mut(act.repository, id)?;
        let Some(entry) = pull_request.participant(&act.actor) else {
            return Ok(Done { value: (), outbox });
        };
        if entry.verdict != becomes {
            entry.verdict = becomes;
            entry.participated_on = Some(act.now);
            pull_request.touch(act.now);
            let part = self.payload_view().verdict(&act.actor, act.now);
            self.announce_pull_request(act, id, event_key, Some((about.part(), part)), &mut outbox)?;
        }
        Ok(Done { value: (), outbox })
    }
}
