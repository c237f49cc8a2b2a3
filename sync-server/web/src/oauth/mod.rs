//! The OAuth 2 authorization server (RFC 6749, with RFC 9700's advice): tokens for programs, pages for people.
//!
//! Each way has the path of the RFCs' custom and the older one ServiceNow's clients know; only the words of a refused token
//! differ.

mod answer;
mod authorize;
mod device;
pub mod form;
pub mod page;
mod token;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{MethodRouter, get, post};
use serde_json::{Value, json};

use crate::App;
use crate::endpoint::{Access, Content, Endpoint};
use crate::links::Origin;
pub use authorize::went_through;
pub use form::Form;
pub use page::{cookie, fresh, is_encrypted, message};
use token::{ASSERTION_GRANT, DEVICE_GRANT, SCOPE};

pub fn endpoints() -> Vec<Endpoint> {
    let programs = |path: &str, summary, form, answer, handler: MethodRouter<App>| Endpoint {
        method: "post",
        path: path.to_owned(),
        summary,
        access: Access::Open,
        request: Content::Form(form),
        status: 200,
        answer,
        handler,
    };
    let page = |method, path: &str, summary, request, handler: MethodRouter<App>| Endpoint {
        method,
        path: path.to_owned(),
        summary,
        access: Access::Open,
        request,
        status: 200,
        answer: Content::Page,
        handler,
    };
    let (tokens, asked, sign_in) = (Content::Json("Tokens"), "TokenRequest", Content::Form("PageForm"));
    let token_summary =
        "Answers tokens for a password, a client's own credentials, a code, a device, an assertion or a refresh token";
    let revoke = "Ends a token at once, a refresh token with everything made from it";
    let authorize = "A page on which a person signs in for a client";
    let decide = "Sends the browser back to the client with a code";
    let metadata = Endpoint {
        method: "get",
        path: "/.well-known/oauth-authorization-server".to_owned(),
        summary: "What the authorization server offers (RFC 8414)",
        access: Access::Open,
        request: Content::Empty,
        status: 200,
        answer: Content::Json("OauthMetadata"),
        handler: get(metadata),
    };
    vec![
        programs("/oauth2/token", token_summary, asked, tokens, post(token::standard)),
        programs("/oauth_token.do", token_summary, asked, tokens, post(token::legacy)),
        programs("/oauth2/revoke", revoke, "TokenForm", Content::Empty, post(token::revoke)),
        programs("/oauth_revoke_token.do", revoke, "TokenForm", Content::Empty, post(token::legacy_revoke)),
        Endpoint {
            method: "get",
            request: Content::Empty,
            ..programs(
                "/oauth_revoke_token.do",
                "Ends the token in the address at once",
                "TokenForm",
                Content::Empty,
                get(token::legacy_revoke_by_address),
            )
        },
        programs(
            "/oauth2/introspect",
            "Says what a token is worth",
            "TokenForm",
            Content::Json("Standing"),
            post(token::introspect),
        ),
        programs(
            "/oauth2/device_authorization",
            "Answers codes for a device without a keyboard",
            "ClientForm",
            Content::Json("DeviceCode"),
            post(token::device),
        ),
        page("get", "/oauth2/authorize", authorize, Content::Empty, get(authorize::show)),
        page("post", "/oauth2/authorize", decide, sign_in, post(authorize::decide)),
        page("get", "/oauth_auth.do", authorize, Content::Empty, get(authorize::show)),
        page("post", "/oauth_auth.do", decide, sign_in, post(authorize::decide)),
        page("get", device::PATH, "A page to type a device's code", Content::Empty, get(device::show)),
        page("post", device::PATH, "Lets a device act for a person", sign_in, post(device::decide)),
        metadata,
    ]
}

async fn metadata(State(_): State<App>, headers: HeaderMap) -> Json<Value> {
    let origin = Origin::of(&headers);
    let proofs = ["client_secret_post", "client_secret_basic"];
    Json(json!({
        "issuer": origin.0,
        "authorization_endpoint": origin.at("/oauth2/authorize"),
        "token_endpoint": origin.at("/oauth2/token"),
        "revocation_endpoint": origin.at("/oauth2/revoke"),
        "introspection_endpoint": origin.at("/oauth2/introspect"),
        "device_authorization_endpoint": origin.at("/oauth2/device_authorization"),
        "scopes_supported": [SCOPE],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code", "client_credentials", "password", "refresh_token", DEVICE_GRANT,
            ASSERTION_GRANT,
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_post", "client_secret_basic"],
        "revocation_endpoint_auth_methods_supported": ["none", "client_secret_post", "client_secret_basic"],
        "introspection_endpoint_auth_methods_supported": proofs,
        "authorization_response_iss_parameter_supported": true,
    }))
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer" });
    let form = |required: &[&str], names: &[&str]| {
        let properties: serde_json::Map<_, _> = names.iter().map(|name| ((*name).to_owned(), text.clone())).collect();
        json!({ "type": "object", "required": required, "properties": properties })
    };
    json!({
        "TokenRequest": form(&["grant_type"], &[
            "grant_type", "client_id", "client_secret", "username", "password", "refresh_token", "code", "redirect_uri",
            "code_verifier", "device_code", "assertion", "scope",
        ]),
        "TokenForm": form(&["token"], &["token", "token_type_hint", "client_id", "client_secret"]),
        "ClientForm": form(&[], &["client_id", "client_secret", "scope"]),
        "PageForm": form(&["proof"], &["proof", "username", "password", "decision", "user_code"]),
        "Tokens": {
            "type": "object",
            "required": ["access_token", "token_type", "expires_in", "scope"],
            "properties": {
                "access_token": text, "refresh_token": text, "scope": { "const": SCOPE },
                "token_type": { "const": "Bearer" }, "expires_in": { "type": "integer", "description": "Seconds" },
            },
        },
        "DeviceCode": {
            "type": "object",
            "properties": {
                "device_code": text, "user_code": text, "verification_uri": text, "verification_uri_complete": text,
                "expires_in": number, "interval": number,
            },
        },
        "Standing": {
            "type": "object",
            "required": ["active"],
            "properties": {
                "active": { "type": "boolean" }, "client_id": text, "sub": text, "username": text, "token_type": text,
                "scope": text, "exp": number,
            },
        },
        "OauthMetadata": { "type": "object", "required": ["issuer"], "properties": { "issuer": text } },
        "OauthError": {
            "type": "object",
            "required": ["error"],
            "properties": { "error": text, "error_description": text },
        },
    })
}
