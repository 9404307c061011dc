//! The workloads. Each follows from its seed, so every machine measures the same actions.

use poller::PollerSettings;
use simulation::dice::Dice;

use crate::workload::{Act, Action, Arrival, Calls, Item, Pr, Second, Workload};

/// Seconds from the last action to the end of the measurement: enough for the first poll of the tail.
const AFTERWARDS: Second = 45 * 60;

/// Bitbucket's limit for a user (<https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/>).
const BITBUCKET_LIMIT: u32 = 1_000;

const HOUR: Second = 3_600;

/// Time of the edits inside their windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edits {
    /// Three of four edits fall into the first two minutes.
    Early,
    /// Every second of the window is equally likely.
    Even,
}

/// All workloads, in the order of the tables.
pub fn all() -> Vec<Workload> {
    vec![
        quiet_team(Edits::Early),
        quiet_team(Edits::Even),
        big_review(Edits::Early),
        big_review(Edits::Even),
        spread_review(Edits::Early),
        spread_review(Edits::Even),
        busy_company(Edits::Early),
        busy_company(Edits::Even),
        short_budget(Edits::Early),
        short_budget(Edits::Even),
        default_budget(Edits::Early),
        default_budget(Edits::Even),
    ]
}

/// (a) A quiet team: twenty comments an hour on three pull requests, for three hours.
pub fn quiet_team(edits: Edits) -> Workload {
    let mut draft = Draft::new(1, edits);
    for hour in 0..3 {
        for _ in 0..20 {
            let (at, pr) = (hour * HOUR + draft.seconds(0, HOUR - 1), draft.below(3));
            draft.comment(at, Pr(pr), 70);
        }
    }
    let labels = [
        ("a", "a quiet team: 20 comments an hour on 3 pull requests"),
        ("a-even", "(a) with edits spread evenly over the window"),
    ];
    draft.finish(labels, vec![0; 3], Calls::Ample)
}

/// (b) A big review: five reviewers leave eight comments each on one pull request within a quarter of an hour.
pub fn big_review(edits: Edits) -> Workload {
    let labels = [
        ("b", "a big review: 5 reviewers, 40 comments on one pull request in 15 minutes"),
        ("b-even", "(b) with edits spread evenly over the window"),
    ];
    review(edits, labels, 1)
}

/// (b2) The same comments on five pull requests.
pub fn spread_review(edits: Edits) -> Workload {
    let labels = [
        ("b2", "the same 40 comments on 5 pull requests"),
        ("b2-even", "(b2) with edits spread evenly over the window"),
    ];
    review(edits, labels, 5)
}

fn review(edits: Edits, labels: Labels, prs: usize) -> Workload {
    let mut draft = Draft::new(2, edits);
    for number in 0..40 {
        let at = draft.seconds(0, 15 * 60);
        draft.comment(at, Pr(number % prs), 80);
    }
    draft.finish(labels, vec![0; prs], Calls::Ample)
}

/// So many comments on one pull request in the same moment, none of them edited.
pub fn comments_at_once(count: usize) -> Workload {
    let mut draft = Draft::new(3, Edits::Early);
    for _ in 0..count {
        draft.comment(0, Pr(0), 0);
    }
    let label = ("same", "comments on one pull request in the same moment");
    draft.finish([label; 2], vec![0], Calls::Ample)
}

/// (c) A busy company: 20 repositories, 300 open pull requests, 600 comments and 200 task changes in an hour, in
/// bursts.
pub fn busy_company(edits: Edits) -> Workload {
    let labels = [
        ("c", "a busy company: 600 comments and 200 task changes an hour on 300 pull requests"),
        ("c-even", "(c) with edits spread evenly over the window"),
    ];
    busy(edits, labels, Calls::Ample)
}

/// (d) The busy company while bitrelay uses all of Bitbucket's 1,000 calls an hour, with faults of the webhooks.
pub fn short_budget(edits: Edits) -> Workload {
    let labels = [
        ("d", "(c) with 1,000 calls an hour; 5 % of webhooks lost, 2 % doubled, 10 % late"),
        ("d-even", "(d) with edits spread evenly over the window"),
    ];
    faulty(busy(edits, labels, Calls::Limited { bitbucket: BITBUCKET_LIMIT, bitrelay: BITBUCKET_LIMIT }))
}

/// (d-900) The same while bitrelay keeps to the default of its own limit. Bitbucket still answers 1,000 calls.
pub fn default_budget(edits: Edits) -> Workload {
    let labels = [
        ("d-900", "(d) with bitrelay's default limit of 900 calls an hour; Bitbucket still answers 1,000"),
        ("d-900-even", "(d-900) with edits spread evenly over the window"),
    ];
    let bitrelay = PollerSettings::default().calls_per_hour;
    faulty(busy(edits, labels, Calls::Limited { bitbucket: BITBUCKET_LIMIT, bitrelay }))
}

/// Loses 5 % of the webhooks, sends 2 % twice and 10 % late.
fn faulty(mut workload: Workload) -> Workload {
    let mut dice = Dice::new(5);
    for act in &mut workload.acts {
        act.webhook = match dice.below(100) {
            0..5 => Arrival::Lost,
            5..7 => Arrival::Twice,
            7..17 => Arrival::Late(seconds(&mut dice, 20, 300)),
            _ => Arrival::OnTime,
        };
    }
    workload
}

fn busy(edits: Edits, labels: Labels, calls: Calls) -> Workload {
    let mut draft = Draft::new(4, edits);
    let (mut comments, mut changes) = (0, 0);
    while comments < 600 || changes < 200 {
        let (begins, pr) = (draft.seconds(0, HOUR - 600), Pr(draft.below(300)));
        let (burst, tasks) = (draft.seconds(3, 12), draft.dice.percent(50));
        // One burst in six is about tasks only.
        if !draft.dice.percent(16) {
            for _ in 0..burst.min(600 - comments) {
                let at = begins + draft.seconds(0, 480);
                draft.comment(at, pr, 50);
                comments += 1;
            }
        }
        if tasks && changes < 200 {
            for _ in 0..draft.seconds(1, 3) {
                changes += draft.task(begins + 60, pr);
            }
        }
    }
    draft.finish(labels, (0..300).map(|pr| pr % 20).collect(), calls)
}

/// Name and title of a workload: with early edits, and with even ones.
type Labels = [(&'static str, &'static str); 2];

/// A workload under construction.
struct Draft {
    dice: Dice,
    edits: Edits,
    acts: Vec<Act>,
    items: u32,
}

impl Draft {
    const PEOPLE: usize = 5;

    fn new(seed: u64, edits: Edits) -> Self {
        Self { dice: Dice::new(seed), edits, acts: Vec::new(), items: 0 }
    }

    fn seconds(&mut self, least: Second, most: Second) -> Second {
        seconds(&mut self.dice, least, most)
    }

    fn below(&mut self, bound: u64) -> usize {
        usize::try_from(self.dice.below(bound)).unwrap_or(0)
    }

    fn item(&mut self) -> Item {
        self.items += 1;
        Item(self.items)
    }

    fn act(&mut self, at: Second, pr: Pr, item: Item, action: Action) {
        let person = usize::try_from(item.0).unwrap_or(0) % Self::PEOPLE;
        self.acts.push(Act { at, pr, person, item, action, webhook: Arrival::OnTime });
    }

    /// Adds a comment and, in `edited` of a hundred cases, an edit inside its window. One edit in five is followed by
    /// another.
    fn comment(&mut self, at: Second, pr: Pr, edited: u64) {
        let item = self.item();
        self.act(at, pr, item, Action::Comment);
        let (mut at, mut version, mut again) = (at, 1, edited);
        while self.dice.percent(again) {
            at += self.seconds_to_edit();
            self.act(at, pr, item, Action::Edit(version));
            (version, again) = (version + 1, 20);
        }
    }

    /// Seconds from a comment's last change to its next edit. Both distributions draw equally many numbers, so that all
    /// other actions of a workload stay the same.
    fn seconds_to_edit(&mut self) -> Second {
        let is_soon = self.dice.percent(75);
        match self.edits {
            Edits::Early if is_soon => self.seconds(5, 120),
            Edits::Early => self.seconds(121, 590),
            Edits::Even => self.seconds(5, 590),
        }
    }

    /// Adds a task, and in most cases later edits, resolves, reopens or deletes it. Returns the number of changes.
    fn task(&mut self, from: Second, pr: Pr) -> u32 {
        let (item, first) = (self.item(), self.acts.len());
        let mut at = from + self.seconds(0, 300);
        self.act(at, pr, item, Action::AddTask);
        let chances = [
            (30, Action::EditTask(1)),
            (60, Action::ResolveTask),
            (15, Action::ReopenTask),
            (15, Action::ResolveTask),
            (10, Action::DeleteTask),
        ];
        let mut resolved = false;
        for (percent, action) in chances {
            let fits = match action {
                Action::ResolveTask => !resolved,
                Action::ReopenTask => resolved,
                _ => true,
            };
            if fits && self.dice.percent(percent) {
                at += self.seconds(30, 900);
                self.act(at, pr, item, action);
                resolved = (resolved || action == Action::ResolveTask) && action != Action::ReopenTask;
            }
        }
        u32::try_from(self.acts.len() - first).unwrap_or(0)
    }

    fn finish(mut self, [early, even]: Labels, prs: Vec<usize>, calls: Calls) -> Workload {
        // A stable sort: two actions on one item in the same second keep their order.
        self.acts.sort_by_key(|act| act.at);
        let (name, title) = if self.edits == Edits::Even { even } else { early };
        let repositories = prs.iter().max().map_or(1, |last| last + 1);
        let seconds = self.acts.last().map_or(0, |act| act.at) + AFTERWARDS;
        Workload { name, title, repositories, prs, people: Self::PEOPLE, acts: self.acts, seconds, calls }
    }
}

fn seconds(dice: &mut Dice, least: Second, most: Second) -> Second {
    Second::try_from(dice.between(least.into(), most.into())).unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_edits_change_only_their_times() {
        for pair in all().chunks(2) {
            let [early, even] = pair else { panic!("a workload without a partner: {pair:?}") };
            let others = |workload: &Workload| {
                let acts = workload.acts.iter().filter(|act| !matches!(act.action, Action::Edit(_)));
                acts.map(|act| (act.at, act.item, act.action)).collect::<Vec<_>>()
            };
            assert_eq!(others(early), others(even), "{}", even.name);
            let edits = |workload: &Workload| {
                let acts = workload.acts.iter().filter(|act| matches!(act.action, Action::Edit(_)));
                let mut items: Vec<Item> = acts.map(|act| act.item).collect();
                items.sort_unstable();
                items
            };
            assert_eq!(edits(early), edits(even), "{}", even.name);
        }
    }

    #[test]
    fn the_name_d_900_is_the_default_limit() {
        assert_eq!(default_budget(Edits::Early).calls.of_bitrelay(), 900);
    }
}
