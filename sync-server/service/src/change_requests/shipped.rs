//! The records about changes an organisation begins with: where approvals lead, how risky what impact and probable success are, and
//! what scores are called. They are written once into a database, and are the organisation's own from then on: what it changes
//! or deletes stays so.

use fieldline_model::{DocumentId, Record, Timestamp, Value};
use rand_core::Rng;

use crate::error::Result;
use crate::named::sys_id_of;
use crate::server::Server;

/// The setting that says they were written.
const WRITTEN: &str = "shipped_change_records";

/// Approval policies: name, state, where approval leads, where rejection leads.
const POLICIES: [(&str, i64, i64, i64); 2] = [("Assess", -4, -3, -5), ("Authorize", -3, -2, -5)];
/// Risk by impact and probable success.
const RISKS: [(i64, &str, i64); 9] = [
    (1, "low", 1),
    (1, "medium", 2),
    (1, "high", 3),
    (2, "low", 2),
    (2, "medium", 3),
    (2, "high", 4),
    (3, "low", 3),
    (3, "medium", 4),
    (3, "high", 4),
];
/// Ratings: name, from how many points, how probable success is.
const RATINGS: [(&str, Option<i64>, &str); 4] =
    [("Low", None, "low"), ("Medium", Some(0), "medium"), ("High", Some(15), "high"), ("Excellent", Some(30), "high")];

impl Server {
    /// Writes the records into a database that never had them.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn ship_records(&self, now: Timestamp, rng: &mut dyn Rng) -> Result<()> {
        if self.storage().read()?.setting(WRITTEN)?.is_some() {
            return Ok(());
        }
        self.write(&self.system(), now, rng, |call| {
            records().into_iter().try_for_each(|row| call.put_row(row))?;
            call.tx.remove_job(super::risk::KIND)?;
            Ok(call.tx.put_setting(WRITTEN, &[1])?)
        })
    }
}

fn records() -> Vec<Record> {
    let policies = POLICIES.iter().map(|(name, state, approved, rejected)| {
        row(
            "chg_policy_approval",
            name,
            &[
                ("name", Value::text(*name)),
                ("active", Value::Boolean(true)),
                ("order", Value::Integer(100)),
                ("execution", Value::text("first_decision")),
                ("state", Value::Integer(*state)),
                ("approved_state", Value::Integer(*approved)),
                ("rejected_state", Value::Integer(*rejected)),
            ],
        )
    });
    let risks = RISKS.iter().map(|(impact, probability, risk)| {
        row(
            "sn_chg_probability_risk_lookup",
            &format!("{impact}/{probability}"),
            &[
                ("active", Value::Boolean(true)),
                ("impact", Value::Integer(*impact)),
                ("success_probability", Value::text(*probability)),
                ("risk", Value::Integer(*risk)),
            ],
        )
    });
    let ratings = RATINGS.iter().map(|(name, from, probability)| {
        let mut row = row(
            "chg_success_score_rating",
            name,
            &[("rating", Value::text(*name)), ("success_probability", Value::text(*probability))],
        );
        row.set("greater_than_or_equal", from.map(Value::Integer));
        row
    });
    policies.chain(risks).chain(ratings).chain([turn_is_near()]).collect()
}

/// Who is told that a board will soon talk about their change.
fn turn_is_near() -> Record {
    let message = "{{cab_meeting.name}} will soon talk about {{task.number}}, {{short_description}}. \
                   Conference: {{cab_meeting.conference_details}}";
    row(
        "sysevent_email_action",
        "CAB agenda",
        &[
            ("name", Value::text("CAB agenda item is up soon")),
            ("active", Value::Boolean(true)),
            ("order", Value::Integer(100)),
            ("collection", Value::text("cab_agenda_item")),
            ("type", Value::text("email")),
            ("action_update", Value::Boolean(true)),
            ("condition", Value::text("notifiedVALCHANGES^notifiedISNOTEMPTY")),
            ("recipient_fields", Value::text("task.assigned_to,task.requested_by")),
            ("subject", Value::text("{{task.number}} is up soon at {{cab_meeting.name}}")),
            ("message", Value::text(message)),
        ],
    )
}

/// A record whose identity is the same in every database.
fn row(table: &str, name: &str, fields: &[(&str, Value)]) -> Record {
    let id = sys_id_of(format!("shipped/{table}/{name}"));
    let mut row = Record::new(DocumentId::new(table, id));
    fields.iter().for_each(|(field, value)| row.set(*field, Some(value.clone())));
    row
}
