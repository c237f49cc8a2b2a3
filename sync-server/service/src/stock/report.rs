//! What there is of each part in each stockroom, and the movements that say why.

use std::collections::BTreeSet;

use fieldline_model::condition::Query;
use fieldline_model::{Record, SysId};

use crate::call::Call;
use crate::stock::ledger::{BALANCES, MOVEMENTS};
use crate::stock::lots::van_owner;
use crate::stock::{KEEPERS, Place, STOCKROOMS};
use crate::table::{Result, TableError};

/// Parts one answer tells of.
pub const MOST_PARTS: usize = 200;
/// Movements of a part one answer shows, the newest first.
pub const MOST_MOVEMENTS: u32 = 100;

/// Which parts are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// In this stockroom only.
    pub stockroom: Option<SysId>,
    /// Of this model only.
    pub model: Option<SysId>,
}

/// A part in a stockroom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub place: Place,
    /// How many lie there; fewer than none where more was taken than was known to be there.
    pub on_hand: i64,
    /// How many devices may take without asking.
    pub leased: i64,
    /// How many are set aside for transfer orders.
    pub reserved: i64,
    /// How many nobody has a right to.
    pub available: i64,
    /// The newest movements.
    pub movements: Vec<Record>,
}

/// What there is of parts, by stockroom and model.
///
/// # Errors
/// When the caller neither keeps stock nor asks for their own van.
pub fn stock(call: &Call<'_>, wanted: Wanted) -> Result<Vec<Standing>> {
    check_reader(call, wanted)?;
    let texts = [("stockroom", wanted.stockroom), ("model", wanted.model)]
        .map(|(field, id)| (field, id.map(|id| id.to_string())));
    let asked: Vec<(&str, &str)> = texts.iter().filter_map(|(field, id)| Some((*field, id.as_deref()?))).collect();
    let mut places = BTreeSet::new();
    for balance in call.rows_with(BALANCES, &asked)? {
        let place = balance.reference("stockroom").zip(balance.reference("model"));
        places.extend(place.map(|(stockroom, model)| Place { stockroom, model }));
    }
    places.into_iter().take(MOST_PARTS).map(|place| standing(call, place)).collect()
}

fn check_reader(call: &Call<'_>, wanted: Wanted) -> Result<()> {
    if call.caller.may(&KEEPERS.map(str::to_owned)) {
        return Ok(());
    }
    let room = call.referred(STOCKROOMS, wanted.stockroom)?;
    if room.as_ref().and_then(van_owner) == Some(call.caller.user) {
        return Ok(());
    }
    let problem = "stock is shown to those who keep it, and everybody's own van to them; name your van's stockroom";
    Err(TableError::Denied { record: "stock".into(), problem: problem.into() })
}

fn standing(call: &Call<'_>, place: Place) -> Result<Standing> {
    let (on_hand, leased, reserved) = (call.on_hand(place)?, call.leased(place)?, call.set_aside(place)?);
    let query = format!("stockroom={}^model={}^ORDERBYDESCreceived_at", place.stockroom, place.model);
    let movements = call.some_rows_of(MOVEMENTS, &Query::parse(&query).query, (MOST_MOVEMENTS, 0))?;
    Ok(Standing { place, on_hand, leased, reserved, available: call.free(place)?, movements })
}
