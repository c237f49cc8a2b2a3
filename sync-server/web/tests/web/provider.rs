//! An identity provider on a real socket with keys of its own. It is honest unless a test scripts it otherwise.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use fieldline_model::Timestamp;
use ring::digest::{SHA256, SHA512, digest};
use ring::hmac;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair, RsaPublicKeyComponents};
use serde_json::{Value, json};

pub const CLIENT_ID: &str = "fieldline";
pub const CLIENT_SECRET: &str = "a secret: with %signs";
pub const ACCESS_TOKEN: &str = "access-token-of-the-provider";

/// Text as a part of a token.
pub fn part(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

#[expect(clippy::disallowed_types, reason = "a provider is a program of its own and has chance of its own")]
fn system() -> ring::rand::SystemRandom {
    ring::rand::SystemRandom::new()
}

/// The provider's keys, and one of somebody else.
pub struct Keys {
    first: EcdsaKeyPair,
    second: EcdsaKeyPair,
    stranger: EcdsaKeyPair,
    edwards: Ed25519KeyPair,
    rsa: RsaKeyPair,
}

/// What a token is signed with.
#[derive(Clone, Copy)]
pub enum By {
    First,
    Second,
    Stranger,
    Edwards,
    Rsa,
    RsaPss,
    Secret(&'static str),
}

fn elliptic() -> EcdsaKeyPair {
    let kind = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let key = EcdsaKeyPair::generate_pkcs8(kind, &system()).expect("chance");
    EcdsaKeyPair::from_pkcs8(kind, key.as_ref(), &system()).expect("just made")
}

impl Keys {
    pub fn new() -> Self {
        let edwards = Ed25519KeyPair::generate_pkcs8(&system()).expect("chance");
        Self {
            first: elliptic(),
            second: elliptic(),
            stranger: elliptic(),
            edwards: Ed25519KeyPair::from_pkcs8(edwards.as_ref()).expect("just made"),
            rsa: RsaKeyPair::from_der(include_bytes!("provider_key_for_tests.der")).expect("made by OpenSSL"),
        }
    }

    fn signature(&self, by: By, message: &str) -> Vec<u8> {
        let message = message.as_bytes();
        let elliptic = |key: &EcdsaKeyPair| key.sign(&system(), message).expect("signs").as_ref().to_vec();
        let rsa = |padding: &'static dyn signature::RsaEncoding| {
            let mut signature = vec![0; self.rsa.public().modulus_len()];
            self.rsa.sign(padding, &system(), message, &mut signature).expect("signs");
            signature
        };
        match by {
            By::First => elliptic(&self.first),
            By::Second => elliptic(&self.second),
            By::Stranger => elliptic(&self.stranger),
            By::Edwards => self.edwards.sign(message).as_ref().to_vec(),
            By::Rsa => rsa(&signature::RSA_PKCS1_SHA256),
            By::RsaPss => rsa(&signature::RSA_PSS_SHA256),
            By::Secret(secret) => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), message).as_ref().to_vec()
            }
        }
    }

    /// Signs texts as they stand.
    pub fn raw(&self, by: By, header: &str, payload: &str) -> String {
        let message = format!("{}.{}", part(header), part(payload));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.signature(by, &message));
        format!("{message}.{signature}")
    }

    /// Signs claims under a header.
    pub fn sign(&self, by: By, header: Value, claims: &Value) -> String {
        self.raw(by, &header.to_string(), &claims.to_string())
    }

    /// Signs claims as the honest provider does.
    pub fn honest(&self, claims: &Value) -> String {
        self.sign(By::First, json!({ "alg": "ES256", "kid": "first" }), claims)
    }

    /// A key as the provider publishes it.
    pub fn published(&self, by: By) -> Value {
        let elliptic = |key: &EcdsaKeyPair, kid: &str| {
            let (x, y) = key.public_key().as_ref()[1..].split_at(32);
            let [x, y] = [x, y].map(|half| BASE64_URL_SAFE_NO_PAD.encode(half));
            json!({ "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": x, "y": y })
        };
        match by {
            By::First => elliptic(&self.first, "first"),
            By::Second => elliptic(&self.second, "second"),
            By::Stranger => elliptic(&self.stranger, "stranger"),
            By::Edwards => {
                let x = BASE64_URL_SAFE_NO_PAD.encode(self.edwards.public_key());
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": "edwards", "alg": "EdDSA", "x": x })
            }
            By::Rsa | By::RsaPss | By::Secret(_) => {
                let public: RsaPublicKeyComponents<Vec<u8>> = self.rsa.public_key().into();
                let [n, e] = [public.n, public.e].map(|number| BASE64_URL_SAFE_NO_PAD.encode(number));
                json!({ "kty": "RSA", "kid": "rsa", "n": n, "e": e, "key_ops": ["verify"] })
            }
        }
    }
}

/// What the provider answers.
pub struct Reply {
    pub status: u16,
    pub location: &'static str,
    pub body: String,
    /// Never comes to its end.
    pub endless: bool,
}

impl Reply {
    pub fn of(status: u16, body: impl ToString) -> Self {
        Self { status, location: "", body: body.to_string(), endless: false }
    }
}

type Answer = Box<dyn Fn(Value) -> Reply + Send>;
type Forge = Box<dyn Fn(&Keys, Value) -> String + Send>;

/// What the provider does.
pub struct Script {
    pub token: Forge,
    pub exchange: Answer,
    pub discovery: Answer,
    pub keys: Answer,
    /// Codes that were given out: nonce and challenge.
    codes: BTreeMap<String, (String, String)>,
    codes_given: usize,
    pub asked_for_keys: usize,
    pub now: Timestamp,
}

/// A provider that listens.
#[derive(Clone)]
pub struct Provider {
    pub issuer: String,
    keys: Arc<Keys>,
    script: Arc<Mutex<Script>>,
}

impl Provider {
    /// Begins to listen.
    pub async fn begin(now: Timestamp) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let honest = |answer: Value| Reply::of(200, answer);
        let script = Script {
            token: Box::new(|keys, claims| keys.honest(&claims)),
            exchange: Box::new(honest),
            discovery: Box::new(honest),
            keys: Box::new(honest),
            codes: BTreeMap::new(),
            codes_given: 0,
            asked_for_keys: 0,
            now,
        };
        let issuer = format!("http://127.0.0.1:{}", listener.local_addr().expect("bound").port());
        let provider = Self { issuer, keys: Arc::new(Keys::new()), script: Arc::new(Mutex::new(script)) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        provider
    }

    /// A key as the provider publishes it.
    pub fn published(&self, by: By) -> Value {
        self.keys.published(by)
    }

    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the honest token of a sign-in says.
    fn claims(&self, nonce: &str, now: Timestamp) -> Value {
        let half = BASE64_URL_SAFE_NO_PAD.encode(&digest(&SHA256, ACCESS_TOKEN.as_bytes()).as_ref()[..16]);
        json!({
            "iss": self.issuer, "aud": CLIENT_ID, "sub": "7", "exp": now.0 / 1_000 + 300, "iat": now.0 / 1_000,
            "nonce": nonce, "at_hash": half, "email": "Mia@Example.org", "email_verified": true,
        })
    }

    /// What a browser does here: somebody signs in and is given a code.
    pub fn visit(&self, asked: &BTreeMap<String, String>) -> String {
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", CLIENT_ID));
        assert_eq!(asked["code_challenge_method"], "S256");
        let mut script = self.script();
        script.codes_given += 1;
        let code = format!("code-{}", script.codes_given);
        script.codes.insert(code.clone(), (asked["nonce"].clone(), asked["code_challenge"].clone()));
        code
    }
}

/// The half hash an Ed25519 token has of the access token.
pub fn half_of_sha512() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&digest(&SHA512, ACCESS_TOKEN.as_bytes()).as_ref()[..32])
}

fn respond(reply: Reply) -> Response {
    let response = Response::builder().status(reply.status).header("location", reply.location);
    let body = match reply.endless {
        true => Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>()),
        false => Body::from(reply.body),
    };
    response.body(body).expect("well formed")
}

async fn discovery(State(provider): State<Provider>) -> Response {
    let issuer = &provider.issuer;
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize?tenant=1"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "authorization_response_iss_parameter_supported": true,
    });
    respond((provider.script().discovery)(document))
}

async fn keys(State(provider): State<Provider>) -> Response {
    let published = [By::First, By::Edwards, By::Rsa].map(|by| provider.keys.published(by));
    let mut script = provider.script();
    script.asked_for_keys += 1;
    respond((script.keys)(json!({ "keys": published })))
}

async fn token(State(provider): State<Provider>, headers: axum::http::HeaderMap, body: Bytes) -> Response {
    let form: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let mut script = provider.script();
    let escape = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let expected = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT_ID}:{}", escape(CLIENT_SECRET))));
    let known = headers.get("authorization").is_some_and(|given| given == expected.as_str());
    let code = script.codes.remove(form.get("code").map(String::as_str).unwrap_or_default());
    let verifier =
        form.get("code_verifier").map(|text| BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes())));
    let Some((nonce, _)) = code.filter(|(_, challenge)| known && Some(challenge) == verifier.as_ref()) else {
        return respond(Reply::of(400, json!({ "error": "invalid_grant" })));
    };
    let id_token = (script.token)(&provider.keys, provider.claims(&nonce, script.now));
    let answer = json!({ "access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": id_token });
    respond((script.exchange)(answer))
}
