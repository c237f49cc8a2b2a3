//! What the APIs answer and read as JSON, in XML.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::house::{Answer, House, basic};

const INCIDENTS: &str = "/api/now/table/incident";

/// Sends a document, or nothing, and asks for one.
async fn ask(house: &House, method: &str, path: &str, body: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("host", "fieldline.example");
    let request = request.header("authorization", basic("dora")).header("accept", "application/xml");
    let request = request.header("content-type", "application/xml").body(Body::from(body.to_owned()));
    house.send(request.expect("well formed")).await
}

/// The root's content.
fn response(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/xml;charset=UTF-8");
    let text = String::from_utf8(answer.body.clone()).expect("text");
    let text = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").expect("a declaration");
    if text == "<response></response>" {
        return String::new();
    }
    text.strip_prefix("<response>").and_then(|text| text.strip_suffix("</response>")).expect("one root").to_owned()
}

#[tokio::test]
async fn a_record_is_written_and_read_in_xml() {
    let house = House::new();
    let body = format!(
        "<request><entry><short_description>No &lt;heating&gt;</short_description><impact>1</impact>\
         <caller_id>{}</caller_id><colour>red</colour></entry><entry><impact>3</impact></entry></request>",
        house.mia
    );
    let made = ask(&house, "POST", &format!("{INCIDENTS}?sysparm_fields=number,impact"), &body).await;
    assert_eq!(
        (made.status.as_u16(), response(&made).as_str()),
        (201, "<result><number>INC0000001</number><impact>1</impact></result>")
    );
    let path = made.header("location").strip_prefix("http://fieldline.example").expect("an address").to_owned();
    let (short, change) = (format!("{path}?sysparm_fields=impact"), "<incident><impact>2</impact></incident>");
    let changed = ask(&house, "PATCH", &short, change).await;
    assert_eq!(response(&changed), "<result><impact>2</impact></result>");
    let fields = "sysparm_fields=short_description,caller_id,caller_id.user_name,assigned_to";
    let read = response(&ask(&house, "GET", &format!("{path}?{fields}"), "").await);
    let link = format!("http://fieldline.example/api/now/table/sys_user/{}", house.mia);
    let wanted = format!(
        "<result><short_description>No &lt;heating&gt;</short_description>\
         <caller_id><link>{link}</link><value>{}</value></caller_id>\
         <caller_id.user_name>mia</caller_id.user_name><assigned_to/></result>",
        house.mia
    );
    assert_eq!(read, wanted);
    let json = house.ask("GET", &format!("{path}?sysparm_fields=short_description"), &basic("dora"), Value::Null).await;
    assert_eq!(json.json(), json!({ "result": { "short_description": "No <heating>" } }));
}

#[tokio::test]
async fn a_list_repeats_its_result_and_an_empty_one_has_none() {
    let house = House::new();
    for description in ["a", "b"] {
        let body = format!("<r><short_description>{description}</short_description></r>");
        assert_eq!(ask(&house, "POST", INCIDENTS, &body).await.status.as_u16(), 201);
    }
    let fields = "sysparm_query=ORDERBYnumber&sysparm_fields=short_description";
    let listed = ask(&house, "GET", &format!("{INCIDENTS}?{fields}"), "").await;
    let wanted = "<result><short_description>a</short_description></result><result><short_description>b</short_description></result>";
    assert_eq!((response(&listed).as_str(), listed.header("x-total-count")), (wanted, "2"));
    let none = ask(&house, "GET", &format!("{INCIDENTS}?sysparm_query=number=none"), "").await;
    assert_eq!(response(&none), "");
    let figures = ask(&house, "GET", "/api/now/stats/incident?sysparm_count=true", "").await;
    assert_eq!(response(&figures), "<result><stats><count>2</count></stats></result>");
}

#[tokio::test]
async fn errors_are_in_xml_too_also_those_of_paths_that_are_not_there() {
    let house = House::new();
    let missing = ask(&house, "GET", &format!("{INCIDENTS}/nonsense"), "").await;
    let detail = "Record doesn&apos;t exist or ACL restricts the record retrieval";
    let wanted =
        format!("<error><message>No Record found</message><detail>{detail}</detail></error><status>failure</status>");
    assert_eq!((missing.status.as_u16(), response(&missing)), (404, wanted));
    assert_eq!(ask(&house, "GET", "/api/now/nonsense", "").await.status.as_u16(), 404);
    response(&ask(&house, "GET", "/api/now/nonsense", "").await);
    let nobody = Request::get(INCIDENTS).header("accept", "text/xml").body(Body::empty()).expect("well formed");
    let nobody = house.send(nobody).await;
    assert!(
        nobody.status.as_u16() == 401 && response(&nobody).contains("<message>User is not authenticated</message>")
    );
    let bomb = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a><impact>&b;</impact></a>";
    let refused = ask(&house, "POST", INCIDENTS, bomb).await;
    assert!(refused.status.as_u16() == 400 && response(&refused).contains("leave &lt;!DOCTYPE out"));
}

#[tokio::test]
async fn an_answer_in_xml_has_a_tag_of_its_own_that_a_writer_and_a_reader_may_use() {
    let house = House::new();
    let made = ask(&house, "POST", INCIDENTS, "<r><short_description>x</short_description></r>").await;
    let path = made.header("location").strip_prefix("http://fieldline.example").expect("an address").to_owned();
    let in_xml = ask(&house, "GET", &path, "").await;
    let json = house.ask("GET", &path, &basic("dora"), Value::Null).await;
    assert_ne!(in_xml.header("etag"), json.header("etag"));
    assert_eq!((in_xml.header("vary"), json.header("vary")), ("accept", "accept"));
    let with = |method: &'static str, name: &'static str, accept: &'static str| {
        let request = Request::builder().method(method).uri(&path).header("host", "fieldline.example");
        let request = request.header("authorization", basic("dora"));
        let request = request.header(name, in_xml.header("etag")).header("accept", accept);
        request.header("content-type", "text/xml").body(Body::from("<r><impact>2</impact></r>")).expect("well formed")
    };
    let unchanged = house.send(with("GET", "if-none-match", "application/xml")).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.header("etag")), (304, in_xml.header("etag")));
    assert_eq!(house.send(with("GET", "if-none-match", "application/json")).await.status.as_u16(), 200);
    assert_eq!(house.send(with("PATCH", "if-match", "application/xml")).await.status.as_u16(), 200);
    assert_eq!(house.send(with("PATCH", "if-match", "application/xml")).await.status.as_u16(), 412);
}

#[tokio::test]
async fn one_element_will_do_where_a_list_is_expected_and_a_text_where_a_number_is() {
    let house = House::new();
    let map = json!({ "name": "User", "source_table": "imp_user", "target_table": "sys_user" });
    assert_eq!(house.ask("POST", "/api/now/table/sys_transform_map", &basic("admin"), map).await.status.as_u16(), 201);
    let rows = "<request><records><u_name>Eve</u_name></records></request>";
    let request = Request::post("/api/now/import/imp_user/insertMultiple").header("authorization", basic("admin"));
    let request = request.header("content-type", "text/xml").header("accept", "text/xml").body(Body::from(rows));
    let sent = house.send(request.expect("well formed")).await;
    assert!(sent.status.as_u16() == 201 && response(&sent).starts_with("<import_set_id>"), "{}", response(&sent));
    let rows = house.ask("GET", "/api/now/table/sys_import_set_row", &basic("admin"), Value::Null).await.json();
    assert_eq!(rows["result"][0]["sys_import_values"], "{\"u_name\":\"Eve\"}");
}
