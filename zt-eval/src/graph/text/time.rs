//! Conditions on the time of the week and of the day, as they are written.

use std::fmt::{self, Write};

use super::Writer;
use crate::graph::Weekdays;
use crate::id::ZoneId;
use crate::schema::text::Quoted;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl<'a> Writer<'a, '_, '_> {
    fn zone(&self, zone: ZoneId) -> Quoted<&'a str> {
        Quoted(self.policy.zones.get(zone.index()).map_or("?", |zone| zone.name()))
    }

    pub(super) fn weekday(&mut self, zone: ZoneId, days: Weekdays) -> fmt::Result {
        let zone = self.zone(zone);
        write!(self.out, "now.weekday({zone}) ")?;
        self.weekdays(days)
    }

    /// `== sat`, `in [mon..fri]`, `in [mon, wed]`.
    fn weekdays(&mut self, days: Weekdays) -> fmt::Result {
        let has = |day: usize| days.0 & (1 << (day % 7)) != 0;
        let name = |day: usize| DAYS.get(day % 7).copied().unwrap_or("?");
        let all = (0..7).filter(|day| has(*day));
        let mut starts = all.clone().filter(|day| !has(day + 6));
        match (all.clone().count(), starts.next(), starts.next()) {
            (1, Some(one), _) => write!(self.out, "== {}", name(one)),
            (count, Some(start), None) if count > 2 => {
                write!(self.out, "in [{}..{}]", name(start), name(start + count - 1))
            }
            (7, ..) => self.out.write_str("in [mon..sun]"),
            _ => {
                self.out.write_str("in [")?;
                self.separated(all, ", ", |writer, day| writer.out.write_str(name(day)))?;
                self.out.write_str("]")
            }
        }
    }

    pub(super) fn time_of_day(&mut self, zone: ZoneId, ranges: &[(u32, u32)]) -> fmt::Result {
        let zone = self.zone(zone);
        write!(self.out, "now.time({zone}) in ")?;
        let (before, after) = if ranges.len() == 1 { ("", "") } else { ("[", "]") };
        self.out.write_str(before)?;
        self.separated(ranges.iter(), ", ", |writer, (start, end)| {
            writer.clock(*start)?;
            writer.out.write_str("..")?;
            writer.clock(*end)
        })?;
        self.out.write_str(after)
    }

    /// `08:00`, with seconds only where there are any.
    fn clock(&mut self, millis: u32) -> fmt::Result {
        let seconds = millis / 1_000;
        let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(self.out, "{hours:02}:{minutes:02}")?;
        if seconds == 0 { Ok(()) } else { write!(self.out, ":{seconds:02}") }
    }
}
