//! What calendars answer: worked examples of the vendor's documentation, clock changes, odd lines and extreme moments.

use chrono::{Offset, TimeZone};

use super::*;
use crate::time::Utc0;

/// A zone of the IANA database.
struct Tz(chrono_tz::Tz);

impl Zone for Tz {
    fn ahead_seconds(&self, at: Timestamp) -> i32 {
        let Some(moment) = chrono::DateTime::from_timestamp_millis(at.0) else { return 0 };
        self.0.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc()
    }
}

const BERLIN: Tz = Tz(chrono_tz::Europe::Berlin);
const HOUR: i64 = 3_600_000;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a moment")
}

fn civil(text: &str) -> CivilTime {
    CivilTime::parse(text).expect("a time")
}

fn calendar(entries: &[Entry]) -> Calendar {
    Calendar::new(None, entries, &[]).expect("a calendar")
}

fn weekdays(from: &str, until: &str) -> Entry {
    let time = |hour: &str| civil(&format!("2012-01-02 {hour}"));
    Entry::works(time(from), time(until)).repeating(Repeats::Weekly(Weekdays::WORKING))
}

fn holiday(day: &str) -> Entry {
    Entry::excluded(civil(day), civil(day)).all_day()
}

fn eight_to_five() -> Calendar {
    let memorial = Yearly::Weekday { month: 5, week: Nth::Last, weekday: Weekday::Monday };
    let holidays = calendar(&[holiday("2012-01-01").repeating(Repeats::Yearly(memorial)), holiday("2012-07-04")]);
    Calendar::new(None, &[weekdays("08:00:00", "17:00:00")], &[Child::Included(holidays)]).expect("a calendar")
}

fn hours(calendar: &Calendar, from: &str, until: &str, zone: &dyn Zone) -> f64 {
    calendar.working_milliseconds(at(from), at(until), zone) as f64 / HOUR as f64
}

/// Source: ServiceNowDocs, api-reference/scripts/c_DrtnClDueDate.md, "8-5 weekdays excluding holidays".
#[test]
fn durations_and_due_dates_are_those_of_the_vendors_examples() {
    let calendar = eight_to_five();
    assert_eq!(hours(&calendar, "2012-05-23 12:00:00", "2012-05-24 12:00:00", &Utc0), 9.0);
    assert_eq!(hours(&calendar, "2012-05-25 12:00:00", "2012-05-29 12:00:00", &Utc0), 9.0);
    let due = |from: &str, hours: i64| calendar.after(at(from), hours * HOUR, &Utc0).map(|due| due.to_string());
    assert_eq!(due("2012-05-03 02:00:00", 1).as_deref(), Some("2012-05-03 09:00:00"));
    assert_eq!(due("2012-05-03 15:00:00", 4).as_deref(), Some("2012-05-04 10:00:00"));
    assert_eq!(due("2012-05-03 15:00:00", 2).as_deref(), Some("2012-05-03 17:00:00"));
    assert_eq!(due("2012-05-03 15:00:00", 0).as_deref(), Some("2012-05-03 15:00:00"));
}

/// Source: ServiceNowDocs, api-reference/scripts/c_DrtnClDueDate.md: whole weekdays, two days from Friday 17:00.
#[test]
fn two_days_of_weekdays_from_friday_evening_end_on_tuesday_evening() {
    let days = Entry::works(civil("20120102"), civil("20120102")).all_day();
    let calendar = calendar(&[days.repeating(Repeats::Weekly(Weekdays::WORKING))]);
    let due = calendar.after(at("2012-05-04 17:00:00"), 48 * HOUR, &Utc0);
    assert_eq!(due, Some(at("2012-05-08 17:00:00")));
}

#[test]
fn a_day_from_nine_to_five_has_eight_hours_whatever_the_clock_does_at_night() {
    let all = Weekdays::of_digits("1234567");
    let shift = Entry::works(civil("2020-01-01 09:00:00"), civil("2020-01-01 17:00:00"));
    let calendar = calendar(&[shift.repeating(Repeats::Weekly(all))]);
    for (from, until) in [
        ("2026-03-28 23:00:00", "2026-03-29 22:00:00"),
        ("2026-10-24 22:00:00", "2026-10-25 23:00:00"),
        ("2026-07-01 00:00:00", "2026-07-02 00:00:00"),
    ] {
        assert_eq!(hours(&calendar, from, until, &BERLIN), 8.0, "{from}");
    }
    assert_eq!(calendar.next_opening(at("2026-03-29 00:00:00"), &BERLIN), Some(at("2026-03-29 07:00:00")));
}

#[test]
fn an_hour_shown_twice_counts_twice_and_one_skipped_does_not_count() {
    let night = Entry::works(civil("2020-01-01 02:00:00"), civil("2020-01-01 03:00:00")).repeating(Repeats::Daily);
    let nights = calendar(&[night]);
    assert_eq!(hours(&nights, "2026-10-24 22:00:00", "2026-10-25 23:00:00", &BERLIN), 2.0);
    assert_eq!(hours(&nights, "2026-03-28 23:00:00", "2026-03-29 22:00:00", &BERLIN), 0.0);
    let whole = calendar(&[Entry::works(civil("20200101"), civil("20200101")).all_day().repeating(Repeats::Daily)]);
    assert_eq!(hours(&whole, "2026-10-24 22:00:00", "2026-10-25 23:00:00", &BERLIN), 25.0);
    assert_eq!(hours(&whole, "2026-03-28 23:00:00", "2026-03-29 22:00:00", &BERLIN), 23.0);
}

#[test]
fn a_civil_time_is_the_first_moment_that_clocks_show_it_or_later() {
    let shown = |text: &str| civil(text).0 * 1_000;
    assert_eq!(moment_of(shown("2026-10-25 02:30:00"), &BERLIN), at("2026-10-25 00:30:00"));
    assert_eq!(moment_of(shown("2026-03-29 02:30:00"), &BERLIN), at("2026-03-29 01:00:00"));
    assert_eq!(moment_of(shown("2026-07-01 16:00:00"), &BERLIN), at("2026-07-01 14:00:00"));
    let apia = Tz(chrono_tz::Pacific::Apia);
    assert_eq!(moment_of(shown("2011-12-30 12:00:00"), &apia), at("2011-12-30 10:00:00"));
    for extreme in [i64::MIN, i64::MAX] {
        moment_of(extreme, &apia);
    }
}

#[test]
fn what_is_excluded_wins_and_an_excluded_calendar_closes_its_open_hours() {
    let lunch = Entry::excluded(civil("2026-01-05 12:00:00"), civil("2026-01-05 13:00:00"));
    let lunch = lunch.repeating(Repeats::Weekly(Weekdays::WORKING));
    let drill = calendar(&[Entry::works(civil("2026-01-06 09:00:00"), civil("2026-01-06 10:00:00"))]);
    let entries = [weekdays("09:00:00", "17:00:00"), lunch];
    let calendar = Calendar::new(Some("Europe/Berlin".into()), &entries, &[Child::Excluded(drill)]).expect("fine");
    assert_eq!(calendar.time_zone(), Some("Europe/Berlin"));
    assert_eq!(hours(&calendar, "2026-01-05 00:00:00", "2026-01-06 00:00:00", &Utc0), 7.0);
    assert_eq!(hours(&calendar, "2026-01-06 00:00:00", "2026-01-07 00:00:00", &Utc0), 6.0);
    assert!(calendar.is_open(at("2026-01-05 11:59:59"), &Utc0));
    assert!(!calendar.is_open(at("2026-01-05 12:00:00"), &Utc0));
    assert!(!calendar.is_open(at("2026-01-05 17:00:00"), &Utc0));
    assert_eq!(calendar.next_opening(at("2026-01-05 12:10:00"), &Utc0), Some(at("2026-01-05 13:00:00")));
    assert_eq!(calendar.next_opening(at("2026-01-05 13:10:00"), &Utc0), Some(at("2026-01-05 13:10:00")));
}

#[test]
fn a_night_shift_begins_and_ends_with_its_rule() {
    let shift = Entry::works(civil("2026-01-05 22:00:00"), civil("2026-01-06 06:00:00"));
    let nights = shift.repeating(Repeats::Weekly(Weekdays::of_digits("17")));
    let calendar = calendar(&[Entry { repeat_until: Some(civil("20260112")), ..nights }]);
    let day = |day: &str| hours(&calendar, day, &at(day).plus_milliseconds(24 * HOUR).to_string(), &Utc0);
    let days = ["2026-01-04", "2026-01-05", "2026-01-06", "2026-01-11", "2026-01-12", "2026-01-13", "2026-01-18"];
    assert_eq!(days.map(|text| day(&format!("{text} 00:00:00"))), [0.0, 2.0, 6.0, 2.0, 8.0, 6.0, 0.0]);
}

#[test]
fn an_all_day_line_may_end_as_people_write_it() {
    for end in ["2026-01-05 00:00:00", "2026-01-05 23:59:59", "2026-01-06 00:00:00"] {
        let calendar =
            calendar(&[
                Entry::works(civil("2026-01-05 10:00:00"), civil(end).max(civil("2026-01-05 10:00:00"))).all_day()
            ]);
        assert_eq!(hours(&calendar, "2026-01-01 00:00:00", "2026-02-01 00:00:00", &Utc0), 24.0, "{end}");
    }
}

#[test]
fn a_line_that_makes_no_sense_is_named_by_its_number() {
    let wrong = Entry::works(civil("20260105"), civil("20260105"));
    let error = Calendar::new(None, &[weekdays("09:00:00", "17:00:00"), wrong], &[]).expect_err("it is wrong");
    assert!(error.to_string().starts_with("entry 2: it ends at 2026-01-05 00:00:00, which is not after"), "{error}");
}

#[test]
fn a_calendar_without_hours_answers_at_once() {
    let closed = holiday("2026-01-05").repeating(Repeats::Daily);
    let once = Entry::works(civil("2012-01-05 09:00:00"), civil("2012-01-05 10:00:00"));
    for entries in
        [&[][..], std::slice::from_ref(&closed), &[weekdays("09:00:00", "17:00:00"), closed.clone()], &[once]]
    {
        let calendar = calendar(entries);
        assert_eq!(calendar.after(at("2026-02-01 00:00:00"), 1, &BERLIN), None);
        assert_eq!(calendar.next_opening(at("2026-02-01 00:00:00"), &BERLIN), None);
        assert_eq!(hours(&calendar, "2026-02-01 00:00:00", "2036-02-01 00:00:00", &BERLIN), 0.0);
    }
}

#[test]
fn no_moment_however_far_makes_the_arithmetic_fail() {
    let calendar = eight_to_five();
    let (first, last) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
    assert!(calendar.working_milliseconds(first, last, &BERLIN) > 0);
    assert_eq!(calendar.working_milliseconds(last, first, &BERLIN), 0);
    for extreme in [first, last] {
        assert_eq!(calendar.after(extreme, i64::MAX, &BERLIN), None);
        assert_eq!(calendar.after(extreme, i64::MIN, &BERLIN), Some(extreme));
        assert!(!calendar.is_open(extreme, &BERLIN));
        assert_eq!(calendar.next_opening(extreme, &BERLIN), None);
    }
}

#[test]
fn open_stretches_are_joined_over_midnight_skip_what_is_excluded_and_end_with_what_is_asked_for() {
    let nights = Entry::works(civil("2026-03-28 22:00:00"), civil("2026-03-29 04:00:00")).repeating(Repeats::Daily);
    let calendar = Calendar::new(None, &[nights, holiday("2026-03-31")], &[]).expect("a calendar");
    let spans = calendar.open_spans(at("2026-03-28 12:00:00"), at("2026-04-01 00:00:00"), &BERLIN);
    let shown: Vec<String> = spans.iter().map(|(from, until)| format!("{from} {until}")).collect();
    // Clocks went ahead in the first of these nights.
    let expected = [
        "2026-03-28 21:00:00 2026-03-29 02:00:00",
        "2026-03-29 20:00:00 2026-03-30 02:00:00",
        "2026-03-30 20:00:00 2026-03-30 22:00:00",
        "2026-03-31 22:00:00 2026-04-01 00:00:00",
    ];
    assert_eq!(shown, expected);
    let open: i64 = spans.iter().map(|(from, until)| until.milliseconds_since(*from)).sum();
    assert_eq!(open, calendar.working_milliseconds(at("2026-03-28 12:00:00"), at("2026-04-01 00:00:00"), &BERLIN));
    assert_eq!(calendar.open_spans(at("2026-04-01 00:00:00"), at("2026-03-28 12:00:00"), &BERLIN), []);
}
