//! The workloads. Each follows from its seed, so everybody measures the same.

use histories::Dice;

use crate::workload::{Act, Item, Post, Pr, Second, What, Workload};

/// How long a workload is watched after its last act: until the first look of the tail has been made.
const AFTERWARDS: Second = 45 * 60;

/// Bitbucket's limit for a user (<https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/>).
const USUAL: Option<u32> = Some(1_000);

/// As if Bitbucket had no limit: what each policy would like to have.
const AMPLE: Option<u32> = None;

const HOUR: Second = 3_600;

/// All of them.
pub fn all() -> Vec<Workload> {
    vec![quiet_team(), big_review(), spread_review(), busy_company(), short_budget()]
}

/// (a) A quiet team: twenty comments an hour on three pull requests, for three hours.
pub fn quiet_team() -> Workload {
    let mut draft = Draft::new(1);
    for hour in 0..3 {
        for _ in 0..20 {
            let (at, pr) = (hour * HOUR + draft.seconds(0, HOUR - 1), draft.below(3));
            draft.comment(at, Pr(pr), 70);
        }
    }
    draft.ends("a", "a quiet team: 20 comments an hour on 3 pull requests", vec![0; 3], AMPLE)
}

/// (b) A big review: five reviewers leave eight comments each on one pull request within a quarter of an hour.
pub fn big_review() -> Workload {
    review("b", "a big review: 5 reviewers, 40 comments on one pull request in 15 minutes", 1)
}

/// (b2) The same comments on five pull requests.
pub fn spread_review() -> Workload {
    review("b2", "the same 40 comments on 5 pull requests", 5)
}

fn review(name: &'static str, title: &'static str, prs: usize) -> Workload {
    let mut draft = Draft::new(2);
    for number in 0..40 {
        let at = draft.seconds(0, 15 * 60);
        draft.comment(at, Pr(number % prs), 80);
    }
    draft.ends(name, title, vec![0; prs], AMPLE)
}

/// So many comments on one pull request in the same moment, none of them edited.
pub fn comments_at_once(count: usize) -> Workload {
    let mut draft = Draft::new(3);
    for _ in 0..count {
        draft.comment(0, Pr(0), 0);
    }
    draft.ends("same", "comments on one pull request in the same moment", vec![0], AMPLE)
}

/// (c) A busy company: 20 repositories, 300 open pull requests, 600 comments and 200 changes of tasks in an hour, in
/// bursts.
pub fn busy_company() -> Workload {
    let title = "a busy company: 600 comments and 200 task changes an hour on 300 pull requests";
    busy(Draft::new(4), "c", title, AMPLE)
}

/// (d) The same with 1,000 calls an hour, and with webhooks that get lost (5 %), come twice (2 %) or late (10 %).
pub fn short_budget() -> Workload {
    let title = "the same with 1,000 calls an hour; 5 % of webhooks lost, 2 % doubled, 10 % late";
    let mut workload = busy(Draft::new(4), "d", title, USUAL);
    let mut dice = Dice::new(5);
    for act in &mut workload.acts {
        act.post = match dice.below(100) {
            0..5 => Post::Lost,
            5..7 => Post::Twice,
            7..17 => Post::Late(seconds(&mut dice, 20, 300)),
            _ => Post::OnTime,
        };
    }
    workload
}

fn busy(mut draft: Draft, name: &'static str, title: &'static str, limit: Option<u32>) -> Workload {
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
    draft.ends(name, title, (0..300).map(|pr| pr % 20).collect(), limit)
}

/// A workload while it is written.
struct Draft {
    dice: Dice,
    acts: Vec<Act>,
    items: u32,
}

impl Draft {
    const PEOPLE: usize = 5;

    const fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), acts: Vec::new(), items: 0 }
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

    fn act(&mut self, at: Second, pr: Pr, item: Item, what: What) {
        let who = usize::try_from(item.0).unwrap_or(0) % Self::PEOPLE;
        self.acts.push(Act { at, pr, who, item, what, post: Post::OnTime });
    }

    /// Somebody comments, and in so many of a hundred cases corrects it: three of four times within two minutes, always
    /// inside the window. One in five of those is corrected once more.
    fn comment(&mut self, at: Second, pr: Pr, edited: u64) {
        let item = self.item();
        self.act(at, pr, item, What::Comment);
        let (mut at, mut version, mut again) = (at, 1, edited);
        while self.dice.percent(again) {
            at += if self.dice.percent(75) { self.seconds(5, 120) } else { self.seconds(121, 590) };
            self.act(at, pr, item, What::Edit(version));
            (version, again) = (version + 1, 20);
        }
    }

    /// Somebody adds a task, and later mostly edits, resolves, reopens or deletes it. Gives the number of changes.
    fn task(&mut self, from: Second, pr: Pr) -> u32 {
        let (item, first) = (self.item(), self.acts.len());
        let mut at = from + self.seconds(0, 300);
        self.act(at, pr, item, What::AddTask);
        let chances = [
            (30, What::EditTask(1)),
            (60, What::ResolveTask),
            (15, What::ReopenTask),
            (15, What::ResolveTask),
            (10, What::DeleteTask),
        ];
        let mut resolved = false;
        for (percent, what) in chances {
            let fits = match what {
                What::ResolveTask => !resolved,
                What::ReopenTask => resolved,
                _ => true,
            };
            if fits && self.dice.percent(percent) {
                at += self.seconds(30, 900);
                self.act(at, pr, item, what);
                resolved = (resolved || what == What::ResolveTask) && what != What::ReopenTask;
            }
        }
        u32::try_from(self.acts.len() - first).unwrap_or(0)
    }

    fn ends(
        mut self,
        name: &'static str,
        title: &'static str,
        prs: Vec<usize>,
        limit: Option<u32>,
    ) -> Workload {
        // Stable: what happens to one item in one second stays in order.
        self.acts.sort_by_key(|act| act.at);
        let repositories = prs.iter().max().map_or(1, |last| last + 1);
        let seconds = self.acts.last().map_or(0, |act| act.at) + AFTERWARDS;
        Workload { name, title, repositories, prs, people: Self::PEOPLE, acts: self.acts, seconds, limit }
    }
}

fn seconds(dice: &mut Dice, least: Second, most: Second) -> Second {
    Second::try_from(dice.between(least.into(), most.into())).unwrap_or(least)
}
