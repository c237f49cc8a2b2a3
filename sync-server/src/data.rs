//! The data directory: one database file, readable by nobody else on the machine.

use std::path::PathBuf;
use std::sync::Arc;

use fieldline_model::{Dictionary, Timestamp};
use fieldline_service::Server;
use fieldline_storage_sqlite::SqliteStorage;
use fieldline_web::authority::private_directory;
use fieldline_web::{Clock, Entropy, SystemClock};

use crate::failed::{Failed, io};

/// The directory with everything the server keeps.
#[derive(Debug, clap::Args)]
pub struct Data {
    /// The directory with everything the server keeps; made when it does not exist.
    #[arg(long = "data", value_name = "DIR")]
    directory: PathBuf,
}

/// A server opened on its data, this moment, and chance.
pub struct Opened {
    /// The server.
    pub server: Arc<Server>,
    /// The moment of the command.
    pub now: Timestamp,
    /// Chance.
    pub rng: Entropy,
}

impl Data {
    /// The data in a directory.
    pub fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.directory.join("fieldline.db")
    }

    /// The directory of the local authority, when there is one.
    pub fn tls(&self) -> PathBuf {
        self.directory.join("tls")
    }

    /// Makes the directory for its owner alone, unless it exists.
    pub fn create(&self) -> Result<(), Failed> {
        private_directory().create(&self.directory).map_err(io("making the data directory", &self.directory))
    }

    /// Opens the server, on a new database the first time.
    pub fn open_or_create(&self) -> Result<Opened, Failed> {
        self.create()?;
        open(SqliteStorage::open(self.database())?)
    }

    /// Opens the server on the database there is.
    pub fn open(&self) -> Result<Opened, Failed> {
        let database = self.database();
        if !database.exists() {
            let problem = format!("{} does not exist; `sync-server serve` makes it", database.display());
            return Err(Failed::Usage(problem));
        }
        open(SqliteStorage::open(database)?)
    }
}

/// Opens the server on a database.
pub fn open(storage: SqliteStorage) -> Result<Opened, Failed> {
    let (now, mut rng) = (SystemClock.now(), Entropy::open());
    let dictionary = Dictionary::shipped().clone();
    let server = Arc::new(Server::open(Arc::new(storage), dictionary, now, &mut rng)?);
    Ok(Opened { server, now, rng })
}
