//! What hangs together with an item, next to a naive walk over every relation there is.

use std::collections::BTreeMap;

use fieldline_model::{DocumentId, SysId};
use fieldline_service::cmdb::impact::{Impact, Reached, impact};
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
    reached.iter().map(|reached| (reached.item.id.sys_id, reached.distance)).collect()
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
    let told: Vec<_> = found.above.iter().map(|it| (it.item.text("name"), it.is_service, it.in_maintenance)).collect();
    assert_eq!(told, [("Tomcat", false, true), ("Web shop", true, false)]);
    assert!(found.below.is_empty());
    let mia = house.mia.clone();
    let denied = house.server.read(&mia, house.now, &mut house.rng, |call| impact(call, server));
    assert!(denied.is_err(), "{:?}", DocumentId::new("cmdb_ci_server", server));
}
