//! Fields and sets: of the writes that nobody has written over knowingly, the newest is shown and the others are in doubt.

use std::collections::BTreeSet;

use fieldline_documents::Act;
use fieldline_model::{FieldName, SysId, Value};

use super::history::{Deed, History};

/// What a field holds.
pub struct Shown {
    /// The write that is shown.
    pub deed: Deed,
    /// Its value; `None` when somebody emptied the field.
    pub value: Option<Value>,
    /// The writes of other values that nobody wrote over knowingly.
    pub in_doubt: Vec<(Option<Value>, SysId)>,
    /// Whether another write has exactly the same time, so that nothing here says which one is shown.
    pub is_tied: bool,
}

impl History {
    /// Every field anybody wrote.
    pub fn fields_written(&self) -> BTreeSet<FieldName> {
        let field = |act: &Act| match act {
            Act::Set { field, .. } | Act::Confirm { field } => Some(field.clone()),
            _ => None,
        };
        self.deeds().filter_map(|(_, act)| field(act)).collect()
    }

    /// What a field shows now.
    pub fn shown(&self, field: &FieldName) -> Option<Shown> {
        self.shown_among(field, &|_| true)
    }

    /// What a field showed to somebody who had seen only some writes.
    fn shown_among(&self, field: &FieldName, seen: &dyn Fn(Deed) -> bool) -> Option<Shown> {
        let writes: Vec<Deed> =
            self.deeds().filter(|(deed, act)| writes(act, field) && seen(*deed)).map(|(deed, _)| deed).collect();
        let is_open = |write: &Deed| !writes.iter().any(|later| self.knew(*later, *write));
        let mut open: Vec<Deed> = writes.iter().copied().filter(is_open).collect();
        open.sort_by_key(|write| std::cmp::Reverse(self.at(*write)));
        let shown = *open.first()?;
        let value = self.value_written(field, shown);
        let others = open[1..].iter().map(|write| (self.value_written(field, *write), self.by(*write)));
        let in_doubt = others.filter(|(other, _)| *other != value).collect();
        let is_tied = open.get(1).is_some_and(|second| self.at(*second) == self.at(shown));
        Some(Shown { deed: shown, value, in_doubt, is_tied })
    }

    /// Whoever confirms a field writes what the field showed.
    fn value_written(&self, field: &FieldName, write: Deed) -> Option<Value> {
        match self.act(write) {
            Act::Set { value, .. } => value.clone(),
            _ => self.shown_among(field, &|other| self.knew(write, other))?.value,
        }
    }

    /// A record is in a set when somebody put it there and nobody who had seen that took it out.
    pub fn set(&self, field: &FieldName) -> BTreeSet<SysId> {
        let put = self.deeds().filter_map(|(deed, act)| match act {
            Act::Include { field: name, item } if name == field => Some((deed, *item)),
            _ => None,
        });
        let taken_out = |put: Deed, item: SysId| {
            self.deeds().any(|(deed, act)| match act {
                Act::Exclude { field: name, item: gone } => name == field && *gone == item && self.knew(deed, put),
                _ => false,
            })
        };
        put.filter(|(deed, item)| !taken_out(*deed, *item)).map(|(_, item)| item).collect()
    }
}

fn writes(act: &Act, field: &FieldName) -> bool {
    matches!(act, Act::Set { field: name, .. } | Act::Confirm { field: name } if name == field)
}
