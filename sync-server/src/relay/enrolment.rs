//! How a kiosk comes to its way in: an invitation, once; then a file only its own user can read.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use fieldline_device::SigningKey;
use fieldline_device::http::Reqwest;
use fieldline_device::runtime::Entropy;
use fieldline_device::transport::{Ask, NoAnswer, Transport};
use fieldline_model::hex;
use fieldline_sync::caps::MAX_RESPONSE_BYTES;
use serde_json::{Value, json};

use crate::failed::{Failed, io};

/// How a kiosk reaches its server.
pub struct Enrolled {
    /// The server's address.
    pub server: String,
    /// What the kiosk is let in by.
    pub token: String,
}

/// Accepts an invitation and keeps what came of it.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn accept(server: &str, invitation: &str, file: &Path) -> Result<Enrolled, Failed> {
    let server = server.trim_end_matches('/').to_owned();
    // A kiosk makes no edits; its key only stands where every device has one.
    let key = SigningKey::random(&mut Entropy::default());
    let wish = json!({ "public_key": hex::encode(&key.public_key()) });
    let transport = Reqwest::new().map_err(unreachable(&server))?;
    let wish = wish.to_string().into_bytes();
    let ask = Ask::post(format!("{server}/api/v1/devices"), "application/json", wish).by(Some(invitation));
    let answer = transport.ask(ask).await.map_err(unreachable(&server))?;
    let status = answer.status;
    let answer = answer.read_capped(MAX_RESPONSE_BYTES).await.unwrap_or_default();
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    let Some(token) = answer["token"].as_str().filter(|_| status.is_success()) else {
        let detail = answer["detail"].as_str().unwrap_or("it is no Fieldline server");
        return Err(Failed::Usage(format!("{server} did not take the invitation ({status}): {detail}")));
    };
    let enrolled = Enrolled { token: token.to_owned(), server };
    write(file, &enrolled).map_err(io("writing", file))?;
    Ok(enrolled)
}

/// What was kept, if this kiosk was enrolled before.
///
/// # Errors
/// When the file cannot be read.
pub fn read(file: &Path) -> Result<Option<Enrolled>, Failed> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.map_err(io("reading", file))?,
    };
    let kept: Value = serde_json::from_str(&text).unwrap_or_default();
    let both = kept["server"].as_str().zip(kept["token"].as_str());
    let (server, token) = both.ok_or_else(|| {
        Failed::Usage(format!("{} is damaged; enrol the kiosk again with --server and --invitation", file.display()))
    })?;
    Ok(Some(Enrolled { server: server.to_owned(), token: token.to_owned() }))
}

/// Readable by nobody else from its first moment.
fn write(file: &Path, enrolled: &Enrolled) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut kept = options.open(file)?;
    kept.write_all(json!({ "server": enrolled.server, "token": enrolled.token }).to_string().as_bytes())?;
    kept.sync_all()
}

/// The server cannot be reached.
pub fn unreachable(server: &str) -> impl FnOnce(NoAnswer) -> Failed {
    let problem = format!("{server} cannot be reached; check the address and the network");
    move |error| Failed::Usage(format!("{problem} ({error})"))
}
