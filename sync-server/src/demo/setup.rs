//! The demo's world: people, vans with parts, real places, and a work order for every incident that needs somebody on site.
//!
//! Everything is made through the record API over HTTP, as an organisation's own software would.
//!
//! *The rule:* an incident needs somebody on site when the log shows that it was passed on between groups and people at least
//! [`PASSED_ON`] times: remote help had run out. The anonymous locations of the log stand at real places in Monaco, the same
//! one for the same name.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::Timestamp;
use rand_core::Rng;
use serde_json::{Value, json};

use super::failed::DemoFailed;
use super::office::Office;
use super::people::{PARTS, one_of};

/// How often an incident is passed on before somebody drives there.
const PASSED_ON: u64 = 3;
/// Parts of each sort in a van.
const PARTS_IN_VAN: i64 = 12;
/// Jobs a technician begins the day with.
const JOBS_EACH: usize = 5;

const PLACES: &str = include_str!("../../../tests/data/monaco_places.csv");

/// What was set up.
#[derive(Debug, Default)]
pub struct World {
    /// The technicians, as the record API knows them.
    pub technicians: Vec<String>,
    /// The group they all belong to.
    pub group: String,
    /// Incidents that need somebody on site, each with its work order.
    pub orders: usize,
    /// Tasks somebody was given before the shift began; the others wait for dispatch.
    pub assigned: usize,
}

/// Sets everything up; `technicians` are `sys_user`s.
pub async fn set_up(
    admin: &Office,
    dispatcher: &Office,
    log: &[u8],
    technicians: Vec<String>,
    dawn: Timestamp,
    rng: &mut dyn Rng,
) -> Result<World, DemoFailed> {
    let group = admin.create("sys_user_group", json!({ "name": "Field service Monaco" })).await?;
    equip(admin, &technicians, &group).await?;
    let mut world = World { technicians, group, ..World::default() };
    let incidents = incidents_on_site(admin, log).await?;
    place(admin, &incidents).await?;
    for (index, incident) in incidents.iter().enumerate() {
        let technician = (index < world.technicians.len() * JOBS_EACH).then(|| index % world.technicians.len());
        world.order(dispatcher, incident, technician, dawn.plus_milliseconds(start_of(index, rng)), rng).await?;
    }
    Ok(world)
}

/// When a job is planned, in milliseconds after dawn: a technician's jobs follow each other.
fn start_of(index: usize, rng: &mut dyn Rng) -> i64 {
    let round = i64::try_from(index / 12).unwrap_or_default();
    let minutes = round * 90 + i64::from(rng.next_u32() % 30);
    minutes * 60_000
}

/// Puts technicians into the group and parts into their vans.
async fn equip(admin: &Office, technicians: &[String], group: &str) -> Result<(), DemoFailed> {
    let mut models = Vec::new();
    for part in PARTS {
        models.push(admin.create("cmdb_model", json!({ "display_name": part, "name": part })).await?);
    }
    for (index, user) in technicians.iter().enumerate() {
        admin.create("sys_user_grmember", json!({ "user": user, "group": group })).await?;
        let room = json!({ "name": format!("Van {}", index + 1), "type": "field_agent", "manager": user });
        let stockroom = admin.create("alm_stockroom", room).await?;
        for (model, part) in models.iter().zip(PARTS) {
            let asset = json!({
                "display_name": part, "model": model, "stockroom": stockroom, "assigned_to": user,
                "quantity": PARTS_IN_VAN.to_string(), "install_status": "6",
            });
            admin.create("alm_asset", asset).await?;
        }
    }
    Ok(())
}

/// The numbers of the incidents that were passed on often enough.
fn passed_on(log: &[u8]) -> Result<BTreeSet<String>, csv::Error> {
    let mut numbers = BTreeSet::new();
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(log));
    for row in reader.deserialize() {
        let row: BTreeMap<String, String> = row?;
        let times: u64 = row.get("reassignment_count").and_then(|text| text.parse().ok()).unwrap_or(0);
        if times >= PASSED_ON {
            numbers.extend(row.get("number").cloned());
        }
    }
    Ok(numbers)
}

/// The incidents that need somebody on site, the most urgent first.
async fn incidents_on_site(admin: &Office, log: &[u8]) -> Result<Vec<Value>, DemoFailed> {
    let numbers: Vec<String> = passed_on(log)?.into_iter().collect();
    let query = format!("numberIN{}^locationISNOTEMPTY^ORDERBYpriority^ORDERBYnumber", numbers.join(","));
    admin.list("incident", &query, "sys_id,number,short_description,location,impact,urgency").await
}

/// Gives every location of these incidents a real place.
async fn place(admin: &Office, incidents: &[Value]) -> Result<(), DemoFailed> {
    let locations: BTreeSet<&str> = incidents.iter().map(|incident| text(incident, "location")).collect();
    let places: Vec<BTreeMap<String, String>> =
        csv::Reader::from_reader(PLACES.as_bytes()).deserialize().collect::<Result<_, _>>()?;
    // Spread over the whole list, which is sorted by name.
    let stride = (places.len() / locations.len().max(1)).max(1);
    for (location, place) in locations.into_iter().zip(places.iter().step_by(stride)) {
        let fields = json!({
            "name": place["name"], "street": place["street"], "city": "Monaco", "country": "Monaco",
            "latitude": place["latitude"], "longitude": place["longitude"],
        });
        admin.must_change("cmn_location", location, fields).await?;
    }
    Ok(())
}

impl World {
    /// Makes the work order and the task of an incident, for a technician or to wait for dispatch.
    async fn order(
        &mut self,
        dispatcher: &Office,
        incident: &Value,
        technician: Option<usize>,
        start: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DemoFailed> {
        let number = text(incident, "number");
        let about = format!("{number}: {}", text(incident, "short_description"));
        let shared = |fields: Value| {
            let mut fields = fields;
            for name in ["location", "impact", "urgency"] {
                fields[name] = incident[name].clone();
            }
            fields["short_description"] = about.chars().take(160).collect::<String>().into();
            fields
        };
        let order = shared(json!({ "initiated_from": text(incident, "sys_id") }));
        let order = dispatcher.create("wm_order", order).await?;
        let minutes = *one_of(&[30, 45, 60, 90], rng);
        let task = shared(json!({
            "parent": order, "assignment_group": self.group, "dispatch_group": self.group,
            "expected_start": start.to_string(), "estimated_work_duration": (minutes * 60).to_string(),
            "description": format!("Remote help for {number} ran out; find the cause on site."),
        }));
        let task = dispatcher.create("wm_task", task).await?;
        self.orders += 1;
        let step = match technician {
            Some(technician) => json!({ "assigned_to": self.technicians[technician], "state": "16" }),
            None => json!({ "state": "10" }),
        };
        self.assigned += usize::from(technician.is_some());
        dispatcher.must_change("wm_task", &task, step).await
    }
}

/// A field of a record, empty when it is.
pub fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    record[field].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carried_log_names_the_incidents_that_remote_help_could_not_end() {
        let log = include_bytes!("../../../tests/data/incident_event_log.csv.gz");
        let numbers = passed_on(log).expect("the log is well formed");
        assert_eq!(numbers.len(), 95);
    }

    #[test]
    fn every_carried_place_is_in_monaco() {
        for place in csv::Reader::from_reader(PLACES.as_bytes()).deserialize() {
            let place: BTreeMap<String, String> = place.expect("well formed");
            let degrees = |name: &str| place[name].parse::<f64>().expect("a number");
            assert!((43.70..43.77).contains(&degrees("latitude")) && (7.39..7.46).contains(&degrees("longitude")));
            assert!(!place["name"].is_empty() && !place["street"].is_empty());
        }
    }
}
