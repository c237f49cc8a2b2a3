//! The phone of the scenarios in Rust: the same functions the other languages call, without what lies between.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fieldline_ffi::platform::{CallObserver, Locator, Platform, PlatformClock, PlatformError, SecretStore};
use fieldline_ffi::{
    Command, Fieldline, FieldlineError, Moment, Place, PlannedDay, SyncEvent, SyncListener, core_version,
};
use fieldline_model::hex;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

/// What the phone's platform is told from outside.
#[derive(Default)]
struct World {
    secrets: Mutex<PathBuf>,
    clock: Mutex<Option<Moment>>,
    here: Mutex<Option<Place>>,
    heard: Mutex<Vec<SyncEvent>>,
    /// The function that is to panic, and whether after its work.
    panic_in: Mutex<Option<(String, bool)>>,
}

fn locked<T: Clone>(mutex: &Mutex<T>) -> T {
    mutex.lock().expect("nobody panics with it").clone()
}

struct Told(Arc<World>);

fn failed(problem: impl ToString) -> PlatformError {
    PlatformError::Failed { message: problem.to_string() }
}

impl Told {
    fn secrets(&self) -> Result<BTreeMap<String, String>, PlatformError> {
        let file = locked(&self.0.secrets);
        if !file.exists() {
            return Ok(BTreeMap::new());
        }
        serde_json::from_str(&fs::read_to_string(file).map_err(failed)?).map_err(failed)
    }

    fn keep(&self, secrets: &BTreeMap<String, String>) -> Result<(), PlatformError> {
        fs::write(locked(&self.0.secrets), serde_json::to_string(secrets).map_err(failed)?).map_err(failed)
    }
}

impl SecretStore for Told {
    fn load(&self, name: String) -> Result<Option<Vec<u8>>, PlatformError> {
        let kept = self.secrets()?.get(&name).map(|digits| hex::decode::<32>(digits).map(Vec::from));
        kept.map(|key| key.ok_or_else(|| failed("the key store's file is spoilt"))).transpose()
    }

    fn save(&self, name: String, secret: Vec<u8>) -> Result<(), PlatformError> {
        let mut secrets = self.secrets()?;
        secrets.insert(name, hex::encode(&secret));
        self.keep(&secrets)
    }

    fn remove(&self, name: String) -> Result<(), PlatformError> {
        let mut secrets = self.secrets()?;
        secrets.remove(&name);
        self.keep(&secrets)
    }
}

impl PlatformClock for Told {
    fn now(&self) -> Moment {
        locked(&self.0.clock).expect("a clock is passed only when it was set")
    }
}

impl Locator for Told {
    fn here(&self) -> Option<Place> {
        locked(&self.0.here)
    }
}

impl SyncListener for Told {
    fn on_event(&self, event: SyncEvent) {
        self.0.heard.lock().expect("nobody panics with it").push(event);
    }
}

impl Told {
    fn panics_in(&self, function: String, after: bool) {
        let planned =
            self.0.panic_in.lock().expect("nobody panics with it").take_if(|planned| *planned == (function, after));
        assert!(planned.is_none(), "a panic on purpose");
    }
}

impl CallObserver for Told {
    fn begins(&self, function: String) {
        self.panics_in(function, false);
    }

    fn ends(&self, function: String) {
        self.panics_in(function, true);
    }
}

/// Arguments of a call.
struct With(Json);

impl With {
    fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, FieldlineError> {
        let given = self.0.get(name).cloned().unwrap_or_default();
        serde_json::from_value(given).map_err(|problem| FieldlineError::Invalid {
            message: format!("{name}: {problem}"),
            record: None,
            subject: None,
        })
    }
}

struct Phone {
    world: Arc<World>,
    store: Option<Arc<Fieldline>>,
    plan: Option<Arc<PlannedDay>>,
    tokio: tokio::runtime::Runtime,
}

type Said = Result<Json, FieldlineError>;

fn said<T: serde::Serialize>(answer: Result<T, FieldlineError>) -> Said {
    answer.map(|answer| serde_json::to_value(answer).expect("answers are plain data"))
}

fn main() {
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("there are threads");
    let mut phone = Phone { world: Arc::default(), store: None, plan: None, tokio };
    for line in std::io::stdin().lock().lines() {
        let question: Json = serde_json::from_str(&line.expect("questions are text")).expect("questions are JSON");
        let call = question["call"].as_str().expect("a question names its call").to_owned();
        let answer = match phone.answers(&call, &With(question["with"].clone())) {
            Ok(answer) => json!({ "ok": answer }),
            Err(error) => {
                let message = error.to_string();
                let mut error = serde_json::to_value(error).expect("errors are plain data");
                error["message"] = message.into();
                json!({ "error": error })
            }
        };
        println!("{answer}");
        std::io::stdout().flush().expect("whoever asked listens");
    }
}

impl Phone {
    fn told(&self) -> Arc<Told> {
        Arc::new(Told(self.world.clone()))
    }

    fn store(&self) -> Arc<Fieldline> {
        self.store.clone().expect("the store is opened first")
    }

    fn answers(&mut self, call: &str, with: &With) -> Said {
        match call {
            "platform" => self.platform(with),
            "close" => {
                self.store = None;
                Ok(Json::Null)
            }
            "events" => said(Ok(std::mem::take(&mut *self.world.heard.lock().expect("nobody panics with it")))),
            "open" => {
                self.store = Some(Fieldline::open(with.get("directory")?, self.given())?);
                Ok(Json::Null)
            }
            "core_version" => Ok(core_version().into()),
            "trial_panic" => {
                let planned = (with.get("function")?, with.get("after_its_work")?);
                *self.world.panic_in.lock().expect("nobody panics with it") = Some(planned);
                Ok(Json::Null)
            }
            "cycles" => self.cycles(with),
            "time_today" => self.time_today(with),
            "plan_day" => {
                let plan = self.store().plan_day(with.get("from")?, with.get("until")?, with.get("here")?)?;
                said(self.plan.insert(plan).shown())
            }
            "shown" => said(self.plan.as_ref().expect("a day is planned first").shown()),
            "take_day" => said(self.store().take_day(self.plan.clone().expect("a day is planned first"))),
            "sign_in" | "enrol" | "sync" | "visit_kiosk" | "in_step" | "cancel_sync" => self.waits(call, with),
            _ => self.asks(call, with),
        }
    }

    fn platform(&mut self, with: &With) -> Said {
        let world = &self.world;
        *world.secrets.lock().expect("nobody panics with it") = with.get("secrets")?;
        *world.clock.lock().expect("nobody panics with it") = with.get("clock_ms")?;
        *world.here.lock().expect("nobody panics with it") = with.get("here")?;
        Ok(Json::Null)
    }

    fn given(&self) -> Platform {
        let clock = locked(&self.world.clock).is_some();
        Platform {
            secrets: self.told(),
            http: None,
            clock: clock.then(|| self.told() as Arc<dyn PlatformClock>),
            locator: Some(self.told()),
            observer: Some(self.told()),
            log: None,
        }
    }

    /// Calls that answer at once.
    fn asks(&self, call: &str, with: &With) -> Said {
        let store = self.store();
        match call {
            "enrolled" => said(store.enrolled()),
            "salvage" => said(store.salvage()),
            "execute" => said(store.execute(with.get::<Command>("command")?)),
            "today" => said(store.today(with.get("from")?, with.get("until")?, with.get("columns")?)),
            "by_state" => said(store.by_state(with.get("table")?, with.get("state")?, with.get("columns")?)),
            "by_table" => said(store.by_table(with.get("table")?, with.get("columns")?)),
            "by_site" => said(store.by_site(with.get("location")?, with.get("columns")?)),
            "by_asset" => said(store.by_asset(with.get("asset")?, with.get("columns")?)),
            "referring" => said(store.referring(with.get("target")?, with.get("table")?, with.get("columns")?)),
            "search" => said(store.search(with.get("text")?, with.get("columns")?)),
            "van_stock" => said(store.van_stock()),
            "record" => said(store.record(with.get("record")?)),
            "form" => said(store.form(with.get("record")?)),
            "sla_clocks" => said(store.sla_clocks(with.get("record")?)),
            "checklists" => said(store.checklists(with.get("record")?)),
            "signatures" => said(store.signatures(with.get("record")?)),
            "safety" => said(store.safety()),
            "leases" => said(store.leases()),
            "resolve_code" => said(store.resolve_code(with.get("code")?)),
            "swap" => said(store.swap(with.get("swap")?)),
            "needs_attention" => said(store.needs_attention()),
            "what_changed" => said(store.what_changed()),
            "looked_at" => said(store.looked_at(with.get("through")?)),
            "outbox" => said(store.outbox()),
            "sync_status" => said(store.sync_status()),
            "file" => said(store.file(with.get("blob")?).map(|content| content.map(|content| hex::encode(&content)))),
            "fetch" => said(store.fetch(with.get("record")?, with.get("blob")?)),
            "set_budget_bytes" => said(store.set_budget_bytes(with.get("bytes")?)),
            "network_is_back" => said(store.network_is_back()),
            "stop" => said(store.stop()),
            "tidy" => said(store.tidy()),
            "wipe" => said(store.wipe()),
            other => panic!("there is no call {other}"),
        }
    }

    /// Calls that wait for the world.
    fn waits(&self, call: &str, with: &With) -> Said {
        let (store, listener) = (self.store(), self.told());
        self.tokio.block_on(async {
            match call {
                "sign_in" => {
                    let (server, user) = (with.get("server")?, with.get("user_name")?);
                    said(store.sign_in(server, user, with.get("password")?, with.get("device_name")?).await)
                }
                "enrol" => {
                    let (server, invitation) = (with.get("server")?, with.get("invitation")?);
                    said(store.enrol(server, invitation, with.get("device_name")?).await)
                }
                "sync" => said(store.sync(Some(listener), with.get("most_seconds")?).await),
                "visit_kiosk" => said(store.visit_kiosk(with.get("address")?).await),
                "in_step" => {
                    let time = Duration::from_millis(with.get("for_milliseconds")?);
                    let stop = async {
                        tokio::time::sleep(time).await;
                        store.stop()
                    };
                    let (ended, stopped) = tokio::join!(store.keep_in_step(listener), stop);
                    stopped?;
                    said(ended)
                }
                "cancel_sync" => {
                    let time = Duration::from_millis(with.get("after_milliseconds")?);
                    drop(tokio::time::timeout(time, store.sync(Some(listener), None)).await);
                    Ok(Json::Null)
                }
                other => panic!("there is no call {other}"),
            }
        })
    }

    fn cycles(&self, with: &With) -> Said {
        let (directory, count): (String, u64) = (with.get("directory")?, with.get("count")?);
        let cycle = || -> Result<(), FieldlineError> {
            let store = Fieldline::open(directory.clone(), self.given())?;
            core_version();
            store.sync_status().map(drop)
        };
        (0..count / 10).try_for_each(|_| cycle())?;
        let before_bytes = resident_bytes();
        (0..count).try_for_each(|_| cycle())?;
        Ok(json!({ "before_bytes": before_bytes, "after_bytes": resident_bytes() }))
    }

    #[expect(clippy::disallowed_methods, reason = "how long a call takes is measured in the world")]
    fn time_today(&self, with: &With) -> Said {
        let (store, repetitions): (_, usize) = (self.store(), with.get("repetitions")?);
        let (from, until, columns): (Moment, Moment, Vec<String>) =
            (with.get("from")?, with.get("until")?, with.get("columns")?);
        let mut times = Vec::new();
        for number in 0..2 * repetitions {
            let begun = std::time::Instant::now();
            store.today(from, until, columns.clone())?;
            if number >= repetitions {
                times.push(begun.elapsed().as_nanos() as u64);
            }
        }
        times.sort_unstable();
        Ok(json!({ "nanoseconds": times[times.len() / 2] }))
    }
}

/// How much memory this process holds, as Linux says.
fn resident_bytes() -> u64 {
    const PAGE_BYTES: u64 = 4096;
    let told = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    told.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * PAGE_BYTES
}
