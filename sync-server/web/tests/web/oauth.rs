//! The OAuth 2 authorization server as programs and browsers meet it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::body::Body;
use axum::http::{Request, header};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use fieldline_model::Timestamp;
use fieldline_service::identity::NewClient;
use fieldline_web::{ClientAddress, Entropy};
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD};

const MINUTES_OF_GRACE: i64 = 5;
const BACK: &str = "https://portal.example/back";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

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

    async fn token(&self, house: &House, pairs: &[(&str, &str)]) -> Answer {
        self.send(house, "/oauth2/token", pairs).await
    }

    /// Tokens for mia's password.
    async fn sign_in(&self, house: &House) -> Value {
        let answer =
            self.token(house, &[("grant_type", "password"), ("username", "mia"), ("password", PASSWORD)]).await;
        assert_eq!(answer.status.as_u16(), 200);
        answer.json()
    }

    async fn refresh(&self, house: &House, tokens: &Value) -> Answer {
        let token = text(tokens, "refresh_token");
        self.token(house, &[("grant_type", "refresh_token"), ("refresh_token", &token)]).await
    }
}

/// Sends a form from a browser with a cookie.
pub async fn form(house: &House, path: &str, cookie: &str, pairs: &[(&str, &str)]) -> Answer {
    house.send(request(path, cookie, pairs)).await
}

fn request(path: &str, cookie: &str, pairs: &[(&str, &str)]) -> Request<Body> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let request = Request::post(path).header(header::HOST, "fieldline.example").header(header::COOKIE, cookie);
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.body(Body::from(body)).expect("a well-formed request")
}

pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

async fn status_with(house: &House, tokens: &Value) -> u16 {
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

fn challenge() -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, VERIFIER.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(digest)
}

/// The address of the page, with pairs changed or, when empty, left out.
fn page_of(client: &Client, changes: &[(&str, &str)]) -> String {
    let challenge = challenge();
    let usual = [
        ("response_type", "code"),
        ("client_id", client.id.as_str()),
        ("redirect_uri", BACK),
        ("state", "a&b"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let changed = |name: &str| changes.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    let pairs = usual.map(|(name, value)| (name, changed(name).unwrap_or(value)));
    let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("/oauth2/authorize?{query}")
}

/// Signs mia in at the page of a client and gives the code.
async fn code(house: &House, client: &Client) -> String {
    let address = page_of(client, &[]);
    let page = Page::of(&house.ask("GET", &address, "", Value::Null).await);
    let answer =
        decide(house, client, &page, &[("decision", "allow"), ("username", "mia"), ("password", PASSWORD)]).await;
    sent_back(&answer)["code"].clone()
}

async fn decide(house: &House, client: &Client, page: &Page, pairs: &[(&str, &str)]) -> Answer {
    let challenge = challenge();
    let asked = [
        ("response_type", "code"),
        ("client_id", client.id.as_str()),
        ("redirect_uri", BACK),
        ("state", "a&b"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("proof", page.proof.as_str()),
    ];
    form(house, "/oauth2/authorize", &page.cookie, &[&asked, pairs].concat()).await
}

async fn exchange(house: &House, client: &Client, code: &str, verifier: &str, back: &str) -> Answer {
    let pairs =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", back), ("code_verifier", verifier)];
    client.token(house, &pairs).await
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
async fn a_person_signs_in_at_the_page_and_the_client_trades_its_code_with_the_verifier() {
    let house = House::new();
    let client = Client::new(&house, false, None);
    let address = page_of(&client, &[]);
    let shown = house.ask("GET", &address, "", Value::Null).await;
    assert_eq!((shown.status.as_u16(), shown.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(shown.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert!(shown.header("set-cookie").contains("HttpOnly; SameSite=Strict"));
    let page = Page::of(&shown);
    assert!(page.html.contains("The &lt;Portal&gt; asks to act as you") && !page.html.contains("<Portal>"));

    let wrong = [("decision", "allow"), ("username", "mia"), ("password", "wrong-password")];
    let again = decide(&house, &client, &page, &wrong).await;
    assert_eq!((again.status.as_u16(), again.header("location")), (401, ""));
    let right = [("decision", "allow"), ("username", "mia"), ("password", PASSWORD)];
    let back = sent_back(&decide(&house, &client, &page, &right).await);
    assert_eq!((back["state"].as_str(), back["iss"].as_str()), ("a&b", "http://fieldline.example"));
    let tokens = exchange(&house, &client, &back["code"], VERIFIER, BACK).await;
    assert_eq!(tokens.status.as_u16(), 200);
    assert_eq!(status_with(&house, &tokens.json()).await, 200);
    assert_eq!(client.refresh(&house, &tokens.json()).await.status.as_u16(), 200);

    let refused = sent_back(&decide(&house, &client, &page, &[("decision", "refuse")]).await);
    assert_eq!((refused["error"].as_str(), refused.get("code")), ("access_denied", None));
}

#[tokio::test]
async fn no_other_site_can_send_the_form_in_a_persons_name() {
    let house = House::new();
    let client = Client::new(&house, false, None);
    let mine = Page::of(&house.ask("GET", &page_of(&client, &[]), "", Value::Null).await);
    let other = Page::of(&house.ask("GET", &page_of(&client, &[]), "", Value::Null).await);
    let right = [("decision", "allow"), ("username", "mia"), ("password", PASSWORD)];
    for (cookie, proof) in [(&other.cookie, &mine.proof), (&String::new(), &mine.proof), (&mine.cookie, &String::new())]
    {
        let page = Page { cookie: cookie.clone(), proof: proof.clone(), html: String::new() };
        assert_eq!(decide(&house, &client, &page, &right).await.status.as_u16(), 403);
        let device = [("user_code", "BCDF-GHJK"), ("proof", proof.as_str())];
        assert_eq!(form(&house, "/oauth2/device", cookie, &device).await.status.as_u16(), 403);
    }
    assert_eq!(decide(&house, &client, &mine, &right).await.status.as_u16(), 303);
}

#[tokio::test]
async fn a_browser_is_sent_only_to_an_address_the_client_was_added_with() {
    let house = House::new();
    let client = Client::new(&house, false, None);
    let strange = [
        "https://portal.example/back/",
        "https://portal.example/BACK",
        "https://evil.example/",
        "https://portal.example/back?x",
    ];
    let strange = strange.map(|uri| [("redirect_uri", uri)]);
    for changes in strange.iter().map(|pair| &pair[..]).chain([&[("client_id", "stranger")][..]]) {
        let answer = house.ask("GET", &page_of(&client, changes), "", Value::Null).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (400, ""), "{changes:?}");
    }
    for (changes, error) in [
        ([("response_type", "token")], "unsupported_response_type"),
        ([("code_challenge", "")], "invalid_request"),
        ([("code_challenge_method", "plain")], "invalid_request"),
        ([("code_challenge_method", "")], "invalid_request"),
    ] {
        let back = sent_back(&house.ask("GET", &page_of(&client, &changes), "", Value::Null).await);
        assert_eq!(
            (back["error"].as_str(), back["state"].as_str(), back["iss"].as_str()),
            (error, "a&b", "http://fieldline.example")
        );
    }
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let public = sent_back(&house.ask("GET", &page_of(&client, &without), "", Value::Null).await);
    assert!(public["error_description"].contains("RFC 7636"));
    let secretive = Client::new(&house, true, None);
    assert_eq!(house.ask("GET", &page_of(&secretive, &without), "", Value::Null).await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_code_works_once_for_its_client_address_and_verifier_and_not_for_long() {
    let house = House::new();
    let (client, other) = (Client::new(&house, false, None), Client::new(&house, false, None));
    let wrong_verifier = "x".repeat(43);
    for (verifier, back) in [(wrong_verifier.as_str(), BACK), ("", BACK), (VERIFIER, "https://x.example/")] {
        let code = code(&house, &client).await;
        assert_eq!(exchange(&house, &client, &code, verifier, back).await.status.as_u16(), 401);
        assert_eq!(exchange(&house, &client, &code, VERIFIER, BACK).await.status.as_u16(), 401, "one try");
    }
    let stolen = code(&house, &client).await;
    assert_eq!(exchange(&house, &other, &stolen, VERIFIER, BACK).await.status.as_u16(), 401);
    let late = code(&house, &client).await;
    house.wait_minutes(3);
    assert_eq!(exchange(&house, &client, &late, VERIFIER, BACK).await.status.as_u16(), 401);

    let twice = code(&house, &client).await;
    let tokens = exchange(&house, &client, &twice, VERIFIER, BACK).await.json();
    assert_eq!(status_with(&house, &tokens).await, 200);
    assert_eq!(exchange(&house, &client, &twice, VERIFIER, BACK).await.status.as_u16(), 401);
    assert_eq!(status_with(&house, &tokens).await, 401, "a code in two hands takes back what it gave");
}

#[tokio::test]
async fn a_device_without_a_keyboard_is_allowed_by_the_person_who_types_its_code() {
    let house = House::new();
    let client = Client::new(&house, false, None);
    let begun = client.send(&house, "/oauth2/device_authorization", &[]).await.json();
    assert_eq!((&begun["interval"], &begun["expires_in"]), (&json!(5), &json!(600)));
    let (device_code, user_code) = (text(&begun, "device_code"), text(&begun, "user_code"));
    let poll = async || {
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        client.token(&house, &[("grant_type", grant), ("device_code", &device_code)]).await
    };
    assert_eq!(text(&poll().await.json(), "error"), "authorization_pending");
    assert_eq!(text(&poll().await.json(), "error"), "slow_down");
    house.wait_minutes(1);
    assert_eq!(text(&poll().await.json(), "error"), "authorization_pending");

    let complete = text(&begun, "verification_uri_complete");
    let path = complete.strip_prefix("http://fieldline.example").expect("this server");
    let page = Page::of(&house.ask("GET", path, "", Value::Null).await);
    assert!(page.html.contains(&user_code));
    let typed = user_code.to_lowercase().replace('-', " ");
    let send = async |pairs: &[(&str, &str)]| {
        let own = [("user_code", typed.as_str()), ("proof", page.proof.as_str())];
        form(&house, "/oauth2/device", &page.cookie, &[&own, pairs].concat()).await
    };
    let confirm = send(&[]).await;
    assert!(String::from_utf8_lossy(&confirm.body).contains("The &lt;Portal&gt; on another device"));
    let wrong = [("decision", "allow"), ("username", "mia"), ("password", "wrong-password")];
    assert_eq!(send(&wrong).await.status.as_u16(), 401);
    let right = [("decision", "allow"), ("username", "mia"), ("password", PASSWORD)];
    assert_eq!(send(&right).await.status.as_u16(), 200);
    assert_eq!(send(&right).await.status.as_u16(), 400, "a code is used up");
    house.wait_minutes(1);
    let tokens = poll().await.json();
    assert_eq!(status_with(&house, &tokens).await, 200);
    assert_eq!(text(&poll().await.json(), "error"), "expired_token");
}

#[tokio::test]
async fn a_device_that_is_refused_or_too_slow_gets_nothing() {
    let house = House::new();
    let (client, other) = (Client::new(&house, false, None), Client::new(&house, false, None));
    let begin = async || client.send(&house, "/oauth2/device_authorization", &[]).await.json();
    let poll = async |client: &Client, begun: &Value| {
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        let code = text(begun, "device_code");
        text(&client.token(&house, &[("grant_type", grant), ("device_code", &code)]).await.json(), "error")
    };
    let refused = begin().await;
    let page = Page::of(&house.ask("GET", "/oauth2/device", "", Value::Null).await);
    let pairs = [("user_code", text(&refused, "user_code")), ("proof", page.proof), ("decision", "refuse".into())];
    let pairs = pairs.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(form(&house, "/oauth2/device", &page.cookie, &pairs).await.status.as_u16(), 200);
    assert_eq!(poll(&client, &refused).await, "access_denied");
    let slow = begin().await;
    assert_eq!(poll(&other, &slow).await, "expired_token", "another client's code");
    house.wait_minutes(11);
    assert_eq!(poll(&client, &slow).await, "expired_token");
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

#[tokio::test]
async fn guessing_is_slowed_down_per_name_and_per_address_at_every_door() {
    let house = House::new();
    let client = Client::new(&house, true, None);
    let page = Page::of(&house.ask("GET", &page_of(&client, &[]), "", Value::Null).await);
    let from = async |address: u8, path: &str, pairs: &[(&str, &str)]| {
        let own = [("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())];
        let mut request = request(path, &page.cookie, &[&own, pairs].concat());
        request.extensions_mut().insert(ClientAddress(IpAddr::from([192, 0, 2, address])));
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
    let new = fieldline_service::identity::NewKey { name: "events", user_name: "dora", days: 1 };
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
