//! What must be true after the calm. Everything is worked out anew from the server's log of edits and from the dictionary, by
//! code that shares nothing with scopes, feeds, projections tables and receipts.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_documents::{Document, Edit, Projection};
use fieldline_model::{Dictionary, DocumentId, Record, SysId, TableName, Timestamp, Value};
use fieldline_storage::Tx;

use crate::world::World;

/// Records the reckoning works on.
struct Truth {
    /// Every record by identity, documents as their edits say.
    records: BTreeMap<SysId, Record>,
    /// Every document's meaning, replayed from its edits.
    projections: BTreeMap<DocumentId, Projection>,
    /// How often each deed stands in the log: document, author, moment.
    deeds: BTreeMap<(DocumentId, SysId, Timestamp), u32>,
}

/// Judges a shift that has calmed down.
pub fn judge(world: &mut World) {
    let dictionary = world.office.server().dictionary().clone();
    let priorities = world.office.server().priorities();
    let storage = world.office.server().storage().clone();
    let tx = storage.read().expect("the server's database can be read");
    let truth = Truth::replay(&*tx, &dictionary, &priorities);
    let mut broken = stages_are_lawful(&truth, &dictionary);
    broken.extend(rows_agree(&*tx, &truth));
    broken.extend(reviews_are_exactly_once(&truth));
    world.report.refused_steps = truth.projections.values().map(|projection| projection.refused.len() as u64).sum();
    for index in 0..world.phones.len() {
        let phone = &mut world.phones[index];
        let mut found = queues_are_empty(phone);
        found.extend(promises_are_kept(phone, &truth));
        let wanted = in_scope(&truth, &dictionary, phone.user);
        found.extend(holds_exactly(phone, &wanted, &truth, &dictionary));
        broken.extend(found.into_iter().map(|what| format!("phone {index}: {what}")));
    }
    broken.into_iter().for_each(|what| world.broken(what));
}

impl Truth {
    fn replay(tx: &dyn Tx, dictionary: &Dictionary, priorities: &fieldline_model::priority::PriorityMatrix) -> Self {
        let mut truth = Self { records: BTreeMap::new(), projections: BTreeMap::new(), deeds: BTreeMap::new() };
        for table in dictionary.tables() {
            let rows = tx.query(std::slice::from_ref(&table.name), &Default::default(), u32::MAX, 0);
            for row in rows.expect("every table can be listed") {
                truth.take(tx, row, dictionary, priorities);
            }
        }
        truth
    }

    fn take(
        &mut self,
        tx: &dyn Tx,
        row: Record,
        dictionary: &Dictionary,
        priorities: &fieldline_model::priority::PriorityMatrix,
    ) {
        let id = row.id.clone();
        let edits = tx.edits(&id, 0).expect("a document's edits can be read");
        if edits.is_empty() {
            self.records.insert(id.sys_id, row);
            return;
        }
        let mut document = Document::seed(id.clone());
        for (_, stored) in &edits {
            let edit = Edit::decode(&stored.body).expect("the server only keeps edits it could read");
            document.apply(&edit).expect("the server only accepts edits that apply in their order");
            *self.deeds.entry((id.clone(), edit.author, edit.at)).or_default() += 1;
        }
        let projection = document.project(dictionary, priorities);
        self.records.insert(id.sys_id, projection.record.clone());
        self.projections.insert(id, projection);
    }
}

/// Every accepted step leads on from where the one before it led, and the stage is where the last one led.
fn stages_are_lawful(truth: &Truth, dictionary: &Dictionary) -> Vec<String> {
    let mut broken = Vec::new();
    for (id, projection) in &truth.projections {
        let Some(life_cycle) = dictionary.life_cycle_of(id.table.as_str()) else { continue };
        let mut stage = life_cycle.initial.clone();
        for step in &projection.accepted {
            match life_cycle.step(&step.name).filter(|rule| rule.from.contains(&stage)) {
                Some(rule) => stage = rule.to.clone(),
                None => broken.push(format!("{id}: step {} was followed from {stage}", step.name)),
            }
        }
        if projection.stage.as_ref() != Some(&stage) {
            broken.push(format!("{id}: its steps lead to {stage}, it says {:?}", projection.stage));
        }
    }
    broken
}

/// The rows that lists and the record API read say what the edits say.
fn rows_agree(tx: &dyn Tx, truth: &Truth) -> Vec<String> {
    let row = |id: &DocumentId| tx.record(id).expect("a row can be read").map(|(_, row)| row);
    let wrong = truth.projections.iter().filter(|(id, projection)| row(id).as_ref() != Some(&projection.record));
    wrong.map(|(id, _)| format!("{id}: its row is not what its edits say")).collect()
}

/// Every refused step opened a review task, and none opened two: a task's description names the step and its moment.
fn reviews_are_exactly_once(truth: &Truth) -> Vec<String> {
    let refused: usize = truth.projections.values().map(|projection| projection.refused.len()).sum();
    let reviews: Vec<&Record> = truth.records.values().filter(|record| record.id.table == "task").collect();
    let different: BTreeSet<_> =
        reviews.iter().map(|task| (task.reference("parent"), task.text("description"))).collect();
    let mut broken = Vec::new();
    if reviews.len() < refused {
        broken.push(format!("{refused} refused steps, {} review tasks", reviews.len()));
    }
    if different.len() < reviews.len() {
        broken.push(format!("{} review tasks for {} refused steps", reviews.len(), different.len()));
    }
    broken
}

fn queues_are_empty(phone: &mut crate::phone::Phone) -> Vec<String> {
    let status = phone.device().sync_status().expect("a phone can read its own status");
    let queues = [
        ("edits", status.unsent_edits),
        ("files", status.unsent_files),
        ("documents asked for", status.wanted_documents),
    ];
    queues
        .into_iter()
        .filter(|(_, left)| *left > 0)
        .map(|(what, left)| format!("{left} {what} left after the calm"))
        .collect()
}

/// Every deed the phone said was saved stands in the server's log exactly once, or is held where its author sees it.
fn promises_are_kept(phone: &mut crate::phone::Phone, truth: &Truth) -> Vec<String> {
    let held = phone.device().needs_attention().expect("a phone can read its own status").held;
    let is_held =
        |document: &DocumentId, at: Timestamp| held.iter().any(|edit| edit.document == *document && edit.made_at == at);
    let mut broken = Vec::new();
    for promise in &phone.promises {
        let times = truth.deeds.get(&(promise.document.clone(), phone.user, promise.at)).copied().unwrap_or(0);
        let kept_aside = u32::from(is_held(&promise.document, promise.at));
        if times + kept_aside != 1 {
            let (deed, document, at) = (&promise.deed, &promise.document, promise.at);
            broken.push(format!("{deed} on {document} at {at} counts {times} times and is held {kept_aside} times"));
        }
    }
    broken
}

/// What a user's phone must hold, by the dictionary alone: what is everyone's, what names the user or one of the user's
/// groups, and what those refer to.
fn in_scope(truth: &Truth, dictionary: &Dictionary, user: SysId) -> BTreeSet<DocumentId> {
    let memberships = truth.records.values().filter(|record| record.id.table == "sys_user_grmember");
    let groups: BTreeSet<SysId> = memberships
        .filter(|row| row.reference("user") == Some(user))
        .filter_map(|row| row.reference("group"))
        .collect();
    let mut wanted = BTreeSet::new();
    for record in truth.records.values() {
        let Some(table) = dictionary.table(record.id.table.as_str()) else { continue };
        let names = |field: &fieldline_model::FieldName| record.reference(field.as_str());
        let mine = table.offline.users.iter().any(|field| names(field) == Some(user))
            || table.offline.groups.iter().any(|field| names(field).is_some_and(|group| groups.contains(&group)));
        if mine || table.offline.everyone {
            wanted.insert(record.id.clone());
            wanted.extend(table.offline.follow.iter().filter_map(|path| walk(truth, record, path)));
        }
    }
    wanted
}

fn walk(truth: &Truth, from: &Record, path: &str) -> Option<DocumentId> {
    let mut record = from;
    for field in path.split('.') {
        record = truth.records.get(&record.reference(field)?)?;
    }
    Some(record.id.clone())
}

/// The phone holds what it must and nothing else, and shows what the edits say.
fn holds_exactly(
    phone: &mut crate::phone::Phone,
    wanted: &BTreeSet<DocumentId>,
    truth: &Truth,
    dictionary: &Dictionary,
) -> Vec<String> {
    let mut broken = Vec::new();
    let mut held = BTreeSet::new();
    for table in dictionary.tables() {
        let items = phone.device().by_table(&TableName::clone(&table.name)).expect("a phone can read its own lists");
        for item in items {
            held.insert(item.document.clone());
            let shown: BTreeMap<_, Value> = item.fields;
            if truth.records.get(&item.document.sys_id).is_some_and(|record| record.fields != shown) {
                broken.push(format!("{} shows other fields than the server", item.document));
            }
        }
    }
    broken.extend(held.difference(wanted).map(|id| format!("{id} is on the phone and out of its scope")));
    broken.extend(wanted.difference(&held).map(|id| format!("{id} is in scope and not on the phone")));
    for id in held.intersection(wanted) {
        let view = phone.device().record(id).expect("a phone can read its own records");
        let shown = view.and_then(|view| view.details).map(|details| details.digest());
        if truth.projections.get(id).map(Projection::digest) != shown {
            broken.push(format!("{id} means something else on the phone than its edits say"));
        }
    }
    broken
}
