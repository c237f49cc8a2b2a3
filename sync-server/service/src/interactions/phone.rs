//! Whose number somebody calls from, however it is written, and what is open for them.

use fieldline_model::condition::Query;
use fieldline_model::{Record, SysId};

use crate::call::Call;
use crate::cases::CASES;
use crate::question;
use crate::table::{self, Result, TableError};

const CONTACTS: &str = "customer_contact";
const USERS: &str = "sys_user";
const INCIDENTS: &str = "incident";
/// Digits below which a number could be anybody's.
const LEAST_DIGITS: usize = 6;
/// Digits of the longest code of a country.
const COUNTRY_DIGITS: usize = 3;
/// People and open tasks that are named.
const MOST_PEOPLE: usize = 20;
const MOST_TASKS: u32 = 20;

/// A number as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    digits: String,
    is_international: bool,
}

impl Number {
    /// Reads a number as people write it; `None` when it is too short to be one's own.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_lowercase().replace("(0)", "");
        let text = text.split(['x', 'e', ';', ',', '#']).next().unwrap_or_default().trim();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let (digits, is_international) = match (text.starts_with('+'), digits.strip_prefix("00")) {
            (true, _) => (digits, true),
            (false, Some(rest)) => (rest.to_owned(), true),
            (false, None) => (digits.trim_start_matches('0').to_owned(), false),
        };
        (digits.len() >= LEAST_DIGITS).then_some(Self { digits, is_international })
    }

    /// Whether both are one number. One without the code of a country is the same as one with any.
    pub fn is(&self, other: &Self) -> bool {
        let within = |national: &Self, whole: &Self| {
            whole.digits.ends_with(&national.digits) && whole.digits.len() - national.digits.len() <= COUNTRY_DIGITS
        };
        match (self.is_international, other.is_international) {
            (true, false) => within(other, self),
            (false, true) => within(self, other),
            _ => self.digits == other.digits,
        }
    }
}

/// Somebody who may be calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// A contact, or somebody of the house.
    pub person: Record,
    /// The account of a contact.
    pub account: Option<Record>,
    /// What is open for them: their cases and those of their account, or their incidents.
    pub tasks: Vec<Record>,
}

/// The people a number belongs to, as far as the caller may know them.
///
/// # Errors
/// When it is no number, or the database fails.
pub fn known(call: &Call<'_>, number: &str) -> Result<Vec<Known>> {
    let shown: String = number.chars().take(40).collect();
    let problem = || format!("\"{shown}\" is no phone number; send one of at least {LEAST_DIGITS} digits");
    let number = Number::parse(number)
        .ok_or_else(|| TableError::invalid("interaction", Some(&"phone_number".into()), problem()))?;
    let mut known = Vec::new();
    for contact in people(call, CONTACTS, &number)? {
        known.push(contact_known(call, contact)?);
    }
    for user in people(call, USERS, &number)? {
        let is_contact = known.iter().any(|known: &Known| known.person.reference("user") == Some(user.id.sys_id));
        if !is_contact {
            let tasks = open_tasks(call, INCIDENTS, &format!("caller_id={}", user.id.sys_id))?;
            known.push(Known { person: user, account: None, tasks });
        }
    }
    known.truncate(MOST_PEOPLE);
    Ok(known)
}

/// The active rows of a table of people with a number, of which the caller may read it.
fn people(call: &Call<'_>, table: &str, number: &Number) -> Result<Vec<Record>> {
    let declared = table::declared(call, table)?;
    let query = Query::parse("active!=false^phoneISNOTEMPTY^ORmobile_phoneISNOTEMPTY^ORDERBYname").query;
    let mut rows = question::query(call, table, &query, u32::MAX, 0)?.records;
    rows.retain(|row| {
        let fields = ["phone", "mobile_phone"].into_iter().filter_map(|name| declared.field(name));
        let mut known = fields.filter(|field| call.knows(row, field));
        known.any(|field| Number::parse(row.text(field.name.as_str())).is_some_and(|one| one.is(number)))
    });
    Ok(rows)
}

fn contact_known(call: &Call<'_>, contact: Record) -> Result<Known> {
    let account = contact.reference("account");
    let whose = |account: SysId| format!("contact={}^ORaccount={account}", contact.id.sys_id);
    let query = account.map_or_else(|| format!("contact={}", contact.id.sys_id), whose);
    let tasks = open_tasks(call, CASES, &query)?;
    let account = account.map(|id| call.tx.find(call.dictionary.family("customer_account"), id)).transpose()?.flatten();
    Ok(Known { person: contact, account, tasks })
}

fn open_tasks(call: &Call<'_>, table: &str, query: &str) -> Result<Vec<Record>> {
    let query = Query::parse(&format!("active=true^{query}^ORDERBYpriority^ORDERBYnumber")).query;
    Ok(question::query(call, table, &query, MOST_TASKS, 0)?.records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        let number = |text: &str| Number::parse(text).expect("a number");
        let one = number("+49 30 1234567");
        for same in [
            "+49 (0)30 / 123 45 67",
            "0049301234567",
            "030 1234567",
            "(030) 123-4567",
            "+49301234567 ext. 12",
            "030 1234567x9",
        ] {
            assert!(one.is(&number(same)) && number(same).is(&one), "{same}");
        }
        for other in ["+49 30 1234568", "+43 30 1234567", "1234567", "030 123456"] {
            assert!(!one.is(&number(other)), "{other}");
        }
        for none in ["", "12345", "anonymous", "+"] {
            assert_eq!(Number::parse(none), None, "{none}");
        }
    }
}
