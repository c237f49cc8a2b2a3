//! Territories: which part of the map somebody serves.
//!
//! A territory holds the locations it names, those below them, and what lies within its outline. Of several that hold a place the one
//! with the lowest order counts. Its primary members are sent rather than its secondary ones; who is a member of none is sent anywhere,
//! and a place in none is served by anybody.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::outline::Outline;
use fieldline_model::{FieldName, Record, SysId, Timestamp};

use super::tasks::Site;
use crate::call::Call;
use crate::error::Result;
use crate::table::{self, TableError};

pub(crate) const TERRITORIES: &str = "sn_tp_territory";
const MEMBERS: &str = "sn_tp_territory_membership_override";

/// A part of the map.
#[derive(Debug, Clone)]
pub struct Territory {
    pub name: String,
    locations: BTreeSet<SysId>,
    outline: Option<Outline>,
    /// Who serves it first.
    pub primary: BTreeSet<SysId>,
}

/// The territories of a group, in their order, and who serves them.
#[derive(Debug, Clone, Default)]
pub struct Territories {
    all: Vec<Territory>,
    served: BTreeMap<SysId, BTreeSet<String>>,
}

impl Territories {
    /// Reads the territories of a group as they hold at a moment.
    pub fn of_group(call: &Call<'_>, group: SysId, at: Timestamp) -> Result<Self> {
        let query = format!("active=true^group={group}^ORgroupISEMPTY^ORDERBYorder");
        let mut territories = Self::default();
        for row in call.rows_of_query(TERRITORIES, &query)? {
            territories.add(call, &row, at)?;
        }
        Ok(territories)
    }

    fn add(&mut self, call: &Call<'_>, row: &Record, at: Timestamp) -> Result<()> {
        let name = row.text("name").to_owned();
        let mut primary = BTreeSet::new();
        for member in call.rows_with(MEMBERS, &[("territory", &row.id.sys_id.to_string())])? {
            let has_begun = member.time("from").is_none_or(|from| from <= at);
            let holds = has_begun && member.time("to").is_none_or(|to| at <= to);
            let Some(user) = member.reference("user").filter(|_| holds) else { continue };
            self.served.entry(user).or_default().insert(name.clone());
            if member.text("type") == "primary" {
                primary.insert(user);
            }
        }
        let locations = row.references("locations").into_iter().collect();
        let outline = Outline::parse(row.text("geography")).ok();
        self.all.push(Territory { name, locations, outline, primary });
        Ok(())
    }

    /// The territory something lies in.
    pub fn of(&self, site: &Site) -> Option<&Territory> {
        let is_named = |one: &Territory| site.locations.iter().any(|location| one.locations.contains(location));
        let is_within = |one: &Territory| one.outline.as_ref().is_some_and(|outline| outline.holds(site.place));
        self.all.iter().find(|one| is_named(one) || is_within(one))
    }

    /// The names of the territories somebody serves; none when they are sent anywhere.
    pub fn served_by(&self, user: SysId) -> BTreeSet<String> {
        self.served.get(&user).cloned().unwrap_or_default()
    }
}

/// Refuses a territory whose outline nobody can draw, or under a name another one has.
///
/// # Errors
/// Names the field, and what is wrong with it.
pub(crate) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid =
        |field: &str, problem: String| Err(TableError::invalid(&row.id, Some(&FieldName::from(field)), problem));
    let others = call.rows_with(TERRITORIES, &[("name", row.text("name"))])?;
    if others.iter().any(|other| other.id != row.id) {
        return invalid(
            "name",
            format!("\"{}\" is the name of another territory; choose one of its own", row.text("name")),
        );
    }
    match Some(row.text("geography")).filter(|text| !text.is_empty()).map(Outline::parse) {
        Some(Err(problem)) => invalid("geography", problem),
        _ => Ok(()),
    }
}
