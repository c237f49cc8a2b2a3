//! What happened from end to end, in one answer: a record, whatever it is linked with, and everything said and done on all of it.
//!
//! Links are the references between tasks and what tasks come from, whichever fields hold them, so a table that is added takes part
//! by referring. They are followed both ways, from a level to the next, until there is nothing more or [`MOST_RECORDS`] are found; a
//! record the asker does not see is neither told nor passed.
//!
//! A customer is told of a case what the portal tells; whoever works in the house may look at what that is.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_documents::Projection;
use fieldline_documents::journal::{Entry, Note};
use fieldline_model::condition::Filter;
use fieldline_model::{Dictionary, DocumentId, FieldType, Record, SysId, Table, TableName};
use fieldline_storage::Selection;
use serde::Serialize;

use crate::call::Call;
use crate::cases::CASES;
use crate::csm::customers::one_of;
use crate::csm::portal::cases;
use crate::moment::Moment;
use crate::table::{self, Result, TableError};

/// Records in one answer.
pub const MOST_RECORDS: usize = 100;
/// Entries in one answer; the newest of them.
pub const MOST_ENTRIES: usize = 1_000;
/// Beside tasks, what tells of contacts and of monitoring, where there is such a table.
const ALSO: [&str; 3] = ["interaction", BETWEEN, "em_alert"];
/// What only says that two others belong together: it is passed, and not told.
const BETWEEN: &str = "interaction_related_record";

/// For whom it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Whoever works on it: everything they see.
    Agent,
    /// Its customer: what is public.
    Customer,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// The records it is about, the one asked for first.
    pub records: Vec<Told>,
    /// How they are linked.
    pub links: Vec<Link>,
    /// What happened, oldest first.
    pub entries: Vec<Happened>,
    /// Whether there is more than is told.
    pub is_cut: bool,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Its table.
    pub table: TableName,
    /// Its identity.
    pub sys_id: SysId,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Where it stands.
    pub state: String,
}

/// That a field of one record names another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Link {
    /// The record that names.
    pub from: SysId,
    /// By which field.
    pub field: String,
    /// The record that is named.
    pub to: SysId,
}

/// Something that happened to a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Happened {
    /// When, by the clock of whoever did it.
    pub at: Moment,
    /// The record's number.
    pub number: String,
    /// `opened`, `comment`, `work_note`, `step`, `refused_step`, `file`, `arrived` or `ended`.
    pub kind: &'static str,
    /// Who.
    pub by: Option<String>,
    /// What was said or done.
    pub text: String,
}

/// Tells what happened to a record and all that is linked with it.
///
/// # Errors
/// When there is no such record for the caller, or a customer asks for more than customers are told.
pub fn timeline(call: &mut Call<'_>, table: &str, sys_id: SysId, audience: Audience) -> Result<Timeline> {
    let is_customer = call.caller.is_customer();
    match audience {
        Audience::Agent if is_customer => {
            let problem = "customers are told what is public; ask with audience=customer";
            Err(TableError::Denied { record: format!("{table}/{sys_id}"), problem: problem.into() })
        }
        Audience::Agent => {
            let first = table::read(call, table, sys_id)?;
            for_agents(call, first)
        }
        Audience::Customer => {
            let case = if is_customer { cases::own(call, sys_id)? } else { table::read(call, table, sys_id)? };
            if table != CASES {
                return Err(TableError::NotFound(format!("{table}/{sys_id}")));
            }
            for_customers(call, &case)
        }
    }
}

fn for_customers(call: &mut Call<'_>, case: &Record) -> Result<Timeline> {
    let told = cases::public_timeline(call, case)?;
    let entries = told.into_iter().map(|one| Happened {
        at: one.at,
        number: one.number,
        kind: one.kind,
        by: one.by,
        text: one.text,
    });
    Ok(Timeline { records: vec![shown(call, case)], links: Vec::new(), entries: entries.collect(), is_cut: false })
}

fn for_agents(call: &mut Call<'_>, first: Record) -> Result<Timeline> {
    let (records, links, mut is_cut) = Walk::from(call, first)?;
    let (between, records): (Vec<Record>, Vec<Record>) = records.into_iter().partition(|one| one.id.table == *BETWEEN);
    let between: BTreeSet<SysId> = between.iter().map(|one| one.id.sys_id).collect();
    let links = joined(links, &between);
    let told = records.iter().map(|record| shown(call, record)).collect();
    let mut entries = Vec::new();
    for record in &records {
        entries.extend(happened(call, record)?);
    }
    entries.sort_by_key(|entry| entry.at);
    is_cut |= entries.len() > MOST_ENTRIES;
    entries.drain(..entries.len().saturating_sub(MOST_ENTRIES));
    Ok(Timeline { records: told, links, entries, is_cut })
}

/// Links in which what only stands between two records is left out.
fn joined(links: BTreeSet<Link>, between: &BTreeSet<SysId>) -> Vec<Link> {
    let (through, mut direct): (Vec<Link>, Vec<Link>) =
        links.into_iter().partition(|link| between.contains(&link.from));
    for one in &through {
        let others = through.iter().filter(|other| other.from == one.from && other.field > one.field);
        direct.extend(others.map(|other| Link { from: one.to, field: BETWEEN.to_owned(), to: other.to }));
    }
    direct
}

fn shown(call: &Call<'_>, record: &Record) -> Told {
    let state = call.dictionary.table(record.id.table.as_str()).and_then(|table| table.field("state"));
    let state = state.zip(record.get("state")).map(|(field, value)| field.display(value));
    Told {
        table: record.id.table.clone(),
        sys_id: record.id.sys_id,
        number: record.text("number").to_owned(),
        title: record.text("short_description").to_owned(),
        state: state.unwrap_or_default(),
    }
}

/// A reference of one table to another of which stories are told.
struct Reference {
    table: TableName,
    field: String,
    to: TableName,
}

fn tells(dictionary: &Dictionary, table: &str) -> bool {
    dictionary.is_a(table, "task") || ALSO.iter().any(|also| dictionary.is_a(table, also))
}

/// The fields of a table that name records of which stories are told.
fn links_of<'t>(dictionary: &'t Dictionary, table: &'t Table) -> impl Iterator<Item = (&'t str, &'t TableName)> {
    let named = table.fields.iter().filter(|field| field.field_type == FieldType::Reference);
    let named = named.filter_map(|field| Some((field.name.as_str(), field.reference.as_ref()?)));
    named.filter(|(_, to)| tells(dictionary, to.as_str()))
}

/// Every link there may be, each at the topmost table that has it.
fn all_links(dictionary: &Dictionary) -> Vec<Reference> {
    let mut all = Vec::new();
    for table in dictionary.tables().filter(|table| tells(dictionary, table.name.as_str())) {
        let above = table.extends.as_ref().and_then(|above| dictionary.table(above.as_str()));
        let above = above.filter(|above| tells(dictionary, above.name.as_str()));
        for (field, to) in links_of(dictionary, table) {
            if above.is_none_or(|above| above.field(field).is_none()) {
                all.push(Reference { table: table.name.clone(), field: field.to_owned(), to: to.clone() });
            }
        }
    }
    all
}

/// Follows links from one level of records to the next.
struct Walk {
    links: Vec<Reference>,
    seen: BTreeSet<DocumentId>,
    found: Vec<Record>,
    followed: BTreeSet<Link>,
}

impl Walk {
    fn from(call: &Call<'_>, first: Record) -> Result<(Vec<Record>, BTreeSet<Link>, bool)> {
        let links = all_links(&call.dictionary);
        let seen = BTreeSet::from([first.id.clone()]);
        let mut walk = Self { links, seen, found: vec![first], followed: BTreeSet::new() };
        let mut from = 0;
        while from < walk.found.len() && walk.found.len() < MOST_RECORDS {
            let level = walk.found[from..].to_vec();
            from = walk.found.len();
            walk.name(call, &level)?;
            walk.named_by(call, &level)?;
        }
        let is_cut = walk.found.len() > MOST_RECORDS;
        walk.found.truncate(MOST_RECORDS);
        let kept: BTreeSet<SysId> = walk.found.iter().map(|record| record.id.sys_id).collect();
        walk.followed.retain(|link| kept.contains(&link.from) && kept.contains(&link.to));
        Ok((walk.found, walk.followed, is_cut))
    }

    /// What the records of a level name.
    fn name(&mut self, call: &Call<'_>, level: &[Record]) -> Result<()> {
        for record in level {
            let Some(table) = call.dictionary.shared(record.id.table.as_str()) else { continue };
            for (field, to) in links_of(&call.dictionary, &table) {
                let Some(id) = record.reference(field) else { continue };
                let Some(named) = call.tx.find(call.dictionary.family(to.as_str()), id)? else { continue };
                self.meet(call, record.id.sys_id, field, id, named)?;
            }
        }
        Ok(())
    }

    /// What names the records of a level, each table asked once.
    fn named_by(&mut self, call: &Call<'_>, level: &[Record]) -> Result<()> {
        let mut asked: BTreeMap<&TableName, Vec<(&str, BTreeSet<SysId>)>> = BTreeMap::new();
        for link in &self.links {
            let to = level.iter().filter(|record| call.dictionary.is_a(record.id.table.as_str(), link.to.as_str()));
            let ids: BTreeSet<SysId> = to.map(|record| record.id.sys_id).collect();
            if !ids.is_empty() {
                asked.entry(&link.table).or_default().push((&link.field, ids));
            }
        }
        let mut met = Vec::new();
        for (table, fields) in asked {
            let filter = Filter::Any(fields.iter().map(|(field, ids)| one_of(field, ids)).collect());
            let family = call.dictionary.family(table.as_str());
            // One more than is told says that there is more.
            let most = u32::try_from(MOST_RECORDS + 1).unwrap_or(u32::MAX);
            for record in call.tx.select(&Selection::of(family, &filter), most, 0)? {
                for (field, ids) in &fields {
                    let to = record.reference(field).filter(|to| ids.contains(to));
                    met.extend(to.map(|to| (record.id.sys_id, (*field).to_owned(), to, record.clone())));
                }
            }
        }
        met.into_iter().try_for_each(|(from, field, to, record)| self.meet(call, from, &field, to, record))
    }

    fn meet(&mut self, call: &Call<'_>, from: SysId, field: &str, to: SysId, record: Record) -> Result<()> {
        if !self.seen.contains(&record.id) {
            if !call.sees(&record)? {
                return Ok(());
            }
            self.seen.insert(record.id.clone());
            self.found.push(record);
        }
        self.followed.insert(Link { from, field: field.to_owned(), to });
        Ok(())
    }
}

/// What happened to one record.
fn happened(call: &mut Call<'_>, record: &Record) -> Result<Vec<Happened>> {
    let number = record.text("number").to_owned();
    let mut entries = Vec::new();
    let opened = ["opened_at", "sys_created_on"].into_iter().find_map(|field| Moment::of(record, field));
    if let Some(at) = opened {
        let by = ["opened_by", "sys_created_by"].into_iter().find_map(|field| record.reference(field));
        let (by, text) = (name(call, by)?, record.text("short_description").to_owned());
        entries.push(Happened { at, number: number.clone(), kind: "opened", by, text });
    }
    let table = table::declared(call, record.id.table.as_str())?;
    if table.kind == fieldline_model::dictionary::Kind::Document {
        let projection = call.projection(&record.id)?;
        entries.extend(said(call, &number, &projection)?);
        entries.extend(done(call, &number, &projection)?);
    }
    Ok(entries)
}

fn said(call: &Call<'_>, number: &str, projection: &Projection) -> Result<Vec<Happened>> {
    let mut entries = Vec::new();
    let journals: [(&'static str, &[Entry<Note>]); 2] =
        [("comment", &projection.comments), ("work_note", &projection.work_notes)];
    for (kind, journal) in journals {
        for entry in journal {
            let (by, text) = (name(call, Some(entry.by))?, entry.what.text.clone());
            entries.push(Happened { at: Moment(entry.at), number: number.to_owned(), kind, by, text });
        }
    }
    for file in &projection.attachments {
        let (by, text) = (name(call, Some(file.by))?, file.what.file_name.clone());
        entries.push(Happened { at: Moment(file.at), number: number.to_owned(), kind: "file", by, text });
    }
    Ok(entries)
}

fn done(call: &Call<'_>, number: &str, projection: &Projection) -> Result<Vec<Happened>> {
    let life_cycle = call.dictionary.life_cycle_of(projection.record.id.table.as_str());
    let label = |step: &str| {
        let rule = life_cycle.and_then(|life_cycle| life_cycle.step(step));
        rule.map_or_else(|| step.to_owned(), |rule| rule.label.clone())
    };
    let accepted = projection.accepted.iter().map(|step| (step, "step"));
    let refused = projection.refused.iter().map(|refused| (&refused.step, "refused_step"));
    let mut entries = Vec::new();
    for (step, kind) in accepted.chain(refused) {
        let reason = step.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let (by, text) = (name(call, Some(step.by))?, format!("{}{reason}", label(&step.name)));
        entries.push(Happened { at: Moment(step.at), number: number.to_owned(), kind, by, text });
    }
    Ok(entries)
}

/// What the house calls somebody.
fn name(call: &Call<'_>, user: Option<SysId>) -> Result<Option<String>> {
    let row = user.map(|user| call.tx.find(call.dictionary.family("sys_user"), user)).transpose()?.flatten();
    Ok(row.map(|row| row.text("name").to_owned()).filter(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_between_tasks_is_a_link_once() {
        let dictionary = Dictionary::shipped();
        let links = all_links(dictionary);
        let has =
            |table: &str, field: &str| links.iter().filter(|link| link.table == *table && link.field == field).count();
        for (table, field) in [
            ("task", "parent"),
            ("wm_order", "initiated_from"),
            ("incident", "problem_id"),
            ("incident", "caused_by"),
            ("sn_customerservice_case", "incident"),
            ("problem", "first_reported_by_task"),
        ] {
            assert_eq!(has(table, field), 1, "{table}.{field}");
        }
        assert_eq!(has("wm_task", "parent"), 0, "it is told by the field of task");
        assert!(
            links.iter().all(|link| link.to != *"cmdb_ci"),
            "an item is no link: everything of a site would be one story"
        );
    }

    #[test]
    fn what_stands_between_two_records_is_a_link_of_theirs() {
        let [interaction, case, order, row] = [1, 2, 3, 9].map(|number| SysId([number; 16]));
        let link = |from, field: &str, to| Link { from, field: field.to_owned(), to };
        let links = BTreeSet::from([
            link(row, "parent", interaction),
            link(row, "task", case),
            link(order, "initiated_from", case),
        ]);
        let joined = joined(links, &BTreeSet::from([row]));
        assert_eq!(joined, [link(order, "initiated_from", case), link(interaction, BETWEEN, case)]);
    }
}
