//! Signing in through a provider that lies: every lie is refused, for the right reason, and the truth is accepted.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{COOKIE, HOST};
use fieldline_model::Timestamp;
use fieldline_service::NewUser;
use fieldline_service::identity::oidc::NewProvider;
use fieldline_web::Entropy;
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD};
use crate::lies::{Forge, LIES, claim, header, with};
use crate::oauth::{Client, Page, form, sent_back, text};
use crate::provider::{By, CLIENT_ID, CLIENT_SECRET, Keys, Provider, Reply, Script, half_of_sha512};

const SERVER: &str = "http://fieldline.example";

/// A house whose people are known to a provider by their e-mail addresses.
struct Street {
    house: House,
    provider: Provider,
}

/// A sign-in that has been at the provider and is on its way back.
#[derive(Clone)]
struct OnTheWay {
    cookie: String,
    query: Vec<(&'static str, String)>,
}

impl OnTheWay {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.query.retain(|(other, _)| *other != name);
        self.query.push((name, value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.query.retain(|(other, _)| *other != name);
        self
    }
}

impl Street {
    async fn new() -> Self {
        let house = House::new();
        let provider = Provider::begin(house.clock().now()).await;
        let street = Self { house, provider };
        street.believe("acme", &street.provider.issuer);
        let admin = street.house.sign_in("admin").await;
        let mia = format!("/api/now/table/sys_user/{}", street.house.mia);
        let known = json!({ "email": "mia@example.org" });
        assert_eq!(street.house.ask("PATCH", &mia, &admin, known).await.status.as_u16(), 200);
        street
    }

    fn believe(&self, name: &str, issuer: &str) {
        let algorithms = ["ES256", "RS256", "EdDSA"].map(str::to_owned);
        let new = NewProvider {
            name,
            issuer,
            client_id: CLIENT_ID,
            client_secret: Some(CLIENT_SECRET),
            claim: "email",
            field: "email",
            algorithms: BTreeSet::from(algorithms),
            active: true,
        };
        let system = self.house.server.system();
        self.house.server.put_provider(&system, &new, Timestamp(0), &mut Entropy::open()).expect("fits");
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header(HOST, "fieldline.example").header(COOKIE, cookie);
        self.house.send(request.body(Body::empty()).expect("well formed")).await
    }

    async fn start(&self, name: &str) -> Answer {
        self.get(&format!("/oidc/start?provider={name}"), "").await
    }

    /// Goes to the provider and is sent back.
    async fn go(&self) -> OnTheWay {
        let started = self.start("acme").await;
        self.follow(&started)
    }

    fn follow(&self, started: &Answer) -> OnTheWay {
        let asked = asked(started);
        assert_eq!(asked["redirect_uri"], format!("{SERVER}/oidc/callback"));
        let code = self.provider.visit(&asked);
        let query = vec![("code", code), ("state", asked["state"].clone()), ("iss", self.provider.issuer.clone())];
        OnTheWay { cookie: Page::of(started).cookie, query }
    }

    async fn arrive(&self, back: &OnTheWay) -> Answer {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&back.query).finish();
        self.get(&format!("/oidc/callback?{query}"), &back.cookie).await
    }

    async fn sign_in(&self) -> Answer {
        let back = self.go().await;
        self.arrive(&back).await
    }

    fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.provider.script());
    }

    fn tokens(&self, forge: impl Fn(&Keys, Value) -> String + Send + 'static) {
        self.script(|script| script.token = Box::new(forge));
    }
}

/// What the browser is told to ask the provider.
fn asked(started: &Answer) -> BTreeMap<String, String> {
    assert_eq!(started.status.as_u16(), 303, "{}", String::from_utf8_lossy(&started.body));
    assert!(started.header("set-cookie").contains("HttpOnly; SameSite=Lax"));
    let (_, query) = started.header("location").split_once('?').expect("a query");
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[track_caller]
fn assert_refused(name: &str, answer: &Answer, status: u16, reason: &str) {
    let page = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status.as_u16(), status, "{name}: {page}");
    assert!(page.contains(reason), "{name}: expected \"{reason}\" in {page}");
    assert!(!page.contains("token\":"), "{name}");
}

#[tokio::test]
async fn the_honest_provider_signs_in_the_person_whose_e_mail_it_verified() {
    let street = Street::new().await;
    let session = street.sign_in().await;
    assert_eq!(session.status.as_u16(), 200, "{}", String::from_utf8_lossy(&session.body));
    assert_eq!(session.json()["user"], street.house.mia.to_string());
    let bearer = format!("Bearer {}", text(&session.json(), "token"));
    assert_eq!(street.house.ask("GET", "/api/v1/devices", &bearer, Value::Null).await.status.as_u16(), 200);
    let honest: [Forge; 4] = [
        header!(By::Rsa, "alg": "RS256", "kid": "rsa"),
        |keys, claims| {
            let claims = with(claims, "at_hash", half_of_sha512());
            keys.sign(By::Edwards, json!({ "alg": "EdDSA", "typ": "JWT" }), &claims)
        },
        |keys, claims| keys.honest(&with(with(claims, "aud", json!([CLIENT_ID, "other"])), "azp", CLIENT_ID)),
        |keys, claims| {
            let late = claims["exp"].as_i64().expect("a time") - 359;
            keys.honest(&with(with(with(claims, "exp", late), "iat", late - 9), "at_hash", Value::Null))
        },
    ];
    for forge in honest {
        street.tokens(forge);
        assert_eq!(street.sign_in().await.status.as_u16(), 200);
    }
}

#[tokio::test]
async fn every_token_that_lies_is_refused_for_its_lie() {
    let street = Street::new().await;
    for (name, reason, forge) in LIES {
        street.tokens(*forge);
        assert_refused(name, &street.sign_in().await, 401, reason);
    }
    let names: BTreeSet<_> = LIES.iter().map(|(name, ..)| name).collect();
    assert_eq!((names.len(), names.len() > 50), (LIES.len(), true));
    street.tokens(|keys, claims| keys.honest(&claims));
    assert_eq!(street.sign_in().await.status.as_u16(), 200, "the same provider, honest again");
}

#[tokio::test]
async fn keys_that_do_not_fit_are_not_used() {
    type Change = fn(Value) -> Value;
    let cases: [(&str, &str, Change); 5] = [
        ("a key for encryption", "for another use", |mut set| {
            set["keys"][0]["use"] = "enc".into();
            set
        }),
        ("a key for another algorithm", "for another use", |mut set| {
            set["keys"][0]["alg"] = "ES512".into();
            set
        }),
        ("a key for signing only", "for another use", |mut set| {
            set["keys"][0]["key_ops"] = json!(["sign"]);
            set
        }),
        ("two keys of one kid", "which of several keys", |mut set| {
            let again = set["keys"][0].clone();
            set["keys"].as_array_mut().expect("keys").push(again);
            set
        }),
        ("a key on another curve", "its key cannot be read", |mut set| {
            set["keys"][0]["crv"] = "P-384".into();
            set
        }),
    ];
    for (name, reason, change) in cases {
        let street = Street::new().await;
        street.script(|script| script.keys = Box::new(move |set| Reply::of(200, change(set))));
        assert_refused(name, &street.sign_in().await, 401, reason);
    }
    let street = Street::new().await;
    street.tokens(header!(By::Rsa, "alg": "RS256", "kid": "rsa"));
    street.script(|script| {
        script.keys = Box::new(|mut set| {
            let long = set["keys"][2]["n"].as_str().expect("a number").to_owned();
            set["keys"][2]["n"] = long[..172].into();
            Reply::of(200, set)
        });
    });
    assert_refused("an RSA key under 2048 bits", &street.sign_in().await, 401, "fewer than 2048");
}

#[tokio::test]
async fn a_provider_that_cannot_be_trusted_to_describe_itself_is_not_used() {
    let moved = |mut document: Value, name: &str, value: Value| {
        document[name] = value;
        Reply::of(200, document)
    };
    type Answer = Box<dyn Fn(Value) -> Reply + Send>;
    let cases: Vec<(&str, &str, Answer)> = vec![
        (
            "redirecting",
            "an error or a redirect",
            Box::new(|document| Reply { status: 302, location: "/keys", ..Reply::of(200, document) }),
        ),
        ("failing", "an error or a redirect", Box::new(|document| Reply::of(500, document))),
        (
            "another issuer",
            "another issuer",
            Box::new(move |document| moved(document, "issuer", "https://other.example".into())),
        ),
        (
            "a trailing slash",
            "another issuer",
            Box::new(move |document| {
                let slashed = format!("{}/", document["issuer"].as_str().expect("text"));
                moved(document, "issuer", slashed.into())
            }),
        ),
        ("no keys", "lacks an address", Box::new(move |document| moved(document, "jwks_uri", Value::Null))),
        (
            "a file",
            "lacks an address",
            Box::new(move |document| moved(document, "token_endpoint", "file:///etc/passwd".into())),
        ),
        ("no JSON", "cannot be read", Box::new(|_| Reply::of(200, "<html>"))),
        (
            "a name twice",
            "cannot be read",
            Box::new(|document| Reply::of(200, document.to_string().replacen('{', r#"{"issuer":"x","#, 1))),
        ),
        ("oversized", "too large", Box::new(|document| Reply::of(200, format!("{document}{}", " ".repeat(300_000))))),
    ];
    for (name, reason, answer) in cases {
        let street = Street::new().await;
        street.script(|script| script.discovery = answer);
        assert_refused(name, &street.start("acme").await, 502, reason);
    }
    let street = Street::new().await;
    assert_refused("unknown", &street.start("other").await, 404, "not known here");
    street.believe("gone", "http://127.0.0.1:1");
    assert_refused("gone", &street.start("gone").await, 502, "did not answer");
}

#[tokio::test]
async fn a_provider_that_fails_half_way_signs_nobody_in() {
    type Answer = Box<dyn Fn(Value) -> Reply + Send>;
    let street = Street::new().await;
    let exchanges: Vec<(&str, &str, Answer)> = vec![
        ("error", "an error or a redirect", Box::new(|_| Reply::of(400, json!({ "error": "invalid_grant" })))),
        (
            "redirect",
            "an error or a redirect",
            Box::new(|answer| Reply { status: 307, location: "/keys", ..Reply::of(200, answer) }),
        ),
        ("no identity", "no identity token", Box::new(|_| Reply::of(200, json!({ "access_token": "x" })))),
        (
            "huge token",
            "too large",
            Box::new(|mut answer| {
                answer["id_token"] = format!("{}.{}", text(&answer, "id_token"), "a".repeat(17_000)).into();
                Reply::of(200, answer)
            }),
        ),
        (
            "two tokens",
            "cannot be read",
            Box::new(|answer| Reply::of(200, answer.to_string().replacen('{', r#"{"id_token":"x","#, 1))),
        ),
        ("oversized", "too large", Box::new(|answer| Reply::of(200, format!("{answer}{}", " ".repeat(300_000))))),
        ("slow", "did not answer in time", Box::new(|answer| Reply { endless: true, ..Reply::of(200, answer) })),
    ];
    for (name, reason, answer) in exchanges {
        street.script(|script| script.exchange = answer);
        assert_refused(name, &street.sign_in().await, 502, reason);
    }
    street.script(|script| script.exchange = Box::new(|answer| Reply::of(200, answer)));
    let keys: Vec<(&str, &str, Answer)> = vec![
        ("oversized", "too large", Box::new(|set| Reply::of(200, format!("{set}{}", " ".repeat(300_000))))),
        (
            "redirecting",
            "an error or a redirect",
            Box::new(|set| Reply { status: 301, location: "/", ..Reply::of(200, set) }),
        ),
        ("no JSON", "its keys cannot be read", Box::new(|_| Reply::of(200, "keys"))),
        (
            "too many",
            "its keys cannot be read",
            Box::new(|set| {
                let many = vec![set["keys"][0].clone(); 65];
                Reply::of(200, json!({ "keys": many }))
            }),
        ),
    ];
    for (name, reason, answer) in keys {
        street.script(|script| script.keys = answer);
        assert_refused(name, &street.sign_in().await, 502, reason);
    }
}

#[tokio::test]
async fn what_comes_back_is_taken_once_from_the_browser_that_went() {
    let street = Street::new().await;
    let other = street.go().await;
    const BEGUN: &str = "was not begun in this browser";
    type Change = Box<dyn Fn(OnTheWay) -> OnTheWay>;
    let theirs = other.cookie.clone();
    let cases: Vec<(&str, &str, Change)> = vec![
        ("state missing", "it carries no state", Box::new(|back| back.without("state"))),
        ("state wrong", BEGUN, Box::new(|back| back.with("state", "0123456789abcdef"))),
        ("cookie missing", BEGUN, Box::new(|back| OnTheWay { cookie: String::new(), ..back })),
        ("cookie of another browser", BEGUN, Box::new(move |back| OnTheWay { cookie: theirs.clone(), ..back })),
        ("error answer", "did not sign you in", Box::new(|back| back.without("code").with("error", "access_denied"))),
        ("error beside a code", "did not sign you in", Box::new(|back| back.with("error", "access_denied"))),
        ("code missing", "it carries no code", Box::new(|back| back.without("code"))),
        ("issuer missing", "does not say which provider", Box::new(|back| back.without("iss"))),
        ("issuer of another", "another provider sent it", Box::new(|back| back.with("iss", "https://other.example"))),
        (
            "something twice",
            "says something twice",
            Box::new(|mut back| {
                back.query.push(("code", "other".into()));
                back
            }),
        ),
    ];
    for (name, reason, change) in cases {
        let back = street.go().await;
        assert_refused(name, &street.arrive(&change(back)).await, 401, reason);
    }
    let stolen = street.go().await;
    let thief = OnTheWay { cookie: other.cookie.clone(), ..stolen.clone() };
    assert_refused("thief", &street.arrive(&thief).await, 401, BEGUN);
    assert_refused("after the thief", &street.arrive(&stolen).await, 401, BEGUN);
    let back = street.go().await;
    assert_eq!(street.arrive(&back).await.status.as_u16(), 200);
    assert_refused("state reused", &street.arrive(&back).await, 401, BEGUN);
    let used = back.query[0].1.clone();
    let again = street.go().await.with("code", &used);
    assert_refused("code reused", &street.arrive(&again).await, 502, "an error or a redirect");
    let late = street.go().await;
    street.house.wait_minutes(10);
    assert_refused("late", &street.arrive(&late).await, 401, BEGUN);
}

#[tokio::test]
async fn two_providers_are_never_mixed_up() {
    let street = Street::new().await;
    let evil = Provider::begin(street.house.clock().now()).await;
    street.believe("evil", &evil.issuer);
    // The browser began with the evil provider, which sent it on to the honest one: its code must not reach the evil one.
    let mut asked = asked(&street.start("evil").await);
    let code = street.provider.visit(&asked);
    let started = street.start("evil").await;
    asked.extend(self::asked(&started));
    let query = vec![("code", code), ("state", asked["state"].clone()), ("iss", street.provider.issuer.clone())];
    let mixed = OnTheWay { cookie: Page::of(&started).cookie, query };
    assert_refused("mix-up", &street.arrive(&mixed).await, 401, "another provider sent it");
    // And a token of the one is none of the other's, whatever the other signs.
    let issuer = street.provider.issuer.clone();
    evil.script().token = Box::new(move |keys, claims| keys.honest(&with(claims, "iss", issuer.clone())));
    let started = street.start("evil").await;
    let code = evil.visit(&self::asked(&started));
    let query = vec![("code", code), ("state", self::asked(&started)["state"].clone()), ("iss", evil.issuer.clone())];
    let impostor = OnTheWay { cookie: Page::of(&started).cookie, query };
    assert_refused("impostor", &street.arrive(&impostor).await, 401, "its issuer is another");
}

#[tokio::test]
async fn a_new_key_is_looked_for_once_a_minute_and_an_old_one_ends_with_the_hour() {
    let street = Street::new().await;
    assert_eq!(street.sign_in().await.status.as_u16(), 200);
    street.script(|script| {
        script.token = Box::new(header!(By::Second, "alg": "ES256", "kid": "second"));
        script.keys = Box::new(|_| unreachable!("not within the minute"));
    });
    assert_refused("within the minute", &street.sign_in().await, 401, "its key is not one");
    street.house.wait_minutes(1);
    street.script(|script| {
        script.now = Timestamp(script.now.0 + 60_000);
        script.keys = Box::new(|set| Reply::of(200, set));
    });
    for _ in 0..3 {
        assert_refused("still unknown", &street.sign_in().await, 401, "its key is not one");
    }
    assert_eq!(street.provider.script().asked_for_keys, 2, "three unknown keys, one look");
    street.house.wait_minutes(1);
    let keys = street.provider.clone();
    street.script(|script| {
        script.now = Timestamp(script.now.0 + 60_000);
        script.keys = Box::new(move |_| Reply::of(200, json!({ "keys": [keys.published(By::Second)] })));
    });
    assert_eq!(street.sign_in().await.status.as_u16(), 200, "the provider has changed its key");
    street.tokens(|keys, claims| keys.honest(&claims));
    assert_refused("stale key", &street.sign_in().await, 401, "its key is not one");
}

#[tokio::test]
async fn only_one_active_person_with_an_account_is_signed_in_and_nobody_is_made() {
    let street = Street::new().await;
    let house = &street.house;
    let admin = house.sign_in("admin").await;
    const NOBODY: &str = "nobody here who may sign in";
    let guest = json!({ "user_name": "guest", "name": "Guest", "email": "guest@example.org", "roles": "admin" });
    let made = house.ask("POST", "/api/now/table/sys_user", &admin, guest).await;
    assert_eq!(made.status.as_u16(), 201);
    street.tokens(claim!("email" = |_| "guest@example.org".into()));
    assert_refused("without an account", &street.sign_in().await, 401, NOBODY);

    street.tokens(|keys, claims| keys.honest(&claims));
    let twin = json!({ "user_name": "twin", "name": "Twin", "email": "MIA@example.org" });
    let twin = house.ask("POST", "/api/now/table/sys_user", &admin, twin).await.json();
    assert_refused("two people", &street.sign_in().await, 401, NOBODY);
    let twin = format!("/api/now/table/sys_user/{}", text(&twin["result"], "sys_id"));
    house.ask("PATCH", &twin, &admin, json!({ "email": "" })).await;
    assert_eq!(street.sign_in().await.status.as_u16(), 200);
    let mia = format!("/api/now/table/sys_user/{}", house.mia);
    house.ask("PATCH", &mia, &admin, json!({ "active": "false" })).await;
    assert_refused("inactive", &street.sign_in().await, 401, NOBODY);
}

#[tokio::test]
async fn a_client_gets_its_code_when_the_person_signs_in_elsewhere() {
    let street = Street::new().await;
    let house = &street.house;
    let client = Client::new(house, true, None);
    let query = [
        ("response_type", "code"),
        ("client_id", client.id.as_str()),
        ("redirect_uri", "https://portal.example/back"),
        ("state", "s"),
    ];
    let address = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let page = Page::of(&house.ask("GET", &format!("/oauth2/authorize?{address}"), "", Value::Null).await);
    assert!(page.html.contains("Sign in with acme"));
    let decided = [("proof", page.proof.as_str()), ("decision", "provider:acme")];
    let started = form(house, "/oauth2/authorize", &page.cookie, &[&query[..], &decided].concat()).await;
    let arrived = street.arrive(&street.follow(&started)).await;
    let back = sent_back(&arrived);
    assert_eq!((back["state"].as_str(), back["iss"].as_str()), ("s", SERVER));
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", back["code"].as_str()),
        ("redirect_uri", "https://portal.example/back"),
    ];
    let tokens = client.send(house, "/oauth2/token", &pairs).await;
    assert_eq!(tokens.status.as_u16(), 200);
    let bearer = format!("Bearer {}", text(&tokens.json(), "access_token"));
    let devices = house.ask("GET", "/api/v1/devices", &bearer, Value::Null).await;
    assert_eq!(devices.status.as_u16(), 200);
}

#[tokio::test]
async fn whoever_has_no_password_signs_in_only_through_the_provider() {
    let street = Street::new().await;
    let system = street.house.server.system();
    let new = NewUser { user_name: "zoe", name: "Zoe", password: PASSWORD, roles: &[] };
    let zoe = street.house.server.create_user(&system, &new, Timestamp(0), &mut Entropy::open()).expect("fits");
    street
        .house
        .server
        .write(&system, Timestamp(0), &mut Entropy::open(), |call| {
            let account = call.tx.account_of(zoe)?.expect("just made");
            call.tx.put_account(&fieldline_storage::Account { password_hash: String::new(), ..account })?;
            Ok::<_, fieldline_service::ServiceError>(())
        })
        .expect("writes");
    let admin = street.house.sign_in("admin").await;
    let path = format!("/api/now/table/sys_user/{zoe}");
    street.house.ask("PATCH", &path, &admin, json!({ "email": "zoe@example.org" })).await;
    for password in ["", PASSWORD] {
        let body = json!({ "user_name": "zoe", "password": password });
        street.house.ask("POST", "/api/v1/session", "", body).await.problem(401);
    }
    street.tokens(claim!("email" = |_| "zoe@example.org".into()));
    assert_eq!(street.sign_in().await.json()["user"], zoe.to_string());
}
