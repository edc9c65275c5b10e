//! Timestamps and durations: from text and as text, and days of the calendar.
//!
//! Every timestamp lies in the years 0001 to 9999 of UTC. What is finer than a millisecond is dropped toward the past.

use super::env::*;
use super::json::*;
use super::layout::*;
use super::number::*;
use super::out::*;

pub const DAY_MS: i64 = 86_400_000;
/// 0001-01-01T00:00:00Z.
pub const TIMESTAMP_MIN: i64 = -62_135_596_800_000;
/// 9999-12-31T23:59:59.999Z.
pub const TIMESTAMP_MAX: i64 = 253_402_300_799_999;
/// Days from 0000-03-01 to 1970-01-01.
const TIME_EPOCH: i32 = 719_468;
/// Days, and years, by which dates are moved so that all are after the year 0: a cycle of the calendar.
const TIME_CYCLE: i32 = 146_097;
const TIME_CYCLE_YEARS: i32 = 400;
/// What two characters give that are not two digits.
const PAIR_NONE: i32 = 1000;
/// Exponents beyond this are taken for this: the number is out of range, or less than a millisecond.
const EXPONENT_MAX: u64 = 1 << 40;
/// The greatest magnitude of a duration, that of the least.
const DURATION_MAX: u64 = 1 << 63;

/// A timestamp in [`R0`]; whether it is one.
pub fn timestamp_fits(millis: i64) -> bool {
    st64(R0, millis);
    return millis >= TIMESTAMP_MIN && millis <= TIMESTAMP_MAX;
}

/// The instant that RFC 3339 text states, in [`R0`]: `YYYY-MM-DDThh:mm:ss`, perhaps a fraction, and an offset.
pub fn timestamp_parse(at: i32, len: i32) -> bool {
    if len < 20 || !timestamp_marks(at) {
        return false;
    }
    let century = time_pair(at);
    let of_century = time_pair(at + 2);
    let month = time_pair(at + 5);
    let day = time_pair(at + 8);
    let year = century * 100 + of_century;
    if century > 99 || of_century > 99 || year < 1 || month < 1 || month > 12 || day < 1 {
        return false;
    }
    let minutes = time_minutes(at + 11);
    let second = time_pair(at + 17);
    if day > days_in_month(year, month) || minutes < 0 || second > 59 {
        return false;
    }
    let end = at + len;
    let zone = if ld8(at + 19) == b'.' as i32 { json_digits(at + 20, end) } else { at + 19 };
    let offset = time_offset(zone, end);
    if zone == at + 20 || offset == PAIR_NONE * 60 {
        return false;
    }
    let seconds = (days_from_civil(year, month, day) as i64 * 1440 + (minutes - offset) as i64) * 60 + second as i64;
    return timestamp_fits(seconds * 1000 + time_fraction(at + 20, zone) as i64);
}

/// Whether what stands between the numbers of a date and a time is what must.
fn timestamp_marks(at: i32) -> bool {
    let dashes = ld8(at + 4) == b'-' as i32 && ld8(at + 7) == b'-' as i32;
    return dashes && (ld8(at + 10) | 0x20) == b't' as i32 && ld8(at + 16) == b':' as i32;
}

/// The number of two digits; [`PAIR_NONE`] when they are none.
fn time_pair(at: i32) -> i32 {
    let tens = ld8(at);
    let ones = ld8(at + 1);
    if !json_is_digit(tens) || !json_is_digit(ones) {
        return PAIR_NONE;
    }
    return tens * 10 + ones - b'0' as i32 * 11;
}

/// Minutes since midnight of `hh:mm`; -1 when it is no time.
fn time_minutes(at: i32) -> i32 {
    let hour = time_pair(at);
    let minute = time_pair(at + 3);
    if hour > 23 || minute > 59 || ld8(at + 2) != b':' as i32 {
        return -1;
    }
    return hour * 60 + minute;
}

/// Minutes east of UTC of `Z` or `+hh:mm`, which must be all up to `end`; 60 [`PAIR_NONE`] when it is no offset.
fn time_offset(at: i32, end: i32) -> i32 {
    let len = end - at;
    if len == 1 && (ld8(at) | 0x20) == b'z' as i32 {
        return 0;
    }
    if len == 6 {
        let minutes = time_minutes(at + 1);
        if minutes >= 0 && ld8(at) == b'+' as i32 {
            return minutes;
        }
        if minutes >= 0 && ld8(at) == b'-' as i32 {
            return -minutes;
        }
    }
    return PAIR_NONE * 60;
}

/// Milliseconds of the digits of a fraction, of which there may be none.
fn time_fraction(from: i32, to: i32) -> i32 {
    let mut millis = 0;
    let mut at = from;
    while at < from + 3 {
        millis = millis * 10;
        if at < to {
            millis += ld8(at) - b'0' as i32;
        }
        at += 1;
    }
    return millis;
}

/// The instant that a JSON number states in seconds since the epoch, in [`R0`]. The text must be one of JSON's numbers.
pub fn timestamp_of_number(at: i32, len: i32) -> bool {
    let end = at + len;
    let is_negative = ld8(at) == b'-' as i32;
    let whole = if is_negative { at + 1 } else { at };
    let point = json_digits(whole, end);
    let mut mantissa = point;
    if point < end && ld8(point) == b'.' as i32 {
        mantissa = json_digits(point + 1, end);
    }
    // The digits that count for milliseconds: so many places from the point on.
    let mut places = 3i64;
    if mantissa < end {
        places += time_exponent(mantissa + 1, end);
    }
    let mut millis = 0u64;
    let mut is_exact = true;
    let mut place = (whole - point) as i64;
    let mut next = whole;
    while next < mantissa {
        if next != point {
            let digit = (ld8(next) - b'0' as i32) as u32 as u64;
            if place < places {
                millis = millis * 10 + digit;
                if millis > TIMESTAMP_MAX as u64 {
                    return false;
                }
            } else if digit != 0 {
                is_exact = false;
            }
            place += 1;
        }
        next += 1;
    }
    while place < places && millis != 0 {
        millis = millis * 10;
        if millis > TIMESTAMP_MAX as u64 {
            return false;
        }
        place += 1;
    }
    if !is_negative {
        return timestamp_fits(millis as i64);
    }
    return timestamp_fits(-(millis as i64) - if is_exact { 0 } else { 1 });
}

/// The number of an exponent, behind its letter.
fn time_exponent(at: i32, end: i32) -> i64 {
    let sign = ld8(at);
    let is_signed = sign == b'-' as i32 || sign == b'+' as i32;
    let mut magnitude = digits_append(0, if is_signed { at + 1 } else { at }, end);
    if magnitude > EXPONENT_MAX {
        magnitude = EXPONENT_MAX;
    }
    return if sign == b'-' as i32 { -(magnitude as i64) } else { magnitude as i64 };
}

/// The span that a text states, in [`R0`]: numbers with the units `w d h m s ms`, from coarse to fine, each at most once.
pub fn duration_parse(at: i32, len: i32) -> bool {
    let end = at + len;
    let is_negative = len > 0 && ld8(at) == b'-' as i32;
    let mut next = if is_negative { at + 1 } else { at };
    let mut total = 0u64;
    let mut coarser = DAY_MS * 8;
    loop {
        let unit = json_digits(next, end);
        let count = digits_append(0, next, unit);
        let mut after = unit;
        while after < end && !json_is_digit(ld8(after)) {
            after += 1;
        }
        let millis = duration_unit(unit, after - unit);
        // In halves, so that no product exceeds 64 bits.
        let upper = (count >> 32) * millis as u64;
        if unit == next || millis == 0 || millis >= coarser || upper > 0x8000_0000 {
            return false;
        }
        let part = (upper << 32) + (count & 0xffff_ffff) * millis as u64;
        if part > DURATION_MAX || total > DURATION_MAX - part {
            return false;
        }
        total += part;
        if after == end {
            return int_signed(total, is_negative);
        }
        coarser = millis;
        next = after;
    }
}

/// Milliseconds of a unit; 0 when there is none of this name.
fn duration_unit(at: i32, len: i32) -> i64 {
    if len == 2 && ld16(at) == 0x736d {
        return 1; // ms
    }
    if len != 1 {
        return 0;
    }
    return match ld8(at) {
        0x77 => DAY_MS * 7, // w
        0x64 => DAY_MS,     // d
        0x68 => 3_600_000,  // h
        0x6d => 60_000,     // m
        0x73 => 1_000,      // s
        _ => 0,
    };
}

fn days_in_month(year: i32, month: i32) -> i32 {
    if month == 2 {
        let is_leap = (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0);
        return if is_leap { 29 } else { 28 };
    }
    // April, June, September and November.
    return if ((0xa50 >> month) & 1) != 0 { 30 } else { 31 };
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, from the year -399 on.
///
/// Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`.
pub fn days_from_civil(year: i32, month: i32, day: i32) -> i32 {
    let shifted = year + TIME_CYCLE_YEARS - if month <= 2 { 1 } else { 0 };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year;
    return days - TIME_EPOCH - TIME_CYCLE;
}

/// Year, month and day of so many days since 1970-01-01, in the lower halves of [`R0`], [`R1`] and [`R2`], from the year
/// -399 on; `civil_from_days` of the same source.
pub fn civil_from_days(days: i32) {
    let shifted = days + TIME_EPOCH + TIME_CYCLE;
    let era = shifted / TIME_CYCLE;
    let day_of_era = shifted % TIME_CYCLE;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = month_from_march + if month_from_march < 10 { 3 } else { -9 };
    let year = year_of_era + era * 400 - TIME_CYCLE_YEARS + if month <= 2 { 1 } else { 0 };
    st32(R0, year);
    st32(R1, month);
    st32(R2, day_of_year - (153 * month_from_march + 2) / 5 + 1);
}

/// Days since 1970-01-01 that are over at an instant, from the year -399 on.
pub fn days_of(millis: i64) -> i32 {
    let shift = TIME_EPOCH + TIME_CYCLE;
    return ((millis + shift as i64 * DAY_MS) / DAY_MS) as i32 - shift;
}

/// Writes an instant: RFC 3339 in UTC, with milliseconds only where there are any.
pub fn out_timestamp(millis: i64) {
    let days = days_of(millis);
    let of_day = (millis - days as i64 * DAY_MS) as i32;
    civil_from_days(days);
    let month = ld32(R1);
    let day = ld32(R2);
    out_padded(ld32(R0), 4, b'-' as i32);
    out_padded(month, 2, b'-' as i32);
    out_padded(day, 2, b'T' as i32);
    out_padded(of_day / 3_600_000, 2, b':' as i32);
    out_padded(of_day / 60_000 % 60, 2, b':' as i32);
    if of_day % 1000 != 0 {
        out_padded(of_day / 1000 % 60, 2, b'.' as i32);
        out_padded(of_day % 1000, 3, b'Z' as i32);
    } else {
        out_padded(of_day / 1000 % 60, 2, b'Z' as i32);
    }
}

/// Writes a number of so many digits, and what follows it.
fn out_padded(number: i32, width: i32, behind: i32) {
    out_digits(number as u64, width);
    out_byte(behind);
}

/// Writes a span: days and finer units, each as large as it can be.
pub fn out_duration(millis: i64) {
    if millis < 0 {
        out_byte(b'-' as i32);
    }
    let magnitude = int_magnitude(millis);
    let of_day = (magnitude % DAY_MS as u64) as i32;
    out_part(magnitude / DAY_MS as u64, b'd' as i32);
    out_part((of_day / 3_600_000) as u64, b'h' as i32);
    out_part((of_day / 60_000 % 60) as u64, b'm' as i32);
    if magnitude == 0 {
        out_padded(0, 1, b's' as i32);
    }
    out_part((of_day / 1000 % 60) as u64, b's' as i32);
    if of_day % 1000 != 0 {
        out_padded(of_day % 1000, 1, b'm' as i32);
        out_byte(b's' as i32);
    }
}

fn out_part(count: u64, unit: i32) {
    if count != 0 {
        out_digits(count, 1);
        out_byte(unit);
    }
}
