use serde_json::{Value, json};

use crate::house::{House, basic};

const BASE: &str = "/api/sn_sc/servicecatalog";

/// What the catalogue of these tests has.
struct Shop {
    house: House,
    catalog: String,
    hardware: String,
    laptops: String,
    ipad: String,
    laptop: String,
}

impl Shop {
    async fn new() -> Self {
        let house = House::new();
        let catalog = made(&house, "sc_catalog", json!({ "title": "Service Catalog", "description": "IT" })).await;
        let category = async |title: &str, parent: &str| {
            let body = json!({ "title": title, "sc_catalog": catalog, "parent": parent });
            made(&house, "sc_category", body).await
        };
        let hardware = category("Hardware", "").await;
        let laptops = category("Laptops", &hardware).await;
        let group = made(&house, "sys_user_group", json!({ "name": "Hardware" })).await;
        let item = async |name: &str, price: u32, category: &str, more: Value| {
            let mut body = json!({ "name": name, "short_description": format!("A {name}"), "price": price,
                "category": category, "sc_catalogs": catalog, "group": group, "delivery_days": 2 });
            body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
            made(&house, "sc_cat_item", body).await
        };
        let ipad = item("iPad", 799, &hardware, json!({ "order": 1, "fulfillment_task": "Deliver iPad" })).await;
        let laptop = item(
            "Laptop",
            1100,
            &laptops,
            json!({ "order": 2, "needs_approval": "true",
            "recurring_price": "10", "recurring_frequency": "monthly" }),
        )
        .await;
        item("Old phone", 1, &hardware, json!({ "active": "false" })).await;
        item("Master key", 1, &hardware, json!({ "roles": "catalog_admin" })).await;
        let storage = json!({ "cat_item": ipad, "name": "storage", "question_text": "How much?", "type": 5, "mandatory": "true", "order": 1 });
        let storage = made(&house, "item_option_new", storage).await;
        for (value, price) in [("128", 0), ("512", 300)] {
            let body = json!({ "question": storage, "text": format!("{value} GB"), "value": value, "misc": price,
                "order": price + 1 });
            made(&house, "question_choice", body).await;
        }
        let engraving = json!({ "cat_item": ipad, "name": "engraving", "question_text": "Engraved?", "type": 7, "price_if_checked": "25.5", "order": 2 });
        made(&house, "item_option_new", engraving).await;
        Self { house, catalog, hardware, laptops, ipad, laptop }
    }

    /// Asks as `mia`, who has no role of the catalogue.
    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.house.ask(method, &format!("{BASE}{path}"), &basic("mia"), body).await;
        let status = answer.status.as_u16();
        (status, if answer.body.is_empty() { Value::Null } else { answer.json() })
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{body}");
        body["result"].clone()
    }

    /// Records of a table as `admin` sees them, references as plain values.
    async fn records(&self, table: &str, query: &str) -> Vec<Value> {
        let path = format!("/api/now/table/{table}?sysparm_exclude_reference_link=true&sysparm_query={query}");
        let answer = self.house.ask("GET", &path, &basic("admin"), Value::Null).await;
        answer.json()["result"].as_array().cloned().unwrap_or_default()
    }
}

async fn made(house: &House, table: &str, body: Value) -> String {
    let answer = house.ask("POST", &format!("/api/now/table/{table}"), &basic("admin"), body).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["result"]["sys_id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn catalogues_and_categories_say_what_they_have() {
    let shop = Shop::new().await;
    let wanted = json!({ "title": "Service Catalog", "sys_id": shop.catalog, "has_categories": true, "has_items": true,
        "description": "IT", "desktop_image": "" });
    assert_eq!(shop.get("/catalogs?sysparm_text=service").await, json!([wanted]));
    assert_eq!(shop.get("/catalogs?sysparm_text=nothing").await, json!([]));
    let one = shop.get(&format!("/catalogs/{}", shop.catalog)).await;
    assert_eq!(one["categories"].as_array().map(Vec::len), Some(1));
    let top = shop.get(&format!("/catalogs/{}/categories?sysparm_top_level_only=true", shop.catalog)).await;
    assert_eq!((&top[0]["title"], &top[0]["count"]), (&json!("Hardware"), &json!(1)));
    assert_eq!(top[0]["subcategories"][0]["sys_id"], json!(shop.laptops));
    let all = shop.get(&format!("/catalogs/{}/categories", shop.catalog)).await;
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    let category = shop.get(&format!("/categories/{}", shop.hardware)).await;
    assert_eq!(category["child_categories"][0]["title"], "Laptops");
    for path in ["/catalogs/x", "/categories/x", "/items/x"] {
        assert_eq!(shop.ask("GET", path, Value::Null).await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn items_are_listed_for_whom_they_are_and_asked_for_by_page_text_and_category() {
    let shop = Shop::new().await;
    let names = async |path: &str| {
        let items = shop.get(path).await;
        items.as_array().expect("a list").iter().map(|item| item["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("/items").await, ["iPad", "Laptop"]);
    assert_eq!(names(&format!("/items?sysparm_category={}", shop.laptops)).await, ["Laptop"]);
    assert_eq!(names(&format!("/items?sysparm_catalog={}&sysparm_text=ipad", shop.catalog)).await, ["iPad"]);
    assert_eq!(names("/items?sysparm_limit=1&sysparm_offset=1").await, ["Laptop"]);
    assert_eq!(names("/items?sysparm_offset=2").await, Vec::<Value>::new());
    assert_eq!(names("/items?sysparm_type=record_producer").await, Vec::<Value>::new());
    let item = shop.get(&format!("/items/{}", shop.ipad)).await;
    assert_eq!((&item["price"], &item["type"], &item["order"]), (&json!("$799.00"), &json!("catalog_item"), &json!(1)));
    assert_eq!(item["catalogs"], json!([{ "sys_id": shop.catalog, "title": "Service Catalog" }]));
    assert_eq!(item["category"], json!({ "sys_id": shop.hardware, "title": "Hardware" }));
    let storage = &item["variables"][0];
    assert_eq!(
        (&storage["name"], &storage["mandatory"], &storage["friendly_type"]),
        (&json!("storage"), &json!(true), &json!("select_box"))
    );
    assert_eq!(
        (&storage["choices"][1]["label"], &storage["choices"][1]["price"]),
        (&json!("512 GB"), &json!("$300.00"))
    );
    assert_eq!(shop.get(&format!("/items/{}/variables", shop.ipad)).await, item["variables"]);
    let path = format!("/variables/{}/display_value", storage["id"].as_str().expect("an id"));
    assert_eq!(shop.ask("POST", &path, json!({ "sysparm_value": "512" })).await.1["result"], "512 GB");
    assert_eq!(shop.ask("POST", "/variables/x/display_value", json!({})).await.0, 404);
}

#[tokio::test]
async fn an_order_makes_a_request_an_item_its_answers_and_a_task() {
    let shop = Shop::new().await;
    let path = format!("/items/{}/order_now", shop.ipad);
    let order = json!({ "sysparm_quantity": "2", "variables": { "storage": "512", "engraving": true } });
    let (status, answer) = shop.ask("POST", &path, order).await;
    assert_eq!(status, 200, "{answer}");
    let answer = answer["result"].clone();
    let id = answer["request_id"].as_str().expect("an id");
    assert_eq!(
        (&answer["table"], &answer["sys_id"], &answer["number"]),
        (&json!("sc_request"), &json!(id), &answer["request_number"])
    );
    let request = shop.records("sc_request", &format!("sys_id={id}")).await[0].clone();
    let told = ["request_state", "price", "requested_for", "opened_by", "active"].map(|field| request[field].clone());
    let mia = shop.house.mia.to_string();
    assert_eq!(told, [json!("in_process"), json!("2249"), json!(mia), json!(mia), json!("true")]);
    let items = shop.records("sc_req_item", &format!("request={id}")).await;
    assert_eq!((items.len(), &items[0]["quantity"], &items[0]["price"]), (1, &json!("2"), &json!("1124.5")));
    assert_eq!(
        (&items[0]["cat_item"], &items[0]["estimated_delivery"]),
        (&json!(shop.ipad), &json!("2026-06-03 08:00:00"))
    );
    assert!(items[0]["number"].as_str().is_some_and(|number| number.starts_with("RITM")));
    let item = items[0]["sys_id"].as_str().expect("an id");
    let answers =
        shop.records("sc_item_option_mtom", &format!("request_item={item}&sysparm_fields=sc_item_option.value")).await;
    let mut answers: Vec<_> =
        answers.iter().map(|one| one["sc_item_option.value"].as_str().unwrap_or_default()).collect();
    answers.sort_unstable();
    assert_eq!(answers, ["512", "true"]);
    let tasks = shop.records("sc_task", &format!("request_item={item}")).await;
    assert_eq!(
        (tasks.len(), &tasks[0]["short_description"], &tasks[0]["state"]),
        (1, &json!("Deliver iPad"), &json!("1"))
    );
    assert_eq!(tasks[0]["assignment_group"], items[0]["assignment_group"]);
}

#[tokio::test]
async fn an_item_that_needs_approval_asks_the_manager_and_its_task_waits() {
    let shop = Shop::new().await;
    let dora = shop.records("sys_user", "user_name=dora").await[0]["sys_id"].clone();
    let mia = format!("/api/now/table/sys_user/{}", shop.house.mia);
    shop.house.ask("PATCH", &mia, &basic("admin"), json!({ "manager": dora })).await;
    let path = format!("/items/{}/order_now", shop.laptop);
    let answer = shop.ask("POST", &path, json!({})).await.1["result"].clone();
    let items =
        shop.records("sc_req_item", &format!("request={}", answer["request_id"].as_str().expect("an id"))).await;
    assert_eq!((&items[0]["stage"], &items[0]["approval"]), (&json!("waiting_for_approval"), &json!("requested")));
    let item = items[0]["sys_id"].as_str().expect("an id");
    assert_eq!(shop.records("sc_task", &format!("request_item={item}")).await[0]["state"], "-5");
    let approvals = shop.records("sysapproval_approver", &format!("sysapproval={item}")).await;
    assert_eq!((approvals.len(), &approvals[0]["approver"], &approvals[0]["state"]), (1, &dora, &json!("requested")));
}

impl Shop {
    /// Lets mia order laptops that dora, her manager, is asked about; gives the request, and each item with its approval and task.
    async fn asked(&self, laptops: usize) -> (String, Vec<[String; 3]>) {
        let dora = self.records("sys_user", "user_name=dora").await[0]["sys_id"].clone();
        let mia = format!("/api/now/table/sys_user/{}", self.house.mia);
        self.house.ask("PATCH", &mia, &basic("admin"), json!({ "manager": dora })).await;
        for _ in 0..laptops {
            self.ask("POST", &format!("/items/{}/add_to_cart", self.laptop), json!({})).await;
        }
        let ordered = self.ask("POST", "/cart/submit_order", Value::Null).await.1["result"].clone();
        let request = ordered["request_id"].as_str().expect("an id").to_owned();
        let mut items = Vec::new();
        for item in self.records("sc_req_item", &format!("request={request}^ORDERBYnumber")).await {
            let id = |record: &Value| record["sys_id"].as_str().expect("an id").to_owned();
            let item = id(&item);
            let approval = id(&self.records("sysapproval_approver", &format!("sysapproval={item}")).await[0]);
            let task = id(&self.records("sc_task", &format!("request_item={item}")).await[0]);
            items.push([item, approval, task]);
        }
        (request, items)
    }

    async fn patch(&self, who: &str, table: &str, id: &str, body: Value) -> u16 {
        let path = format!("/api/now/table/{table}/{id}");
        self.house.ask("PATCH", &path, &basic(who), body).await.status.as_u16()
    }

    /// Fields of a record.
    async fn fields<const N: usize>(&self, table: &str, id: &str, fields: [&str; N]) -> [String; N] {
        let record = self.records(table, &format!("sys_id={id}")).await[0].clone();
        fields.map(|field| record[field].as_str().expect("text").to_owned())
    }
}

#[tokio::test]
async fn an_approved_item_is_worked_on_and_ends_with_its_task() {
    let shop = Shop::new().await;
    let (request, items) = shop.asked(2).await;
    let yes = json!({ "state": "approved" });
    let mira = json!({ "user_name": "mira", "name": "Mira", "roles": "itil", "user_password": crate::house::PASSWORD });
    made(&shop.house, "sys_user", mira).await;
    let item_fields = ["state", "approval", "stage"];
    for [item, approval, task] in &items {
        assert_eq!(shop.patch("mira", "sysapproval_approver", approval, yes.clone()).await, 403, "she is not asked");
        assert_eq!(shop.fields("sc_task", task, ["state"]).await, ["-5"]);
        assert_eq!(shop.patch("dora", "sysapproval_approver", approval, yes.clone()).await, 200);
        assert_eq!(shop.fields("sc_req_item", item, item_fields).await, ["1", "approved", "fulfillment"]);
        assert_eq!(shop.fields("sc_task", task, ["state"]).await, ["1"]);
    }
    for [item, _, task] in &items {
        assert_eq!(shop.patch("dora", "sc_task", task, json!({ "state": "2" })).await, 200);
        assert_eq!(shop.fields("sc_req_item", item, ["state"]).await, ["2"]);
        assert_eq!(shop.fields("sc_request", &request, ["state"]).await, ["2"]);
    }
    for [item, _, task] in &items {
        assert_eq!(shop.fields("sc_request", &request, ["state"]).await, ["2"]);
        assert_eq!(shop.patch("dora", "sc_task", task, json!({ "state": "3" })).await, 200);
        assert_eq!(shop.fields("sc_req_item", item, item_fields).await, ["3", "approved", "complete"]);
    }
    let request_fields = ["state", "active", "request_state", "stage"];
    assert_eq!(
        shop.fields("sc_request", &request, request_fields).await,
        ["3", "false", "closed_complete", "closed_complete"]
    );
}

#[tokio::test]
async fn a_rejected_item_is_closed_with_its_task_and_a_request_comes_out_as_its_worst_item() {
    let shop = Shop::new().await;
    let (request, items) = shop.asked(2).await;
    let no = json!({ "state": "rejected", "comments": "Too dear" });
    let [item, approval, task] = &items[0];
    assert_eq!(shop.patch("dora", "sysapproval_approver", approval, no.clone()).await, 200);
    let item_fields = ["state", "approval", "stage"];
    assert_eq!(shop.fields("sc_req_item", item, item_fields).await, ["4", "rejected", "Request Cancelled"]);
    assert_eq!(shop.fields("sc_task", task, ["state"]).await, ["7"]);
    assert_eq!(shop.fields("sc_request", &request, ["active"]).await, ["true"], "the other item is open");
    let [_, approval, task] = &items[1];
    assert_eq!(shop.patch("dora", "sysapproval_approver", approval, json!({ "state": "approved" })).await, 200);
    assert_eq!(shop.patch("dora", "sc_task", task, json!({ "state": "3" })).await, 200);
    let request_fields = ["state", "request_state", "stage"];
    let worst = ["4", "closed_incomplete", "closed_incomplete"];
    assert_eq!(shop.fields("sc_request", &request, request_fields).await, worst);

    let (request, items) = shop.asked(1).await;
    assert_eq!(shop.patch("dora", "sysapproval_approver", &items[0][1], no).await, 200);
    let rejected = ["4", "closed_rejected", "closed_incomplete"];
    assert_eq!(shop.fields("sc_request", &request, request_fields).await, rejected);
}

#[tokio::test]
async fn a_guide_offers_its_items_and_what_was_picked_goes_to_the_cart_or_is_ordered() {
    let shop = Shop::new().await;
    let hidden =
        shop.records("sc_cat_item", "name=Master%20key").await[0]["sys_id"].as_str().expect("an id").to_owned();
    let body = json!({ "name": "New hire", "type": "order_guide", "items": format!("{},{},{hidden}", shop.ipad, shop.laptop) });
    let guide = made(&shop.house, "sc_cat_item_guide", body).await;
    let question = json!({ "cat_item": guide, "name": "who", "question_text": "Who?", "mandatory": "true" });
    made(&shop.house, "item_option_new", question).await;
    let submit = format!("/items/{guide}/submit_guide");
    let (status, offered) = shop.ask("PUT", &submit, json!({ "variables": { "who": "Mia" } })).await;
    let names = [0, 1].map(|at| offered["result"][at]["name"].clone());
    assert_eq!((status, names), (200, [json!("iPad"), json!("Laptop")]));
    assert_eq!(offered["result"].as_array().map(Vec::len), Some(2), "not what is for others");
    assert_eq!(offered["result"][0]["variables"][0]["name"], "storage");
    assert_eq!(shop.ask("PUT", &submit, json!({ "variables": {} })).await.0, 400);

    let checkout = format!("/items/{guide}/checkout_guide");
    let ipad = json!({ "sys_id": shop.ipad, "variables": { "storage": "128" }, "sysparm_quantity": "3" });
    for wrong in [
        json!({ "items": [] }),
        json!({ "items": [{ "sys_id": shop.ipad }] }),
        json!({ "items": [{ "sys_id": hidden }] }),
        json!({ "items": [{ "sys_id": shop.laptop, "sysparm_quantity": "-1" }] }),
        json!({}),
    ] {
        assert_eq!(shop.ask("POST", &checkout, wrong).await.0, 400);
    }
    assert_eq!(shop.get("/cart").await["subtotal_price"], "$0.00", "nothing came of it");
    let picked = json!({ "items": [ipad, { "sys_id": shop.laptop }] });
    let (status, cart) = shop.ask("POST", &checkout, picked.clone()).await;
    assert_eq!((status, &cart["result"]["subtotal_price"]), (200, &json!("$3,497.00")));
    assert_eq!(cart["result"]["none"]["items"][0]["order_guide"], "New hire");
    assert_eq!(shop.ask("POST", "/cart/submit_order", Value::Null).await.0, 200);
    assert_eq!(shop.records("sc_req_item", "").await[0]["order_guide"], json!(guide));

    assert_eq!(shop.patch("admin", "sc_cat_item_guide", &guide, json!({ "two_step": "true" })).await, 200);
    let (status, ordered) = shop.ask("POST", &checkout, picked).await;
    assert!(status == 200 && ordered["result"]["request_number"].is_string(), "{ordered}");
    assert_eq!(shop.ask("PUT", &format!("/items/{}/submit_guide", shop.ipad), json!({})).await.0, 400);
}

#[tokio::test]
async fn a_wish_waits_beside_the_cart_and_may_leave_questions_open() {
    let shop = Shop::new().await;
    assert_eq!(shop.get("/wishlist").await, json!({ "cart_id": "", "items": [] }));
    let wish = json!({ "sysparm_quantity": "2" });
    let (status, list) = shop.ask("POST", &format!("/items/{}/add_to_wishlist", shop.ipad), wish).await;
    assert_eq!((status, &list["result"]["items"][0]["item_name"]), (200, &json!("iPad")));
    shop.ask("POST", &format!("/items/{}/add_to_cart", shop.laptop), json!({})).await;
    let list = shop.get("/wishlist").await;
    let id = list["items"][0]["cart_item_id"].as_str().expect("an id");
    assert_eq!((list["items"].as_array().map(Vec::len), &list["items"][0]["quantity"]), (Some(1), &json!("2")));
    assert_eq!(shop.get(&format!("/wishlist/{id}")).await["catalog_item_id"], json!(shop.ipad));
    assert_eq!(shop.get("/cart").await["subtotal_price"], "$1,100.00");
    let by_dora = shop.house.ask("GET", &format!("{BASE}/wishlist/{id}"), &basic("dora"), Value::Null).await;
    assert_eq!(by_dora.status.as_u16(), 404);
    assert_eq!(shop.ask("POST", "/cart/submit_order", Value::Null).await.0, 200);
    assert_eq!(shop.get("/wishlist").await["items"].as_array().map(Vec::len), Some(1), "a wish is not ordered");
    assert_eq!(shop.ask("DELETE", &format!("/cart/{id}"), Value::Null).await.0, 204);
    assert_eq!(shop.ask("GET", &format!("/wishlist/{id}"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_cart_is_looked_at_once_more_where_the_organisation_wants_two_steps() {
    let shop = Shop::new().await;
    made(&shop.house, "sys_properties", json!({ "name": "glide.sc.checkout.twostep", "value": "true" })).await;
    assert_eq!(shop.ask("POST", "/cart/checkout", json!({})).await.0, 400, "the cart is empty");
    shop.ask("POST", &format!("/items/{}/add_to_cart", shop.laptop), json!({})).await;
    let (status, cart) = shop.ask("POST", "/cart/checkout", json!({ "delivery_address": "Dock 3" })).await;
    let cart = &cart["result"];
    assert_eq!(
        (status, &cart["subtotal_price"], &cart["delivery_address"]),
        (200, &json!("$1,100.00"), &json!("Dock 3"))
    );
    assert_eq!((&cart["requested_for"], shop.records("sc_request", "").await.len()), (&json!(shop.house.mia), 0));
    assert_eq!(shop.ask("POST", "/cart/submit_order", json!({ "delivery_address": "Dock 3" })).await.0, 200);
    assert_eq!(shop.records("sc_request", "").await[0]["delivery_address"], "Dock 3");
}

#[tokio::test]
async fn an_item_is_ordered_for_those_it_is_for() {
    let shop = Shop::new().await;
    let admin = shop.records("sys_user", "user_name=admin").await[0]["sys_id"].as_str().expect("an id").to_owned();
    let mia = shop.house.mia;
    let key = shop.records("sc_cat_item", "name=Master%20key").await[0]["sys_id"].as_str().expect("an id").to_owned();
    let ask = async |path: &str, body: Value| {
        let method = if body.is_null() { "GET" } else { "POST" };
        let answer = shop.house.ask(method, &format!("{BASE}/items/{path}"), &basic("admin"), body).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", String::from_utf8_lossy(&answer.body));
        answer.json()["result"].clone()
    };
    for (user, may) in [(admin.as_str(), true), (&mia.to_string(), false), ("nobody", false)] {
        assert_eq!(ask(&format!("{key}/delegation/{user}"), Value::Null).await, json!({ "result": may }), "{user}");
    }
    let also = json!({ "sysparm_also_request_for": format!("{mia},{admin}") });
    assert_eq!(ask(&format!("{key}/get_invalid_delegated_users"), also.clone()).await["errCode"], "42202");
    let whom = json!({ "cat_item": key, "name": "whom", "question_text": "For whom?", "type": 31 });
    made(&shop.house, "item_option_new", whom).await;
    let invalid = ask(&format!("{key}/get_invalid_delegated_users"), also).await;
    assert_eq!(invalid, json!({ "invalidUsers": ["Mia Canaryname"] }));
    assert_eq!(shop.ask("GET", &format!("/items/{key}/delegation/{mia}"), Value::Null).await.0, 400, "not hers to see");
}

#[tokio::test]
async fn what_cannot_be_ordered_is_refused_and_nothing_is_made() {
    let shop = Shop::new().await;
    let path = format!("/items/{}/order_now", shop.ipad);
    for (body, why) in [
        (json!({ "variables": {} }), "Mandatory Variables are required: storage"),
        (json!({ "sysparm_quantity": 0, "variables": { "storage": "128" } }), "sysparm_quantity"),
        (json!({ "sysparm_quantity": "many", "variables": { "storage": "128" } }), "sysparm_quantity"),
        (json!({ "sysparm_requested_for": "nobody", "variables": { "storage": "128" } }), "sysparm_requested_for"),
        (json!({ "variables": { "storage": ["128"] } }), "storage"),
    ] {
        let (status, answer) = shop.ask("POST", &path, body).await;
        let detail = answer["error"]["detail"].as_str().unwrap_or_default();
        assert!(status == 400 && detail.contains(why), "{status} {answer}");
    }
    assert_eq!(shop.ask("POST", "/items/x/order_now", json!({})).await.0, 400);
    assert_eq!(shop.ask("POST", "/cart/submit_order", Value::Null).await.0, 400, "the cart is empty");
    let nobody = shop.house.ask("GET", &format!("{BASE}/items"), &basic("nobody"), Value::Null).await;
    assert_eq!(nobody.status.as_u16(), 401);
    assert_eq!(shop.records("sc_request", "").await, Vec::<Value>::new());
    assert_eq!(shop.records("sc_task", "").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_cart_keeps_what_is_put_into_it_until_it_is_ordered() {
    let shop = Shop::new().await;
    assert_eq!(shop.get("/cart").await["subtotal_price"], "$0.00");
    let put = async |item: &str, body: Value| {
        shop.ask("POST", &format!("/items/{item}/add_to_cart"), body).await.1["result"].clone()
    };
    put(&shop.ipad, json!({ "sysparm_quantity": 1, "variables": { "storage": "128" } })).await;
    let added = put(&shop.laptop, json!({ "sysparm_quantity": "2" })).await;
    assert_eq!((&added["subtotal"], added["items"].as_array().map(Vec::len)), (&json!("$2,999.00"), Some(2)));
    let cart = shop.get("/cart").await;
    assert_eq!((&cart["cart_id"], &cart["subtotal_price"]), (&added["cart_id"], &json!("$2,999.00")));
    assert_eq!(
        (&cart["none"]["items"][0]["item_name"], &cart["none"]["items"][0]["variables"]["storage"]),
        (&json!("iPad"), &json!("128"))
    );
    assert_eq!(cart["monthly"]["subtotal_recurring_price"], "$20.00");
    let line = |cart: &Value, group: &str| cart[group]["items"][0]["cart_item_id"].as_str().expect("an id").to_owned();
    let change = json!({ "sysparm_quantity": "3", "variables": { "storage": "512" } });
    let (status, changed) = shop.ask("PUT", &format!("/cart/{}", line(&cart, "none")), change).await;
    assert_eq!((status, &changed["result"]["none"]["subtotal_price"]), (201, &json!("$3,297.00")));
    assert_eq!(shop.ask("DELETE", &format!("/cart/{}", line(&cart, "monthly")), Value::Null).await.0, 204);
    assert_eq!(shop.ask("DELETE", &format!("/cart/{}", line(&cart, "monthly")), Value::Null).await.0, 400);

    let wishes = json!({ "special_instructions": "Ring twice" });
    let (status, ordered) = shop.ask("POST", "/cart/submit_order", wishes).await;
    assert_eq!(status, 200, "{ordered}");
    let request = shop.records("sc_request", "").await;
    assert_eq!(
        (&request[0]["number"], &request[0]["special_instructions"]),
        (&ordered["result"]["request_number"], &json!("Ring twice"))
    );
    assert_eq!(shop.records("sc_req_item", "").await[0]["price"], "1099");
    assert_eq!(shop.get("/cart").await["subtotal_price"], "$0.00");
    put(&shop.laptop, json!({})).await;
    assert_eq!(shop.ask("POST", "/cart/checkout", json!({})).await.0, 200);
    put(&shop.laptop, json!({})).await;
    let cart = shop.get("/cart").await["cart_id"].as_str().expect("an id").to_owned();
    let by_dora = shop.house.ask("DELETE", &format!("{BASE}/cart/{cart}/empty"), &basic("dora"), Value::Null).await;
    assert_eq!(by_dora.status.as_u16(), 400);
    assert_eq!(shop.ask("DELETE", &format!("/cart/{cart}/empty"), Value::Null).await.0, 204);
    assert_eq!(shop.get("/cart").await["cart_id"], "");
}

#[tokio::test]
async fn a_producer_makes_a_record_of_its_table_in_the_name_of_whoever_answers() {
    let shop = Shop::new().await;
    let body = json!({ "name": "Create Incident", "table_name": "incident", "type": "record_producer",
        "preset": "contact_type=self-service^impact=2" });
    let producer = made(&shop.house, "sc_cat_item_producer", body).await;
    for (name, more) in [
        ("urgency", json!({ "question_text": "How urgent?" })),
        (
            "what",
            json!({ "question_text": "What?", "mandatory": "true", "map_to_field": "true", "field": "short_description" }),
        ),
        ("where", json!({ "question_text": "Where?" })),
    ] {
        let mut body = json!({ "cat_item": producer, "name": name });
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        made(&shop.house, "item_option_new", body).await;
    }
    let path = format!("/items/{producer}/submit_producer");
    let answers = json!({ "variables": { "urgency": "1", "what": "No light", "where": "Room 7" } });
    let (status, made) = shop.ask("POST", &path, answers).await;
    assert_eq!(status, 200, "{made}");
    let made = made["result"].clone();
    let id = made["sys_id"].as_str().expect("an id");
    assert_eq!(
        (&made["table"], &made["parent_table"], &made["parent_id"]),
        (&json!("incident"), &json!("task"), &Value::Null)
    );
    assert_eq!(made["record"], format!("api/now/table/incident/{id}"));
    let incident = shop.records("incident", &format!("sys_id={id}")).await[0].clone();
    assert_eq!(incident["number"], made["number"]);
    let mia = shop.house.mia.to_string();
    for (field, value) in [
        ("short_description", "No light"),
        ("urgency", "1"),
        ("impact", "2"),
        ("contact_type", "self-service"),
        ("description", "Where?: Room 7"),
        ("caller_id", &mia),
        ("opened_by", &mia),
    ] {
        assert_eq!(incident[field], value, "{field}");
    }
    assert_eq!(shop.ask("POST", &path, json!({ "variables": {} })).await.0, 400);
    assert_eq!(shop.ask("POST", &format!("/items/{}/submit_producer", shop.ipad), json!({})).await.0, 404);
    assert_eq!(shop.records("incident", "").await.len(), 1);
}
