//! Records are found by what their files say, by whoever sees them.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::house::{House, basic};

/// A PDF of one page, written by hand.
fn pdf(text: &str) -> Vec<u8> {
    let content = format!("BT /F1 12 Tf 72 720 Td ({text}) Tj ET");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>".to_owned(),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
    ];
    let (mut file, mut places) = ("%PDF-1.4\n".to_owned(), String::new());
    for (number, object) in objects.iter().enumerate() {
        places += &format!("{:010} 00000 n \n", file.len());
        file += &format!("{} 0 obj\n{object}\nendobj\n", number + 1);
    }
    let at = file.len();
    file +=
        &format!("xref\n0 6\n0000000000 65535 f \n{places}trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n");
    file.into_bytes()
}

async fn made(house: &House, table: &str, fields: Value) -> String {
    let made = house.ask("POST", &format!("/api/now/table/{table}"), &basic("admin"), fields).await;
    assert_eq!(made.status.as_u16(), 201, "{}", String::from_utf8_lossy(&made.body));
    made.json()["result"]["sys_id"].as_str().expect("a sys_id").to_owned()
}

async fn attach(house: &House, record: (&str, &str), name: &str, content_type: &str, bytes: Vec<u8>) -> String {
    let (table, id) = record;
    let path = format!("/api/now/attachment/file?table_name={table}&table_sys_id={id}&file_name={name}");
    let request = Request::post(path).header("host", "here").header("authorization", basic("admin"));
    let request = request.header("content-type", content_type).body(Body::from(bytes)).expect("well formed");
    let sent = house.send(request).await;
    assert_eq!(sent.status.as_u16(), 201, "{}", String::from_utf8_lossy(&sent.body));
    sent.json()["result"]["sys_id"].as_str().expect("a sys_id").to_owned()
}

/// Reads what has come, as the server does in idle moments.
fn read_files(house: &House) -> usize {
    let (now, mut rng) = (house.clock().now(), fieldline_web::Entropy::open());
    house.server.read_files(100, now, &mut rng).expect("the database works")
}

async fn found(house: &House, who: &str, words: &str) -> Vec<String> {
    let answer = house.ask("GET", &format!("/api/v1/search?words={words}"), &basic(who), Value::Null).await.json();
    let hits = answer["hits"].as_array().expect("hits").iter();
    hits.map(|hit| hit["sys_id"].as_str().expect("a sys_id").to_owned()).collect()
}

#[tokio::test]
async fn a_record_is_found_by_what_its_files_say_and_only_by_who_sees_it() {
    let house = House::new();
    let mia = house.mia.to_string();
    let mine = made(&house, "wm_task", json!({ "short_description": "Pump", "assigned_to": mia })).await;
    let other = made(&house, "incident", json!({ "short_description": "Cold" })).await;
    let item = made(&house, "cmdb_ci", json!({ "name": "Boiler 7" })).await;
    attach(&house, ("wm_task", &mine), "notes.txt", "text/plain", b"Torque the flange".to_vec()).await;
    attach(&house, ("incident", &other), "manual.pdf", "application/pdf", pdf("Torque the gasket")).await;
    attach(&house, ("cmdb_ci", &item), "parts.csv", "text/csv", b"part,count\ntorque wrench,2\n".to_vec()).await;
    attach(&house, ("cmdb_ci", &item), "photo.jpg", "image/jpeg", b"torque".to_vec()).await;
    assert_eq!(read_files(&house), 4);
    assert_eq!(read_files(&house), 0, "each is read once");
    assert_eq!(found(&house, "dora", "flange").await, std::slice::from_ref(&mine));
    assert_eq!(found(&house, "dora", "gasket").await, std::slice::from_ref(&other));
    assert_eq!(found(&house, "dora", "wrench").await, std::slice::from_ref(&item));
    assert_eq!(found(&house, "mia", "torque").await, std::slice::from_ref(&mine));
    assert_eq!(found(&house, "mia", "gasket").await, Vec::<String>::new());
    let titled = made(&house, "incident", json!({ "short_description": "Torque" })).await;
    let ranked = found(&house, "dora", "torque").await;
    assert_eq!((ranked.len(), &ranked[0]), (4, &titled), "a title says more than a file");
}

#[tokio::test]
async fn what_a_removed_file_said_is_found_no_more_and_what_two_records_share_by_both() {
    let house = House::new();
    let (one, two) = (
        made(&house, "incident", json!({ "short_description": "One" })).await,
        made(&house, "cmdb_ci", json!({ "name": "Two" })).await,
    );
    let page = b"<p>Isolate the <b>feeder</b></p><script>hidden</script>".to_vec();
    let file = attach(&house, ("incident", &one), "page.html", "text/html", page.clone()).await;
    assert_eq!(read_files(&house), 1);
    attach(&house, ("cmdb_ci", &two), "copy.html", "text/html", page).await;
    assert_eq!(read_files(&house), 0, "the same content is read once");
    let mut both = vec![one.clone(), two.clone()];
    both.sort();
    let mut hits = found(&house, "dora", "feeder").await;
    hits.sort();
    assert_eq!(hits, both);
    assert_eq!(found(&house, "dora", "hidden").await, Vec::<String>::new());
    let path = format!("/api/now/attachment/{file}");
    assert_eq!(house.ask("DELETE", &path, &basic("admin"), Value::Null).await.status.as_u16(), 204);
    assert_eq!(found(&house, "dora", "feeder").await, [two]);
}

#[tokio::test]
async fn a_file_that_breaks_its_reader_says_nothing_and_the_next_one_is_read() {
    let house = House::new();
    let id = made(&house, "incident", json!({ "short_description": "One" })).await;
    let mut spoilt = pdf("Torque");
    spoilt.truncate(200);
    attach(&house, ("incident", &id), "a.pdf", "application/pdf", spoilt).await;
    attach(&house, ("incident", &id), "b.txt", "text/plain", b"sound".to_vec()).await;
    assert_eq!(read_files(&house), 2);
    assert_eq!(found(&house, "dora", "sound").await, [id]);
}
