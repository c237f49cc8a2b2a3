//! Where mail waits to be sent, and where people are told inside the app.

use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_storage::Job;

use super::Letter;
use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;
use crate::rules::{Notice, TOLD};

/// The jobs that send mail. Whoever can send it does them, and nobody else.
pub(super) const KIND: &str = "mail";
/// The choice of `notification` with which somebody wants no mail.
const NO_MAIL: i64 = 1;
/// As many characters as `sn_inapp_notification` holds.
const MESSAGE_CHARACTERS: usize = 8_000;

/// Where mail stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum State {
    Ready,
    Sent,
    Failed,
}

/// Notes where a mail stands.
pub(super) fn stands(mail: &mut Record, state: State) {
    let (state, kind) = match state {
        State::Ready => ("ready", "send-ready"),
        State::Sent => ("sent", "sent"),
        State::Failed => ("failed", "send-failed"),
    };
    mail.set("state", Some(Value::text(state)));
    mail.set("type", Some(Value::text(kind)));
}

/// Where somebody reads mail, if they want any.
pub(super) fn address(person: &Record) -> Option<&str> {
    let wants = number_field(person, "notification") != Some(NO_MAIL);
    let is_address =
        |text: &&str| text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    Some(person.text("email").trim()).filter(is_address).filter(|_| wants)
}

impl Call<'_> {
    /// Writes to somebody, at once or with other mail.
    pub(super) fn write_to(&mut self, rule: SysId, notice: &Notice, person: &Record, letter: Letter) -> Result<()> {
        match (address(person).map(str::to_owned), notice.gather_minutes) {
            (None, _) => Ok(()),
            (Some(_), Some(minutes)) => self.gather(rule, minutes, &person.id, letter),
            (Some(to), None) => {
                let about = DocumentId::new(letter.table.as_str(), letter.sys_id);
                self.post(Some(rule), &to, &letter, Some(&about))
            }
        }
    }

    /// Writes a mail into the outbox, with the job that sends it.
    pub(super) fn post(
        &mut self,
        rule: Option<SysId>,
        to: &str,
        letter: &Letter,
        about: Option<&DocumentId>,
    ) -> Result<()> {
        let id = self.new_sys_id();
        let mut mail = Record::new(DocumentId::new(TOLD[0], id));
        stands(&mut mail, State::Ready);
        let record = about.map(|about| about.sys_id.to_string());
        for (field, text) in [
            ("recipients", Some(to.to_owned())),
            ("subject", Some(letter.subject.clone())),
            ("body", Some(letter.body.clone())),
            ("body_html", letter.html.clone()),
            ("target_table", about.map(|about| about.table.to_string())),
            ("instance", record.clone()),
            ("parent", record),
        ] {
            mail.set(field, text.filter(|text| !text.is_empty()).map(Value::Text));
        }
        mail.set("notification", rule.map(Value::Reference));
        self.put_row(mail)?;
        self.put_job(&Job::of(KIND, id, self.now))
    }

    /// Tells somebody inside the app, who must be somebody that signs in.
    pub(super) fn tell_in_app(&mut self, person: &Record, letter: Letter) -> Result<()> {
        if person.id.table != *"sys_user" {
            return Ok(());
        }
        let mut told = Record::new(DocumentId::new(TOLD[1], self.new_sys_id()));
        told.set("user", Some(Value::Reference(person.id.sys_id)));
        told.set("title", Some(Value::Text(letter.subject)));
        let message: String = letter.body.chars().take(MESSAGE_CHARACTERS).collect();
        told.set("message", Some(Value::Text(message)).filter(|_| !letter.body.is_empty()));
        told.set("target_table", Some(Value::Text(letter.table)));
        told.set("instance", Some(Value::text(letter.sys_id.to_string())));
        told.set("read", Some(Value::Boolean(false)));
        self.put_row(told)
    }
}
