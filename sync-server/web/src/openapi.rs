//! The OpenAPI 3.1 description, made from the list of endpoints and the dictionary: whoever adds a table or a path
//! describes it by adding it.
//!
//! The Table API is written out once per table, so that a generator makes typed clients; its `v1` and `v2` paths are the
//! same operations and stay templates.

use fieldline_model::dictionary::{Dictionary, Field, FieldType, Merge, Table};
use serde_json::{Map, Value, json};

use crate::endpoint::{Access, Content, Endpoint};
use crate::xml;

/// Describes the endpoints over a dictionary.
pub fn document(endpoints: &[Endpoint], dictionary: &Dictionary) -> Value {
    let mut paths = Map::new();
    for endpoint in endpoints {
        if endpoint.path.starts_with("/api/now/table/") {
            for table in dictionary.tables() {
                describe(&mut paths, endpoint, Some(table));
            }
        }
        describe(&mut paths, endpoint, None);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Fieldline",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Records in the shape of the ServiceNow Table API, and replication for devices",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "From POST /api/v1/session or /oauth2/token" },
                "password": { "type": "http", "scheme": "basic" },
                "key": { "type": "apiKey", "in": "header", "name": "x-sn-apikey", "description": "An integration's key" },
                "device": { "type": "http", "scheme": "bearer", "description": "From POST /api/v1/devices" },
            },
            "schemas": schemas(dictionary),
        },
    })
}

fn describe(paths: &mut Map<String, Value>, endpoint: &Endpoint, table: Option<&Table>) {
    let (path, subject) = match table {
        Some(table) => (endpoint.path.replace("{table}", table.name.as_str()), table.name.as_str()),
        None => (endpoint.path.clone(), "AnyRecord"),
    };
    let mut answers = Map::new();
    let status = endpoint.status.to_string();
    let both = |content| in_both_formats(&path, content);
    answers.insert(status, described(both(content(endpoint.answer, subject)), "Done"));
    if (endpoint.method, endpoint.answer) == ("put", Content::Record) {
        answers.insert("201".into(), described(both(content(endpoint.answer, subject)), "Created"));
    }
    let refused = described(both(refusal(endpoint, &path)), "Refused; the detail says why and what to do");
    answers.insert("default".into(), refused);
    let mut operation = json!({
        "operationId": operation_id(endpoint.method, &path),
        "summary": endpoint.summary,
        "parameters": parameters(endpoint, &path),
        "responses": answers,
        "security": security(endpoint.access),
    });
    if let Some(body) = both(content(endpoint.request, subject)) {
        operation["requestBody"] = json!({ "required": true, "content": body });
    }
    let methods = paths.entry(path).or_insert_with(|| json!({}));
    methods[endpoint.method] = operation;
}

/// What is JSON may be XML of the same schema, where the path speaks both.
fn in_both_formats(path: &str, mut content: Option<Value>) -> Option<Value> {
    if let Some(body) = content.as_mut().filter(|body| xml::speaks_both(path) && body["application/json"].is_object()) {
        body["application/xml"] = body["application/json"].clone();
    }
    content
}

fn described(content: Option<Value>, description: &str) -> Value {
    let mut answer = json!({ "description": description });
    if let Some(content) = content {
        answer["content"] = content;
    }
    answer
}

fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.fold(method.to_owned(), |id, word| format!("{id}_{word}"))
}

fn content(content: Content, subject: &str) -> Option<Value> {
    let record = json!({ "$ref": format!("#/components/schemas/{subject}") });
    let envelope =
        |result: Value| json!({ "type": "object", "required": ["result"], "properties": { "result": result } });
    let json = |schema: Value| Some(json!({ "application/json": { "schema": schema } }));
    match content {
        Content::Empty => None,
        Content::Json(schema) => json(json!({ "$ref": format!("#/components/schemas/{schema}") })),
        Content::Form(schema) => {
            let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
            Some(json!({ "application/x-www-form-urlencoded": { "schema": schema } }))
        }
        Content::Scim(schema) => Some(
            json!({ (crate::scim::MEDIA_TYPE): { "schema": { "$ref": format!("#/components/schemas/{schema}") } } }),
        ),
        Content::Page => Some(json!({ "text/html": { "schema": { "type": "string" } } })),
        Content::Record => json(record),
        Content::Listed => json(json!({
            "type": "object",
            "required": ["records", "next"],
            "properties": {
                "records": { "type": "array", "items": record },
                "next": { "type": ["string", "null"], "description": "The cursor of the next page; null on the last" },
            },
        })),
        Content::Result => json(envelope(record)),
        Content::Results => json(envelope(json!({ "type": "array", "items": record }))),
        Content::Stats => json(envelope(json!({ "$ref": "#/components/schemas/Stats" }))),
        Content::Frame => Some(json!({ (fieldline_sync::frame::MEDIA_TYPE): {} })),
        Content::Mail => Some(json!({ "message/rfc822": { "schema": { "type": "string" } } })),
        Content::Envelope => Some(json!({ (fieldline_sync::relay::MEDIA_TYPE): {} })),
        Content::Events => Some(json!({ (fieldline_sync::live::MEDIA_TYPE): { "schema": { "type": "string" } } })),
        Content::Bytes => Some(json!({ "*/*": {} })),
        Content::Multipart => Some(json!({ "multipart/form-data": { "schema": { "type": "object" } } })),
        Content::Message => Some(json!({ "text/xml": { "schema": { "type": "string" } }, "application/json": {} })),
        Content::Processed => Some(json!({
            "text/xml": { "schema": { "type": "string" } },
            "text/csv": { "schema": { "type": "string" } },
            "application/json": { "schema": { "type": "object" } },
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {},
        })),
        Content::Text => Some(json!({ "text/plain": { "schema": { "type": "string" } } })),
        Content::Markdown => Some(json!({ "text/markdown": { "schema": { "type": "string" } } })),
    }
}

fn refusal(endpoint: &Endpoint, path: &str) -> Option<Value> {
    let is_page = endpoint.answer == Content::Page || matches!(endpoint.request, Content::Form("PageForm"));
    if is_page || path.starts_with("/oidc/") {
        return content(Content::Page, "");
    }
    if path == "/{page}" {
        let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
        return Some(json!({ "application/problem+json": problem, "application/json": {}, "text/xml": {} }));
    }
    let (media_type, schema) = match path {
        scim if scim.contains("/scim/") => (crate::scim::MEDIA_TYPE, "ScimError"),
        known if known.starts_with("/api/now/") || known.starts_with("/api/sn_") => ("application/json", "Failure"),
        oauth if oauth.starts_with("/oauth") => ("application/json", "OauthError"),
        _ => ("application/problem+json", "Problem"),
    };
    Some(json!({ media_type: { "schema": { "$ref": format!("#/components/schemas/{schema}") } } }))
}

fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::Person => json!([{ "token": [] }, { "password": [] }, { "key": [] }]),
        Access::Device => json!([{ "device": [] }]),
        Access::Signed => json!([{ "device": [] }, { "token": [] }, { "password": [] }]),
    }
}

/// Query parameters of the Table API: name, whether lists only, and what it does.
const TABLE_PARAMETERS: [(&str, bool, &str); 9] = [
    ("sysparm_query", true, "An encoded query, such as active=true^priority<=2^ORDERBYnumber"),
    ("sysparm_limit", true, "Rows at the most, 10000 when left out"),
    ("sysparm_offset", true, "Rows to skip"),
    ("sysparm_no_count", true, "true leaves out the X-Total-Count header"),
    ("sysparm_suppress_pagination_header", true, "true leaves out the Link header"),
    ("sysparm_fields", false, "Field names with commas, dot-walked through references if wanted"),
    ("sysparm_display_value", false, "false (values), true (as people read them) or all (both)"),
    ("sysparm_exclude_reference_link", false, "true answers references without links"),
    ("sysparm_input_display_value", false, "true reads the body's values as people write them"),
];

fn parameters(endpoint: &Endpoint, path: &str) -> Value {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<_> = names
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let query = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string" } });
    let by_path = [
        crate::knowledge::parameters,
        crate::on_call::parameters,
        crate::customers::parameters,
        crate::timeline::parameters,
        crate::customer::parameters,
        crate::interactions::parameters,
        crate::chat::parameters,
        crate::stock::parameters,
        crate::assets::parameters,
    ];
    let by_method =
        [crate::known_elsewhere::parameters(endpoint.method, path), crate::portal::parameters(endpoint.method, path)];
    let named = by_method.into_iter().chain(by_path.into_iter().map(|of| of(path))).flatten();
    parameters.extend(named.map(|name| query(name)));
    if path == "/{page}" {
        parameters.extend(crate::processor::PARAMETERS.iter().map(|name| query(name)));
    } else if path.contains("/scim/") {
        let wanted = crate::scim::PARAMETERS.iter().filter(|(_, lists_only)| {
            endpoint.answer == Content::Scim("ScimList")
                || !lists_only && endpoint.answer == Content::Scim("ScimResource")
        });
        parameters
            .extend(wanted.map(|(name, _)| json!({ "name": name, "in": "query", "schema": { "type": "string" } })));
    } else if endpoint.answer == Content::Listed {
        parameters.extend(crate::table::native::LIST_PARAMETERS.iter().map(|(name, description)| {
            json!({ "name": name, "in": "query", "description": description, "schema": { "type": "string" } })
        }));
    } else if path.starts_with("/api/now/") && path.contains("/table/") && !path.contains("/doc/") {
        let list = endpoint.answer == Content::Results;
        let wanted = TABLE_PARAMETERS.iter().filter(|(_, lists_only, _)| list || !lists_only);
        parameters.extend(wanted.map(|(name, _, description)| {
            json!({ "name": name, "in": "query", "description": description, "schema": { "type": "string" } })
        }));
    }
    parameters.into()
}

fn schemas(dictionary: &Dictionary) -> Map<String, Value> {
    let mut schemas: Map<String, Value> = dictionary
        .tables()
        .map(|table| {
            let field = |name: &str| table.field(name).map_or_else(journal_schema, field_schema);
            let names = crate::table::field_names(table);
            let properties: Map<_, _> = names.into_iter().map(|name| (name.to_string(), field(&name))).collect();
            (table.name.to_string(), json!({ "title": table.label, "type": "object", "properties": properties }))
        })
        .collect();
    let native = [
        crate::about::schemas(),
        crate::appointments::schemas(),
        crate::customer::schemas(),
        crate::session::schemas(),
        crate::oauth::schemas(),
        crate::scim::schemas(),
        crate::devices::schemas(),
        crate::dispatch::schemas(),
        crate::search::schemas(),
        crate::jobs::schemas(),
        crate::problems::schemas(),
        crate::flows::schemas(),
        crate::knowledge::schemas(),
        crate::on_call::schemas(),
        crate::on_site::schemas(),
        crate::mail::schemas(),
        crate::interactions::schemas(),
        crate::chat::schemas(),
        crate::work_items::schemas(),
        crate::stock::schemas(),
        crate::assets::schemas(),
        crate::major_incidents::schemas(),
        crate::reports::schemas(),
        crate::customers::schemas(),
        crate::portal::schemas(),
        crate::timeline::schemas(),
        crate::table::explanation::schemas(),
        crate::ways_in::schemas(),
        crate::work_orders::schemas(),
    ];
    let records = [crate::attachment::schemas(), crate::batch::schemas(), crate::tiny::schemas(), shared()];
    for own in native.into_iter().chain(records).chain(crate::known_elsewhere::schemas()) {
        schemas.extend(own.as_object().cloned().unwrap_or_default());
    }
    schemas
}

/// What several paths answer.
fn shared() -> Value {
    let text = json!({ "type": "string" });
    let figures = json!({ "type": "object", "additionalProperties": text });
    let made = json!({ "count": { "type": ["string", "object"] }, "sum": figures, "avg": figures, "min": figures, "max": figures });
    let stats = json!({
        "type": "object",
        "required": ["stats"],
        "properties": {
            "stats": { "type": "object", "properties": made },
            "groupby_fields": { "type": "array", "items": { "type": "object", "properties": { "field": text, "value": text } } },
        },
    });
    let both = json!({ "display_value": text, "value": text, "link": { "type": "string", "format": "uri" } });
    json!({
        "AnyRecord": { "type": "object", "description": "A record of the table named in the path" },
        "Reference": {
            "description": "A sys_id; answered as an object unless sysparm_exclude_reference_link is true",
            "anyOf": [text, { "type": "object", "properties": both }],
        },
        "Problem": {
            "description": "RFC 9457",
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": { "type": text, "title": text, "status": { "type": "integer" }, "detail": text },
        },
        "Stats": {
            "description": "Figures, one set or one a group; every figure is a string",
            "anyOf": [stats, { "type": "array", "items": stats }],
        },
        "Failure": {
            "type": "object",
            "required": ["error", "status"],
            "properties": {
                "error": { "type": "object", "properties": { "message": text, "detail": { "type": ["string", "null"] } } },
                "status": { "const": "failure" },
            },
        },
    })
}

fn journal_schema() -> Value {
    json!({ "type": "string", "description": "A journal: what is written is added; entries are answered as display value" })
}

/// Values are strings in the Table API, whatever they hold; an empty one is "".
fn field_schema(field: &Field) -> Value {
    if field.field_type == FieldType::Reference {
        let target = field.reference.as_ref().map(|table| format!("The sys_id of a record of {table}"));
        return json!({ "title": field.label, "description": target, "$ref": "#/components/schemas/Reference" });
    }
    let mut schema = json!({ "title": field.label, "type": "string" });
    match field.field_type {
        FieldType::String if field.choices.is_empty() => schema["maxLength"] = field.max_length.into(),
        FieldType::GlideDateTime => schema["description"] = "yyyy-MM-dd HH:mm:ss in UTC".into(),
        FieldType::GlideList => schema["description"] = "Values of sys_id with commas".into(),
        _ => {}
    }
    if !field.choices.is_empty() {
        let labels = field.choices.iter().map(|choice| format!("{} = {}", choice.value, choice.label));
        schema["description"] = labels.collect::<Vec<_>>().join(", ").into();
        let values = field.choices.iter().map(|choice| choice.value.as_str()).chain([""]);
        schema["enum"] = values.collect::<Vec<_>>().into();
    }
    if field.merge == Merge::Derived {
        schema["readOnly"] = true.into();
    }
    schema
}
