//! The life of an asset: which substates a state may have, and what a configuration item shows while its asset is in one.
//!
//! States and substates are those of the Table API's `install_status` and `substatus`. What it leaves out: who may change
//! them, and what a change does to the stock.

/// A state, what people call it, and the substates it may have.
struct State {
    value: i64,
    label: &'static str,
    substates: &'static [&'static str],
}

/// What lies in a stockroom or is on its way from one to another.
const STOCKED: &[&str] = &[
    "available",
    "reserved",
    "defective",
    "pending_repair",
    "pending_install",
    "pending_disposal",
    "pending_transfer",
    "pending_donation",
];

const STATES: [State; 8] = [
    State {
        value: IN_USE,
        label: "In use",
        substates: &["pending_fulfilment", "end_of_support", "pending_retirement"],
    },
    State { value: 2, label: "On order", substates: &[] },
    State { value: 3, label: "In maintenance", substates: &[] },
    State { value: IN_STOCK, label: "In stock", substates: STOCKED },
    State {
        value: 7,
        label: "Retired",
        substates: &["disposed", "sold", "donated", "vendor_credit", "pending_disposal"],
    },
    State { value: MISSING, label: "Missing", substates: &["lost", "stolen"] },
    State { value: IN_TRANSIT, label: "In transit", substates: STOCKED },
    State { value: 10, label: "Build", substates: &[] },
];

/// At work somewhere.
pub const IN_USE: i64 = 1;
/// In a stockroom.
pub const IN_STOCK: i64 = 6;
/// Nobody knows where.
pub const MISSING: i64 = 8;
/// On the way between stockrooms.
pub const IN_TRANSIT: i64 = 9;

/// What is wrong with a pair of state and substate, and which would be right.
///
/// # Errors
/// When the state cannot have the substate; says what it can have.
pub fn check_pair(state: i64, substate: &str) -> Result<(), String> {
    let Some(known) = STATES.iter().find(|known| known.value == state) else { return Ok(()) };
    if substate.is_empty() || known.substates.contains(&substate) {
        return Ok(());
    }
    let allowed = match known.substates {
        [] => "leave it empty".to_owned(),
        some => format!("use one of {}, or leave it empty", some.join(", ")),
    };
    Err(format!("an asset that is {} cannot be \"{substate}\"; {allowed}", known.label))
}

/// The install status a configuration item shows while its asset is in a state; `None` of a state that says nothing of it.
pub fn status_of_item(state: i64, substate: &str) -> Option<i64> {
    Some(match (state, substate) {
        (IN_STOCK, "pending_install") | (10, _) => 4,
        (IN_STOCK, "pending_repair" | "defective") => 5,
        (IN_STOCK | IN_TRANSIT, _) => 6,
        (MISSING, "stolen") => 8,
        (MISSING, _) => 100,
        (IN_USE | 2 | 3 | 7, _) => state,
        _ => return None,
    })
}

/// The state and substate of an asset whose configuration item was given an install status; `None` of one that says nothing of it.
pub fn state_of_asset(item_status: i64) -> Option<(i64, Option<&'static str>)> {
    Some(match item_status {
        1 | 2 | 3 | 7 => (item_status, None),
        4 => (IN_STOCK, Some("pending_install")),
        5 => (IN_STOCK, Some("pending_repair")),
        6 => (IN_STOCK, Some("available")),
        8 => (MISSING, Some("stolen")),
        100 => (MISSING, Some("lost")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dictionary;

    #[test]
    fn a_pair_that_does_not_belong_together_is_refused_with_what_would() {
        assert_eq!(check_pair(IN_STOCK, "defective"), Ok(()));
        assert_eq!(check_pair(IN_TRANSIT, "pending_repair"), Ok(()));
        assert_eq!(check_pair(3, ""), Ok(()));
        let wrong = check_pair(MISSING, "available").expect_err("nobody knows where it is");
        assert_eq!(
            wrong,
            "an asset that is Missing cannot be \"available\"; use one of lost, stolen, or leave it empty"
        );
        assert!(check_pair(3, "reserved").expect_err("it has none").ends_with("leave it empty"));
    }

    #[test]
    fn the_states_and_substates_are_those_the_dictionary_offers() {
        let table = Dictionary::shipped().table("alm_asset").expect("shipped");
        let values = |field: &str| {
            let choices = &table.field(field).expect("declared").choices;
            choices.iter().map(|choice| choice.value.clone()).collect::<std::collections::BTreeSet<_>>()
        };
        let states = STATES.iter().map(|state| state.value.to_string()).collect();
        let substates = STATES.iter().flat_map(|state| state.substates).map(|name| (*name).to_owned()).collect();
        assert_eq!((values("install_status"), values("substatus")), (states, substates));
    }

    #[test]
    fn what_an_item_is_set_to_puts_its_asset_where_the_item_shows_that() {
        for status in [1, 2, 3, 4, 5, 6, 7, 8, 100] {
            let (state, substate) = state_of_asset(status).expect("each says something of its asset");
            assert_eq!(check_pair(state, substate.unwrap_or("")), Ok(()));
            assert_eq!(status_of_item(state, substate.unwrap_or("")), Some(status));
        }
        assert_eq!((state_of_asset(42), status_of_item(42, "")), (None, None));
    }
}
