//! Who is told.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{Record, SysId, TableName, Value};

use crate::call::{Call, Caller};
use crate::error::Result;
use crate::rules::{Channel, Notice};

/// Whoever is found, by identity: rows of `sys_user`, of contacts who are no users, and of groups that have an address.
pub(crate) type People = BTreeMap<SysId, Record>;

impl Call<'_> {
    /// The people a notice about a record reaches.
    pub(super) fn recipients(
        &self,
        notice: &Notice,
        record: &Record,
        authors: &BTreeSet<SysId>,
    ) -> Result<Vec<Record>> {
        let mut people = People::new();
        let by = notice.channel;
        notice.users.iter().try_for_each(|user| self.find_people("sys_user", *user, by, &mut people))?;
        notice.groups.iter().try_for_each(|group| self.find_people("sys_user_group", *group, by, &mut people))?;
        for path in &notice.fields {
            for (table, id) in self.ends_of(record, path)? {
                self.find_people(table.as_str(), id, by, &mut people)?;
            }
        }
        people.remove(&self.server.identity().system_user);
        if !notice.to_its_author {
            people.retain(|id, _| !authors.contains(id));
        }
        let mut told = Vec::new();
        for person in people.into_values().filter(is_active) {
            if !notice.is_internal || self.is_inside(&person, record)? {
                told.push(person);
            }
        }
        Ok(told)
    }

    /// The people and members of groups among some records.
    pub(super) fn people_of(&self, records: &BTreeSet<SysId>, by: Channel) -> Result<Vec<Record>> {
        let mut people = People::new();
        for id in records {
            for table in ["sys_user", "sys_user_group", "customer_contact"] {
                self.find_people(table, *id, by, &mut people)?;
            }
        }
        people.remove(&self.server.identity().system_user);
        Ok(people.into_values().filter(is_active).collect())
    }

    /// The records at the end of a way through references.
    pub(crate) fn ends_of(&self, record: &Record, path: &str) -> Result<Vec<(TableName, SysId)>> {
        let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
        let table = self.dictionary.table(record.id.table.as_str());
        let Some(target) = table.and_then(|table| table.field(step)?.reference.clone()) else { return Ok(Vec::new()) };
        let ids = record.references(step);
        let Some(rest) = rest else { return Ok(ids.into_iter().map(|id| (target.clone(), id)).collect()) };
        let mut ends = Vec::new();
        for id in ids {
            if let Some(next) = self.tx.find(self.dictionary.family(target.as_str()), id)? {
                ends.extend(self.ends_of(&next, rest)?);
            }
        }
        Ok(ends)
    }

    /// Adds the people a record stands for: itself, a group's address or its members, whom a contact signs in as.
    pub(crate) fn find_people(&self, table: &str, id: SysId, by: Channel, people: &mut People) -> Result<()> {
        let Some(found) = self.tx.find(self.dictionary.family(table), id)?.filter(is_active) else { return Ok(()) };
        match (found.id.table.as_str(), found.reference("user")) {
            ("sys_user_group", _) => {
                // Mail to a group that has an address of its own goes there, and to its members only if it says so.
                let has_address = by == Channel::Email && !found.text("email").trim().is_empty();
                let to_members = !has_address || found.says("include_members");
                if has_address {
                    people.insert(id, found);
                }
                if !to_members {
                    return Ok(());
                }
                for user in self.members_of(id)? {
                    self.find_people("sys_user", user, by, people)?;
                }
            }
            ("customer_contact", Some(user)) => self.find_people("sys_user", user, by, people)?,
            _ => drop(people.insert(id, found)),
        }
        Ok(())
    }

    /// Whether somebody may read what is said of a record inside the house.
    fn is_inside(&self, person: &Record, record: &Record) -> Result<bool> {
        if person.id.table != *"sys_user" {
            return Ok(false);
        }
        let roles = self.all_roles(person.id.sys_id, person.text("roles"))?;
        let reader = Caller { user: person.id.sys_id, roles, device: None };
        let reads_all = self.dictionary.table(record.id.table.as_str()).is_some_and(|table| reader.reads_all(table));
        Ok(reads_all || reader.roles.contains("itil"))
    }
}

/// Whether a row is one of somebody, or of a group, that is still there.
pub(super) fn is_active(row: &Record) -> bool {
    row.get("active") != Some(&Value::Boolean(false))
}
