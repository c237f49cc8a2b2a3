//! Binding phones and kiosks to people, and locking them out.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{delete, get, post};
use fieldline_model::{DeviceId, SysId, hex};
use fieldline_service::accounts::{AccountError, Enrolled};
use fieldline_service::enrolment::is_invitation;
use fieldline_storage::Device;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking, identify};
use crate::credentials::Credentials;
use crate::edge::Visitor;
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::refusal::{Problem, Refusal};

const PATH: &str = "/api/v1/devices";

pub fn endpoints() -> Vec<Endpoint> {
    let one = format!("{PATH}/{{device}}");
    let enrol_summary = "Binds a device key to the caller, or to the user of an invitation sent as the token";
    let (new, enrolled) = (Content::Json("NewDevice"), Content::Json("Enrolled"));
    vec![
        endpoint("post", PATH, enrol_summary, new, (201, enrolled), post(enrol)),
        endpoint("get", PATH, "Lists devices", Content::Empty, (200, Content::Json("Devices")), get(list)),
        endpoint("delete", one, "Locks a device out", Content::Empty, (204, Content::Empty), delete(revoke)),
    ]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let id = json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" });
    let moment = json!({ "type": "string", "format": "date-time" });
    json!({
        "NewDevice": {
            "type": "object",
            "required": ["public_key"],
            "properties": {
                "name": { "type": "string", "description": "What people call it; an invitation brings one along" },
                "public_key": {
                    "type": "string", "pattern": "^[0-9a-fA-F]{64}$", "description": "The device's Ed25519 public key",
                },
                "user": { "type": "string", "description": "Whose it is; the caller's when left out" },
            },
        },
        "Enrolled": {
            "type": "object",
            "required": ["device", "token", "user", "expires_at"],
            "properties": {
                "device": id, "token": text, "user": id, "expires_at": moment,
                "relay_key": {
                    "type": "string", "pattern": "^[0-9a-f]{64}$",
                    "description": "A secret of the device and the server, for requests through a depot's kiosk",
                },
            },
        },
        "Device": {
            "type": "object",
            "properties": {
                "device": id, "user": id, "name": text, "enrolled_at": moment,
                "revoked_at": { "type": ["string", "null"], "format": "date-time" },
            },
        },
        "Devices": {
            "type": "object",
            "properties": {
                "devices": { "type": "array", "items": { "$ref": "#/components/schemas/Device" } },
            },
        },
    })
}

#[derive(Deserialize)]
struct NewDevice {
    name: Option<String>,
    public_key: String,
    user: Option<SysId>,
}

async fn enrol(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let credentials = Credentials::of(&headers)?;
    let enrolled = match credentials {
        Credentials::Bearer(token) if is_invitation(&token) => {
            let (new, key) = read(&headers, body).await?;
            blocking(&app, move |server, now, rng| server.accept_invitation(&token, new.name.as_deref(), key, now, rng))
                .await?
        }
        credentials => {
            let caller = identify(&app, credentials, visitor).await?;
            let (new, key) = read(&headers, body).await?;
            let name = new.name.ok_or_else(|| Refusal::Malformed("name: say what people call the device".into()))?;
            blocking(&app, move |server, now, rng| {
                let user = new.user.unwrap_or(caller.user);
                server.enrol_device(&caller, user, &name, key, now, rng)
            })
            .await?
        }
    };
    Ok((StatusCode::CREATED, Json(enrolled_json(&enrolled))))
}

async fn read(headers: &HeaderMap, body: Body) -> Result<(NewDevice, [u8; 32]), Refusal> {
    let new: NewDevice = crate::body::json(headers, body).await?;
    let key = hex::decode(&new.public_key)
        .ok_or_else(|| Refusal::Malformed("public_key: send the Ed25519 public key as 64 hexadecimal digits".into()))?;
    Ok((new, key))
}

fn enrolled_json(enrolled: &Enrolled) -> Value {
    json!({
        "device": enrolled.device,
        "token": enrolled.session.token,
        "user": enrolled.session.user,
        "expires_at": enrolled.session.expires_at.to_rfc3339(),
        "relay_key": hex::encode(&enrolled.relay_key.0),
    })
}

async fn list(State(app): State<App>, Signed(caller): Signed) -> Result<Json<Value>, Problem> {
    let devices = blocking(&app, move |server, _, _| server.devices(&caller)).await?;
    let devices: Vec<_> = devices.iter().map(device_json).collect();
    Ok(Json(json!({ "devices": devices })))
}

/// A device as machines read it.
pub fn device_json(device: &Device) -> Value {
    json!({
        "device": device.id,
        "user": device.user,
        "name": device.name,
        "enrolled_at": device.enrolled_at.to_rfc3339(),
        "revoked_at": device.revoked_at.map(|at| at.to_rfc3339()),
    })
}

async fn revoke(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(device): Path<String>,
) -> Result<StatusCode, Problem> {
    let device: DeviceId = device
        .parse()
        .map_err(|_| AccountError::NotFound("a device with this id; GET /api/v1/devices lists them".into()))?;
    blocking(&app, move |server, now, rng| server.revoke_device(&caller, device, now, rng)).await?;
    Ok(StatusCode::NO_CONTENT)
}
