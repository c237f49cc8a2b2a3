//! Writes to the customer that somebody has set out, with a link to follow the visit.
//!
//! Nothing is written unless the organisation says so and says under which address customers reach this server.

use fieldline_model::{Record, UserZone};

use super::{Purpose, link_to, visit};
use crate::call::Call;
use crate::error::Result;
use crate::table::TableError;

/// The property that says whether customers are written to.
const WANTED: &str = "fieldline.customer_links.on_the_way";
/// The property that says where customers reach this server, as ServiceNow calls it.
const ADDRESS: &str = "glide.servlet.uri";
/// How long the link works: the visit is over by then.
const LASTS_SECONDS: i64 = 2 * 86_400;

/// Tells the contact of a task that its technician is on the way.
pub(crate) fn tell(call: &mut Call<'_>, task: &Record) -> Result<()> {
    if call.property(WANTED)?.as_deref() != Some("true") {
        return Ok(());
    }
    let (Some(address), Some(contact)) = (call.property(ADDRESS)?, contact_of(call, task)?) else { return Ok(()) };
    let token = link_to(call, task, Purpose::Track, LASTS_SECONDS)?.token;
    let arrives = match visit::arrival(call, task) {
        Ok(arrives) => arrives,
        Err(TableError::Service(error)) => return Err(error),
        Err(_) => None,
    };
    let location = call.referred("cmn_location", task.reference("location"))?;
    let name = location.as_ref().map(|row| row.text("time_zone")).filter(|name| UserZone::is_known(name));
    let name = name.unwrap_or("UTC");
    let when = arrives.map(|(at, _)| format!(" and arrives at about {} ({name})", UserZone::named(name).shown(at)));
    let body = format!(
        "Your technician has set out{}.\n\nFollow the visit: {}/c/{token}",
        when.unwrap_or_default(),
        address.trim_end_matches('/')
    );
    let subject = format!("{}: your technician is on the way", task.text("number"));
    call.write_to_contact(&contact, task, &subject, &body)
}

/// Whom the visit is for: the contact of the task, else of its order.
fn contact_of(call: &Call<'_>, task: &Record) -> Result<Option<Record>> {
    let order = call.referred("wm_order", task.reference("parent"))?;
    let contact = [Some(task), order.as_ref()].into_iter().flatten().find_map(|record| record.reference("contact"));
    call.referred("customer_contact", contact)
}
