//! The server's command line: serve, and what an administrator does beside it.
//!
//! Data goes to standard output (`--json` makes it one JSON value), everything else to standard error. Every command works
//! on the data directory itself, while a server runs on it or not.

mod backup;
mod client;
mod data;
mod demo;
mod demo_data;
mod device;
mod edge;
mod export;
mod failed;
mod import;
mod key;
mod logs;
mod mail;
mod outside;
mod provider;
mod read_pdf;
mod relay;
mod report;
mod roads;
mod serve;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failed::Failed;

/// An answer of fifty records is thousands of small texts, on two threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Field service that works with the radio off: the server.
#[derive(Debug, Parser)]
#[command(name = "sync-server", version)]
struct Cli {
    /// How log lines look on standard error; FIELDLINE_LOG sets which (such as `warn` or `fieldline_web=debug`).
    #[arg(long, global = true, value_enum, default_value_t)]
    log_format: logs::Format,
    #[command(subcommand)]
    command: Command,
}

/// A command that answers scripts, too.
#[derive(Debug, clap::Args)]
struct Scripted<C: Subcommand> {
    /// Write data as JSON, for scripts.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: C,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer requests until told to stop (Ctrl-C or SIGTERM).
    Serve(serve::Args),
    /// The main job on real data: a shift of twelve phones, with figures at the end; then keeps serving.
    Demo(demo::DemoArgs),
    /// Load an organisation that examples and clients' tests know: people, CMDB, catalogues, knowledge, work.
    DemoData(demo_data::Args),
    /// People who may sign in.
    User(Scripted<user::Command>),
    /// Programs that ask for tokens (OAuth 2).
    Client(Scripted<client::Command>),
    /// Keys of integrations, for the header x-sn-apikey.
    Key(Scripted<key::Command>),
    /// Outside providers people may sign in through (OpenID Connect).
    Provider(Scripted<provider::Command>),
    /// Phones and kiosks.
    Device(Scripted<device::Command>),
    /// Carry sealed requests of phones without a line, as a depot's kiosk that nobody has to trust.
    Relay(relay::Args),
    /// Load a CSV file; rows that cannot be loaded are written beside it with the reason.
    Import(import::ImportArgs),
    /// Write records as one JSON object a line.
    Export(export::Args),
    /// Write a consistent copy of everything while the server runs.
    Backup(backup::BackupArgs),
    /// Make a data directory from a backup; phones offer again what they did since.
    Restore(backup::RestoreArgs),
    /// Service reports that somebody was handed.
    Report(Scripted<report::Command>),
    /// Road networks for phones that plan without a line.
    Roads(Scripted<roads::Command>),
    /// Write what a PDF on standard input says; the server reads each PDF so, in a process of its own.
    #[command(hide = true)]
    ReadPdf,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The demo draws a table and progress on the terminal; only what is wrong may come between.
    let level = if matches!(cli.command, Command::Demo(_)) { "warn" } else { "info" };
    logs::begin(cli.log_format, level);
    let done = match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::DemoData(args) => demo_data::run(&args),
        Command::User(told) => user::run(&told.command, told.json),
        Command::Client(told) => client::run(&told.command, told.json),
        Command::Key(told) => key::run(&told.command, told.json),
        Command::Provider(told) => provider::run(&told.command, told.json),
        Command::Device(told) => device::run(&told.command, told.json),
        Command::Relay(args) => relay::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Report(told) => report::run(&told.command, told.json),
        Command::Roads(told) => roads::run(&told.command, told.json),
        Command::ReadPdf => read_pdf::run(),
    };
    done.map_or_else(report, |()| ExitCode::SUCCESS)
}

fn report(failed: Failed) -> ExitCode {
    eprintln!("error: {failed}");
    let mut source = std::error::Error::source(&failed);
    while let Some(cause) = source {
        eprintln!("  because {cause}");
        source = cause.source();
    }
    ExitCode::FAILURE
}
