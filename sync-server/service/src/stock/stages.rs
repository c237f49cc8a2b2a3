//! The stages of transfer orders and their lines.

/// The stages of a line on its way, in order.
pub(crate) const STAGES: [&str; 6] =
    ["draft", "requested", "shipment_preparation", "in_transit", "received", "delivered"];
/// A line that is not to go on.
pub(crate) const CANCELLED: &str = "cancelled";

/// How far a stage is on the way; `None` of one that is not on it.
pub(crate) fn rank(stage: &str) -> Option<usize> {
    STAGES.iter().position(|known| *known == stage)
}

/// What a line is between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    /// Whether it comes from where it goes to.
    pub is_same: bool,
    /// Whether it goes into somebody's van.
    pub is_personal: bool,
}

/// The stages a line may take next.
pub(crate) fn next(stage: &str, route: Route) -> Vec<&'static str> {
    let mut next = match stage {
        "draft" if route.is_same && !route.is_personal => vec!["received"],
        "draft" => vec!["requested"],
        "requested" => vec!["shipment_preparation", "in_transit"],
        "shipment_preparation" => vec!["in_transit"],
        "in_transit" if route.is_personal => vec!["delivered"],
        "in_transit" => vec!["received"],
        "received" => vec!["delivered"],
        _ => Vec::new(),
    };
    if rank(stage).is_some_and(|rank| rank < 3) {
        next.push(CANCELLED);
    }
    next
}

/// The stage of an order whose lines are in these: the least advanced of those that go on.
pub(crate) fn of_order(lines: &[&str]) -> &'static str {
    let on_the_way = lines.iter().filter_map(|stage| rank(stage)).min();
    let is_cut = lines.contains(&CANCELLED);
    match on_the_way {
        None if lines.is_empty() => STAGES[0],
        None => CANCELLED,
        Some(rank) if is_cut && rank >= 4 => "partially_cancelled",
        Some(rank) => STAGES[rank],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPOT: Route = Route { is_same: false, is_personal: false };
    const VAN: Route = Route { is_same: false, is_personal: true };

    #[test]
    fn a_line_goes_on_step_by_step_and_stops_only_before_it_leaves() {
        assert_eq!(next("draft", DEPOT), ["requested", CANCELLED]);
        assert_eq!(next("in_transit", DEPOT), ["received"]);
        assert_eq!(next("in_transit", VAN), ["delivered"]);
        assert_eq!(next("draft", Route { is_same: true, is_personal: false }), ["received", CANCELLED]);
        assert!(next("delivered", DEPOT).is_empty() && next(CANCELLED, DEPOT).is_empty());
    }

    #[test]
    fn an_order_stands_where_its_least_advanced_line_stands() {
        for (lines, order) in [
            (&[][..], "draft"),
            (&["in_transit", "requested"], "requested"),
            (&["received", "delivered"], "received"),
            (&["cancelled", "in_transit"], "in_transit"),
            (&["cancelled", "delivered"], "partially_cancelled"),
            (&["cancelled", "cancelled"], "cancelled"),
        ] {
            assert_eq!(of_order(lines), order, "{lines:?}");
        }
    }
}
