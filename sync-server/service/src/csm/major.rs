//! Major cases: one case that stands for many. An agent proposes it, a manager accepts it, and every customer it concerns is given a
//! case of their own below it. What the house says on it and the solution it proposes go to those; whether they are content each
//! customer says for themselves.
//!
//! Who it concerns is a list of recipients, and whoever has the product or the item installed that the case is about.
//!
//! Source: ServiceNow "Major issue management".

use std::collections::BTreeSet;

use fieldline_documents::{Act, EditId};
use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId};

use super::customers::{ACCOUNTS, CONSUMERS, INSTALLED};
use crate::author::Authored;
use crate::call::{Call, Changed};
use crate::cases::CASES;
use crate::named::sys_id_of;
use crate::table::{self, Input, Result, TableError};

const STATE: &str = "major_case_state";
const AGENTS: [&str; 2] = ["case_agent", "case_manager"];
const MANAGERS: [&str; 1] = ["case_manager"];
/// Customers of one major case; more are told by other means.
pub const MOST_RECIPIENTS: usize = 1_000;
/// What children take over from their parent when they are made.
const TAKEN_OVER: [&str; 8] = [
    "short_description",
    "description",
    "category",
    "subcategory",
    "priority",
    "product",
    "cmdb_ci",
    "business_service",
];

/// Whom a major case concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipients {
    /// Accounts.
    pub accounts: BTreeSet<SysId>,
    /// Consumers.
    pub consumers: BTreeSet<SysId>,
    /// Whether also whoever has its product or its configuration item installed.
    pub installed: bool,
}

/// Proposes a case as a major one.
///
/// # Errors
/// When the caller may not, or the case is past that.
pub fn propose(call: &mut Call<'_>, case: SysId) -> Result<Record> {
    let case = of_role(call, case, &AGENTS)?;
    let is_open = matches!(call.stage_shown(&case), Some("new" | "open" | "awaiting_info"));
    if !is_open || matches!(case.text(STATE), "proposed" | "accepted") {
        let problem = "is proposed already, or solved; only a case that is worked on becomes a candidate";
        return Err(TableError::invalid(&case.id, Some(&STATE.into()), problem));
    }
    decided(call, &case, "proposed")
}

/// Refuses a candidate.
///
/// # Errors
/// When the caller may not, or the case is no candidate.
pub fn reject(call: &mut Call<'_>, case: SysId) -> Result<Record> {
    let case = candidate(call, case)?;
    decided(call, &case, "rejected")
}

/// Makes a candidate a major case and gives every customer it concerns a case below it; answers those that are new. May be called
/// again with more recipients.
///
/// # Errors
/// When the caller may not, the case is no candidate, there is no such recipient, or there are too many.
pub fn accept(call: &mut Call<'_>, case: SysId, recipients: &Recipients) -> Result<Vec<Record>> {
    let case = of_role(call, case, &MANAGERS)?;
    let case = match case.text(STATE) {
        "accepted" => case,
        _ => {
            let candidate = candidate(call, case.id.sys_id)?;
            decided(call, &candidate, "accepted")?
        }
    };
    let concerned = concerned(call, &case, recipients)?;
    if concerned.len() > MOST_RECIPIENTS {
        let problem = format!("{} customers are too many, at most {MOST_RECIPIENTS} are told at once", concerned.len());
        return Err(TableError::invalid(&case.id, None, problem));
    }
    let mut made = Vec::new();
    for customer in &concerned {
        made.extend(child(call, &case, customer)?);
    }
    Ok(made)
}

fn of_role(call: &Call<'_>, case: SysId, roles: &[&str]) -> Result<Record> {
    let case = table::read(call, CASES, case)?;
    table::only(call, roles, &case.id, "may decide about major cases")?;
    Ok(case)
}

fn candidate(call: &Call<'_>, case: SysId) -> Result<Record> {
    let case = of_role(call, case, &MANAGERS)?;
    if case.text(STATE) == "proposed" {
        return Ok(case);
    }
    Err(TableError::invalid(&case.id, Some(&STATE.into()), "is no candidate; propose it first"))
}

fn decided(call: &mut Call<'_>, case: &Record, state: &str) -> Result<Record> {
    call.implied(|call| table::update(call, CASES, case.id.sys_id, &Input::of(&[(STATE, state)]))).map(|one| one.record)
}

/// A customer who is given a case: the account or the consumer, and what of theirs it is about.
struct Concerned {
    field: &'static str,
    id: SysId,
    installed: Option<SysId>,
}

fn concerned(call: &Call<'_>, case: &Record, recipients: &Recipients) -> Result<Vec<Concerned>> {
    let mut found = Vec::new();
    if recipients.installed {
        for item in installed(call, case)? {
            let whose = [("consumer", item.reference("consumer")), ("account", item.reference("account"))];
            let whose = whose.into_iter().find_map(|(field, id)| Some((field, id?)));
            found.extend(whose.map(|(field, id)| Concerned { field, id, installed: Some(item.id.sys_id) }));
        }
    }
    for (field, table, ids) in
        [("account", ACCOUNTS, &recipients.accounts), ("consumer", CONSUMERS, &recipients.consumers)]
    {
        for id in ids {
            if call.row(&DocumentId::new(table, *id))?.is_none() {
                return Err(TableError::NotFound(format!("{table}/{id}")));
            }
            found.push(Concerned { field, id: *id, installed: None });
        }
    }
    let own = [case.reference("account"), case.reference("consumer")];
    let mut seen: BTreeSet<SysId> = own.into_iter().flatten().collect();
    found.retain(|one| seen.insert(one.id));
    Ok(found)
}

/// What is installed of a case's product or configuration item.
fn installed(call: &Call<'_>, case: &Record) -> Result<Vec<Record>> {
    let about = [("product", "product"), ("cmdb_ci", "configuration_item")];
    let about = about.into_iter().filter_map(|(field, named)| Some(Filter::equals(named, case.reference(field)?)));
    let active = Filter::equals("active", true);
    Ok(call.rows(INSTALLED, &Filter::Any(about.collect()).and(active))?)
}

/// Makes a customer's case below a major one, unless there is one.
fn child(call: &mut Call<'_>, parent: &Record, customer: &Concerned) -> Result<Option<Record>> {
    let id = DocumentId::new(CASES, sys_id_of(format!("major/{}/{}", parent.id, customer.id)));
    if call.exists(&id)? {
        return Ok(None);
    }
    let taken = TAKEN_OVER.iter().filter_map(|field| Some(((*field).to_owned(), parent.get(field)?.to_string())));
    let mut input = Input { fields: taken.collect(), as_displayed: false };
    let own = [
        ("sys_id", Some(id.sys_id)),
        ("parent", Some(parent.id.sys_id)),
        (customer.field, Some(customer.id)),
        ("install_base", customer.installed),
    ];
    input.fields.extend(own.into_iter().filter_map(|(field, id)| Some((field.to_owned(), id?.to_string()))));
    input.fields.insert("contact_type".into(), "monitoring".into());
    Ok(Some(table::create(call, CASES, &input)?.record))
}

impl Call<'_> {
    /// Lets the cases below a major one hear what the house says on it, and be offered its solution.
    pub(super) fn lead_major_children(&mut self, changed: &Changed) -> crate::error::Result<()> {
        let parent = &changed.projection.record;
        let proposes = changed.arrived() == Some("resolved");
        if parent.text(STATE) != "accepted" || !proposes && changed.commented.is_empty() {
            return Ok(());
        }
        let words = self.said_by_the_house(changed)?;
        let open = Filter::equals("parent", parent.id.sys_id).and(Filter::equals("active", true));
        let why = format!("its major case {} went before", parent.text("number"));
        let (code, notes) = (parent.text("resolution_code"), parent.text("close_notes"));
        for child in self.rows(CASES, &open)? {
            self.because(why.clone(), |call| {
                for (author, text) in &words {
                    let (document, author, at) = (child.id.clone(), *author, call.now);
                    call.author(Authored { document, author, at, acts: vec![Act::Comment { text: text.clone() }] })?;
                }
                match proposes {
                    true => call.propose_solution(&child, code, notes),
                    false => Ok(()),
                }
            })?;
        }
        Ok(())
    }

    /// The comments of a change that are not the customer's.
    fn said_by_the_house(&self, changed: &Changed) -> crate::error::Result<Vec<(SysId, String)>> {
        let case = &changed.projection.record;
        let mut words = Vec::new();
        for comment in &changed.projection.comments {
            let edit = EditId { device: comment.device, epoch: comment.epoch, counter: comment.counter };
            let is_new = changed.commented.contains_key(&edit);
            if is_new && !self.speaks_for_customer(case, comment.by)? {
                words.push((comment.by, comment.what.text.clone()));
            }
        }
        Ok(words)
    }
}
