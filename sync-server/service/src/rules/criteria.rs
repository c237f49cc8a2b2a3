//! Whom knowledge bases are for: rows of `user_criteria`, and which of them read and write which base.
//!
//! A base that names nobody is for everybody whom the dictionary lets read. Where it names who can read, or who can contribute,
//! nobody else does; who cannot, does not, whatever else holds for them. Who keeps a base may do both.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::Filter;
use fieldline_model::{Dictionary, DocumentId, Record, SysId, Value};
use fieldline_storage::{Selection, Tx};

use crate::call::Call;
use crate::error::Result;
use crate::scope;

const CRITERIA: &str = "user_criteria";
const BASES: &str = "kb_knowledge_base";
/// Which criteria count for what.
const LINKS: [(&str, Counts); 4] = [
    ("kb_uc_can_read_mtom", Counts::CanRead),
    ("kb_uc_cannot_read_mtom", Counts::CannotRead),
    ("kb_uc_can_contribute_mtom", Counts::CanContribute),
    ("kb_uc_cannot_contribute_mtom", Counts::CannotContribute),
];
/// The tables whose rows say it.
pub(super) const PARTS: [&str; 6] = [CRITERIA, BASES, LINKS[0].0, LINKS[1].0, LINKS[2].0, LINKS[3].0];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counts {
    CanRead,
    CannotRead,
    CanContribute,
    CannotContribute,
}

/// Somebody as criteria see them.
struct Somebody {
    id: SysId,
    groups: BTreeSet<SysId>,
    roles: BTreeSet<String>,
    row: Option<Record>,
}

/// One row of criteria.
#[derive(Debug, Clone)]
struct Criteria(Record);

impl Criteria {
    fn matches(&self, who: &Somebody) -> bool {
        let Self(row) = self;
        let list = |field: &str| row.references(field);
        let of_row = |field: &str| who.row.as_ref().and_then(|row| row.reference(field));
        let roles: Vec<&str> = row.text("role").split(',').map(str::trim).filter(|role| !role.is_empty()).collect();
        let mut asked = Vec::new();
        let mut ask = |is_asked: bool, holds: bool| asked.extend(is_asked.then_some(holds));
        ask(!list("user").is_empty(), list("user").contains(&who.id));
        ask(!list("group").is_empty(), list("group").iter().any(|group| who.groups.contains(group)));
        ask(!roles.is_empty(), roles.iter().any(|role| who.roles.contains(*role)));
        for field in ["department", "location", "company"] {
            ask(!list(field).is_empty(), of_row(field).is_some_and(|id| list(field).contains(&id)));
        }
        if row.says("match_all") { asked.iter().all(|holds| *holds) } else { asked.is_empty() || asked.contains(&true) }
    }
}

/// A base that names somebody.
#[derive(Debug, Clone, Default)]
struct Base {
    keepers: BTreeSet<SysId>,
    named: Vec<(Counts, Criteria)>,
}

impl Base {
    fn names(&self, counts: Counts, who: &Somebody) -> bool {
        self.named.iter().any(|(named, criteria)| *named == counts && criteria.matches(who))
    }

    fn says_who(&self, counts: Counts) -> bool {
        self.named.iter().any(|(named, _)| *named == counts)
    }

    fn lets_write(&self, who: &Somebody) -> bool {
        self.keepers.contains(&who.id)
            || !self.names(Counts::CannotContribute, who)
                && (!self.says_who(Counts::CanContribute) || self.names(Counts::CanContribute, who))
    }

    fn lets_read(&self, who: &Somebody) -> bool {
        let contributes = self.says_who(Counts::CanContribute) && self.lets_write(who);
        self.keepers.contains(&who.id)
            || !self.names(Counts::CannotRead, who)
                && (!self.says_who(Counts::CanRead) || self.names(Counts::CanRead, who) || contributes)
    }
}

/// The bases that name somebody.
#[derive(Debug, Default)]
pub(super) struct Bases(BTreeMap<SysId, Base>);

impl Bases {
    pub fn read(dictionary: &Dictionary, tx: &dyn Tx) -> Result<Self> {
        let everything = Filter::everything();
        let rows = |table: &str| tx.select(&Selection::of(dictionary.family(table), &everything), u32::MAX, 0);
        let criteria = rows(CRITERIA)?.into_iter().filter(|row| row.says("active"));
        let criteria: BTreeMap<SysId, Record> = criteria.map(|row| (row.id.sys_id, row)).collect();
        let mut bases: BTreeMap<SysId, Base> = BTreeMap::new();
        for (table, counts) in LINKS {
            for link in rows(table)? {
                let Some(base) = link.reference("kb_knowledge_base") else { continue };
                let named = link.reference("user_criteria").and_then(|id| criteria.get(&id));
                bases.entry(base).or_default().named.extend(named.map(|row| (counts, Criteria(row.clone()))));
            }
        }
        for (id, base) in &mut bases {
            let Some((_, row)) = tx.record(&DocumentId::new(BASES, *id))? else { continue };
            base.keepers.extend(row.reference("owner"));
            if let Some(Value::List(managers)) = row.get("kb_managers") {
                base.keepers.extend(managers);
            }
        }
        Ok(Self(bases))
    }
}

impl Call<'_> {
    /// The knowledge bases whose articles the caller does not read, whatever their roles say.
    pub(crate) fn closed_bases(&self) -> Result<Vec<SysId>> {
        let Bases(bases) = &self.book.bases;
        if bases.is_empty() || self.caller.is_administrator() {
            return Ok(Vec::new());
        }
        let who = self.as_somebody()?;
        Ok(bases.iter().filter(|(_, base)| !base.lets_read(&who)).map(|(id, _)| *id).collect())
    }

    /// Whether the caller writes articles of a knowledge base, as far as the base says who does.
    pub(crate) fn contributes_to(&self, base: SysId) -> Result<bool> {
        let Bases(bases) = &self.book.bases;
        match bases.get(&base).filter(|_| !self.caller.is_administrator()) {
            Some(base) => Ok(base.lets_write(&self.as_somebody()?)),
            None => Ok(true),
        }
    }

    fn as_somebody(&self) -> Result<Somebody> {
        let id = self.caller.user;
        let groups = scope::keys_of(&*self.tx, id)?.iter().filter_map(scope::group_of).collect();
        let row = self.tx.find(self.dictionary.family("sys_user"), id)?;
        Ok(Somebody { id, groups, roles: self.caller.roles.clone(), row })
    }
}
