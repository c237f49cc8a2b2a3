use serde_json::{Value, json};

use crate::house::House;

fn new_device(name: &str) -> Value {
    json!({ "name": name, "public_key": "07".repeat(32) })
}

#[tokio::test]
async fn a_device_is_bound_to_its_user_and_locked_out_again() {
    let house = House::new();
    let (mia, dora, admin) = (house.sign_in("mia").await, house.sign_in("dora").await, house.sign_in("admin").await);
    let enrolled = house.ask("POST", "/api/v1/devices", &mia, new_device("Mia's phone")).await;
    assert_eq!(enrolled.status.as_u16(), 201);
    let enrolled = enrolled.json();
    assert_eq!(enrolled["user"], house.mia.to_string());
    let one = format!("/api/v1/devices/{}", enrolled["device"].as_str().expect("an id"));

    let listed =
        async |who: &str| house.ask("GET", "/api/v1/devices", who, Value::Null).await.json()["devices"].clone();
    assert_eq!(listed(&mia).await[0]["name"], "Mia's phone");
    assert_eq!(listed(&admin).await[0]["device"], enrolled["device"]);
    assert_eq!(listed(&dora).await, json!([]));

    house.ask("DELETE", &one, &dora, Value::Null).await.problem(403);
    assert_eq!(house.ask("DELETE", &one, &admin, Value::Null).await.status.as_u16(), 204);
    assert!(listed(&mia).await[0]["revoked_at"].is_string());
    let token = format!("Bearer {}", enrolled["token"].as_str().expect("a token"));
    house.ask("GET", "/api/v1/devices", &token, Value::Null).await.problem(401);
    house.ask("DELETE", "/api/v1/devices/nonsense", &admin, Value::Null).await.problem(404);
}

#[tokio::test]
async fn an_invitation_binds_one_device_once_and_opens_nothing_else() {
    let house = House::new();
    let now = fieldline_model::Timestamp(1_780_300_800_000);
    let invite = || {
        let mut rng = fieldline_web::Entropy::open();
        let invited = house.server.invite_device(&house.server.system(), "mia", "Mia's tablet", now, &mut rng);
        format!("Bearer {}", invited.expect("mia may sign in").token)
    };
    let invitation = invite();
    house.ask("GET", "/api/v1/devices", &invitation, Value::Null).await.problem(401);
    let key_only = json!({ "public_key": "07".repeat(32) });
    let enrolled = house.ask("POST", "/api/v1/devices", &invitation, key_only.clone()).await;
    assert_eq!((enrolled.status.as_u16(), &enrolled.json()["user"]), (201, &json!(house.mia.to_string())));
    house.ask("POST", "/api/v1/devices", &invitation, key_only.clone()).await.problem(401);
    let mia = house.sign_in("mia").await;
    let devices = house.ask("GET", "/api/v1/devices", &mia, Value::Null).await.json();
    assert_eq!(devices["devices"][0]["name"], "Mia's tablet");

    let late = invite();
    house.wait_minutes(25 * 60);
    house.ask("POST", "/api/v1/devices", &late, key_only).await.problem(401);
}

#[tokio::test]
async fn an_enrolment_that_does_not_fit_names_what_is_missing() {
    let house = House::new();
    let mia = house.sign_in("mia").await;
    let ask = async |body: Value| house.ask("POST", "/api/v1/devices", &mia, body).await;
    assert!(ask(json!({ "name": "x" })).await.problem(400).contains("missing field `public_key`"));
    assert!(ask(json!({ "name": "x", "public_key": "short" })).await.problem(400).starts_with("public_key"));
    assert!(ask(json!({ "public_key": "07".repeat(32) })).await.problem(400).starts_with("name"));
    assert!(ask(new_device(" ")).await.problem(400).starts_with("name"));
    let for_another = json!({ "name": "x", "public_key": "07".repeat(32), "user": "00".repeat(16) });
    ask(for_another).await.problem(403);
}
