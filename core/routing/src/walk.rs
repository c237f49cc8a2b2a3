//! A tour in time: when it is where, with breaks, a way over the depot, overtime, lateness, and a start as late as possible where
//! working time costs something.
//!
//! The order of the visits is given; where breaks are taken and whether and when the depot is visited is not. A [`Label`] is one way
//! to have come so far; of two, the one that is better in nothing is dropped, so what is left at the end has the best one in it.
//! Without breaks and depot there is only one label. Working time is kept as in Vidal et al., "A hybrid genetic algorithm with
//! adaptive diversity management for a large class of vehicle routing problems with time-windows", Computers & Operations Research
//! 40 (2013): the shortest duration and the latest start that still has it.

use crate::model::{Model, NEVER};
use crate::plan::{Activity, Plan, Tour};
use crate::problem::{Break, Depot, Shift};
use crate::stretch::Stretch;

/// What a tour is worth beyond its ways; less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Beyond {
    pub late_seconds: i64,
    /// Overtime, working time, and the way over the depot.
    pub cost: i64,
}

/// A stop to be made, not before one moment and not after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    pub stop: u32,
    pub from: i32,
    pub until: i32,
}

impl Call {
    /// At whatever time the visit allows.
    pub fn any_time(stop: u32) -> Self {
        Self { stop, from: 0, until: NEVER }
    }

    /// At one moment.
    pub fn at(stop: u32, moment: i32) -> Self {
        Self { stop, from: moment, until: moment }
    }
}

/// A shift's stops in their order, with the times they are held to.
pub type Order = (u32, Vec<Call>);

/// A plan's tours in these words.
pub fn orders(model: &Model<'_>, plan: &Plan) -> Vec<Order> {
    let mut made = vec![0; model.problem.visits().len()];
    let order = |tour: &Tour| {
        let call = |(visit, begins): (usize, i32)| {
            let stop = model.bonds.members(visit as u32).get(made[visit]).copied().unwrap_or(visit as u32);
            made[visit] += 1;
            if model.is_held(stop) { Call::at(stop, begins) } else { Call::any_time(stop) }
        };
        (tour.shift as u32, tour.timed_visits().map(call).collect())
    };
    plan.tours.iter().map(order).collect()
}

/// One way to have come so far.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    /// When it goes on at the earliest.
    ready: i32,
    /// How long it took to come so far.
    so_far: Stretch,
    drives: i32,
    late: i64,
    cost: i64,
    pub(crate) breaks: u8,
    has_fetched: bool,
    /// Where it goes on from, in the layer before; whether it went over the depot in between, and after how many breaks.
    from: u16,
    pub(crate) breaks_at_depot: Option<u8>,
}

impl Label {
    fn pass(&mut self, seconds: i32) {
        self.ready += seconds;
        self.so_far.pass(seconds);
    }

    fn not_before(&mut self, moment: i32) {
        self.ready = self.ready.max(moment);
        self.so_far.not_before(moment);
    }

    /// Whether it can be.
    fn not_after(&mut self, moment: i32) -> bool {
        self.so_far.not_after(moment);
        self.ready <= moment
    }

    /// Adds what a way costs.
    pub fn add_cost(&mut self, cost: i64) {
        self.cost += cost;
    }

    /// What a tour that goes on from here is worth at the least when the rest costs so much.
    pub fn worth_at_least(&self, rest: i64) -> Beyond {
        Beyond { late_seconds: self.late, cost: self.cost + rest }
    }

    /// What to sort labels by so that a good one comes before those it is as good as.
    pub fn order(&self) -> (i64, i64, i32) {
        (self.late, self.cost, self.ready)
    }

    pub fn is_as_good_as(&self, other: &Self) -> bool {
        (self.breaks, self.has_fetched) == (other.breaks, other.has_fetched)
            && self.ready <= other.ready
            && self.late <= other.late
            && self.cost <= other.cost
            && self.drives <= other.drives
            && self.so_far.is_as_good_as(&other.so_far)
    }
}

/// All ways to have come to a place that are worth something.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    place: u32,
    labels: Vec<Label>,
    /// What was used of each part.
    used: Vec<i32>,
    must_have_fetched: bool,
}

/// Follows tours of one shift.
pub struct Walk<'m, 'p> {
    pub(crate) model: &'m Model<'p>,
    pub(crate) number: u32,
    pub(crate) shift: &'p Shift,
    pub(crate) breaks: &'p [Break],
    pub(crate) depot: Option<&'p Depot>,
    working_second_cost: i64,
    /// Whether working time costs something and the moment to set out is still open.
    is_paid: bool,
}

impl<'m, 'p> Walk<'m, 'p> {
    pub fn new(model: &'m Model<'p>, shift: u32) -> Self {
        let of = &model.shifts()[shift as usize];
        let working_second_cost = model.problem.objective().working_second_cost;
        Self {
            model,
            number: shift,
            shift: of,
            breaks: of.breaks_left(),
            depot: model.problem.depot_of(of),
            working_second_cost,
            is_paid: working_second_cost > 0 && of.done.is_none(),
        }
    }

    /// What a tour is worth beyond its ways; `None` when it is not possible.
    pub fn beyond(&self, calls: &[Call]) -> Option<Beyond> {
        self.beyond_in(calls, &mut Default::default())
    }

    /// What a tour is worth with its ways; nothing when nobody sets out, `None` when it is not possible.
    pub fn worth(&self, calls: &[Call]) -> Option<Beyond> {
        if calls.is_empty() {
            return Some(Beyond::default());
        }
        let beyond = self.beyond(calls)?;
        Some(Beyond { cost: beyond.cost + self.ways_cost(calls), ..beyond })
    }

    /// What the ways of a tour cost.
    pub fn ways_cost(&self, calls: &[Call]) -> i64 {
        let stops = calls.iter().map(|call| self.model.stops[call.stop as usize].place);
        let ends = (self.shift.sets_out().0 as u32, self.shift.end_place as u32);
        let places: Vec<u32> = std::iter::once(ends.0).chain(stops).chain([ends.1]).collect();
        places.windows(2).map(|pair| i64::from(self.model.cost.between(pair[0], pair[1]))).sum()
    }

    /// What a tour is worth beyond its ways, in room that is used again and again.
    pub fn beyond_in(&self, calls: &[Call], [progress, next]: &mut [Progress; 2]) -> Option<Beyond> {
        self.start(self.wants_depot(calls.iter().map(|call| call.stop)), progress);
        for call in calls {
            if !self.go_on(progress, *call, next) {
                return None;
            }
            std::mem::swap(progress, next);
        }
        self.home(progress).map(|(beyond, _)| beyond)
    }

    /// Whether there are enough of all parts, counting what can be fetched.
    pub fn has_parts_for(&self, calls: &[Call]) -> bool {
        let used = |part: usize| calls.iter().map(|call| self.model.uses(call.stop)[part]).sum::<i32>();
        self.model.stock(self.number).iter().enumerate().all(|(part, has)| used(part) <= *has)
    }

    /// Whether some stops together need something that is not on board.
    pub fn wants_depot(&self, stops: impl Iterator<Item = u32> + Clone) -> bool {
        if self.depot.is_none() {
            return false;
        }
        let lacks = |part: usize| {
            let used: i32 = stops.clone().map(|stop| self.model.uses(stop)[part]).sum();
            used > self.model.on_board(self.number)[part]
        };
        stops.clone().any(|stop| self.model.fetches_tool(self.number, stop)) || (0..self.model.parts).any(lacks)
    }

    /// Before the first stop. A tour that wants nothing from the depot is as one that was there.
    pub fn start(&self, wants_depot: bool, progress: &mut Progress) {
        progress.place = self.shift.sets_out().0 as u32;
        progress.labels.clear();
        progress.labels.push(self.first_label(wants_depot));
        progress.used.clear();
        progress.used.resize(self.model.parts, 0);
        progress.must_have_fetched = false;
    }

    pub fn first_label(&self, wants_depot: bool) -> Label {
        let (_, at) = self.shift.sets_out();
        Label {
            ready: at,
            so_far: Stretch::before(self.sets_out_by()),
            drives: 0,
            late: 0,
            cost: 0,
            breaks: 0,
            has_fetched: !wants_depot,
            from: 0,
            breaks_at_depot: None,
        }
    }

    /// The latest moment to set out.
    pub fn sets_out_by(&self) -> i32 {
        if self.is_paid { self.shift.ends_by() } else { self.shift.sets_out().1 }
    }

    /// Goes on to a stop; says whether that is possible.
    pub fn go_on(&self, before: &Progress, call: Call, after: &mut Progress) -> bool {
        let place = self.model.stops[call.stop as usize].place;
        after.place = place;
        after.labels.clear();
        after.used.clone_from(&before.used);
        after.used.iter_mut().zip(self.model.uses(call.stop)).for_each(|(used, uses)| *used += uses);
        let lacks_parts = after.used.iter().zip(self.model.on_board(self.number)).any(|(used, has)| used > has);
        after.must_have_fetched =
            before.must_have_fetched || lacks_parts || self.model.fetches_tool(self.number, call.stop);
        for (index, label) in before.labels.iter().enumerate() {
            let label = Label { from: index as u16, ..*label };
            self.reach(label, before.place, call, after.must_have_fetched, |label| {
                if !after.labels.iter().any(|other| other.is_as_good_as(&label)) {
                    after.labels.retain(|other| !label.is_as_good_as(other));
                    after.labels.push(label);
                }
            });
        }
        !after.labels.is_empty()
    }

    /// All ways to go on to a stop and make it.
    pub fn reach(&self, label: Label, from: u32, call: Call, must_have_fetched: bool, mut made: impl FnMut(Label)) {
        let to = self.model.stops[call.stop as usize].place;
        let label = Label { breaks_at_depot: None, ..label };
        let mut arrive = |label| self.arrive(label, call, &mut made);
        self.over_the_depot(&label, from, to, &mut arrive);
        if label.has_fetched || !must_have_fetched {
            self.leg(label, from, to, arrive);
        }
    }

    /// Drives home; the best way to do so, with the label at home.
    fn home(&self, before: &Progress) -> Option<(Beyond, Label)> {
        let homes = before.labels.iter().enumerate().filter_map(|(index, label)| {
            self.best_home(Label { from: index as u16, breaks_at_depot: None, ..*label }, before.place)
        });
        homes.min_by_key(|(beyond, _)| *beyond)
    }

    /// Drives home from a place; `None` when that is too late, or too far.
    pub fn best_home(&self, label: Label, from: u32) -> Option<(Beyond, Label)> {
        let mut best: Option<(Beyond, Label)> = None;
        self.leg(label, from, self.shift.end_place as u32, |mut label| {
            if let Some(beyond) = self.at_home(&mut label)
                && best.is_none_or(|(other, _)| beyond < other)
            {
                best = Some((beyond, label));
            }
        });
        best
    }

    fn at_home(&self, label: &mut Label) -> Option<Beyond> {
        let objective = self.model.problem.objective();
        let is_in_time = label.not_after(self.shift.ends_by());
        let owes_break = self.breaks[label.breaks as usize..].iter().any(|left| label.ready > left.until_seconds);
        let is_too_far = self.shift.most_travel_seconds.is_some_and(|most| label.drives > most);
        let overtime = i64::from((label.ready - self.shift.end_seconds).max(0));
        let time_cost = i64::from(label.so_far.duration) * self.working_second_cost;
        let cost = label.cost + overtime * objective.overtime_second_cost + time_cost;
        (is_in_time && !owes_break && !is_too_far).then_some(Beyond { late_seconds: label.late, cost })
    }

    fn over_the_depot(&self, label: &Label, from: u32, to: u32, mut reached: impl FnMut(Label)) {
        let Some(depot) = self.depot.filter(|_| !label.has_fetched) else { return };
        let (place, ways) = (depot.place as u32, &self.model.cost);
        let detour = ways.between(from, place) + ways.between(place, to) - ways.between(from, to);
        self.leg(*label, from, place, |mut label| {
            label.pass(depot.service_seconds);
            label.cost += i64::from(detour);
            (label.has_fetched, label.breaks_at_depot) = (true, Some(label.breaks));
            self.leg(label, place, to, &mut reached);
        });
    }

    /// Drives from one place to another, with none, one or more of the breaks that are left. The first may interrupt the drive.
    fn leg(&self, label: Label, from: u32, to: u32, mut reached: impl FnMut(Label)) {
        let way = self.model.seconds.between(from, to);
        // The ways hold the working time that driving takes.
        let counted = i64::from(way) * self.working_second_cost;
        let mut label = Label { drives: label.drives + way, cost: label.cost - counted, ..label };
        let mut direct = label;
        direct.pass(way);
        reached(direct);
        let mut drives = way;
        while let Some(next) = self.breaks.get(label.breaks as usize) {
            if !label.not_after(next.until_seconds) {
                return;
            }
            label.pass(std::mem::take(&mut drives));
            label.not_before(next.from_seconds);
            label.pass(next.break_seconds);
            label.breaks += 1;
            reached(label);
        }
    }

    /// Makes a visit, as soon as it goes; where working time costs something, in a later window too: that may save waiting.
    fn arrive(&self, label: Label, call: Call, mut made: impl FnMut(Label)) {
        let mut at = label.ready.max(call.from);
        loop {
            let begins = self.model.begins(call.stop, at);
            if begins == NEVER {
                return;
            }
            let until = self.model.until(call.stop, begins);
            self.made(label, call, begins, until).into_iter().for_each(&mut made);
            if !self.is_paid || until == NEVER {
                return;
            }
            at = until + 1;
        }
    }

    /// Makes a visit in one of its windows; `None` when that is too late.
    fn made(&self, mut label: Label, call: Call, begins: i32, until: i32) -> Option<Label> {
        label.not_before(begins);
        if !label.not_after(until.min(call.until)) {
            return None;
        }
        label.pass(self.model.service(call.stop, self.number));
        if let Some(due) = self.model.visit(call.stop).due_seconds {
            label.late += i64::from((label.ready - due).max(0));
            let _ = label.not_after(due.max(label.ready));
        }
        let owes_break = self.breaks.get(label.breaks as usize).is_some_and(|next| label.ready > next.until_seconds);
        (!owes_break).then_some(label)
    }

    /// The tour with its times; `None` when it is not possible.
    pub fn tour(&self, calls: &[Call]) -> Option<Tour> {
        let mut layers = vec![Progress::default()];
        self.start(self.wants_depot(calls.iter().map(|call| call.stop)), &mut layers[0]);
        for call in calls {
            let mut next = Progress::default();
            if !self.go_on(layers.last()?, *call, &mut next) {
                return None;
            }
            layers.push(next);
        }
        let (_, home) = self.home(layers.last()?)?;
        let mut legs = vec![home];
        for layer in layers.iter().skip(1).rev() {
            legs.push(layer.labels[legs.last()?.from as usize]);
        }
        legs.reverse();
        Some(self.told(calls, &legs, home.ready - home.so_far.duration))
    }

    /// When the work of one of the stops begins.
    pub fn begins(&self, calls: &[Call], index: usize) -> Option<i32> {
        let stops = self.tour(calls)?.stops;
        let mut visits = stops.iter().filter(|stop| matches!(stop.activity, Activity::Visit(_)));
        visits.nth(index).map(|stop| stop.begins_seconds)
    }
}
