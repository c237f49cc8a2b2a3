//! Finds what stands in the way of a change at the time it is planned.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::{Filter, Query};
use fieldline_model::{Record, SysId, Timestamp};

use super::settings::Settings;
use super::spans::Span;
use super::windows::{Says, Window, Windows};
use super::{Conflict, planned};
use crate::call::Call;
use crate::change_requests::CHANGES;
use crate::change_requests::affected::items_of;
use crate::cmdb::impact::{self, Way};
use crate::question::Question;
use crate::table::Result;

/// How an item stands to the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Near {
    /// It is changed.
    Own,
    /// It needs what is changed.
    Parent,
    /// It is needed by what is changed.
    Child,
}

impl Near {
    fn prefix(self) -> &'static str {
        match self {
            Self::Own => "",
            Self::Parent => "parent_",
            Self::Child => "child_",
        }
    }

    /// Whether schedules of this kind are looked at for such items.
    pub fn is_wanted(self, settings: &Settings, kind: &str) -> bool {
        match self {
            Self::Own => settings.says(if kind == "window" { "currentwindow" } else { kind }),
            Self::Parent => settings.says(&format!("relatedparent{kind}")),
            Self::Child => settings.says(&format!("relatedchild{kind}")),
        }
    }
}

/// What there is to look at.
pub(super) struct Look<'l, 'c, 's> {
    pub call: &'l Call<'c>,
    pub settings: &'s Settings,
    pub windows: &'s Windows,
}

impl Look<'_, '_, '_> {
    /// The items a change is about, and those next to them.
    pub fn items(&self, own: &BTreeSet<SysId>) -> Result<BTreeMap<SysId, Near>> {
        let mut items: BTreeMap<SysId, Near> = BTreeMap::new();
        for (near, way) in [(Near::Parent, Way::Up), (Near::Child, Way::Down)] {
            for item in impact::neighbours(self.call, own, way)? {
                items.entry(item).or_insert(near);
            }
        }
        items.extend(own.iter().map(|item| (*item, Near::Own)));
        Ok(items)
    }

    /// The items that count for a change itself.
    pub fn own_items(&self, change: &Record) -> Result<BTreeSet<SysId>> {
        match self.settings.is_advanced() {
            true => items_of(self.call, change),
            false => Ok(change.reference("cmdb_ci").into_iter().collect()),
        }
    }

    /// Everything in the way of a change.
    pub fn conflicts(&self, change: &Record) -> Result<Vec<Conflict>> {
        let Some(at) = planned(change) else { return Ok(Vec::new()) };
        let items = self.items(&self.own_items(change)?)?;
        let mut found = self.scheduled(change, &items, at)?;
        found.extend(self.assignee(change, at)?);
        for (item, near) in &items {
            let Some(item) = self.call.tx.find(self.call.dictionary.family("cmdb_ci"), *item)? else { continue };
            let own = self.own_window(&item)?;
            let mut says = self.windows.of_item(self.call, &item);
            says.maintenance.extend(&own);
            self.windowed(&says, *near, Some(item.id.sys_id), at, &mut found);
        }
        let says = self.windows.of_change(self.call, change);
        self.windowed(&says, Near::Own, change.reference("cmdb_ci"), at, &mut found);
        Ok(self.limited(found))
    }

    /// The maintenance window that an item names itself.
    pub fn own_window(&self, item: &Record) -> Result<Option<Window>> {
        let named = item.reference("maintenance_schedule").filter(|_| self.settings.says("ci_maint_sched"));
        Ok(named.map(|schedule| Window::read(self.call, schedule)).transpose()?.flatten())
    }

    fn windowed(&self, says: &Says<'_>, near: Near, item: Option<SysId>, at: Span, found: &mut Vec<Conflict>) {
        let conflict = |kind: &str, schedule| Conflict {
            kind: format!("{}{kind}", near.prefix()),
            item,
            with: None,
            schedule: Some(schedule),
        };
        if near.is_wanted(self.settings, "blackout") {
            found.extend(says.blacked_out(at).map(|window| conflict("blackout", window.schedule)));
        }
        if near.is_wanted(self.settings, "window") {
            found.extend(says.outside(at).map(|window| conflict("not_in_maintenance_window", window.schedule)));
        }
    }

    /// Other changes of these items at the same time.
    fn scheduled(&self, change: &Record, items: &BTreeMap<SysId, Near>, at: Span) -> Result<Vec<Conflict>> {
        let mut found = Vec::new();
        for (item, near) in items.iter().filter(|_| self.settings.says("currentci")) {
            for other in self.changes_of(*item)? {
                if other.id != change.id && self.collides(&other, at) {
                    let kind = format!("{}ci_already_scheduled", near.prefix());
                    found.push(Conflict { kind, item: Some(*item), with: Some(other.id.sys_id), schedule: None });
                }
            }
        }
        Ok(found)
    }

    fn assignee(&self, change: &Record, at: Span) -> Result<Vec<Conflict>> {
        let others = self.of_assignee(change)?.into_iter().filter(|other| self.collides(other, at));
        let conflict = |other: Record| Conflict {
            kind: "assigned_to_already_scheduled".into(),
            item: change.reference("cmdb_ci"),
            with: Some(other.id.sys_id),
            schedule: None,
        };
        Ok(others.map(conflict).collect())
    }

    /// Other open changes of whoever does a change.
    fn of_assignee(&self, change: &Record) -> Result<Vec<Record>> {
        let assignee = change.reference("assigned_to").filter(|_| self.settings.says("assigned_to"));
        let theirs = assignee.map(|assignee| self.changes(&format!("assigned_to={assignee}^active=true")));
        let mut theirs = theirs.transpose()?.unwrap_or_default();
        theirs.retain(|other| other.id != change.id);
        Ok(theirs)
    }

    /// When whoever does a change is busy with others.
    pub fn assigned(&self, change: &Record) -> Result<Vec<Span>> {
        Ok(self.of_assignee(change)?.iter().filter_map(|other| self.busy(other)).collect())
    }

    /// Changes that follow each other without a gap collide only where the organisation says so.
    fn collides(&self, other: &Record, (start, end): Span) -> bool {
        self.busy(other).is_some_and(|(from, until)| from < end && start < until)
    }

    /// When another change is in the way.
    pub fn busy(&self, other: &Record) -> Option<Span> {
        let gap = if self.settings.says("allow_contiguous_changes") { 0 } else { 1_000 };
        let widened = |at: Timestamp, by| at.plus_milliseconds(by);
        planned(other).map(|(from, until)| (widened(from, -gap), widened(until, gap)))
    }

    /// Open changes of an item, for the caller.
    pub fn changes_of(&self, item: SysId) -> Result<Vec<Record>> {
        let affected = self.call.rows("task_ci", &Filter::equals("ci_item", item))?;
        let ids: Vec<String> = affected.iter().filter_map(|row| Some(row.reference("task")?.to_string())).collect();
        let also = if ids.is_empty() { String::new() } else { format!("^NQsys_idIN{}^active=true", ids.join(",")) };
        self.changes(&format!("cmdb_ci={item}^active=true{also}"))
    }

    fn changes(&self, query: &str) -> Result<Vec<Record>> {
        Question::new(self.call, CHANGES, &Query::parse(query).query)?.records(self.call, u32::MAX, 0)
    }

    /// Each other change and each schedule once for each type, and no more of a type than are kept.
    fn limited(&self, found: Vec<Conflict>) -> Vec<Conflict> {
        let (mut seen, mut counts) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
        let consolidated = self.settings.says("consolidated_conflicts");
        let mut kept = Vec::new();
        for conflict in found {
            let item = conflict.item.filter(|_| !consolidated);
            let count = counts.entry(conflict.kind.clone()).or_default();
            if *count < self.settings.most()
                && seen.insert((conflict.kind.clone(), conflict.with, conflict.schedule, item))
            {
                *count += 1;
                kept.push(conflict);
            }
        }
        kept
    }
}
