//! Cases for customers who have not called yet: an incident on an item concerns whoever has it, or what needs it, installed and is
//! entitled to help.
//!
//! Each customer is given one case for one incident, however often it is asked for. When the incident is resolved its cases are
//! offered that; what the desk wrote to resolve it is for the desk and stays there.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Value};

use super::customers::{INSTALLED, one_of};
use super::entitlements::choice;
use crate::call::{Call, Changed};
use crate::cases::CASES;
use crate::cmdb::impact::{Way, reached};
use crate::named::sys_id_of;
use crate::table::{self, Input, Result, TableError};

const INCIDENTS: &str = "incident";
/// Whether incidents open cases by themselves.
const SETTING: &str = "csm.proactive.enabled";
const ROLES: [&str; 3] = ["itil", "case_agent", "case_manager"];
/// What an incident is about.
const ABOUT: [&str; 3] = ["cmdb_ci", "business_service", "service_offering"];
/// Customers of one incident.
const MOST_CUSTOMERS: usize = 1_000;
const CODE: &str = "Solved with its incident";
const OVER: &str = "The disturbance we told you of is over. Please tell us if you still notice it.";

/// Opens cases for the entitled customers whom an incident concerns; answers those that are new.
///
/// # Errors
/// When there is no such incident for the caller, or the caller may not.
pub fn open(call: &mut Call<'_>, incident: SysId) -> Result<Vec<Record>> {
    let incident = table::read(call, INCIDENTS, incident)?;
    table::only(call, &ROLES, &incident.id, "may open cases for others")?;
    call.implied(|call| open_all(call, &incident))
}

fn open_all(call: &mut Call<'_>, incident: &Record) -> Result<Vec<Record>> {
    let mut made = Vec::new();
    for (customer, installed) in concerned(call, incident)?.into_iter().take(MOST_CUSTOMERS) {
        let id = DocumentId::new(CASES, sys_id_of(format!("proactive/{}/{customer}", incident.id)));
        if call.exists(&id)? || choice::best(&choice::weigh_all(call, &as_a_case(&installed))?).is_none() {
            continue;
        }
        made.push(table::create(call, CASES, &said(incident, &installed, id.sys_id))?.record);
    }
    Ok(made)
}

/// Who has installed what an incident is about, or anything that needs it, and what of it.
fn concerned(call: &Call<'_>, incident: &Record) -> Result<BTreeMap<SysId, Record>> {
    let about: BTreeSet<SysId> = ABOUT.iter().filter_map(|field| incident.reference(field)).collect();
    let mut affected = about.clone();
    affected.extend(reached(call, &about, Way::Up)?.into_keys());
    let active = Filter::equals("active", true);
    let mut concerned = BTreeMap::new();
    for installed in call.rows(INSTALLED, &one_of("configuration_item", &affected).and(active))? {
        let customer = installed.reference("consumer").or_else(|| installed.reference("account"));
        if let Some(customer) = customer {
            concerned.entry(customer).or_insert(installed);
        }
    }
    Ok(concerned)
}

/// What an entitlement is looked for by, before there is a case.
fn as_a_case(installed: &Record) -> Record {
    let mut case = Record::new(DocumentId::new(CASES, installed.id.sys_id));
    for field in ["account", "consumer", "product", "asset"] {
        case.set(field, installed.get(field).cloned());
    }
    case.set("install_base", Some(Value::Reference(installed.id.sys_id)));
    case.set("contact_type", Some(Value::text("monitoring")));
    case
}

/// What a customer's case says. The title is the item's, because an incident's is the desk's.
fn said(incident: &Record, installed: &Record, id: SysId) -> Input {
    let title: String = format!("Disturbance of {}", installed.text("name")).chars().take(160).collect();
    let priority = incident.get("priority").map(ToString::to_string).filter(|priority| priority != "5");
    Input::of(&[
        ("sys_id", &id.to_string()),
        ("short_description", &title),
        ("priority", priority.as_deref().unwrap_or("4")),
        ("install_base", &installed.id.sys_id.to_string()),
        ("incident", &incident.id.sys_id.to_string()),
        ("contact_type", "monitoring"),
    ])
}

impl Call<'_> {
    /// Opens the cases of an incident where that is wanted, and offers them its end.
    pub(crate) fn tell_customers(&mut self, changed: &Changed) -> crate::error::Result<()> {
        let incident = &changed.projection.record;
        if incident.id.table != *INCIDENTS || self.pending.imported.contains(&incident.id) {
            return Ok(());
        }
        let why = format!("{} says so", incident.text("number"));
        if changed.arrived() == Some("resolved") {
            for case in self.cases_of_incident(incident.id.sys_id)? {
                self.because(why.clone(), |call| call.propose_solution(&case, CODE, OVER))?;
            }
        }
        let is_news = changed.before.is_none() || changed.turned(&ABOUT);
        let is_about_something = ABOUT.iter().any(|field| incident.get(field).is_some());
        if !is_news || !is_about_something || self.property(SETTING)?.as_deref() != Some("true") {
            return Ok(());
        }
        match self.because(why, |call| call.implied(|call| open_all(call, incident))) {
            Err(TableError::Service(error)) => Err(error),
            // The incident stands whatever keeps a case from being opened.
            Err(problem) => {
                tracing::error!(incident = %incident.id, %problem, "cases for customers could not be opened");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }
}
