//! Windows customers book.

use fieldline_model::{DocumentId, Record, Timestamp, Value};
use fieldline_service::TableError;
use fieldline_service::appointments::{self, Answer, Offered};

use crate::district::{DEPOT, District, HOUR, at};

/// A district whose Mia works four hours, where windows of an hour may be booked until two hours before.
struct Booking {
    district: District,
    task: DocumentId,
}

impl Booking {
    fn new(config: &[(&str, &str)]) -> Self {
        let mut district = District::new();
        district.rosters(district.house.mia.user, 0, 4);
        let mut fields = vec![
            ("name", "Usual"),
            ("window_seconds", "3600"),
            ("lead_seconds", "0"),
            ("reschedule_cutoff_seconds", "7200"),
            ("cancel_cutoff_seconds", "7200"),
            ("contact_hint", "call 00 377 1234"),
        ];
        fields.extend(config);
        district.row("sn_apptmnt_booking_service_config", &fields);
        let site = district.site(DEPOT);
        let task = district.task(site, &[]);
        Self { district, task }
    }

    fn more(&mut self) -> DocumentId {
        let site = self.district.site(DEPOT);
        self.district.task(site, &[])
    }

    fn offered(&mut self, task: &DocumentId) -> Offered {
        let house = &mut self.district.house;
        let found = house
            .server
            .read(&house.dora, house.now, &mut house.rng, |call| appointments::offered(call, task.sys_id, call.now, 1));
        found.unwrap()
    }

    /// The hours after eight at which windows begin.
    fn hours(&mut self, task: &DocumentId) -> Vec<i64> {
        self.offered(task).windows.iter().map(|window| window.start.milliseconds_since(at(0)) / HOUR).collect()
    }

    fn book(&mut self, task: &DocumentId, start: Timestamp) -> Result<Answer, TableError> {
        let house = &mut self.district.house;
        house.server.write(&house.server.system(), house.now, &mut house.rng, |call| {
            appointments::book(call, task.sys_id, start, None)
        })
    }

    fn cancel(&mut self, task: &DocumentId) -> Result<Answer, TableError> {
        let house = &mut self.district.house;
        house.server.write(&house.server.system(), house.now, &mut house.rng, |call| {
            appointments::cancel(call, task.sys_id, "not needed", None)
        })
    }

    fn bookings(&mut self, task: &DocumentId) -> Vec<(String, Option<Timestamp>)> {
        let system = self.district.house.server.system();
        let query = format!("task={}^ORDERBYnumber", task.sys_id);
        let rows = self.district.house.query(&system, "sn_apptmnt_booking_appointment_booking", &query);
        rows.iter().map(|row: &Record| (row.text("state").to_owned(), row.time("start_date"))).collect()
    }
}

#[test]
fn of_two_customers_one_gets_the_last_window_and_the_other_reads_what_is_left() {
    let mut booking = Booking::new(&[]);
    let first = booking.task.clone();
    let second = booking.more();
    assert_eq!(booking.hours(&first), [0, 1, 2, 3]);
    assert!(matches!(booking.book(&first, at(1)).unwrap(), Answer::Done(_)));
    let record = booking.district.record(&first);
    assert_eq!((record.time("window_start"), record.time("window_end")), (Some(at(1)), Some(at(3))));
    assert!(record.says("is_fixed_window"));
    assert_eq!(booking.hours(&second), [0, 1, 2, 3], "an hour of work at one or two leaves room before and after");
    for hour in [0, 3] {
        let other = booking.more();
        booking.book(&other, at(hour)).unwrap();
    }
    // Three hours of four are promised: somebody comes at eight, between nine and ten, and from eleven on.
    let last = booking.hours(&second);
    booking.book(&second, at(last[0])).unwrap();
    let late = booking.more();
    let refused = booking.book(&late, at(last[0])).unwrap_err().to_string();
    assert!(refused.contains("is not free any more"), "{refused}");
    assert_eq!(booking.bookings(&late), []);
    let report = booking.district.plans();
    assert_eq!(report.published, 4, "and what was promised can be kept: {report:?}");
    assert!(report.unserved.iter().all(|unserved| unserved.task.sys_id == late.sys_id));
}

#[test]
fn no_more_than_may_be_are_promised_a_window() {
    let mut booking = Booking::new(&[("most_per_window", "1")]);
    let leo = booking.district.house.leo.user;
    booking.district.rosters(leo, 0, 4);
    let (first, second) = (booking.task.clone(), booking.more());
    booking.book(&first, at(1)).unwrap();
    assert_eq!(booking.hours(&second), [0, 2, 3]);
    assert_eq!(booking.hours(&first), [0, 1, 2, 3], "one's own window is free for oneself");
}

#[test]
fn who_asks_for_a_time_outside_the_hours_reads_the_hours() {
    let mut booking = Booking::new(&[]);
    let schedule =
        booking.district.row("cmn_schedule", &[("name", "Office"), ("time_zone", "Europe/Monaco")]).to_string();
    let entry = [
        ("schedule", &*schedule),
        ("start_date_time", "2026-03-02 09:00:00"),
        ("end_date_time", "2026-03-02 11:00:00"),
        ("repeat_type", "daily"),
    ];
    booking.district.row("cmn_schedule_span", &entry);
    booking.district.row(
        "sn_apptmnt_booking_service_config",
        &[
            ("name", "By hours"),
            ("order", "1"),
            ("schedule", &schedule),
            ("window_seconds", "3600"),
            ("lead_seconds", "0"),
        ],
    );
    let task = booking.task.clone();
    assert_eq!(booking.hours(&task), [0, 1], "nine and ten in Monaco");
    let refused = booking.book(&task, at(3)).unwrap_err().to_string();
    assert!(
        refused.contains("outside the hours") && refused.contains("Office (Europe/Monaco): 2026-03-02 09:00"),
        "{refused}"
    );
}

#[test]
fn a_moved_appointment_leaves_the_phone_of_who_had_it_and_what_was_promised_stays_written_down() {
    let mut booking = Booking::new(&[]);
    let task = booking.task.clone();
    booking.book(&task, at(3)).unwrap();
    booking.district.plans();
    let mia = booking.district.house.mia.user;
    assert_eq!(booking.district.record(&task).reference("assigned_to"), Some(mia));
    let dora = booking.district.house.dora.clone();
    let moved = [("window_start", "2026-03-02 08:00:00")];
    let refused = booking.district.house.update(&dora, &task, &moved).unwrap_err().to_string();
    assert!(refused.contains("reschedule or cancel the appointment"), "{refused}");

    booking.book(&task, at(2)).unwrap();
    let record = booking.district.record(&task);
    assert_eq!((record.reference("assigned_to"), record.get("expected_start")), (None, None::<&Value>));
    assert_eq!((record.time("window_start"), record.get("state")), (Some(at(2)), Some(&Value::Integer(10))));
    let states = [("rescheduled".to_owned(), Some(at(3))), ("booked".to_owned(), Some(at(2)))];
    assert_eq!(booking.bookings(&task), states);
    assert_eq!(booking.district.plans().published, 1);
    let planned = booking.district.record(&task).time("expected_start").unwrap();
    assert!((at(2)..=at(3)).contains(&planned), "{planned}");

    booking.cancel(&task).unwrap();
    let record = booking.district.record(&task);
    assert_eq!((record.get("window_start"), record.says("is_fixed_window")), (None, false));
    assert_eq!(booking.bookings(&task)[1].0, "cancelled");
    assert!(booking.cancel(&task).unwrap_err().to_string().contains("has no appointment"));
}

#[test]
fn who_comes_too_late_reads_whom_to_call() {
    let mut booking = Booking::new(&[]);
    let task = booking.task.clone();
    booking.book(&task, at(3)).unwrap();
    booking.district.house.wait(HOUR);
    booking.book(&task, at(2)).unwrap();
    booking.district.house.wait(1);
    for refused in [booking.book(&task, at(3)).unwrap_err(), booking.cancel(&task).unwrap_err()] {
        let refused = refused.to_string();
        assert!(refused.contains("which is over; call 00 377 1234"), "{refused}");
    }
    assert_eq!(booking.bookings(&task).len(), 2);
}

#[test]
fn once_the_technician_is_on_the_way_the_customer_reads_whom_to_call_and_the_dispatcher_hears_of_it_once() {
    let mut booking = Booking::new(&[]);
    let task = booking.task.clone();
    booking.book(&task, at(3)).unwrap();
    booking.district.plans();
    let (mia, dora) = (booking.district.house.mia.clone(), booking.district.house.dora.clone());
    for state in [&[("state", "accepted")][..], &[("state", "17"), ("sub_state", "en_route")]] {
        booking.district.house.update(&mia, &task, state).unwrap();
    }
    for _ in 0..2 {
        let answer = booking.book(&task, at(2)).unwrap();
        assert!(matches!(&answer, Answer::TooLate(way_out) if way_out.contains("call 00 377 1234")), "{answer:?}");
    }
    let system = booking.district.house.server.system();
    let told = booking.district.house.query(&system, "sn_inapp_notification", &format!("user={}", dora.user));
    assert_eq!(told.iter().filter(|told| told.text("title").contains("wants another time")).count(), 1, "{told:?}");
    assert_eq!(booking.bookings(&task), [("booked".to_owned(), Some(at(3)))]);
}

#[test]
fn a_configuration_nobody_could_book_by_is_refused_by_name() {
    let mut booking = Booking::new(&[]);
    let system = booking.district.house.server.system();
    for (field, value) in [("window_seconds", "60"), ("days_ahead", "0"), ("lead_seconds", "-1")] {
        let fields = [("name", "Wrong"), (field, value)];
        let refused = booking.district.house.create(&system, "sn_apptmnt_booking_service_config", &fields);
        assert!(refused.unwrap_err().to_string().contains(field), "{field}");
    }
}
