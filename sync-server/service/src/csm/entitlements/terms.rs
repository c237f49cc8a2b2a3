//! The states of entitlements and contracts: which follows which, what begins and ends at its moment, and what an entitlement does
//! with its contract.
//!
//! A draft with a start begins by itself, what is active ends by itself. A contract that begins, is suspended, resumed, cancelled or
//! over takes its entitlements with it; those with a later start of their own wait for it.

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId, Timestamp, Value};
use fieldline_storage::Job;

use super::units;
use super::{CONTRACTS, ENTITLEMENTS};
use crate::call::Call;
use crate::table::{self, Result, TableError};

/// The jobs of entitlements and contracts.
pub(crate) const KIND: &str = "entitlement";
const STATE: &str = "state";

/// Which states follow a state.
const FOLLOW: [(&str, &[&str]); 5] = [
    ("draft", &["active", "expired", "cancelled"]),
    ("active", &["suspended", "expired", "cancelled"]),
    ("suspended", &["active", "expired", "cancelled"]),
    ("expired", &["active"]),
    ("cancelled", &[]),
];

/// The fields that say from when and until when a row is in force.
fn span(row: &Record) -> (Option<Timestamp>, Option<Timestamp>) {
    let (from, until) = if row.id.table == *CONTRACTS { ("starts", "ends") } else { ("start_date", "end_date") };
    (row.time(from), row.time(until))
}

/// Why an entitlement or a contract binds nobody at a moment, if it does not.
pub(crate) fn not_in_force(row: &Record, now: Timestamp) -> Option<String> {
    let state = row.text(STATE);
    match span(row) {
        _ if state != "active" => Some(format!("is {state}")),
        (Some(from), _) if now < from => Some(format!("begins at {from}")),
        (_, Some(until)) if until <= now => Some(format!("ended at {until}")),
        _ => None,
    }
}

/// Judges an entitlement or a contract before it is written, and works out what else it says.
///
/// # Errors
/// When it cannot go where it is sent; says where it can.
pub(in crate::csm) fn prepare(call: &Call<'_>, before: Option<&Record>, row: &mut Record) -> Result<()> {
    if let (Some(from), Some(until)) = span(row)
        && until <= from
    {
        return Err(TableError::invalid(&row.id, None, "ends before it begins; swap the two moments"));
    }
    if let Some(before) = before.filter(|before| before.text(STATE) != row.text(STATE)) {
        check_step(call, before, row)?;
    }
    row.set("active", Some(Value::Boolean(row.text(STATE) == "active")));
    if row.id.table == *ENTITLEMENTS {
        units::count(call, row)?;
    }
    Ok(())
}

fn check_step(call: &Call<'_>, before: &Record, row: &Record) -> Result<()> {
    let (from, to) = (before.text(STATE), row.text(STATE));
    let invalid = |field: &str, problem: String| Err(TableError::invalid(&row.id, Some(&field.into()), problem));
    let next = FOLLOW.iter().find(|(state, _)| *state == from).map_or(&[][..], |(_, next)| next);
    if !next.contains(&to) {
        let offered =
            if next.is_empty() { "nothing follows it".into() } else { format!("use one of {}", next.join(", ")) };
        return invalid(STATE, format!("\"{to}\" does not follow \"{from}\"; {offered}"));
    }
    let is_over = span(row).1.is_some_and(|until| until <= call.now);
    if to == "active" && is_over {
        return invalid(STATE, "its end has passed; give it a later one, or renew it".into());
    }
    let asks_why = matches!(to, "suspended" | "cancelled") && row.id.table == *CONTRACTS;
    if asks_why && row.text("state_reason").is_empty() {
        return invalid("state_reason", "says why a contract is suspended or cancelled; send it along".into());
    }
    Ok(())
}

/// Does what follows from an entitlement or a contract that was written: its next moment, and a contract's entitlements.
///
/// # Errors
/// When the database fails.
pub(in crate::csm) fn written(call: &mut Call<'_>, before: Option<&Record>, row: &Record) -> Result<()> {
    match next(row) {
        Some((at, _)) => call.put_job(&Job::of(KIND, row.id.sys_id, at))?,
        None => drop(call.tx.remove_job(&Job::name_of(KIND, row.id.sys_id))?),
    }
    let went = before.filter(|before| before.text(STATE) != row.text(STATE));
    match went.filter(|_| row.id.table == *CONTRACTS) {
        Some(before) => take_along(call, before.text(STATE), row),
        None => Ok(()),
    }
}

/// When something happens to a row by itself, and which state it goes to.
fn next(row: &Record) -> Option<(Timestamp, &'static str)> {
    let (from, until) = span(row);
    match row.text(STATE) {
        "draft" => Some((from?, "active")),
        "active" | "suspended" => Some((until?, "expired")),
        _ => None,
    }
}

/// Lets the entitlements of a contract go where it went.
fn take_along(call: &mut Call<'_>, was: &str, contract: &Record) -> Result<()> {
    let (from, to): (&[&str], _) = match (was, contract.text(STATE)) {
        (_, "suspended") => (&["active"], "suspended"),
        ("suspended", "active") => (&["suspended"], "active"),
        ("draft", "active") => (&["draft"], "active"),
        (_, "expired") => (&["active", "suspended"], "expired"),
        (_, "cancelled") => (&["draft", "active", "suspended"], "cancelled"),
        _ => return Ok(()),
    };
    let why = format!("its contract {} is {}", contract.text("number"), contract.text(STATE));
    for entitlement in call.rows(ENTITLEMENTS, &Filter::equals("contract", contract.id.sys_id))? {
        let (begins, ends) = span(&entitlement);
        let waits = to == "active" && begins.is_some_and(|begins| call.now < begins);
        if from.contains(&entitlement.text(STATE)) && !waits {
            let is_over = to == "active" && ends.is_some_and(|ends| ends <= call.now);
            let to = if is_over { "expired" } else { to };
            call.because(why.clone(), |call| go(call, &entitlement, to))?;
        }
    }
    Ok(())
}

/// Takes a row to a state, with everything that follows from it.
fn go(call: &mut Call<'_>, before: &Record, state: &str) -> Result<()> {
    let mut row = before.clone();
    row.set(STATE, Some(Value::text(state)));
    prepare(call, Some(before), &mut row)?;
    call.put_row(row.clone())?;
    written(call, Some(before), &row)
}

/// Lets happen to an entitlement or a contract what its moment has come for.
///
/// # Errors
/// When the database fails.
pub(crate) fn come(call: &mut Call<'_>, job: &Job) -> Result<()> {
    call.tx.remove_job(&job.name)?;
    for table in [ENTITLEMENTS, CONTRACTS] {
        let row = call.referred(table, job.record())?;
        let Some(row) = row else { continue };
        let Some((_, state)) = next(&row).filter(|(at, _)| *at <= call.now) else { return written(call, None, &row) };
        // A draft whose whole time went by while nobody looked never was in force.
        let is_over = state == "active" && span(&row).1.is_some_and(|until| until <= call.now);
        let state = if is_over { "expired" } else { state };
        return call.because("its moment came".into(), |call| go(call, &row, state));
    }
    Ok(())
}

/// Renews a contract: a new one goes on where it ends, with a copy of its entitlements that have all their units again.
///
/// # Errors
/// When the caller may not, the contract is neither active nor over, or was renewed already.
pub fn renew(call: &mut Call<'_>, contract: SysId, until: Timestamp) -> Result<Record> {
    let old = table::read(call, CONTRACTS, contract)?;
    let invalid = |field: &str, problem: String| Err(TableError::invalid(&old.id, Some(&field.into()), problem));
    if !matches!(old.text(STATE), "active" | "expired") {
        return invalid(STATE, format!("is {}; only what is active or expired is renewed", old.text(STATE)));
    }
    if let Some(newer) = call.rows(CONTRACTS, &Filter::equals("parent", old.id.sys_id))?.first() {
        return invalid("parent", format!("was renewed already, as {}", newer.text("number")));
    }
    let from = span(&old).1.map_or(call.now, |ended| ended.max(call.now));
    let root = old.reference("renewal_root").unwrap_or(old.id.sys_id);
    let id = call.new_sys_id();
    let moments = [("starts", from), ("ends", until)];
    let also = [("parent", Value::Reference(old.id.sys_id)), ("renewal_root", Value::Reference(root))];
    let new = copied(call, &old, id, moments, &also)?;
    for entitlement in call.rows(ENTITLEMENTS, &Filter::equals("contract", old.id.sys_id))? {
        if entitlement.text(STATE) == "cancelled" {
            continue;
        }
        let (id, moments) = (call.new_sys_id(), [("start_date", from), ("end_date", until)]);
        copied(call, &entitlement, id, moments, &[("contract", Value::Reference(new.id.sys_id))])?;
    }
    Ok(new)
}

/// Writes a copy of a row for another time, in force if that has begun.
fn copied(
    call: &mut Call<'_>,
    of: &Record,
    id: SysId,
    moments: [(&'static str, Timestamp); 2],
    also: &[(&'static str, Value)],
) -> Result<Record> {
    let state = if moments[0].1 <= call.now { "active" } else { "draft" };
    let declared = table::declared(call, of.id.table.as_str())?;
    let left_out = ["number", "state_reason", "remaining_units", "active"];
    let kept = |name: &str| !name.starts_with("sys_") && !left_out.contains(&name) && declared.field(name).is_some();
    let texts = of.fields.iter().filter(|(name, _)| kept(name.as_str()));
    let mut input = table::Input {
        fields: texts.map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        as_displayed: false,
    };
    let also = also.iter().map(|(name, value)| (*name, value.to_string()));
    let moments = moments.iter().map(|(name, at)| (*name, Value::Time(*at).to_string()));
    let own = [("state", state.to_owned()), ("sys_id", id.to_string())];
    input.fields.extend(also.chain(moments).chain(own).map(|(name, text)| (name.to_owned(), text)));
    Ok(table::create(call, of.id.table.as_str(), &input)?.record)
}

#[cfg(test)]
mod tests {
    use fieldline_model::DocumentId;

    use super::*;

    fn row(table: &str, state: &str) -> Record {
        let mut row = Record::new(DocumentId::new(table, SysId([1; 16])));
        row.set(STATE, Some(Value::text(state)));
        let (from, until) = if table == CONTRACTS { ("starts", "ends") } else { ("start_date", "end_date") };
        row.set(from, Some(Value::Time(Timestamp(10))));
        row.set(until, Some(Value::Time(Timestamp(20))));
        row
    }

    #[test]
    fn what_waits_begins_what_is_in_force_ends_and_what_is_over_stays() {
        for table in [CONTRACTS, ENTITLEMENTS] {
            assert_eq!(next(&row(table, "draft")), Some((Timestamp(10), "active")));
            assert_eq!(next(&row(table, "active")), Some((Timestamp(20), "expired")));
            assert_eq!(next(&row(table, "suspended")), Some((Timestamp(20), "expired")));
            assert_eq!(next(&row(table, "cancelled")), None);
        }
        let mut open = row(CONTRACTS, "active");
        open.set("ends", None);
        assert_eq!(next(&open), None, "what has no end does not end by itself");
    }
}
