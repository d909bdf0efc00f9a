//! Calendar fields, set in any combination and range, resolved to a local time like Java's lenient
//! [`GregorianCalendar`](https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/GregorianCalendar.html):
//! fields out of range roll over, the fields set last take precedence where several could determine the day,
//! weeks start on Sunday and week 1 contains 1 January, days before 15 October 1582 are Julian.
//!
//! Fields are 32-bit and wrap like Java's. *Fixed* days count from 1 January of year 1, Gregorian, which is
//! day 1.

use super::time::DAY_MS;

/// Fixed day 1970-01-01.
const EPOCH: i64 = 719_163;

/// Fixed day 1582-10-15, the first Gregorian one.
const CUTOVER: i64 = 577_736;
const CUTOVER_YEAR: i32 = 1582;
/// First year without Julian dates.
pub(super) const FIRST_GREGORIAN_YEAR: u32 = CUTOVER_YEAR as u32 + 1;

/// Fixed day of 1 January of year 1, Julian.
const JULIAN_EPOCH: i64 = -1;

const SUNDAY: i32 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// Era: 0 is BC, 1 is AD.
    Era,
    Year,
    WeekYear,
    /// Month: January is 0.
    Month,
    WeekOfYear,
    WeekOfMonth,
    DayOfMonth,
    DayOfYear,
    /// Day of the week: Sunday is 1.
    Weekday,
    /// Occurrence of the weekday in the month: 2 with Tuesday is the second Tuesday.
    WeekdayInMonth,
    /// Half of the day: 0 is AM, 1 is PM.
    AmPm,
    Hour,
    HourOfDay,
    Minute,
    Second,
    Millisecond,
}

const FIELDS: usize = Field::Millisecond as usize + 1;

/// Fields that a text has set, and their order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fields {
    values: [i32; FIELDS],
    /// Order in which fields were last set; 0 is never.
    stamps: [u32; FIELDS],
    last_stamp: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Calendar {
    Gregorian,
    Julian,
}

/// Groups of fields that determine the day within the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayRule {
    DayOfMonth,
    WeekOfMonth,
    WeekdayInMonth,
    DayOfYear,
    WeekOfYear,
}

impl Fields {
    pub(super) fn set(&mut self, field: Field, value: i32) {
        self.last_stamp += 1;
        self.values[field as usize] = value;
        self.stamps[field as usize] = self.last_stamp;
    }

    /// Moves years, of either kind, a hundred ahead.
    pub(super) fn add_century(&mut self) {
        for year in [Field::Year, Field::WeekYear] {
            self.values[year as usize] = self.get(year).wrapping_add(100);
        }
    }

    /// Milliseconds since 1970-01-01T00:00 in local time, `None` if they exceed 64 bits. Fields never set
    /// have their values at that time.
    pub(super) fn local_ms(&self) -> Option<i64> {
        let time_ms = self.time_ms();
        let (days, ms_of_day) = (time_ms.div_euclid(DAY_MS), time_ms.rem_euclid(DAY_MS));
        let fields = if self.names_week_year() {
            self.resolve_week_year(days)?
        } else {
            *self
        };
        (fields.fixed_day(days) - EPOCH)
            .checked_mul(DAY_MS)?
            .checked_add(ms_of_day)
    }

    fn get(&self, field: Field) -> i32 {
        self.values[field as usize]
    }

    fn stamp(&self, field: Field) -> u32 {
        self.stamps[field as usize]
    }

    fn get_or(&self, field: Field, default: i32) -> i32 {
        if self.stamp(field) > 0 {
            self.get(field)
        } else {
            default
        }
    }

    /// Order at which two fields were both set.
    fn stamp_of_both(&self, one: Field, other: Field) -> u32 {
        match (self.stamp(one), self.stamp(other)) {
            (0, _) | (_, 0) => 0,
            (one, other) => one.max(other),
        }
    }

    fn time_ms(&self) -> i64 {
        let minutes = self.hours() * 60 + i64::from(self.get(Field::Minute));
        (minutes * 60 + i64::from(self.get(Field::Second))) * 1000 + i64::from(self.get(Field::Millisecond))
    }

    fn hours(&self) -> i64 {
        let of_day = self.stamp(Field::HourOfDay);
        let of_half_day = self.stamp_of_both(Field::Hour, Field::AmPm);
        if of_day > of_half_day {
            return self.get(Field::HourOfDay).into();
        }
        i64::from(self.get(Field::Hour)) + 12 * i64::from(self.get(Field::AmPm))
    }

    fn names_week_year(&self) -> bool {
        self.stamp(Field::WeekYear) > self.stamp(Field::Year)
    }

    /// Replaces week year, week and weekday by the date they determine. The week year has the era of the
    /// other fields.
    fn resolve_week_year(&self, days: i64) -> Option<Self> {
        let mut first_week = Self::default();
        first_week.set(Field::Era, i32::from(self.fixed_day(days) >= JULIAN_EPOCH));
        first_week.set(Field::Year, self.get(Field::WeekYear));
        first_week.set(Field::WeekOfYear, 1);

        let (weekday, weeks) = carry_weeks(self.get_or(Field::Weekday, SUNDAY));
        let week = self.get_or(Field::WeekOfYear, 1).wrapping_add(weeks);
        let days_later = week
            .wrapping_sub(1)
            .wrapping_mul(7)
            .wrapping_add(weekday - SUNDAY);
        let (year, month, day) = year_month_day(first_week.fixed_day(0) + i64::from(days_later));

        let mut fields = *self;
        fields.set(Field::Era, 1);
        fields.set(Field::Year, i32::try_from(year).ok()?);
        fields.set(Field::Month, month);
        fields.set(Field::DayOfMonth, day);
        Some(fields)
    }

    /// Fixed day, `days` later than the date fields, in the calendar in force on it.
    fn fixed_day(&self, days: i64) -> i64 {
        let year_of_era = self.get_or(Field::Year, 1970);
        let year = if self.get_or(Field::Era, 1) == 0 {
            1_i32.wrapping_sub(year_of_era)
        } else {
            year_of_era
        };
        let rule = self.day_rule();
        let gregorian = days + self.fixed_day_in(Calendar::Gregorian, year, rule);
        if year > CUTOVER_YEAR && gregorian >= CUTOVER {
            return gregorian;
        }
        let julian = days + self.fixed_day_in(Calendar::Julian, year, rule);
        let counts_from_new_year = matches!(rule, DayRule::DayOfYear | DayRule::WeekOfYear);
        if year < CUTOVER_YEAR || counts_from_new_year {
            return julian;
        }
        // Days that the reform of 1582 omitted count as Julian ones.
        if gregorian >= CUTOVER { gregorian } else { julian }
    }

    fn fixed_day_in(&self, calendar: Calendar, year: i32, rule: DayRule) -> i64 {
        match rule {
            DayRule::DayOfYear => calendar.fixed_day(year, 0) + i64::from(self.get(Field::DayOfYear)) - 1,
            DayRule::WeekOfYear => {
                let week = i64::from(self.get(Field::WeekOfYear)) - 1;
                self.weekday_of_first_week(calendar.fixed_day(year, 0)) + 7 * week
            }
            _ => {
                let month = self.get(Field::Month);
                let (year, month) = (year.wrapping_add(month.div_euclid(12)), month.rem_euclid(12));
                self.fixed_day_of_month(calendar.fixed_day(year, month), month_days(year, month), rule)
            }
        }
    }

    fn fixed_day_of_month(&self, first: i64, month_days: i32, rule: DayRule) -> i64 {
        match rule {
            DayRule::WeekOfMonth => {
                let week = self.get(Field::WeekOfMonth).wrapping_sub(1);
                self.weekday_of_first_week(first) + i64::from(week.wrapping_mul(7))
            }
            DayRule::WeekdayInMonth => {
                let weekday = self.get_or(Field::Weekday, SUNDAY);
                let ordinal = self.get_or(Field::WeekdayInMonth, 1);
                let last = if ordinal >= 0 {
                    ordinal.wrapping_mul(7)
                } else {
                    month_days.wrapping_add(ordinal.wrapping_add(1).wrapping_mul(7))
                };
                weekday_on_or_before(first + i64::from(last) - 1, weekday)
            }
            _ => first + i64::from(self.get_or(Field::DayOfMonth, 1)) - 1,
        }
    }

    /// Day with the requested weekday in the week of `first`, the first day of a month or year.
    fn weekday_of_first_week(&self, first: i64) -> i64 {
        let sunday = weekday_on_or_before(first, SUNDAY);
        weekday_on_or_before(sunday + 6, self.get_or(Field::Weekday, SUNDAY))
    }

    /// Group of fields that determines the day: the one of which a member was set last.
    fn day_rule(&self) -> DayRule {
        let weekday = self.stamp(Field::Weekday);
        let day_of_month = self.stamp(Field::DayOfMonth);
        let day_of_year = self.stamp(Field::DayOfYear);
        let mut week_of_month = self.stamp_of_both(Field::WeekOfMonth, Field::Weekday);
        let mut weekday_in_month = self.stamp_of_both(Field::WeekdayInMonth, Field::Weekday);
        let week_of_year = self.stamp_of_both(Field::WeekOfYear, Field::Weekday);
        let mut last = day_of_month
            .max(week_of_month)
            .max(weekday_in_month)
            .max(day_of_year)
            .max(week_of_year);
        if last == 0 {
            // No group is complete: a week or a weekday is enough.
            week_of_month = self.stamp(Field::WeekOfMonth);
            weekday_in_month = self.stamp(Field::WeekdayInMonth).max(weekday);
            last = week_of_month
                .max(weekday_in_month)
                .max(self.stamp(Field::WeekOfYear));
        }
        let after_week_of_year = |field| self.stamp(field) >= self.stamp(Field::WeekOfYear);
        if last == day_of_month {
            DayRule::DayOfMonth
        } else if last == week_of_month && after_week_of_year(Field::WeekOfMonth)
            || last == weekday_in_month && after_week_of_year(Field::WeekdayInMonth)
        {
            self.month_rule(last, week_of_month, weekday_in_month)
        } else if last == day_of_year {
            DayRule::DayOfYear
        } else {
            DayRule::WeekOfYear
        }
    }

    fn month_rule(&self, last: u32, week_of_month: u32, weekday_in_month: u32) -> DayRule {
        let by_week = if week_of_month == weekday_in_month {
            self.stamp(Field::WeekOfMonth) >= self.stamp(Field::WeekdayInMonth)
        } else {
            last == week_of_month
        };
        if by_week {
            DayRule::WeekOfMonth
        } else {
            DayRule::WeekdayInMonth
        }
    }
}

impl Calendar {
    /// First day of a month, January being 0.
    fn fixed_day(self, year: i32, month: i32) -> i64 {
        let past_years = i64::from(year) - 1;
        let leap_days = match self {
            Self::Gregorian => {
                past_years.div_euclid(4) - past_years.div_euclid(100) + past_years.div_euclid(400)
            }
            Self::Julian => past_years.div_euclid(4) + JULIAN_EPOCH - 1,
        };
        365 * past_years + leap_days + i64::from(self.days_before(year, month)) + 1
    }

    fn days_before(self, year: i32, month: i32) -> i32 {
        let february_shortfall = match month {
            0 | 1 => 0,
            _ => 2 - i32::from(self.is_leap(year)),
        };
        (367 * month + 5) / 12 - february_shortfall
    }

    fn is_leap(self, year: i32) -> bool {
        match self {
            Self::Gregorian => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0),
            Self::Julian => year % 4 == 0,
        }
    }

    fn in_force(fixed_day: i64) -> Self {
        if fixed_day >= CUTOVER {
            Self::Gregorian
        } else {
            Self::Julian
        }
    }
}

/// Length of a month, January being 0, in the calendar in force.
fn month_days(year: i32, month: i32) -> i32 {
    let calendar = if year > CUTOVER_YEAR {
        Calendar::Gregorian
    } else {
        Calendar::Julian
    };
    match month {
        1 => 28 + i32::from(calendar.is_leap(year)),
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the first of a month, January being 0, of the Gregorian calendar.
pub(super) fn days_before_month(year: i32, month: i32) -> i64 {
    Calendar::Gregorian.fixed_day(year, month) - EPOCH
}

/// Weekday as [`Field::Weekday`] counts; an invalid one is unchanged.
pub(super) fn weekday_from_iso(iso: i32) -> i32 {
    match iso {
        1..=6 => iso + 1,
        7 => SUNDAY,
        _ => iso,
    }
}

/// Weekday and the weeks to carry: in a week year, and only there, weekdays out of range roll over.
fn carry_weeks(weekday: i32) -> (i32, i32) {
    if (1..=7).contains(&weekday) {
        return (weekday, 0);
    }
    let days = i64::from(weekday) - 1;
    // A seventh of 32 bits fits 32 bits.
    (
        weekday_from_iso(days.rem_euclid(7) as i32 + 1),
        days.div_euclid(7) as i32,
    )
}

fn weekday_on_or_before(fixed_day: i64, weekday: i32) -> i64 {
    // Fixed day 0 was a Sunday.
    fixed_day - (fixed_day - i64::from(weekday.wrapping_sub(SUNDAY))).rem_euclid(7)
}

/// Date of a fixed day in the calendar in force on it; January is month 0.
fn year_month_day(fixed_day: i64) -> (i64, i32, i32) {
    // Years here begin in March, so that the leap day is the last. The first began 306 days before year 1.
    let (year, day_of_year) = match Calendar::in_force(fixed_day) {
        Calendar::Gregorian => {
            let (cycle, day) = div_rem(fixed_day + 305, 146_097);
            let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
            (400 * cycle + year, day - (365 * year + year / 4 - year / 100))
        }
        Calendar::Julian => {
            let (cycle, day) = div_rem(fixed_day - JULIAN_EPOCH + 306, 1_461);
            let year = (day - day / 1_460) / 365;
            (4 * cycle + year, day - 365 * year)
        }
    };
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    // Months and days are small.
    (
        year + i64::from(month >= 10),
        ((month + 2) % 12) as i32,
        day as i32,
    )
}

fn div_rem(value: i64, divisor: i64) -> (i64, i64) {
    (value.div_euclid(divisor), value.rem_euclid(divisor))
}
