//! Everything the server does, without knowing HTTP: synchronous, no clock, no entropy, one database behind traits.
//!
//! * [`Server`] is opened on a database and a dictionary. [`Server::write`] and [`Server::read`] give a [`call::Call`], the
//!   one parameter of every service function: who asks, when, with which dice, in which transaction.
//! * [`accounts`] keeps people and devices, [`identity`] lets them and programs in. [`sync`] answers devices: admission of edits, then what is new for them.
//! * `rules` act on what is written, as an organisation wrote them; [`explain`] says who or which rule wrote what.
//! * [`table`] is the record API over any table of the dictionary; [`import`] loads histories made elsewhere, [`import_sets`]
//!   rows that transform maps make records of.
//! * [`itsm`] lets incidents, problems and their tasks move each other.
//! * [`flows`] do what follows step by step, kept where it stands.
//! * [`notifications`] tell people what changed, as rows that somebody else sends.
//! * [`on_call`] knows who is on call, and tells them of what cannot wait.
//! * [`outgoing`] keeps requests to outside systems, which flows and `webhooks` make, as rows that somebody else sends.
//! * `sla` keeps the clocks of tasks, [`jobs`] does what is due at a moment.
//! * [`attachments`] are the files of records, whoever captured or sent them; [`reading`] tells what they say.
//! * [`csm`] knows customers: what they are entitled to, what they see, and how field work comes back to them.
//! * [`mail_in`] follows mail that comes in, [`interactions`] are the contacts with people outside.
//! * [`work_items`] are offered to agents who are there, fit and have room.
//! * [`chat`] lets customers write and agents answer.
//! * [`cases`] is what customers' systems see of cases, [`catalog`] says what may be ordered and makes requests of orders.
//! * [`change_requests`] plans changes, asks for approvals and says what collides.
//! * [`knowledge`] takes articles from draft to draft of the next version.
//! * [`cmdb`] recognises configuration items that several sources tell of, and relates them.
//! * [`reports`] says whether a service report is what a phone made.
//! * [`on_site`] lets checklists, time cards, meters and safety follow from what technicians do.
//! * [`timeline`] tells what happened to a record and all it is linked with.
//! * `maintenance` makes orders of what is due again.
//! * [`work_orders`] come of what somebody reported, and move with their tasks.
//! * [`appointments`] are windows that customers book.
//! * [`customer_links`] let customers without an account follow, book and sign.
//! * [`stock`] knows where parts are and who may take them.
//! * [`dispatch`] plans the open tasks of a group into its technicians' rosters.
//!
//! Every change of a document, whoever makes it, goes one road (`edits.rs`): apply, project, relink, react, and at the end of
//! the call number everything in the feed. Who may hold a record is answered in one place (`scope.rs`).
//!
//! What it leaves out: sending anything anywhere. A test or the simulator drives the same [`Server`] as the web does.

pub mod accounts;
mod admit;
mod adopted;
pub mod appointments;
mod approvals;
pub mod attachments;
mod audit;
mod author;
mod auto_responder;
mod blobs;
pub mod bookmark;
mod bootstrap;
pub mod call;
pub mod cases;
pub mod catalog;
pub mod change_requests;
mod changes;
pub mod chat;
pub mod cmdb;
pub mod csm;
mod cursor;
pub mod customer_links;
mod definitions;
pub mod dispatch;
mod edits;
pub mod enrolment;
pub mod error;
pub mod explain;
mod file_changes;
pub mod flows;
pub mod guard;
pub mod identity;
pub mod import;
pub mod import_sets;
pub mod interactions;
pub mod itsm;
pub mod jobs;
mod kept;
pub mod knowledge;
mod known;
mod live;
pub mod mail_in;
mod maintenance;
pub mod metrics;
pub mod moment;
pub mod named;
pub mod notifications;
mod numbers;
pub mod on_call;
pub mod on_site;
pub mod outgoing;
mod page;
mod passwords;
mod preset;
mod pull;
mod query;
pub mod question;
mod react;
pub mod reading;
pub mod relay;
mod renewal;
pub mod reports;
mod retention;
mod roles;
mod rows;
mod rules;
mod scope;
pub mod search;
mod secrets;
pub mod server;
mod sla;
pub mod stock;
pub mod sync;
pub mod table;
mod template;
pub mod timeline;
mod tiny;
mod webhooks;
pub mod work_items;
pub mod work_orders;

pub use accounts::{AccountError, Enrolled, NewUser, Session};
pub use call::{Call, Caller};
pub use error::ServiceError;
pub use identity::SignIn;
pub use passwords::PasswordCost;
pub use relay::Unsealed;
pub use server::Server;
pub use sync::{Checked, SyncRefusal};
pub use table::TableError;
