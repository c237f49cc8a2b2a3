//! Sends one request, within bounds.

use std::sync::{Arc, Once};
use std::time::Duration;

use fieldline_model::Timestamp;
use fieldline_service::outgoing::{Answer, Credential, Outcome, Request};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};

use crate::guard::{Allowed, Guarded};
use crate::tokens::Tokens;

/// The largest answer that is kept.
const ANSWER_BYTES: usize = 64 << 10;
/// How long a connection may take to be made.
const CONNECT_SECONDS: u64 = 10;
/// Redirects on one host that are followed.
const MOST_REDIRECTS: usize = 3;

/// Why nothing can be sent at all.
#[derive(Debug)]
pub struct SenderError(reqwest::Error);

impl std::fmt::Display for SenderError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "outside systems cannot be asked over HTTPS: {}", self.0)
    }
}

impl std::error::Error for SenderError {}

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Sender {
    allowed: Allowed,
    /// Follows redirects on one host; only for questions, which may be asked twice.
    asking: Client,
    telling: Client,
    tokens: Arc<Tokens>,
}

/// What went wrong before there was an answer.
pub(crate) struct Trouble {
    pub problem: String,
    pub is_final: bool,
}

impl Trouble {
    pub(crate) fn last(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), is_final: true }
    }

    pub(crate) fn passing(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), is_final: false }
    }
}

impl Sender {
    /// Somebody who sends to everybody outside, and to those inside that are allowed.
    ///
    /// # Errors
    /// When HTTPS cannot be used here.
    pub fn new(allowed: Allowed) -> Result<Self, SenderError> {
        install_tls();
        let client = |policy: Policy| {
            Client::builder()
                .redirect(policy)
                .dns_resolver(Arc::new(Guarded(allowed.clone())))
                .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
                .no_proxy()
                .user_agent(concat!("fieldline/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(SenderError)
        };
        let (asking, telling) = (client(Policy::custom(on_one_host))?, client(Policy::none())?);
        Ok(Self { allowed, asking, telling, tokens: Arc::default() })
    }

    /// Sends a request that was claimed; returns what became of it.
    pub async fn send(&self, request: &Request, clock: &(dyn Fn() -> Timestamp + Send + Sync)) -> Outcome {
        let longest = Duration::from_secs(request.timeout_seconds);
        let began = clock();
        let answered = match tokio::time::timeout(longest, self.answer(request, clock)).await {
            Ok(answered) => answered,
            Err(_) => Err(Trouble::passing(format!("no answer came within {} seconds", request.timeout_seconds))),
        };
        match answered {
            Ok(answer) => {
                Outcome::Answered(Answer { milliseconds: clock().milliseconds_since(began).max(0), ..answer })
            }
            Err(Trouble { problem, is_final }) => Outcome::Failed { problem, is_final },
        }
    }

    async fn answer(
        &self,
        request: &Request,
        clock: &(dyn Fn() -> Timestamp + Send + Sync),
    ) -> Result<Answer, Trouble> {
        let answer = self.ask(request, clock()).await?;
        let Credential::ClientCredentials { credential, .. } = &request.credential else { return Ok(answer) };
        if answer.status != StatusCode::UNAUTHORIZED.as_u16() {
            return Ok(answer);
        }
        // The token may have been withdrawn; a new one is asked for once.
        self.tokens.forget(*credential);
        self.ask(request, clock()).await
    }

    async fn ask(&self, request: &Request, now: Timestamp) -> Result<Answer, Trouble> {
        let url = self.checked(&request.url)?;
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| Trouble::last("it has no method"))?;
        let client = if method.is_safe() { &self.asking } else { &self.telling };
        let mut building = client.request(method, url).headers(headers(&request.headers)?);
        if !request.body.is_empty() {
            building = building.body(request.body.clone());
        }
        let building = self.signed_in(building, &request.credential, now).await?;
        taken(building.send().await.map_err(|error| trouble(&error))?).await
    }

    async fn signed_in(
        &self,
        building: RequestBuilder,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<RequestBuilder, Trouble> {
        Ok(match credential {
            Credential::None => building,
            Credential::Basic { user, password } => building.basic_auth(user, Some(password)),
            Credential::Header { name, value } => {
                let unfit = || Trouble::last("the key, or the header it is sent in, has letters no header may have");
                let mut value = HeaderValue::from_str(value).map_err(|_| unfit())?;
                value.set_sensitive(true);
                building.header(HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit())?, value)
            }
            Credential::ClientCredentials { .. } => {
                let token = self.tokens.token(self, credential, now).await?;
                building.bearer_auth(token)
            }
        })
    }

    /// An address that may be asked.
    pub(crate) fn checked(&self, url: &str) -> Result<Url, Trouble> {
        let url: Url = url.parse().map_err(|_| Trouble::last(format!("\"{url}\" is no address")))?;
        self.allowed.check(&url).map(|()| url).map_err(Trouble::last)
    }

    /// Whoever tells something, and follows nobody elsewhere.
    pub(crate) fn telling(&self) -> &Client {
        &self.telling
    }
}

fn headers(said: &[(String, String)]) -> Result<HeaderMap, Trouble> {
    let mut headers = HeaderMap::new();
    for (name, value) in said {
        let pair = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        let (name, value) = pair.ok_or_else(|| Trouble::last(format!("the header {name} cannot be sent")))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Reads an answer; of one that is too large only its status counts.
pub(crate) async fn taken(mut response: Response) -> Result<Answer, Trouble> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (mut bytes, mut is_kept) = (Vec::new(), true);
    while let Some(piece) = response.chunk().await.map_err(|error| trouble(&error))? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > ANSWER_BYTES {
            is_kept = false;
            break;
        }
    }
    let body = is_kept.then(|| String::from_utf8_lossy(&bytes).into_owned());
    Ok(Answer { status, retry_after, body, milliseconds: 0 })
}

/// An error in words, without the address, which may hold what is nobody's business.
pub(crate) fn trouble(error: &reqwest::Error) -> Trouble {
    let mut words = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        words.push(next.to_string());
        cause = next.source();
    }
    let last = words.pop().unwrap_or_else(|| "the connection failed".into());
    // What is refused here is refused again.
    Trouble { is_final: last.contains("--allow-inside"), problem: format!("it could not be asked: {last}") }
}

/// Follows a redirect only to the same host, and only a few.
fn on_one_host(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let origin = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
    let is_same = attempt.previous().last().is_some_and(|from| origin(from) == origin(attempt.url()));
    match is_same && attempt.previous().len() <= MOST_REDIRECTS {
        true => attempt.follow(),
        false => attempt.stop(),
    }
}

/// rustls asks for its cryptography once per process; a program that chose one already keeps it.
fn install_tls() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}
