//! The customer whose sites the work is for: what the office writes about them and to them, and everything they are told.

use fieldline_model::condition::Query;
use fieldline_model::{Dictionary, SysId, Timestamp};
use fieldline_service::csm::portal::{Part, cases, things, visits};
use fieldline_service::table::{self, TableError};
use fieldline_service::timeline::{Audience, timeline};
use fieldline_service::{Call, Caller, question};
use rand_core::Rng;
use serde::Serialize;

use crate::office::{Office, input};

/// Where a customer's cases are.
pub const CASES: &str = "sn_customerservice_case";
/// More than a customer has of anything here.
const ALL: Part = Part { limit: 1_000, offset: 0 };

/// A customer of the house.
pub struct Customer {
    user: Caller,
    /// One case a site.
    cases: Vec<SysId>,
}

impl Office {
    /// Takes on the customer that all sites belong to, with a case about each.
    pub fn take_on_a_customer(&self, sites: &[SysId], now: Timestamp, rng: &mut dyn Rng) -> Customer {
        let user = self.let_in("customer", &["customer"], now, rng);
        let account = self.system_creates("customer_account", &[("name", "Riviera Homes".into())], now, rng);
        let contact = [("name", "Carla".into()), ("account", account.to_string()), ("user", user.to_string())];
        let contact = self.system_creates("customer_contact", &contact, now, rng).to_string();
        let open = |site: &SysId| {
            let about = ("short_description", format!("It is cold, since {}", now.0));
            let case = [about, ("contact", contact.clone()), ("location", site.to_string())];
            self.system_creates(CASES, &case, now, rng)
        };
        let cases = sites.iter().map(open).collect();
        Customer { user: Caller { user, roles: ["customer".to_owned()].into(), device: None }, cases }
    }
}

impl Customer {
    /// The case about a site, by its number.
    pub fn case(&self, site: usize) -> SysId {
        self.cases[site]
    }

    /// Lets the office note something on a case and answer its customer.
    pub fn is_written_to(&self, office: &Office, site: usize, now: Timestamp, rng: &mut dyn Rng) {
        let said = [
            ("work_notes", format!("Between us about site {site}, at {}", now.0)),
            ("comments", format!("Somebody will come to site {site}, promised at {}", now.0)),
        ];
        let (system, case) = (office.server().system(), self.cases[site]);
        let written = office.server().write(&system, now, rng, |call| table::update(call, CASES, case, &input(&said)));
        written.unwrap_or_else(|error| panic!("the office cannot write to its customer: {error}"));
    }

    /// Everything the customer is answered wherever they ask, as one text.
    pub fn is_told(&self, office: &Office, now: Timestamp, rng: &mut dyn Rng) -> String {
        let told = office.server().write(&self.user, now, rng, |call| self.asks_for_everything(call));
        told.unwrap_or_else(|error| panic!("the customer is not answered: {error}"))
    }

    fn asks_for_everything(&self, call: &mut Call<'_>) -> Result<String, TableError> {
        let mut told = [
            text(&cases::list(call, false, ALL)?),
            text(&things::assets(call, ALL)?),
            text(&things::installed(call, ALL)?),
            text(&things::contracts(call, ALL)?),
            text(&things::entitlements(call, ALL)?),
            text(&visits::orders(call, ALL)?),
        ]
        .join("\n");
        for case in &self.cases {
            told += &text(&cases::read(call, *case)?);
            told += &text(&timeline(call, CASES, *case, Audience::Customer)?);
        }
        for table in Dictionary::shipped().tables() {
            let found = question::query(call, table.name.as_str(), &Query::default(), ALL.limit, 0)?;
            told += &format!("{:?}", found.records);
        }
        Ok(told)
    }
}

fn text(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).expect("an answer is JSON")
}
