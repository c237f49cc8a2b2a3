//! `demo`: the main job, all the way, on real data and real HTTP, with figures at the end.
//!
//! Imports the real incident log the way an organisation would, makes work orders of the incidents that needed somebody on
//! site, and lets twelve technicians with real encrypted devices work a shift: they drop off the air, edit, photograph, let
//! customers sign and complete jobs, while the dispatcher changes the same jobs. Then everybody comes back, and everything is
//! compared; and an alert in the night shows the whole way from a machine to a customer who agrees. Choices follow from
//! `--seed`; passwords, keys and identities are drawn from the machine's entropy all the same.

mod alert;
mod clock;
mod dispatcher;
mod failed;
mod office;
mod people;
mod phone;
mod picture;
mod radio;
mod setup;
mod tally;
mod verdict;

use std::collections::BTreeSet;
use std::io::Cursor;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use fieldline_device::DeviceError;
use fieldline_model::{Dictionary, SysId};
use fieldline_service::{NewUser, Server};
use fieldline_storage_sqlite::SqliteStorage;
use fieldline_web::{Clock, Entropy};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::data::Data;
use crate::failed::{Failed, io};
use crate::import::{Progress, Report, Source, load_events};
use alert::{Scene, Stage};
use clock::ShiftClock;
use dispatcher::{Changed, Dispatcher};
use office::Office;
use people::{DISPATCHER, NIGHT, TECHNICIANS};
use phone::Phone;
use radio::Radio;
use tally::{Sums, Tally};
use verdict::Verdict;

pub use failed::DemoFailed;

const LOG: &[u8] = include_bytes!("../../../tests/data/incident_event_log.csv.gz");
const LOG_NAME: &str = "incident_event_log.csv.gz";
/// Half hours of a shift.
const ROUNDS: i64 = 16;
/// How often a sync is cut in the middle.
const PERCENT_CUT: usize = 20;
/// Syncs everybody gets to come together afterwards; two are enough unless something is wrong.
const ROUNDS_TO_COME_TOGETHER: usize = 6;

/// What `demo` is told.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Keep everything in this directory, which must be new or empty; a temporary one is removed at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// What the shift's choices follow from.
    #[arg(long, default_value_t = 2016)]
    seed: u64,
    /// Stop after the table.
    #[arg(long)]
    headless: bool,
    /// Write the figures as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Names whose phone failed.
fn phone_failed(name: &str) -> impl FnOnce(DeviceError) -> Failed {
    let name = name.to_owned();
    move |source| DemoFailed::Phone { name, source: Box::new(source) }.into()
}

/// Plays the shift; keeps serving afterwards unless told otherwise.
#[expect(clippy::disallowed_methods, reason = "the demo tells how long it took")]
pub fn run(args: &DemoArgs) -> Result<(), Failed> {
    let began = Instant::now();
    // A process that has a provider already keeps it.
    drop(rustls::crypto::ring::default_provider().install_default());
    let temporary = tempfile::tempdir().map_err(io("making a temporary directory in", &std::env::temp_dir()))?;
    let directory = args.data.as_deref().unwrap_or(temporary.path());
    check_empty(directory)?;
    let clock = ShiftClock::at_dawn();
    let server = open(directory, &clock)?;
    eprintln!("importing the real incident log");
    let source = Source::read(Box::new(Cursor::new(LOG)), &directory.join(LOG_NAME))?;
    let import = load_events(&server, source, clock.now(), &mut Entropy::open())?;
    println!("{import}\n");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Failed::Io { doing: "starting the runtime".into(), source })?;
    runtime.block_on(async {
        let demo = Demo::begin(args, directory, server, clock).await?;
        let tally = demo.shift(import, began).await?;
        println!("{tally}");
        if let Some(path) = &args.json {
            std::fs::write(path, format!("{:#}\n", tally.json())).map_err(io("writing", path))?;
        }
        if !args.headless {
            demo.keep_serving().await;
        }
        demo.stop(args.headless, &tally).await
    })
}

fn check_empty(directory: &Path) -> Result<(), Failed> {
    let is_taken = std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some());
    match is_taken {
        true => {
            Err(Failed::Usage(format!("{} is not empty; give the demo a directory of its own", directory.display())))
        }
        false => Ok(()),
    }
}

fn open(directory: &Path, clock: &ShiftClock) -> Result<Arc<Server>, Failed> {
    let data = Data::at(directory.to_owned());
    data.create()?;
    let storage = Arc::new(SqliteStorage::open(data.database())?);
    let dictionary = Dictionary::shipped().clone();
    Ok(Arc::new(Server::open(storage, dictionary, clock.now(), &mut Entropy::open())?))
}

/// A demo under way.
struct Demo {
    server: Arc<Server>,
    clock: ShiftClock,
    seed: u64,
    address: SocketAddr,
    password: String,
    phones_in: PathBuf,
    stop: tokio::sync::oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<()>,
}

impl Demo {
    async fn begin(args: &DemoArgs, directory: &Path, server: Arc<Server>, clock: ShiftClock) -> Result<Self, Failed> {
        let listening = |source| Failed::Io { doing: format!("listening on {}", args.listen), source };
        let listener = TcpListener::bind(args.listen).await.map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let stopped = async { drop(stopped.await) };
        let serving = tokio::spawn(fieldline_web::serve(listener, server.clone(), Arc::new(clock.clone()), stopped));
        let password = generated_password();
        let phones_in = directory.join("phones");
        Ok(Self { server, clock, seed: args.seed, address, password, phones_in, stop, serving })
    }

    fn rng(&self, stream: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(stream);
        rng
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything from the first sign-in to the verdict.
    async fn shift(&self, import: Report, began: Instant) -> Result<Tally, Failed> {
        eprintln!("letting people in, equipping vans, making work orders");
        let users = self.let_people_in()?;
        let admin = Office::sign_in(&self.url(), "admin", &self.password).await?;
        let office = Office::sign_in(&self.url(), DISPATCHER.0, &self.password).await?;
        let technicians: Vec<String> = users.iter().map(SysId::to_string).collect();
        let mut rng = self.rng(0);
        let world = setup::set_up(&admin, &office, LOG, technicians, self.clock.began(), &mut rng).await?;
        eprintln!("enrolling {} phones; first syncs", users.len());
        let mut phones = self.hand_out_phones(&users).await?;
        let mut dispatcher =
            Dispatcher { office: &office, technicians: &world.technicians, changed: Changed::default() };
        let mut progress = Progress::of(ROUNDS.unsigned_abs(), "half hours of the shift");
        for round in 1..=ROUNDS {
            self.clock.move_to(1000 * round / (ROUNDS + 1));
            phones = self.half_hour(phones, &mut dispatcher, &mut rng).await?;
            progress.advance(1);
        }
        drop(progress);
        let changed = dispatcher.changed;
        eprintln!("everybody comes back");
        let verdict = self.come_together(&mut phones).await?;
        let (refused, told) = tally::reviews(&self.server)?;
        let metrics = &self.server.metrics;
        let (receipts, merges) = (metrics.edits_accepted.get(), metrics.edits_merged.get());
        let (files, phones) = (metrics.blobs_completed.get(), Sums::of(&phones));
        eprintln!("the night comes");
        let scene = self.night(&admin).await?;
        let seconds = began.elapsed().as_secs_f64();
        Ok(Tally { import, world, changed, verdict, scene, told, refused, phones, receipts, merges, files, seconds })
    }

    /// The administrator, the dispatcher and the technicians.
    fn let_people_in(&self) -> Result<Vec<SysId>, Failed> {
        self.server.bootstrap_admin(Some(&self.password), self.clock.now(), &mut Entropy::open())?;
        self.let_in(DISPATCHER, &["wm_dispatcher", "wm_qualifier", "itil"])?;
        TECHNICIANS.iter().map(|person| self.let_in(*person, &["wm_agent"])).collect()
    }

    fn let_in(&self, (user_name, name): (&str, &str), roles: &[&str]) -> Result<SysId, Failed> {
        let new = NewUser { user_name, name, password: &self.password, roles };
        Ok(self.server.create_user(&self.server.system(), &new, self.clock.now(), &mut Entropy::open())?)
    }

    async fn hand_out_phones(&self, users: &[SysId]) -> Result<Vec<Phone>, Failed> {
        let mut phones = Vec::with_capacity(users.len());
        for (index, (person, user)) in TECHNICIANS.iter().zip(users).enumerate() {
            let mut phone = self.hand_out_phone(*person, *user, index as u64 + 1).await?;
            phone.first_sync().await?;
            phones.push(phone);
        }
        Ok(phones)
    }

    async fn hand_out_phone(
        &self,
        person: (&'static str, &'static str),
        user: SysId,
        stream: u64,
    ) -> Result<Phone, Failed> {
        let failed = |source| Failed::Io { doing: format!("making a radio for {}", person.1), source };
        let radio = Radio::reaching(self.address).await.map_err(failed)?;
        let own = (self.clock.clone(), self.rng(stream));
        Ok(Phone::enrol(person, user, &self.password, &self.phones_in, radio, own).await?)
    }

    /// The alert that ends the demo, with a phone of its own.
    async fn night(&self, admin: &Office) -> Result<Scene, Failed> {
        let user = self.let_in(NIGHT, &["wm_agent"])?;
        let mut phone = self.hand_out_phone(NIGHT, user, u64::MAX).await?;
        Stage { demo: self, admin }.play(&mut phone).await
    }

    /// Half an hour: everybody works at once, in reach or not; then those in reach sync, all at the same time.
    async fn half_hour(
        &self,
        phones: Vec<Phone>,
        dispatcher: &mut Dispatcher<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<Phone>, Failed> {
        let mut working = JoinSet::new();
        for mut phone in phones {
            working.spawn_blocking(move || {
                phone.drive();
                phone.work().map(|()| phone)
            });
        }
        let phones = in_order(working.join_all().await)?;
        let unreachable = phones.iter().filter(|phone| !phone.radio.is_on()).map(|phone| phone.user.to_string());
        dispatcher.work(&unreachable.collect::<BTreeSet<_>>(), rng).await?;
        let mut syncing = JoinSet::new();
        for mut phone in phones {
            syncing.spawn(async move { phone.sync(PERCENT_CUT).await.map(|()| phone) });
        }
        in_order(syncing.join_all().await)
    }

    /// Everybody syncs until nothing is left to send or to fetch, then everything is compared.
    async fn come_together(&self, phones: &mut [Phone]) -> Result<Verdict, Failed> {
        self.clock.catch_up();
        for round in 1.. {
            let mut quiet = true;
            for phone in phones.iter_mut() {
                phone.come_back();
                phone.sync(0).await?;
                quiet &= phone.is_quiet()?;
            }
            let verdict = Verdict::of(&self.server, phones)?;
            if (quiet && verdict.differences.is_empty()) || round == ROUNDS_TO_COME_TOGETHER {
                return Ok(verdict);
            }
        }
        unreachable!("the last round returns")
    }

    /// Says how to look around, and serves until told to stop.
    async fn keep_serving(&self) {
        let (url, password, user) = (self.url(), &self.password, DISPATCHER.0);
        println!(
            "serving on {url} until Ctrl-C; sign in as {user} (dispatcher) or admin, the password is {password}\n"
        );
        let table = format!("{url}/api/now/table");
        println!(
            "  curl -u {user}:{password} '{table}/wm_task?sysparm_query=active=true^ORDERBYpriority&sysparm_limit=3&sysparm_display_value=true'"
        );
        println!(
            "  curl -u admin:{password} '{table}/task?sysparm_query=sys_class_name=task&sysparm_fields=number,short_description'"
        );
        println!("  curl {url}/healthz");
        crate::serve::told_to_stop().await;
    }

    async fn stop(self, headless: bool, tally: &Tally) -> Result<(), Failed> {
        self.stop.send(()).ok();
        drop(self.serving.await);
        let is_good = tally.converged() && tally.verdict.lost == 0 && tally.verdict.doubled == 0;
        match is_good || !headless {
            true => Ok(()),
            false => Err(Failed::Usage("the shift did not come out right; the table says what differs".into())),
        }
    }
}

/// Phones in their old order, whoever was ready first.
fn in_order(phones: Vec<Result<Phone, DemoFailed>>) -> Result<Vec<Phone>, Failed> {
    let mut phones = phones.into_iter().collect::<Result<Vec<_>, _>>()?;
    phones.sort_by_key(|phone| TECHNICIANS.iter().position(|(_, name)| *name == phone.name));
    Ok(phones)
}

fn generated_password() -> String {
    let mut bytes = [0; 8];
    rand_core::Rng::fill_bytes(&mut Entropy::open(), &mut bytes);
    fieldline_model::hex::encode(&bytes)
}
