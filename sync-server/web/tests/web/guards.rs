use axum::body::Body;
use axum::http::Request;
use futures_util::future::{Either, select};
use serde_json::{Value, json};

use crate::house::{Answer, House, basic};

const RECORDS: &str = "/api/v1/records/incident";
const TABLE: &str = "/api/now/table/incident";

async fn ask(house: &House, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "fieldline.example");
    request = request.header("authorization", basic("dora")).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    house.send(request.body(body).expect("well formed")).await
}

async fn incident(house: &House) -> String {
    let made = ask(house, "POST", RECORDS, &[], json!({ "short_description": "No heating" })).await;
    assert_eq!(made.status.as_u16(), 201, "{}", String::from_utf8_lossy(&made.body));
    made.json()["sys_id"].as_str().expect("a sys_id").to_owned()
}

#[tokio::test]
async fn a_writer_who_read_an_older_version_is_refused_and_one_who_names_none_is_not() {
    let house = House::new();
    let id = incident(&house).await;
    for path in [format!("{RECORDS}/{id}"), format!("{TABLE}/{id}")] {
        let read = ask(&house, "GET", &format!("{path}?sysparm_fields=number"), &[], Value::Null).await;
        let old = read.header("etag").to_owned();
        assert!(old.starts_with('"') && old.ends_with('"'), "{old}");
        let to = |text: &str| json!({ "short_description": text });
        let first = ask(&house, "PATCH", &path, &[("if-match", &old)], to(&format!("first by {path}"))).await;
        assert_eq!(first.status.as_u16(), 200);
        let second = ask(&house, "PATCH", &path, &[("if-match", &old)], to("second")).await;
        assert_eq!(second.status.as_u16(), 412, "{}", String::from_utf8_lossy(&second.body));
        let weak = format!("W/{}", ask(&house, "GET", &path, &[], Value::Null).await.header("etag"));
        assert_eq!(ask(&house, "PATCH", &path, &[("if-match", &weak)], to("weak")).await.status.as_u16(), 412);
        let now = ask(&house, "GET", &path, &[], Value::Null).await;
        let either = format!("\"none\", {}", now.header("etag"));
        assert_eq!(ask(&house, "PATCH", &path, &[("if-match", &either)], to("third")).await.status.as_u16(), 200);
        assert_eq!(ask(&house, "PATCH", &path, &[("if-match", "*")], to("fourth")).await.status.as_u16(), 200);
        assert_eq!(ask(&house, "PATCH", &path, &[], to(&format!("last by {path}"))).await.status.as_u16(), 200);
    }
    let stale =
        ask(&house, "PATCH", &format!("{RECORDS}/{id}"), &[("if-match", "\"x\"")], json!({ "impact": "1" })).await;
    assert!(stale.problem(412).contains("changed meanwhile"));
}

#[tokio::test]
async fn a_tag_changes_with_everything_that_is_written_a_comment_included() {
    let house = House::new();
    let path = format!("{RECORDS}/{}", incident(&house).await);
    let tag = async || ask(&house, "GET", &path, &[], Value::Null).await.header("etag").to_owned();
    let before = tag().await;
    assert_eq!(tag().await, before);
    let commented = ask(&house, "PATCH", &path, &[("if-match", &before)], json!({ "comments": "Called back" })).await;
    let after = tag().await;
    assert_ne!(after, before);
    assert_eq!(commented.header("etag"), after, "the writer is told the new one");
}

#[tokio::test]
async fn a_reader_who_has_the_answer_is_spared_it_and_only_that_one() {
    let house = House::new();
    let id = incident(&house).await;
    for path in [format!("{RECORDS}/{id}"), format!("{TABLE}/{id}")] {
        let tag = ask(&house, "GET", &path, &[], Value::Null).await.header("etag").to_owned();
        for given in [tag.clone(), format!("W/{tag}"), format!("\"a\", {tag}")] {
            let same = ask(&house, "GET", &path, &[("if-none-match", &given)], Value::Null).await;
            assert_eq!((same.status.as_u16(), same.body.len(), same.header("etag")), (304, 0, tag.as_str()));
        }
        let other =
            ask(&house, "GET", &format!("{path}?sysparm_fields=number"), &[("if-none-match", &tag)], Value::Null).await;
        assert_eq!(other.status.as_u16(), 200, "another view is another answer");
    }
}

#[tokio::test]
async fn a_deletion_may_say_which_version_it_means() {
    let house = House::new();
    for base in [RECORDS, TABLE] {
        let path = format!("{base}/{}", incident(&house).await);
        let tag = ask(&house, "GET", &path, &[], Value::Null).await.header("etag").to_owned();
        assert_eq!(ask(&house, "PATCH", &path, &[], json!({ "impact": "1" })).await.status.as_u16(), 200);
        let delete = async |tag: &str| house.send(deletion(&path, tag)).await.status.as_u16();
        assert_eq!(delete(&tag).await, 412);
        let tag = ask(&house, "GET", &path, &[], Value::Null).await.header("etag").to_owned();
        assert_eq!(delete(&tag).await, 204);
        assert_eq!(delete(&tag).await, 404);
    }
}

fn deletion(path: &str, tag: &str) -> Request<Body> {
    let request = Request::delete(path).header("authorization", basic("admin")).header("if-match", tag);
    request.body(Body::empty()).expect("well formed")
}

#[tokio::test]
async fn a_creation_under_a_key_happens_once_for_a_day() {
    let house = House::new();
    let make = async |key: &str, text: &str| {
        ask(&house, "POST", RECORDS, &[("idempotency-key", key)], json!({ "short_description": text })).await
    };
    let first = make("k1", "once").await;
    let again = make("k1", "once").await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!((&again.body, again.header("location")), (&first.body, first.header("location")));
    assert_ne!(make("k2", "once").await.json()["sys_id"], first.json()["sys_id"]);
    assert!(make("k1", "other").await.problem(422).contains("Idempotency-Key"));
    let theirs =
        Request::post(RECORDS).header("authorization", basic("admin")).header("content-type", "application/json");
    let theirs =
        theirs.header("idempotency-key", "k1").body(Body::from("{\"short_description\":\"once\"}")).expect("fits");
    assert_ne!(house.send(theirs).await.json()["sys_id"], first.json()["sys_id"], "keys are each account's own");

    ask(&house, "POST", RECORDS, &[("idempotency-key", "k3")], json!({ "impact": "1" })).await.problem(400);
    assert_eq!(make("k3", "mended").await.status.as_u16(), 201, "what failed may be tried again");
    make("", "x").await.problem(400);
    let count = async || ask(&house, "GET", TABLE, &[], Value::Null).await.header("x-total-count").to_owned();
    assert_eq!(count().await, "4");
    house.wait_minutes(24 * 60 + 1);
    assert_ne!(make("k1", "once").await.json()["sys_id"], first.json()["sys_id"]);
}

#[tokio::test]
async fn a_creation_that_is_still_under_way_is_told_apart_and_done_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let house = House::on_disk(folder.path());
    let token = house.sign_in("dora").await;
    let make = async |text: &str| {
        let body = json!({ "short_description": text }).to_string();
        let request = Request::post(RECORDS).header("authorization", &token).header("content-type", "application/json");
        house.send(request.header("idempotency-key", "k").body(Body::from(body)).expect("well formed")).await
    };
    // Nobody writes while somebody else does, so neither request can end before the other has begun.
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (held, holding) = tokio::sync::oneshot::channel();
    let server = house.server.clone();
    let writer = std::thread::spawn(move || {
        let work = |_: &mut fieldline_service::Call<'_>| {
            held.send(()).expect("the test waits");
            released.recv().map_err(|_| unreachable!("the test releases it"))
        };
        let (system, now, mut rng) = (server.system(), fieldline_model::Timestamp(0), fieldline_web::Entropy::open());
        server.write::<_, fieldline_service::ServiceError>(&system, now, &mut rng, work).expect("nothing to do");
    });
    holding.await.expect("the writer holds it");
    // Whichever comes second is told at once that the other is under way.
    let two = select(Box::pin(make("once")), Box::pin(make("once")));
    let (Either::Left((same, under_way)) | Either::Right((same, under_way))) = two.await;
    let other = make("other").await;
    release.send(()).expect("the writer waits");
    let first = under_way.await;
    writer.join().expect("released");
    other.problem(422);
    assert!(same.problem(409).contains("still being done"));
    assert_eq!((same.header("retry-after"), first.status.as_u16()), ("1", 201));
    let again = make("once").await;
    assert_eq!((again.status.as_u16(), &again.body), (201, &first.body));
    assert_eq!(ask(&house, "GET", TABLE, &[], Value::Null).await.header("x-total-count"), "1");
}

#[tokio::test]
async fn a_list_goes_on_from_its_cursor_and_nobody_is_skipped_or_shown_twice() {
    let house = House::new();
    let dora = house.sign_in("dora").await;
    for number in 0..7 {
        let group = if number % 2 == 0 { "1" } else { "3" };
        let due = if number < 3 { "" } else { "2026-06-02 08:00:00" };
        let body = json!({ "short_description": format!("n{number}"), "impact": group, "due_date": due });
        assert_eq!(house.ask("POST", RECORDS, &dora, body).await.status.as_u16(), 201);
    }
    for order in [
        "",
        "^ORDERBYimpact",
        "^ORDERBYDESCimpact^ORDERBYdue_date",
        "^ORDERBYDESCdue_date",
        "^ORDERBYopened_by.user_name^ORDERBYDESCnumber",
    ] {
        let whole = format!("{TABLE}?sysparm_fields=sys_id&sysparm_query=active=true{order}").replace('^', "%5E");
        let whole = house.ask("GET", &whole, &dora, Value::Null).await.json()["result"].clone();
        let mut path = format!("{RECORDS}?query=active=true{order}&fields=sys_id&limit=2").replace('^', "%5E");
        let mut read = Vec::new();
        loop {
            let page = house.ask("GET", &path, &dora, Value::Null).await;
            assert_eq!(page.status.as_u16(), 200, "{}", String::from_utf8_lossy(&page.body));
            read.extend(page.json()["records"].as_array().expect("records").clone());
            let Some(next) = page.json()["next"].as_str().map(str::to_owned) else { break };
            let link = page.header("link");
            path = link
                .strip_prefix("<http://fieldline.example")
                .and_then(|link| link.split('>').next())
                .expect("a link")
                .into();
            assert!(path.contains(&next), "{path}");
            // What is written behind one's back moves nothing: an edit of what was read, and a new record.
            let id = read[0]["sys_id"].as_str().expect("an identity");
            let closed = house.ask("PATCH", &format!("{RECORDS}/{id}"), &dora, json!({ "comments": "moved" })).await;
            assert_eq!(closed.status.as_u16(), 200);
        }
        assert_eq!(Value::from(read), whole, "{order}");
    }
}

#[tokio::test]
async fn what_changed_is_read_page_by_page_as_well() {
    let house = House::new();
    let admin = house.sign_in("admin").await;
    let path = format!("{RECORDS}/{}", incident(&house).await);
    for impact in ["1", "2", "3", "1", "2"] {
        assert_eq!(house.ask("PATCH", &path, &admin, json!({ "impact": impact })).await.status.as_u16(), 200);
    }
    let whole = house.ask("GET", "/api/now/table/sys_audit?sysparm_fields=sys_id", &admin, Value::Null).await;
    let (mut read, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = format!("/api/v1/records/sys_audit?fields=sys_id&limit=2{cursor}");
        let page = house.ask("GET", &page, &admin, Value::Null).await.json();
        read.extend(page["records"].as_array().expect("records").clone());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let whole = whole.json()["result"].clone();
    assert!(read.len() > 5 && Value::from(read) == whole);
}

#[tokio::test]
async fn a_cursor_survives_the_end_of_its_record_and_is_refused_where_it_does_not_belong() {
    let house = House::new();
    let admin = house.sign_in("admin").await;
    for number in 0..4 {
        let body = json!({ "name": format!("n{number}") });
        assert_eq!(house.ask("POST", "/api/v1/records/cmn_department", &admin, body).await.status.as_u16(), 201);
    }
    let list = |rest: &str| format!("/api/v1/records/cmn_department?query=ORDERBYname&limit=2{rest}");
    let first = house.ask("GET", &list(""), &admin, Value::Null).await.json();
    let next = first["next"].as_str().expect("there is more");
    let last = first["records"][1]["sys_id"].as_str().expect("an identity");
    let gone = house.ask("DELETE", &format!("/api/v1/records/cmn_department/{last}"), &admin, Value::Null).await;
    assert_eq!(gone.status.as_u16(), 204);
    let rest = house.ask("GET", &list(&format!("&cursor={next}")), &admin, Value::Null).await.json();
    let names: Vec<&str> = (0..2).filter_map(|at| rest["records"][at]["name"].as_str()).collect();
    assert_eq!((names, &rest["next"]), (vec!["n2", "n3"], &Value::Null));
    for wrong in [
        format!("/api/v1/records/cmn_department?query=ORDERBYDESCname&cursor={next}"),
        format!("/api/v1/records/cmn_location?query=ORDERBYname&cursor={next}"),
        list("&cursor=nonsense"),
        list("&cursor="),
        list("&sysparm_offset=2"),
    ] {
        house.ask("GET", &wrong, &admin, Value::Null).await.problem(400);
    }
}

#[tokio::test]
async fn a_record_put_twice_is_one_and_a_writer_may_say_whether_there_is_one() {
    let house = House::new();
    let path = format!("{RECORDS}/{}", "00000000000000000000000000abcdef");
    let put = async |headers: &[(&str, &str)], text: &str| {
        ask(&house, "PUT", &path, headers, json!({ "short_description": text, "sys_id": "1" })).await
    };
    assert_eq!(put(&[("if-match", "\"x\"")], "no").await.status.as_u16(), 404, "there is none to match");
    let made = put(&[("if-none-match", "*")], "made").await;
    assert_eq!((made.status.as_u16(), &made.json()["short_description"]), (201, &json!("made")));
    assert_eq!(made.header("location"), format!("http://fieldline.example{path}"));
    put(&[("if-none-match", "*")], "again").await.problem(412);
    let changed = put(&[], "changed").await;
    assert_eq!((changed.status.as_u16(), &changed.json()["short_description"]), (200, &json!("changed")));
    assert_eq!(put(&[("if-match", made.header("etag"))], "stale").await.status.as_u16(), 412);
    assert_eq!(put(&[("if-match", changed.header("etag"))], "last").await.status.as_u16(), 200);
    assert_eq!(ask(&house, "GET", TABLE, &[], Value::Null).await.header("x-total-count"), "1");
    ask(&house, "PUT", &format!("{RECORDS}/nonsense"), &[], json!({ "impact": "1" })).await.problem(404);
}

#[tokio::test]
async fn a_problem_points_at_the_field() {
    let house = House::new();
    let path = format!("{RECORDS}/{}", incident(&house).await);
    let answer = ask(&house, "PATCH", &path, &[], json!({ "due_date": "tomorrow" })).await;
    answer.problem(400);
    let errors = answer.json()["errors"].clone();
    assert_eq!((errors.as_array().map(Vec::len), &errors[0]["pointer"]), (Some(1), &json!("/due_date")));
    assert!(errors[0]["detail"].as_str().expect("text").contains("such as"));
    let unknown = ask(&house, "GET", "/api/v1/records/nonsense/1", &[], Value::Null).await;
    unknown.problem(400);
    ask(&house, "GET", &format!("{RECORDS}/{}", "0".repeat(32)), &[], Value::Null).await.problem(404);
}
