//! Workloads: the same questions, put to several engines.
//!
//! A [`Workload`] has cases, a [`Case`] contenders and requests. A contender owns whatever it needs to decide, prepared
//! before it is timed, and is asked by the number of the request, so that no engine's representation of requests leaks
//! into the harness. Contenders that disagree on any request end the run: times of different answers mean nothing.

use zt_eval::Effect;

/// Something to compare engines on.
pub struct Workload {
    /// `apps/github`.
    pub name: &'static str,
    /// What it is, for the report: one or two sentences.
    pub about: &'static str,
    /// What its cases differ in, as the heading of a column: `rules`.
    pub axis: &'static str,
    /// Its cases, each a value of the axis, from cheap to dear.
    pub cases: &'static [&'static str],
    /// Sets a case up.
    pub build: fn(&str) -> Case,
}

/// Requests, and who decides them.
pub struct Case {
    /// The requests as people would name them, for when contenders disagree. In no order: any first few of them are a fair
    /// sample of all.
    pub requests: Vec<String>,
    /// The engines. The first is the one that all others have to agree with.
    pub contenders: Vec<Contender>,
}

/// An engine that is ready to decide the requests of a case.
pub struct Contender {
    /// `zt, effect`.
    pub name: &'static str,
    /// How many of the requests it is asked, for an engine that would take hours for all.
    pub requests_max: usize,
    decide: Box<dyn FnMut(usize) -> Effect>,
}

impl Contender {
    /// A contender that decides a request, given by its number.
    pub fn new(name: &'static str, decide: impl FnMut(usize) -> Effect + 'static) -> Self {
        Self { name, requests_max: usize::MAX, decide: Box::new(decide) }
    }

    /// The same, asked only so many of the requests.
    #[must_use]
    pub fn at_most(self, requests_max: usize) -> Self {
        Self { requests_max, ..self }
    }

    /// Decides a request.
    pub fn decide(&mut self, request: usize) -> Effect {
        (self.decide)(request)
    }
}

impl Case {
    /// How many requests a contender is asked.
    #[must_use]
    pub fn asked(&self, contender: &Contender) -> usize {
        contender.requests_max.min(self.requests.len())
    }

    /// Lets every contender decide every request that it is asked, and returns how many of all requests are allowed.
    ///
    /// # Panics
    ///
    /// When two contenders disagree; names both and the request.
    pub fn compare(&mut self, workload: &str) -> usize {
        let (first, others) = self.contenders.split_first_mut().expect("a case has contenders");
        assert_eq!(first.requests_max, usize::MAX, "{workload}: the first contender decides everything");
        let expected: Vec<Effect> = (0..self.requests.len()).map(|request| first.decide(request)).collect();
        for other in others {
            for (request, (expected, name)) in expected.iter().zip(&self.requests).enumerate().take(other.requests_max)
            {
                let effect = other.decide(request);
                assert!(
                    effect == *expected,
                    "{workload}: {} says {expected:?}, {} says {effect:?} of request {request}: {name}",
                    first.name,
                    other.name
                );
            }
        }
        expected.iter().filter(|effect| **effect == Effect::Allow).count()
    }
}

/// An effect from an engine that says yes or no.
#[must_use]
pub fn effect(is_allowed: bool) -> Effect {
    if is_allowed { Effect::Allow } else { Effect::Deny }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(other: impl FnMut(usize) -> Effect + 'static) -> Case {
        let even = Contender::new("even", |request| effect(request.is_multiple_of(2)));
        Case { requests: vec![String::from("r"); 5], contenders: vec![even, Contender::new("other", other).at_most(3)] }
    }

    #[test]
    fn contenders_that_agree_are_counted() {
        assert_eq!(case(|request| effect(request != 1)).compare("numbers"), 3);
    }

    #[test]
    #[should_panic(expected = "numbers: even says Allow, other says Deny of request 2: r")]
    fn contenders_that_disagree_end_the_run() {
        case(|request| effect(request == 0)).compare("numbers");
    }
}
