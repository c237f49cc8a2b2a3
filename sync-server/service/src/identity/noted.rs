//! Clients, keys and providers as the audit tells of them: what they are called, whom they let in and whether they work. Of a
//! secret it tells that there is another one, and never which.

use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_storage::{ApiKey, Client, Provider};

use crate::call::Call;
use crate::error::Result;
use crate::named::sys_id_of;

impl Call<'_> {
    /// Notes that a way in was made, changed or removed.
    pub(super) fn note_way_in(&mut self, before: Option<Record>, after: Option<Record>) -> Result<()> {
        match (before, after) {
            (Some(gone), None) => self.note_deletion(&gone),
            (before, Some(after)) => {
                let before = before.unwrap_or_else(|| Record::new(after.id.clone()));
                self.note_changes(&before, &after, self.caller.user)
            }
            (None, None) => Ok(()),
        }
    }
}

pub(super) fn client(client: &Client) -> Record {
    let id = client.id.parse().unwrap_or_else(|_| named(&client.id));
    let mut noted = noted("oauth_entity", id, &client.name, client.active);
    let uris: Vec<&str> = client.redirect_uris.iter().map(String::as_str).collect();
    noted.set("client_id", Some(Value::text(client.id.as_str())));
    noted.set("redirect_url", Some(Value::text(uris.join(","))).filter(|_| !uris.is_empty()));
    noted.set("user", client.user.map(Value::Reference));
    noted.set("keys", client.keys.as_deref().map(Value::text));
    noted
}

pub(super) fn api_key(key: &ApiKey) -> Record {
    let mut noted = noted("api_key", key.id, &key.name, key.active);
    noted.set("user", Some(Value::Reference(key.user)));
    noted.set("expires", Some(Value::Time(key.expires_at)));
    noted
}

pub(super) fn provider(provider: &Provider) -> Record {
    let Provider { name, issuer, client_id, claim, field, algorithms, active, .. } = provider;
    let mut noted = noted("oidc_provider_configuration", named(name), name, *active);
    let algorithms = algorithms.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    let texts = [("issuer", issuer), ("client_id", client_id), ("claim", claim), ("field", field)];
    texts.into_iter().for_each(|(field, text)| noted.set(field, Some(Value::text(text.as_str()))));
    noted.set("algorithms", Some(Value::text(algorithms)));
    noted
}

/// The same with another secret than before, if it has one.
pub(super) fn with_secret(mut noted: Record, is_another: bool) -> Record {
    noted.set("client_secret", Some(Value::text("********")).filter(|_| is_another));
    noted
}

/// Stands for what has no sys_id of its own.
fn named(name: &str) -> SysId {
    sys_id_of(name)
}

fn noted(table: &str, id: SysId, name: &str, active: bool) -> Record {
    let mut noted = Record::new(DocumentId::new(table, id));
    noted.set("name", Some(Value::text(name)));
    noted.set("active", Some(Value::Boolean(active)));
    noted
}
