//! 4: every accepted edit of a device was made by its owner, of a record that was ever the owner's to work on, with roles
//! that allow it.
//!
//! Who might work on what is judged generously, over all the log has ever said: a record is somebody's when any edit ever
//! named that person or one of the person's groups on it or on something it is reached from. What fails even that was
//! never allowed.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_documents::{Act, Edit};
use fieldline_model::dictionary::may;
use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_storage::StoredEdit;

use super::case::{Case, Seen};

pub fn check(case: &Case<'_>, _: &[Seen]) -> Vec<String> {
    let reach = Reach::of(case);
    let mut broken = Vec::new();
    for ((id, made), stored) in case.log().zip(case.stored.values().flatten()) {
        let edit = &made.edit;
        let device = case.tx.device(edit.id.device).expect("a device can be looked up");
        let Some(owner) = device.map(|device| device.user) else { continue };
        let name = format!("edit {} on {id}", edit.id.counter);
        if edit.author != owner {
            broken.push(format!("{name} was taken in another person's name than the device's owner"));
        }
        if !reach.is_ever_in_scope(id, owner) {
            broken.push(format!("{name} was taken and the record never was in scope"));
        }
        broken.extend(roles(case, stored, edit, owner).map(|what| format!("{name}: {what}")));
    }
    broken
}

/// What the author's roles did not allow when the server took the edit.
fn roles(case: &Case<'_>, stored: &StoredEdit, edit: &Edit, owner: SysId) -> Option<String> {
    let changes = case.role_changes.iter().rev();
    let last = changes.into_iter().find(|change| change.user == owner && change.at <= stored.received_at);
    let roles: BTreeSet<&str> =
        if last.is_some_and(|change| !change.is_agent) { [].into() } else { ["wm_agent"].into() };
    let table = case.dictionary.table(edit.document.table.as_str())?;
    let is_first = case.histories[&edit.document].made.first().is_some_and(|first| first.edit.id == edit.id);
    if is_first && !may(roles.iter().copied(), &table.create) {
        return Some(format!("only {} may create one", table.create.join(", ")));
    }
    for act in &edit.acts {
        let field = act.field().and_then(|field| table.field(field.as_str())).filter(|_| !is_first);
        if let Some(field) = field.filter(|field| !may(roles.iter().copied(), &field.write)) {
            return Some(format!("only {} may write {}", field.write.join(", "), field.name));
        }
        let Act::Transition { step, .. } = act else { continue };
        let rule = case.dictionary.life_cycle_of(table.name.as_str()).and_then(|cycle| cycle.step(step));
        if let Some(rule) = rule.filter(|rule| !may(roles.iter().copied(), &rule.roles)) {
            return Some(format!("only {} may {step}", rule.roles.join(", ")));
        }
    }
    None
}

/// Whose each record ever was, by everything its fields ever held.
struct Reach {
    users: BTreeMap<DocumentId, BTreeSet<SysId>>,
    everyone: BTreeSet<DocumentId>,
}

impl Reach {
    fn of(case: &Case<'_>) -> Self {
        let ever = Ever::of(case);
        let mut reach = Self { users: BTreeMap::new(), everyone: BTreeSet::new() };
        for record in case.records.values() {
            let Some(table) = case.dictionary.table(record.id.table.as_str()) else { continue };
            let fields = table.offline.users.iter();
            let mut users: BTreeSet<SysId> = fields.flat_map(|field| ever.held(record, field.as_str())).collect();
            let groups = table.offline.groups.iter().flat_map(|field| ever.held(record, field.as_str()));
            users.extend(groups.flat_map(|group| ever.members.get(&group).cloned().unwrap_or_default()));
            let mut carried = vec![record.id.clone()];
            carried.extend(table.offline.follow.iter().flat_map(|path| ever.walk(case, record, path)));
            for id in carried {
                if table.offline.everyone {
                    reach.everyone.insert(id.clone());
                }
                reach.users.entry(id).or_default().extend(&users);
            }
        }
        // Who makes a record may go on with it.
        for (id, history) in &case.histories {
            let creator = history.made.first().map(|first| first.edit.author);
            reach.users.entry(id.clone()).or_default().extend(creator);
        }
        reach
    }

    fn is_ever_in_scope(&self, id: &DocumentId, user: SysId) -> bool {
        self.everyone.contains(id) || self.users.get(id).is_some_and(|users| users.contains(&user))
    }
}

/// Every reference any field ever held.
struct Ever {
    held: BTreeMap<(SysId, String), BTreeSet<SysId>>,
    members: BTreeMap<SysId, BTreeSet<SysId>>,
}

impl Ever {
    fn of(case: &Case<'_>) -> Self {
        let mut ever = Self { held: BTreeMap::new(), members: BTreeMap::new() };
        for (id, made) in case.log() {
            for act in &made.edit.acts {
                if let Act::Set { field, value: Some(Value::Reference(target)) } = act {
                    ever.held.entry((id.sys_id, field.to_string())).or_default().insert(*target);
                }
            }
        }
        for row in case.records.values().filter(|row| row.id.table == "sys_user_grmember") {
            if let (Some(group), Some(user)) = (row.reference("group"), row.reference("user")) {
                ever.members.entry(group).or_default().insert(user);
            }
        }
        for (group, user) in &case.members {
            ever.members.entry(*group).or_default().insert(*user);
        }
        ever
    }

    fn held(&self, record: &Record, field: &str) -> BTreeSet<SysId> {
        let mut held = self.held.get(&(record.id.sys_id, field.to_owned())).cloned().unwrap_or_default();
        held.extend(record.reference(field));
        held
    }

    fn walk(&self, case: &Case<'_>, from: &Record, path: &str) -> Vec<DocumentId> {
        let mut here = vec![from];
        for field in path.split('.') {
            let targets = here.iter().flat_map(|record| self.held(record, field));
            here = targets.filter_map(|target| case.records.get(&target)).collect();
        }
        here.into_iter().map(|record| record.id.clone()).collect()
    }
}
