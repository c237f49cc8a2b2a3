//! Who is on call, and how they are told of what cannot wait.
//!
//! * `rota.rs` reads shifts (`cmn_rota`), their rosters and members, and says who has a turn at a moment; `rotation.rs` counts turns.
//!   Who covers has the turn of whoever it is; whose turn it is and who is away is stood in for by the next member who is there,
//!   because somebody must be.
//! * `time_off.rs` lets time off and cover follow from an approved proposal.
//! * `policy.rs` says in which steps a shift escalates, `escalation.rs` takes them until somebody takes the task.
//!
//! Times of a rotation are what clocks show where the shift's schedule is; time off and cover are moments. Left out: voice, SMS and
//! chat, people's own preferences of how to be told, shift templates, and reminders of a turn that is about to begin.
//!
//! Source: ServiceNow "On-Call Scheduling": definitions of terms, rosters, escalation and reminder settings, escalation policies.

mod escalation;
mod policy;
pub mod rota;
pub mod rotation;
pub(crate) mod time_off;

use fieldline_model::{SysId, Timestamp};

use crate::call::Call;
use crate::table::{self, Result};

pub use escalation::acknowledge;
pub(crate) use escalation::{KIND, ring};

pub(crate) const SHIFTS: &str = "cmn_rota";
const ROSTERS: &str = "cmn_rota_roster";
const MEMBERS: &str = "cmn_rota_member";
pub(crate) const SPANS: &str = "roster_schedule_span";
pub(crate) const PROPOSALS: &str = "roster_schedule_span_proposal";
pub(crate) const POLICIES: &str = "cmn_rota_escalation_set";
const STEPS: &str = "cmn_rota_esc_step_def";
const ESCALATIONS: &str = "on_call_escalation";
const ATTEMPTS: &str = "on_call_escalation_con_attempt";

/// Somebody who is on call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCall {
    /// The group.
    pub group: SysId,
    /// The shift, and what people call it.
    pub rota: (SysId, String),
    /// The roster, and what people call it.
    pub roster: (SysId, String),
    /// 1 is the primary roster.
    pub level: usize,
    /// Who it is; `None` when a roster has nobody.
    pub user: Option<SysId>,
    /// Whose turn it would have been.
    pub instead_of: Option<SysId>,
}

/// Who is on call at a moment, for one group or all of them, by shift and roster.
///
/// # Errors
/// When the caller may not read shifts, or the database fails.
pub fn on_call(call: &Call<'_>, group: Option<SysId>, at: Timestamp) -> Result<Vec<OnCall>> {
    let declared = table::declared(call, SHIFTS)?;
    table::only(call, &declared.read, SHIFTS, "may know who is on call")?;
    let mut all = Vec::new();
    for rota in call.rotas(group)?.iter().filter(|rota| rota.is_on(at)) {
        for (level, roster) in (1..).zip(&rota.rosters) {
            let (duty, _) = rota.duty(roster, at);
            all.push(OnCall {
                group: rota.group,
                rota: (rota.id, rota.name.clone()),
                roster: (roster.id, roster.name.clone()),
                level,
                user: duty.map(|duty| duty.user),
                instead_of: duty.and_then(|duty| duty.instead_of),
            });
        }
    }
    Ok(all)
}
