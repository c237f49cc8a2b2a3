//! An asset is swapped with the wrong serial: the phone says which one is meant, offline, and the right swap is whole.

use fieldline_device::runtime::{Entropy, now};
use fieldline_device::{DeviceError, Swap};
use fieldline_model::DocumentId;
use fieldline_stories::{ADMINISTRATOR, Office};
use reqwest::Method;
use serde_json::json;

#[test]
fn a_swap_with_the_wrong_serial_is_refused_on_the_phone_and_the_right_one_is_whole() {
    let office = Office::open();
    let mia = office.technician("mia");
    let (pump, van) = (office.has_parts("Pump", "P-7"), office.gives_van(&mia));
    let made = |serial: &str, more: serde_json::Value| {
        let mut fields = json!({ "display_name": "Pump", "serial_number": serial, "model": pump.to_string() });
        more.as_object().expect("fields").iter().for_each(|(name, value)| fields[name] = value.clone());
        office.stores_create("alm_asset", &fields)
    };
    let site = office.creates("cmn_location", &json!({ "name": "Harbour 1" }));
    let old = made("SN-OLD", json!({ "install_status": "1", "location": site.sys_id.to_string() }));
    let in_van = json!({ "stockroom": van.to_string(), "assigned_to": mia.user().to_string() });
    let new = made("SN-NEW", in_van);
    let task = office.sends(&mia, "Replace the pump");
    office.changes(&task, &json!({ "asset": old.sys_id.to_string(), "location": site.sys_id.to_string() }));
    mia.syncs();

    let swap = |removed: &str, installed: &str| {
        let (task, removed, installed) = (task.clone(), removed.to_owned(), installed.to_owned());
        let swap = Swap { task, removed, installed, stockroom: Some(van), is_defective: true };
        mia.runtime().device().swap(swap, now(), &mut Entropy::default())
    };
    let wrong = swap("SN-OTHER", "SN-NEW").expect_err("another pump stands there");
    assert!(matches!(wrong, DeviceError::OtherAsset { .. }), "{wrong}");
    let told = wrong.to_string();
    assert!(told.contains("SN-OLD") && told.contains("ask dispatch"), "{told}");
    assert!(matches!(swap("SN-OLD", "SN-UNKNOWN"), Err(DeviceError::NoSuchPlate { .. })));
    assert!(matches!(swap("SN-OLD", "SN-OLD"), Err(DeviceError::NotInStock { .. })));
    assert_eq!(mia.phone().sync_status().expect("a status").unsent_edits, 0, "nothing of it was written");

    swap("sn-old", "SN-NEW").expect("read off the right plates");
    mia.syncs();
    let read = |id: &DocumentId| {
        let path = format!("/api/now/table/{id}?sysparm_exclude_reference_link=true");
        office.asks(ADMINISTRATOR, Method::GET, &path, None).body["result"].clone()
    };
    let (installed, removed) = (read(&new), read(&old));
    assert_eq!((installed["install_status"].as_str(), removed["install_status"].as_str()), (Some("1"), Some("6")));
    assert_eq!(installed["location"], site.sys_id.to_string());
    assert_eq!(
        (removed["substatus"].as_str(), removed["stockroom"].as_str()),
        (Some("defective"), Some(&*van.to_string()))
    );
    let path = format!("/api/v1/assets/{}/history?limit=50", new.sys_id);
    let history = office.asks(ADMINISTRATOR, Method::GET, &path, None).body;
    let lines = history["history"].as_array().expect("lines");
    assert!(lines.iter().any(|line| line["kind"] == "movement"), "{history}");
    let moments: Vec<&str> = lines.iter().filter_map(|line| line["at"].as_str()).collect();
    assert!(moments.is_sorted_by(|a, b| a >= b), "newest first: {moments:?}");
}
