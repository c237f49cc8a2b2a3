//! Where shifts are unlike: the visit goes first whose second best shift is worst for it, before its best one is taken (regret
//! insertion; Ropke and Pisinger, "An adaptive large neighborhood search heuristic for the pickup and delivery problem with time
//! windows", Transportation Science 40(4), 2006).

use super::near;
use super::places::Places;
use super::tours::{NONE, Tours};
use crate::model::Model;

/// Where there are more visits than this to be put back, it takes too long.
const MOST_VISITS: usize = 30;

/// The best place for a visit, and how much it loses when it does not get that.
struct Wish {
    after: u32,
    regret: i64,
}

/// Whether so many visits are put back this way.
pub fn pays(model: &Model<'_>, visits: usize) -> bool {
    let is_free = model.bonds.are_none() && !model.has_priorities;
    is_free && model.has_unlike_days() && visits <= MOST_VISITS && !near::is_first(model)
}

/// Puts back whatever fits, now and then overlooking a place.
pub fn put_back(
    tours: &mut Tours<'_, '_>,
    left: &mut Vec<u32>,
    places: &mut Places,
    mut overlooks: impl FnMut() -> bool,
) {
    loop {
        let wishes = left.iter().map(|visit| wish(tours, *visit, places, &mut overlooks)).enumerate();
        let Some((index, Wish { after, .. })) = wishes.max_by_key(|(_, wish)| wish.regret) else { return };
        let visit = left.swap_remove(index);
        match after {
            NONE => tours.absent.push(visit),
            after => tours.insert(visit, after),
        }
        tours.settle();
    }
}

fn wish(tours: &Tours<'_, '_>, visit: u32, places: &mut Places, overlooks: &mut impl FnMut() -> bool) -> Wish {
    let (mut after, mut least, mut second) = (NONE, i32::MAX, i32::MAX);
    let idle = tours.idle.iter().filter_map(|class| class.last());
    for tour in tours.busy.iter().chain(idle) {
        let place = places.best(tours, *tour, visit);
        if place.more < least && !overlooks() {
            (after, second, least) = (place.after, least, place.more);
        } else if place.more < second {
            second = place.more;
        }
    }
    // Who fits nowhere comes last.
    let regret = if after == NONE { i64::MIN } else { i64::from(second) - i64::from(least) };
    Wish { after, regret }
}
