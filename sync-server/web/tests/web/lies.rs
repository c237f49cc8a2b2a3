//! Tokens that lie.

use serde_json::{Value, json};

use crate::provider::{By, CLIENT_ID, CLIENT_SECRET, Keys, part};

/// Claims with one changed; null removes it.
pub fn with(mut claims: Value, name: &str, value: impl Into<Value>) -> Value {
    claims[name] = value.into();
    if claims[name].is_null() {
        claims.as_object_mut().expect("claims").remove(name);
    }
    claims
}

/// An honest signature over claims with one changed.
macro_rules! claim {
    ($name:literal = $value:expr) => {
        |keys: &Keys, claims: Value| {
            let now = claims["iat"].as_i64().expect("a time");
            let change: fn(i64) -> Value = $value;
            keys.honest(&with(claims, $name, change(now)))
        }
    };
}

/// An honest signature under a header of one's own.
macro_rules! header {
    ($by:expr, $($header:tt)+) => {
        |keys: &Keys, claims: Value| keys.sign($by, json!({ $($header)+ }), &claims)
    };
}

/// Makes a token of honest claims.
pub type Forge = fn(&Keys, Value) -> String;

const ALGORITHM: &str = "its algorithm is not one that was agreed on";
const OWN_KEY: &str = "it brings its own key";
const SIGNATURE: &str = "its signature is wrong";
const PARTS: &str = "it has not three parts";

/// Tokens that lie, and why each is not believed.
pub const LIES: &[(&str, &str, Forge)] = &[
    ("alg none", ALGORITHM, |_, claims| format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&claims.to_string()))),
    ("alg nOnE with a kid", ALGORITHM, header!(By::First, "alg": "nOnE", "kid": "first")),
    ("HS256 with the public key as its secret", ALGORITHM, |keys, claims| {
        let secret: &'static str = Box::leak(keys.published(By::Rsa).to_string().into_boxed_str());
        keys.sign(By::Secret(secret), json!({ "alg": "HS256", "kid": "rsa" }), &claims)
    }),
    ("HS256 with the client secret", ALGORITHM, header!(By::Secret(CLIENT_SECRET), "alg": "HS256")),
    ("an algorithm the provider was not added with", ALGORITHM, header!(By::RsaPss, "alg": "PS256", "kid": "rsa")),
    ("no alg", "it names no algorithm", header!(By::First, "kid": "first")),
    ("wrong aud", "it is for somebody else", claim!("aud" = |_| "other".into())),
    ("no aud", "it is for somebody else", claim!("aud" = |_| Value::Null)),
    ("aud array without azp", "does not say who asked", claim!("aud" = |_| json!([CLIENT_ID, "other"]))),
    ("azp of somebody else", "somebody else asked for it", claim!("azp" = |_| "other".into())),
    ("expired", "it has expired", claim!("exp" = |now| (now - 61).into())),
    ("string exp", "one of its times is not a number", claim!("exp" = |now| (now + 300).to_string().into())),
    ("boundless exp", "one of its times is no moment", claim!("exp" = |_| json!(1e300))),
    ("no exp", "it never ends", claim!("exp" = |_| Value::Null)),
    ("no iat", "it does not say when it was made", claim!("iat" = |_| Value::Null)),
    ("future iat", "it is from the future", claim!("iat" = |now| (now + 61).into())),
    ("future nbf", "it is from the future", claim!("nbf" = |now| (now + 61).into())),
    ("string nbf", "one of its times is not a number", claim!("nbf" = |now| now.to_string().into())),
    ("exp before iat", "it ends before it begins", claim!("exp" = |now| (now - 1).into())),
    ("wrong nonce", "it belongs to another sign-in", claim!("nonce" = |_| "other".into())),
    ("no nonce", "it belongs to another sign-in", claim!("nonce" = |_| Value::Null)),
    ("wrong iss", "its issuer is another", claim!("iss" = |_| "https://other.example".into())),
    ("iss with a trailing slash", "its issuer is another", |keys, claims| {
        let slashed = format!("{}/", claims["iss"].as_str().expect("text"));
        keys.honest(&with(claims, "iss", slashed))
    }),
    ("no iss", "its issuer is another", claim!("iss" = |_| Value::Null)),
    ("no sub", "it is about nobody", claim!("sub" = |_| Value::Null)),
    ("endless sub", "it is about nobody", claim!("sub" = |_| "x".repeat(256).into())),
    ("wrong at_hash", "it belongs to another access token", claim!("at_hash" = |_| part("other").into())),
    ("unknown kid", "its key is not one", header!(By::First, "alg": "ES256", "kid": "other")),
    ("kid of another key type", "its key is of another kind", header!(By::First, "alg": "ES256", "kid": "edwards")),
    ("kid that is no text", "its kid is no text", header!(By::First, "alg": "ES256", "kid": 1)),
    ("embedded jwk", OWN_KEY, |keys, claims| {
        let jwk = keys.published(By::Stranger);
        keys.sign(By::Stranger, json!({ "alg": "ES256", "kid": "first", "jwk": jwk }), &claims)
    }),
    ("jku", OWN_KEY, header!(By::First, "alg": "ES256", "kid": "first", "jku": "https://evil.example/keys")),
    ("x5u", OWN_KEY, header!(By::First, "alg": "ES256", "kid": "first", "x5u": "https://evil.example/x")),
    ("x5c", OWN_KEY, header!(By::First, "alg": "ES256", "kid": "first", "x5c": ["MIIB"])),
    (
        "crit",
        "it demands extensions",
        header!(By::First, "alg": "ES256", "kid": "first", "crit": ["b64"], "b64": false),
    ),
    ("an access token", "it is of another type", header!(By::First, "alg": "ES256", "kid": "first", "typ": "at+jwt")),
    ("somebody else's key under an honest kid", SIGNATURE, header!(By::Stranger, "alg": "ES256", "kid": "first")),
    ("signature truncated", SIGNATURE, |keys, claims| {
        let token = keys.honest(&claims);
        token[..token.len() - 2].to_owned()
    }),
    ("signature missing", SIGNATURE, |keys, claims| {
        let token = keys.honest(&claims);
        token[..=token.rfind('.').expect("dots")].to_owned()
    }),
    ("signature of another token", SIGNATURE, |keys, claims| {
        let (token, other) = (keys.honest(&claims), keys.honest(&with(claims, "sub", "8")));
        let (cut, from) = (token.rfind('.').expect("dots"), other.rfind('.').expect("dots"));
        format!("{}{}", &token[..cut], &other[from..])
    }),
    ("claims changed after signing", SIGNATURE, |keys, claims| {
        let token = keys.honest(&claims);
        let parts: Vec<_> = token.split('.').collect();
        format!("{}.{}.{}", parts[0], part(&with(claims, "sub", "8").to_string()), parts[2])
    }),
    ("two signatures", PARTS, |keys, claims| {
        let token = keys.honest(&claims);
        format!("{token}.{}", token.rsplit('.').next().expect("dots"))
    }),
    ("two signatures as JSON", PARTS, |keys, claims| {
        let token = keys.honest(&claims);
        let parts: Vec<_> = token.split('.').collect();
        let signed = json!({ "protected": parts[0], "signature": parts[2] });
        json!({ "payload": parts[1], "signatures": [signed, signed] }).to_string()
    }),
    ("extra dots", PARTS, |keys, claims| format!("{}..", keys.honest(&claims))),
    ("an encrypted token", PARTS, |_, _| "a.b.c.d.e".to_owned()),
    ("a part that is not base64url", "a part of it is not base64url", |keys, claims| {
        keys.honest(&claims).replacen('.', "=.", 1)
    }),
    ("claims that are no JSON", "not JSON", |keys, _| keys.raw(By::First, r#"{"alg":"ES256","kid":"first"}"#, "mia")),
    ("a claim twice", "repeats a name", |keys, claims| {
        let twice = claims.to_string().replacen('{', r#"{"email":"admin@example.org","#, 1);
        keys.raw(By::First, r#"{"alg":"ES256","kid":"first"}"#, &twice)
    }),
    ("a header twice", "repeats a name", |keys, claims| {
        keys.raw(By::First, r#"{"alg":"none","alg":"ES256","kid":"first"}"#, &claims.to_string())
    }),
    ("unverified e-mail", "not verified", claim!("email_verified" = |_| false.into())),
    ("e-mail verified in words", "not verified", claim!("email_verified" = |_| "true".into())),
    ("no word about the e-mail", "not verified", claim!("email_verified" = |_| Value::Null)),
    ("no e-mail", "it does not name the person", claim!("email" = |_| Value::Null)),
    ("an e-mail that is no text", "it does not name the person", claim!("email" = |_| json!(["mia@example.org"]))),
    ("unknown user", "nobody here who may sign in", claim!("email" = |_| "eve@example.org".into())),
    ("a pattern for a user", "nobody here who may sign in", claim!("email" = |_| "%@example.org".into())),
];

pub(crate) use {claim, header};
