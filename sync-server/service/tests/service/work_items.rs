//! Work is offered to agents who are there, fit and have room, as a plainer account of it says.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{DocumentId, Record, SysId, Timestamp};
use fieldline_service::work_items::choose::{Agent, Rule, Skills, Wanted, choose};
use fieldline_service::work_items::{self, To};
use fieldline_service::{Call, Caller, TableError};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::house::House;

const CASES: &str = "sn_customerservice_case";
const SECOND: i64 = 1_000;

/// A desk with a channel of cases, one queue, and some agents of one group.
struct Desk {
    house: House,
    system: Caller,
    agents: Vec<Caller>,
    group: String,
    channel: String,
    there: SysId,
    away: SysId,
}

impl Desk {
    fn new(agents: usize, queue: &[(&str, &str)]) -> Self {
        let mut house = House::new();
        let system = house.server.system();
        let made = |house: &mut House, table: &str, fields: &[(&str, &str)]| {
            house.create(&system, table, fields).unwrap().record.id.sys_id.to_string()
        };
        let group = made(&mut house, "sys_user_group", &[("name", "Desk")]);
        let agents: Vec<Caller> = (0..agents)
            .map(|number| {
                let name = format!("agent{number}");
                let agent = house.person(&name, &name, &["awa_agent", "case_agent"]);
                let user = agent.user.to_string();
                made(&mut house, "sys_user_grmember", &[("group", &group), ("user", &user)]);
                agent
            })
            .collect();
        let channel =
            [("name", "Cases"), ("table", CASES), ("utilization_condition", "stateIN1,10"), ("default_capacity", "2")];
        let channel = made(&mut house, "awa_service_channel", &channel);
        let fields =
            [&[("name", "All"), ("service_channel", channel.as_str()), ("groups", group.as_str())], queue].concat();
        made(&mut house, "awa_queue", &fields);
        let there =
            made(&mut house, "awa_presence_state", &[("name", "Available"), ("available", "true")]).parse().unwrap();
        let away = made(&mut house, "awa_presence_state", &[("name", "Away"), ("available", "false")]).parse().unwrap();
        Self { house, system, agents, group, channel, there, away }
    }

    fn write<T>(
        &mut self,
        by: &Caller,
        work: impl FnOnce(&mut Call<'_>) -> Result<T, TableError>,
    ) -> Result<T, TableError> {
        self.house.server.write(by, self.house.now, &mut self.house.rng, work)
    }

    fn comes(&mut self, agent: usize) {
        let (by, there) = (self.agents[agent].clone(), self.there);
        self.write(&by, |call| work_items::set_presence(call, there)).unwrap();
        self.house.ring();
        self.house.wait(SECOND);
    }

    fn goes(&mut self, agent: usize) {
        let (by, away) = (self.agents[agent].clone(), self.away);
        self.write(&by, |call| work_items::set_presence(call, away)).unwrap();
        self.house.ring();
    }

    fn case(&mut self, fields: &[(&str, &str)]) -> DocumentId {
        let fields = [&[("short_description", "Leak")], fields].concat();
        let id = self.house.create(&self.system.clone(), CASES, &fields).unwrap().record.id;
        self.house.ring();
        self.house.wait(SECOND);
        id
    }

    fn item(&mut self, case: &DocumentId) -> Record {
        let query = format!("document_id={}^ORDERBYDESCsys_created_on", case.sys_id);
        self.house.query(&self.system.clone(), "awa_work_item", &query).remove(0)
    }

    fn offered_to(&mut self, case: &DocumentId) -> Option<usize> {
        let item = self.item(case);
        let user = item.reference("assigned_to").filter(|_| item.text("state") == "pending_accept")?;
        self.agents.iter().position(|agent| agent.user == user)
    }

    fn accept(&mut self, agent: usize, case: &DocumentId) -> Result<Record, TableError> {
        let (by, item) = (self.agents[agent].clone(), self.item(case).id.sys_id);
        let done = self.write(&by, |call| work_items::accept(call, item));
        self.house.ring();
        done
    }

    fn reject(&mut self, agent: usize, case: &DocumentId) -> Result<(), TableError> {
        let (by, item) = (self.agents[agent].clone(), self.item(case).id.sys_id);
        let done = self.write(&by, |call| work_items::reject(call, item, None));
        self.house.ring();
        done
    }

    fn row(&mut self, id: &DocumentId) -> Record {
        self.house.get(&self.system.clone(), id).unwrap().record
    }
}

#[test]
fn a_case_waits_until_an_agent_is_there_and_is_theirs_once_accepted() {
    let mut desk = Desk::new(1, &[]);
    let case = desk.case(&[]);
    assert_eq!(desk.item(&case).text("state"), "queued");
    desk.comes(0);
    assert_eq!(desk.offered_to(&case), Some(0));
    let agent = desk.agents[0].clone();
    let inbox =
        desk.house.server.read(&agent, desk.house.now, &mut desk.house.rng, |call| work_items::inbox(call)).unwrap();
    assert_eq!(
        inbox.iter().map(|waiting| waiting.record.as_ref().unwrap().id.clone()).collect::<Vec<_>>(),
        std::slice::from_ref(&case)
    );
    let item = desk.accept(0, &case).unwrap();
    assert_eq!(item.text("state"), "accepted");
    let record = desk.row(&case);
    assert_eq!(
        (record.reference("assigned_to"), record.get("state").unwrap().to_string()),
        (Some(agent.user), "10".into())
    );
    assert_eq!(record.get("assignment_group").unwrap().to_string(), desk.group);
    let refused = desk.accept(0, &case).unwrap_err();
    assert!(refused.to_string().contains("not offered"), "{refused}");
    let solved = [("state", "6"), ("resolution_code", "fixed"), ("close_notes", "Tight")];
    desk.house.update(&agent, &case, &solved).unwrap();
    assert_eq!(desk.item(&case).text("state"), "closed_complete");
}

#[test]
fn nobody_else_accepts_or_declines_and_who_is_no_agent_has_no_presence() {
    let mut desk = Desk::new(2, &[]);
    desk.comes(0);
    let case = desk.case(&[]);
    assert!(matches!(desk.accept(1, &case), Err(TableError::NotFound(_))));
    assert!(matches!(desk.reject(1, &case), Err(TableError::NotFound(_))));
    let (mia, there) = (desk.house.mia.clone(), desk.there);
    let refused = desk.write(&mia, |call| work_items::set_presence(call, there));
    assert!(matches!(refused, Err(TableError::Denied { .. })));
}

#[test]
fn what_is_declined_or_not_accepted_in_time_goes_to_the_next_and_comes_back_only_to_who_came_back() {
    let mut desk = Desk::new(2, &[("accept_seconds", "30")]);
    desk.comes(0);
    desk.comes(1);
    let case = desk.case(&[]);
    assert_eq!(desk.offered_to(&case), Some(0));
    desk.reject(0, &case).unwrap();
    assert_eq!(desk.offered_to(&case), Some(1));
    desk.house.wait(30 * SECOND);
    desk.house.ring();
    assert_eq!((desk.offered_to(&case), desk.item(&case).text("state").to_owned()), (None, "queued".into()));
    let system = desk.system.clone();
    let declined = desk.house.query(&system, "awa_work_item_rejection", "ORDERBYrejected_at");
    assert_eq!(declined.iter().map(|row| row.says("timed_out")).collect::<Vec<_>>(), [false, true]);
    desk.goes(0);
    desk.house.wait(SECOND);
    desk.comes(0);
    assert_eq!(desk.offered_to(&case), Some(0));
    desk.goes(0);
    assert_eq!(desk.item(&case).text("state"), "queued", "who goes keeps nothing they have not accepted");
}

#[test]
fn nobody_is_offered_more_than_they_have_room_for_of_one_channel_or_of_all() {
    let mut desk = Desk::new(1, &[("auto_accept", "true")]);
    desk.comes(0);
    let cases: Vec<DocumentId> = (0..3).map(|_| desk.case(&[])).collect();
    let states: Vec<String> = cases.iter().map(|case| desk.item(case).text("state").to_owned()).collect();
    assert_eq!(states, ["accepted", "accepted", "queued"]);
    let agent = desk.agents[0].clone();
    desk.house.update(&agent, &cases[0], &[("state", "18")]).unwrap();
    desk.house.ring();
    assert_eq!(desk.item(&cases[2]).text("state"), "accepted", "what waits for the customer is no load");
    let (system, user) = (desk.system.clone(), agent.user.to_string());
    desk.house.create(&system, "awa_agent_capacity", &[("user", &user), ("max_capacity", "2")]).unwrap();
    let capacity = [("user", user.as_str()), ("service_channel", &desk.channel.clone()), ("max_capacity", "9")];
    desk.house.create(&system, "awa_agent_capacity", &capacity).unwrap();
    let more = desk.case(&[]);
    assert_eq!(desk.item(&more).text("state"), "queued", "in all it is two");
}

#[test]
fn work_given_by_hand_counts_and_work_taken_away_waits_again() {
    let mut desk = Desk::new(2, &[]);
    let first = desk.agents[0].user.to_string();
    let case = desk.case(&[("assigned_to", &first)]);
    assert_eq!(desk.item(&case).text("state"), "accepted");
    desk.comes(1);
    let system = desk.system.clone();
    desk.house.update(&system, &case, &[("assigned_to", "")]).unwrap();
    desk.house.ring();
    assert_eq!(desk.offered_to(&case), Some(1));
}

#[test]
fn the_most_urgent_comes_first_and_queues_in_their_order() {
    let mut desk = Desk::new(1, &[("order", "200")]);
    let system = desk.system.clone();
    let (channel, group) = (desk.channel.clone(), desk.group.clone());
    let special = [
        ("name", "Pumps"),
        ("service_channel", channel.as_str()),
        ("groups", &group),
        ("condition", "category=pump"),
        ("order", "100"),
    ];
    desk.house.create(&system, "awa_queue", &special).unwrap();
    let low = desk.case(&[("priority", "4")]);
    let high = desk.case(&[("priority", "1")]);
    let pump = desk.case(&[("priority", "4"), ("category", "pump")]);
    desk.comes(0);
    assert_eq!([&pump, &high, &low].map(|case| desk.offered_to(case)), [Some(0), Some(0), None]);
}

#[test]
fn what_an_agent_has_is_handed_to_another_agent_or_queue() {
    let mut desk = Desk::new(3, &[]);
    desk.comes(0);
    let case = desk.case(&[]);
    desk.accept(0, &case).unwrap();
    let (system, channel, by) = (desk.system.clone(), desk.channel.clone(), desk.agents[0].clone());
    let second =
        desk.house.create(&system, "sys_user_group", &[("name", "Second")]).unwrap().record.id.sys_id.to_string();
    let user = desk.agents[1].user.to_string();
    desk.house.create(&system, "sys_user_grmember", &[("group", &second), ("user", &user)]).unwrap();
    let fields = [
        ("name", "Second"),
        ("service_channel", channel.as_str()),
        ("groups", &second),
        ("condition", "category=never"),
    ];
    let queue = desk.house.create(&system, "awa_queue", &fields).unwrap().record.id.sys_id;
    desk.comes(1);
    desk.comes(2);
    let item = desk.item(&case).id.sys_id;
    desk.write(&by, |call| work_items::hand_over(call, item, To::Queue(queue))).unwrap();
    desk.house.ring();
    assert_eq!(desk.offered_to(&case), Some(1), "only they are of that queue's group");
    desk.accept(1, &case).unwrap();
    let (by, to) = (desk.agents[1].clone(), desk.agents[2].user);
    desk.write(&by, |call| work_items::hand_over(call, item, To::Agent(to))).unwrap();
    assert_eq!(desk.row(&case).reference("assigned_to"), Some(to));
    assert_eq!(
        (desk.item(&case).text("state").to_owned(), desk.item(&case).reference("assigned_to")),
        ("accepted".into(), Some(to))
    );
}

#[test]
fn calls_are_offered_as_cases_are() {
    let mut desk = Desk::new(1, &[]);
    let (system, group) = (desk.system.clone(), desk.group.clone());
    let channel = [("name", "Calls"), ("table", "interaction"), ("condition", "type=phone")];
    let channel = desk.house.create(&system, "awa_service_channel", &channel).unwrap().record.id.sys_id.to_string();
    desk.house
        .create(&system, "awa_queue", &[("name", "Calls"), ("service_channel", &channel), ("groups", &group)])
        .unwrap();
    desk.comes(0);
    let call = desk.house.create(&system, "interaction", &[("type", "phone")]).unwrap().record.id;
    desk.house.ring();
    assert_eq!(desk.offered_to(&call), Some(0));
    desk.accept(0, &call).unwrap();
    let row = desk.row(&call);
    assert_eq!((row.text("state"), row.reference("assigned_to")), ("work_in_progress", Some(desk.agents[0].user)));
}

#[test]
fn a_channel_or_queue_that_could_not_work_is_refused_by_name() {
    let mut desk = Desk::new(0, &[]);
    let (system, channel) = (desk.system.clone(), desk.channel.clone());
    for (table, fields, named) in [
        ("awa_service_channel", vec![("name", "X"), ("table", "cmdb_ci_none")], "table"),
        ("awa_service_channel", vec![("name", "X"), ("table", "interaction"), ("condition", "colour=red")], "colour"),
        (
            "awa_queue",
            vec![("name", "X"), ("service_channel", channel.as_str()), ("condition", "colour=red")],
            "colour",
        ),
    ] {
        let refused = desk.house.create(&system, table, &fields).unwrap_err().to_string();
        assert!(refused.contains(named), "{refused}");
    }
}

/// The agent a person would pick who goes through them one by one.
fn picked(wanted: &Wanted, agents: &[Agent], rule: Rule) -> Option<SysId> {
    let mut best: Option<&Agent> = None;
    for agent in agents {
        let matched = |agent: &Agent| wanted.skills.iter().filter(|skill| agent.skills.contains(skill)).count();
        let lacks = wanted.skills.iter().any(|skill| !agent.skills.contains(skill));
        if agent.room < wanted.size
            || wanted.declined.contains(&agent.user)
            || rule.skills == Skills::Mandatory && lacks
        {
            continue;
        }
        let Some(held) = best else {
            best = Some(agent);
            continue;
        };
        let by_skill = if rule.skills == Skills::BestMatch {
            matched(agent).cmp(&matched(held))
        } else {
            std::cmp::Ordering::Equal
        };
        let by_room = if rule.by_room { agent.room.cmp(&held.room) } else { std::cmp::Ordering::Equal };
        let idle = held.last_at.cmp(&agent.last_at);
        if by_skill.then(by_room).then(idle).then(held.user.cmp(&agent.user)).is_gt() {
            best = Some(agent);
        }
    }
    best.map(|agent| agent.user)
}

#[test]
fn whoever_is_chosen_is_whom_somebody_would_pick_who_went_through_them() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut below = |most: u32| rng.next_u32() % most;
    let mut found = BTreeMap::new();
    for _ in 0..20_000 {
        let skill = |number: u32| SysId([number as u8; 16]);
        let mut some = |most: u32| (0..most).filter(|_| below(2) == 0).map(skill).collect::<BTreeSet<_>>();
        let (wants, declined, hers): (_, _, Vec<_>) = (some(3), some(5), (0..5).map(|_| some(3)).collect());
        let agents: Vec<Agent> = (0..5)
            .zip(hers)
            .map(|(number, skills)| Agent {
                user: skill(number),
                room: i64::from(below(4)) - 1,
                last_at: (below(3) > 0).then(|| Timestamp(i64::from(below(3)))),
                skills,
            })
            .collect();
        let skills = [Skills::NotAsked, Skills::Mandatory, Skills::BestMatch][below(3) as usize];
        let rule = Rule { by_room: below(2) == 0, skills };
        let wanted = Wanted { size: 1, skills: wants, declined };
        let chosen = choose(&wanted, &agents, rule);
        assert_eq!(chosen, picked(&wanted, &agents, rule), "{wanted:?} {agents:?} {rule:?}");
        *found.entry(chosen.is_some()).or_insert(0) += 1;
    }
    assert!(found.values().all(|count| *count > 1_000) && found.len() == 2, "{found:?}");
}

/// What a plain account of the desk's day says of each case: who is offered it or has it.
#[derive(Default)]
struct Account {
    /// Who is there, since when, and when something was offered to them last.
    there: BTreeMap<usize, (i64, Option<i64>)>,
    last: BTreeMap<usize, i64>,
    /// Cases in the order they came: priority, who is offered it, who has it, who declined when, until when an offer holds.
    cases: Vec<Told>,
}

#[derive(Default, Clone)]
struct Told {
    priority: i64,
    offered: Option<(usize, i64)>,
    has: Option<usize>,
    declined: Vec<(usize, i64)>,
    over: bool,
}

impl Account {
    fn load(&self, agent: usize) -> usize {
        let is_theirs =
            |case: &&Told| !case.over && (case.has == Some(agent) || case.offered.is_some_and(|(to, _)| to == agent));
        self.cases.iter().filter(is_theirs).count()
    }

    /// Offers what waits until nothing more can be, one case after the other.
    fn offer(&mut self, now: i64) {
        let mut waiting: Vec<usize> = (0..self.cases.len()).collect();
        waiting
            .retain(|at| !self.cases[*at].over && self.cases[*at].has.is_none() && self.cases[*at].offered.is_none());
        waiting.sort_by_key(|at| (self.cases[*at].priority, *at));
        for at in waiting {
            let can = |agent: &usize| {
                let since = self.there[agent].0;
                self.load(*agent) < 2
                    && !self.cases[at].declined.iter().any(|(who, when)| who == agent && *when >= since)
            };
            let next =
                self.there.keys().copied().filter(can).min_by_key(|agent| (self.last.get(agent).copied(), *agent));
            if let Some(agent) = next {
                self.cases[at].offered = Some((agent, now + 30 * SECOND));
                self.last.insert(agent, now);
            }
        }
    }

    fn time_passes(&mut self, now: i64) {
        for case in &mut self.cases {
            if let Some((agent, until)) = case.offered.filter(|(_, until)| *until <= now) {
                case.offered = None;
                case.declined.push((agent, now.max(until)));
            }
        }
    }
}

#[test]
fn days_by_chance_go_as_a_plain_account_of_them_says() {
    for seed in 0..6 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut desk = Desk::new(3, &[("accept_seconds", "30")]);
        desk.agents.sort_by_key(|agent| agent.user);
        let (mut account, mut ids, system) = (Account::default(), Vec::new(), desk.system.clone());
        for step in 0..60 {
            let (what, which) = (rng.next_u32() % 7, rng.next_u32() as usize);
            let (agent, now) = (which % 3, desk.house.now.0);
            let case = (!ids.is_empty()).then(|| which % ids.len());
            match (what, case) {
                (0 | 1, _) => {
                    let priority = 1 + i64::from(rng.next_u32() % 3);
                    let text = priority.to_string();
                    let fields = [("short_description", "Leak"), ("priority", text.as_str())];
                    ids.push(desk.house.create(&system, CASES, &fields).unwrap().record.id);
                    account.cases.push(Told { priority, ..Told::default() });
                }
                (2, _) => {
                    let (by, there) = (desk.agents[agent].clone(), desk.there);
                    desk.write(&by, |call| work_items::set_presence(call, there)).unwrap();
                    account.there.entry(agent).or_insert((now, None));
                }
                (3, _) => {
                    let (by, away) = (desk.agents[agent].clone(), desk.away);
                    desk.write(&by, |call| work_items::set_presence(call, away)).unwrap();
                    account.there.remove(&agent);
                    account
                        .cases
                        .iter_mut()
                        .filter(|case| case.offered.is_some_and(|(to, _)| to == agent))
                        .for_each(|case| case.offered = None);
                }
                (4 | 5, Some(at)) => {
                    if let Some((to, _)) = account.cases[at].offered {
                        let (by, item) = (desk.agents[to].clone(), desk.item(&ids[at]).id.sys_id);
                        if what == 4 {
                            desk.write(&by, |call| work_items::accept(call, item)).unwrap();
                            account.cases[at].has = Some(to);
                        } else {
                            desk.write(&by, |call| work_items::reject(call, item, None)).unwrap();
                            account.cases[at].declined.push((to, now));
                        }
                        account.cases[at].offered = None;
                    }
                }
                (_, Some(at)) if !account.cases[at].over => {
                    desk.house.update(&system, &ids[at], &[("state", "7")]).unwrap();
                    account.cases[at].over = true;
                }
                _ => {}
            }
            desk.house.ring();
            account.offer(now);
            desk.house.wait(7 * SECOND);
            account.time_passes(desk.house.now.0);
            desk.house.ring();
            account.offer(desk.house.now.0);
            for (at, id) in ids.iter().enumerate() {
                let told = &account.cases[at];
                let item = desk.item(id);
                let who = item
                    .reference("assigned_to")
                    .and_then(|user| desk.agents.iter().position(|agent| agent.user == user));
                let expected = match told {
                    Told { over: true, has, .. } => (if has.is_some() { "closed_complete" } else { "canceled" }, None),
                    Told { has: Some(agent), .. } => ("accepted", Some(*agent)),
                    Told { offered: Some((agent, _)), .. } => ("pending_accept", Some(*agent)),
                    _ => ("queued", None),
                };
                let who = if told.over { None } else { who };
                assert_eq!((item.text("state"), who), expected, "seed {seed}, step {step}, case {at}");
            }
        }
    }
}
