//! A decision point that many threads ask while one replaces what it knows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use zt_eval::eval::Scratch;
use zt_eval::{Decision, Effect, Mode, Pdp, Policy, Prepared, Request, Snapshot, Store};

const POLICY: &str = r"
package papers
entity User
entity Paper { edition: Int  twin: Paper }
obligation shown(edition: Int, twin: Int)
action read: User -> Paper
allow reading: read oblige shown(edition: resource.edition, twin: resource.twin.edition)
";

fn policy() -> Policy {
    let mut sources = zt_lang::Sources::new();
    sources.add("papers.zt", POLICY.as_bytes());
    zt_lang::parse(sources, &zt_lang::Options::default()).typecheck().unwrap().lower().unwrap()
}

/// Two papers, each the other's twin, both of one edition.
fn papers(edition: u32) -> String {
    let paper = |id: &str, twin: &str| {
        format!(
            r#"{{"type": "Paper", "id": "{id}",
                "properties": {{"edition": {edition}, "twin": {{"type": "Paper", "id": "{twin}"}}}}}}"#
        )
    };
    format!("[{}, {}]", paper("p", "q"), paper("q", "p"))
}

const REQUEST: &[u8] = br#"{"subject": {"type": "User", "id": "ann"}, "action": {"name": "read"},
                             "resource": {"type": "Paper", "id": "p"}}"#;

/// Ends what goes on until then, also when the test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn is_shared<T: Send + Sync>() {}

#[test]
fn what_threads_share_can_be_shared() {
    is_shared::<Pdp>();
    is_shared::<Snapshot>();
    is_shared::<Policy>();
    is_shared::<Store>();
    is_shared::<Prepared>();
}

#[test]
fn threads_decide_by_one_snapshot_or_the_other_while_another_updates() {
    const ROUNDS: u32 = 300;
    let policy = policy();
    let store = |edition| Store::from_json(&policy, papers(edition).as_bytes()).unwrap();
    let expected = [1, 2]
        .map(|edition| Snapshot::new(policy.clone(), store(edition)).unwrap().decide_json(REQUEST, None, Mode::Full));
    assert!(expected.iter().all(|decision| decision.effect == Effect::Allow && decision.obligations.len() == 1));
    assert_ne!(expected[0], expected[1]);
    let pdp = Pdp::new(policy.clone(), store(1)).unwrap();
    let first = pdp.snapshot();
    let prepared = first.prepare(Request::from_json(&policy, REQUEST).unwrap());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let (mut scratch, mut decision) = (Scratch::new(), Decision::default());
                while !is_over.load(Ordering::Acquire) {
                    let found = pdp.decide_json(REQUEST, None, Mode::Full);
                    assert!(expected.contains(&found), "{found:?}");
                    pdp.snapshot().decide_into(&prepared, None, Mode::Full, &mut scratch, &mut decision);
                    assert!(expected.contains(&decision), "{decision:?}");
                    first.decide_into(&prepared, None, Mode::Full, &mut scratch, &mut decision);
                    assert_eq!(decision, expected[0], "a snapshot stays what it was");
                }
            });
        }
        let _over = Over(&is_over);
        for round in 0..ROUNDS {
            let edition = 2 - round % 2;
            pdp.update(|policy, store| store.upsert_json(policy, papers(edition).as_bytes())).unwrap();
            let at = usize::try_from(edition).unwrap() - 1;
            assert_eq!(pdp.decide_json(REQUEST, None, Mode::Full), expected[at], "who updates sees it");
        }
    });
    assert_eq!(pdp.snapshot().store().revision(), u64::from(ROUNDS));
}
