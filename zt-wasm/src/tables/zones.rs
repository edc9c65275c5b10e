//! Tables of time zones and of times of day: `runtime/calendar.rs` says how they are laid out. They hold no addresses and need no
//! alignment.

use zt_eval::zone::{YearDay, Zone};

use super::data::number;

/// Beyond every instant, in seconds, on either side. What lies farther off is taken for this: it has passed, or never comes.
const FARTHEST: i64 = 1 << 40;
/// An offset is stored plus this much in 20 bits.
const OFFSET_BIAS: i64 = 1 << 19;

/// A zone's table.
#[must_use]
pub fn zone(zone: &Zone) -> Vec<u8> {
    let daylight = zone.rule().and_then(|rule| rule.daylight());
    let kind = match (zone.rule(), daylight) {
        (None, _) => 0,
        (Some(_), None) => 1,
        (Some(_), Some(_)) => 2,
    };
    let mut table = zone.initial().to_le_bytes().to_vec();
    table.extend(number(zone.transitions().len()).to_le_bytes());
    table.extend(u32::to_le_bytes(kind));
    table.extend(zone.rule().map_or(0, |rule| rule.std_offset()).to_le_bytes());
    table.extend(daylight.map_or(0, |daylight| daylight.offset).to_le_bytes());
    table.extend(date(daylight.map(|daylight| &daylight.start)));
    table.extend(date(daylight.map(|daylight| &daylight.end)));
    for (start, offset) in zone.transitions() {
        let start = (*start).clamp(-FARTHEST, FARTHEST);
        table.extend(((start << 20) | (i64::from(*offset) + OFFSET_BIAS)).to_le_bytes());
    }
    table
}

fn date(date: Option<&YearDay>) -> [u8; 8] {
    let Some(date) = date else {
        return [0; 8];
    };
    let [a, b, c, d] = date.time.to_le_bytes();
    [date.month, date.week, date.weekday, 0, a, b, c, d]
}

/// The table of ranges of times of day.
#[must_use]
pub fn ranges(ranges: &[(u32, u32)]) -> Vec<u8> {
    ranges.iter().flat_map(|(from, to)| [from.to_le_bytes(), to.to_le_bytes()]).flatten().collect()
}
