//! The count of a van differs from the ledger: a technician counts in a car park without a signal, and the office sees why.

use fieldline_device::Command;
use fieldline_device::runtime::now;
use fieldline_stories::{ADMINISTRATOR, Office};
use reqwest::Method;

#[test]
fn a_van_is_counted_offline_and_the_ledger_follows_the_count_with_its_reason() {
    let office = Office::open();
    let mia = office.technician("mia");
    let (valve, van) = (office.has_parts("Valve DN50", "4006381333931"), office.gives_van(&mia));
    office.puts(6, valve, van, &mia);
    let task = office.sends(&mia, "Replace the valve");
    mia.syncs();
    assert_eq!(office.stock_of(valve, van), (6, 6, 0), "her van is hers to use");

    let found = mia.phone().resolve_code("4006381333931").expect("a phone reads its own store");
    assert_eq!(found.iter().map(|item| item.document.sys_id).collect::<Vec<_>>(), [valve]);
    assert!(mia.phone().resolve_code("0000").expect("reads").is_empty());
    assert!(mia.uses(&task, valve, van));
    let reason = "one was broken in its box".to_owned();
    let count = mia.does(Command::Count { stockroom: van, model: valve, quantity: 4, reason }).document;
    assert!(mia.uses(&task, valve, van));
    mia.syncs();
    mia.syncs();

    assert_eq!(office.stock_of(valve, van), (3, 3, 0), "four were counted and one used since");
    let path = format!("/api/now/table/{count}");
    let booked = office.asks(ADMINISTRATOR, Method::GET, &path, None).body["result"].clone();
    assert_eq!(booked["state"], "booked", "{booked}");
    assert_eq!(mia.phone().van_stock().expect("a list")[0].left, 3);
    let leases = mia.phone().leases(now()).expect("a list");
    assert_eq!(leases.iter().map(|lease| (lease.used, lease.left)).collect::<Vec<_>>(), [(2, 3)]);
    let movements = office.asks(ADMINISTRATOR, Method::GET, &format!("/api/v1/stock?stockroom={van}"), None);
    let reasons = movements.body["stock"][0]["movements"].to_string();
    assert!(reasons.contains("one was broken in its box"), "{reasons}");
}
