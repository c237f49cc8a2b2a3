//! The OAuth 2 authorization server as programs meet it.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fieldline_model::Timestamp;
use fieldline_service::identity::NewClient;
use fieldline_web::Entropy;
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD};

const MINUTES_OF_GRACE: i64 = 5;
/// Where clients are sent back to.
pub const BACK: &str = "https://portal.example/back";

/// A client and its secret, empty for a public one.
pub struct Client {
    pub id: String,
    pub secret: String,
}

impl Client {
    pub fn new(house: &House, confidential: bool, user_name: Option<&str>) -> Self {
        let new = NewClient {
            name: "The <Portal>",
            id: None,
            confidential,
            secret: None,
            user_name,
            redirect_uris: BTreeSet::from([BACK.to_owned()]),
            keys: None,
        };
        let system = house.server.system();
        let made = house.server.create_client(&system, &new, Timestamp(0), &mut Entropy::open()).expect("fits");
        Self { id: made.0.id, secret: made.1.unwrap_or_default() }
    }

    /// Sends pairs with the client's own.
    pub async fn send(&self, house: &House, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let own = [("client_id", self.id.as_str()), ("client_secret", self.secret.as_str())];
        form(house, path, "", &[&own, pairs].concat()).await
    }

    pub async fn token(&self, house: &House, pairs: &[(&str, &str)]) -> Answer {
        self.send(house, "/oauth2/token", pairs).await
    }

    /// Tokens for mia's password.
    async fn sign_in(&self, house: &House) -> Value {
        let answer =
            self.token(house, &[("grant_type", "password"), ("username", "mia"), ("password", PASSWORD)]).await;
        assert_eq!(answer.status.as_u16(), 200);
        answer.json()
    }

    pub async fn refresh(&self, house: &House, tokens: &Value) -> Answer {
        let token = text(tokens, "refresh_token");
        self.token(house, &[("grant_type", "refresh_token"), ("refresh_token", &token)]).await
    }
}

/// Sends a form from a browser with a cookie.
pub async fn form(house: &House, path: &str, cookie: &str, pairs: &[(&str, &str)]) -> Answer {
    house.send(request(path, cookie, pairs)).await
}

pub fn request(path: &str, cookie: &str, pairs: &[(&str, &str)]) -> Request<Body> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let request = Request::post(path).header(header::HOST, "fieldline.example").header(header::COOKIE, cookie);
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.body(Body::from(body)).expect("a well-formed request")
}

pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

/// What the record API answers to whoever has these tokens.
pub async fn status_with(house: &House, tokens: &Value) -> u16 {
    let bearer = format!("Bearer {}", text(tokens, "access_token"));
    house.ask("GET", "/api/now/table/incident", &bearer, Value::Null).await.status.as_u16()
}

/// A page's cookie and proof.
pub struct Page {
    pub cookie: String,
    pub proof: String,
    pub html: String,
}

impl Page {
    pub fn of(answer: &Answer) -> Self {
        let html = String::from_utf8(answer.body.clone()).expect("text");
        let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        let proof = html.split("name=\"proof\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        Self { cookie, proof: proof.unwrap_or_default().to_owned(), html }
    }
}

/// What a browser is sent back with.
pub fn sent_back(answer: &Answer) -> std::collections::BTreeMap<String, String> {
    assert_eq!(answer.status.as_u16(), 303, "{}", String::from_utf8_lossy(&answer.body));
    let (address, query) = answer.header("location").split_once('?').expect("pairs");
    assert_eq!(address, BACK);
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[tokio::test]
async fn a_legacy_client_trades_a_password_for_tokens_in_exactly_the_form_it_knows() {
    let house = House::new();
    let client = Client::new(&house, true, None);
    for path in ["/oauth_token.do", "/oauth2/token"] {
        let pairs = [("grant_type", "password"), ("username", "MIA"), ("password", PASSWORD), ("scope", "x")];
        let answer = client.send(&house, path, &pairs).await;
        let tokens = answer.json();
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
        let names: Vec<_> = tokens.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(names, ["access_token", "scope", "token_type", "expires_in", "refresh_token"]);
        let said = (&tokens["scope"], &tokens["token_type"], &tokens["expires_in"]);
        assert_eq!(said, (&json!("useraccount"), &json!("Bearer"), &json!(1799)));
        assert_eq!(status_with(&house, &tokens).await, 200);
        house.wait_minutes(31);
        assert_eq!(status_with(&house, &tokens).await, 401);
    }
}

#[tokio::test]
async fn a_client_may_say_who_it_is_in_a_basic_header() {
    let house = House::new();
    let client = Client::new(&house, true, Some("dora"));
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", client.id, client.secret)));
    let mut request = request("/oauth_token.do", "", &[("grant_type", "client_credentials")]);
    request.headers_mut().insert(header::AUTHORIZATION, basic.parse().expect("a header"));
    assert_eq!(house.send(request).await.status.as_u16(), 200);
}

#[tokio::test]
async fn every_failed_sign_in_of_a_client_is_a_401_with_error_and_description() {
    let house = House::new();
    let client = Client::new(&house, true, None);
    let password = [("grant_type", "password"), ("username", "mia"), ("password", "wrong-password")];
    let unknown = [("grant_type", "password"), ("username", "nobody"), ("password", PASSWORD)];
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "nonsense")];
    let right = [("grant_type", "password"), ("username", "mia"), ("password", PASSWORD)];
    let impostor = Client { id: client.id.clone(), secret: "wrong".into() };
    let stranger = Client { id: "stranger".into(), secret: client.secret.clone() };
    let mut words = Vec::new();
    for (client, pairs) in
        [(&client, &password[..]), (&client, &unknown), (&client, &refresh), (&impostor, &right), (&stranger, &right)]
    {
        let legacy = client.send(&house, "/oauth_token.do", pairs).await;
        let said = json!({ "error": "server_error", "error_description": "access_denied" });
        assert_eq!((legacy.status.as_u16(), legacy.json()), (401, said));
        let standard = client.token(&house, pairs).await;
        assert_eq!(standard.status.as_u16(), 401);
        assert!(text(&standard.json(), "error_description").len() > 20);
        words.push(text(&standard.json(), "error"));
    }
    assert_eq!(words, ["invalid_grant", "invalid_grant", "invalid_grant", "invalid_client", "invalid_client"]);
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_told_what_is_wrong() {
    let house = House::new();
    let client = Client::new(&house, true, None);
    let error = async |pairs: &[(&str, &str)]| {
        let answer = client.token(&house, pairs).await;
        (answer.status.as_u16(), text(&answer.json(), "error"), text(&answer.json(), "error_description"))
    };
    assert_eq!(error(&[]).await, (400, "invalid_request".into(), "grant_type is missing".into()));
    let password_twice = [("grant_type", "password"), ("grant_type", "password")];
    assert_eq!(error(&password_twice).await.2, "grant_type is sent twice");
    assert_eq!(error(&[("grant_type", "password")]).await.2, "username is missing");
    assert_eq!(error(&[("grant_type", "implicit")]).await.1, "unsupported_grant_type");
    assert_eq!(error(&[("grant_type", "client_credentials")]).await.1, "unauthorized_client");
    let body = json!({ "grant_type": "password", "client_id": client.id, "client_secret": client.secret });
    for path in ["/oauth_token.do", "/oauth2/token"] {
        let answer = house.ask("POST", path, "", body.clone()).await;
        assert_eq!((answer.status.as_u16(), text(&answer.json(), "error")), (400, "invalid_request".into()));
    }
}

#[tokio::test]
async fn a_client_acts_by_its_own_credentials_as_the_user_it_is_bound_to() {
    let house = House::new();
    let client = Client::new(&house, true, Some("dora"));
    let tokens = client.token(&house, &[("grant_type", "client_credentials")]).await.json();
    assert_eq!((tokens.get("refresh_token"), status_with(&house, &tokens).await), (None, 200));
    let standing = client.send(&house, "/oauth2/introspect", &[("token", &text(&tokens, "access_token"))]).await.json();
    assert_eq!((&standing["active"], &standing["username"]), (&json!(true), &json!("dora")));
}

#[tokio::test]
async fn a_lost_refresh_answer_costs_nothing_and_a_token_in_two_hands_ends_everything() {
    let house = House::new();
    let client = Client::new(&house, true, None);
    let first = client.sign_in(&house).await;
    let lost = client.refresh(&house, &first).await.json();
    let again = client.refresh(&house, &first).await;
    assert_eq!(again.status.as_u16(), 200, "the answer was lost, so the client asks again");
    let again = again.json();
    assert_ne!(lost["refresh_token"], again["refresh_token"]);
    house.wait_minutes(1);
    let next = client.refresh(&house, &again).await.json();
    assert_eq!(status_with(&house, &next).await, 200);
    // Somebody has the answer that was thought lost.
    assert_eq!(client.refresh(&house, &lost).await.status.as_u16(), 401);
    assert_eq!(status_with(&house, &next).await, 401);
    assert_eq!(client.refresh(&house, &next).await.status.as_u16(), 401);
}

#[tokio::test]
async fn a_used_refresh_token_is_repeated_only_for_minutes_and_only_until_its_successor_is_used() {
    let house = House::new();
    let client = Client::new(&house, true, None);
    let first = client.sign_in(&house).await;
    let second = client.refresh(&house, &first).await.json();
    client.refresh(&house, &second).await.json();
    let theft = client.refresh(&house, &first).await;
    assert!(text(&theft.json(), "error_description").contains("used before"));

    let first = client.sign_in(&house).await;
    let second = client.refresh(&house, &first).await.json();
    house.wait_minutes(MINUTES_OF_GRACE);
    assert_eq!(client.refresh(&house, &first).await.status.as_u16(), 401);
    assert_eq!(client.refresh(&house, &second).await.status.as_u16(), 401, "the whole family has ended");

    let old = client.sign_in(&house).await;
    house.wait_minutes(100 * 24 * 60);
    assert_eq!(client.refresh(&house, &old).await.status.as_u16(), 401);
    let other = Client::new(&house, true, None);
    let mine = client.sign_in(&house).await;
    assert_eq!(other.refresh(&house, &mine).await.status.as_u16(), 401);
    assert_eq!(client.refresh(&house, &mine).await.status.as_u16(), 200, "another client's try changes nothing");
}

#[tokio::test]
async fn revocation_acts_at_once_and_introspection_says_so() {
    let house = House::new();
    let (client, other) = (Client::new(&house, true, None), Client::new(&house, true, None));
    let active = async |token: &str| {
        client.send(&house, "/oauth2/introspect", &[("token", token)]).await.json()["active"] == json!(true)
    };
    let tokens = client.sign_in(&house).await;
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    assert!(active(&access).await && active(&refresh).await && !active("nonsense").await);
    let session = house.sign_in("mia").await;
    assert!(!active(session.trim_start_matches("Bearer ")).await, "a session is no client's token");
    assert_eq!(other.send(&house, "/oauth2/revoke", &[("token", &access)]).await.status.as_u16(), 200);
    assert!(active(&access).await, "another client's token is left alone");
    assert_eq!(client.send(&house, "/oauth2/revoke", &[("token", &access)]).await.status.as_u16(), 200);
    assert!(!active(&access).await && active(&refresh).await);
    assert_eq!(status_with(&house, &tokens).await, 401);

    let tokens = client.refresh(&house, &tokens).await.json();
    let refresh = text(&tokens, "refresh_token");
    assert_eq!(form(&house, "/oauth_revoke_token.do", "", &[("token", &refresh)]).await.status.as_u16(), 200);
    assert_eq!(status_with(&house, &tokens).await, 401);
    assert_eq!(client.refresh(&house, &tokens).await.status.as_u16(), 401);
    let tokens = client.sign_in(&house).await;
    let address = format!("/oauth_revoke_token.do?token={}", text(&tokens, "access_token"));
    assert_eq!(house.ask("GET", &address, "", Value::Null).await.status.as_u16(), 200);
    assert_eq!(status_with(&house, &tokens).await, 401);
    let public = Client::new(&house, false, None);
    assert_eq!(public.send(&house, "/oauth2/introspect", &[("token", &refresh)]).await.status.as_u16(), 401);
}

#[tokio::test]
async fn a_person_who_is_set_inactive_and_a_client_that_is_removed_are_out_at_once() {
    let house = House::new();
    let (client, admin) = (Client::new(&house, true, None), house.sign_in("admin").await);
    let (tokens, session) = (client.sign_in(&house).await, house.sign_in("mia").await);
    let user = format!("/api/now/table/sys_user/{}", house.mia);
    assert_eq!(house.ask("PATCH", &user, &admin, json!({ "active": "false" })).await.status.as_u16(), 200);
    assert_eq!(status_with(&house, &tokens).await, 401);
    assert_eq!(client.refresh(&house, &tokens).await.status.as_u16(), 401);
    assert_eq!(house.ask("PATCH", &user, &admin, json!({ "active": "true" })).await.status.as_u16(), 200);
    assert_eq!(status_with(&house, &tokens).await, 401, "what ended stays ended");
    assert_eq!(house.ask("GET", "/api/v1/devices", &session, Value::Null).await.status.as_u16(), 401);

    let tokens = client.sign_in(&house).await;
    house.server.remove_client(&house.server.system(), &client.id, Timestamp(0), &mut Entropy::open()).expect("there");
    assert_eq!(status_with(&house, &tokens).await, 401);
    assert_eq!(client.refresh(&house, &tokens).await.status.as_u16(), 401);
}

#[tokio::test]
async fn the_metadata_names_paths_that_are_served_and_the_issuer_codes_come_from() {
    let house = House::new();
    let metadata = house.ask("GET", "/.well-known/oauth-authorization-server", "", Value::Null).await.json();
    assert_eq!(metadata["issuer"], "http://fieldline.example");
    let served: Vec<_> = fieldline_web::endpoints().into_iter().map(|endpoint| endpoint.path).collect();
    let named = metadata.as_object().expect("an object").iter().filter(|(name, _)| name.ends_with("_endpoint"));
    let named: Vec<_> = named.map(|(_, address)| address.as_str().expect("text")).collect();
    assert_eq!(named.len(), 5);
    for address in named {
        let path = address.strip_prefix("http://fieldline.example").expect("this server");
        assert!(served.iter().any(|known| known == path), "{path}");
    }
}
