//! Watches and their times.

use std::collections::BTreeSet;

use jiff::Timestamp;
use relay::observation::LinkObservation;
use relay::{Observation, Reason, Report, Subject, SubjectState, SweepTarget, Watch};
use store::{DueWatch, Shard, Table};

use crate::world::{Delivery, World, pull_request, time};

async fn watched<T: Table>(world: &World<T>, id: u64, due_at: Timestamp) -> DueWatch {
    let world = world.about(pull_request(id));
    let watch = Watch { due_at, reason: Reason::WindowClosed, deadline: Some(due_at) };
    let state = SubjectState { version: 1, watch: Some(watch), ..SubjectState::default() };
    world.commit(&state, &[], None).await.unwrap();
    DueWatch { link: world.link, subject: world.subject, watch }
}

pub(crate) async fn watch_is_due_at_its_time_and_not_before<T: Table>(world: World<T>) {
    let due = watched(&world, 1, time(60)).await;
    assert_eq!(world.table.due(time(59), 10).await.unwrap(), []);
    assert_eq!(world.table.due(time(60), 10).await.unwrap(), [due]);

    // The index has milliseconds. It rounds a finer time up.
    let precise: Timestamp = "2026-11-24T10:00:30.000000001Z".parse().unwrap();
    watched(&world, 2, precise).await;
    assert_eq!(world.table.due(time(30), 10).await.unwrap(), []);
}

pub(crate) async fn longest_overdue_watches_come_first<T: Table>(world: World<T>) {
    let third = watched(&world, 1, time(30)).await;
    let first = watched(&world, 2, time(10)).await;
    let second = watched(&world, 3, time(20)).await;
    assert_eq!(world.table.due(time(60), 10).await.unwrap(), [first.clone(), second.clone(), third]);
    assert_eq!(world.table.due(time(60), 2).await.unwrap(), [first, second]);
}

pub(crate) async fn removed_watch_is_not_due<T: Table>(mut world: World<T>) {
    world.subject = Subject::Link;
    let targets: BTreeSet<SweepTarget> = BTreeSet::from(["acme".parse().unwrap()]);
    for (targets, watches) in [(targets, 1), (BTreeSet::new(), 0)] {
        let targets = LinkObservation::Configured(targets.try_into().unwrap());
        world.observe(&Observation::Link(targets), None, None).await.unwrap();
        assert_eq!(world.table.due(time(0), 10).await.unwrap().len(), watches);
    }
}

pub(crate) async fn postponed_watch_is_due_later<T: Table>(world: World<T>) {
    world.deliver(&Delivery::comment(1)).await.unwrap();
    let due = world.table.due(time(3600), 10).await.unwrap();
    assert_eq!(due.len(), 1, "a comment's window is watched");
    assert_eq!(due[0].subject, world.subject);

    world.observe(&Observation::Refused, None, None).await.unwrap();
    assert_eq!(world.table.due(time(59), 10).await.unwrap(), []);
    let postponed = world.table.due(time(60), 10).await.unwrap();
    assert_eq!(postponed[0].watch.reason, Reason::Refused);
    assert_eq!(postponed[0].watch.deadline, due[0].watch.deadline);
}

pub(crate) async fn shard_has_only_the_watches_of_its_links<T: Table>(mut world: World<T>) {
    let mut watches = Vec::new();
    for (id, second, link) in [(1, 10, "acme"), (2, 11, "umbrella"), (3, 12, "initech")] {
        world.link = link.parse().unwrap();
        watches.push(watched(&world, id, time(second)).await);
    }
    let shards: std::collections::BTreeSet<_> = watches.iter().map(|due| Shard::of(&due.link)).collect();
    assert!(shards.len() > 1, "links of one shard only would show nothing");

    for shard in Shard::all() {
        let of_shard: Vec<_> = watches.iter().filter(|due| Shard::of(&due.link) == shard).cloned().collect();
        assert_eq!(world.table.due_in(shard, time(60), 10).await.unwrap(), of_shard, "shard {shard}");
    }
    assert_eq!(world.table.due(time(60), 10).await.unwrap(), watches, "and all of them together have all");
}

pub(crate) async fn patient_watches_hide_no_other<T: Table>(world: World<T>) {
    let patient = |id: u64, second| {
        let world = world.about(pull_request(id));
        async move {
            let watch = Watch { due_at: time(second), reason: Reason::QuietSweep, deadline: None };
            let state = SubjectState { version: 1, watch: Some(watch), ..SubjectState::default() };
            world.commit(&state, &[], None).await.unwrap();
            DueWatch { link: world.link, subject: world.subject, watch }
        }
    };
    let first = patient(1, 10).await;
    let second = patient(2, 20).await;
    let hidden = patient(3, 30).await;
    let window = watched(&world, 4, time(40)).await;
    let shard = Shard::of(&world.link);
    let limited = world.table.due_in(shard, time(60), 2).await.unwrap();
    assert_eq!(limited, [first.clone(), second.clone(), window.clone()]);
    let all = world.table.due_in(shard, time(60), 10).await.unwrap();
    assert_eq!(all, [first, second, hidden, window], "the longest overdue first");

    // A watch that becomes urgent leaves the patient ones.
    let watch = Watch { due_at: time(15), reason: Reason::Reread, deadline: Some(time(15)) };
    let again = world.about(pull_request(1));
    let state = SubjectState { version: 2, watch: Some(watch), ..SubjectState::default() };
    again.commit(&state, &[], None).await.unwrap();
    let due = again.table.due_in(shard, time(60), 1).await.unwrap();
    assert_eq!(due.iter().map(|due| due.watch.due_at).collect::<Vec<_>>(), [time(15), time(20)]);
}

pub(crate) async fn forged_watches_hide_no_other<T: Table>(world: World<T>) {
    // Five subjects that only unsigned deliveries name, due before a window.
    let Observation::Delivery(report) = Delivery::comment(1).observation() else { panic!("a delivery") };
    let observation = Observation::Delivery(Report { signed: false, ..report });
    for id in 1..=5 {
        let forged = world.about(pull_request(id));
        forged.observe(&observation, None, None).await.unwrap();
        assert!(forged.state().await.is_unsigned() && forged.state().await.watch.is_some());
    }
    let window = watched(&world, 9, time(40)).await;
    let due = world.table.due_in(Shard::of(&world.link), time(60), 2).await.unwrap();
    assert_eq!(due.len(), 3, "{due:?}");
    assert!(due.contains(&window), "{due:?}");
}
