//! Clients, keys and providers, as administrators keep them and nobody else sees them.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD};
use crate::oauth::{Client, status_with};

const INCIDENTS: &str = "/api/now/table/incident";

async fn with_key(house: &House, key: &Value) -> u16 {
    let key = key.as_str().expect("a key");
    let request = Request::get(INCIDENTS).header("x-sn-apikey", key).body(Body::empty());
    house.send(request.expect("well formed")).await.status.as_u16()
}

fn ok(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status.as_u16(), status, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

/// Everything an administrator can read of what happened and of what there is.
async fn everything(house: &House, admin: &str) -> String {
    let mut all = String::new();
    for path in [
        "/api/now/table/sys_audit",
        "/api/now/table/sys_history_line",
        "/api/v1/clients",
        "/api/v1/keys",
        "/api/v1/providers",
        "/api/v1/search?words=robot",
    ] {
        let answer = house.ask("GET", path, admin, Value::Null).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}");
        all += &String::from_utf8(answer.body).expect("text");
    }
    all
}

#[tokio::test]
async fn a_client_is_made_changed_idled_and_removed_and_its_secret_is_shown_once() {
    let house = House::new();
    let admin = house.sign_in("admin").await;
    let asked = json!({ "name": "The robot", "user_name": "mia", "redirect_uris": ["https://robot.example/back"] });
    let made = ok(&house.ask("POST", "/api/v1/clients", &admin, asked).await, 201);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let client = Client { id: text(&made["client_id"]), secret: text(&made["client_secret"]) };
    let path = format!("/api/v1/clients/{}", client.id);
    let own = [("grant_type", "client_credentials")];
    let tokens = client.token(&house, &own).await.json();
    assert_eq!(status_with(&house, &tokens).await, 200);

    let idle = ok(&house.ask("PATCH", &path, &admin, json!({ "active": false, "name": "Idle robot" })).await, 200);
    assert_eq!(
        (&idle["active"], &idle["name"], &idle["client_secret"]),
        (&json!(false), &json!("Idle robot"), &Value::Null)
    );
    assert_eq!(status_with(&house, &tokens).await, 401, "what it was granted ended");
    assert_eq!(client.token(&house, &own).await.json()["error"], "invalid_client");

    let again = json!({ "active": true, "new_secret": true });
    let again = ok(&house.ask("PATCH", &path, &admin, again).await, 200);
    assert_eq!(client.token(&house, &own).await.json()["error"], "invalid_client", "the old secret ended");
    let client = Client { secret: text(&again["client_secret"]), ..client };
    assert_eq!(client.token(&house, &own).await.status.as_u16(), 200);

    let read = ok(&house.ask("GET", &path, &admin, Value::Null).await, 200);
    assert_eq!(
        (&read["client_secret"], &read["redirect_uris"]),
        (&Value::Null, &json!(["https://robot.example/back"]))
    );
    for wrong in
        [json!({ "activ": true }), json!({ "redirect_uris": ["http://evil.example"] }), json!({ "user_name": "eve" })]
    {
        let refused = house.ask("PATCH", &path, &admin, wrong).await.status.as_u16();
        assert!([400, 404].contains(&refused), "{refused}");
    }
    house.ask("PATCH", &path, &admin, json!({ "keys": { "keys": [{ "kty": "EC", "d": "x" }] } })).await.problem(400);
    assert_eq!(house.ask("DELETE", &path, &admin, Value::Null).await.status.as_u16(), 204);
    house.ask("GET", &path, &admin, Value::Null).await.problem(404);
    house.ask("DELETE", &path, &admin, Value::Null).await.problem(404);

    let everything = everything(&house, &admin).await;
    for secret in [&made["client_secret"], &again["client_secret"]] {
        assert!(!everything.contains(secret.as_str().expect("text")));
    }
    let audit = "/api/now/table/sys_audit?tablename=oauth_entity&sysparm_fields=fieldname,oldvalue,newvalue,user";
    let audit = ok(&house.ask("GET", audit, &admin, Value::Null).await, 200)["result"].to_string();
    for told in ["Idle robot", "client_secret", "DELETED", "https://robot.example/back"] {
        assert!(audit.contains(told), "{told}: {audit}");
    }
}

#[tokio::test]
async fn a_key_works_while_it_is_active_and_is_shown_once() {
    let house = House::new();
    let admin = house.sign_in("admin").await;
    let made =
        ok(&house.ask("POST", "/api/v1/keys", &admin, json!({ "name": "events", "user_name": "dora" })).await, 201);
    let path = format!("/api/v1/keys/{}", made["id"].as_str().expect("an id"));
    assert_eq!(with_key(&house, &made["key"]).await, 200);
    let idle = ok(&house.ask("PATCH", &path, &admin, json!({ "active": false })).await, 200);
    assert_eq!(
        (&idle["active"], &idle["key"], with_key(&house, &made["key"]).await),
        (&json!(false), &Value::Null, 401)
    );
    ok(&house.ask("PATCH", &path, &admin, json!({ "active": true, "name": "alerts" })).await, 200);
    assert_eq!(with_key(&house, &made["key"]).await, 200);
    let listed = ok(&house.ask("GET", "/api/v1/keys", &admin, Value::Null).await, 200);
    assert_eq!((&listed["keys"][0]["name"], &listed["keys"][0]["key"]), (&json!("alerts"), &Value::Null));
    assert!(!everything(&house, &admin).await.contains(made["key"].as_str().expect("a key")));
    assert_eq!(house.ask("DELETE", &path, &admin, Value::Null).await.status.as_u16(), 204);
    assert_eq!(with_key(&house, &made["key"]).await, 401);
    house.ask("DELETE", &path, &admin, Value::Null).await.problem(404);
    house.ask("PATCH", "/api/v1/keys/nonsense", &admin, json!({})).await.problem(404);
    house
        .ask("POST", "/api/v1/keys", &admin, json!({ "name": "x", "user_name": "dora", "days": 0 }))
        .await
        .problem(400);
}

#[tokio::test]
async fn a_provider_keeps_its_secret_and_an_idle_one_signs_nobody_in() {
    let house = House::new();
    let admin = house.sign_in("admin").await;
    let path = "/api/v1/providers/acme";
    let terms = json!({ "issuer": "https://id.example", "client_id": "us" });
    house.ask("PUT", path, &admin, terms.clone()).await.problem(400);
    let with = |name: &str, value: Value| {
        let mut terms = terms.clone();
        terms[name] = value;
        terms
    };
    let made = ok(&house.ask("PUT", path, &admin, with("client_secret", "hidden-of-acme".into())).await, 200);
    assert_eq!(
        (&made["claim"], &made["active"], &made["client_secret"]),
        (&json!("email"), &json!(true), &Value::Null)
    );
    ok(&house.ask("PUT", path, &admin, with("active", false.into())).await, 200);
    let kept = house.server.storage().read().expect("reads").providers().expect("reads");
    assert_eq!((kept[0].client_secret.as_str(), kept[0].active), ("hidden-of-acme", false));
    let start = house.ask("GET", "/oidc/start?provider=acme", "", Value::Null).await;
    assert_eq!(start.status.as_u16(), 404);
    house.ask("PUT", path, &admin, with("algorithms", json!(["none"]))).await.problem(400);
    ok(&house.ask("PUT", path, &admin, with("client_secret", "another-of-acme".into())).await, 200);
    let everything = everything(&house, &admin).await;
    assert!(everything.contains("https://id.example") && !everything.contains("-of-acme"));
    assert_eq!(house.ask("DELETE", path, &admin, Value::Null).await.status.as_u16(), 204);
    house.ask("DELETE", path, &admin, Value::Null).await.problem(404);
}

#[tokio::test]
async fn nobody_but_an_administrator_at_a_desk_keeps_or_sees_ways_in() {
    let house = House::new();
    let (admin, dora) = (house.sign_in("admin").await, house.sign_in("dora").await);
    let phone = json!({ "name": "The admin's phone", "public_key": "07".repeat(32) });
    let phone = ok(&house.ask("POST", "/api/v1/devices", &admin, phone).await, 201);
    let phone = format!("Bearer {}", phone["token"].as_str().expect("a token"));
    let asks = [
        ("GET", "/api/v1/clients", Value::Null),
        ("POST", "/api/v1/clients", json!({ "name": "x" })),
        ("GET", "/api/v1/clients/x", Value::Null),
        ("PATCH", "/api/v1/clients/x", json!({ "active": true })),
        ("DELETE", "/api/v1/clients/x", Value::Null),
        ("GET", "/api/v1/keys", Value::Null),
        ("POST", "/api/v1/keys", json!({ "name": "x", "user_name": "admin" })),
        ("PATCH", "/api/v1/keys/00000000000000000000000000000000", json!({ "active": true })),
        ("DELETE", "/api/v1/keys/00000000000000000000000000000000", Value::Null),
        ("GET", "/api/v1/providers", Value::Null),
        ("PUT", "/api/v1/providers/x", json!({ "issuer": "https://x", "client_id": "x", "client_secret": PASSWORD })),
        ("DELETE", "/api/v1/providers/x", Value::Null),
    ];
    for (method, path, body) in asks {
        for caller in [&dora, &phone] {
            house.ask(method, path, caller, body.clone()).await.problem(403);
        }
        house.ask(method, path, "", body).await.problem(401);
    }
    for table in ["oauth_entity", "api_key", "oidc_provider_configuration"] {
        house.ask("GET", &format!("/api/v1/records/{table}"), &admin, Value::Null).await.problem(400);
    }
}
