//! Who is told that somebody is not heard of, step by step: the buddy, dispatch, the people on call. A step with nobody is left out.

use fieldline_model::{Record, SysId};

use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;

/// More dispatchers than are told at once.
const MOST_TOLD: usize = 50;

impl Call<'_> {
    /// The steps there are for a task, each with people; empty where nobody can be told.
    pub(super) fn safety_steps(&self, task: &Record) -> Result<Vec<Vec<SysId>>> {
        let group = task.reference("dispatch_group").or_else(|| task.reference("assignment_group"));
        let buddy: Vec<SysId> = task.reference("buddy").into_iter().collect();
        let mut steps = vec![buddy, self.dispatchers(group)?, self.on_duty(group)?];
        let lost = task.reference("assigned_to");
        steps.iter_mut().for_each(|people| people.retain(|person| Some(*person) != lost));
        steps.retain(|people| !people.is_empty());
        Ok(steps)
    }

    /// The group that dispatches a task; every dispatcher where it has none, or an empty one.
    fn dispatchers(&self, group: Option<SysId>) -> Result<Vec<SysId>> {
        let mut people = group.map_or(Ok(Vec::new()), |group| self.members_of(group))?;
        if people.is_empty() {
            let all = self.rows_of_query("sys_user", "active=true^rolesLIKEwm_dispatcher")?;
            people = all.iter().map(|user| user.id.sys_id).collect();
        }
        people.truncate(MOST_TOLD);
        Ok(people)
    }

    /// Who is on call for the group now, else whoever manages it.
    fn on_duty(&self, group: Option<SysId>) -> Result<Vec<SysId>> {
        let Some(group) = group else { return Ok(Vec::new()) };
        let rotas = self.rotas(Some(group))?;
        let on = rotas.iter().filter(|rota| rota.is_on(self.now));
        let duties = on.flat_map(|rota| rota.rosters.iter().filter_map(|roster| rota.duty(roster, self.now).0));
        let mut people: Vec<SysId> = duties.map(|duty| duty.user).collect();
        if people.is_empty() {
            people.extend(self.manager_of(group)?);
        }
        Ok(people)
    }

    /// The people of the steps an alert has come through.
    pub(super) fn told_of(&self, alert: &Record, task: &Record) -> Result<Vec<SysId>> {
        let level = number_field(alert, "escalation_level").and_then(|level| usize::try_from(level).ok()).unwrap_or(0);
        let mut people: Vec<SysId> = self.safety_steps(task)?.into_iter().take(level).flatten().collect();
        people.sort_unstable();
        people.dedup();
        Ok(people)
    }
}
