//! How much guessing and asking is taken, and from whom.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::Request;
use fieldline_service::identity::NewKey;
use fieldline_web::{Entropy, Peer};
use serde_json::{Value, json};

use crate::house::{House, PASSWORD};
use crate::oauth::{BACK, Client, Page, request, text};
use crate::pages::page_of;

#[tokio::test]
async fn guessing_is_slowed_down_per_name_and_per_address_at_every_door() {
    let house = House::new();
    let client = Client::new(&house, true, None);
    let page = Page::of(&house.ask("GET", &page_of(&client, &[]), "", Value::Null).await);
    let from = async |address: u8, path: &str, pairs: &[(&str, &str)]| {
        let own = [("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())];
        let mut request = request(path, &page.cookie, &[&own, pairs].concat());
        request.extensions_mut().insert(Peer { address: IpAddr::from([192, 0, 2, address]), secure: false });
        house.send(request).await
    };
    let guess = |name: &str| {
        [("grant_type", "password"), ("username", name), ("password", "guess")].map(|(a, b)| (a, b.to_owned()))
    };
    let mut statuses = Vec::new();
    for number in 0..60 {
        let pairs = guess(&format!("person {number}"));
        let pairs = pairs.each_ref().map(|(name, value)| (*name, value.as_str()));
        statuses.push(from(1, "/oauth_token.do", &pairs).await.status.as_u16());
    }
    assert_eq!((statuses.iter().position(|status| *status == 429), statuses.len()), (Some(50), 60));
    let right = [("grant_type", "password"), ("username", "mia"), ("password", PASSWORD)];
    let locked = from(1, "/oauth2/token", &right).await;
    assert_eq!((locked.status.as_u16(), text(&locked.json(), "error")), (429, "temporarily_unavailable".into()));
    let seconds: i64 = locked.header("retry-after").parse().expect("seconds");
    assert!((60..=901).contains(&seconds), "{seconds}");
    assert_eq!(from(2, "/oauth2/token", &right).await.status.as_u16(), 200, "another address goes on");

    let at_page = [
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("proof", page.proof.as_str()),
        ("decision", "allow"),
        ("username", "dora"),
        ("password", "guess"),
    ];
    for number in 10..20 {
        assert_eq!(from(number, "/oauth2/authorize", &at_page).await.status.as_u16(), 401);
    }
    assert_eq!(from(20, "/oauth2/authorize", &at_page).await.status.as_u16(), 429, "one name, whatever the address");
    let session = json!({ "user_name": "dora", "password": PASSWORD });
    house.ask("POST", "/api/v1/session", "", session.clone()).await.problem(429);
    for number in 0..51 {
        let codes = [("user_code", format!("BCDF-{number:04}")), ("proof", page.proof.clone())];
        let codes = codes.each_ref().map(|(name, value)| (*name, value.as_str()));
        let status = from(99, "/oauth2/device", &codes).await.status.as_u16();
        assert_eq!(status, if number < 10 { 400 } else { 429 }, "{number}");
    }
    house.wait_minutes(16);
    assert_eq!(from(1, "/oauth2/token", &right).await.status.as_u16(), 200);
    assert_eq!(house.ask("POST", "/api/v1/session", "", session).await.status.as_u16(), 200);
}

#[tokio::test]
async fn an_integrations_key_works_in_its_own_header_until_it_is_removed_or_over() {
    let house = House::new();
    let (system, mut entropy) = (house.server.system(), Entropy::open());
    let new = NewKey { name: "events", user_name: "dora", days: 1 };
    let now = house.clock().now();
    let (key, secret) = house.server.create_api_key(&system, new, now, &mut entropy).expect("fits");
    let ask = async |key: &str| {
        let request = Request::get("/api/now/table/incident").header("x-sn-apikey", key).body(Body::empty());
        house.send(request.expect("well formed")).await
    };
    assert_eq!(ask(&secret).await.status.as_u16(), 200);
    for wrong in ["", "flk_", &secret[..60], &secret.to_uppercase()] {
        let refused = ask(wrong).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["error"]["message"]),
            (401, &json!("User is not authenticated"))
        );
    }
    house.server.remove_api_key(&system, key.id, now, &mut entropy).expect("there");
    assert_eq!(ask(&secret).await.status.as_u16(), 401);
    let (_, secret) = house.server.create_api_key(&system, new, now, &mut entropy).expect("fits");
    house.wait_minutes(24 * 60 - 1);
    assert_eq!(ask(&secret).await.status.as_u16(), 200);
    house.wait_minutes(1);
    assert_eq!(ask(&secret).await.status.as_u16(), 401);
}

#[tokio::test]
async fn an_account_that_asks_too_often_is_told_when_to_come_back() {
    let house = House::new();
    let (dora, mia) = (house.sign_in("dora").await, house.sign_in("mia").await);
    let unlimited = house.ask("GET", "/api/now/table/incident", &dora, Value::Null).await;
    assert_eq!(unlimited.header("x-ratelimit-limit"), "");
    house.server.limit_requests(2);
    for expected in [200, 200, 429] {
        let answer = house.ask("GET", "/api/now/table/incident", &dora, Value::Null).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-ratelimit-limit")), (expected, "2"));
        assert_eq!(answer.header("x-ratelimit-reset"), "1780304400", "nine o'clock");
        assert_eq!(answer.header("x-ratelimit-rule"), "every account");
        if expected == 429 {
            let seconds: u32 = answer.header("retry-after").parse().expect("seconds");
            assert!((1..=3_601).contains(&seconds));
            assert_eq!(answer.json()["error"]["message"], "Rate limit exceeded");
            let detail = "Rate limit of 2 requests per hour for Table API exceeded";
            assert_eq!(answer.json()["error"]["detail"], detail);
        }
    }
    house.ask("GET", "/api/v1/devices", &dora, Value::Null).await.problem(429);
    assert_eq!(house.ask("GET", "/api/now/table/incident", &mia, Value::Null).await.status.as_u16(), 200);
    house.wait_minutes(60);
    assert_eq!(house.ask("GET", "/api/now/table/incident", &dora, Value::Null).await.status.as_u16(), 200);
}

#[tokio::test]
async fn nobody_elsewhere_locks_an_integration_out() {
    let house = House::new();
    let client = Client::new(&house, true, Some("dora"));
    let from = async |address: u8, secret: &str| {
        let pairs =
            [("grant_type", "client_credentials"), ("client_id", client.id.as_str()), ("client_secret", secret)];
        let mut request = request("/oauth2/token", "", &pairs);
        request.extensions_mut().insert(Peer { address: IpAddr::from([192, 0, 2, address]), secure: false });
        house.send(request).await.status.as_u16()
    };
    for _ in 0..10 {
        assert_eq!(from(1, "guess").await, 401);
    }
    assert_eq!((from(1, "guess").await, from(1, &client.secret).await, from(2, &client.secret).await), (429, 429, 200));
}
