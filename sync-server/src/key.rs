//! `key`: makes keys for integrations, lists them, removes them.

use fieldline_model::SysId;
use fieldline_service::identity::NewKey;
use fieldline_web::key_json;
use serde_json::{Value, json};

use crate::data::Data;
use crate::failed::Failed;

/// What `key` is told.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a key and print it once.
    Add(Add),
    /// List keys, newest first.
    List(Data),
    /// Remove a key; it stops working at once.
    Remove(Remove),
}

/// Which key to make.
#[derive(Debug, clap::Args)]
pub struct Add {
    #[command(flatten)]
    data: Data,
    /// What people call it.
    name: String,
    /// The sign-in name of whom it acts as.
    #[arg(long)]
    user: String,
    /// How many days it works.
    #[arg(long, default_value_t = 365)]
    days: u32,
}

/// Which key to remove.
#[derive(Debug, clap::Args)]
pub struct Remove {
    #[command(flatten)]
    data: Data,
    /// Its id, as `key list` prints it.
    id: SysId,
}

/// Does what `key` is told.
pub fn run(command: &Command, json: bool) -> Result<(), Failed> {
    match command {
        Command::Add(args) => add(args, json),
        Command::List(data) => list(data, json),
        Command::Remove(args) => remove(args, json),
    }
}

fn add(args: &Add, json: bool) -> Result<(), Failed> {
    let mut opened = args.data.open()?;
    let new = NewKey { name: &args.name, user_name: &args.user, days: args.days };
    let (key, secret) = opened.server.create_api_key(&opened.server.system(), new, opened.now, &mut opened.rng)?;
    let expires_at = key.expires_at.to_rfc3339();
    match json {
        true => println!("{}", key_json(&key, Some(&secret))),
        false => println!("{secret}\nworks until {expires_at} in the header x-sn-apikey; it is not shown again"),
    }
    Ok(())
}

fn list(data: &Data, json: bool) -> Result<(), Failed> {
    let opened = data.open()?;
    let keys = opened.server.api_keys(&opened.server.system())?;
    if json {
        println!("{}", keys.iter().map(|key| key_json(key, None)).collect::<Value>());
        return Ok(());
    }
    for key in keys {
        let idle = if key.active { "" } else { "  inactive" };
        println!("{}  {}  acts as user {}  until {}{idle}", key.id, key.name, key.user, key.expires_at.to_rfc3339());
    }
    Ok(())
}

fn remove(args: &Remove, json: bool) -> Result<(), Failed> {
    let mut opened = args.data.open()?;
    opened.server.remove_api_key(&opened.server.system(), args.id, opened.now, &mut opened.rng)?;
    match json {
        true => println!("{}", json!({ "id": args.id })),
        false => println!("{} is removed", args.id),
    }
    Ok(())
}
