//! 4: every accepted edit of a device was made by its owner on that device, of a record that was ever the owner's to work
//! on, with roles that allow it.
//!
//! Who might work on what is judged generously, over all the log has ever said: a record is somebody's when any edit ever
//! named that person or one of the person's groups on it or on something it is reached from. What fails even that was
//! never allowed.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_documents::{Act, Edit};
use fieldline_model::dictionary::may;
use fieldline_model::{DeviceId, DocumentId, Record, SysId, Value};

use super::case::{Case, Seen};

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    let owners: BTreeMap<DeviceId, &Seen> = seen.iter().filter_map(|phone| Some((phone.device?, phone))).collect();
    let reach = Reach::of(case);
    let mut broken = Vec::new();
    for (id, made) in case.log() {
        let Some(phone) = owners.get(&made.edit.id.device) else { continue };
        let edit = &made.edit;
        let name = format!("edit {} of phone {} on {id}", edit.id.counter, phone.index);
        if edit.author != phone.user {
            broken.push(format!("{name} was taken in another person's name"));
        } else if !phone.promises.iter().any(|promise| promise.document == *id && promise.at == edit.at) {
            broken.push(format!("{name} was taken and never made on that phone"));
        }
        if !reach.is_ever_in_scope(id, phone.user) {
            broken.push(format!("{name} was taken and the record never was in scope"));
        }
        broken.extend(roles(case, edit, phone).map(|what| format!("{name}: {what}")));
    }
    broken
}

/// What the author's roles, as they stand, do not allow.
fn roles(case: &Case<'_>, edit: &Edit, phone: &Seen) -> Option<String> {
    let row = case.records.get(&phone.user)?;
    let roles: BTreeSet<&str> = row.text("roles").split(',').map(str::trim).collect();
    let table = case.dictionary.table(edit.document.table.as_str())?;
    let is_first = case.histories[&edit.document].made.first().is_some_and(|first| first.edit.id == edit.id);
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
