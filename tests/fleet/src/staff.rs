//! What the office does about its people: it stocks their vans, takes a role away and gives it back.

use fieldline_model::{SysId, Timestamp};
use fieldline_service::table;
use rand_core::Rng;

use crate::dice::one_of;
use crate::office::{Office, input};
use crate::truth::OPEN;

/// The role without which a technician takes no steps.
const AGENT: &str = "wm_agent";
/// Models of parts in every van.
const MODELS: [SysId; 2] = [SysId([7; 16]), SysId([8; 16])];
/// How many of each are stocked in the morning.
pub const STOCKED: i64 = 12;

/// How long a visit may be open and not paused, of the hours of [`OPEN`].
pub const PROMISED_MILLISECONDS: i64 = 2 * 3_600_000;

/// A technician lost the role of one, or got it back.
#[derive(Debug, Clone, Copy)]
pub struct RoleChange {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub user: SysId,
    /// Whether the role is there from then on.
    pub is_agent: bool,
}

impl Office {
    /// Gives everybody a van: a stockroom of their own with some of each part.
    pub fn stock_the_vans(&mut self, now: Timestamp, rng: &mut dyn Rng) {
        for (number, user) in self.technicians.clone().into_iter().enumerate() {
            let kind = ("type", "field_agent".to_owned());
            let van = [("name", format!("Van {number}")), kind, ("manager", user.to_string())];
            let van = self.system_creates("alm_stockroom", &van, now, rng);
            for (kind, model) in MODELS.iter().enumerate() {
                let part = [
                    ("display_name", format!("Part {kind} in van {number}")),
                    ("stockroom", van.to_string()),
                    ("model", model.to_string()),
                    ("quantity", STOCKED.to_string()),
                    ("assigned_to", user.to_string()),
                ];
                self.system_creates("alm_asset", &part, now, rng);
            }
        }
    }

    /// Promises that no visit is open for long.
    pub fn promise_visits(&self, now: Timestamp, rng: &mut dyn Rng) {
        let hours = [("name", "Twice four hours a day".to_owned()), ("time_zone", "UTC".to_owned())];
        let hours = self.system_creates("cmn_schedule", &hours, now, rng);
        for (opens, closes) in OPEN {
            let span = [
                ("name", "Open".to_owned()),
                ("schedule", hours.to_string()),
                ("start_date_time", Timestamp(opens).to_string()),
                ("end_date_time", Timestamp(closes).to_string()),
                ("repeat_type", "daily".to_owned()),
            ];
            self.system_creates("cmn_schedule_span", &span, now, rng);
        }
        let promise = [
            ("name", "A visit is over in two hours".to_owned()),
            ("collection", "wm_task".to_owned()),
            ("schedule", hours.to_string()),
            ("pause_condition", "sub_state=paused".to_owned()),
            ("duration", Timestamp(PROMISED_MILLISECONDS).to_string()),
            ("start_condition", "active=true".to_owned()),
            ("stop_condition", "active=false".to_owned()),
            ("when_to_cancel", "never".to_owned()),
        ];
        self.system_creates("contract_sla", &promise, now, rng);
    }

    /// Takes the role from somebody, or gives it back to whoever is without.
    pub fn change_a_role(&mut self, now: Timestamp, rng: &mut dyn Rng) -> String {
        let latest = |user: &SysId| self.role_changes.iter().rev().find(|change| change.user == *user);
        let without = |user: &&SysId| latest(user).is_some_and(|change| !change.is_agent);
        let back = self.technicians.iter().find(without).copied();
        let Some(user) = back.or_else(|| one_of(rng, &self.technicians).copied()) else {
            return "has no people".into();
        };
        let is_agent = back.is_some();
        let roles = if is_agent { AGENT } else { "" };
        let roles = input(&[("roles", roles.to_owned())]);
        let system = self.server().system();
        let changed =
            self.server().write(&system, now, rng, |call| table::update(call, "sys_user", user.to_owned(), &roles));
        changed.unwrap_or_else(|error| panic!("the office cannot change roles: {error}"));
        self.role_changes.push(RoleChange { at: now, user, is_agent });
        if is_agent { "gives a role back".into() } else { "takes a role away".into() }
    }
}
