//! Whatever a plan publishes keeps the rosters: judged by the records alone, with no word of the optimiser's.

use std::collections::BTreeMap;

use fieldline_model::{DocumentId, Place, Record, SysId, Timestamp, Value};
use fieldline_service::dispatch::Ask;
use fieldline_service::dispatch::report::Report;
use proptest::prelude::*;

use crate::district::{DEPOT, District, HOUR, at};
use crate::house::step;

/// The roads plans reckon with.
const METERS_PER_SECOND: f64 = 45.0 / 3.6;
const DETOUR: f64 = 1.5;

/// A task as it is drawn: where, how long in minutes, a window's first and length in hours and whether it is fixed, skills,
/// importance.
type Drawn = (usize, i64, Option<(i64, i64, bool)>, u8, u8);

fn tasks() -> impl Strategy<Value = Vec<Drawn>> {
    let window = prop::option::of((0..8_i64, 2..6_i64, any::<bool>()));
    prop::collection::vec((0..6_usize, 10..120_i64, window, 0..4_u8, 1..4_u8), 1..14)
}

/// A working day as it is drawn: its first and last hour, and the hour of a meeting.
type Hours = (i64, i64, Option<i64>);

fn rosters() -> impl Strategy<Value = [Hours; 2]> {
    let hours = || (0..3_i64, 4..10_i64, prop::option::of(3..6_i64));
    [hours(), hours()]
}

const SITES: [(&str, &str); 6] = [
    ("43.7384", "7.4246"),
    ("43.7102", "7.2620"),
    ("43.7747", "7.4975"),
    ("43.6960", "7.2715"),
    ("43.7300", "7.4200"),
    ("43.8100", "7.5000"),
];

/// Two technicians with rosters: Mia can gas, Leo gas and power.
struct Scene {
    district: District,
    sites: Vec<SysId>,
    skills: [SysId; 2],
    judge: Judge,
}

impl Scene {
    fn with(rosters: [Hours; 2]) -> Self {
        let mut district = District::new();
        let (mia, leo) = (district.house.mia.user, district.house.leo.user);
        let skills = ["Gas", "Power"].map(|name| district.skill(name));
        for (user, skill) in [(mia, skills[0]), (leo, skills[0]), (leo, skills[1])] {
            district.learns(user, skill);
        }
        let sites: Vec<SysId> = SITES.into_iter().map(|place| district.site(place)).collect();
        let place = |(latitude, longitude): (&str, &str)| {
            Place::from_degrees(latitude.parse().unwrap(), longitude.parse().unwrap()).unwrap()
        };
        let judge = Judge {
            places: sites.iter().copied().zip(SITES.map(place)).collect(),
            depot: place(DEPOT),
            hours: [mia, leo].into_iter().zip(rosters.map(worked)).collect(),
            skills: [(mia, vec![skills[0]]), (leo, skills.to_vec())].into(),
        };
        for (user, (from, until, cut)) in [mia, leo].into_iter().zip(rosters) {
            district.rosters(user, from, until);
            cut.into_iter().for_each(|cut| district.span(user, "meeting", cut, cut + 1));
        }
        Self { district, sites, skills, judge }
    }

    fn adds(&mut self, drawn: &[Drawn]) -> Vec<DocumentId> {
        drawn.iter().map(|one| self.adds_one(one)).collect()
    }

    fn adds_one(&mut self, (site, minutes, window, needs, importance): &Drawn) -> DocumentId {
        let needed = self.skills.iter().enumerate().filter(|(bit, _)| needs >> bit & 1 == 1);
        let needed: Vec<String> = needed.map(|(_, skill)| skill.to_string()).collect();
        let (needed, seconds, impact) = (needed.join(","), (minutes * 60).to_string(), importance.to_string());
        let window =
            window.map(|(from, hours, fixed)| [at(from).to_string(), at(from + hours).to_string(), fixed.to_string()]);
        let mut fields = vec![("skills", &*needed), ("estimated_work_duration", &seconds), ("impact", &impact)];
        if let Some([from, until, fixed]) = &window {
            fields.extend([("window_start", &**from), ("window_end", &**until), ("is_fixed_window", &**fixed)]);
        }
        self.district.task(self.sites[*site], &fields)
    }

    /// Mia sets out for what is first on her list.
    fn mia_sets_out(&mut self) {
        let mia = self.district.house.mia.clone();
        let theirs = self.published().into_iter().filter(|task| task.reference("assigned_to") == Some(mia.user));
        let Some(first) = theirs.min_by_key(|task| task.time("expected_start")) else { return };
        let mut phone = self.district.house.phone(&mia);
        phone.sync(&mut self.district.house);
        for name in ["accept", "start_travel"] {
            let edit = phone.edit(self.district.house.now, &first.id, &[step(name)]);
            phone.push(&mut self.district.house, &[edit]);
        }
    }

    fn plans(&mut self, seed: u32) -> Report {
        let ask = Ask { seed: Some(seed), iterations: 300, ..self.district.ask() };
        self.district.tries(&ask).unwrap()
    }

    fn published(&mut self) -> Vec<Record> {
        let dora = self.district.house.dora.clone();
        self.district.house.query(&dora, "wm_task", "stateIN16,17^ORDERBYnumber")
    }
}

/// The working hours of a roster, less what cuts in.
fn worked((from, until, cut): Hours) -> Vec<(Timestamp, Timestamp)> {
    let cut = cut.filter(|cut| (from..until).contains(cut));
    let left = cut.map_or(vec![(from, until)], |cut| vec![(from, cut), (cut + 1, until)]);
    left.into_iter().filter(|(from, until)| from < until).map(|(from, until)| (at(from), at(until))).collect()
}

struct Judge {
    places: BTreeMap<SysId, Place>,
    depot: Place,
    hours: BTreeMap<SysId, Vec<(Timestamp, Timestamp)>>,
    skills: BTreeMap<SysId, Vec<SysId>>,
}

impl Judge {
    fn place_of(&self, task: &Record) -> Place {
        self.places[&task.reference("location").unwrap()]
    }

    /// Where a moment's drive leads to at the earliest; the planner may round by a second.
    fn arrives(&self, from: Place, leaves: Timestamp, to: Place) -> Timestamp {
        let seconds = (from.distance_metres(to) * DETOUR / METERS_PER_SECOND).floor() as i64;
        leaves.plus_milliseconds(seconds * 1_000)
    }

    /// Follows each technician from the depot through a whole day and back.
    fn follows_everybody(&self, published: &[Record]) {
        for (user, hours) in &self.hours {
            let mut theirs: Vec<&Record> = of(published, *user).collect();
            theirs.sort_by_key(|task| task.time("expected_start"));
            for (from, until) in hours {
                let (mut place, mut leaves) = (self.depot, *from);
                for task in theirs.iter().filter(|task| begins_within(task, *from, *until)) {
                    self.fits(task, *user);
                    let (here, begins) = (self.place_of(task), task.time("expected_start").unwrap());
                    let arrives = self.arrives(place, leaves, here);
                    assert!(arrives <= begins, "{}: reached at {arrives}, planned for {begins}", task.id);
                    (place, leaves) = (here, task.time("estimated_end").unwrap());
                }
                let back = self.arrives(place, leaves, self.depot);
                assert!(back <= *until, "back at {back}, and the day ends at {until}");
            }
            let off_duty =
                theirs.iter().find(|task| !hours.iter().any(|(from, until)| begins_within(task, *from, *until)));
            assert_eq!(off_duty, None, "outside the working hours {hours:?}");
        }
    }

    /// Whether a task is its technician's to do, and at that time.
    fn fits(&self, task: &Record, user: SysId) {
        let (begins, ends) = (task.time("expected_start").unwrap(), task.time("estimated_end").unwrap());
        let seconds = |field: &str| task.get(field).and_then(Value::as_integer).unwrap();
        let sets_out = begins.plus_milliseconds(-1_000 * seconds("estimated_travel_duration"));
        assert_eq!(task.time("scheduled_travel_start"), Some(sets_out));
        assert_eq!(ends, begins.plus_milliseconds(1_000 * seconds("estimated_work_duration")));
        assert!(task.time("window_start").is_none_or(|start| start <= begins), "{}: too early", task.id);
        let until = task.time("window_end").filter(|_| task.get("is_fixed_window") == Some(&Value::Boolean(true)));
        assert!(until.is_none_or(|until| ends <= until), "{}: too late", task.id);
        if let Some(Value::List(needed)) = task.get("skills") {
            assert!(needed.iter().all(|skill| self.skills[&user].contains(skill)), "{}: a skill is missing", task.id);
        }
    }

    /// When somebody gets to what stands by now: what should have begun is begun as soon as it can be, and the rest may be late
    /// for it.
    fn reached(&self, before: &[Record], user: SysId, now: Timestamp) -> Vec<Reached> {
        let mut theirs: Vec<&Record> = of(before, user).collect();
        theirs.sort_by_key(|task| task.time("expected_start"));
        let (mut reached, mut free_from) = (Vec::new(), now);
        for (from, until) in &self.hours[&user] {
            let (mut place, mut leaves) = (self.depot, free_from.max(*from));
            for task in theirs.iter().filter(|task| begins_within(task, *from, *until)) {
                let (here, told) = (self.place_of(task), task.time("expected_start").unwrap());
                let begins = self.arrives(place, leaves, here).max(told);
                let takes = task.time("estimated_end").unwrap().milliseconds_since(told);
                (place, leaves) = (here, begins.plus_milliseconds(takes));
                reached.push(Reached { place, begins, ends: leaves, is_late: begins > told });
            }
            free_from = self.arrives(place, leaves, self.depot);
        }
        reached
    }

    /// Whether tasks that came into a day under way fit between those that were there.
    fn fits_between(&self, new: &[&Record], before: &[Record], now: Timestamp) {
        for user in self.hours.keys() {
            let mut taken = self.reached(before, *user, now);
            for task in new.iter().filter(|task| is_of(task, *user)) {
                self.fits(task, *user);
                let place = self.place_of(task);
                let (begins, ends) = (task.time("expected_start").unwrap(), task.time("estimated_end").unwrap());
                assert!(now <= begins, "{} begins in the past", task.id);
                for other in &taken {
                    let is_after = self.arrives(other.place, other.ends, place) <= begins;
                    let is_before = self.arrives(place, ends, other.place) <= other.latest();
                    assert!(is_after || is_before, "{} is at {begins}, at the same time as {other:?}", task.id);
                }
                taken.push(Reached { place, begins, ends, is_late: false });
            }
        }
    }
}

/// A task somebody gets to.
#[derive(Debug)]
struct Reached {
    place: Place,
    begins: Timestamp,
    ends: Timestamp,
    /// Whether that is later than it was told.
    is_late: bool,
}

impl Reached {
    /// When it begins at the latest: the planner may round the ways of a whole day up by a second each.
    fn latest(&self) -> Timestamp {
        self.begins.plus_milliseconds(if self.is_late { 15_000 } else { 0 })
    }
}

fn of(tasks: &[Record], user: SysId) -> impl Iterator<Item = &Record> {
    tasks.iter().filter(move |task| is_of(task, user))
}

fn is_of(task: &Record, user: SysId) -> bool {
    task.reference("assigned_to") == Some(user)
}

fn begins_within(task: &Record, from: Timestamp, until: Timestamp) -> bool {
    task.time("expected_start").is_some_and(|begins| from <= begins && begins < until)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn published_plans_keep_rosters_skills_windows_and_ways(drawn in tasks(), rosters in rosters(), seed: u32) {
        let mut scene = Scene::with(rosters);
        scene.adds(&drawn);
        let report = scene.plans(seed);
        let published = scene.published();
        prop_assert_eq!(report.published, published.len());
        scene.judge.follows_everybody(&published);
        prop_assert_eq!(scene.plans(seed.wrapping_add(1)).published, 0, "nothing has changed");
    }

    #[test]
    fn a_day_under_way_keeps_what_was_told_and_takes_in_what_fits_between(
        drawn in tasks(),
        more in tasks(),
        rosters in rosters(),
        seed: u32,
        cancelled: prop::sample::Index,
    ) {
        let mut scene = Scene::with(rosters);
        let first = scene.adds(&drawn);
        scene.plans(seed);
        scene.district.house.wait(2 * HOUR);
        let dora = scene.district.house.dora.clone();
        scene.district.house.update(&dora, cancelled.get(&first), &[("state", "7")]).unwrap();
        scene.mia_sets_out();
        let before = scene.published();
        scene.adds(&more);
        scene.plans(seed);
        let after = scene.published();
        for task in &before {
            let now = after.iter().find(|other| other.id == task.id).unwrap();
            for field in ["assigned_to", "expected_start", "estimated_end", "state"] {
                prop_assert_eq!(now.get(field), task.get(field));
            }
        }
        let new: Vec<&Record> = after.iter().filter(|task| before.iter().all(|other| other.id != task.id)).collect();
        scene.judge.fits_between(&new, &before, scene.district.house.now);
    }
}
