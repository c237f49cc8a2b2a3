//! What is asked of both servers: the same question, in the words of each.

use serde_json::json;

use super::connection::Request;
use super::house::{CALLERS, GROUPS, House, WORKERS, caller, group, incident, worker};
use crate::words::word;

/// Records on a page.
const PAGE: usize = 50;

/// Which of the two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Ours,
    Floor,
}

/// A kind of question.
pub struct Operation {
    pub name: String,
    pub kind: Kind,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// One record.
    Get,
    /// A page.
    Page { by: By, order: Order },
    /// Figures, and those of a field beside how many.
    Count { mean_of: Option<&'static str> },
    /// A new record.
    Create,
    /// A changed field.
    Update,
}

/// Which records a page shows.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// All of them, and not from the first.
    Nothing,
    /// A field that holds one of many values.
    Field(&'static str),
    /// The first letters of who called.
    CallersName,
}

/// In which order.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    Any,
    Newest,
    Number,
}

/// Everything that is measured.
pub fn operations() -> Vec<Operation> {
    let mut all = vec![Operation { name: "get".into(), kind: Kind::Get }];
    let orders = [("", Order::Any), (", newest first", Order::Newest), (", by number", Order::Number)];
    for field in ["state", "active", "priority", "assigned_to", "assignment_group", "caller_id"] {
        for (words, order) in orders {
            all.push(Operation {
                name: format!("page by {field}{words}"),
                kind: Kind::Page { by: By::Field(field), order },
            });
        }
    }
    let page = |by, order| Kind::Page { by, order };
    let others = [
        ("page of all, by number", page(By::Nothing, Order::Number)),
        ("page by caller's name", page(By::CallersName, Order::Any)),
        ("count by state", Kind::Count { mean_of: None }),
        ("count and mean by state", Kind::Count { mean_of: Some("priority") }),
        ("create", Kind::Create),
        ("update", Kind::Update),
    ];
    all.extend(others.map(|(name, kind)| Operation { name: name.into(), kind }));
    all
}

impl Operation {
    /// Whether it changes anything.
    pub fn writes(&self) -> bool {
        matches!(self.kind, Kind::Create | Kind::Update)
    }

    /// How the question is put to a side; each turn asks about other records.
    pub fn request(&self, side: Side, house: &House, turn: usize) -> Request {
        let some = |of: usize| turn.wrapping_mul(7_919) % of;
        let record = || {
            let path = if side == Side::Ours { "/api/now/table/incident" } else { "/incident" };
            format!("{path}/{}", incident(some(house.records)))
        };
        match self.kind {
            Kind::Get => Request::get(record()),
            Kind::Page { by, order } => page(side, by, order, turn, house.records),
            Kind::Count { mean_of } => Request::get(match (side, mean_of) {
                (Side::Ours, None) => "/api/now/stats/incident?sysparm_count=true&sysparm_group_by=state".to_owned(),
                (Side::Ours, Some(field)) => format!(
                    "/api/now/stats/incident?sysparm_count=true&sysparm_avg_fields={field}&sysparm_group_by=state"
                ),
                (Side::Floor, None) => "/count".to_owned(),
                (Side::Floor, Some(field)) => format!("/count?mean={field}"),
            }),
            Kind::Create => {
                let body = json!({ "short_description": format!("Measured {turn}"), "category": "network", "impact": "2",
                    "urgency": "2", "caller_id": caller(some(CALLERS)), "assignment_group": group(some(GROUPS)) });
                let target = if side == Side::Ours { "/api/now/table/incident" } else { "/incident" };
                Request { method: "POST", target: target.into(), body: body.to_string() }
            }
            Kind::Update => {
                let body = json!({ "short_description": format!("Measured again {turn}") });
                Request { method: "PATCH", target: record(), body: body.to_string() }
            }
        }
    }
}

fn page(side: Side, by: By, order: Order, turn: usize, records: usize) -> Request {
    let (field, value) = match by {
        By::Nothing => ("", String::new()),
        By::Field(field) => (field, value(field, turn)),
        By::CallersName => ("caller_id.name", escaped(word(turn.wrapping_mul(7) % 1_000))),
    };
    let offset = if matches!(by, By::Nothing) { turn.wrapping_mul(7_919) % records.min(2_000) } else { 0 };
    let target = match side {
        Side::Ours => {
            let filter = match by {
                By::Nothing => String::new(),
                By::Field(field) => format!("{field}%3D{value}"),
                By::CallersName => format!("{field}STARTSWITH{value}"),
            };
            let order = match order {
                Order::Any => "",
                Order::Newest => "%5EORDERBYDESCsys_updated_on",
                Order::Number => "%5EORDERBYnumber",
            };
            format!(
                "/api/now/table/incident?sysparm_query={filter}{order}&sysparm_limit={PAGE}&sysparm_offset={offset}"
            )
        }
        Side::Floor => {
            format!("/incident?field={field}&value={value}&order={order:?}&limit={PAGE}&offset={offset}")
        }
    };
    Request::get(target)
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect()
}

/// A value the field of some records holds.
fn value(field: &str, turn: usize) -> String {
    match field {
        "state" => ["1", "2", "3", "6", "7"][turn % 5].to_owned(),
        "active" => ["true", "false"][turn % 2].to_owned(),
        "priority" => (1 + turn % 5).to_string(),
        "assigned_to" => worker(turn % WORKERS).to_string(),
        "assignment_group" => group(turn % GROUPS).to_string(),
        _ => caller(turn % CALLERS).to_string(),
    }
}
