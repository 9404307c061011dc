//! Audits of books that lack something.

use super::*;

type Change = fn(&mut Books);

fn request(number: usize) -> Request {
    Request { hook: "h".to_owned(), request: format!("r{number}") }
}

/// Books of three deliveries with one event each: two published, one parked.
fn balanced() -> Books {
    let entry = |number: u64| Entry { id: format!("e{number}"), partition: "p".to_owned(), sequence: number };
    Books {
        sent: 4,
        acknowledged: (1..=3).map(request).collect(),
        answered: ["e1".to_owned(), "e2".to_owned()].into(),
        marks: (1..=3).map(request).collect(),
        waiting: 0,
        log: (1..=3).map(entry).collect(),
        published: ["e1", "e2", "e2"].map(str::to_owned).to_vec(),
        parked: vec!["e3".to_owned()],
    }
}

fn missing(change: impl FnOnce(&mut Books)) -> Vec<String> {
    let mut books = balanced();
    change(&mut books);
    books.audit().missing
}

#[test]
fn balanced_books_lack_nothing() {
    let line =
        "sent 4, acknowledged 3, stored 3; in the log 3, published 2 (1 more than once), parked 1; missing 0";
    assert_eq!(balanced().audit().to_string(), line);
}

#[test]
fn audit_reports_everything_that_is_removed_or_invented() {
    let table: [(Change, &str); 9] = [
        (|books| drop(books.marks.pop_last()), "delivery r3 of hook h was acknowledged and is not stored"),
        (|books| drop(books.log.remove(0)), "event e1 was acknowledged and is not in the log"),
        (|books| drop(books.log.remove(1)), "the log p has no event 2"),
        (|books| drop(books.log.pop()), "event e3 was published or parked and is not in the log"),
        (|books| drop(books.published.remove(0)), "event e1 of the log was neither published nor parked"),
        (|books| drop(books.parked.pop()), "event e3 of the log was neither published nor parked"),
        (|books| books.log.push(books.log[0].clone()), "event e1 is in the log 2 times"),
        (
            |books| books.published.push("e9".to_owned()),
            "event e9 was published or parked and is not in the log",
        ),
        (|books| books.waiting = 1, "1 kept deliveries were not folded"),
    ];
    for (change, line) in table {
        let missing = missing(change);
        assert!(missing.iter().any(|found| found == line), "{line}: {missing:?}");
    }
    assert_eq!(missing(|books| drop(books.acknowledged.pop_first())), Vec::<String>::new(), "only a refusal");
}

#[tokio::test]
async fn event_that_is_removed_from_the_table_is_missing() {
    let dynamo = crate::table::Dynamo::start().await;
    let client = dynamo.client().await;
    for (kind, pk, sk, id) in [
        ("delivery", "delivery#acme#h#key#body", "delivery", ""),
        ("event", "acme#pullrequest/r/1", "event#000000000001", "e1"),
        ("event", "acme#pullrequest/r/1", "event#000000000002", "e2"),
    ] {
        let put = client.put_item().table_name(TABLE);
        let put = [("pk", pk), ("sk", sk), ("kind", kind), ("id", id), ("request", "r1")]
            .into_iter()
            .fold(put, |put, (name, value)| put.item(name, AttributeValue::S(value.to_owned())));
        put.send().await.unwrap();
    }
    let audit = async || {
        let mut books = Books { acknowledged: [request(1)].into(), ..Books::default() };
        books.read(&client).await;
        books.receive(&[serde_json::json!({ "id": "e1" }), serde_json::json!({ "id": "e2" })], &[]);
        books.audit().missing
    };
    assert_eq!(audit().await, Vec::<String>::new());
    let delete = client.delete_item().table_name(TABLE);
    let delete = delete.key("pk", AttributeValue::S("acme#pullrequest/r/1".to_owned()));
    delete.key("sk", AttributeValue::S("event#000000000001".to_owned())).send().await.unwrap();
    let lines = audit().await;
    assert_eq!(lines.len(), 2, "{lines:?}");
}
