use axum::body::Body;
use axum::http::Request;
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
async fn two_creations_at_once_under_a_key_are_one() {
    let house = House::new();
    let body = || json!({ "short_description": "once" });
    let make = || ask(&house, "POST", RECORDS, &[("idempotency-key", "k")], body());
    let (one, other) = tokio::join!(make(), make());
    assert_eq!((one.status.as_u16(), &one.body), (201, &other.body));
    assert_eq!(ask(&house, "GET", TABLE, &[], Value::Null).await.header("x-total-count"), "1");
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
