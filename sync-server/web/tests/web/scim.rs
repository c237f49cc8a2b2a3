//! A directory keeps people and groups here.

use axum::body::Body;
use axum::http::{Request, header};
use fieldline_model::Timestamp;
use fieldline_service::NewUser;
use fieldline_web::Entropy;
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD};

const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:servicenow:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A house with a directory that has the role for integrations.
struct Directory {
    house: House,
    authorization: String,
}

impl Directory {
    async fn new() -> Self {
        let house = House::new();
        let new = NewUser { user_name: "directory", name: "Directory", password: PASSWORD, roles: &["integration"] };
        house.server.create_user(&house.server.system(), &new, Timestamp(0), &mut Entropy::open()).expect("fits");
        let authorization = house.sign_in("directory").await;
        Self { house, authorization }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(format!("/api/now/scim/{path}"));
        let request =
            request.header(header::HOST, "fieldline.example").header(header::AUTHORIZATION, &self.authorization);
        let request = match body {
            Value::Null => request.body(Body::empty()),
            body => request.header(header::CONTENT_TYPE, "application/scim+json").body(Body::from(body.to_string())),
        };
        self.house.send(request.expect("well formed")).await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, Value::Null).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/scim+json"), "{path}");
        answer.json()
    }

    /// The names of users a filter finds.
    async fn found(&self, filter: &str) -> Vec<String> {
        let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let listed = self.get(&format!("Users?filter={filter}&attributes=userName")).await;
        let list = listed["Resources"].as_array().expect("a list");
        let mut names: Vec<_> = list.iter().map(|user| user["userName"].as_str().expect("a name").to_owned()).collect();
        names.sort();
        names
    }

    async fn patch(&self, path: &str, operations: Value) -> Answer {
        self.ask("PATCH", path, json!({ "schemas": [PATCH], "Operations": operations })).await
    }

    async fn create(&self, path: &str, body: Value) -> String {
        let made = self.ask("POST", path, body).await;
        assert_eq!(made.status.as_u16(), 201, "{}", String::from_utf8_lossy(&made.body));
        let id = made.json()["id"].as_str().expect("an id").to_owned();
        assert_eq!(made.header("location"), format!("http://fieldline.example/api/now/scim/{path}/{id}"));
        id
    }

    fn zoe() -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", EXTENSION],
            "userName": "zoe", "externalId": "ext-7", "name": { "givenName": "Zoe", "familyName": "Zimmer" },
            "title": "Technician", "active": true,
            "emails": [{ "value": "zoe@example.org", "type": "work", "primary": true }],
            "phoneNumbers": [{ "value": "1", "type": "mobile" }, { "value": "2", "type": "work" }],
            "addresses": [{ "type": "work", "locality": "Monaco", "country": "MC" }],
            EXTENSION: { "employeeNumber": "7" },
        })
    }
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, kind: &str) {
    let body = answer.json();
    assert_eq!(answer.status.as_u16(), status, "{body}");
    assert_eq!(answer.header("content-type"), "application/scim+json");
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
    assert_eq!((&body["status"], body["scimType"].as_str().unwrap_or_default()), (&json!(status.to_string()), kind));
    assert!(body["detail"].as_str().is_some_and(|detail| detail.len() > 5));
}

#[tokio::test]
async fn a_person_is_made_read_replaced_changed_and_removed() {
    let directory = Directory::new().await;
    let id = directory.create("Users", Directory::zoe()).await;
    let path = format!("Users/{id}");
    let zoe = directory.get(&path).await;
    assert_eq!((&zoe["displayName"], &zoe["name"]["formatted"]), (&json!("Zoe Zimmer"), &json!("Zoe Zimmer")));
    assert_eq!(
        (&zoe["externalId"], &zoe["active"], &zoe[EXTENSION]["employeeNumber"]),
        (&json!("ext-7"), &json!(true), &json!("7"))
    );
    assert_eq!(zoe["phoneNumbers"].as_array().map(Vec::len), Some(2));
    assert_eq!(zoe["addresses"][0]["locality"], "Monaco");
    assert_eq!(zoe["meta"]["location"], format!("http://fieldline.example/api/now/scim/{path}"));
    assert!(zoe["meta"]["created"].as_str().is_some_and(|at| at.starts_with("2026-06-01T08:00:00")));
    let row = directory
        .house
        .ask("GET", &format!("/api/now/table/sys_user/{id}"), &directory.authorization, Value::Null)
        .await;
    assert_eq!(
        (&row.json()["result"]["user_name"], &row.json()["result"]["email"]),
        (&json!("zoe"), &json!("zoe@example.org"))
    );

    let sent = json!({ "userName": "zoe", "displayName": "Zoë", "emails": [{ "value": "z@example.org" }] });
    let replaced = directory.ask("PUT", &path, sent).await.json();
    assert_eq!((&replaced["displayName"], &replaced["emails"][0]["value"]), (&json!("Zoë"), &json!("z@example.org")));
    assert_eq!((replaced.get("title"), replaced.get("externalId"), replaced.get(EXTENSION)), (None, None, None));
    let operations = json!([
        { "op": "Add", "path": "title", "value": "Lead" },
        { "op": "replace", "value": { "userName": "zoe.z", "externalId": "ext-8" } },
        { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "lead@example.org" },
        { "op": "add", "path": format!("{EXTENSION}:manager"), "value": directory.house.mia.to_string() },
    ]);
    let changed = directory.patch(&path, operations).await.json();
    assert_eq!(
        (&changed["title"], &changed["userName"], &changed["externalId"]),
        (&json!("Lead"), &json!("zoe.z"), &json!("ext-8"))
    );
    assert_eq!(changed["emails"][0]["value"], "lead@example.org");
    let manager = &changed[EXTENSION]["manager"];
    assert_eq!((&manager["value"], &manager["displayName"]), (&json!(directory.house.mia), &json!("Mia Canaryname")));
    let removed = directory.patch(&path, json!([{ "op": "remove", "path": "title" }])).await.json();
    assert_eq!(removed.get("title"), None);

    assert_eq!(directory.ask("DELETE", &path, Value::Null).await.status.as_u16(), 204);
    for method in ["GET", "DELETE"] {
        assert_refused(&directory.ask(method, &path, Value::Null).await, 404, "");
    }
    directory.create("Users", json!({ "userName": "zoe.z" })).await;
}

#[tokio::test]
async fn a_person_who_is_set_inactive_is_signed_out_at_once() {
    let directory = Directory::new().await;
    let mia = directory.house.sign_in("mia").await;
    let path = format!("Users/{}", directory.house.mia);
    let devices =
        async |token: &str| directory.house.ask("GET", "/api/v1/devices", token, Value::Null).await.status.as_u16();
    assert_eq!(devices(&mia).await, 200);
    let changed = directory.patch(&path, json!([{ "op": "Replace", "path": "active", "value": "False" }])).await;
    assert_eq!(changed.json()["active"], false);
    assert_eq!(devices(&mia).await, 401);
    let untouched = directory.ask("PUT", &path, json!({ "userName": "mia", "displayName": "Mia" })).await.json();
    assert_eq!(untouched["active"], false, "not being mentioned lets nobody in again");
    directory.patch(&path, json!([{ "op": "replace", "value": { "active": true } }])).await;
    assert_eq!(devices(&mia).await, 401, "what ended stays ended");
    directory.house.sign_in("mia").await;
}

#[tokio::test]
async fn filters_find_people_by_every_operator() {
    let directory = Directory::new().await;
    let zoe = directory.create("Users", Directory::zoe()).await;
    let group = json!({ "displayName": "North", "members": [{ "value": zoe }] });
    let group = directory.create("Groups", group).await;
    let all = ["admin", "directory", "dora", "mia", "system", "zoe"];
    for (filter, expected) in [
        ("userName eq \"ZOE\"", vec!["zoe"]),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"zoe\"", vec!["zoe"]),
        ("externalId eq \"ext-7\"", vec!["zoe"]),
        ("userName sw \"d\"", vec!["directory", "dora"]),
        ("userName ew \"a\" and userName co \"i\"", vec!["mia"]),
        ("userName ge \"mia\" and userName lt \"zoe\"", vec!["mia", "system"]),
        ("name.familyName eq \"zimmer\" or userName eq \"mia\"", vec!["mia", "zoe"]),
        ("title pr", vec!["zoe"]),
        ("not (title pr) and not (userName eq \"system\" or userName sw \"d\")", vec!["admin", "mia"]),
        ("userName ne \"zoe\"", vec!["admin", "directory", "dora", "mia", "system"]),
        ("emails eq \"zoe@example.org\"", vec!["zoe"]),
        ("emails.value co \"@EXAMPLE\"", vec!["zoe"]),
        ("emails[type eq \"work\" and value sw \"zoe\"]", vec!["zoe"]),
        ("emails[type eq \"home\"]", vec![]),
        ("phoneNumbers[type eq \"mobile\" and value eq \"2\"]", vec![]),
        ("phoneNumbers[type eq \"mobile\" and value eq \"1\"]", vec!["zoe"]),
        ("addresses.locality eq \"monaco\"", vec!["zoe"]),
        ("meta.lastModified gt \"2026-06-01T07:59:00Z\" and title pr", vec!["zoe"]),
        ("meta.created gt \"2026-06-01T08:01:00Z\"", vec![]),
        ("active eq true", all.to_vec()),
        (&format!("{EXTENSION}:employeeNumber eq \"7\""), vec!["zoe"]),
        (&format!("id eq \"{zoe}\""), vec!["zoe"]),
        (&format!("groups.value eq \"{group}\""), vec!["zoe"]),
    ] {
        assert_eq!(directory.found(filter).await, expected, "{filter}");
    }
    let members: String = form_urlencoded::byte_serialize(format!("members[value eq \"{zoe}\"]").as_bytes()).collect();
    assert_eq!(directory.get(&format!("Groups?filter={members}")).await["totalResults"], 1);
    for bad in [
        "userName",
        "userName xx \"a\"",
        "shoeSize eq \"9\"",
        "active gt true",
        "meta.created eq \"x\"",
        "(userName pr",
        "employeeNumber eq \"7\"",
    ] {
        let filter: String = form_urlencoded::byte_serialize(bad.as_bytes()).collect();
        assert_refused(
            &directory.ask("GET", &format!("Users?filter={filter}"), Value::Null).await,
            400,
            "invalidFilter",
        );
    }
}

#[tokio::test]
async fn pages_begin_where_asked_and_show_what_is_asked_for() {
    let directory = Directory::new().await;
    let page = directory.get("Users?startIndex=2&count=2&attributes=userName").await;
    assert_eq!(page["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
    assert_eq!((&page["totalResults"], &page["startIndex"], &page["itemsPerPage"]), (&json!(5), &json!(2), &json!(2)));
    let names: Vec<_> = page["Resources"][0].as_object().expect("members").keys().collect();
    assert_eq!(names, ["schemas", "id", "userName"]);
    let without = directory.get("Users?count=1&excludedAttributes=name,meta.created").await;
    let first = &without["Resources"][0];
    assert_eq!(
        (first.get("name"), first["meta"].get("created"), first["meta"].get("location").is_some()),
        (None, None, true)
    );
    assert_eq!(directory.get("Users?count=0").await["totalResults"], 5);
    assert_eq!(directory.get("Users?startIndex=-3&count=9999").await["itemsPerPage"], 5);
    assert_refused(&directory.ask("GET", "Users?count=x", Value::Null).await, 400, "");
}

#[tokio::test]
async fn a_group_has_the_members_its_directory_gives_it() {
    let directory = Directory::new().await;
    let (mia, zoe) = (directory.house.mia.to_string(), directory.create("Users", Directory::zoe()).await);
    let group = json!({ "displayName": "North", "externalId": "g", "members": [{ "value": mia }] });
    let path = format!("Groups/{}", directory.create("Groups", group).await);
    let members = async || {
        let group = directory.get(&path).await;
        let list = group["members"].as_array().cloned().unwrap_or_default();
        let mut ids: Vec<_> = list.iter().map(|one| one["value"].as_str().expect("an id").to_owned()).collect();
        ids.sort();
        ids
    };
    let sorted = |ids: &[&String]| {
        let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(directory.get(&path).await["members"][0]["display"], "Mia Canaryname");
    directory
        .patch(&path, json!([{ "op": "add", "path": "members", "value": [{ "value": zoe }, { "value": mia }] }]))
        .await;
    assert_eq!(members().await, sorted(&[&mia, &zoe]));
    assert_eq!(directory.get(&format!("Users/{zoe}")).await["groups"][0]["display"], "North");
    let removed = format!("members[value eq \"{mia}\"]");
    directory.patch(&path, json!([{ "op": "remove", "path": removed }])).await;
    assert_eq!(members().await, sorted(&[&zoe]));
    directory.ask("PUT", &path, json!({ "displayName": "South", "members": [{ "value": mia }] })).await;
    assert_eq!(members().await, sorted(&[&mia]));
    let rows = "/api/now/table/sys_user_grmember?sysparm_query=group.name=South";
    let rows = directory.house.ask("GET", rows, &directory.authorization, Value::Null).await.json();
    assert_eq!(rows["result"].as_array().map(Vec::len), Some(1), "{rows}");
    let stranger = json!([{ "op": "add", "path": "members", "value": [{ "value": "0".repeat(32) }] }]);
    assert_refused(&directory.patch(&path, stranger).await, 400, "invalidValue");
    assert_eq!(members().await, sorted(&[&mia]), "nothing of a refused change is kept");
    assert_eq!(directory.ask("DELETE", &path, Value::Null).await.status.as_u16(), 204);
    assert_eq!(directory.get(&format!("Users/{mia}")).await["groups"], json!([]));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_name() {
    let directory = Directory::new().await;
    assert_refused(&directory.ask("POST", "Users", json!({ "userName": "MIA" })).await, 409, "uniqueness");
    for user in [
        json!({}),
        json!({ "userName": "system" }),
        json!({ "userName": "x".repeat(101) }),
        json!({ "userName": 7.5, "active": 3 }),
    ] {
        assert_refused(&directory.ask("POST", "Users", user).await, 400, "invalidValue");
    }
    let mia = format!("Users/{}", directory.house.mia);
    assert_refused(
        &directory.patch(&mia, json!([{ "op": "replace", "value": { "userName": "dora" } }])).await,
        409,
        "uniqueness",
    );
    assert_refused(&directory.patch(&mia, json!([{ "op": "remove" }])).await, 400, "noTarget");
    assert_refused(
        &directory.patch(&mia, json!([{ "op": "add", "path": "shoes", "value": 1 }])).await,
        400,
        "invalidPath",
    );
    assert_refused(&directory.ask("PATCH", &mia, json!({ "op": "add" })).await, 400, "invalidSyntax");
    let manager = json!([{ "op": "add", "path": format!("{EXTENSION}:manager"), "value": "0".repeat(32) }]);
    assert_refused(&directory.patch(&mia, manager).await, 400, "invalidValue");
    let request = Request::post("/api/now/scim/Users").header(header::AUTHORIZATION, &directory.authorization);
    let broken = request.header(header::CONTENT_TYPE, "application/json").body(Body::from("{")).expect("well formed");
    assert_refused(&directory.house.send(broken).await, 400, "invalidSyntax");
    assert_refused(&directory.ask("GET", "Robots", Value::Null).await, 404, "");
    assert_refused(&directory.ask("POST", "Companies", json!({ "name": "Acme" })).await, 405, "");
}

#[tokio::test]
async fn only_a_directory_keeps_people_and_it_keeps_no_administrators() {
    let directory = Directory::new().await;
    let house = &directory.house;
    for who in ["mia", "dora"] {
        let other = Directory { authorization: house.sign_in(who).await, house: House::new() };
        let path = format!("/api/now/scim/Users/{}", house.mia);
        let refused = house.ask("GET", &path, &other.authorization, Value::Null).await;
        assert_refused(&refused, 403, "");
        let made = house.ask("POST", "/api/now/scim/Users", &other.authorization, json!({ "userName": "x" })).await;
        assert_refused(&made, 403, "");
    }
    let nobody = house.ask("GET", "/api/now/scim/Users", "", Value::Null).await;
    assert_refused(&nobody, 401, "");
    assert!(nobody.header("www-authenticate").starts_with("BASIC"));
    let administrators = directory.get("Users?filter=userName+eq+%22admin%22").await;
    let admin = format!("Users/{}", administrators["Resources"][0]["id"].as_str().expect("an id"));
    assert_refused(
        &directory
            .patch(&admin, json!([{ "op": "replace", "path": "emails", "value": [{ "value": "me@evil.example" }] }]))
            .await,
        403,
        "",
    );
    assert_refused(&directory.ask("DELETE", &admin, Value::Null).await, 403, "");
    let (rows, admins) = ("/api/now/table", house.sign_in("admin").await);
    let group = directory.create("Groups", json!({ "displayName": "Administrators" })).await;
    let roles =
        house.ask("GET", &format!("{rows}/sys_user_role?sysparm_query=name=admin"), &admins, Value::Null).await.json();
    let role = match roles["result"][0]["sys_id"].as_str() {
        Some(known) => known.to_owned(),
        None => {
            let made =
                house.ask("POST", &format!("{rows}/sys_user_role"), &admins, json!({ "name": "admin" })).await.json();
            made["result"]["sys_id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
        }
    };
    let gives = json!({ "group": group, "role": role });
    assert_eq!(house.ask("POST", &format!("{rows}/sys_group_has_role"), &admins, gives).await.status.as_u16(), 201);
    let member = json!([{ "op": "add", "path": "members", "value": [{ "value": house.mia.to_string() }] }]);
    assert_refused(&directory.patch(&format!("Groups/{group}"), member).await, 403, "");
    assert_eq!(directory.get(&format!("Groups/{group}")).await["members"], json!([]));

    let sent = json!({ "userName": "boss", "roles": [{ "value": "admin" }] });
    let boss = directory.create("Users", sent).await;
    let row = house.ask("GET", &format!("/api/now/table/sys_user/{boss}"), &directory.authorization, Value::Null).await;
    assert_eq!(row.json()["result"]["roles"], "");
}

#[tokio::test]
async fn the_service_describes_itself_and_what_people_belong_to() {
    let directory = Directory::new().await;
    let config = directory.get("ServiceProviderConfig").await;
    let said = ["patch", "bulk", "filter", "sort", "etag"].map(|name| config[name]["supported"].as_bool());
    assert_eq!(said, [Some(true), Some(false), Some(true), Some(false), Some(false)]);
    assert_eq!(config["filter"]["maxResults"], 500);
    let kinds = directory.get("ResourceTypes").await;
    let names: Vec<_> =
        kinds["Resources"].as_array().expect("a list").iter().map(|kind| kind["name"].clone()).collect();
    assert_eq!(names, ["User", "Group", "Company", "CostCenter", "Department", "Location"]);
    assert_eq!(directory.get("ResourceTypes/Group").await["endpoint"], "/Groups");
    let users = directory.get("Schemas/urn:ietf:params:scim:schemas:core:2.0:User").await;
    let named =
        |name: &str| users["attributes"].as_array().expect("a list").iter().find(|one| one["name"] == name).cloned();
    assert_eq!(named("userName").expect("there")["uniqueness"], "server");
    assert_eq!(named("emails").expect("there")["multiValued"], true);
    let admin = directory.house.sign_in("admin").await;
    let company =
        directory.house.ask("POST", "/api/now/table/core_company", &admin, json!({ "name": "Acme" })).await.json();
    let company = company["result"]["sys_id"].as_str().expect("an id").to_owned();
    let shown = directory.get(&format!("Companies/{company}")).await;
    assert_eq!((&shown["name"], &shown["meta"]["resourceType"]), (&json!("Acme"), &json!("Company")));
    let path = format!("Users/{}", directory.house.mia);
    let employed = json!([{ "op": "add", "path": format!("{EXTENSION}:company"), "value": { "value": company } }]);
    assert_eq!(directory.patch(&path, employed).await.json()[EXTENSION]["company"]["name"], "Acme");
    for empty in ["CostCenters", "Departments", "Locations"] {
        assert_eq!(directory.get(empty).await["Resources"], json!([]));
    }
}
