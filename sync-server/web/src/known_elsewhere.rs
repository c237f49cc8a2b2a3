//! The APIs that clients of ServiceNow know beside the Table API, each in a module of its own.

use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::{articles, case, catalog, change, cmdb, import_sets, schema};

/// What they answer.
pub fn endpoints() -> Vec<Endpoint> {
    let records = [import_sets::endpoints(), cmdb::endpoints(), schema::endpoints()];
    let work = [change::endpoints(), catalog::endpoints(), case::endpoints(), articles::endpoints()];
    records.into_iter().chain(work).flatten().collect()
}

/// What their bodies look like.
pub fn schemas() -> [Value; 7] {
    let (imports, items, tables) = (import_sets::schemas(), cmdb::schemas(), schema::schemas());
    [imports, items, tables, change::schemas(), catalog::schemas(), case::schemas(), articles::schemas()]
}

/// The query parameters each of them reads: the method, how the path ends, and the names.
const READ: [(&str, &str, &[&str]); 30] = [
    ("post", "/insertMultiple", &["multi_import_set_id"]),
    ("get", "cmdb/instance/{class}", &["sysparm_query", "sysparm_limit", "sysparm_offset"]),
    ("get", "cmdb/health/losses", &["class", "service", "limit", "offset"]),
    ("get", "cmdb/health/without_service", &["limit", "offset"]),
    ("post", "identifyreconcile", &["sysparm_data_source"]),
    ("post", "identifyreconcile/enhanced", &["sysparm_data_source"]),
    ("post", "identifyreconcile/query", &["sysparm_data_source"]),
    ("post", "identifyreconcile/queryEnhanced", &["sysparm_data_source"]),
    ("get", "/change", LISTED),
    ("get", "/change/normal", LISTED),
    ("get", "/change/standard", LISTED),
    ("get", "/change/emergency", LISTED),
    ("get", "/change/standard/template", LISTED),
    ("get", "/change/model", LISTED),
    ("get", "/change/{sys_id}/task", LISTED),
    ("get", "/change/{sys_id}/ci", &["association_type", "sysparm_query", "sysparm_limit", "sysparm_offset"]),
    ("get", "/change/ci/{cmdb_ci}/schedule", &["duration_in_seconds", "planned_start_time"]),
    ("get", "/catalogs", &["sysparm_text", "sysparm_limit"]),
    ("get", "/catalogs/{sys_id}/categories", &["sysparm_top_level_only", "sysparm_limit", "sysparm_offset"]),
    (
        "get",
        "servicecatalog/items",
        &["sysparm_catalog", "sysparm_category", "sysparm_type", "sysparm_text", "sysparm_limit", "sysparm_offset"],
    ),
    (
        "get",
        "sn_customerservice/case",
        &["sysparm_query", "sysparm_fields", "sysparm_display_value", "sysparm_limit", "sysparm_offset"],
    ),
    (
        "get",
        "v1/case",
        &["sysparm_query", "sysparm_fields", "sysparm_display_value", "sysparm_limit", "sysparm_offset"],
    ),
    ("get", "knowledge/articles", ARTICLES),
    ("get", "/articles/most_viewed", ARTICLES),
    ("get", "/articles/{id}", &["fields", "update_view", "search_id", "search_rank"]),
    ("get", "/case/{id}", &["sysparm_fields", "sysparm_display_value"]),
    ("put", "/case/{id}", &["sysparm_get_case_details", "sysparm_fields", "sysparm_display_value"]),
    ("get", "/case/{id}/activities", &["sysparm_activity_type", "sysparm_limit", "sysparm_offset"]),
    ("get", "/case/field_values/{field}", &["sysparm_query", "sysparm_limit", "sysparm_offset"]),
    ("get", "/case/{id}/field_values/{field}", &["sysparm_query", "sysparm_limit", "sysparm_offset"]),
];

const LISTED: &[&str] = &["sysparm_query", "sysparm_order", "textSearch", "sysparm_limit", "sysparm_offset"];
const ARTICLES: &[&str] = &["query", "filter", "kb", "language", "fields", "limit", "offset"];

/// The query parameters an operation reads.
pub fn parameters(method: &str, path: &str) -> &'static [&'static str] {
    let read = READ.iter().find(|(of, end, _)| *of == method && path.ends_with(end));
    read.map_or(&[], |(_, _, names)| names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_named_for_operations_there_are() {
        let endpoints = endpoints();
        for (method, end, _) in READ {
            let is_it = |endpoint: &&Endpoint| endpoint.method == method && endpoint.path.ends_with(end);
            assert!(endpoints.iter().any(|endpoint| is_it(&endpoint)), "{method} {end}");
        }
    }
}
