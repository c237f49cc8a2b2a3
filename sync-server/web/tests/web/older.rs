//! The interfaces before REST: SOAP, JSONv2 and files.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::house::{Answer, House, basic};

const SOAP: &str = "/incident.do?SOAP";
const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// Sends an operation as `dora`, who may use SOAP.
async fn soap(house: &House, path: &str, operation: &str) -> String {
    soap_of("dora", house, path, operation).await
}

async fn soap_of(user_name: &str, house: &House, path: &str, operation: &str) -> String {
    let message = format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><e:Envelope xmlns:e=\"{ENVELOPE}\" xmlns:inc=\"http://www.service-now.com/incident\">\
         <e:Header/><e:Body>{operation}</e:Body></e:Envelope>"
    );
    let answer = sent(house, path, &basic(user_name), &message).await;
    let is_fault = answer.status.as_u16() == 500;
    assert!(is_fault || answer.status.as_u16() == 200, "{answer:?}");
    let text = body(&answer, "text/xml; charset=utf-8");
    assert_eq!(text.contains("<soap:Fault>"), is_fault, "{text}");
    let (_, text) = text.split_once("<soap:Body>").expect("a body");
    text.strip_suffix("</soap:Body></soap:Envelope>").expect("its end").to_owned()
}

async fn sent(house: &House, path: &str, authorization: &str, message: &str) -> Answer {
    let request = Request::post(path).header("host", "fieldline.example").header("authorization", authorization);
    let request = request.header("content-type", "text/xml; charset=utf-8").header("accept", "text/xml");
    house.send(request.body(Body::from(message.to_owned())).expect("well formed")).await
}

fn body(answer: &Answer, content_type: &str) -> String {
    assert_eq!(answer.header("content-type"), content_type);
    String::from_utf8(answer.body.clone()).expect("text")
}

/// What stands between two marks.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} in {text}"));
    rest.split_once(after).unwrap_or_else(|| panic!("{after} in {rest}")).0
}

/// A house in which `dora` may use SOAP.
async fn house() -> House {
    let house = House::new();
    let dora = house.ask("GET", "/api/now/table/sys_user?user_name=dora", &basic("admin"), Value::Null).await.json();
    let path = format!("/api/now/table/sys_user/{}", dora["result"][0]["sys_id"].as_str().expect("an id"));
    let roles = format!("{},soap", dora["result"][0]["roles"].as_str().expect("roles"));
    let given = house.ask("PATCH", &path, &basic("admin"), json!({ "roles": roles })).await;
    assert_eq!(given.status.as_u16(), 200);
    house
}

#[tokio::test]
async fn a_message_writes_and_reads_what_the_table_api_does() {
    let house = house().await;
    let made = soap(
        &house,
        SOAP,
        "<inc:insert><short_description>No &lt;heat&gt;</short_description><impact>1</impact></inc:insert>",
    )
    .await;
    let sys_id = between(&made, "<sys_id>", "</sys_id>").to_owned();
    let wanted =
        format!("<tns:insertResponse><sys_id>{sys_id}</sys_id><number>INC0000001</number></tns:insertResponse>");
    assert_eq!(made, wanted);
    let record = soap(&house, SOAP, &format!("<inc:get><sys_id>{sys_id}</sys_id></inc:get>")).await;
    for part in ["<short_description>No &lt;heat&gt;</short_description>", "<active>1</active>", "<comments/>"] {
        assert!(record.contains(part), "{part}: {record}");
    }
    assert!(!record.contains("link"), "{record}");
    let update = format!(
        "<inc:update><sys_id>{sys_id}</sys_id><description>x</description><work_notes>y</work_notes></inc:update>"
    );
    assert_eq!(
        soap(&house, SOAP, &update).await,
        format!("<tns:updateResponse><sys_id>{sys_id}</sys_id></tns:updateResponse>")
    );
    let path = format!("/api/now/table/incident/{sys_id}?sysparm_display_value=true");
    let rest = house.ask("GET", &path, &basic("dora"), Value::Null).await.json()["result"].clone();
    assert!(rest["description"] == "x" && rest["work_notes"].as_str().is_some_and(|notes| notes.contains("Dora")));
    let audit = format!("/api/now/table/sys_audit?sysparm_query=documentkey={sys_id}^fieldname=description");
    let audit = house.ask("GET", &audit, &basic("admin"), Value::Null).await.json();
    assert_eq!((&audit["result"][0]["newvalue"], &audit["result"][0]["user"]), (&json!("x"), &json!("dora")));
}

#[tokio::test]
async fn an_operation_of_the_shared_namespace_is_answered_in_it() {
    let house = house().await;
    let made = sent(
        &house,
        SOAP,
        &basic("dora"),
        &format!(
            "<Envelope xmlns=\"{ENVELOPE}\"><Body><getKeys xmlns=\"http://www.service-now.com/\"/></Body></Envelope>"
        ),
    )
    .await;
    let text = body(&made, "text/xml; charset=utf-8");
    assert!(text.contains("xmlns:tns=\"http://www.service-now.com/\""), "{text}");
    assert!(text.contains("<tns:getKeysResponse><sys_id/><count>0</count></tns:getKeysResponse>"), "{text}");
}

#[tokio::test]
async fn both_values_stand_side_by_side_when_they_are_asked_for() {
    let house = house().await;
    let insert = format!(
        "<inc:insert><short_description>x</short_description><impact>1</impact><caller_id>{}</caller_id></inc:insert>",
        house.mia
    );
    soap(&house, SOAP, &insert).await;
    let all = soap(&house, "/incident.do?displayvalue=all&SOAP", "<inc:getRecords/>").await;
    let caller = format!("<caller_id>{}</caller_id><dv_caller_id>Mia Canaryname</dv_caller_id>", house.mia);
    assert!(all.contains(&caller) && all.contains("<impact>1</impact><dv_impact>High</dv_impact>"), "{all}");
    let shown = soap(&house, "/incident.do?displayvalue=true&SOAP", "<inc:getRecords/>").await;
    assert!(shown.contains("<caller_id>Mia Canaryname</caller_id>") && shown.contains("<impact>High</impact>"));
}

#[tokio::test]
async fn who_has_no_role_for_soap_is_refused_and_nobody_is_told_to_sign_in() {
    let house = house().await;
    let message = format!("<e:Envelope xmlns:e=\"{ENVELOPE}\"><e:Body><getKeys/></e:Body></e:Envelope>");
    let refused = sent(&house, SOAP, &basic("mia"), &message).await;
    assert!(refused.status.as_u16() == 500 && body(&refused, "text/xml; charset=utf-8").contains("soap, soap_query"));
    house.ask("GET", "/incident.do?WSDL", &basic("mia"), Value::Null).await.problem(403);
    let nobody = sent(&house, SOAP, "", &message).await;
    assert_eq!((nobody.status.as_u16(), nobody.header("www-authenticate")), (401, "BASIC realm=\"Service-now\""));
}

#[tokio::test]
async fn access_to_records_is_that_of_the_record_api() {
    let house = house().await;
    let made = soap(&house, SOAP, "<inc:insert><short_description>x</short_description></inc:insert>").await;
    let sys_id = between(&made, "<sys_id>", "</sys_id>").to_owned();
    let denied = soap(&house, SOAP, &format!("<inc:deleteRecord><sys_id>{sys_id}</sys_id></inc:deleteRecord>")).await;
    assert!(denied.contains("<faultcode>soap:Client</faultcode>") && denied.contains("may delete it"), "{denied}");
    let many =
        soap(&house, SOAP, "<inc:deleteMultiple><short_description>x</short_description></inc:deleteMultiple>").await;
    assert!(many.contains("may delete it"), "{many}");
    let mia = house.ask("POST", "/incident.do?JSONv2&sysparm_action=getRecords", &basic("mia"), Value::Null).await;
    assert_eq!(mia.json(), json!({ "records": [] }));
}

#[tokio::test]
async fn a_change_of_many_never_reaches_what_was_not_named() {
    let house = house().await;
    soap(&house, SOAP, "<inc:insert><short_description>stays</short_description></inc:insert>").await;
    let encoded = |query: &str| format!("<__encoded_query>{query}</__encoded_query>");
    for (named, why) in [
        (String::new(), "without a condition"),
        ("<category/>".into(), "without a condition"),
        ("<colour>red</colour><active>true</active>".into(), "colour=red is no condition"),
        (encoded("colour=red"), "colour=red is no condition"),
        (encoded("active=true^colour=red^NQ"), "colour=red is no condition"),
        (encoded("active=true^nonsense"), "nonsense is no condition"),
        (encoded("active=true^short_descriptionVALCHANGES"), "VALCHANGES is no condition"),
        (encoded("^NQ^ORDERBYnumber"), "without a condition"),
    ] {
        let answer = soap_of("admin", &house, SOAP, &format!("<inc:deleteMultiple>{named}</inc:deleteMultiple>")).await;
        assert!(answer.contains("<soap:Fault>") && answer.contains(why), "{named}: {answer}");
    }
    for (query, why) in [
        ("", "empty sysparm_query"),
        ("colour=red", "colour=red is no condition"),
        ("active=true^nonsense", "nonsense is no condition"),
        ("ORDERBYnumber", "without a condition"),
    ] {
        for action in ["update", "deleteMultiple"] {
            let path = format!("/incident.do?JSONv2&sysparm_action={action}&sysparm_query={query}");
            let refused = house.ask("POST", &path, &basic("admin"), json!({ "short_description": "changed" })).await;
            assert_eq!(refused.status.as_u16(), 400, "{query}: {}", String::from_utf8_lossy(&refused.body));
            assert!(refused.json()["_error"].as_str().is_some_and(|text| text.contains(why)), "{:?}", refused.json());
        }
    }
    let left = soap(&house, SOAP, "<inc:getKeys><short_description>stays</short_description></inc:getKeys>").await;
    assert!(left.contains("<count>1</count>"), "{left}");
    let named = "<inc:deleteMultiple><short_description>stays</short_description></inc:deleteMultiple>";
    let gone = soap_of("admin", &house, SOAP, named).await;
    assert_eq!(gone, "<tns:deleteMultipleResponse><count>1</count></tns:deleteMultipleResponse>");
}

#[tokio::test]
async fn faults_say_what_is_wrong_with_a_message() {
    let house = house().await;
    let wrong =
        async |message: &str| body(&sent(&house, SOAP, &basic("dora"), message).await, "text/xml; charset=utf-8");
    let version = wrong("<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body/></e:Envelope>").await;
    assert!(version.contains("soap:VersionMismatch") && version.contains("SOAP 1.1"), "{version}");
    let security = format!(
        "<e:Envelope xmlns:e=\"{ENVELOPE}\"><e:Header><Security e:mustUnderstand=\"1\"/></e:Header><e:Body><getKeys/></e:Body></e:Envelope>"
    );
    assert!(wrong(&security).await.contains("soap:MustUnderstand"));
    assert!(wrong("<!DOCTYPE a><a/>").await.contains("leave &lt;!DOCTYPE out"));
    assert!(wrong("").await.contains("ends before"));
    for (operation, why) in [
        ("<inc:forget/>", "forget: there is get, getKeys"),
        ("<inc:aggregate><LAST>number</LAST></inc:aggregate>", "LAST: is not answered"),
        ("<inc:getRecords><__limit>ten</__limit></inc:getRecords>", "__limit"),
        ("<inc:update><sys_id>none</sys_id></inc:update>", "doesn&apos;t exist"),
        ("<inc:insert><impact>9</impact></inc:insert>", "impact"),
        ("", "no operation"),
    ] {
        let answer = soap(&house, SOAP, operation).await;
        assert!(answer.contains("<soap:Fault>") && answer.contains(why), "{operation}: {answer}");
    }
    assert!(soap(&house, "/no_table.do?SOAP", "<inc:getKeys/>").await.contains("Invalid table no_table"));
    house.ask("GET", SOAP, &basic("dora"), Value::Null).await.problem(405);
}

#[tokio::test]
async fn a_row_of_an_import_set_is_transformed_and_each_of_several_maps_answers() {
    let house = house().await;
    let staged = "<insert><u_user_id>eve</u_user_id><u_full_name>Eve</u_full_name></insert>";
    let message =
        |operation: &str| format!("<e:Envelope xmlns:e=\"{ENVELOPE}\"><e:Body>{operation}</e:Body></e:Envelope>");
    let map = async |name: &str| {
        let body = json!({ "name": name, "source_table": "imp_user", "target_table": "sys_user" });
        let map = house.ask("POST", "/api/now/table/sys_transform_map", &basic("admin"), body).await.json();
        for (source, target) in [("u_user_id", "user_name"), ("u_full_name", "name")] {
            let body = json!({ "map": map["result"]["sys_id"], "source_field": source, "target_field": target, "coalesce": target == "user_name" });
            assert_eq!(
                house.ask("POST", "/api/now/table/sys_transform_entry", &basic("admin"), body).await.status.as_u16(),
                201
            );
        }
    };
    map("One").await;
    let ask = async |operation: &str| {
        let answer = sent(&house, "/imp_user.do?SOAP", &basic("admin"), &message(operation)).await;
        body(&answer, "text/xml; charset=utf-8")
    };
    let first = ask(staged).await;
    let result = "<table>sys_user</table><display_name>name</display_name><display_value>Eve</display_value><status>inserted</status>";
    assert!(first.contains(result), "{first}");
    let row = json!({ "records": [{ "u_user_id": "eve", "u_full_name": "Eve" }] });
    let again =
        house.ask("POST", "/imp_user.do?JSONv2&sysparm_action=insertMultiple", &basic("admin"), row).await.json();
    assert_eq!(
        (&again["records"][0]["status"], &again["records"][0]["__status"]),
        (&json!("ignored"), &json!("success"))
    );
    map("Two").await;
    let both = ask(staged).await;
    assert!(both.contains("<tns:multiInsertResponse><insertResponse>") && both.contains("<map>Two</map>"), "{both}");
}

async fn json_of(house: &House, path: &str, message: Value) -> Value {
    let method = if message.is_null() { "GET" } else { "POST" };
    let answer = house.ask(method, &format!("/incident.do?JSONv2{path}"), &basic("admin"), message).await;
    assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
    answer.json()
}

#[tokio::test]
async fn jsonv2_creates_finds_changes_and_deletes() {
    let house = House::new();
    let records = json!({ "sysparm_action": "insert", "records": [
        { "short_description": "one", "impact": "1", "caller_id": house.mia },
        { "short_description": "two", "impact": "9" },
        { "short_description": "three" },
    ] });
    let made = json_of(&house, "&sysparm_action=getKeys", records).await["records"].clone();
    assert_eq!(
        (&made[0]["number"], &made[0]["__status"], &made[0]["caller_id"]),
        (&json!("INC0000001"), &json!("success"), &json!(house.mia))
    );
    assert_eq!((&made[1]["__status"], &made[1]["short_description"]), (&json!("failure"), &json!("two")));
    assert_eq!(made[1]["__error"]["message"], "Invalid Insert into: incident");
    assert!(made[1]["__error"]["reason"].as_str().is_some_and(|reason| reason.contains("impact")), "{made}");
    let (one, three) = (made[0]["sys_id"].clone(), made[2]["sys_id"].clone());

    let keys = json_of(&house, "&sysparm_action=getKeys&sysparm_query=ORDERBYnumber", Value::Null).await;
    assert_eq!(keys, json!({ "records": [one, three] }));
    let read =
        json_of(&house, &format!("&sysparm_sys_id={}&displayvalue=all", one.as_str().expect("an id")), Value::Null)
            .await;
    let read = &read["records"][0];
    assert_eq!(
        (&read["caller_id"], &read["dv_caller_id"], &read["dv_impact"]),
        (&json!(house.mia), &json!("Mia Canaryname"), &json!("High"))
    );
    assert_eq!(json_of(&house, "&sysparm_action=get&sysparm_sys_id=none", Value::Null).await, json!({ "records": [] }));
    let some = json_of(&house, "&sysparm_query=ORDERBYDESCnumber&sysparm_record_count=1", Value::Null).await;
    assert_eq!((some["records"].as_array().map(Vec::len), &some["records"][0]["sys_id"]), (Some(1), &three));

    let change = json!({ "sysparm_query": "short_descriptionINone,three", "impact": "2" });
    let changed = json_of(&house, "&sysparm_action=update", change).await;
    assert!(
        changed["records"].as_array().is_some_and(|all| all.len() == 2 && all.iter().all(|one| one["impact"] == "2")),
        "{changed}"
    );
    let spoilt =
        json_of(&house, "&sysparm_action=update&sysparm_query=short_description=one", json!({ "impact": "9" })).await;
    assert_eq!((&spoilt["records"][0]["__status"], &spoilt["records"][0]["impact"]), (&json!("failure"), &json!("2")));
    let gone = json_of(&house, "&sysparm_action=deleteRecord", json!({ "sysparm_sys_id": one })).await;
    assert_eq!(gone["records"][0]["number"], "INC0000001");
    let gone =
        json_of(&house, "&sysparm_action=deleteMultiple", json!({ "sysparm_query": "short_description=three" })).await;
    assert_eq!(gone["records"].as_array().map(Vec::len), Some(1));
    assert_eq!(json_of(&house, "", Value::Null).await, json!({ "records": [] }));
}

#[tokio::test]
async fn jsonv2_refuses_what_it_cannot_do_and_a_get_changes_nothing() {
    let house = House::new();
    for (method, path, body, status) in [
        ("GET", "&sysparm_action=deleteMultiple&sysparm_query=active=true", Value::Null, 400),
        ("POST", "&sysparm_action=forget", Value::Null, 400),
        ("POST", "&sysparm_action=insert", json!("text"), 400),
        ("POST", "&sysparm_action=insert", json!({ "records": 1 }), 400),
        ("POST", "&sysparm_action=insert", json!({ "records": vec![json!({}); 1_001] }), 400),
        ("POST", "&sysparm_action=deleteRecord", json!({ "sysparm_sys_id": "none" }), 404),
        ("GET", "&sysparm_record_count=ten", Value::Null, 400),
    ] {
        let refused = house.ask(method, &format!("/incident.do?JSONv2{path}"), &basic("admin"), body).await;
        assert_eq!(refused.status.as_u16(), status, "{path}");
        assert!(refused.json()["_error"].is_string() && refused.json()["reason"].is_null(), "{path}");
    }
    let elsewhere = Request::post("/incident.do?JSONv2&sysparm_action=deleteMultiple&sysparm_query=active=true");
    let elsewhere = elsewhere.header("authorization", basic("admin")).header("sec-fetch-site", "cross-site");
    assert_eq!(house.send(elsewhere.body(Body::empty()).expect("well formed")).await.status.as_u16(), 403);
    let nobody = house.ask("GET", "/incident.do?JSONv2", "", Value::Null).await;
    assert_eq!((nobody.status.as_u16(), nobody.header("www-authenticate")), (401, "BASIC realm=\"Service-now\""));
}

#[tokio::test]
async fn a_list_is_a_file_of_any_kind() {
    let house = House::new();
    for (description, impact) in [("=1+1", "1"), ("b & c", "3")] {
        let body = json!({ "short_description": description, "impact": impact, "caller_id": house.mia });
        house.ask("POST", "/api/now/table/incident", &basic("admin"), body).await;
    }
    let fields = "sysparm_fields=number,short_description,impact,caller_id&sysparm_orderby=number";
    let ask = async |word: &str| {
        house.ask("GET", &format!("/incident_list.do?{word}&{fields}"), &basic("admin"), Value::Null).await
    };
    let xml = body(&ask("XML").await, "text/xml; charset=utf-8");
    let first = format!(
        "<xml><incident><number>INC0000001</number><short_description>=1+1</short_description><impact>1</impact><caller_id>{}</caller_id></incident>",
        house.mia
    );
    assert!(xml.contains(&first) && xml.contains("<short_description>b &amp; c</short_description>"), "{xml}");
    let csv = body(
        &ask("CSV&sysparm_export_column_header_label=true&sysparm_display_value=false").await,
        "text/csv; charset=utf-8",
    );
    assert!(csv.starts_with("Number,Short description,Impact,Caller\nINC0000001,'=1+1,1,"), "{csv}");
    let both = ask("JSONv2&displayvalue=true").await.json();
    assert_eq!(both["records"][1]["caller_id"], "Mia Canaryname");
    let book = ask("EXCEL").await;
    assert_eq!(book.header("content-type"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    assert!(book.body.starts_with(b"PK\x03\x04"));
    house.ask("GET", "/incident_list.do", &basic("admin"), Value::Null).await.problem(400);
    house.ask("GET", "/no_table_list.do?XML", &basic("admin"), Value::Null).await.problem(400);
    house.ask("POST", "/incident.do?CSV", &basic("admin"), Value::Null).await.problem(405);
}
