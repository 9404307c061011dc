//! What people do in a history.

use super::history::{History, Thing};
use crate::setup::Repo;

impl History {
    fn new_text(&mut self) -> String {
        self.texts += 1;
        format!("text {}", self.texts)
    }

    /// Somebody does something; what it was, if it could be done.
    pub(super) async fn act(&mut self) -> Option<String> {
        let at = usize::try_from(self.random.below(2)).unwrap();
        let (pr, who) = (self.prs[at], *self.random.pick(&["alice", "bob", "carol"]).unwrap());
        let did = match self.random.below(20) {
            0..=3 => self.comment(at, who).await,
            4..=8 => self.edit(at, who).await,
            9 | 10 => self.delete(at, who).await,
            11..=13 => self.toggle_thread(at, who).await,
            14 | 15 => self.add_task(at, who).await,
            16..=18 => self.change_task(at, who).await,
            _ => self.review(at, who).await,
        };
        did.map(|did| format!("{who} {did} on {}", pr.id))
    }

    async fn comment(&mut self, at: usize, who: &'static str) -> Option<String> {
        let (text, inline) = (self.new_text(), self.random.percent(50));
        let parents: Vec<u64> = self.desks[at].comments.iter().map(|comment| comment.id).collect();
        let parent = self.random.pick(&parents).copied().filter(|_| self.random.percent(30));
        let (member, pr) = (self.world.member(who, Repo::Widgets), self.prs[at]);
        let id = match parent {
            Some(parent) => member.replies(pr, parent, &text).await,
            None if inline => member.comments_inline(pr, &text).await,
            None => member.comments(pr, &text).await,
        };
        let did = format!("comments {id} ({text})");
        let inline = inline && parent.is_none();
        self.desks[at].comments.push(Thing { id, author: who, texts: vec![text], inline, resolved: false });
        Some(did)
    }

    fn pick_comment(&mut self, at: usize, fits: impl Fn(&Thing) -> bool) -> Option<usize> {
        let fitting = self.desks[at].comments.iter().enumerate().filter(|(_, comment)| fits(comment));
        let fitting: Vec<usize> = fitting.map(|(place, _)| place).collect();
        self.random.pick(&fitting).copied()
    }

    async fn edit(&mut self, at: usize, who: &'static str) -> Option<String> {
        let place = self.pick_comment(at, |comment| comment.author == who)?;
        let moves = self.world.setup.rules.silent_edit_moves_updated_on;
        let old = self.desks[at].comments[place].texts.clone();
        let back = self.random.pick(&old).cloned().filter(|_| moves && self.random.percent(30));
        let text = match back {
            Some(back) if Some(&back) != old.last() => back,
            _ => self.new_text(),
        };
        let id = self.desks[at].comments[place].id;
        self.world.member(who, Repo::Widgets).edits(self.prs[at], id, &text).await;
        let did = format!("edits {id} ({text})");
        *self.desks[at].edits.entry((id, text.clone())).or_default() += 1;
        self.desks[at].comments[place].texts.push(text);
        Some(did)
    }

    async fn delete(&mut self, at: usize, who: &'static str) -> Option<String> {
        let place = self.pick_comment(at, |comment| comment.author == who)?;
        let gone = self.desks[at].comments.remove(place);
        self.world.member(who, Repo::Widgets).deletes(self.prs[at], gone.id).await;
        Some(format!("deletes {}", gone.id))
    }

    async fn toggle_thread(&mut self, at: usize, who: &'static str) -> Option<String> {
        let place = self.pick_comment(at, |comment| comment.inline)?;
        let (pr, thing) = (self.prs[at], &mut self.desks[at].comments[place]);
        thing.resolved = !thing.resolved;
        let (id, resolved) = (thing.id, thing.resolved);
        let member = self.world.member(who, Repo::Widgets);
        if resolved {
            member.resolves(pr, id).await;
        } else {
            member.reopens(pr, id).await;
        }
        Some(format!("{} {id}", if resolved { "resolves" } else { "reopens" }))
    }

    async fn add_task(&mut self, at: usize, who: &'static str) -> Option<String> {
        let text = self.new_text();
        let id = self.world.member(who, Repo::Widgets).adds_task(self.prs[at], &text).await;
        let did = format!("adds task {id} ({text})");
        self.desks[at].tasks.push(Thing {
            id,
            author: who,
            texts: vec![text],
            inline: false,
            resolved: false,
        });
        Some(did)
    }

    async fn change_task(&mut self, at: usize, who: &'static str) -> Option<String> {
        let (count, pr) = (u64::try_from(self.desks[at].tasks.len()).unwrap(), self.prs[at]);
        if count == 0 {
            return None;
        }
        let place = usize::try_from(self.random.below(count)).unwrap();
        let (what, text) = (self.random.below(4), self.new_text());
        let id = self.desks[at].tasks[place].id;
        let member = self.world.member(who, Repo::Widgets);
        match what {
            0 => {
                member.edits_task(pr, id, &text).await;
                let did = format!("edits task {id} ({text})");
                *self.desks[at].edits.entry((id, text)).or_default() += 1;
                Some(did)
            }
            1 => {
                member.deletes_task(pr, id).await;
                self.desks[at].tasks.remove(place);
                Some(format!("deletes task {id}"))
            }
            _ => {
                let resolved = !self.desks[at].tasks[place].resolved;
                if resolved {
                    member.resolves_task(pr, id).await;
                } else {
                    member.reopens_task(pr, id).await;
                }
                self.desks[at].tasks[place].resolved = resolved;
                Some(format!("{} task {id}", if resolved { "resolves" } else { "reopens" }))
            }
        }
    }

    async fn review(&mut self, at: usize, who: &'static str) -> Option<String> {
        if self.desks[at].merged {
            return None;
        }
        let (pr, member) = (self.prs[at], self.world.member(who, Repo::Widgets));
        if self.random.percent(5) {
            member.merges(pr).await;
            self.desks[at].merged = true;
            return Some("merges".to_owned());
        }
        let approved = self.desks[at].approved.entry(who).or_default();
        *approved = !*approved;
        if *approved {
            member.approves(pr).await;
        } else {
            member.unapproves(pr).await;
        }
        Some(if *approved { "approves" } else { "unapproves" }.to_owned())
    }
}
