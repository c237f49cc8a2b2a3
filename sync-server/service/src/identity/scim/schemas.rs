//! What the resources are, as directories read it (RFC 7643, sections 5 to 7), made from the same attributes.

use serde_json::{Map, Value, json};

use super::PAGE_RESOURCES;
use super::attributes::{RESOURCES, Resource, Shape};

/// What the service can do.
pub fn service_provider_config(base: &str) -> Value {
    let no = json!({ "supported": false });
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": PAGE_RESOURCES },
        "changePassword": no,
        "sort": no,
        "etag": no,
        "authenticationSchemes": [
            { "type": "oauthbearertoken", "name": "OAuth 2", "description": "A token from /oauth2/token", "primary": true },
            { "type": "httpbasic", "name": "Basic", "description": "A user name and a password" },
        ],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    })
}

/// Every kind of resource.
pub fn resource_types(base: &str) -> Vec<Value> {
    let one = |of: &Resource| {
        let extensions = of.extension.map(|schema| json!({ "schema": schema, "required": false }));
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": of.kind,
            "name": of.kind,
            "endpoint": format!("/{}", of.name),
            "schema": of.schema,
            "schemaExtensions": extensions.into_iter().collect::<Vec<_>>(),
            "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", of.kind) },
        })
    };
    RESOURCES.iter().map(one).collect()
}

/// Every schema.
pub fn schemas(base: &str) -> Vec<Value> {
    RESOURCES
        .iter()
        .flat_map(|of| std::iter::once((of, false)).chain(of.extension.map(|_| (of, true))))
        .map(|(of, extends)| schema(of, extends, base))
        .collect()
}

fn schema(of: &Resource, extends: bool, base: &str) -> Value {
    let id = of.extension.filter(|_| extends).unwrap_or(of.schema);
    let mut attributes: Map<String, Value> = Map::new();
    for single in of.single.iter().filter(|single| single.extends == extends && single.shape != Shape::Moment) {
        let (name, part) = single.path.split_once('.').map_or((single.path, None), |(name, part)| (name, Some(part)));
        let leaf =
            |name: &str| attribute(name, kind(single.shape), single.shape == Shape::Id, single.path == "userName", of);
        match part {
            None => drop(attributes.insert(name.into(), leaf(name))),
            Some(part) => add_part(&mut attributes, name, false, leaf(part), of),
        }
    }
    for several in of.several.iter().filter(|_| !extends) {
        for part in several.parts.iter().map(|(part, _)| *part).chain(["type"]) {
            add_part(&mut attributes, several.name, true, attribute(part, "string", false, false, of), of);
        }
    }
    for link in of.links.iter().filter(|_| extends) {
        for (part, kind, fixed) in
            [("value", "string", false), (link.label, "string", true), ("$ref", "reference", true)]
        {
            add_part(&mut attributes, link.name, false, attribute(part, kind, fixed, false, of), of);
        }
    }
    if let Some(list) = of.membership.filter(|_| !extends) {
        for (part, kind) in [("value", "string"), ("display", "string"), ("$ref", "reference")] {
            let fixed = part != "value" || list.to == "Groups";
            add_part(&mut attributes, list.name, true, attribute(part, kind, fixed, false, of), of);
        }
    }
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": id,
        "name": of.kind,
        "attributes": attributes.into_iter().map(|(_, attribute)| attribute).collect::<Vec<_>>(),
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{id}") },
    })
}

fn kind(shape: Shape) -> &'static str {
    if shape == Shape::Boolean { "boolean" } else { "string" }
}

fn attribute(name: &str, kind: &str, fixed: bool, unique: bool, of: &Resource) -> Value {
    json!({
        "name": name,
        "type": kind,
        "multiValued": false,
        "required": unique,
        "caseExact": false,
        "mutability": if fixed || !of.writable { "readOnly" } else { "readWrite" },
        "returned": if name == "id" { "always" } else { "default" },
        "uniqueness": if unique { "server" } else { "none" },
    })
}

/// Adds a part to an attribute that has parts, unless it is there.
fn add_part(attributes: &mut Map<String, Value>, name: &str, several: bool, part: Value, of: &Resource) {
    let whole = attributes.entry(name).or_insert_with(|| {
        let mut whole = attribute(name, "complex", false, false, of);
        whole["multiValued"] = several.into();
        whole["subAttributes"] = json!([]);
        whole
    });
    if let Some(parts) =
        whole["subAttributes"].as_array_mut().filter(|parts| !parts.iter().any(|known| known["name"] == part["name"]))
    {
        parts.push(part);
    }
}
