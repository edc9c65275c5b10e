//! Generated policies, stores and requests.

use zt_eval::{Policy, Store};
use zt_lang::oracle::Choices;
use zt_lang::oracle::property::Subject;
use zt_lang::oracle::request::{instant, request, store};

use super::bound_alike;
use super::facts::{Asked, facts_alike};
use super::machine::Machine;

const POLICIES: u64 = 60;
const STORES: u64 = 3;
const REQUESTS: u64 = 14;

fn times() -> u64 {
    std::env::var("ZT_PROPERTY_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

#[test]
fn requests_are_bound_alike() {
    let (mut taken, mut refused) = (0, 0);
    for seed in 0..POLICIES * times() {
        let subject = Subject::generate(&mut Choices::endless(seed)).unwrap();
        let whole = subject.compiled.clone().reading_all();
        for (policy, rounds) in [(&subject.compiled, STORES), (&whole, 1)] {
            for round in 0..rounds {
                let mut choices = Choices::endless(seed << 8 | round);
                let (took, all) = requests(policy, &mut choices).unwrap_or_else(|what| panic!("seed {seed}: {what}"));
                taken += took;
                refused += all - took;
            }
        }
    }
    println!("{taken} requests, {refused} refused");
    // Or nothing was compared.
    assert!(taken > refused && refused * 100 > taken);
}

/// Binds requests to a policy with one store: how many were taken, of how many.
fn requests(policy: &Policy, choices: &mut Choices<'_>) -> Result<(u64, u64), String> {
    let entities = store(policy.schema(), choices);
    let entities = Store::from_json(policy, entities.as_bytes()).map_err(|error| error.to_string())?;
    let machine = Machine::new(policy, &entities);
    let mut taken = 0;
    for _ in 0..REQUESTS {
        let text = request(policy.schema(), choices);
        let told = |what: String| format!("{what}\n{text}");
        let Some(request) = bound_alike(&machine, policy, &entities, text.as_bytes()).map_err(told)? else { continue };
        taken += 1;
        let asked = Asked { policy, store: &entities, request: &request, now: instant(choices) };
        facts_alike(&asked).map_err(told)?;
    }
    Ok((taken, REQUESTS))
}
