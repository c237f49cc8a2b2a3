//! `user`: lets people in.

use std::io::BufRead;

use fieldline_service::accounts::NewUser;
use serde_json::json;

use crate::data::Data;
use crate::failed::Failed;

/// What `user` is told.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Let somebody in; prints a generated password once unless one is given.
    Add(Add),
    /// Give somebody another password, or a first one, and sign them out but for their phones; prints a generated one once.
    Password(Password),
}

/// Whose password to set.
#[derive(Debug, clap::Args)]
pub struct Password {
    #[command(flatten)]
    data: Data,
    /// The name to sign in with.
    user_name: String,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

/// Whom to let in.
#[derive(Debug, clap::Args)]
pub struct Add {
    #[command(flatten)]
    data: Data,
    /// The name to sign in with.
    user_name: String,
    /// The full name; the sign-in name when left out.
    #[arg(long)]
    name: Option<String>,
    /// A role, such as wm_agent or wm_dispatcher; may be repeated.
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

/// Does what `user` is told.
pub fn run(command: &Command, json: bool) -> Result<(), Failed> {
    match command {
        Command::Add(add) => add_user(add, json),
        Command::Password(args) => set_password(args, json),
    }
}

fn set_password(args: &Password, json: bool) -> Result<(), Failed> {
    let mut opened = args.data.open()?;
    let generated = if args.password_stdin { None } else { Some(generated_password(&mut opened.rng)) };
    let password = generated.clone().map_or_else(first_line, Ok)?;
    let (server, now) = (&opened.server, opened.now);
    server.set_password(&server.system(), &args.user_name, &password, now, &mut opened.rng)?;
    if json {
        println!("{}", json!({ "user_name": args.user_name, "password": generated }));
        return Ok(());
    }
    println!("{} has another password and is signed out everywhere but on phones", args.user_name);
    if let Some(password) = generated {
        println!("password: {password} (it is not shown again)");
    }
    Ok(())
}

fn add_user(add: &Add, json: bool) -> Result<(), Failed> {
    let mut opened = add.data.open_or_create()?;
    let given = if add.password_stdin { Some(first_line()?) } else { None };
    let generated = if given.is_none() { Some(generated_password(&mut opened.rng)) } else { None };
    let new = NewUser {
        user_name: &add.user_name,
        name: add.name.as_deref().unwrap_or(&add.user_name),
        password: given.as_deref().or(generated.as_deref()).unwrap_or_default(),
        roles: &add.roles.iter().map(String::as_str).collect::<Vec<_>>(),
    };
    let user = opened.server.create_user(&opened.server.system(), &new, opened.now, &mut opened.rng)?;
    if json {
        println!("{}", json!({ "user": user, "user_name": add.user_name, "password": generated }));
        return Ok(());
    }
    println!("{} may sign in (sys_user {user})", add.user_name);
    if let Some(password) = generated {
        println!("password: {password} (it is not shown again)");
    }
    Ok(())
}

fn generated_password(rng: &mut fieldline_web::Entropy) -> String {
    let mut bytes = [0; 12];
    rand_core::Rng::fill_bytes(rng, &mut bytes);
    fieldline_model::hex::encode(&bytes)
}

/// The first line of standard input: a secret that must not stand in a list of processes.
pub fn first_line() -> Result<String, Failed> {
    let mut line = String::new();
    let doing = "reading a secret from standard input".to_owned();
    std::io::stdin().lock().read_line(&mut line).map_err(|source| Failed::Io { doing, source })?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
