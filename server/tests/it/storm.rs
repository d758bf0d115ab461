//! Many deliveries at once: twice, out of order, and some that are not GitHub's.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};

use crate::github_events::n_runs;
use crate::harness::{Delivery, GitRepository, signature};
use crate::server_or_skip;

const ON_PUSH: &str = "\
on: push
jobs: { build: { runs-on: ubuntu-latest, steps: [{ run: echo }] } }
";

/// Different deliveries; every third one comes twice.
const N_DELIVERIES: usize = 150;

/// Deliveries that are on their way at the same time.
const N_AT_ONCE: usize = 12;

#[tokio::test]
async fn every_delivery_becomes_one_run_however_often_and_in_whatever_order_it_comes() {
    let server = server_or_skip!();
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", ON_PUSH)]);
    server.rows().repository(repository.path()).await;
    let head = repository.head();
    let twice = (0..N_DELIVERIES).filter(|number| number % 3 == 0);
    let mut numbers: Vec<usize> = (0..N_DELIVERIES).chain(twice).collect();
    // Out of order, in the same way each time.
    numbers.sort_by_key(|number| (number * 7919) % 997);
    let client = &server.client;
    let send = |(place, number): (usize, usize)| {
        let guid = format!("storm-{number}");
        let is_corrupt = place % 50 == 49;
        let request = server.deliver(&Delivery::push(&guid, &head));
        async move {
            let mut request = request.build().expect("a request");
            if is_corrupt {
                let wrong = signature("another secret", b"another body");
                let value = wrong.parse().expect("a header");
                request.headers_mut().insert("x-hub-signature-256", value);
            }
            let answer = client.execute(request).await.expect("an answer");
            (number, answer.status().as_u16())
        }
    };
    let sent: Vec<(usize, u16)> = stream::iter(numbers.into_iter().enumerate())
        .map(send)
        .buffer_unordered(N_AT_ONCE)
        .collect()
        .await;
    let mut accepted = BTreeMap::<usize, usize>::new();
    for (number, status) in &sent {
        assert!(matches!(status, 202 | 403), "{status}");
        *accepted.entry(*number).or_default() += usize::from(*status == 202);
    }
    let n_refused = sent.iter().filter(|(_, status)| *status == 403).count();
    assert_eq!(n_refused, 4, "those that are not signed by us");
    let expected = accepted.values().filter(|times| **times > 0).count();
    server.settle().await;
    assert_eq!(n_runs(&server).await, i64::try_from(expected).expect("few"));
    let open: i64 =
        sqlx::query_scalar("select count(*) from deliveries where status <> 'processed'")
            .fetch_one(&server.app.db)
            .await
            .expect("a count");
    assert_eq!(open, 0);
}
