use axum::body::Body;
use axum::http::{Request, StatusCode};
use fieldline_service::{Call, table};
use fieldline_web::{Edge, Entropy};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::house::{Answer, House, basic};

const FILES: &str = "/api/now/attachment";

/// Three pieces and a bit, none like another.
fn large() -> Vec<u8> {
    (0..150_000_u32).map(|index| (index * 7 + index / 251) as u8).collect()
}

async fn record(house: &House, table: &str, fields: Value) -> String {
    let made = house.ask("POST", &format!("/api/now/table/{table}"), &basic("admin"), fields).await;
    assert_eq!(made.status.as_u16(), 201, "{}", String::from_utf8_lossy(&made.body));
    made.json()["result"]["sys_id"].as_str().expect("a sys_id").to_owned()
}

async fn incident(house: &House) -> String {
    record(house, "incident", json!({ "short_description": "No heating" })).await
}

async fn send(house: &House, who: &str, path: &str, content_type: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(path).header("host", "fieldline.example").header("authorization", basic(who));
    house.send(request.header("content-type", content_type).body(body.into()).expect("well formed")).await
}

async fn upload(house: &House, table: &str, sys_id: &str, name: &str, bytes: Vec<u8>) -> Value {
    let path = format!("{FILES}/file?table_name={table}&table_sys_id={sys_id}&file_name={name}");
    let answer = send(house, "dora", &path, "image/jpeg", bytes).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["result"].clone()
}

async fn get(house: &House, who: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path).header("host", "fieldline.example").header("authorization", basic(who));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    house.send(request.body(Body::empty()).expect("well formed")).await
}

fn file_of(metadata: &Value) -> String {
    format!("{FILES}/{}/file", metadata["sys_id"].as_str().expect("a sys_id"))
}

#[tokio::test]
async fn a_file_comes_back_byte_for_byte_with_what_is_known_of_it_as_strings() {
    let house = House::new();
    let incident = incident(&house).await;
    let path = format!("{FILES}/file?table_name=task&table_sys_id={incident}&file_name=M%C3%BCll%20%22a%22.jpg");
    let answer = send(&house, "dora", &path.replace("/now/", "/now/v1/"), "image/jpeg", large()).await;
    let file = answer.json()["result"].clone();
    let id = file["sys_id"].as_str().expect("a sys_id").to_owned();
    let link = format!("http://fieldline.example/api/now/v1/attachment/{id}/file");
    assert_eq!((answer.status.as_u16(), answer.header("location")), (201, link.as_str()));
    assert!(file.as_object().expect("fields").values().all(Value::is_string), "{file}");
    for (field, value) in [
        ("table_name", "incident"),
        ("table_sys_id", incident.as_str()),
        ("file_name", "Müll \"a\".jpg"),
        ("content_type", "image/jpeg"),
        ("size_bytes", "150000"),
        ("compressed", "false"),
        ("state", "available"),
        ("sys_created_by", "dora"),
        ("sys_mod_count", "0"),
        ("download_link", link.as_str()),
    ] {
        assert_eq!(file[field], value, "{field}");
    }
    let hash = ring::digest::digest(&ring::digest::SHA256, &large());
    assert_eq!(file["hash"], fieldline_model::hex::encode(hash.as_ref()));

    let given = get(&house, "dora", &file_of(&file), &[("accept-encoding", "gzip")]).await;
    assert_eq!((given.status.as_u16(), given.body == large()), (200, true));
    assert_eq!((given.header("content-type"), given.header("content-length")), ("image/jpeg", "150000"));
    assert!(
        given
            .header("content-disposition")
            .starts_with("attachment; filename=\"M_ll _a_.jpg\"; filename*=UTF-8''M%C3%BCll")
    );
    assert!(given.header("content-security-policy").contains("sandbox"));
    let metadata: Value = serde_json::from_str(given.header("x-attachment-metadata")).expect("JSON");
    assert_eq!(metadata["file_name"], file["file_name"]);
    let known = get(&house, "dora", &format!("{FILES}/{id}"), &[]).await.json();
    assert_eq!(known["result"]["hash"], file["hash"]);
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off_and_is_not_repeated_when_nothing_changed() {
    let house = House::new();
    let incident = incident(&house).await;
    let file = upload(&house, "incident", &incident, "a.jpg", large()).await;
    let path = file_of(&file);
    let whole = get(&house, "dora", &path, &[]).await;
    let tag = whole.header("etag").to_owned();
    for (range, bytes) in
        [("bytes=0-0", 0..1), ("bytes=49000-100000", 49_000..100_001), ("bytes=-10", 149_990..150_000)]
    {
        let part = get(&house, "dora", &path, &[("range", range), ("if-range", &tag)]).await;
        assert_eq!((part.status.as_u16(), &part.body), (206, &large()[bytes.clone()].to_vec()), "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {}-{}/150000", bytes.start, bytes.end - 1));
    }
    let beyond = get(&house, "dora", &path, &[("range", "bytes=150000-")]).await;
    assert_eq!((beyond.status.as_u16(), beyond.header("content-range")), (416, "bytes */150000"));
    let same = get(&house, "dora", &path, &[("if-none-match", &tag)]).await;
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
    let head = Request::head(&path).header("authorization", basic("dora")).body(Body::empty()).expect("well formed");
    let head = house.send(head).await;
    assert_eq!((head.status.as_u16(), head.header("content-length"), head.body.len()), (200, "150000", 0));
}

const BOUNDARY: &str = "multipart/form-data; boundary=xyz";

fn form(parts: &[(&str, &str)]) -> String {
    let part = |(head, body): &(&str, &str)| {
        let file = if head.contains("filename") { "\r\nContent-Type: text/plain" } else { "" };
        format!("--xyz\r\nContent-Disposition: form-data; {head}{file}\r\n\r\n{body}\r\n")
    };
    parts.iter().map(part).collect::<String>() + "--xyz--\r\n"
}

#[tokio::test]
async fn a_form_may_name_the_record_before_or_after_the_file() {
    let house = House::new();
    let incident = incident(&house).await;
    let record = [("name=\"table_name\"", "incident"), ("name=\"table_sys_id\"", incident.as_str())];
    let file = [("name=\"uploadFile\"; filename=\"note.txt\"", "The pump is loud")];
    let before: Vec<_> = record.iter().chain(&file).copied().collect();
    let after: Vec<_> = file.iter().chain(&record).copied().collect();
    for parts in [before, after] {
        let answer = send(&house, "dora", &format!("{FILES}/upload"), BOUNDARY, form(&parts)).await;
        let file = answer.json()["result"].clone();
        assert_eq!(answer.status.as_u16(), 201, "{file}");
        assert_eq!((&file["file_name"], &file["content_type"]), (&json!("note.txt"), &json!("text/plain")));
        assert_eq!(get(&house, "dora", &file_of(&file), &[]).await.body, b"The pump is loud");
    }
    for (parts, named) in [(&record[..], "uploadFile"), (&file[..], "table_name")] {
        let answer = send(&house, "dora", &format!("{FILES}/upload"), BOUNDARY, form(parts)).await;
        let detail = answer.json()["error"]["detail"].to_string();
        assert_eq!((answer.status.as_u16(), detail.contains(named)), (400, true), "{detail}");
    }
}

#[tokio::test]
async fn files_are_listed_by_query_and_by_pairs_and_paged() {
    let house = House::new();
    let (one, other) = (incident(&house).await, incident(&house).await);
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        upload(&house, "incident", &one, name, name.into()).await;
    }
    upload(&house, "incident", &other, "d.jpg", b"d".to_vec()).await;
    let names = async |query: &str| {
        let listed = get(&house, "dora", &format!("{FILES}?{query}"), &[]).await;
        let result = listed.json()["result"].as_array().expect("a list").clone();
        let names: Vec<_> = result.iter().map(|file| file["file_name"].as_str().expect("text").to_owned()).collect();
        (names.join(" "), listed.header("x-total-count").to_owned(), listed.header("link").to_owned())
    };
    let (found, total, _) = names(&format!("table_name=incident&table_sys_id={other}")).await;
    assert_eq!((found.as_str(), total.as_str()), ("d.jpg", "1"));
    let query = format!("sysparm_query=table_sys_id={one}^ORDERBYDESCfile_name&sysparm_limit=2");
    let (found, total, link) = names(&query).await;
    assert_eq!((found.as_str(), total.as_str()), ("c.jpg b.jpg", "3"));
    assert!(link.contains("sysparm_limit=2&sysparm_offset=2>;rel=\"next\""), "{link}");
    assert_eq!(names(&format!("{query}&sysparm_offset=2")).await.0, "a.jpg");
    assert_eq!(names("file_name=none").await.1, "0");
    let row = house
        .ask("GET", "/api/now/table/sys_attachment?sysparm_query=file_name=d.jpg", &basic("admin"), Value::Null)
        .await;
    assert_eq!(row.json()["result"][0]["table_sys_id"], other.as_str());
}

#[tokio::test]
async fn who_does_not_see_the_record_does_not_see_its_files() {
    let house = House::new();
    let incident = incident(&house).await;
    let file = upload(&house, "incident", &incident, "secret.jpg", b"secret".to_vec()).await;
    let id = file["sys_id"].as_str().expect("a sys_id");
    for path in [format!("{FILES}/{id}"), file_of(&file), format!("{FILES}/{id}/attributes")] {
        assert_eq!(get(&house, "mia", &path, &[]).await.status.as_u16(), 404, "{path}");
    }
    let listed = get(&house, "mia", FILES, &[]).await;
    assert_eq!((listed.json()["result"].clone(), listed.header("x-total-count")), (json!([]), "0"));
    let path = format!("{FILES}/file?table_name=incident&table_sys_id={incident}&file_name=x");
    assert_eq!(send(&house, "mia", &path, "text/plain", "x").await.status.as_u16(), 404);
    let deleted = house.ask("DELETE", &format!("{FILES}/{id}"), &basic("mia"), Value::Null).await;
    assert_eq!(deleted.status.as_u16(), 404);
    let ci = record(&house, "cmdb_ci", json!({ "name": "Pump" })).await;
    let theirs = format!("{FILES}/file?table_name=cmdb_ci&table_sys_id={ci}&file_name=manual.pdf");
    assert_eq!(send(&house, "admin", &theirs, "application/pdf", "%PDF").await.status.as_u16(), 201);
    let of_kind = format!("{FILES}/file?table_name=sys_attachment&table_sys_id={id}&file_name=x");
    assert_eq!(send(&house, "admin", &of_kind, "text/plain", "x").await.status.as_u16(), 403);
}

#[tokio::test]
async fn a_file_is_renamed_annotated_and_removed_and_its_bytes_go_with_the_last_record() {
    let house = House::new();
    let (one, other) = (incident(&house).await, incident(&house).await);
    let first = upload(&house, "incident", &one, "a.jpg", b"same".to_vec()).await;
    let second = upload(&house, "incident", &other, "b.jpg", b"same".to_vec()).await;
    let path = format!("{FILES}/{}", first["sys_id"].as_str().expect("a sys_id"));
    let ask = async |method: &str, path: &str, body: Value| house.ask(method, path, &basic("dora"), body).await;
    assert_eq!(ask("PATCH", &path, json!({ "file_name": "new.jpg" })).await.status.as_u16(), 204);
    assert_eq!(ask("GET", &path, Value::Null).await.json()["result"]["file_name"], "new.jpg");
    for (body, status) in [
        (json!({ "name": "x" }), 400),
        (json!({ "file_name": "" }), 400),
        (json!({ "file_name": "x".repeat(300) }), 400),
    ] {
        assert_eq!(ask("PATCH", &path, body).await.status.as_u16(), status);
    }
    let pairs = json!([{ "key": "source", "value": "camera" }, { "key": "b", "value": "2" }]);
    let kept = ask("POST", &format!("{path}/attributes"), pairs).await;
    assert_eq!((kept.status.as_u16(), kept.json()["result"].as_array().map(Vec::len)), (200, Some(2)));
    let one_pair = ask("GET", &format!("{path}/attributes/source"), Value::Null).await.json();
    assert_eq!(one_pair["result"], json!({ "key": "source", "value": "camera" }));
    assert_eq!(ask("DELETE", &format!("{path}/attributes/source"), Value::Null).await.status.as_u16(), 204);
    assert_eq!(ask("DELETE", &format!("{path}/attributes/source"), Value::Null).await.status.as_u16(), 404);
    assert_eq!(ask("PUT", &format!("{path}/attributes"), json!({ "key": 1 })).await.status.as_u16(), 400);

    assert_eq!(ask("DELETE", &path, Value::Null).await.status.as_u16(), 204);
    assert_eq!(ask("DELETE", &path, Value::Null).await.status.as_u16(), 404);
    assert_eq!(get(&house, "dora", &file_of(&second), &[]).await.body, b"same", "the other record still has it");
    let rest = format!("{FILES}/{}", second["sys_id"].as_str().expect("a sys_id"));
    assert_eq!(ask("DELETE", &rest, Value::Null).await.status.as_u16(), 204);
    let blob = second["hash"].as_str().expect("text").parse().expect("a hash");
    assert_eq!(house.server.storage().read().expect("reads").blob(blob).expect("reads"), None);
}

#[tokio::test]
async fn a_file_is_renamed_and_removed_in_its_record_whichever_way_it_is_asked_for() {
    let house = House::new();
    let incident = incident(&house).await;
    let ask = async |method: &str, path: &str, body: Value| house.ask(method, path, &basic("admin"), body).await;
    let in_the_record = || {
        let (server, mut rng) = (&house.server, Entropy::open());
        let id = incident.parse().expect("a sys_id");
        let read = |call: &mut Call<'_>| table::get(call, "incident", id);
        let detail = server.read(&server.system(), house.clock().now(), &mut rng, read).expect("is there");
        let files = detail.projection_of_document.expect("is a document").attachments;
        files.into_iter().map(|file| file.what.file_name).collect::<Vec<_>>()
    };
    for (number, path) in [FILES, "/api/now/table/sys_attachment"].into_iter().enumerate() {
        let file = upload(&house, "incident", &incident, "first.jpg", vec![7]).await;
        let path = format!("{path}/{}", file["sys_id"].as_str().expect("a sys_id"));
        let name = format!("way_{number}.jpg");
        assert!(ask("PATCH", &path, json!({ "file_name": name })).await.status.is_success());
        assert_eq!(ask("GET", &path, Value::Null).await.json()["result"]["file_name"], *name);
        assert_eq!(in_the_record(), [name]);
        assert_eq!(ask("DELETE", &path, Value::Null).await.status.as_u16(), 204);
        assert_eq!(in_the_record(), [""; 0]);
    }
}

#[tokio::test]
async fn what_cannot_be_a_file_is_refused_by_name() {
    let house = House::new();
    let incident = incident(&house).await;
    let file = format!("{FILES}/file?table_name=incident&table_sys_id={incident}");
    let no_record = format!("{FILES}/file?table_name=incident&table_sys_id={}&file_name=x", "0".repeat(32));
    for (path, body, status, word) in [
        (file.clone(), "x", 400, "file_name"),
        (format!("{FILES}/file?file_name=x"), "x", 400, "table_name"),
        (format!("{file}&file_name=x"), "", 400, "empty"),
        (no_record, "x", 404, "exist"),
        (format!("{file}&file_name={}", "x".repeat(256)), "x", 400, "file_name"),
    ] {
        let answer = send(&house, "dora", &path, "text/plain", body).await;
        let detail = answer.json()["error"]["detail"].to_string();
        assert_eq!((answer.status.as_u16(), detail.contains(word)), (status, true), "{path}: {detail}");
    }
    let unknown = get(&house, "dora", &format!("{FILES}/nonsense/file"), &[]).await;
    assert_eq!(unknown.status.as_u16(), 404);
    let small = Edge { attachment_bytes: 1_000, ..Edge::default() };
    let router = fieldline_web::router_at(house.server.clone(), house.clock(), &small);
    let mut house = house;
    house.router = router;
    let over = send(&house, "dora", &format!("{file}&file_name=x"), "text/plain", vec![0; 1_001]).await;
    assert_eq!(over.status, StatusCode::PAYLOAD_TOO_LARGE);
    let parts = [("name=\"f\"; filename=\"x\"", "y".repeat(1_001))];
    let parts: Vec<_> = parts.iter().map(|(head, body)| (*head, body.as_str())).collect();
    let over = send(&house, "dora", &format!("{FILES}/upload"), BOUNDARY, form(&parts)).await;
    assert_eq!(over.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn no_form_whatever_it_holds_breaks_the_server() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let house = runtime.block_on(async { House::new() });
    let incident = runtime.block_on(incident(&house));
    let piece = prop_oneof![
        Just("--xyz\r\n".to_owned()),
        Just("--xyz--".to_owned()),
        Just("\r\n\r\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("Content-Disposition: form-data; name=\"table_name\"\r\n\r\nincident\r\n".to_owned()),
        Just(format!("Content-Disposition: form-data; name=\"table_sys_id\"\r\n\r\n{incident}\r\n")),
        Just("Content-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n".to_owned()),
        Just("Content-Type: image/png\r\n".to_owned()),
        ".{0,20}",
    ];
    let cases = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(cases, |(pieces in proptest::collection::vec(piece, 0..12), bytes in proptest::collection::vec(any::<u8>(), 0..60))| {
        for body in [pieces.concat().into_bytes(), [pieces.concat().into_bytes(), bytes].concat()] {
            let answer = runtime.block_on(send(&house, "dora", &format!("{FILES}/upload"), BOUNDARY, body));
            assert!(answer.status.as_u16() < 500, "{answer:?}");
        }
    });
}
