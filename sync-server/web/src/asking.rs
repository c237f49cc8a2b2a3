//! A request to one of the APIs that clients of ServiceNow know beside the Table API: who asks, what the address says, and
//! the bridge to the service.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use fieldline_model::SysId;
use fieldline_service::{Call, Caller};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::App;
use crate::caller::{TableCaller, blocking};
use crate::links::Origin;
use crate::refusal::{Failure, Refusal, no_record};
use crate::table::{answered, check_acceptable, texts};

/// Who asks what: the request but its body.
pub struct Ask {
    /// Who asks.
    pub caller: Caller,
    /// Where the client found this server.
    pub origin: Origin,
    /// The query string.
    pub pairs: Vec<(String, String)>,
    names: BTreeMap<String, String>,
    headers: HeaderMap,
}

impl FromRequestParts<App> for Ask {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let TableCaller(caller) = TableCaller::from_request_parts(parts, app).await?;
        check_acceptable(&parts.headers)?;
        let unreadable = |problem: &dyn std::fmt::Display| Refusal::Malformed(format!("the address: {problem}"));
        let named = Path::<BTreeMap<String, String>>::from_request_parts(parts, app).await;
        let Path(names) = named.map_err(|problem| unreadable(&problem))?;
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) = pairs.map_err(|problem| unreadable(&problem))?;
        let (origin, headers) = (Origin::of(&parts.headers), parts.headers.clone());
        Ok(Self { caller, origin, pairs, names, headers })
    }
}

impl Ask {
    /// A part of the address.
    pub fn name(&self, name: &str) -> &str {
        self.names.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A record in the address.
    ///
    /// # Errors
    /// That there is none, when it is ill-formed.
    pub fn sys_id(&self, name: &str) -> Result<SysId, Refusal> {
        self.name(name).parse().map_err(|_| no_record())
    }

    /// A `sysparm_…` parameter by the rest of its name; the rest alone will do.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let is_it = |given: &str| given == name || given.strip_prefix("sysparm_") == Some(name);
        self.pairs.iter().find(|(given, _)| is_it(given)).map(|(_, value)| value.as_str())
    }

    /// A parameter that is a number.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] names it when it is none.
    pub fn number(&self, name: &str, usual: u32) -> Result<u32, Refusal> {
        let Some(text) = self.parameter(name) else { return Ok(usual) };
        let wrong = |_| Refusal::Malformed(format!("sysparm_{name} must be a whole number from 0, such as 10"));
        text.trim().parse().map_err(wrong)
    }

    /// A parameter that is yes or no.
    pub fn is_set(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
    }

    /// Reads a JSON body.
    ///
    /// # Errors
    /// As [`crate::body::json`].
    pub async fn json<T: DeserializeOwned>(&self, body: Body) -> Result<T, Refusal> {
        crate::body::json(&self.headers, body).await
    }

    /// Reads a body of fields; an empty one has none.
    ///
    /// # Errors
    /// As [`crate::body::json`], and when a field has no text.
    pub async fn texts(&self, body: Body) -> Result<BTreeMap<String, String>, Refusal> {
        crate::body::json_if_any(&self.headers, body).await?.map_or_else(|| Ok(BTreeMap::new()), texts)
    }

    /// Does `work` on one consistent state.
    ///
    /// # Errors
    /// What `work` returns.
    pub async fn read<T: Send + 'static>(
        self,
        app: &App,
        work: impl FnOnce(&Self, &mut Call<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        blocking(app, move |server, now, rng| server.read(&self.caller, now, rng, |call| work(&self, call))).await
    }

    /// Answers what `work` finds on one consistent state.
    ///
    /// # Errors
    /// What `work` returns.
    pub async fn answer(
        self,
        app: &App,
        work: impl FnOnce(&Self, &mut Call<'_>) -> Result<Value, Refusal> + Send + 'static,
    ) -> Result<Response, Failure> {
        Ok(answered(StatusCode::OK, self.read(app, work).await?))
    }

    /// Does `work` in one transaction.
    ///
    /// # Errors
    /// What `work` returns; nothing is done then.
    pub async fn write<T: Send + 'static>(
        self,
        app: &App,
        work: impl FnOnce(&Self, &mut Call<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        blocking(app, move |server, now, rng| server.write(&self.caller, now, rng, |call| work(&self, call))).await
    }
}
