//! What the people who keep stock do in the office: kinds of parts, stockrooms, and what lies in them.

use fieldline_model::{DocumentId, SysId};
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::office::record;
use crate::{ADMINISTRATOR, Office, Technician};

impl Office {
    /// The keeper of the stores creates a record.
    pub fn stores_create(&self, table: &str, fields: &Json) -> DocumentId {
        let answer = self.asks(ADMINISTRATOR, Method::POST, &format!("/api/now/table/{table}"), Some(fields));
        assert_eq!(answer.status, 201, "creating {fields}: {}", answer.body);
        record(table, &answer.body["result"])
    }

    /// A kind of part.
    pub fn has_parts(&self, name: &str, barcode: &str) -> SysId {
        self.stores_create("cmdb_model", &json!({ "display_name": name, "barcode": barcode })).sys_id
    }

    /// A stockroom that several people take from.
    pub fn has_depot(&self, name: &str) -> SysId {
        self.stores_create("alm_stockroom", &json!({ "name": name, "type": "warehouse" })).sys_id
    }

    /// A technician's van.
    pub fn gives_van(&self, technician: &Technician) -> SysId {
        let van = json!({
            "name": format!("{}'s van", technician.name()), "type": "field_agent",
            "manager": technician.user().to_string(),
        });
        self.stores_create("alm_stockroom", &van).sys_id
    }

    /// Puts parts into a stockroom, as a technician's phone may see them.
    pub fn puts(&self, quantity: i64, part: SysId, room: SysId, seen_by: &Technician) -> DocumentId {
        self.stores_create(
            "alm_asset",
            &json!({
                "display_name": "Parts", "model": part.to_string(), "stockroom": room.to_string(),
                "quantity": quantity.to_string(), "assigned_to": seen_by.user().to_string(),
            }),
        )
    }

    /// On hand, leased and available of a part in a stockroom.
    pub fn stock_of(&self, part: SysId, room: SysId) -> (i64, i64, i64) {
        let path = format!("/api/v1/stock?stockroom={room}&model={part}");
        let answer = self.asks(ADMINISTRATOR, Method::GET, &path, None);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let figure = |name: &str| answer.body["stock"][0][name].as_i64().expect("a figure");
        (figure("on_hand"), figure("leased"), figure("available"))
    }

    /// What somebody has to count or find.
    pub fn has_to_reconcile(&self) -> Vec<Json> {
        let query = "correlation_idSTARTSWITHstock/^active=true";
        let path = format!("/api/now/table/task?sysparm_query={query}&sysparm_exclude_reference_link=true");
        let answer = self.asks(ADMINISTRATOR, Method::GET, &path, None);
        answer.body["result"].as_array().cloned().expect("a query answers a list")
    }
}

impl Technician {
    /// Takes a part for a job; whether what this phone has a right to covers it.
    pub fn uses(&self, task: &DocumentId, part: SysId, room: SysId) -> bool {
        let (document, stockroom) = (task.clone(), Some(room));
        let used = fieldline_device::Command::UsePart { document, model: part, quantity: 1, asset: None, stockroom };
        self.does(used).uncovered.is_empty()
    }
}
