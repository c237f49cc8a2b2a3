//! `client`: makes programs known that ask for tokens, lists them, removes them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use fieldline_service::identity::NewClient;
use fieldline_web::client_json;
use serde_json::{Value, json};

use crate::data::Data;
use crate::failed::{Failed, io};
use crate::user::first_line;

/// What `client` is told.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a program known; prints a generated secret once unless one is given.
    Add(Add),
    /// List programs.
    List(Data),
    /// Remove a program; its tokens stop working at once.
    Remove(Remove),
}

/// Which program to make known.
#[derive(Debug, clap::Args)]
pub struct Add {
    #[command(flatten)]
    data: Data,
    /// What people call it.
    name: String,
    /// The client id it is set up with already; else one is made.
    #[arg(long)]
    id: Option<String>,
    /// It can keep no secret: an app on a phone or in a browser.
    #[arg(long)]
    public: bool,
    /// Read the secret it is set up with already from the first line of standard input.
    #[arg(long)]
    secret_stdin: bool,
    /// The sign-in name of whom it acts as by its own credentials (grant_type client_credentials).
    #[arg(long)]
    user: Option<String>,
    /// Where browsers may be sent back to, exactly; may be repeated.
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// A file with the public keys it signs assertions with (grant_type jwt-bearer): a JSON Web Key Set, or one key.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

/// Which program to remove.
#[derive(Debug, clap::Args)]
pub struct Remove {
    #[command(flatten)]
    data: Data,
    /// Its client id, as `client list` prints it.
    id: String,
}

/// Does what `client` is told.
pub fn run(command: &Command, json: bool) -> Result<(), Failed> {
    match command {
        Command::Add(args) => add(args, json),
        Command::List(data) => list(data, json),
        Command::Remove(args) => remove(args, json),
    }
}

fn add(args: &Add, json: bool) -> Result<(), Failed> {
    let mut opened = args.data.open()?;
    let given = if args.secret_stdin { Some(first_line()?) } else { None };
    let keys = args.keys.as_ref().map(|file| std::fs::read_to_string(file).map_err(io("reading", file))).transpose()?;
    let new = NewClient {
        name: &args.name,
        id: args.id.as_deref(),
        confidential: !args.public,
        secret: given.as_deref(),
        user_name: args.user.as_deref(),
        redirect_uris: args.redirect_uris.iter().cloned().collect::<BTreeSet<_>>(),
        keys: keys.as_deref(),
    };
    let (server, now) = (&opened.server, opened.now);
    let (client, secret) = server.create_client(&server.system(), &new, now, &mut opened.rng)?;
    if json {
        println!("{}", client_json(&client, secret.as_deref()));
        return Ok(());
    }
    println!("{} may ask for tokens\nclient_id: {}", client.name, client.id);
    if let Some(secret) = secret {
        println!("client_secret: {secret} (it is not shown again)");
    }
    Ok(())
}

fn list(data: &Data, json: bool) -> Result<(), Failed> {
    let opened = data.open()?;
    let clients = opened.server.clients(&opened.server.system())?;
    if json {
        println!("{}", clients.iter().map(|client| client_json(client, None)).collect::<Value>());
        return Ok(());
    }
    for client in clients {
        let kind = if client.secret_hash.is_some() { "confidential" } else { "public" };
        let acts_as = client.user.map(|user| format!("  acts as user {user}")).unwrap_or_default();
        let idle = if client.active { "" } else { "  inactive" };
        println!("{}  {}  {kind}{acts_as}{idle}", client.id, client.name);
    }
    Ok(())
}

fn remove(args: &Remove, json: bool) -> Result<(), Failed> {
    let mut opened = args.data.open()?;
    opened.server.remove_client(&opened.server.system(), &args.id, opened.now, &mut opened.rng)?;
    match json {
        true => println!("{}", json!({ "client_id": args.id })),
        false => println!("{} is removed with everything it was granted", args.id),
    }
    Ok(())
}
