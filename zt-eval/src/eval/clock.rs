//! Conditions on the instant of the decision, and when they are other ones.

use super::evaluator::Evaluator;
use crate::Truth;
use crate::decision::Fact;
use crate::graph::{NowOp, Weekdays};
use crate::id::{NodeId, ZoneId};
use crate::value::{Timestamp, Value};
use crate::zone::{self, Zone};

impl Evaluator<'_, '_> {
    /// The instant of the decision, noted as consulted.
    fn now(&mut self) -> Option<Timestamp> {
        if self.notes {
            self.scratch.note(Fact::Now);
        }
        self.world.now
    }

    fn flips_at(&mut self, flip: Option<Timestamp>) {
        if self.notes {
            self.scratch.flips_at(flip);
        }
    }

    pub fn compare_now(&mut self, op: NowOp, time: NodeId) -> Truth {
        let Some(Value::Timestamp(time)) = self.value(time).value().cloned() else {
            return Truth::Unknown;
        };
        let Some(now) = self.now() else {
            return Truth::Unknown;
        };
        let after = || Timestamp::from_millis(time.millis().checked_add(1)?);
        let (holds, flip) = match op {
            NowOp::Before => (now < time, (now < time).then_some(time)),
            NowOp::AtOrBefore => (now <= time, if now <= time { after() } else { None }),
            NowOp::At if now < time => (false, Some(time)),
            NowOp::At => (now == time, if now == time { after() } else { None }),
        };
        self.flips_at(flip);
        holds.into()
    }

    pub fn weekday(&mut self, id: ZoneId, days: Weekdays) -> Truth {
        self.calendar(id, |zone, now| zone::weekday_in(zone, now, days.0))
    }

    pub fn time_of_day(&mut self, id: ZoneId, ranges: &[(u32, u32)]) -> Truth {
        self.calendar(id, |zone, now| zone::time_in(zone, now, ranges))
    }

    fn calendar(&mut self, id: ZoneId, test: impl FnOnce(&Zone, Timestamp) -> (bool, Timestamp)) -> Truth {
        let (now, zone) = (self.now(), self.world.policy.zones.get(id.index()));
        let Some((now, zone)) = now.zip(zone) else {
            return Truth::Unknown;
        };
        let (holds, flip) = test(zone, now);
        self.flips_at(Some(flip));
        holds.into()
    }
}
