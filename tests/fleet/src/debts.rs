//! What is owed for work whose phone does not have it any more: it broke, or was restored from an older backup.
//!
//! What such a phone had been told is on the server must stand there, unless the server itself was restored from a backup
//! made before. What it had not sent is lost, and counted; so is what only an impostor had acknowledged to a phone that broke
//! before it reached the server again. Nothing may stand twice.

use fieldline_device::view::Fate;
use fieldline_model::SysId;

use crate::office::Office;
use crate::phone::{Phone, Promise};

/// A promise whose phone does not have the work any more.
pub struct Debt {
    /// Who did the work.
    pub author: SysId,
    /// What was promised.
    pub promise: Promise,
    /// Whether the server must have it.
    pub must_stand: bool,
}

/// Takes from a phone the promises it has the work of right now but may not have after it is gone or went back; `kept` says
/// which it will still have, `was_deceived` whether somebody ever answered it in the server's place.
pub fn incur(
    phone: &mut Phone,
    office: &Office,
    was_deceived: bool,
    kept: &dyn Fn(&Promise) -> bool,
) -> Result<Vec<Debt>, String> {
    let outbox = phone.device().outbox().map_err(|error| error.to_string())?;
    let (stay, go): (Vec<Promise>, Vec<Promise>) = std::mem::take(&mut phone.promises).into_iter().partition(kept);
    phone.promises = stay;
    let author = phone.user;
    let mut debts = Vec::new();
    for promise in go {
        let mut found = outbox.iter().filter(|edit| edit.document == promise.document && edit.made_at == promise.at);
        let acknowledged = found.any(|edit| matches!(edit.fate, Fate::Accepted | Fate::AcceptedWithMerge));
        let mut debt = Debt { author, promise, must_stand: acknowledged };
        if acknowledged && !debt.stands(office) {
            if !office.was_restored && !was_deceived {
                return Err(format!("{} was acknowledged and the server does not have it", debt.promise));
            }
            // The server forgot it or never had it, and this phone has not brought it yet: nobody will.
            debt.must_stand = false;
        }
        debts.push(debt);
    }
    Ok(debts)
}

impl Debt {
    /// Whether the server has it.
    pub fn stands(&self, office: &Office) -> bool {
        office.times(&self.promise.document, self.author, self.promise.at) > 0
    }

    /// The server was restored from a backup: what it does not have now, and no phone can bring, is not owed any more.
    pub fn forgive(&mut self, office: &Office) {
        self.must_stand &= self.stands(office);
    }

    /// What is wrong with it after the calm.
    pub fn verdict(&self, office: &Office) -> Option<String> {
        match office.times(&self.promise.document, self.author, self.promise.at) {
            0 if self.must_stand => Some(format!("{} was acknowledged to a lost phone and is gone", self.promise)),
            0 | 1 => None,
            times => Some(format!("{}, done on a lost phone, counts {times} times", self.promise)),
        }
    }
}
