//! The figures of the played history, worked out by hand.

use jiff::Timestamp;
use store::SubjectLog as _;
use store::memory::{ManualClock, MemoryTable};

use super::*;
use crate::played::{BEGIN, Player, WIDGETS, play};
use crate::stats::weeks::{Spread, weeks};

const NOW: &str = "2026-11-24T11:20:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

async fn played() -> Vec<Review> {
    let (table, clock) = (MemoryTable::default(), ManualClock::at(time(BEGIN)));
    let player = Player::new(&table, &clock);
    play(&player).await;
    let mut reviews = Vec::new();
    for number in 5..=9 {
        let subject = format!("pullrequest/{WIDGETS}/{number}").parse().unwrap();
        let events = table.events(&player.link, &subject, 0, 1_000).await.unwrap();
        reviews.push(review(&events).unwrap());
    }
    reviews
}

/// The state, the figures in minutes, the rounds and the turn of a review.
type Row = (&'static str, i64, Option<i64>, Option<i64>, Option<i64>, u32, Turn);

#[tokio::test]
async fn figures_of_the_played_history_are_those_worked_out_by_hand() {
    let reviews = played().await;
    let now = time(NOW);
    let row = |review: &Review| -> Row {
        let in_minutes = |time: Option<SignedDuration>| time.map(|time| time.as_mins());
        (
            review.state(),
            review.duration(now).as_mins(),
            in_minutes(review.to_first_review),
            in_minutes(review.to_approval),
            in_minutes(review.to_merge()),
            review.rounds,
            review.turn,
        )
    };
    let rows: Vec<Row> = reviews.iter().map(row).collect();
    let expected: [Row; 5] = [
        // #5: opened 16 Nov 10:00, alice comments 12:00, declined 17 Nov 10:00.
        ("closed", 24 * 60, Some(120), None, None, 1, Turn::Nobody),
        // #6: opened 16 Nov 11:00, alice approves 15:00, merged 17:00.
        ("merged", 360, Some(240), Some(240), Some(360), 1, Turn::Nobody),
        // #7: opened 23 Nov 09:00. bob comments 09:40 (round 1), alice replies 09:55; bob adds a task 10:02 (round 2),
        // alice pushes 10:20; bob comments 10:27 (round 3), alice finishes the task 10:30; bob approves 24 Nov 09:00
        // (round 4); alice merges 09:30.
        ("merged", 1_470, Some(40), Some(1_440), Some(1_470), 4, Turn::Nobody),
        // #8: opened 24 Nov 10:00, carol requests changes 10:20 and approves 10:40 without an answer: one round, and
        // bob's turn.
        ("open", 80, Some(20), Some(40), None, 1, Turn::Author),
        // #9: opened 11:00; only a build server and the author have commented.
        ("open", 20, None, None, None, 0, Turn::Reviewers),
    ];
    assert_eq!(rows, expected);
    let since: Vec<_> = reviews.iter().map(|review| review.turn_since).collect();
    assert_eq!(since[3], time("2026-11-24T10:20:00Z"));
    assert_eq!(since[4], time("2026-11-24T11:00:00Z"));
    assert_eq!(reviews[2].title, "Add the small gear, oiled");
    assert_eq!(reviews[2].author.as_deref(), Some("alice"));
}

#[tokio::test]
async fn figures_by_week_are_those_worked_out_by_hand() {
    let reviews = played().await;
    let weeks = weeks(&reviews);
    let [this, last] = weeks.try_into().unwrap();
    assert_eq!((this.monday, last.monday), (time("2026-11-23T00:00:00Z"), time("2026-11-16T00:00:00Z")));
    assert_eq!(
        (this.repository.as_str(), this.opened, this.merged, this.rounds),
        ("acme/widgets", 3, 1, Some(1))
    );
    let spread = |count, p50, p90| Spread { count, p50: Some(minutes(p50)), p90: Some(minutes(p90)) };
    // 20 and 40 minutes; 40 minutes and a day.
    assert_eq!((this.to_first_review, this.to_approval), (spread(2, 20, 40), spread(2, 40, 1_440)));
    assert_eq!(this.to_merge, spread(1, 1_470, 1_470));
    assert_eq!((last.opened, last.merged, last.rounds), (2, 1, Some(1)));
    assert_eq!((last.to_first_review, last.to_approval), (spread(2, 120, 240), spread(1, 240, 240)));
}

#[tokio::test]
async fn order_of_the_events_does_not_matter() {
    let (table, clock) = (MemoryTable::default(), ManualClock::at(time(BEGIN)));
    let player = Player::new(&table, &clock);
    play(&player).await;
    let subject = format!("pullrequest/{WIDGETS}/7").parse().unwrap();
    let mut events = table.events(&player.link, &subject, 0, 1_000).await.unwrap();
    let straight = review(&events);
    events.reverse();
    let expected =
        straight.map(|review| (review.to_first_review, review.to_approval, review.rounds, review.end));
    assert_eq!(
        review(&events).map(|review| (review.to_first_review, review.to_approval, review.rounds, review.end)),
        expected
    );
    assert_eq!(review(&[]), None);
}
