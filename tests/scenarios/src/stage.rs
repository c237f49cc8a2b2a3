//! Where a scenario plays: an office with a server, a line, and the phones of its people; and the names steps gave to things.

use std::collections::BTreeMap;

use fieldline_stories::{Line, Office, PASSWORD};
use serde_json::{Value as Json, json};

use crate::files::Home;
use crate::phone::{Language, Phone};

/// A phone, which may be off.
pub struct Carried {
    phone: Option<Phone>,
    /// Its files; they outlive the process that writes them.
    pub home: Home,
}

/// Everything a scenario plays with.
pub struct Stage<'a> {
    language: &'a Language,
    /// The server's side.
    pub office: Office,
    /// What phones reach the server by.
    pub line: Line,
    carried: BTreeMap<String, Carried>,
    names: BTreeMap<String, Json>,
    /// Where `$photo` lies, for as long as this stands.
    _photos: tempfile::TempDir,
}

/// A photo that takes two pieces.
const PHOTO_BYTES: usize = 90_000;

impl<'a> Stage<'a> {
    /// An office nobody works in yet but the dispatcher.
    pub fn new(language: &'a Language) -> Self {
        let office = Office::open();
        let line = Line::to(&office);
        let photos = tempfile::tempdir().expect("there is room for a photo");
        let photo = photos.path().join("pipe.jpg");
        std::fs::write(&photo, [0x5a; PHOTO_BYTES]).expect("there is room for a photo");
        let names = BTreeMap::from([
            ("server".to_owned(), line.url().into()),
            ("password".to_owned(), PASSWORD.into()),
            ("dispatcher".to_owned(), office.dispatcher().to_string().into()),
            ("megabyte".to_owned(), "5a".repeat(1 << 20).into()),
            ("photo".to_owned(), photo.to_string_lossy().into()),
        ]);
        Self { language, _photos: photos, office, line, carried: BTreeMap::new(), names }
    }

    /// What only this run has: addresses and folders.
    pub fn own_texts(&self) -> Vec<(String, &'static str)> {
        let homes = self.carried.values().map(|carried| (carried.home.store().to_string_lossy().into_owned(), "STORE"));
        homes.chain([(self.line.url(), "SERVER")]).collect()
    }

    /// Gives something a name.
    pub fn names(&mut self, name: &str, value: Json) {
        self.names.insert(name.to_owned(), value);
    }

    /// Gives parts of an answer names.
    ///
    /// # Errors
    /// When a part is not there.
    pub fn keeps(&mut self, parts: &BTreeMap<String, String>, answer: &Json) -> Result<(), String> {
        for (name, pointer) in parts {
            let part = answer.pointer(pointer).ok_or_else(|| format!("there is no {pointer} in {answer}"))?;
            self.names.insert(name.clone(), part.clone());
        }
        Ok(())
    }

    /// The same with names replaced by what they stand for.
    ///
    /// # Errors
    /// When nobody gave a name to anything.
    pub fn meant(&self, text: &Json) -> Result<Json, String> {
        Ok(match text {
            Json::String(name) if name.starts_with('$') => {
                self.names.get(&name[1..]).cloned().ok_or_else(|| format!("nothing is called {name} yet"))?
            }
            Json::Array(items) => items.iter().map(|item| self.meant(item)).collect::<Result<_, _>>()?,
            Json::Object(fields) => {
                let field = |(name, value): (&String, &Json)| Ok((name.clone(), self.meant(value)?));
                Json::Object(fields.iter().map(field).collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }

    /// A `sys_id` by name.
    ///
    /// # Errors
    /// When nobody gave it a name.
    pub fn sys_id(&self, name: &str) -> Result<String, String> {
        let id = self.meant(&json!(name))?;
        id.as_str().map(str::to_owned).ok_or_else(|| format!("{name} is no record"))
    }

    /// Somebody's phone, which is made when it is first spoken of.
    ///
    /// # Errors
    /// When its disk cannot be mounted.
    pub fn carried(&mut self, who: &str, small_disk: bool) -> Result<&mut Carried, String> {
        if !self.carried.contains_key(who) {
            self.carried.insert(who.to_owned(), Carried { home: Home::new(small_disk)?, phone: None });
        }
        Ok(self.carried.get_mut(who).expect("it was put there just now"))
    }

    /// Every phone's files.
    pub fn homes(&self) -> impl Iterator<Item = &Home> {
        self.carried.values().map(|carried| &carried.home)
    }

    /// Asks somebody's phone, and switches it on before, if need be. What every call of a kind needs is filled in.
    ///
    /// # Errors
    /// When the phone dies.
    pub fn asks(&mut self, who: &str, call: &str, with: &Json) -> Result<Result<Json, Json>, String> {
        let mut with = self.meant(with)?;
        if with.is_null() {
            with = json!({});
        }
        let (language, server) = (self.language, self.line.url());
        let carried = self.carried(who, false)?;
        let usual = match call {
            "open" => json!({ "directory": carried.home.store() }),
            "platform" => json!({ "secrets": carried.home.secrets(), "http": "core" }),
            "sign_in" => json!({ "server": server, "user_name": who, "password": PASSWORD, "device_name": "phone" }),
            "enrol" => json!({ "server": server, "device_name": "phone" }),
            _ => json!({}),
        };
        for (name, value) in usual.as_object().into_iter().flatten() {
            if with.get(name).is_none() {
                with[name] = value.clone();
            }
        }
        let phone = match &mut carried.phone {
            Some(phone) => phone,
            off => off.insert(Phone::starts(language)?),
        };
        phone.asks(call, &with)
    }

    /// Takes the battery out.
    pub fn kills(&mut self, who: &str) {
        if let Some(carried) = self.carried.get_mut(who) {
            carried.phone = None;
        }
    }
}
