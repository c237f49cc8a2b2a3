//! `demo-data`: an organisation that examples, tutorials and tests written for the Table API know their way around in.
//!
//! People, groups, roles, a CMDB, catalogues, knowledge, customers and a few hundred pieces of work, all of it in
//! `files/*.csv`. Everything goes through the service, documents with their history. Nobody may sign in but whom the
//! operator gives a password.

mod files;
mod histories;
mod moment;
mod names;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use fieldline_model::dictionary::{Kind, Table};
use fieldline_model::{Dictionary, DocumentId, SysId, Timestamp};
use fieldline_service::accounts::NewUser;
use fieldline_service::import::import_document;
use fieldline_service::table::{self, Input};
use fieldline_service::{Call, Server};
use rand_core::Rng;

use self::files::{Row, Sheet};
use self::names::Names;
use crate::data::Data;
use crate::failed::Failed;
use crate::import::Progress;

/// Rows of one transaction.
const ROWS_AT_ONCE: usize = 100;

/// What `demo-data` is told.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: Data,
    /// Let one of the people sign in, such as `admin=a-password-of-yours`; may be repeated.
    #[arg(long = "password-of", value_name = "USER_NAME=PASSWORD", value_parser = name_and_password)]
    passwords: Vec<(String, String)>,
}

fn name_and_password(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').map(|(name, password)| (name.to_owned(), password.to_owned()));
    parts.ok_or_else(|| "write the user name, an equals sign and the password".into())
}

/// What loading did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Records made.
    pub created: u64,
    /// Records that were there already and are left as they are.
    pub kept: u64,
}

/// Loads the organisation and lets in whom the operator named.
pub fn run(args: &Args) -> Result<(), Failed> {
    let mut opened = args.data.open_or_create()?;
    let (server, now, rng) = (&*opened.server, opened.now, &mut opened.rng);
    let loaded = load(server, now, rng)?;
    println!("{} records created, {} were there already", loaded.created, loaded.kept);
    for (user_name, password) in &args.passwords {
        let let_in = admit(server, user_name, password, now, rng)?;
        println!(
            "{user_name} {}",
            if let_in { "may sign in" } else { "could sign in before; the password is as it was" }
        );
    }
    Ok(())
}

/// Loads what is not there yet.
///
/// # Errors
/// When the database fails or a file does not fit the dictionary in force.
pub fn load(server: &Server, now: Timestamp, rng: &mut dyn Rng) -> Result<Loaded, Failed> {
    server.publish_definitions(now, rng)?;
    let (system, dictionary) = (server.system(), server.dictionary());
    let sheets = files::sheets()?;
    let names = server.read(&system, now, rng, |call| Names::learn(call, &dictionary, &sheets))?;
    let mut progress = Progress::of(sheets.iter().map(|sheet| sheet.rows.len() as u64).sum(), "records");
    let mut loaded = Loaded::default();
    for sheet in &sheets {
        for rows in sheet.rows.chunks(ROWS_AT_ONCE) {
            let created = server.write(&system, now, rng, |call| {
                let mut loader = Loader { call, dictionary: &dictionary, names: &names, sheet };
                rows.iter().try_fold(0, |created, row| Ok::<_, Failed>(created + u64::from(loader.load(row)?)))
            })?;
            loaded.created += created;
            loaded.kept += rows.len() as u64 - created;
            progress.advance(rows.len() as u64);
        }
    }
    Ok(loaded)
}

struct Loader<'l, 'c> {
    call: &'l mut Call<'c>,
    dictionary: &'l Dictionary,
    names: &'l Names,
    sheet: &'l Sheet,
}

impl Loader<'_, '_> {
    /// Loads one row and writes so in the log; whether it was not there.
    fn load(&mut self, row: &Row) -> Result<bool, Failed> {
        let name = &self.sheet.table;
        let missing = || Failed::Usage(format!("the demo data has rows of {name}, a table this organisation has not"));
        let table = self.dictionary.table(name.as_str()).ok_or_else(missing)?;
        let sys_id = self.names.of(name, row).expect("every row was learned");
        if self.call.tx.find(self.dictionary.family(name.as_str()), sys_id)?.is_some() {
            return Ok(false);
        }
        match table.kind {
            Kind::Document => self.import(table, sys_id, row)?,
            Kind::Reference => self.create(table, sys_id, row)?,
        }
        self.log(&format!("{} \"{}\" was loaded", table.label, row.key()))?;
        Ok(true)
    }

    fn import(&mut self, table: &Table, sys_id: SysId, row: &Row) -> Result<(), Failed> {
        let (system, now) = (self.call.caller.user, self.call.now);
        let history = histories::told(row, table, self.dictionary, self.names, system, now)?;
        import_document(self.call, &DocumentId::new(table.name.clone(), sys_id), history)?;
        Ok(())
    }

    fn create(&mut self, table: &Table, sys_id: SysId, row: &Row) -> Result<(), Failed> {
        let mut fields = BTreeMap::from([("sys_id".to_owned(), sys_id.to_string())]);
        for (name, text) in row.fields() {
            let unknown = || Failed::Usage(format!("the demo data: {name} is no field of {}", table.name));
            let field = table.field(name).ok_or_else(unknown)?;
            fields.insert(name.to_owned(), self.names.resolved(field, text)?);
        }
        table::create(self.call, table.name.as_str(), &Input { fields, as_displayed: false })?;
        Ok(())
    }

    fn log(&mut self, message: &str) -> Result<(), Failed> {
        let said = [("level", "0"), ("source", "demo-data"), ("message", message)];
        let fields = said.into_iter().map(|(field, text)| (field.to_owned(), text.to_owned())).collect();
        table::create(self.call, "syslog", &Input { fields, as_displayed: false })?;
        Ok(())
    }
}

/// Lets one of the people sign in, with the roles of the files; whether it is new that they can.
fn admit(server: &Server, user_name: &str, password: &str, now: Timestamp, rng: &mut dyn Rng) -> Result<bool, Failed> {
    let sheets = files::sheets()?;
    let people = sheets.iter().filter(|sheet| sheet.table == *"sys_user").flat_map(|sheet| &sheet.rows);
    let person = people.into_iter().find(|row| row.get("user_name") == Some(user_name));
    let nobody = || Failed::Usage(format!("nobody of the demo data is called {user_name}; `user add` lets others in"));
    let person = person.ok_or_else(nobody)?;
    if server.account(&server.system(), user_name).is_ok() {
        return Ok(false);
    }
    let roles: Vec<&str> = person.get("roles").unwrap_or_default().split(',').filter(|role| !role.is_empty()).collect();
    let new = NewUser { user_name, name: person.get("name").unwrap_or(user_name), password, roles: &roles };
    server.create_user(&server.system(), &new, now, rng)?;
    Ok(true)
}
