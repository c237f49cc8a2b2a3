//! What a provider is asked over the network: its metadata, its keys, tokens for a code.
//!
//! Every answer is short, comes within seconds and from where it was asked for: a redirect is no answer. Metadata and keys are
//! kept for an hour; a key nobody knows is looked for once more, and not more often than once a minute, whoever asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::time::Duration;

use fieldline_model::Timestamp;
use fieldline_service::identity::oidc::{KeySet, Strict, TOKEN_BYTES};
use fieldline_storage::Provider;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde_json::Value;

use super::Refused;

/// How long a provider may take for an answer.
const ANSWER_SECONDS: u64 = 5;
/// The largest answer: sixty-four keys with certificates.
const ANSWER_BYTES: usize = 262_144;
/// How long what a provider says about itself holds.
const KEPT_MILLISECONDS: i64 = 3_600_000;
/// How long after asking for keys they are not asked for again because one is not among them.
const LOOKED_MILLISECONDS: i64 = 60_000;

/// What a provider says about itself (OpenID Connect Discovery 1.0, section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Where browsers are sent.
    pub authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    /// Whether its answers name it (RFC 9207).
    pub names_itself: bool,
    posts_secret: bool,
}

/// What came for a code. Not printable, so that no log can hold it.
pub struct Tokens {
    /// Who the person is.
    pub id_token: String,
    /// What belongs to it.
    pub access_token: Option<String>,
}

/// What is known of providers.
#[derive(Default)]
pub struct Providers {
    client: OnceLock<Client>,
    known: Mutex<BTreeMap<String, Known>>,
}

#[derive(Clone)]
struct Known {
    metadata: Arc<Metadata>,
    metadata_at: Timestamp,
    keys: Option<(Arc<KeySet>, Timestamp)>,
}

impl Providers {
    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a provider says about itself.
    ///
    /// # Errors
    /// When it does not answer, or answers for another issuer.
    pub async fn metadata(&self, provider: &Provider, now: Timestamp) -> Result<Arc<Metadata>, Refused> {
        let fresh = |known: &&Known| now.milliseconds_since(known.metadata_at) < KEPT_MILLISECONDS;
        if let Some(known) = self.known().get(&provider.issuer).filter(fresh) {
            return Ok(known.metadata.clone());
        }
        let address = format!("{}/.well-known/openid-configuration", provider.issuer.trim_end_matches('/'));
        let answer = self.fetch(|client| client.get(address)).await?;
        let metadata = Arc::new(Metadata::read(&answer, provider)?);
        let known = Known { metadata: metadata.clone(), metadata_at: now, keys: None };
        self.known().insert(provider.issuer.clone(), known);
        Ok(metadata)
    }

    /// A provider's keys; `looked` when one was not among those known.
    ///
    /// # Errors
    /// When it does not answer, or with something else.
    pub async fn keys(
        &self,
        provider: &Provider,
        metadata: &Metadata,
        looked: bool,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, Refused> {
        let holds_milliseconds = if looked { LOOKED_MILLISECONDS } else { KEPT_MILLISECONDS };
        let kept = self.known().get(&provider.issuer).and_then(|known| known.keys.clone());
        if let Some((keys, _)) = kept.filter(|(_, at)| now.milliseconds_since(*at) < holds_milliseconds) {
            return Ok(keys);
        }
        let address = metadata.jwks_uri.clone();
        let answer = self.fetch(|client| client.get(address)).await?;
        let keys = Arc::new(KeySet::read(&answer).ok_or(Refused::Provider("its keys cannot be read"))?);
        if let Some(known) = self.known().get_mut(&provider.issuer) {
            known.keys = Some((keys.clone(), now));
        }
        Ok(keys)
    }

    /// Tokens for a code (OpenID Connect Core 1.0, section 3.1.3).
    ///
    /// # Errors
    /// When the provider gives none.
    pub async fn exchange(
        &self,
        provider: &Provider,
        metadata: &Metadata,
        code: &str,
        verifier: &str,
        redirect_uri: &str,
    ) -> Result<Tokens, Refused> {
        let secret = metadata.posts_secret.then_some(provider);
        let own =
            secret.map(|own| [("client_id", own.client_id.as_str()), ("client_secret", own.client_secret.as_str())]);
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("grant_type", "authorization_code"), ("code", code)])
            .extend_pairs([("redirect_uri", redirect_uri), ("code_verifier", verifier)])
            .extend_pairs(own.into_iter().flatten())
            .finish();
        let escaped = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let (id, secret) = (escaped(&provider.client_id), escaped(&provider.client_secret));
        let answer = self.fetch(|client| {
            let request = client.post(metadata.token_endpoint.clone()).body(body);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            if metadata.posts_secret { request } else { request.basic_auth(id, Some(secret)) }
        });
        let answer = Strict::read(&answer.await?).ok_or(Refused::Provider("its tokens cannot be read"))?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let id_token = text("id_token").filter(|token| token.len() <= TOKEN_BYTES);
        let id_token = id_token.ok_or(Refused::Provider("it sent no identity token, or one that is too large"))?;
        Ok(Tokens { id_token, access_token: text("access_token") })
    }

    async fn fetch(&self, ask: impl FnOnce(&Client) -> RequestBuilder) -> Result<Vec<u8>, Refused> {
        let client = self.client()?;
        let failed = |error: reqwest::Error| {
            tracing::warn!(error = %error.without_url(), "a provider of identity did not answer");
            Refused::Provider("it did not answer in time")
        };
        let mut answer = ask(client).send().await.map_err(failed)?;
        if answer.status() != StatusCode::OK {
            tracing::warn!(status = answer.status().as_u16(), "a provider of identity refused");
            return Err(Refused::Provider("it answered with an error or a redirect"));
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            body.extend_from_slice(&piece);
            if body.len() > ANSWER_BYTES {
                return Err(Refused::Provider("its answer is too large"));
            }
        }
        Ok(body)
    }

    fn client(&self) -> Result<&Client, Refused> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        install_tls();
        let built = Client::builder().timeout(Duration::from_secs(ANSWER_SECONDS)).redirect(Policy::none()).build();
        let built = built.map_err(|error| {
            tracing::error!(%error, "HTTPS to providers of identity cannot be used");
            Refused::Provider("this server cannot reach it")
        })?;
        Ok(self.client.get_or_init(|| built))
    }
}

impl Metadata {
    fn read(answer: &[u8], provider: &Provider) -> Result<Self, Refused> {
        let document = Strict::read(answer).ok_or(Refused::Provider("its description cannot be read"))?;
        // Another issuer's description would send the code or the secret elsewhere (Discovery 1.0, section 4.3).
        if document.get("issuer").and_then(Value::as_str) != Some(provider.issuer.as_str()) {
            return Err(Refused::Provider("its description is another issuer's"));
        }
        let secure = provider.issuer.starts_with("https:");
        let address = |name: &str| {
            let address = document.get(name).and_then(Value::as_str).and_then(|text| Url::parse(text).ok());
            let address =
                address.filter(|address| address.scheme() == "https" || !secure && address.scheme() == "http");
            address.ok_or(Refused::Provider("its description lacks an address, or one over HTTPS"))
        };
        let methods = document.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
        let offers = |method: &str| methods.is_some_and(|methods| methods.iter().any(|offered| offered == method));
        let named = "authorization_response_iss_parameter_supported";
        Ok(Self {
            authorization_endpoint: address("authorization_endpoint")?,
            token_endpoint: address("token_endpoint")?,
            jwks_uri: address("jwks_uri")?,
            names_itself: document.get(named) == Some(&Value::Bool(true)),
            posts_secret: offers("client_secret_post") && !offers("client_secret_basic"),
        })
    }
}

/// rustls asks for its cryptography once per process; a program that chose one already keeps it.
fn install_tls() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}
