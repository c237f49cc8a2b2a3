//! Who wrote a mail: the contact or user whose address it is, a new contact of the account that owns its domain, or a stranger.

use std::collections::BTreeSet;

use fieldline_model::condition::{Check, Filter, Path};
use fieldline_model::{DocumentId, Record, SysId, Value};

use super::letter::Letter;
use crate::call::Call;
use crate::error::Result;

const CONTACTS: &str = "customer_contact";
const ACCOUNTS: &str = "customer_account";
const USERS: &str = "sys_user";
/// As many characters as a contact keeps of an address.
const ADDRESS_CHARACTERS: usize = 100;
/// The fields of a record that name people it concerns.
const CONCERNED: [&str; 5] = ["caller_id", "opened_by", "assigned_to", "watch_list", "work_notes_list"];
/// What organisations say of mail from strangers: `case` makes one, anything else leaves it to people.
const STRANGERS: &str = "fieldline.mail.unknown_senders";

/// Whoever wrote a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sender {
    /// The address.
    pub address: String,
    /// What they are called.
    pub name: String,
    /// The contact of a customer.
    pub contact: Option<SysId>,
    /// Whom they sign in as.
    pub user: Option<SysId>,
}

impl Sender {
    /// What people read of them.
    pub fn shown(&self) -> String {
        match self.name.is_empty() {
            true => self.address.clone(),
            false => format!("{} <{}>", self.name, self.address),
        }
    }

    /// Whether a record is theirs as a customer.
    pub fn is_customer_of(&self, record: &Record) -> bool {
        let is = |field: &str, id: Option<SysId>| id.is_some() && record.reference(field) == id;
        is("contact", self.contact) || is("caller_id", self.user)
    }
}

/// The contact of an address, a new one where there is none.
pub(crate) fn contact_of(call: &mut Call<'_>, address: &str, name: &str) -> Result<SysId> {
    match call.by_email(CONTACTS, address)? {
        Some(contact) => Ok(contact.id.sys_id),
        None => {
            let account = call.account_of_domain(address)?;
            call.new_contact(address, name, account)
        }
    }
}

impl Call<'_> {
    /// Who wrote a letter that came from an address.
    pub(super) fn sender(&self, letter: &Letter<'_>, address: &str) -> Result<Sender> {
        let contact = self.by_email(CONTACTS, address)?;
        let user = match contact.as_ref().and_then(|contact| contact.reference("user")) {
            Some(user) => Some(user),
            None => self.by_email(USERS, address)?.map(|user| user.id.sys_id),
        };
        let known = contact.as_ref().map(|contact| contact.text("name").to_owned());
        let name = known.filter(|name| !name.is_empty()).unwrap_or_else(|| letter.name.clone());
        Ok(Sender { address: address.to_owned(), name, contact: contact.map(|contact| contact.id.sys_id), user })
    }

    /// The one active row of an address; of several the one that was there first.
    fn by_email(&self, table: &str, address: &str) -> Result<Option<Record>> {
        let mut rows = self.rows(table, &Filter::equals("email", address))?;
        rows.retain(|row| row.get("active") != Some(&Value::Boolean(false)));
        rows.sort_by_key(|row| (row.time("sys_created_on"), row.id.sys_id));
        Ok(rows.into_iter().next())
    }

    /// The contact somebody is from now on who was none yet: of the account their domain belongs to, or of none where
    /// organisations take mail from strangers. `None` where it is left to people.
    pub(super) fn becomes_contact(&mut self, sender: &Sender) -> Result<Option<SysId>> {
        let account = self.account_of_domain(&sender.address)?;
        if account.is_none() && self.property(STRANGERS)?.as_deref() != Some("case") {
            return Ok(None);
        }
        self.new_contact(&sender.address, &sender.name, account).map(Some)
    }

    fn new_contact(&mut self, address: &str, name: &str, account: Option<SysId>) -> Result<SysId> {
        let id = self.new_sys_id();
        let mut contact = Record::new(DocumentId::new(CONTACTS, id));
        contact.set("name", Some(Value::text(if name.is_empty() { address } else { name })));
        contact.set("email", Some(Value::text(address.chars().take(ADDRESS_CHARACTERS).collect::<String>())));
        contact.set("account", account.map(Value::Reference));
        contact.set("active", Some(Value::Boolean(true)));
        self.put_row(contact)?;
        Ok(id)
    }

    /// The account whose domain an address is of, if it is of one account's only.
    fn account_of_domain(&self, address: &str) -> Result<Option<SysId>> {
        let Some((_, domain)) = address.rsplit_once('@') else { return Ok(None) };
        let names_it = Filter::Test(Path::of("email_domains"), Check::Contains(domain.to_owned()));
        let mut accounts = self.rows(ACCOUNTS, &names_it)?;
        accounts.retain(|account| {
            let mut domains = account.text("email_domains").split(',').map(str::trim);
            account.get("active") != Some(&Value::Boolean(false)) && domains.any(|one| one.eq_ignore_ascii_case(domain))
        });
        Ok(match &accounts[..] {
            [only] => Some(only.id.sys_id),
            _ => None,
        })
    }

    /// Whether somebody may say something of a record that everybody reads who reads it: whom it concerns, and who works on it.
    pub(super) fn concerns(&self, record: &Record, sender: &Sender) -> Result<bool> {
        if sender.is_customer_of(record) {
            return Ok(true);
        }
        let Some(user) = sender.user else { return Ok(false) };
        if CONCERNED.iter().any(|field| record.references(field).contains(&user)) {
            return Ok(true);
        }
        let groups: BTreeSet<SysId> = self.groups_of(user)?.into_iter().collect();
        Ok(record.reference("assignment_group").is_some_and(|group| groups.contains(&group)))
    }
}
