//! How a shift escalates: the steps of the first of its policies that holds for a task, else one roster after the other, or, where
//! there is one roster, one member after the other.

use fieldline_model::condition::{Filter, Query};
use fieldline_model::{DocumentId, Record, SysId, Timestamp};

use super::rota::{Rota, in_order, rosters_of};
use super::{POLICIES, STEPS};
use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;

/// One step of an escalation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// Who is told, each once.
    pub people: Vec<SysId>,
    /// How often they are reminded.
    pub reminders: u32,
    /// The minutes between reminders.
    pub minutes: u32,
    /// The minutes after the last reminder that an answer is waited for.
    pub wait_minutes: u32,
}

impl Call<'_> {
    /// The steps of a shift about a task, as they are at a moment.
    pub(super) fn steps(&self, rotas: &[Rota], rota: &Rota, task: &Record, at: Timestamp) -> Result<Vec<Step>> {
        let mut policies = self.rows(POLICIES, &Filter::equals("rota", rota.id).and(Filter::equals("active", true)))?;
        policies.sort_by_key(in_order);
        for policy in policies {
            let is_about = self.dictionary.is_a(task.id.table.as_str(), policy.text("table"));
            if is_about && self.holds(&Query::parse(policy.text("condition")).query, task) {
                return self.steps_of(&policy, rotas, rota, at);
            }
        }
        let alone = |people, roster: &super::rota::Roster| Step {
            people,
            reminders: roster.reminders,
            minutes: roster.minutes,
            wait_minutes: roster.minutes,
        };
        Ok(match &rota.rosters[..] {
            [only] => rota.duty(only, at).1.into_iter().map(|user| alone(vec![user], only)).collect(),
            rosters => {
                let on_duty = rosters.iter().filter_map(|roster| Some((roster, rota.duty(roster, at).0?)));
                on_duty.map(|(roster, duty)| alone(vec![duty.user], roster)).collect()
            }
        })
    }

    fn steps_of(&self, policy: &Record, rotas: &[Rota], rota: &Rota, at: Timestamp) -> Result<Vec<Step>> {
        let mut rows = self.rows(STEPS, &Filter::equals("escalation_set", policy.id.sys_id))?;
        rows.sort_by_key(|row| (number_field(row, "escalation_level").unwrap_or(1), row.id.sys_id));
        let rosters = rosters_of(rotas);
        let mut steps = Vec::with_capacity(rows.len());
        for row in &rows {
            let on_duty = row.references("rosters").into_iter().filter_map(|id| rosters.get(&id));
            let mut people: Vec<SysId> =
                on_duty.filter_map(|(rota, roster)| Some(rota.duty(roster, at).0?.user)).collect();
            for group in row.references("groups") {
                people.extend(self.members_of(group)?);
            }
            people.extend(row.references("users"));
            if row.says("group_manager") {
                people.extend(self.manager_of(rota.group)?);
            }
            let mut told = Vec::new();
            people.into_iter().for_each(|user| {
                if !told.contains(&user) {
                    told.push(user)
                }
            });
            let number = |field: &str, least| {
                number_field(row, field).and_then(|number| u32::try_from(number).ok()).unwrap_or(least).max(least)
            };
            steps.push(Step {
                people: told,
                reminders: number("reminders", 0),
                minutes: number("time_between_reminders", 1),
                wait_minutes: number("time_to_next_step", 1),
            });
        }
        Ok(steps)
    }

    /// Who manages a group.
    pub(crate) fn manager_of(&self, group: SysId) -> Result<Option<SysId>> {
        Ok(self.row(&DocumentId::new("sys_user_group", group))?.and_then(|group| group.reference("manager")))
    }
}
