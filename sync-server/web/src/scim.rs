//! SCIM 2.0 (RFC 7644) over HTTP: its media type, its messages, its errors. What a directory asks is done by the service.

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post, put};
use fieldline_service::identity::scim::{self, Listing, Resource, ScimError, Wanted};
use fieldline_service::{Call, Caller};
use serde_json::{Value, json};

use crate::App;
use crate::body::{JSON_BODY_BYTES, is, read};
use crate::caller::{TableCaller, blocking_as};
use crate::endpoint::{Content, Endpoint, endpoint, under};
use crate::links::Origin;
use crate::oauth::Form;
use crate::refusal::{Failure, Refusal};

/// What SCIM calls its JSON.
pub const MEDIA_TYPE: &str = "application/scim+json";

/// Query parameters: name, and whether lists only.
pub const PARAMETERS: [(&str, bool); 5] =
    [("filter", true), ("startIndex", true), ("count", true), ("attributes", false), ("excludedAttributes", false)];

pub fn endpoints() -> Vec<Endpoint> {
    let bases = ["/api/now/scim", "/api/now/v1/scim", "/api/now/v2/scim"];
    bases.into_iter().flat_map(|base| under(base, &of_the_directory())).collect()
}

fn of_the_directory() -> Vec<Endpoint> {
    let (all, this, empty, sent) = ("/{resource}", "/{resource}/{id}", Content::Empty, Content::Scim("ScimResource"));
    let (able, many) = ((200, Content::Scim("ScimMessage")), (200, Content::Scim("ScimList")));
    let (one, made, gone) = ((200, sent), (201, sent), (204, empty));
    let (can, changes) = ("What the SCIM service can do", Content::Scim("ScimPatch"));
    let lists = "Lists users, groups, companies, departments, cost centres or locations, or describes them";
    vec![
        endpoint("get", "/ServiceProviderConfig", can, empty, able, get(config)),
        endpoint("get", all, lists, empty, many, get(list)),
        endpoint("get", this, "Answers one of them", empty, one, get(self::one)),
        endpoint("post", all, "Makes a user or group", sent, made, post(create)),
        endpoint("put", this, "Makes a user or group what is sent", sent, one, put(replace)),
        endpoint("patch", this, "Changes parts of a user or group", changes, one, patch(change)),
        endpoint("delete", this, "Removes a user or group", empty, gone, delete(remove)),
    ]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let names = json!({ "type": "array", "items": text });
    json!({
        "ScimMessage": { "type": "object", "required": ["schemas"], "properties": { "schemas": names } },
        "ScimResource": {
            "type": "object",
            "description": "A resource as GET …/scim/Schemas describes it",
            "properties": { "schemas": names, "id": text },
        },
        "ScimList": {
            "type": "object",
            "required": ["schemas", "totalResults", "Resources"],
            "properties": {
                "schemas": names,
                "totalResults": { "type": "integer" },
                "startIndex": { "type": "integer" },
                "itemsPerPage": { "type": "integer" },
                "Resources": { "type": "array", "items": { "type": "object" } },
            },
        },
        "ScimPatch": {
            "type": "object",
            "required": ["Operations"],
            "properties": { "schemas": names, "Operations": { "type": "array", "items": { "type": "object" } } },
        },
        "ScimError": {
            "type": "object",
            "required": ["schemas", "status"],
            "properties": { "schemas": names, "status": text, "scimType": text, "detail": text },
        },
    })
}

/// Why a directory's request was not done, as it reads it (RFC 7644, section 3.12).
struct Refused {
    refusal: Refusal,
    status: StatusCode,
    kind: Option<&'static str>,
}

impl<E: Into<Refusal>> From<E> for Refused {
    fn from(error: E) -> Self {
        let refusal = error.into();
        Self { status: refusal.status(), refusal, kind: None }
    }
}

impl From<ScimError> for Refused {
    fn from(error: ScimError) -> Self {
        let text = error.to_string();
        match error {
            ScimError::Invalid { kind, .. } => Self { kind: Some(kind), ..Refusal::Malformed(text).into() },
            ScimError::Taken(_) => {
                Self { status: StatusCode::CONFLICT, kind: Some("uniqueness"), refusal: Refusal::Malformed(text) }
            }
            ScimError::NotFound(_) => Refusal::NotFound(text).into(),
            ScimError::Denied(_) => Refusal::Forbidden(text).into(),
            ScimError::Service(error) => error.into(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.as_str(),
            "detail": self.refusal.to_string(),
        });
        if let Some(kind) = self.kind {
            body["scimType"] = kind.into();
        }
        // The headers that tell a client what to do next are those of the record API.
        let (mut parts, _) = Failure(self.refusal).into_response().into_parts();
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        (self.status, parts.headers, message(&body)).into_response()
    }
}

fn message(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], body.to_string()).into_response()
}

/// Who asks what: the request but its body.
struct Asked {
    caller: Caller,
    base: String,
    query: Form,
    resource: String,
    id: String,
}

impl FromRequestParts<App> for Asked {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let caller = TableCaller::from_request_parts(parts, app).await;
        let TableCaller(caller) = caller.map_err(|failure| Refused::from(failure.0).into_response())?;
        let path = Path::<std::collections::BTreeMap<String, String>>::from_request_parts(parts, app).await;
        let mut named = path.map(|Path(named)| named).unwrap_or_default();
        let query = Form::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let query = query.map_err(|error| Refused::from(Refusal::Malformed(error.to_string())).into_response())?;
        let whole = parts.uri.path();
        let until = whole.find("/scim/").map_or(whole.len(), |at| at + "/scim".len());
        Ok(Self {
            caller,
            base: Origin::of(&parts.headers).at(&whole[..until]),
            query,
            resource: named.remove("resource").unwrap_or_default(),
            id: named.remove("id").unwrap_or_default(),
        })
    }
}

impl Asked {
    fn of(&self, writing: bool) -> Result<&'static Resource, Refused> {
        let missing =
            || Refusal::NotFound(format!("{} is no resource; GET …/scim/ResourceTypes lists them", self.resource));
        let of = scim::resource(&self.resource).ok_or_else(missing)?;
        if of.writable || !writing { Ok(of) } else { Err(Refusal::MethodNotAllowed.into()) }
    }

    fn wanted(&self) -> Wanted {
        let names =
            |name| self.query.get(name).unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
        Wanted {
            only: names("attributes").map(str::to_owned).collect(),
            but: names("excludedAttributes").map(str::to_owned).collect(),
        }
    }

    fn listing(&self) -> Result<Listing, Refused> {
        let number = |name: &str| {
            let wrong = |_| Refusal::Malformed(format!("{name} must be a whole number"));
            self.query.get(name).map(|text| text.parse().map_err(wrong)).transpose()
        };
        Ok(Listing {
            filter: self.query.get("filter").map(str::to_owned),
            start_index: number("startIndex")?,
            count: number("count")?,
        })
    }

    /// Reads for the caller.
    async fn read<T: Send + 'static>(
        self,
        app: &App,
        work: impl FnOnce(&Call<'_>, &Self) -> Result<T, ScimError> + Send + 'static,
    ) -> Result<T, Refused> {
        let done =
            blocking_as(app, move |server, now, rng| server.read(&self.caller, now, rng, |call| work(call, &self)));
        Ok(done.await?)
    }

    /// Writes for the caller.
    async fn write<T: Send + 'static>(
        self,
        app: &App,
        work: impl FnOnce(&mut Call<'_>, &Self) -> Result<T, ScimError> + Send + 'static,
    ) -> Result<T, Refused> {
        let done =
            blocking_as(app, move |server, now, rng| server.write(&self.caller, now, rng, |call| work(call, &self)));
        Ok(done.await?)
    }
}

async fn body(headers: &HeaderMap, body: Body) -> Result<Value, Refused> {
    if !is(headers, MEDIA_TYPE) && !is(headers, "application/json") {
        return Err(Refusal::MediaType(MEDIA_TYPE).into());
    }
    let bytes = read(headers, body, JSON_BODY_BYTES).await?;
    let broken = |error| ScimError::Invalid { kind: "invalidSyntax", detail: format!("the JSON body: {error}") };
    Ok(serde_json::from_slice(&bytes).map_err(broken)?)
}

async fn config(State(_): State<App>, asked: Asked) -> Response {
    message(&scim::service_provider_config(&asked.base))
}

async fn list(State(app): State<App>, asked: Asked) -> Result<Response, Refused> {
    let described = match asked.resource.as_str() {
        "ResourceTypes" => Some(scim::resource_types(&asked.base)),
        "Schemas" => Some(scim::schemas(&asked.base)),
        _ => None,
    };
    if let Some(resources) = described {
        return Ok(message(&json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": resources.len(),
            "startIndex": 1,
            "itemsPerPage": resources.len(),
            "Resources": resources,
        })));
    }
    let (of, listing, wanted) = (asked.of(false)?, asked.listing()?, asked.wanted());
    let listed = asked.read(&app, move |call, asked| scim::list(call, of, &listing, &wanted, &asked.base)).await?;
    Ok(message(&listed))
}

async fn one(State(app): State<App>, asked: Asked) -> Result<Response, Refused> {
    let described = match asked.resource.as_str() {
        "ResourceTypes" => Some(scim::resource_types(&asked.base)),
        "Schemas" => Some(scim::schemas(&asked.base)),
        _ => None,
    };
    if let Some(resources) = described {
        let missing = Refusal::NotFound(format!("{}/{}", asked.resource, asked.id));
        return resources.iter().find(|one| one["id"] == asked.id.as_str()).map(message).ok_or_else(|| missing.into());
    }
    let (of, wanted) = (asked.of(false)?, asked.wanted());
    let found = asked.read(&app, move |call, asked| scim::get(call, of, &asked.id, &wanted, &asked.base)).await?;
    Ok(message(&found))
}

async fn create(State(app): State<App>, asked: Asked, headers: HeaderMap, sent: Body) -> Result<Response, Refused> {
    let (of, wanted) = (asked.of(true)?, asked.wanted());
    let sent = body(&headers, sent).await?;
    let base = format!("{}/{}", asked.base, of.name);
    let made = asked.write(&app, move |call, asked| scim::create(call, of, &sent, &wanted, &asked.base)).await?;
    let location = HeaderValue::try_from(format!("{base}/{}", made["id"].as_str().unwrap_or_default()));
    let location = location.map_err(|_| Refusal::Broken)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], message(&made)).into_response())
}

async fn replace(State(app): State<App>, asked: Asked, headers: HeaderMap, sent: Body) -> Result<Response, Refused> {
    let (of, wanted) = (asked.of(true)?, asked.wanted());
    let sent = body(&headers, sent).await?;
    let work =
        move |call: &mut Call<'_>, asked: &Asked| scim::replace(call, of, &asked.id, &sent, &wanted, &asked.base);
    Ok(message(&asked.write(&app, work).await?))
}

async fn change(State(app): State<App>, asked: Asked, headers: HeaderMap, sent: Body) -> Result<Response, Refused> {
    let (of, wanted) = (asked.of(true)?, asked.wanted());
    let sent = body(&headers, sent).await?;
    let work = move |call: &mut Call<'_>, asked: &Asked| scim::patch(call, of, &asked.id, &sent, &wanted, &asked.base);
    Ok(message(&asked.write(&app, work).await?))
}

async fn remove(State(app): State<App>, asked: Asked) -> Result<StatusCode, Refused> {
    let of = asked.of(true)?;
    asked.write(&app, move |call, asked| scim::delete(call, of, &asked.id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
