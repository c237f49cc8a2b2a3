//! What hangs together with an item, next to a naive walk over every relation there is.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{Dictionary, DocumentId, Record, SysId};
use fieldline_service::cmdb::impact::{Impact, Reached, impact};
use fieldline_service::table::{self, Input};
use fieldline_service::{Server, TableError};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::house::House;

fn made(house: &mut House, table: &str, fields: &[(&str, &str)]) -> SysId {
    let system = house.server.system();
    house.create(&system, table, fields).unwrap().record.id.sys_id
}

fn of(house: &mut House, item: SysId) -> Impact {
    let dora = house.dora.clone();
    house.server.read(&dora, house.now, &mut house.rng, |call| impact(call, item)).unwrap()
}

fn relate(house: &mut House, parent: SysId, child: SysId, kind: SysId) {
    let [parent, child, kind] = [parent, child, kind].map(|id| id.to_string());
    made(house, "cmdb_rel_ci", &[("parent", &parent), ("child", &child), ("type", &kind)]);
}

fn distances(reached: &[Reached]) -> BTreeMap<SysId, u32> {
    reached.iter().map(|reached| (reached.id.sys_id, reached.distance)).collect()
}

/// The shortest ways along relations `(from, to)`, by going over all of them until nothing gets shorter.
fn naive(relations: &[(SysId, SysId)], start: SysId) -> BTreeMap<SysId, u32> {
    let mut shortest = BTreeMap::from([(start, 0)]);
    loop {
        let before = shortest.clone();
        for (from, to) in relations {
            let Some(there) = shortest.get(from).map(|distance| distance + 1) else { continue };
            let held = shortest.entry(*to).or_insert(there);
            *held = there.min(*held);
        }
        if shortest == before {
            shortest.remove(&start);
            return shortest;
        }
    }
}

#[test]
fn random_graphs_with_circles_are_walked_as_a_naive_walk_does() {
    let mut house = House::new();
    let mut dice = ChaCha8Rng::seed_from_u64(3);
    let depends = made(&mut house, "cmdb_rel_type", &[("name", "Depends on::Used by")]);
    let connects = made(&mut house, "cmdb_rel_type", &[("name", "Connects to::Connected by")]);
    let items: Vec<SysId> =
        (0..60).map(|number| made(&mut house, "cmdb_ci_server", &[("name", &format!("s{number}"))])).collect();
    let mut carrying = Vec::new();
    for number in 0..150 {
        let [parent, child] = [(); 2].map(|()| items[dice.next_u32() as usize % items.len()]);
        let carries = number % 5 != 0;
        relate(&mut house, parent, child, if carries { depends } else { connects });
        carrying.extend(carries.then_some((parent, child)));
    }
    let turned: Vec<(SysId, SysId)> = carrying.iter().map(|(parent, child)| (*child, *parent)).collect();
    let mut seen = 0;
    for item in items {
        let found = of(&mut house, item);
        assert_eq!(distances(&found.below), naive(&carrying, item), "what {item} needs");
        assert_eq!(distances(&found.above), naive(&turned, item), "what needs {item}");
        assert!(!found.is_cut);
        seen += found.above.len();
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn services_are_told_and_so_is_what_is_being_worked_on() {
    let mut house = House::new();
    let runs = made(&mut house, "cmdb_rel_type", &[("name", "Runs on::Runs")]);
    let shop = made(&mut house, "cmdb_ci_service", &[("name", "Web shop")]);
    let app = made(&mut house, "cmdb_ci_appl", &[("name", "Tomcat"), ("install_status", "3")]);
    let server = made(&mut house, "cmdb_ci_server", &[("name", "lnx1")]);
    relate(&mut house, shop, app, runs);
    relate(&mut house, app, server, runs);
    let found = of(&mut house, server);
    let told: Vec<_> = found.above.iter().map(|it| (it.name.as_str(), it.is_service, it.in_maintenance)).collect();
    assert_eq!(told, [("Tomcat", false, true), ("Web shop", true, false)]);
    assert!(found.below.is_empty());
    let mia = house.mia.clone();
    let denied = house.server.read(&mia, house.now, &mut house.rng, |call| impact(call, server));
    assert!(denied.is_err(), "{:?}", DocumentId::new("cmdb_ci_server", server));
}

/// What a plain reading of every row says hangs above an item: identity, distance, name, service, in maintenance.
type Told = BTreeSet<(SysId, u32, String, bool, bool)>;

fn plainly(house: &mut House, item: SysId, up: bool) -> Told {
    let system = house.server.system();
    let kinds = house.query(&system, "cmdb_rel_type", "");
    let idle =
        |row: &Record| ["Connects to", "Manages", "Owns"].iter().any(|start| row.text("name").starts_with(start));
    let idle: BTreeSet<SysId> = kinds.iter().filter(|row| idle(row)).map(|row| row.id.sys_id).collect();
    let relations = house.query(&system, "cmdb_rel_ci", "");
    let carrying = relations.iter().filter(|row| !idle.contains(&row.reference("type").unwrap()));
    let ends = carrying.map(|row| (row.reference("parent").unwrap(), row.reference("child").unwrap()));
    let ends: Vec<_> = ends.map(|(parent, child)| if up { (child, parent) } else { (parent, child) }).collect();
    let items = house.query(&system, "cmdb_ci", "");
    let items: BTreeMap<SysId, &Record> = items.iter().map(|row| (row.id.sys_id, row)).collect();
    let reached = naive(&ends, item).into_iter().filter_map(|(id, distance)| {
        let row = items.get(&id)?;
        let is_service = row.id.table.as_str().starts_with("cmdb_ci_service");
        Some((
            id,
            distance,
            row.text("name").to_owned(),
            is_service,
            row.text("install_status") == "3"
                || row.get("install_status").is_some_and(|status| status.to_string() == "3"),
        ))
    });
    reached.collect()
}

fn told(reached: &[Reached]) -> Told {
    let told = |it: &Reached| (it.id.sys_id, it.distance, it.name.clone(), it.is_service, it.in_maintenance);
    reached.iter().map(told).collect()
}

/// Edits drawn at random, each through one of two servers on one database, or through one that is started anew.
struct Editor {
    dice: ChaCha8Rng,
    other: Server,
    kinds: Vec<DocumentId>,
    items: Vec<DocumentId>,
    relations: Vec<DocumentId>,
}

impl Editor {
    fn pick(&mut self, list: &[DocumentId]) -> DocumentId {
        list[self.dice.next_u32() as usize % list.len()].clone()
    }

    fn edit(&mut self, house: &mut House) {
        let system = house.server.system();
        let [items, relations, kinds] = [self.items.clone(), self.relations.clone(), self.kinds.clone()];
        match self.dice.next_u32() % 16 {
            0..=3 | 12..=15 => {
                let ends = [self.pick(&items), self.pick(&items), self.pick(&kinds)].map(|id| id.sys_id.to_string());
                let fields = [("parent", ends[0].as_str()), ("child", &ends[1]), ("type", &ends[2])];
                self.relations.push(house.create(&system, "cmdb_rel_ci", &fields).unwrap().record.id);
            }
            4 => {
                let (relation, end) = (self.pick(&relations), self.pick(&items).sys_id.to_string());
                house.update(&system, &relation, &[("child", &end)]).unwrap();
            }
            5 => {
                let relation = self.pick(&relations);
                self.relations.retain(|kept| *kept != relation);
                self.delete(house, &relation);
            }
            6 => {
                let (item, status) = (self.pick(&items), ["1", "3"][self.dice.next_u32() as usize % 2]);
                house.update(&system, &item, &[("install_status", status), ("name", status)]).unwrap();
            }
            7 if items.len() > 10 => {
                let item = self.pick(&items);
                self.items.retain(|kept| *kept != item);
                self.delete(house, &item);
            }
            7 | 8 => {
                let class = ["cmdb_ci_server", "cmdb_ci_service"][self.dice.next_u32() as usize % 2];
                self.items.push(house.create(&system, class, &[("name", "new")]).unwrap().record.id);
            }
            9 => {
                let (kind, name) = (
                    self.pick(&kinds),
                    ["Runs on::Runs", "Depends on::Used by", "Owns::Owned by"][self.dice.next_u32() as usize % 3],
                );
                house.update(&system, &kind, &[("name", name)]).unwrap();
            }
            10 => self.fail(house),
            _ if self.dice.next_u32().is_multiple_of(2) => house.restart(),
            _ => std::mem::swap(&mut house.server, &mut self.other),
        }
    }

    fn delete(&mut self, house: &mut House, record: &DocumentId) {
        let system = house.server.system();
        let (table, id) = (record.table.as_str(), record.sys_id);
        house.server.write(&system, house.now, &mut house.rng, |call| table::delete(call, table, id)).unwrap();
    }

    /// A transaction that relates, sees what it related, and is undone.
    fn fail(&mut self, house: &mut House) {
        let system = house.server.system();
        let item = house.create(&system, "cmdb_ci_server", &[("name", "alone")]).unwrap().record.id;
        let service = house.create(&system, "cmdb_ci_service", &[("name", "undone")]).unwrap().record.id;
        let kind = house.create(&system, "cmdb_rel_type", &[("name", "Depends on::Used by")]).unwrap().record.id;
        let ends = [service.sys_id, item.sys_id, kind.sys_id].map(|id| id.to_string());
        let undone = house.server.write(&system, house.now, &mut house.rng, |call| {
            let fields = [("parent", ends[0].as_str()), ("child", &ends[1]), ("type", &ends[2])];
            table::create(call, "cmdb_rel_ci", &Input::of(&fields))?;
            let above = impact(call, item.sys_id)?.above;
            assert_eq!(above.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["undone"]);
            Err::<(), _>(TableError::NotFound("a reason to go on".into()))
        });
        assert!(undone.is_err());
        assert!(of(house, item.sys_id).above.is_empty(), "what was undone is not walked");
    }
}

#[test]
fn after_random_edits_by_two_servers_failed_calls_and_restarts_the_walk_is_that_of_the_rows() {
    let mut house = House::new();
    let system = house.server.system();
    let mut id = |table: &str, name: &str| house.create(&system, table, &[("name", name)]).unwrap().record.id;
    let kinds = vec![id("cmdb_rel_type", "Depends on::Used by"), id("cmdb_rel_type", "Connects to::Connected by")];
    let items: Vec<DocumentId> = (0..14).map(|_| id("cmdb_ci_server", "first")).collect();
    let other = Server::open(house.storage.clone(), Dictionary::shipped().clone(), house.now, &mut house.rng).unwrap();
    let mut editor = Editor { dice: ChaCha8Rng::seed_from_u64(11), other, kinds, items, relations: Vec::new() };
    let [parent, child, kind] = [&editor.items[0], &editor.items[1], &editor.kinds[0]].map(|id| id.sys_id);
    relate(&mut house, parent, child, kind);
    editor.relations = house.query(&system, "cmdb_rel_ci", "").into_iter().map(|row| row.id).collect();
    let mut seen = 0;
    for _ in 0..400 {
        editor.edit(&mut house);
        let items = editor.items.clone();
        let item = editor.pick(&items).sys_id;
        let found = of(&mut house, item);
        assert_eq!(told(&found.above), plainly(&mut house, item, true), "above {item}");
        assert_eq!(told(&found.below), plainly(&mut house, item, false), "below {item}");
        seen += found.above.len() + found.below.len();
    }
    assert!(seen > 1_000, "{seen}");
}

#[test]
fn nobody_is_shown_an_item_that_is_not_theirs_to_see() {
    let mut house = House::new();
    let runs = made(&mut house, "cmdb_rel_type", &[("name", "Runs on::Runs")]);
    let [shop, server, other] =
        ["Web shop", "lnx1", "lnx2"].map(|name| made(&mut house, "cmdb_ci_service", &[("name", name)]));
    relate(&mut house, shop, server, runs);
    relate(&mut house, server, other, runs);
    let (dora, mia) = (house.dora.clone(), house.mia.clone());
    let (who, item) = (mia.user.to_string(), server.to_string());
    let order = house.create(&dora, "wm_order", &[("short_description", "fan"), ("cmdb_ci", &item)]).unwrap().record.id;
    let (order, dora) = (order.sys_id.to_string(), house.dora.clone());
    let task = [
        ("short_description", "fan"),
        ("parent", order.as_str()),
        ("assigned_to", &who),
        ("cmdb_ci", &item),
        ("state", "16"),
    ];
    house.create(&dora, "wm_task", &task).unwrap();
    let found = house.server.read(&mia, house.now, &mut house.rng, |call| impact(call, server)).unwrap();
    assert_eq!((found.above, found.below), (Vec::new(), Vec::new()), "mia holds the server and nothing beside it");
    assert_eq!(of(&mut house, server).above.len(), 1);
}
