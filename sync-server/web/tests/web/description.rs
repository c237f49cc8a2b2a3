use fieldline_model::Dictionary;
use serde_json::Value;

use crate::house::House;

async fn described() -> Value {
    House::new().ask("GET", "/openapi.json", "", Value::Null).await.json()
}

#[tokio::test]
async fn the_description_lists_every_route_and_every_table() {
    let described = described().await;
    assert_eq!(described["openapi"], "3.1.0");
    for endpoint in fieldline_web::endpoints() {
        let operation = &described["paths"][&endpoint.path][endpoint.method];
        assert_eq!(operation["summary"], endpoint.summary, "{} {}", endpoint.method, endpoint.path);
    }
    for table in Dictionary::shipped().tables() {
        let name = table.name.as_str();
        let listed = &described["paths"][format!("/api/now/table/{name}")]["get"]["responses"]["200"];
        let items = &listed["content"]["application/json"]["schema"]["properties"]["result"]["items"]["$ref"];
        assert_eq!(items, &format!("#/components/schemas/{name}"));
        let properties = &described["components"]["schemas"][name]["properties"];
        assert!(table.fields.iter().all(|field| properties[field.name.as_str()].is_object()), "{name}");
    }
}

#[tokio::test]
async fn every_reference_of_the_description_leads_somewhere_and_every_operation_has_its_own_name() {
    let described = described().await;
    let mut references = Vec::new();
    collect(&described, "$ref", &mut references);
    for reference in &references {
        let path = reference.trim_start_matches('#');
        assert!(described.pointer(path).is_some(), "{reference} leads nowhere");
    }
    let mut names = Vec::new();
    collect(&described, "operationId", &mut names);
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!((names.len(), names.len() > 20), (all, true));
    for (path, operations) in described["paths"].as_object().expect("paths") {
        let named = path.matches('{').count();
        for operation in operations.as_object().expect("operations").values() {
            let parameters = operation["parameters"].as_array().expect("a list");
            assert_eq!(parameters.iter().filter(|one| one["in"] == "path").count(), named, "{path}");
        }
    }
}

fn collect(value: &Value, name: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get(name).and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect(member, name, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, found)),
        _ => {}
    }
}
