//! `provider`: whose word about people is believed.

use fieldline_service::identity::oidc::NewProvider;
use fieldline_web::provider_json;
use serde_json::{Value, json};

use crate::data::Data;
use crate::failed::Failed;
use crate::user::first_line;

/// What `provider` is told.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Believe a provider; the client secret it gave is read from the first line of standard input.
    Add(Add),
    /// List providers.
    List(Data),
    /// Believe a provider no more.
    Remove(Remove),
}

/// Which provider to believe, about what.
#[derive(Debug, clap::Args)]
pub struct Add {
    #[command(flatten)]
    data: Data,
    /// What its button says; people begin at /oidc/start?provider=NAME.
    name: String,
    /// Its issuer identifier, exactly as its tokens have it.
    #[arg(long)]
    issuer: String,
    /// What this server is called there. Its address to come back to is https://HOST/oidc/callback.
    #[arg(long)]
    client_id: String,
    /// The claim that names the person; an e-mail address must be verified.
    #[arg(long, default_value = "email")]
    claim: String,
    /// The field of sys_user the claim is looked up in.
    #[arg(long, default_value = "email")]
    field: String,
    /// A signature algorithm its tokens may have; may be repeated.
    #[arg(long = "algorithm", value_name = "NAME", default_value = "RS256")]
    algorithms: Vec<String>,
}

/// Which provider to remove.
#[derive(Debug, clap::Args)]
pub struct Remove {
    #[command(flatten)]
    data: Data,
    /// Its name, as `provider list` prints it.
    name: String,
}

/// Does what `provider` is told.
pub fn run(command: &Command, json: bool) -> Result<(), Failed> {
    match command {
        Command::Add(args) => add(args, json),
        Command::List(data) => list(data, json),
        Command::Remove(args) => remove(args, json),
    }
}

fn add(args: &Add, json: bool) -> Result<(), Failed> {
    let mut opened = args.data.open()?;
    let secret = first_line()?;
    let new = NewProvider {
        name: &args.name,
        issuer: &args.issuer,
        client_id: &args.client_id,
        client_secret: Some(&secret),
        claim: &args.claim,
        field: &args.field,
        algorithms: args.algorithms.iter().cloned().collect(),
        active: true,
    };
    let (server, now) = (&opened.server, opened.now);
    let provider = server.put_provider(&server.system(), &new, now, &mut opened.rng)?;
    match json {
        true => println!("{}", provider_json(&provider)),
        false => println!("{} is believed; people begin at /oidc/start?provider={}", provider.issuer, provider.name),
    }
    Ok(())
}

fn list(data: &Data, json: bool) -> Result<(), Failed> {
    let opened = data.open()?;
    let providers = opened.server.providers(&opened.server.system())?;
    if json {
        println!("{}", providers.iter().map(provider_json).collect::<Value>());
        return Ok(());
    }
    for provider in providers {
        let idle = if provider.active { "" } else { "  inactive" };
        println!("{}  {}  {} is sys_user.{}{idle}", provider.name, provider.issuer, provider.claim, provider.field);
    }
    Ok(())
}

fn remove(args: &Remove, json: bool) -> Result<(), Failed> {
    let mut opened = args.data.open()?;
    opened.server.remove_provider(&opened.server.system(), &args.name, opened.now, &mut opened.rng)?;
    match json {
        true => println!("{}", json!({ "name": args.name })),
        false => println!("{} is believed no more", args.name),
    }
    Ok(())
}
