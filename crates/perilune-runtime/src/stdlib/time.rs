//! Seconds since the epoch <-> broken-down time, in UTC and in the local zone, and its texts.

use jiff::tz::TimeZone;

const DAY: i64 = 86_400;
/// Seconds of 400 Gregorian years, after which calendar and weekdays repeat.
const CYCLE: i64 = 146_097 * DAY;

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The conversions of `os.date` without a modifier.
const PLAIN: &[u8] = b"aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%";
/// The conversions that `%E` may precede.
const AFTER_E: &[u8] = b"cCxXyY";
/// The conversions that `%O` may precede.
const AFTER_O: &[u8] = b"deHImMSuUVwWy";

/// A broken-down time. Months and days of the year count from 0, weekdays from Sunday = 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub min: i64,
    pub sec: i64,
    pub weekday: i64,
    pub yearday: i64,
    pub dst: bool,
    /// Seconds east of Greenwich.
    pub offset: i64,
    pub zone: String,
}

/// Offset, daylight saving and name of a zone at some time.
struct ZoneInfo {
    offset: i64,
    dst: bool,
    name: String,
}

/// Days from 1970-01-01 to the given date; the month may be any number.
fn days_from_date(year: i64, month0: i64, day: i64) -> i64 {
    let year = year + month0.div_euclid(12);
    let month = month0.rem_euclid(12);
    // The year begins in March, so that the leap day is its last day.
    let (year, month) = if month < 2 {
        (year - 1, month + 10)
    } else {
        (year, month - 2)
    };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month from 0 and day of a day number.
fn date_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 2 } else { shifted - 10 };
    let year = year_of_era + era * 400 + i64::from(month < 2);
    (year, month, day)
}

fn break_down(seconds: i64, zone: ZoneInfo) -> Option<Broken> {
    let local = seconds.checked_add(zone.offset)?;
    let days = local.div_euclid(DAY);
    let of_day = local.rem_euclid(DAY);
    let (year, month, day) = date_from_days(days);
    i32::try_from(year - 1900).ok()?;
    Some(Broken {
        year,
        month,
        day,
        hour: of_day / 3600,
        min: of_day / 60 % 60,
        sec: of_day % 60,
        weekday: (days + 4).rem_euclid(7),
        yearday: days - days_from_date(year, 0, 1),
        dst: zone.dst,
        offset: zone.offset,
        zone: zone.name,
    })
}

/// Broken-down time in UTC; `None` when the year does not fit.
pub fn utc(seconds: i64) -> Option<Broken> {
    break_down(
        seconds,
        ZoneInfo {
            offset: 0,
            dst: false,
            name: "GMT".to_owned(),
        },
    )
}

/// Broken-down time in the local zone; `None` when the year does not fit.
pub fn local(seconds: i64) -> Option<Broken> {
    break_down(seconds, zone_at(&TimeZone::system(), seconds))
}

fn zone_at(zone: &TimeZone, seconds: i64) -> ZoneInfo {
    // Outside the range that the zone library knows, the rules of the same cycle year apply.
    let known = -62_135_596_800..253_402_300_800 - DAY;
    let seconds = if known.contains(&seconds) {
        seconds
    } else {
        seconds.rem_euclid(CYCLE)
    };
    let timestamp = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let info = zone.to_offset_info(timestamp);
    ZoneInfo {
        offset: i64::from(info.offset().seconds()),
        dst: info.dst().is_dst(),
        name: info.abbreviation().to_owned(),
    }
}

/// The time that `when` says in the local zone, its fields in any range, as seconds since the
/// epoch and as normalised fields. `dst` is what the caller believes about daylight saving.
pub fn from_local(when: &Broken, dst: Option<bool>) -> Option<(i64, Broken)> {
    let days = days_from_date(when.year, when.month, 1).checked_add(when.day - 1)?;
    let wall = days
        .checked_mul(DAY)?
        .checked_add(when.hour * 3600)?
        .checked_add(when.min * 60)?
        .checked_add(when.sec)?;
    let zone = TimeZone::system();
    let first = wall.checked_sub(zone_at(&zone, wall).offset)?;
    let second = wall.checked_sub(zone_at(&zone, first).offset)?;
    let mut seconds = second;
    if zone_at(&zone, second).offset + second != wall {
        // The wall time does not exist: read it with the offset before the gap.
        seconds = first.max(second);
    }
    if let Some(dst) = dst
        && zone_at(&zone, seconds).dst != dst
    {
        seconds = with_dst(&zone, wall, seconds, dst);
    }
    Some((seconds, break_down(seconds, zone_at(&zone, seconds))?))
}

/// Reads wall time `wall` with the nearest offset whose daylight saving is `dst`.
fn with_dst(zone: &TimeZone, wall: i64, near: i64, dst: bool) -> i64 {
    const STRIDE: i64 = 601_200;
    for distance in 1..448 {
        for at in [near - distance * STRIDE, near + distance * STRIDE] {
            let info = zone_at(zone, at);
            if info.dst == dst {
                return wall - info.offset;
            }
        }
    }
    // The zone never has it: take it as one hour's difference.
    if dst { near - 3600 } else { near + 3600 }
}

/// Length of the conversion at the front of `text` (after its `%`); `None` when it is not one.
pub fn conversion_len(text: &[u8]) -> Option<usize> {
    match text {
        [b'E', letter, ..] if AFTER_E.contains(letter) => Some(2),
        [b'O', letter, ..] if AFTER_O.contains(letter) => Some(2),
        [letter, ..] if PLAIN.contains(letter) => Some(1),
        _ => None,
    }
}

impl Broken {
    /// Appends what the conversion `letter` of `strftime` gives in the C locale.
    pub fn format(&self, out: &mut Vec<u8>, letter: u8) {
        let text = match letter {
            b'c' => return self.format_all(out, b"a b e T Y"),
            b'D' | b'x' => return self.format_all(out, b"m/d/y"),
            b'F' => return self.format_all(out, b"Y-m-d"),
            b'R' => return self.format_all(out, b"H:M"),
            b'T' | b'X' => return self.format_all(out, b"H:M:S"),
            b'r' => return self.format_all(out, b"I:M:S p"),
            b'a' => WEEKDAYS[self.weekday as usize][..3].to_owned(),
            b'A' => WEEKDAYS[self.weekday as usize].to_owned(),
            b'b' | b'h' => MONTHS[self.month as usize][..3].to_owned(),
            b'B' => MONTHS[self.month as usize].to_owned(),
            b'p' => if self.hour < 12 { "AM" } else { "PM" }.to_owned(),
            b'n' => "\n".to_owned(),
            b't' => "\t".to_owned(),
            b'%' => "%".to_owned(),
            b'Z' => self.zone.clone(),
            b'z' => {
                let minutes = self.offset.abs() / 60;
                let sign = if self.offset < 0 { '-' } else { '+' };
                format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
            }
            _ => self.format_number(letter),
        };
        out.extend_from_slice(text.as_bytes());
    }

    /// Appends the conversions whose letters `template` has, with its other characters between.
    fn format_all(&self, out: &mut Vec<u8>, template: &[u8]) {
        for &c in template {
            if c.is_ascii_alphabetic() {
                self.format(out, c);
            } else {
                out.push(c);
            }
        }
    }

    fn format_number(&self, letter: u8) -> String {
        let two = |n: i64| format!("{n:02}");
        match letter {
            b'C' => self.year.div_euclid(100).to_string(),
            b'd' => two(self.day),
            b'e' => format!("{:2}", self.day),
            b'g' => two(self.iso_week().0.rem_euclid(100)),
            b'G' => self.iso_week().0.to_string(),
            b'H' => two(self.hour),
            b'I' => two((self.hour + 11) % 12 + 1),
            b'j' => format!("{:03}", self.yearday + 1),
            b'm' => two(self.month + 1),
            b'M' => two(self.min),
            b'S' => two(self.sec),
            b'u' => ((self.weekday + 6) % 7 + 1).to_string(),
            b'U' => two((self.yearday + 7 - self.weekday) / 7),
            b'V' => two(self.iso_week().1),
            b'w' => self.weekday.to_string(),
            b'W' => two((self.yearday + 7 - (self.weekday + 6) % 7) / 7),
            b'y' => two(self.year.rem_euclid(100)),
            _ => self.year.to_string(),
        }
    }

    /// Year and number of the ISO 8601 week.
    fn iso_week(&self) -> (i64, i64) {
        let monday_based = (self.weekday + 6) % 7;
        let week = (self.yearday - monday_based + 10) / 7;
        if week < 1 {
            return (self.year - 1, weeks_in_year(self.year - 1));
        }
        if week > weeks_in_year(self.year) {
            return (self.year + 1, 1);
        }
        (self.year, week)
    }
}

/// How many ISO weeks the year has: 53 when it begins or ends on a Thursday.
fn weeks_in_year(year: i64) -> i64 {
    let weekday_of_new_year = |y| (days_from_date(y, 0, 1) + 4).rem_euclid(7);
    let long = weekday_of_new_year(year) == 4 || weekday_of_new_year(year + 1) == 5;
    52 + i64::from(long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_round_trip() {
        for days in (-1_000_000..1_000_000).step_by(97) {
            let (year, month, day) = date_from_days(days);
            assert_eq!(days_from_date(year, month, day), days);
        }
    }

    #[test]
    fn formats() {
        let when = utc(1_700_000_000).expect("in range");
        let mut out = Vec::new();
        when.format(&mut out, b'c');
        assert_eq!(out, b"Tue Nov 14 22:13:20 2023");
    }
}
