//! The pages people meet on the way in: a client's sign-in, a device's code.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD};
use crate::oauth::{BACK, Client, Page, form, sent_back, status_with, text};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn challenge() -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, VERIFIER.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(digest)
}

/// The address of the page, with pairs changed or, when empty, left out.
pub fn page_of(client: &Client, changes: &[(&str, &str)]) -> String {
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
