//! Who customers are: people of an account, consumers, partners who look after other accounts, and what of a case makes it theirs.
//!
//! A customer signs in as the user that their contact or consumer names. An account's administrator oversees it and every account
//! below it, a partner those it is related to; everybody else has the cases they are the contact or the consumer of.

use std::collections::BTreeSet;

use fieldline_model::condition::{Check, Filter, Path};
use fieldline_model::{DocumentId, Record, SysId};

use crate::call::{CUSTOMER, Call};
use crate::table::{Result, TableError};

pub(crate) const ACCOUNTS: &str = "customer_account";
pub(crate) const CONTACTS: &str = "customer_contact";
pub(crate) const CONSUMERS: &str = "csm_consumer";
pub(crate) const INSTALLED: &str = "sn_install_base_item";
const RELATIONSHIPS: &str = "account_relationship";
/// A customer who oversees all of an account.
const ADMINISTRATOR: &str = "sn_customerservice_customer_admin";
/// A customer who looks after others.
const PARTNER: &str = "sn_customerservice_partner";
/// Levels below an account that are looked at; more would be a mistake in the data.
const DEEPEST: usize = 20;

/// A customer who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Who signs in.
    pub user: SysId,
    /// The contacts that are this person.
    pub contacts: BTreeSet<SysId>,
    /// The consumers that are this person.
    pub consumers: BTreeSet<SysId>,
    /// The accounts whose people they are.
    pub accounts: BTreeSet<SysId>,
    /// The accounts whose cases are all theirs to see.
    pub overseen: BTreeSet<SysId>,
}

impl Customer {
    /// The caller as a customer.
    ///
    /// # Errors
    /// When they are none, or the database fails.
    pub fn calling(call: &Call<'_>) -> Result<Self> {
        if !call.caller.roles.contains(CUSTOMER) {
            let problem = "the portal is for customers; ask whoever looks after your account for the role customer";
            return Err(TableError::Denied { record: "portal".into(), problem: problem.into() });
        }
        Self::of(call, call.caller.user, &call.caller.roles)
    }

    fn of(call: &Call<'_>, user: SysId, roles: &BTreeSet<String>) -> Result<Self> {
        let is_user = Filter::equals("user", user).and(Filter::equals("active", true));
        let contacts = call.rows(CONTACTS, &is_user)?;
        let consumers = call.rows(CONSUMERS, &is_user)?;
        let accounts: BTreeSet<SysId> = contacts.iter().filter_map(|contact| contact.reference("account")).collect();
        let mut overseen = BTreeSet::new();
        if roles.contains(ADMINISTRATOR) {
            overseen.extend(with_those_below(call, &accounts)?);
        }
        if roles.contains(PARTNER) {
            overseen.extend(looked_after(call, &accounts)?);
        }
        let ids = |rows: &[Record]| rows.iter().map(|row| row.id.sys_id).collect();
        Ok(Self { user, contacts: ids(&contacts), consumers: ids(&consumers), accounts, overseen })
    }

    /// The cases that are theirs to see.
    pub fn cases(&self) -> Filter {
        let nobodys = ["contact", "consumer"].map(|field| Filter::Test(Path::of(field), Check::Filled).negated());
        let opened = Filter::equals("opened_by", self.user).and(Filter::All(nobodys.to_vec()));
        Filter::Any(vec![
            one_of("contact", &self.contacts),
            one_of("consumer", &self.consumers),
            one_of("account", &self.overseen),
            opened,
        ])
    }

    /// The rows of a table that are theirs by the account, contact or consumer they name.
    pub fn things(&self, fields: &[&str]) -> Filter {
        let accounts: BTreeSet<SysId> = self.accounts.union(&self.overseen).copied().collect();
        let of = |field: &&str| match *field {
            "account" => one_of(field, &accounts),
            "contact" => one_of(field, &self.contacts),
            _ => one_of(field, &self.consumers),
        };
        Filter::Any(fields.iter().map(of).collect())
    }

    /// Whether an account is one they may open cases for.
    pub fn acts_for(&self, account: SysId) -> bool {
        self.accounts.contains(&account) || self.overseen.contains(&account)
    }
}

/// That a field names one of these.
pub(crate) fn one_of(field: &str, ids: &BTreeSet<SysId>) -> Filter {
    match ids.is_empty() {
        true => Filter::nothing(),
        false => Filter::Test(Path::of(field), Check::Is(ids.iter().map(|id| (*id).into()).collect())),
    }
}

/// Accounts and every account below them.
fn with_those_below(call: &Call<'_>, accounts: &BTreeSet<SysId>) -> Result<BTreeSet<SysId>> {
    let (mut found, mut level) = (accounts.clone(), accounts.clone());
    for _ in 0..DEEPEST {
        let below = call.rows(ACCOUNTS, &one_of("parent", &level))?;
        level = below.iter().map(|account| account.id.sys_id).filter(|id| found.insert(*id)).collect();
        if level.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// The customers that these accounts look after as partners.
fn looked_after(call: &Call<'_>, accounts: &BTreeSet<SysId>) -> Result<BTreeSet<SysId>> {
    let partners = one_of("sys_id", accounts).and(Filter::equals("partner", true));
    let partners = call.rows(ACCOUNTS, &partners)?.iter().map(|account| account.id.sys_id).collect();
    let related = one_of("account", &partners).and(Filter::equals("active", true));
    Ok(call.rows(RELATIONSHIPS, &related)?.iter().filter_map(|row| row.reference("related_account")).collect())
}

/// Refuses a row about customers that could not be: what is within itself, a relation with oneself.
///
/// # Errors
/// Names the field and what to do.
pub(super) fn check(call: &Call<'_>, row: &Record) -> Result<()> {
    let invalid = |field: &str, problem: &str| Err(TableError::invalid(&row.id, Some(&field.into()), problem));
    match row.id.table.as_str() {
        ACCOUNTS | INSTALLED if is_within_itself(call, row)? => {
            invalid("parent", "would be within itself; choose one that is not below it")
        }
        RELATIONSHIPS if row.reference("account") == row.reference("related_account") => {
            invalid("related_account", "is the partner itself; name the customer it looks after")
        }
        RELATIONSHIPS => {
            let partner = call.referred(ACCOUNTS, row.reference("account"))?;
            match partner.is_some_and(|account| account.says("partner")) {
                true => Ok(()),
                false => invalid("account", "is no partner; set `partner` on the account first"),
            }
        }
        _ => Ok(()),
    }
}

/// Whether what a row is part of leads back to it.
fn is_within_itself(call: &Call<'_>, row: &Record) -> Result<bool> {
    let mut above = row.reference("parent");
    for _ in 0..DEEPEST {
        match above {
            Some(id) if id == row.id.sys_id => return Ok(true),
            Some(id) => {
                let next = call.row(&DocumentId { table: row.id.table.clone(), sys_id: id })?;
                above = next.and_then(|next| next.reference("parent"));
            }
            None => return Ok(false),
        }
    }
    Ok(true)
}

impl Call<'_> {
    /// Whether somebody is a customer rather than of the house.
    pub(crate) fn is_customer(&self, user: SysId) -> crate::error::Result<bool> {
        Ok(self.tx.account_of(user)?.is_some_and(|account| account.roles.contains(CUSTOMER)))
    }

    /// Whether somebody speaks for the customer of a case.
    pub(super) fn speaks_for_customer(&self, case: &Record, user: SysId) -> crate::error::Result<bool> {
        for (field, table) in [("contact", CONTACTS), ("partner_contact", CONTACTS), ("consumer", CONSUMERS)] {
            let person = self.referred(table, case.reference(field))?;
            if person.is_some_and(|person| person.reference("user") == Some(user)) {
                return Ok(true);
            }
        }
        self.is_customer(user)
    }
}
