//! Clients that sign for whom they act: every lie is refused for its own reason, and the truth is taken once.

use std::collections::BTreeSet;

use fieldline_model::Timestamp;
use fieldline_service::identity::{ClientChange, NewClient};
use fieldline_web::Entropy;
use serde_json::{Value, json};

use crate::house::{Answer, House};
use crate::lies::{Forge, claim, header, with};
use crate::oauth::{Client, form, status_with};
use crate::provider::{By, Keys, part};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN: &str = "http://fieldline.example/oauth2/token";

/// A house that knows a client by its keys.
struct Signed {
    house: House,
    keys: Keys,
    client: Client,
}

impl Signed {
    fn new(by: &[By], user_name: Option<&str>, confidential: bool) -> Self {
        let (house, keys) = (House::new(), Keys::new());
        let set = json!({ "keys": by.iter().map(|by| keys.published(*by)).collect::<Vec<_>>() }).to_string();
        let new = NewClient {
            name: "The robot",
            id: None,
            confidential,
            secret: None,
            user_name,
            redirect_uris: BTreeSet::new(),
            keys: Some(&set),
        };
        let made = house.server.create_client(&house.server.system(), &new, Timestamp(0), &mut Entropy::open());
        let (made, secret) = made.expect("fits");
        Self { house, keys, client: Client { id: made.id, secret: secret.unwrap_or_default() } }
    }

    fn claims(&self, number: usize) -> Value {
        let now = self.house.clock().now().0 / 1_000;
        json!({
            "iss": self.client.id, "sub": "mia", "aud": TOKEN, "iat": now, "exp": now + 300, "jti": format!("id-{number}"),
        })
    }

    async fn send(&self, assertion: &str) -> Answer {
        form(&self.house, "/oauth2/token", "", &[("grant_type", GRANT), ("assertion", assertion)]).await
    }
}

const SIGNATURE: &str = "its signature is wrong";
const ALGORITHM: &str = "its algorithm is not one that was agreed on";
const ELSEWHERE: &str = "it is for somebody else";
const ONCE: &str = "it has no jti, so it could be used twice";
const OTHERS: &str = "it is about somebody this client may not act for";

const LIES: &[(&str, &str, Forge)] = &[
    ("alg none", ALGORITHM, |_, claims| format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&claims.to_string()))),
    ("HS256 with the public key as its secret", ALGORITHM, |keys, claims| {
        let secret: &'static str = Box::leak(keys.published(By::First).to_string().into_boxed_str());
        keys.sign(By::Secret(secret), json!({ "alg": "HS256", "kid": "first" }), &claims)
    }),
    ("no alg", "it names no algorithm", header!(By::First, "kid": "first")),
    ("somebody else's key under the client's kid", SIGNATURE, header!(By::Stranger, "alg": "ES256", "kid": "first")),
    ("unknown kid", "its key is not one the client registered", header!(By::First, "alg": "ES256", "kid": "other")),
    (
        "an algorithm of another kind of key",
        "its key is of another kind",
        header!(By::Rsa, "alg": "RS256", "kid": "first"),
    ),
    ("its own key", "it brings its own key", |keys, claims| {
        let jwk = keys.published(By::Stranger);
        keys.sign(By::Stranger, json!({ "alg": "ES256", "kid": "first", "jwk": jwk }), &claims)
    }),
    ("crit", "it demands extensions", header!(By::First, "alg": "ES256", "kid": "first", "crit": ["b64"])),
    ("an access token", "it is of another type", header!(By::First, "alg": "ES256", "kid": "first", "typ": "at+jwt")),
    ("claims changed after signing", SIGNATURE, |keys, claims| {
        let token = keys.honest(&claims);
        let parts: Vec<_> = token.split('.').collect();
        format!("{}.{}.{}", parts[0], part(&with(claims, "sub", "dora").to_string()), parts[2])
    }),
    ("a claim twice", "repeats a name", |keys, claims| {
        let twice = claims.to_string().replacen('{', r#"{"sub":"dora","#, 1);
        keys.raw(By::First, r#"{"alg":"ES256","kid":"first"}"#, &twice)
    }),
    ("four parts", "it has not three parts", |keys, claims| format!("{}.x", keys.honest(&claims))),
    ("another issuer", "its issuer is another", claim!("iss" = |_| "other".into())),
    ("no issuer", "its issuer is another", claim!("iss" = |_| Value::Null)),
    ("another audience", ELSEWHERE, claim!("aud" = |_| "https://other.example/token".into())),
    ("an audience with a trailing slash", ELSEWHERE, claim!("aud" = |_| format!("{TOKEN}/").into())),
    ("no audience", ELSEWHERE, claim!("aud" = |_| Value::Null)),
    ("several audiences", ELSEWHERE, claim!("aud" = |_| json!([TOKEN, "https://other.example"]))),
    ("no audience in a list", ELSEWHERE, claim!("aud" = |_| json!([]))),
    ("about nobody", "it is about nobody", claim!("sub" = |_| Value::Null)),
    ("about somebody unknown", OTHERS, claim!("sub" = |_| "eve".into())),
    ("about a pattern", OTHERS, claim!("sub" = |_| "mi%".into())),
    ("about an administrator", OTHERS, claim!("sub" = |_| "admin".into())),
    ("about the server itself", OTHERS, claim!("sub" = |_| "system".into())),
    ("expired", "it has expired", claim!("exp" = |now| (now - 61).into())),
    ("endless", "it never ends", claim!("exp" = |_| Value::Null)),
    ("for more than an hour", "it holds for more than an hour", claim!("exp" = |now| (now + 3_601).into())),
    ("made long ago for long", "it holds for more than an hour", claim!("iat" = |now| (now - 3_400).into())),
    ("exp in words", "one of its times is not a number", claim!("exp" = |now| (now + 300).to_string().into())),
    ("made at no time", "it does not say when it was made", claim!("iat" = |_| Value::Null)),
    ("made tomorrow", "it is from the future", claim!("iat" = |now| (now + 61).into())),
    ("not yet", "it is from the future", claim!("nbf" = |now| (now + 61).into())),
    ("no jti", ONCE, claim!("jti" = |_| Value::Null)),
    ("an empty jti", ONCE, claim!("jti" = |_| "".into())),
    ("a jti that is no text", ONCE, claim!("jti" = |_| 7.into())),
    ("a jti without end", ONCE, claim!("jti" = |_| "x".repeat(256).into())),
];

#[tokio::test]
async fn every_assertion_that_lies_is_refused_for_its_lie_and_the_honest_one_is_taken() {
    let signed = Signed::new(&[By::First], None, false);
    for (number, (name, reason, forge)) in LIES.iter().enumerate() {
        let assertion = forge(&signed.keys, signed.claims(number));
        // The client is named, so that a lie about the issuer is judged as one.
        let pairs =
            [("grant_type", GRANT), ("assertion", assertion.as_str()), ("client_id", signed.client.id.as_str())];
        let answer = form(&signed.house, "/oauth2/token", "", &pairs).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (401, &json!("invalid_grant")), "{name}");
        let why = answer.json()["error_description"].as_str().expect("a reason").to_owned();
        assert!(why.starts_with("the assertion is refused: ") && why.contains(reason), "{name}: {why}");
        let honest = signed.keys.honest(&signed.claims(number));
        assert_eq!(signed.send(&honest).await.status.as_u16(), 200, "honest beside {name}: its jti is not used up");
    }
}

#[tokio::test]
async fn every_kind_of_key_signs_for_a_person_without_a_secret_or_a_second_way_in() {
    let signed = Signed::new(&[By::First, By::Edwards, By::Rsa], None, false);
    let ways = [
        ("ES256", "first", By::First),
        ("EdDSA", "edwards", By::Edwards),
        ("RS256", "rsa", By::Rsa),
        ("PS256", "rsa", By::RsaPss),
    ];
    for (number, (algorithm, kid, by)) in ways.into_iter().enumerate() {
        let assertion =
            signed.keys.sign(by, json!({ "alg": algorithm, "kid": kid, "typ": "JWT" }), &signed.claims(number));
        let answer = signed.send(&assertion).await;
        assert_eq!(answer.status.as_u16(), 200, "{algorithm}: {}", String::from_utf8_lossy(&answer.body));
        assert_eq!(
            (answer.json()["refresh_token"].clone(), status_with(&signed.house, &answer.json()).await),
            (Value::Null, 200)
        );
    }
    for audience in ["http://fieldline.example", "http://fieldline.example/oauth_token.do", &signed.client.id] {
        let claims = with(with(signed.claims(0), "jti", audience), "aud", json!([audience]));
        assert_eq!(signed.send(&signed.keys.honest(&claims)).await.status.as_u16(), 200, "{audience}");
    }
}

#[tokio::test]
async fn an_assertion_works_once_and_is_remembered_as_long_as_it_would_hold() {
    let signed = Signed::new(&[By::First], None, false);
    let late = signed.claims(1)["exp"].as_i64().expect("a time");
    let assertion = signed.keys.honest(&with(signed.claims(1), "exp", late));
    assert_eq!(signed.send(&assertion).await.status.as_u16(), 200);
    for _ in 0..7 {
        let again = signed.send(&assertion).await;
        assert_eq!(again.status.as_u16(), 401, "{}", String::from_utf8_lossy(&again.body));
        signed.house.wait_minutes(1);
    }
    let fresh = signed.keys.honest(&signed.claims(1));
    assert_eq!(signed.send(&fresh).await.status.as_u16(), 200, "a jti is free again when nothing signed with it holds");
}

#[tokio::test]
async fn a_client_acts_for_whom_it_is_bound_to_and_proves_its_secret_where_it_has_one() {
    let signed = Signed::new(&[By::First], Some("mia"), true);
    let about = |number, user: &str| signed.keys.honest(&with(signed.claims(number), "sub", user));
    assert_eq!(signed.send(&about(0, "mia")).await.json()["error"], "invalid_client", "its secret is not sent");
    let token = async |assertion: &str| {
        signed.client.token(&signed.house, &[("grant_type", GRANT), ("assertion", assertion)]).await
    };
    assert_eq!(token(&about(1, "mia")).await.status.as_u16(), 200);
    let other = token(&about(2, "dora")).await;
    assert!(other.json()["error_description"].as_str().expect("a reason").contains(OTHERS));
    let keyless = Client::new(&signed.house, true, None);
    let answer = keyless.token(&signed.house, &[("grant_type", GRANT), ("assertion", &about(3, "mia"))]).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!("unauthorized_client")));
    let idle = ClientChange { active: Some(false), ..ClientChange::default() };
    let (server, mut rng) = (&signed.house.server, Entropy::open());
    server.change_client(&server.system(), &signed.client.id, &idle, Timestamp(0), &mut rng).expect("known");
    assert_eq!(token(&about(4, "mia")).await.json()["error"], "invalid_client");
}

#[test]
fn only_the_public_half_of_a_key_is_registered() {
    let (house, keys) = (House::new(), Keys::new());
    let with_private = with(keys.published(By::First), "d", "x");
    let shared = json!({ "kty": "oct", "k": "x" });
    let encrypting = with(keys.published(By::First), "use", "enc");
    for (keys, why) in [
        ("mia".to_owned(), "no JSON Web Key Set"),
        (json!({ "keys": [] }).to_string(), "need 1 to 64 keys"),
        (json!({ "keys": [with_private] }).to_string(), "private key"),
        (shared.to_string(), "shared secret"),
        (encrypting.to_string(), "for signatures"),
        (json!({ "keys": [{ "kty": "RSA", "alg": "RS384" }] }).to_string(), "for signatures"),
    ] {
        let change = ClientChange { keys: Some(&keys), ..ClientChange::default() };
        let refused =
            house.server.change_client(&house.server.system(), "x", &change, Timestamp(0), &mut Entropy::open());
        let refused = refused.expect_err("not registered").to_string();
        assert!(refused.starts_with("keys: ") && refused.contains(why), "{refused}");
    }
}
