//! The core as an app holds it: one person's encrypted store, its commands and its views.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use fieldline_device::http::Reqwest;
use fieldline_device::runtime::{Entropy, Runtime};
use fieldline_device::transport::{NoAnswer, Transport};
use fieldline_device::view::Day;
use fieldline_device::{self as device, DatabaseKey, Device, DeviceError};
use fieldline_model::check_in::Fix;
use rand_core::Rng;
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::clocks::SlaClock;
use crate::commands::{Command, Done};
use crate::day::PlannedDay;
use crate::error::FieldlineError;
use crate::form::FormField;
use crate::guard::guarded;
use crate::ids::{BlobHash, DeviceId, RecordId, SysId};
use crate::log;
use crate::platform::{AppClock, AppHttp, Platform, PlatformError};
use crate::record::RecordView;
use crate::value::{Moment, Place, moment_in};
use crate::views::{Columns, Item, NeedsAttention, News, OutboxEdit, StockItem, SyncStatus};

/// Who this device belongs to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Enrolled {
    /// The device.
    pub device: DeviceId,
    /// The person.
    pub user: SysId,
    /// The server's address.
    pub server: String,
}

/// What was carried over from a damaged database.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Salvage {
    /// Edits carried over, acknowledged ones too.
    pub edits: u64,
    /// Edits carried over that the server has not acknowledged.
    pub unsent: u64,
    /// Edits made after all of these that could not be read.
    pub missing: u64,
    /// Whether the device still knows who it is.
    pub knows_its_owner: bool,
    /// What a person is told.
    pub message: String,
}

/// One person's store on this machine. Several may be open, each in its own directory with its own key.
#[derive(uniffi::Object)]
pub struct Fieldline {
    directory: PathBuf,
    pub(crate) platform: Platform,
    /// `None` once it was wiped.
    runtime: RwLock<Option<Runtime>>,
    pub(crate) stopped: Notify,
}

impl Fieldline {
    pub(crate) fn runtime(&self) -> Result<Runtime, FieldlineError> {
        let runtime = self.runtime.read().unwrap_or_else(PoisonError::into_inner).clone();
        runtime.ok_or_else(|| FieldlineError::OpenAgain { message: "this store was wiped; open a new one".into() })
    }

    /// Asks the device.
    pub(crate) fn ask<T>(
        &self,
        function: &'static str,
        ask: impl FnOnce(&mut Device) -> Result<T, DeviceError>,
    ) -> Result<T, FieldlineError> {
        guarded(&self.platform, function, || Ok(ask(&mut self.runtime()?.device())?))
    }

    fn items(
        &self,
        function: &'static str,
        columns: Vec<String>,
        ask: impl FnOnce(&Device) -> Result<Vec<device::view::Item>, DeviceError>,
    ) -> Result<Vec<Item>, FieldlineError> {
        guarded(&self.platform, function, || {
            let items = ask(&self.runtime()?.device())?;
            Ok(Columns(columns).items(items))
        })
    }
}

#[uniffi::export]
impl Fieldline {
    /// Opens the store in a directory, and makes it when there is none. Its key is in the platform's secret store, under the
    /// directory's name.
    #[uniffi::constructor]
    pub fn open(directory: String, platform: Platform) -> Result<Arc<Self>, FieldlineError> {
        guarded(&platform.clone(), "open", || {
            if let Some(log) = &platform.log {
                log::goes_to(log.clone());
            }
            let directory = PathBuf::from(directory);
            let key = database_key(&directory, &platform)?;
            let device = Device::open(&directory, &key)?;
            let clock = Arc::new(AppClock(platform.clock.clone()));
            let transport: Arc<dyn Transport> = match &platform.http {
                Some(http) => Arc::new(AppHttp(http.clone())),
                None => Arc::new(Reqwest::new().map_err(|NoAnswer(problem)| FieldlineError::unexpected(&problem))?),
            };
            let runtime = RwLock::new(Some(Runtime::within(device, transport, clock)));
            Ok(Arc::new(Self { directory, platform, runtime, stopped: Notify::new() }))
        })
    }

    /// Who this device belongs to, nothing before it is enrolled.
    pub fn enrolled(&self) -> Result<Option<Enrolled>, FieldlineError> {
        let enrolled = |who: &device::Enrolment| Enrolled {
            device: who.device.into(),
            user: who.user.into(),
            server: who.server.clone(),
        };
        self.ask("enrolled", |device| Ok(device.enrolment().map(enrolled)))
    }

    /// What was carried over from a damaged database when the store was opened, nothing when it was sound.
    pub fn salvage(&self) -> Result<Option<Salvage>, FieldlineError> {
        let told = |salvage: &device::Salvage| Salvage {
            edits: salvage.edits,
            unsent: salvage.unsent,
            missing: salvage.missing,
            knows_its_owner: salvage.identity,
            message: salvage.to_string(),
        };
        self.ask("salvage", |device| Ok(device.salvage().map(told)))
    }

    /// Does what a person asked. When this returns the work is on disk.
    pub fn execute(&self, command: Command) -> Result<Done, FieldlineError> {
        guarded(&self.platform, "execute", || {
            let command = device::Command::try_from(command)?;
            let here = self.platform.locator.as_ref().and_then(|locator| locator.here());
            let here = here.map(Fix::try_from).transpose()?;
            let runtime = self.runtime()?;
            let now = runtime.now();
            let mut device = runtime.device();
            device.moved_to(here);
            let done = device.execute(command, now, &mut Entropy::default())?;
            drop(device);
            runtime.poke();
            Ok(done.into())
        })
    }

    /// This person's work of a day: what begins in it, and before that what is overdue or has no time. `columns` names the
    /// fields wanted; so with every list, and all come when none is named.
    pub fn today(&self, from: Moment, until: Moment, columns: Vec<String>) -> Result<Vec<Item>, FieldlineError> {
        self.items("today", columns, |device| device.today(day(from, until)))
    }

    /// The records of a table in a state, by number.
    pub fn by_state(&self, table: String, state: i64, columns: Vec<String>) -> Result<Vec<Item>, FieldlineError> {
        self.items("by_state", columns, |device| device.by_state(&table.as_str().into(), state))
    }

    /// The records of a table, by what people recognise them by.
    pub fn by_table(&self, table: String, columns: Vec<String>) -> Result<Vec<Item>, FieldlineError> {
        self.items("by_table", columns, |device| device.by_table(&table.as_str().into()))
    }

    /// Work and assets at a site, open ones first.
    pub fn by_site(&self, location: SysId, columns: Vec<String>) -> Result<Vec<Item>, FieldlineError> {
        let location = location.try_into()?;
        self.items("by_site", columns, |device| device.by_site(location))
    }

    /// Work on an asset, open ones first: its history on this device.
    pub fn by_asset(&self, asset: SysId, columns: Vec<String>) -> Result<Vec<Item>, FieldlineError> {
        let asset = asset.try_into()?;
        self.items("by_asset", columns, |device| device.by_asset(asset))
    }

    /// The records of a table that refer to a record, such as the tasks of an order.
    pub fn referring(&self, target: SysId, table: String, columns: Vec<String>) -> Result<Vec<Item>, FieldlineError> {
        let target = target.try_into()?;
        self.items("referring", columns, |device| device.referring(target, &table.as_str().into()))
    }

    /// Records in which every word occurs, the last one perhaps unfinished; the most telling first.
    pub fn search(&self, text: String, columns: Vec<String>) -> Result<Vec<Item>, FieldlineError> {
        self.items("search", columns, |device| device.search(&text))
    }

    /// What is in this person's van.
    pub fn van_stock(&self) -> Result<Vec<StockItem>, FieldlineError> {
        let shown =
            |stock: device::view::StockItem| StockItem { item: Columns::all().item(stock.item), left: stock.left };
        self.ask("van_stock", |device| Ok(device.van_stock()?.into_iter().map(shown).collect()))
    }

    /// Everything about one record, nothing when it is not here.
    pub fn record(&self, record: RecordId) -> Result<Option<RecordView>, FieldlineError> {
        let id = record.try_into()?;
        self.ask("record", |device| Ok(device.record(&id)?.map(RecordView::from)))
    }

    /// A record as a form, nothing when it is not here.
    pub fn form(&self, record: RecordId) -> Result<Option<Vec<FormField>>, FieldlineError> {
        let id = record.try_into()?;
        let fields = |fields: Vec<device::form::FormField>| fields.into_iter().map(FormField::from).collect();
        self.ask("form", |device| Ok(device.form(&id)?.map(fields)))
    }

    /// The service level clocks of a record now, the one that is breached first at the front.
    pub fn sla_clocks(&self, record: RecordId) -> Result<Vec<SlaClock>, FieldlineError> {
        let id = record.try_into()?;
        guarded(&self.platform, "sla_clocks", || {
            let runtime = self.runtime()?;
            let clocks = runtime.device().sla_clocks(&id, runtime.now())?;
            Ok(clocks.into_iter().map(SlaClock::from).collect())
        })
    }

    /// What waits for this person's decision.
    pub fn needs_attention(&self) -> Result<NeedsAttention, FieldlineError> {
        self.ask("needs_attention", |device| Ok(device.needs_attention()?.into()))
    }

    /// What others did since this person last looked, newest first.
    pub fn what_changed(&self) -> Result<Vec<News>, FieldlineError> {
        self.ask("what_changed", |device| Ok(device.what_changed()?.into_iter().map(News::from).collect()))
    }

    /// Says that this person has looked at everything up to a number.
    pub fn looked_at(&self, through: u64) -> Result<(), FieldlineError> {
        self.ask("looked_at", |device| device.looked_at(through))
    }

    /// The edits made here, newest first: those on their way, those held, and the acknowledged ones still kept.
    pub fn outbox(&self) -> Result<Vec<OutboxEdit>, FieldlineError> {
        self.ask("outbox", |device| Ok(device.outbox()?.into_iter().map(OutboxEdit::from).collect()))
    }

    /// How this device stands with its server.
    pub fn sync_status(&self) -> Result<SyncStatus, FieldlineError> {
        self.ask("sync_status", |device| Ok(device.sync_status()?.into()))
    }

    /// The best order of the rest of a day, from now and from a place on.
    pub fn plan_day(&self, from: Moment, until: Moment, here: Place) -> Result<Arc<PlannedDay>, FieldlineError> {
        guarded(&self.platform, "plan_day", || {
            let runtime = self.runtime()?;
            let plan = runtime.device().plan_day(day(from, until), runtime.now(), here.try_into()?)?;
            Ok(Arc::new(PlannedDay { plan, platform: self.platform.clone() }))
        })
    }

    /// Writes the times of a planned day into its tasks.
    pub fn take_day(&self, plan: Arc<PlannedDay>) -> Result<Vec<Done>, FieldlineError> {
        guarded(&self.platform, "take_day", || {
            let runtime = self.runtime()?;
            let done = runtime.device().take_day(&plan.plan, runtime.now(), &mut Entropy::default())?;
            runtime.poke();
            Ok(done.into_iter().map(Done::from).collect())
        })
    }

    /// The content of a captured file, nothing when it is not whole on this device; see [`Fieldline::fetch`].
    pub fn file(&self, blob: BlobHash) -> Result<Option<Vec<u8>>, FieldlineError> {
        let blob = blob.try_into()?;
        self.ask("file", |device| device.file(blob))
    }

    /// Fetches a file of a record with the next syncs.
    pub fn fetch(&self, record: RecordId, blob: BlobHash) -> Result<(), FieldlineError> {
        let (record, blob) = (record.try_into()?, blob.try_into()?);
        self.ask("fetch", |device| device.fetch(&record, blob))
    }

    /// Says how many bytes may be sent at once, by what the line is worth: less on a metered or a weak one.
    pub fn set_budget_bytes(&self, bytes: u32) -> Result<(), FieldlineError> {
        self.ask("set_budget_bytes", |device| {
            device.set_budget_bytes(bytes);
            Ok(())
        })
    }

    /// Says that the network is back: whoever keeps in step tries at once.
    pub fn network_is_back(&self) -> Result<(), FieldlineError> {
        guarded(&self.platform, "network_is_back", || {
            self.runtime()?.resume();
            Ok(())
        })
    }

    /// Stops every exchange under way; whoever waits for one gets [`FieldlineError::Stopped`].
    pub fn stop(&self) -> Result<(), FieldlineError> {
        guarded(&self.platform, "stop", || {
            self.stopped.notify_waiters();
            Ok(())
        })
    }

    /// Folds indexes and logs, and overwrites what purged records left in them. For idle moments.
    pub fn tidy(&self) -> Result<(), FieldlineError> {
        self.ask("tidy", |device| device.tidy())
    }

    /// Removes everything: the key first, without which nothing can be read, then the files. What was not sent is lost.
    pub fn wipe(&self) -> Result<(), FieldlineError> {
        guarded(&self.platform, "wipe", || {
            self.stopped.notify_waiters();
            self.runtime.write().unwrap_or_else(PoisonError::into_inner).take();
            self.platform.secrets.remove(key_name(&self.directory)).map_err(key_store_failed)?;
            Ok(Device::wipe(&self.directory)?)
        })
    }
}

fn day(from: Moment, until: Moment) -> Day {
    Day { from: moment_in(from), until: moment_in(until) }
}

/// The key of a directory's database; a fresh one where there is no database yet.
fn database_key(directory: &Path, platform: &Platform) -> Result<DatabaseKey, FieldlineError> {
    let name = key_name(directory);
    let kept = platform.secrets.load(name.clone()).map_err(key_store_failed)?;
    let Some(kept) = kept.map(Zeroizing::new) else {
        if Device::is_in(directory) {
            let message = "this phone's key store has no key for the database here: it was copied from another phone, or the \
                           keys were removed. Wipe it and sign in again; what the server has comes back";
            return Err(FieldlineError::WrongKey { message: message.into() });
        }
        let mut bytes = Zeroizing::new([0; 32]);
        Entropy::default().fill_bytes(&mut *bytes);
        platform.secrets.save(name, bytes.to_vec()).map_err(key_store_failed)?;
        return Ok(DatabaseKey::new(*bytes));
    };
    let bytes = <[u8; 32]>::try_from(kept.as_slice()).map_err(|_| FieldlineError::WrongKey {
        message: "what the key store holds is no key of this app; wipe the store and sign in again".into(),
    })?;
    Ok(DatabaseKey::new(bytes))
}

/// A phone may give an app's folder another path, but not another name.
fn key_name(directory: &Path) -> String {
    let name = directory.file_name().map(|name| name.to_string_lossy().into_owned());
    format!("org.fieldline.{}", name.unwrap_or_default())
}

fn key_store_failed(PlatformError::Failed { message }: PlatformError) -> FieldlineError {
    let message = format!("the phone's key store did not answer ({message}); unlock the phone and try again");
    FieldlineError::WrongKey { message }
}
