//! `device`: binds phones and kiosks to people, lists them, locks them out.

use fieldline_model::DeviceId;
use serde_json::{Value, json};

use crate::data::Data;
use crate::failed::Failed;

/// What `device` is told.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print an invitation: the app sends it once, as the token of POST /api/v1/devices, within a day.
    Enrol(Enrol),
    /// List devices, newest first.
    List(Data),
    /// Lock a device out at once.
    Revoke(Revoke),
}

/// Whom to bind a device to.
#[derive(Debug, clap::Args)]
pub struct Enrol {
    #[command(flatten)]
    data: Data,
    /// The sign-in name of whoever will carry it.
    #[arg(long)]
    user: String,
    /// What people call the device.
    #[arg(long)]
    name: String,
}

/// Which device to lock out.
#[derive(Debug, clap::Args)]
pub struct Revoke {
    #[command(flatten)]
    data: Data,
    /// Its id, as `device list` prints it.
    device: DeviceId,
}

/// Does what `device` is told.
pub fn run(command: &Command, json: bool) -> Result<(), Failed> {
    match command {
        Command::Enrol(args) => enrol(args, json),
        Command::List(data) => list(data, json),
        Command::Revoke(args) => revoke(args, json),
    }
}

fn enrol(args: &Enrol, json: bool) -> Result<(), Failed> {
    let mut opened = args.data.open()?;
    let (server, now) = (&opened.server, opened.now);
    let invitation = server.invite_device(&server.system(), &args.user, &args.name, now, &mut opened.rng)?;
    let expires_at = invitation.expires_at.to_rfc3339();
    match json {
        true => println!("{}", json!({ "token": invitation.token, "user": invitation.user, "expires_at": expires_at })),
        false => println!("{}\nworks once, until {expires_at}", invitation.token),
    }
    Ok(())
}

fn list(data: &Data, json: bool) -> Result<(), Failed> {
    let opened = data.open()?;
    let devices = opened.server.devices(&opened.server.system())?;
    if json {
        let devices: Vec<Value> = devices.iter().map(fieldline_web::device_json).collect();
        println!("{}", Value::from(devices));
        return Ok(());
    }
    for device in devices {
        let state = device.revoked_at.map_or("enrolled".to_owned(), |at| format!("locked out {at}"));
        println!("{}  user {}  {}  {state}", device.id, device.user, device.name);
    }
    Ok(())
}

fn revoke(args: &Revoke, json: bool) -> Result<(), Failed> {
    let mut opened = args.data.open()?;
    opened.server.revoke_device(&opened.server.system(), args.device, opened.now, &mut opened.rng)?;
    match json {
        true => println!("{}", json!({ "device": args.device, "revoked_at": opened.now.to_rfc3339() })),
        false => println!("{} is locked out", args.device),
    }
    Ok(())
}
