//! Who has which roles: those a person was given, those of their groups, and those that come with either.
//!
//! What a person was given is the text in `sys_user.roles`, where phones read it; rows of `sys_user_has_role` write it. An
//! account has all of them.

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Value};

use crate::call::Call;
use crate::error::Result;

impl Call<'_> {
    /// Every role somebody has who was given some; one that the dictionary does not know counts for nothing.
    pub(crate) fn all_roles(&self, user: SysId, given: &str) -> Result<BTreeSet<String>> {
        let mut roles: BTreeSet<String> = words(given).collect();
        for group in self.groups_of(user)? {
            for row in self.rows("sys_group_has_role", &Filter::equals("group", group))? {
                roles.extend(self.role_name(&row, "role")?);
            }
        }
        let mut waiting: Vec<String> = roles.iter().cloned().collect();
        while let Some(role) = waiting.pop() {
            for contained in self.contained_in(&role)? {
                if roles.insert(contained.clone()) {
                    waiting.push(contained);
                }
            }
        }
        roles.retain(|role| self.dictionary.roles().contains(role) && role != "system");
        Ok(roles)
    }

    fn contained_in(&self, role: &str) -> Result<Vec<String>> {
        let mut contained = Vec::new();
        for row in self.rows("sys_user_role", &Filter::equals("name", role))? {
            for link in self.rows("sys_user_role_contains", &Filter::equals("role", row.id.sys_id))? {
                contained.extend(self.role_name(&link, "contains")?);
            }
        }
        Ok(contained)
    }

    fn role_name(&self, row: &Record, field: &str) -> Result<Option<String>> {
        let Some(role) = row.reference(field) else { return Ok(None) };
        let role = self.tx.find(self.dictionary.family("sys_user_role"), role)?;
        Ok(role.map(|role| role.text("name").to_owned()).filter(|name| !name.is_empty()))
    }

    /// Lets a person's roles follow a row that gave one, as it was and as it is.
    pub(crate) fn role_given(&mut self, before: Option<&Record>, after: Option<&Record>) -> Result<()> {
        for (row, is_given) in before.map(|row| (row, false)).into_iter().chain(after.map(|row| (row, true))) {
            let (Some(user), Some(role)) = (row.reference("user"), self.role_name(row, "role")?) else { continue };
            let Some(mut person) = self.row(&DocumentId::new("sys_user", user))? else { continue };
            let mut given: Vec<String> = words(person.text("roles")).filter(|given| *given != role).collect();
            given.extend(is_given.then_some(role));
            person.set("roles", Some(Value::text(given.join(","))).filter(|_| !given.is_empty()));
            self.put_row(person)?;
        }
        Ok(())
    }

    /// Gives everybody in a group the roles it has now.
    pub(crate) fn groups_roles_changed(&mut self, group: SysId) -> Result<()> {
        for user in self.members_of(group)? {
            self.roles_changed(user)?;
        }
        Ok(())
    }

    /// Brings an account to what its person's row and groups say.
    pub(crate) fn roles_changed(&mut self, user: SysId) -> Result<()> {
        match self.row(&DocumentId::new("sys_user", user))? {
            Some(person) => self.update_account(&person),
            None => Ok(()),
        }
    }
}

fn words(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned)
}
