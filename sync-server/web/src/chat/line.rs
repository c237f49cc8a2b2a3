//! One socket: what the other side says is done, and what is said in its chat is told.
//!
//! Who asks is looked at with each message, as everywhere. A socket that is quiet looks whether something is new every so often,
//! because another process of this server may have written it.

use std::pin::pin;
use std::time::Duration;

use axum::extract::ws::{Message as Frame, WebSocket};
use fieldline_model::{Record, SysId};
use fieldline_service::chat::{self, Message, Visitor};
use fieldline_service::{Call, Caller, TableError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::rooms::{Place, Seat};
use crate::App;
use crate::caller::{authenticate, blocking};
use crate::edge::Visitor as Client;
use crate::refusal::Refusal;

/// Chats that may begin from one address in a minute, as passes may be guessed.
const BEGINNINGS_PER_MINUTE: u32 = 20;
/// How often a quiet socket looks, and how many looks it is alive without a word from the other side.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const QUIET_LOOKS: u32 = 15 * 60 / 2;
/// Looks between two pings, which keep proxies from ending a quiet line.
const LOOKS_PER_PING: u32 = 15;

/// What comes from the other side.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Heard {
    Begin {
        text: String,
        #[serde(default)]
        name: String,
        #[serde(default)]
        email: String,
    },
    Resume {
        chat: SysId,
        #[serde(default)]
        after: i64,
    },
    Say {
        text: String,
    },
    Case,
    Leave,
}

/// Who is at the other side.
pub enum Who {
    /// A customer by the token they signed in with.
    Customer(String),
    /// Whoever has a pass.
    Bearer(String),
    /// Nobody known yet.
    Guest,
    /// An agent by their token.
    Agent(String),
}

/// One socket.
pub struct Line {
    socket: WebSocket,
    other: Other,
    _place: Place,
}

/// What became of looking for news.
enum News {
    GoesOn,
    Ended,
}

impl Line {
    /// A socket that was just opened.
    pub fn new(app: App, socket: WebSocket, (who, client): (Who, Client), place: Place) -> Self {
        Self { socket, other: Other { app, who, client, seat: None, told: 0 }, _place: place }
    }

    /// Listens in a chat from a number on.
    pub fn sits_down(&mut self, chat: SysId, after: i64) {
        self.other.sits_down(chat, after);
    }

    /// Speaks until either side leaves or the chat is over.
    pub async fn run(mut self) {
        let mut quiet = 0;
        loop {
            let told = self.other.seat.as_ref().map(|seat| seat.told.clone()).unwrap_or_default();
            // It hears before it looks, so that nothing is said between the two.
            let mut woken = pin!(told.notified());
            woken.as_mut().enable();
            if self.other.app.rooms.is_closed() || matches!(self.tell_news().await, Ok(News::Ended) | Err(())) {
                return;
            }
            tokio::select! {
                frame = self.socket.recv() => {
                    quiet = 0;
                    match frame {
                        Some(Ok(Frame::Text(text))) => {
                            if self.hear(text.as_str()).await.is_err() {
                                return;
                            }
                        }
                        Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => {}
                        _ => return,
                    }
                }
                () = &mut woken => {}
                () = tokio::time::sleep(LOOK_EVERY) => {
                    quiet += 1;
                    let is_ping = quiet % LOOKS_PER_PING == 0;
                    if quiet > QUIET_LOOKS || is_ping && self.socket.send(Frame::Ping(Vec::new().into())).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    async fn send(&mut self, said: Value) -> Result<(), ()> {
        self.socket.send(Frame::Text(said.to_string().into())).await.map_err(drop)
    }

    /// Does what the other side says; a refusal is told, and the line goes on.
    async fn hear(&mut self, text: &str) -> Result<(), ()> {
        let done = match serde_json::from_str(text) {
            Ok(heard) => self.other.act(heard).await,
            Err(problem) => Err(Refusal::Malformed(format!("the message: {problem}"))),
        };
        match done {
            Ok(Some(answer)) => self.send(answer).await,
            Ok(None) => Ok(()),
            Err(refusal) => self.send(json!({ "type": "refused", "detail": refusal.to_string() })).await,
        }
    }

    /// Tells what was said since; whether the chat goes on.
    async fn tell_news(&mut self) -> Result<News, ()> {
        let Ok(chat) = self.other.chat() else { return Ok(News::GoesOn) };
        loop {
            let (row, said) = self.other.news(chat).await.map_err(drop)?;
            let is_all = said.is_empty();
            for message in said {
                self.other.told = message.order;
                let Message { order, by, name, at, text } = message;
                let at = at.to_string();
                self.send(json!({ "type": "message", "order": order, "by": by, "name": name, "at": at, "text": text }))
                    .await?;
            }
            let is_over = row.text("state").starts_with("closed_");
            if is_all && is_over {
                self.send(json!({ "type": "ended", "state": row.text("state") })).await?;
            }
            if is_all {
                return Ok(if is_over { News::Ended } else { News::GoesOn });
            }
        }
    }
}

/// The other side of a socket: who it is, where it sits, and the last number it was told.
struct Other {
    app: App,
    who: Who,
    client: Client,
    seat: Option<Seat>,
    told: i64,
}

impl Other {
    fn sits_down(&mut self, chat: SysId, after: i64) {
        self.seat = Some(Seat::take(&self.app.rooms, chat));
        self.told = after;
    }

    async fn act(&mut self, heard: Heard) -> Result<Option<Value>, Refusal> {
        match heard {
            Heard::Begin { text, name, email } => self.begin(text, (name, email)).await.map(Some),
            Heard::Resume { chat, after } => {
                self.is_let_begin()?;
                let visitor = self.visitor().await?;
                self.read(None, move |call| chat::of_visitor(call, &visitor, chat)).await?;
                self.sits_down(chat, after);
                Ok(None)
            }
            Heard::Say { text } => {
                let chat = self.chat()?;
                if let Some(agent) = self.agent().await? {
                    self.write(Some(agent), move |call| chat::say_as_agent(call, chat, &text)).await?;
                } else {
                    let visitor = self.visitor().await?;
                    self.write(None, move |call| chat::say_as_visitor(call, &visitor, chat, &text)).await?;
                }
                self.app.rooms.wake(chat);
                Ok(None)
            }
            Heard::Case => {
                let (chat, visitor) = (self.chat()?, self.visitor().await?);
                let case = self.write(None, move |call| chat::case_instead(call, &visitor, chat)).await?;
                self.app.rooms.wake(chat);
                Ok(Some(json!({ "type": "case", "number": case.text("number") })))
            }
            Heard::Leave => {
                let (chat, visitor) = (self.chat()?, self.visitor().await?);
                self.write(None, move |call| chat::leave(call, &visitor, chat)).await?;
                self.app.rooms.wake(chat);
                Ok(None)
            }
        }
    }

    async fn begin(&mut self, text: String, (name, email): (String, String)) -> Result<Value, Refusal> {
        self.is_let_begin()?;
        let visitor = match &self.who {
            Who::Guest => Visitor::Guest { name, email },
            _ => self.visitor().await?,
        };
        let begun = self.write(None, move |call| chat::begin(call, &visitor, &text)).await?;
        let chat = begun.chat.id.sys_id;
        // From here on a guest is whoever has the pass of the chat.
        if matches!(&self.who, Who::Guest) {
            self.who = Who::Bearer(begun.pass.clone());
        }
        self.sits_down(chat, 0);
        Ok(json!({ "type": "begun", "chat": chat, "number": begun.chat.text("number"), "pass": begun.pass }))
    }

    /// Counts who begins or comes back: once for each socket, and not too often from one address.
    fn is_let_begin(&self) -> Result<(), Refusal> {
        if self.seat.is_some() {
            return Err(Refusal::Malformed("this line is in a chat; open another one for another chat".into()));
        }
        match self.app.beginnings.lets(self.client, BEGINNINGS_PER_MINUTE, self.app.clock.now()) {
            true => Ok(()),
            false => Err(Refusal::TooMany(60)),
        }
    }

    fn chat(&self) -> Result<SysId, Refusal> {
        let problem = || Refusal::Malformed("begin a chat first, or resume one".into());
        self.seat.as_ref().map(|seat| seat.chat).ok_or_else(problem)
    }

    /// Who visits, as they are known at this moment.
    async fn visitor(&self) -> Result<Visitor, Refusal> {
        match &self.who {
            Who::Customer(token) => Ok(Visitor::User(authenticate(&self.app, token.clone()).await?)),
            Who::Bearer(pass) => Ok(Visitor::Pass(pass.clone())),
            Who::Guest => Err(Refusal::Forbidden("begin a chat first, or come back with its pass".into())),
            Who::Agent(_) => {
                Err(Refusal::Forbidden("only the customer of a chat may; agents answer and wrap up".into()))
            }
        }
    }

    /// The agent at the other side, as they are known at this moment; `None` when it is a customer.
    async fn agent(&self) -> Result<Option<Caller>, Refusal> {
        match &self.who {
            Who::Agent(token) => authenticate(&self.app, token.clone()).await.map(Some),
            _ => Ok(None),
        }
    }

    /// What `work` writes for an agent, or for a visitor of whom it looks itself who they are.
    async fn write<T: Send + 'static>(
        &self,
        agent: Option<Caller>,
        work: impl FnOnce(&mut Call<'_>) -> Result<T, TableError> + Send + 'static,
    ) -> Result<T, Refusal> {
        blocking(&self.app, move |server, now, rng| {
            server.write(&agent.unwrap_or_else(|| server.system()), now, rng, work)
        })
        .await
    }

    /// What `work` reads, as [`Other::write`].
    async fn read<T: Send + 'static>(
        &self,
        agent: Option<Caller>,
        work: impl FnOnce(&mut Call<'_>) -> Result<T, TableError> + Send + 'static,
    ) -> Result<T, Refusal> {
        blocking(&self.app, move |server, now, rng| {
            server.read(&agent.unwrap_or_else(|| server.system()), now, rng, work)
        })
        .await
    }

    /// What was said since the last number that was told, and the chat.
    async fn news(&self, chat: SysId) -> Result<(Record, Vec<Message>), Refusal> {
        let told = self.told;
        let agent = self.agent().await?;
        let visitor = if agent.is_none() { Some(self.visitor().await?) } else { None };
        self.read(agent, move |call| {
            let row = match &visitor {
                Some(visitor) => chat::of_visitor(call, visitor, chat)?,
                None => chat::of_agent(call, chat)?,
            };
            let said = chat::said_after(call, &row, told)?;
            Ok((row, said))
        })
        .await
    }
}
