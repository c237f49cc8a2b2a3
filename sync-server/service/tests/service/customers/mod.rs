//! Customers, what they are entitled to, and how their cases go; [`Desk`] is where all of it takes place.

mod cases;
mod contracts;
mod entitlements;
mod field;
mod major;
mod portal;
mod timeline;

use fieldline_model::{DocumentId, Record};
use fieldline_service::csm::portal::cases as portal_cases;
use fieldline_service::csm::portal::cases::{Act, CaseView};
use fieldline_service::table::Input;
use fieldline_service::{Call, Caller, TableError};

use crate::house::House;

/// A service desk with an agent, a manager and a customer of one account.
pub struct Desk {
    pub house: House,
    pub ann: Caller,
    pub max: Caller,
    pub carla: Caller,
    pub account: String,
    pub contact: String,
}

impl Desk {
    pub fn new() -> Self {
        let mut house = House::new();
        let ann = house.person("ann", "Ann Agent", &["case_agent"]);
        let max = house.person("max", "Max Manager", &["case_manager", "case_agent"]);
        let carla = house.person("carla", "Carla Customer", &["customer"]);
        let mut desk = Self { house, ann, max, carla: carla.clone(), account: String::new(), contact: String::new() };
        desk.account = desk.made("customer_account", &[("name", "Boxeo")]);
        desk.contact = desk.contact_of(&carla, &desk.account.clone());
        desk
    }

    /// A row or record that is simply there; its identity.
    pub fn made(&mut self, table: &str, fields: &[(&str, &str)]) -> String {
        let system = self.house.server.system();
        self.house.create(&system, table, fields).unwrap().record.id.sys_id.to_string()
    }

    pub fn contact_of(&mut self, user: &Caller, account: &str) -> String {
        let user = user.user.to_string();
        self.made("customer_contact", &[("name", "A contact"), ("account", account), ("user", &user)])
    }

    pub fn property(&mut self, name: &str, value: &str) {
        self.made("sys_properties", &[("name", name), ("value", value)]);
    }

    /// A case that the agent opens for the customer.
    pub fn case(&mut self, more: &[(&str, &str)]) -> DocumentId {
        let (ann, contact) = (self.ann.clone(), self.contact.clone());
        let fields = [&[("short_description", "No power"), ("contact", &*contact)], more].concat();
        self.house.create(&ann, "sn_customerservice_case", &fields).unwrap().record.id
    }

    pub fn read(&mut self, id: &DocumentId) -> Record {
        let system = self.house.server.system();
        self.house.get(&system, id).unwrap().record
    }

    /// What a field shows, as text.
    pub fn shows(&mut self, id: &DocumentId, field: &str) -> String {
        self.read(id).get(field).map(ToString::to_string).unwrap_or_default()
    }

    pub fn rows(&mut self, table: &str, query: &str) -> Vec<Record> {
        let system = self.house.server.system();
        self.house.query(&system, table, query)
    }

    pub fn notes(&mut self, id: &DocumentId) -> Vec<String> {
        let system = self.house.server.system();
        let detail = self.house.get(&system, id).unwrap();
        detail.projection_of_document.unwrap().work_notes.into_iter().map(|note| note.what.text).collect()
    }

    /// The agent takes a case on and proposes a solution.
    pub fn solves(&mut self, case: &DocumentId) {
        let ann = self.ann.clone();
        self.house.update(&ann, case, &[("state", "10")]).unwrap();
        let solved = [("state", "6"), ("resolution_code", "Solved"), ("close_notes", "Fuse replaced")];
        self.house.update(&ann, case, &solved).unwrap();
    }

    pub fn portal<T>(
        &mut self,
        who: &Caller,
        work: impl FnOnce(&mut Call<'_>) -> Result<T, TableError>,
    ) -> Result<T, TableError> {
        self.house.server.write(who, self.house.now, &mut self.house.rng, work)
    }

    pub fn acts(&mut self, who: &Caller, case: &DocumentId, act: Act) -> Result<CaseView, TableError> {
        let case = case.sys_id;
        self.portal(who, |call| portal_cases::act(call, case, &act))
    }

    pub fn opens(&mut self, who: &Caller, fields: &[(&str, &str)]) -> Result<CaseView, TableError> {
        let input = Input::of(fields);
        self.portal(who, |call| portal_cases::create(call, input)).map(|(case, _)| case)
    }
}
