//! Who is on call, whatever clocks do, and how they are told until somebody takes the task.

use fieldline_model::{DocumentId, Record, SysId, Timestamp, UserZone, Zone};
use fieldline_service::on_call::{self, OnCall};
use fieldline_service::{Call, Caller};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::house::House;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn id(house: &mut House, table: &str, fields: &[(&str, &str)]) -> String {
    let system = house.server.system();
    house.create(&system, table, fields).unwrap().record.id.sys_id.to_string()
}

fn on_call(house: &mut House, group: &str, at: Timestamp) -> Vec<OnCall> {
    let (system, group) = (house.server.system(), group.parse().unwrap());
    let ask = |call: &mut Call<'_>| on_call::on_call(call, Some(group), at);
    house.server.read(&system, house.now, &mut house.rng, ask).unwrap()
}

fn moment(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A rota as somebody would describe it, in civil minutes, and people by number.
struct Drawn {
    zone: &'static str,
    /// Open from this minute of the day to this one, which may be on the next day.
    open: (i64, i64),
    start: Timestamp,
    days: i64,
    members: Vec<SysId>,
    away: Vec<(SysId, Timestamp, Timestamp)>,
    cover: Option<(SysId, Timestamp, Timestamp)>,
}

impl Drawn {
    /// Walks from the first turn on, minute by minute, with the clock on the wall: a turn is over when the wall first shows so.
    fn naive(&self, until: Timestamp) -> Vec<(Timestamp, Option<SysId>)> {
        let zone = UserZone::named(self.zone);
        let (mut seen, mut turn, mut next) = (Vec::new(), None, self.start.0);
        let mut at = Timestamp(self.start.0 - 2 * DAY);
        while at < until {
            let wall = at.0 + i64::from(zone.ahead_seconds(at)) * 1_000;
            while wall >= next {
                turn = Some(turn.map_or(0, |turn: usize| turn + 1));
                next += self.days * DAY;
            }
            let minute = wall.div_euclid(MINUTE).rem_euclid(24 * 60);
            let (from, to) = self.open;
            let is_open = if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to };
            let user = turn.filter(|_| is_open).and_then(|turn| self.whose(turn, at));
            seen.push((at, user));
            at = at.plus_milliseconds(MINUTE);
        }
        seen
    }

    fn whose(&self, turn: usize, at: Timestamp) -> Option<SysId> {
        let is_within = |from: Timestamp, until: Timestamp| from <= at && at < until;
        let is_away = |user: SysId| self.away.iter().any(|(who, from, until)| *who == user && is_within(*from, *until));
        if let Some((user, from, until)) = self.cover
            && is_within(from, until)
            && !is_away(user)
        {
            return Some(user);
        }
        let count = self.members.len();
        (0..count).map(|next| self.members[(turn + next) % count]).find(|user| !is_away(*user))
    }
}

fn clock(minutes: i64) -> String {
    format!("{:02}:{:02}:00", minutes / 60 % 24, minutes % 60)
}

/// Writes a rota as records; its group.
fn written(house: &mut House, drawn: &Drawn) -> String {
    let schedule = id(house, "cmn_schedule", &[("name", "Shift"), ("time_zone", drawn.zone)]);
    let (from, to) = drawn.open;
    let start = format!("2026-01-05 {}", clock(from));
    let end = format!("2026-01-0{} {}", if from < to { 5 } else { 6 }, clock(to));
    let span = [
        ("schedule", schedule.as_str()),
        ("start_date_time", &start),
        ("end_date_time", &end),
        ("repeat_type", "daily"),
    ];
    id(house, "cmn_schedule_span", &span);
    let group = id(house, "sys_user_group", &[("name", "On call")]);
    let rota = id(house, "cmn_rota", &[("name", "Nights"), ("group", &group), ("schedule", &schedule)]);
    let (start, days) = (drawn.start.to_string(), drawn.days.to_string());
    let fields = [
        ("name", "Primary"),
        ("rota", rota.as_str()),
        ("rotation_interval_type", "daily"),
        ("rotation_interval_count", &days),
        ("rotation_start_date", &start),
    ];
    let roster = id(house, "cmn_rota_roster", &fields);
    for (order, member) in drawn.members.iter().enumerate() {
        let (member, order) = (member.to_string(), order.to_string());
        id(house, "cmn_rota_member", &[("roster", &roster), ("member", &member), ("order", &order)]);
    }
    let away = drawn.away.iter().map(|(user, from, until)| ("time_off", user, from, until));
    let cover = drawn.cover.iter().map(|(user, from, until)| ("on_call", user, from, until));
    for (kind, user, from, until) in away.chain(cover) {
        let (user, from, until) = (user.to_string(), from.to_string(), until.to_string());
        let fields = [
            ("type", kind),
            ("user", &user),
            ("roster", &roster),
            ("start_date_time", &from),
            ("end_date_time", &until),
        ];
        id(house, "roster_schedule_span", &fields);
    }
    group
}

#[test]
fn who_is_on_call_is_who_a_walk_through_every_minute_says_over_clock_changes() {
    let mut dice = ChaCha8Rng::seed_from_u64(5);
    let mut draw = |below: i64| i64::from(dice.next_u32()) % below;
    let mut handovers_in_the_night = 0;
    for round in 0..24 {
        let mut house = House::new();
        let people: Vec<SysId> = (0..1 + draw(4))
            .map(|number| house.person(&format!("p{number}"), &format!("Person {number}"), &["itil"]).user)
            .collect();
        // Clocks change on 29 March, 25 October (Monaco), 8 March, 1 November (New York) and 5 April (Lord Howe, by half an hour).
        let places = [
            ("Europe/Monaco", "2026-03-29"),
            ("Europe/Monaco", "2026-10-25"),
            ("America/New_York", "2026-03-08"),
            ("America/New_York", "2026-11-01"),
            ("Australia/Lord_Howe", "2026-04-05"),
            ("UTC", "2026-05-01"),
        ];
        let (zone, change) = places[(round % 6) as usize];
        let change = moment(&format!("{change} 00:00:00"));
        // Every other rota hands over in the hour that clocks skip or show twice.
        let handover = if round % 2 == 0 { 60 + draw(120) } else { draw(24 * 60) };
        handovers_in_the_night += i32::from(handover < 180);
        let start = Timestamp(change.0 - (1 + draw(6)) * DAY + handover * MINUTE);
        let mut span = |people: &[SysId]| {
            let from = Timestamp(change.0 + (draw(96) - 48) * HOUR);
            (people[draw(people.len() as i64) as usize], from, from.plus_milliseconds((1 + draw(30)) * HOUR))
        };
        let away = (0..round % 3).map(|_| span(&people)).collect();
        let cover = (round % 4 == 3).then(|| span(&people));
        let (opens, lasts) = (draw(24 * 60), 60 + draw(22 * 60));
        let open = (opens, (opens + lasts) % (24 * 60));
        let drawn = Drawn { zone, open, start, days: 1 + draw(3), members: people, away, cover };
        let group = written(&mut house, &drawn);
        let (system, named) = (house.server.system(), group.parse().unwrap());
        let walked = drawn.naive(Timestamp(change.0 + 3 * DAY));
        house
            .server
            .read(&system, house.now, &mut house.rng, |call| {
                // Every minute around the change, and some of the others.
                let asked = walked
                    .iter()
                    .enumerate()
                    .filter(|(minute, (at, _))| minute % 13 == 0 || at.milliseconds_since(change).abs() < 4 * HOUR);
                for (_, (at, user)) in asked {
                    let ours = on_call::on_call(call, Some(named), *at)?.first().and_then(|duty| duty.user);
                    assert_eq!(ours, *user, "round {round} in {zone} at {at}");
                }
                Ok::<_, fieldline_service::TableError>(())
            })
            .unwrap();
    }
    assert!(handovers_in_the_night >= 12);
}

/// A group whose primary roster is Dora's and then Eva's, week by week, and whose secondary one is Finn's.
struct Desk {
    house: House,
    group: String,
    rosters: [String; 2],
    eva: Caller,
    finn: Caller,
    manager: Caller,
}

fn desk() -> Desk {
    let mut house = House::new();
    let eva = house.person("eva", "Eva Early", &["itil"]);
    let finn = house.person("finn", "Finn Second", &["itil"]);
    let manager = house.person("max", "Max Manager", &["itil"]);
    let of_manager = manager.user.to_string();
    let group = id(&mut house, "sys_user_group", &[("name", "Network"), ("manager", &of_manager)]);
    let rota = id(&mut house, "cmn_rota", &[("name", "Always"), ("group", &group)]);
    let start = house.now.plus_milliseconds(-DAY).to_string();
    let roster = |house: &mut House, name: &str, order: &str, members: &[SysId]| {
        let fields = [
            ("name", name),
            ("rota", rota.as_str()),
            ("order", order),
            ("rotation_start_date", &start),
            ("attempts", "2"),
            ("time_between_reminders", "10"),
        ];
        let roster = id(house, "cmn_rota_roster", &fields);
        for (order, member) in members.iter().enumerate() {
            let (member, order) = (member.to_string(), order.to_string());
            id(house, "cmn_rota_member", &[("roster", &roster), ("member", &member), ("order", &order)]);
        }
        roster
    };
    let dora = house.dora.user;
    let rosters =
        [roster(&mut house, "Primary", "1", &[dora, eva.user]), roster(&mut house, "Secondary", "2", &[finn.user])];
    let trigger = [("name", "Critical"), ("table", "incident"), ("condition", "priority=1")];
    id(&mut house, "trigger_rule", &trigger);
    Desk { house, group, rosters, eva, finn, manager }
}

fn critical(desk: &mut Desk) -> DocumentId {
    let mia = desk.house.mia.clone();
    let fields =
        [("short_description", "Nothing works"), ("impact", "1"), ("urgency", "1"), ("assignment_group", &desk.group)];
    desk.house.create(&mia, "incident", &fields).unwrap().record.id
}

/// Who was told, in order, and after how many minutes.
fn told(house: &mut House, since: Timestamp) -> Vec<(SysId, i64)> {
    let system = house.server.system();
    let mut rows = house.query(&system, "on_call_escalation_con_attempt", "");
    rows.sort_by_key(|row| (row.time("sent_at"), row.id.sys_id));
    let minutes = |row: &Record| row.time("sent_at").unwrap().milliseconds_since(since) / MINUTE;
    rows.iter().map(|row| (row.reference("user").unwrap(), minutes(row))).collect()
}

fn escalation(house: &mut House) -> Record {
    let system = house.server.system();
    let rows = house.query(&system, "on_call_escalation", "");
    assert_eq!(rows.len(), 1);
    rows[0].clone()
}

#[test]
fn each_attempt_is_made_once_at_its_moment_whatever_restarts_between_them() {
    let mut desk = desk();
    let began = desk.house.now;
    let incident = critical(&mut desk);
    let system = desk.house.server.system();
    for minute in 0..=70 {
        desk.house.ring();
        if minute % 7 == 0 {
            desk.house.restart();
            desk.house.ring();
        }
        // Work on it that is no answer changes nothing.
        desk.house.update(&system, &incident, &[("work_notes", "Still looking")]).unwrap();
        desk.house.wait(MINUTE);
    }
    let (dora, finn) = (desk.house.dora.user, desk.finn.user);
    let expected = [(dora, 0), (dora, 10), (dora, 20), (finn, 30), (finn, 40), (finn, 50)];
    assert_eq!(told(&mut desk.house, began), expected);
    let ended = escalation(&mut desk.house);
    assert_eq!((ended.text("state"), ended.time("next_at")), ("exhausted", None));
    let notes = desk.house.get(&system, &incident).unwrap().projection_of_document.unwrap().work_notes;
    assert!(notes.iter().any(|note| note.what.text.contains("nobody took it")));
    let in_app = desk.house.query(&system, "sn_inapp_notification", "");
    assert_eq!(in_app.len(), 6, "each attempt reaches its reader");
}

#[test]
fn a_standstill_makes_up_for_one_attempt_and_gives_the_next_its_time() {
    let mut desk = desk();
    let began = desk.house.now;
    critical(&mut desk);
    desk.house.wait(3 * HOUR);
    desk.house.restart();
    desk.house.ring();
    desk.house.wait(9 * MINUTE);
    desk.house.ring();
    let dora = desk.house.dora.user;
    assert_eq!(told(&mut desk.house, began), [(dora, 0), (dora, 180)]);
    desk.house.wait(MINUTE);
    desk.house.ring();
    assert_eq!(told(&mut desk.house, began).len(), 3);
}

#[test]
fn it_stops_when_somebody_takes_it_by_whatever_way_or_it_is_over() {
    let ways: [fn(&mut Desk, &DocumentId); 4] = [
        |desk, _| {
            let (eva, escalation) = (desk.eva.clone(), escalation(&mut desk.house).id.sys_id);
            let take = |call: &mut Call<'_>| on_call::acknowledge(call, escalation);
            let taken = desk.house.server.write(&eva, desk.house.now, &mut desk.house.rng, take).unwrap();
            assert_eq!(taken.reference("acknowledged_by"), Some(eva.user));
            let again = desk.house.server.write(&eva, desk.house.now, &mut desk.house.rng, take);
            assert!(again.expect_err("once").to_string().contains("over already"));
        },
        |desk, incident| {
            let (finn, of_finn) = (desk.finn.clone(), desk.finn.user.to_string());
            desk.house.update(&finn, incident, &[("assigned_to", &of_finn)]).unwrap();
        },
        |desk, incident| {
            let dora = desk.house.dora.clone();
            desk.house.update(&dora, incident, &[("state", "8")]).unwrap();
        },
        |_, _| {},
    ];
    let states = ways.map(|way| {
        let mut desk = desk();
        let began = desk.house.now;
        let incident = critical(&mut desk);
        desk.house.wait(5 * MINUTE);
        way(&mut desk, &incident);
        for _ in 0..20 {
            desk.house.wait(10 * MINUTE);
            desk.house.ring();
        }
        let system = desk.house.server.system();
        let whose = desk.house.get(&system, &incident).unwrap().record.reference("assigned_to");
        let by = [desk.eva.user, desk.finn.user].iter().position(|user| Some(*user) == whose);
        (escalation(&mut desk.house).text("state").to_owned(), told(&mut desk.house, began).len(), by)
    });
    let stopped = |state: &str, by| (state.to_owned(), 1, by);
    let control = ("exhausted".to_owned(), 6, None);
    assert_eq!(
        states,
        [stopped("acknowledged", Some(0)), stopped("acknowledged", Some(1)), stopped("ended", None), control]
    );
}

#[test]
fn only_what_a_rule_names_escalates_and_only_when_it_comes_to_that() {
    let mut desk = desk();
    let dora = desk.house.dora.clone();
    let fields =
        [("short_description", "Slow"), ("impact", "3"), ("urgency", "3"), ("assignment_group", desk.group.as_str())];
    let incident = desk.house.create(&dora, "incident", &fields).unwrap().record.id;
    let count = |house: &mut House| {
        let system = house.server.system();
        house.query(&system, "on_call_escalation", "").len()
    };
    assert_eq!(count(&mut desk.house), 0);
    desk.house.update(&dora, &incident, &[("impact", "1"), ("urgency", "1")]).unwrap();
    assert_eq!(count(&mut desk.house), 1);
    let eva = desk.eva.clone();
    let escalation = escalation(&mut desk.house).id.sys_id;
    desk.house
        .server
        .write(&eva, desk.house.now, &mut desk.house.rng, |call| on_call::acknowledge(call, escalation))
        .unwrap();
    desk.house.update(&dora, &incident, &[("work_notes", "It goes on")]).unwrap();
    assert_eq!(count(&mut desk.house), 1, "what was taken does not begin again");
}

#[test]
fn a_rule_that_asks_for_a_change_pages_when_it_comes_and_for_nothing_else() {
    let mut desk = desk();
    let (dora, system) = (desk.house.dora.clone(), desk.house.server.system());
    let trigger = [("name", "Moved"), ("table", "incident"), ("condition", "impactCHANGESTO2")];
    id(&mut desk.house, "trigger_rule", &trigger);
    let fields =
        [("short_description", "Slow"), ("impact", "3"), ("urgency", "3"), ("assignment_group", desk.group.as_str())];
    let incident = desk.house.create(&dora, "incident", &fields).unwrap().record.id;
    let count = |house: &mut House| house.query(&system, "on_call_escalation", "").len();
    desk.house.update(&dora, &incident, &[("short_description", "Slower")]).unwrap();
    assert_eq!(count(&mut desk.house), 0, "another field changed");
    desk.house.update(&dora, &incident, &[("impact", "2")]).unwrap();
    assert_eq!(count(&mut desk.house), 1);
}

#[test]
fn a_policy_of_the_shift_says_who_is_told_when() {
    let mut desk = desk();
    let began = desk.house.now;
    let system = desk.house.server.system();
    let rota = desk.house.query(&system, "cmn_rota", "")[0].id.sys_id.to_string();
    let fields = [
        ("name", "Outages"),
        ("rota", rota.as_str()),
        ("table", "incident"),
        ("condition", "short_descriptionLIKEnothing"),
    ];
    let policy = id(&mut desk.house, "cmn_rota_escalation_set", &fields);
    let unfit = [("name", "Unfit"), ("rota", rota.as_str()), ("table", "incident"), ("condition", "no_such_field=1")];
    assert!(desk.house.create(&system, "cmn_rota_escalation_set", &unfit).is_err(), "it would hold for everything");
    let places = [("name", "Places"), ("table", "cmn_location"), ("condition", "name=x")];
    assert!(desk.house.create(&system, "trigger_rule", &places).is_err(), "nobody takes a place");
    let secondary = desk.rosters[1].clone();
    let step = |house: &mut House, level: &str, more: &[(&str, &str)]| {
        let fields =
            [&[("name", level), ("escalation_set", policy.as_str()), ("escalation_level", level)], more].concat();
        id(house, "cmn_rota_esc_step_def", &fields);
    };
    let waits = [
        ("rosters", secondary.as_str()),
        ("reminders", "1"),
        ("time_between_reminders", "3"),
        ("time_to_next_step", "7"),
    ];
    step(&mut desk.house, "1", &waits);
    step(&mut desk.house, "2", &[("group_manager", "true"), ("time_to_next_step", "5")]);
    critical(&mut desk);
    for _ in 0..30 {
        desk.house.wait(MINUTE);
        desk.house.ring();
    }
    let (finn, manager) = (desk.finn.user, desk.manager.user);
    assert_eq!(told(&mut desk.house, began), [(finn, 0), (finn, 3), (manager, 10)]);
    assert_eq!(escalation(&mut desk.house).text("state"), "exhausted");
}

#[test]
fn approved_time_off_brings_its_cover_and_ends_with_the_approval() {
    let mut desk = desk();
    let (dora, group) = (desk.house.dora.clone(), desk.group.clone());
    let noon = desk.house.now.plus_milliseconds(4 * HOUR);
    let (from, until) = (noon.plus_milliseconds(-HOUR).to_string(), noon.plus_milliseconds(HOUR).to_string());
    let primary = |desk: &mut Desk| {
        let duty = on_call(&mut desk.house, &group, noon).remove(0);
        (duty.user.unwrap(), duty.instead_of)
    };
    assert_eq!(primary(&mut desk), (dora.user, None));
    let (of_dora, of_finn, roster) = (dora.user.to_string(), desk.finn.user.to_string(), desk.rosters[0].clone());
    let fields = [
        ("user", of_dora.as_str()),
        ("cover", &of_finn),
        ("roster", &roster),
        ("start_date_time", &from),
        ("end_date_time", &until),
    ];
    let proposal = desk.house.create(&dora, "roster_schedule_span_proposal", &fields).unwrap().record.id;
    assert_eq!(primary(&mut desk), (dora.user, None), "to ask is not to be away");
    assert!(desk.house.update(&dora, &proposal, &[("state", "approved")]).is_err(), "nobody approves their own");
    let rota_manager = desk.house.person("rita", "Rita Rota", &["rota_manager"]);
    desk.house.update(&rota_manager, &proposal, &[("state", "approved")]).unwrap();
    assert_eq!(primary(&mut desk), (desk.finn.user, Some(dora.user)));
    let before = on_call(&mut desk.house, &group, noon.plus_milliseconds(-2 * HOUR)).remove(0);
    assert_eq!(before.user, Some(dora.user));
    desk.house.update(&rota_manager, &proposal, &[("cover", "")]).unwrap();
    assert_eq!(primary(&mut desk), (desk.eva.user, Some(dora.user)), "without a cover the next member stands in");
    desk.house.update(&rota_manager, &proposal, &[("state", "rejected")]).unwrap();
    assert_eq!(primary(&mut desk), (dora.user, None));
    let backwards =
        [("user", of_dora.as_str()), ("roster", &roster), ("start_date_time", &until), ("end_date_time", &from)];
    assert!(desk.house.create(&dora, "roster_schedule_span_proposal", &backwards).is_err());
    let mia = desk.house.mia.clone();
    let refused =
        desk.house.server.read(&mia, desk.house.now, &mut desk.house.rng, |call| on_call::on_call(call, None, noon));
    assert!(refused.is_err(), "not everybody may know who is on call");
}
