//! Reads a dictionary from its files, lets tables inherit, and refuses what does not fit together.
//!
//! Every complaint names the file, or the table and field, or the life cycle and step, because the reader is somebody who
//! has just written a line of TOML. Checks are in `check.rs` and nowhere else: the rest of the product trusts a
//! [`Dictionary`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::check::{check_life_cycle, check_table};
use super::{Choice, Dictionary, Field, Merge, Parts, ROLES, Table};
use crate::id::TableName;
use crate::life_cycle::LifeCycle;

/// Why a dictionary cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DictionaryError {
    /// The text of a table or life cycle does not parse.
    #[error("{file}: {source}")]
    Syntax {
        /// The file at fault.
        file: String,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A table, field, role or stage is named that is nowhere declared, or is declared twice.
    #[error("{place}: {problem}")]
    Inconsistent {
        /// The table and field, or the life cycle and step.
        place: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

pub(super) type Checked = Result<(), DictionaryError>;

pub(super) fn wrong(place: impl Into<String>, problem: impl Into<String>) -> DictionaryError {
    DictionaryError::Inconsistent { place: place.into(), problem: problem.into() }
}

/// Complains unless the condition holds.
pub(super) fn ensure(condition: bool, place: &str, problem: impl FnOnce() -> String) -> Checked {
    if condition { Ok(()) } else { Err(wrong(place, problem())) }
}

macro_rules! files {
    ($(#[$doc:meta])* $texts:ident, $json:ident: $($name:literal),* $(,)?) => {
        $(#[$doc])*
        pub const $texts: &[(&str, &str)] =
            &[$((concat!($name, ".toml"), include_str!(concat!("../../dictionary/", $name, ".toml")))),*];
        /// The same in JSON, as the build script writes it.
        const $json: &[&str] = &[$(include_str!(concat!(env!("OUT_DIR"), "/", $name, ".json"))),*];
    };
}

const EVERY_TABLE: (&str, &str) = ("every_table.toml", include_str!("../../dictionary/every_table.toml"));
const EVERY_TABLE_JSON: &str = include_str!(concat!(env!("OUT_DIR"), "/every_table.json"));

files![
    /// The tables every organisation starts with, each a file's name and its text.
    SHIPPED_TABLES, SHIPPED_TABLES_JSON:
    "account_relationship",
    "alm_asset",
    "alm_stock_rule",
    "alm_stockroom",
    "alm_transfer_order",
    "alm_transfer_order_line",
    "api_key_credentials",
    "asmt_assessment_instance",
    "asmt_metric",
    "asmt_metric_definition",
    "asmt_metric_result",
    "ast_contract",
    "awa_agent_capacity",
    "awa_agent_presence",
    "awa_presence_state",
    "awa_queue",
    "awa_reject_reason",
    "awa_service_channel",
    "awa_work_item",
    "awa_work_item_rejection",
    "basic_auth_credentials",
    "bsm_chart",
    "cab_agenda_item",
    "cab_attendee",
    "cab_definition",
    "cab_meeting",
    "cert_audit",
    "change_request",
    "change_risk_asmt",
    "change_risk_asmt_threshold",
    "change_task",
    "chg_approval_def",
    "chg_mgt_worker",
    "chg_model",
    "chg_policy_approval",
    "chg_success_score_rating",
    "cmdb",
    "cmdb_ci",
    "cmdb_ci_app_server",
    "cmdb_ci_appl",
    "cmdb_ci_business_app",
    "cmdb_ci_cluster",
    "cmdb_ci_computer",
    "cmdb_ci_db_instance",
    "cmdb_ci_db_mssql_instance",
    "cmdb_ci_db_mysql_instance",
    "cmdb_ci_db_ora_instance",
    "cmdb_ci_ec2_instance",
    "cmdb_ci_esx_server",
    "cmdb_ci_hardware",
    "cmdb_ci_ip_firewall",
    "cmdb_ci_ip_router",
    "cmdb_ci_ip_switch",
    "cmdb_ci_linux_server",
    "cmdb_ci_netgear",
    "cmdb_ci_network_adapter",
    "cmdb_ci_printer",
    "cmdb_ci_server",
    "cmdb_ci_service",
    "cmdb_ci_service_auto",
    "cmdb_ci_service_discovered",
    "cmdb_ci_service_technical",
    "cmdb_ci_spkg",
    "cmdb_ci_storage_device",
    "cmdb_ci_unix_server",
    "cmdb_ci_ups",
    "cmdb_ci_vm_instance",
    "cmdb_ci_vm_object",
    "cmdb_ci_web_server",
    "cmdb_ci_win_server",
    "cmdb_datasource_last_update",
    "cmdb_datasource_staleness",
    "cmdb_dynamic_reconciliation_definition",
    "cmdb_health_metric_pref",
    "cmdb_health_orphan_rule",
    "cmdb_health_result",
    "cmdb_health_scorecard",
    "cmdb_health_stale_rule",
    "cmdb_health_task",
    "cmdb_ire_incomplete_payloads",
    "cmdb_model",
    "cmdb_multisource_data",
    "cmdb_recommended_fields",
    "cmdb_reconciliation_definition",
    "cmdb_rel_ci",
    "cmdb_rel_type",
    "cmdb_serial_number",
    "cmdb_servicetask_product_model",
    "cmdb_workorder_product_model",
    "cmn_cost_center",
    "cmn_department",
    "cmn_location",
    "cmn_other_schedule",
    "cmn_rota",
    "cmn_rota_esc_step_def",
    "cmn_rota_escalation_set",
    "cmn_rota_member",
    "cmn_rota_roster",
    "cmn_schedule",
    "cmn_schedule_blackout",
    "cmn_schedule_condition",
    "cmn_schedule_maintenance",
    "cmn_schedule_span",
    "cmn_skill",
    "conflict",
    "contract_sla",
    "core_company",
    "csm_consumer",
    "customer_account",
    "customer_contact",
    "discovery_credentials",
    "dl_u_priority",
    "duplicate_audit_result",
    "fl_case_survey",
    "fl_chat_message",
    "fl_checklist",
    "fl_checklist_question",
    "fl_checklist_version",
    "fl_customer_link",
    "fl_definition",
    "fl_entitlement_use",
    "fl_meter_reading",
    "fl_safety_alert",
    "fl_stock_balance",
    "fl_stock_count",
    "fl_stock_lease",
    "fl_stock_movement",
    "fl_webhook",
    "http_connection",
    "incident",
    "incident_task",
    "interaction",
    "interaction_related_record",
    "item_option_new",
    "kb_category",
    "kb_feedback",
    "kb_feedback_task",
    "kb_knowledge",
    "kb_knowledge_base",
    "kb_quality_checklist",
    "kb_quality_checklist_question",
    "kb_quality_review",
    "kb_uc_can_contribute_mtom",
    "kb_uc_can_read_mtom",
    "kb_uc_cannot_contribute_mtom",
    "kb_uc_cannot_read_mtom",
    "kb_use",
    "m2m_kb_task",
    "major_incident_trigger_rule",
    "oauth_2_0_credentials",
    "on_call_escalation",
    "on_call_escalation_con_attempt",
    "problem",
    "problem_task",
    "question_choice",
    "reconcile_duplicate_task",
    "risk_conditions",
    "roster_schedule_span",
    "roster_schedule_span_proposal",
    "sc_cart",
    "sc_cart_item",
    "sc_cat_item",
    "sc_cat_item_guide",
    "sc_cat_item_producer",
    "sc_catalog",
    "sc_category",
    "sc_item_option",
    "sc_item_option_mtom",
    "sc_req_item",
    "sc_request",
    "sc_task",
    "service_entitlement",
    "service_offering",
    "sm_incidentals",
    "sm_part_requirement",
    "sn_apptmnt_booking_appointment_booking",
    "sn_apptmnt_booking_service_config",
    "sn_chg_probability_risk_lookup",
    "sn_comm_management_comm_plan",
    "sn_comm_management_comm_plan_definition",
    "sn_comm_management_comm_task",
    "sn_comm_management_comm_task_definition",
    "sn_customerservice_case",
    "sn_customerservice_task",
    "sn_inapp_notification",
    "sn_install_base_item",
    "sn_tp_territory",
    "sn_tp_territory_membership_override",
    "std_change_producer_version",
    "std_change_record_producer",
    "sys_alias",
    "sys_attachment",
    "sys_audit",
    "sys_choice",
    "sys_data_policy2",
    "sys_data_policy_rule",
    "sys_data_source",
    "sys_db_object",
    "sys_decision_input",
    "sys_decision_question",
    "sys_dictionary",
    "sys_email",
    "sys_flow_context",
    "sys_flow_log",
    "sys_glide_object",
    "sys_group_has_role",
    "sys_history_line",
    "sys_hub_flow",
    "sys_import_set",
    "sys_import_set_row",
    "sys_metadata",
    "sys_outbound_http_log",
    "sys_properties",
    "sys_retry_policy",
    "sys_script",
    "sys_transform_entry",
    "sys_transform_map",
    "sys_user",
    "sys_user_grmember",
    "sys_user_group",
    "sys_user_has_role",
    "sys_user_has_skill",
    "sys_user_role",
    "sys_user_role_contains",
    "sysapproval_approver",
    "sysapproval_group",
    "sysevent_email_action",
    "syslog",
    "sysrule_assignment",
    "task",
    "task_ci",
    "task_cmdb_ci_service",
    "task_service_offering",
    "task_sla",
    "time_card",
    "trigger_rule",
    "ts_query_kb",
    "ts_synonym_set",
    "user_criteria",
    "wm_agent_schedule_attribute_plan",
    "wm_m2m_work_plan_to_record",
    "wm_order",
    "wm_planned_work_plan",
    "wm_planned_work_schedule",
    "wm_task",
    "wm_task_dependency",
];

files![
    /// The life cycles every organisation starts with, each a file's name and its text.
    SHIPPED_LIFE_CYCLES, SHIPPED_LIFE_CYCLES_JSON:
    "life_cycles/task",
    "life_cycles/incident",
    "life_cycles/incident_task",
    "life_cycles/case",
    "life_cycles/change_request",
    "life_cycles/change_task",
    "life_cycles/problem",
    "life_cycles/problem_task",
    "life_cycles/request",
    "life_cycles/work_order",
    "life_cycles/work_order_task",
];

/// Known when the app is built: every start compares it.
#[expect(long_running_const_eval, reason = "it ends: some hundred kilobytes are hashed")]
pub(super) const SHIPPED_FINGERPRINT: u64 =
    fingerprint(EVERY_TABLE, fingerprint_of(SHIPPED_LIFE_CYCLES, fingerprint_of(SHIPPED_TABLES, FNV_OFFSET)));

/// A start of the app that shows a list needs no dictionary, and does not wait for it.
static SHIPPED: LazyLock<Dictionary> =
    LazyLock::new(|| Dictionary { parts: Arc::default(), fingerprint: SHIPPED_FINGERPRINT });

/// Read from JSON and not checked, because people wait for it; a test compares it with the files.
pub(super) fn shipped_parts() -> Parts {
    let (declared, every, life_cycles) = shipped_declarations();
    let tables = complete(&declared, &every, &life_cycles).expect("a test reads it");
    Parts::new(tables, life_cycles, shipped_roles())
}

/// The shipped tables as they are declared, the fields every table has, and the life cycles.
pub(super) fn shipped_declarations() -> (BTreeMap<TableName, Table>, Vec<Field>, BTreeMap<String, LifeCycle>) {
    let every: EveryTable = shipped(EVERY_TABLE_JSON);
    let life_cycles = SHIPPED_LIFE_CYCLES_JSON.iter().map(|text| shipped::<LifeCycle>(text));
    let life_cycles = life_cycles.map(|life_cycle| (life_cycle.name.clone(), life_cycle)).collect();
    let tables = SHIPPED_TABLES_JSON.iter().map(|text| shipped::<Table>(text));
    (tables.map(|table| (table.name.clone(), table)).collect(), every.field, life_cycles)
}

fn shipped_roles() -> BTreeSet<String> {
    ROLES.into_iter().map(str::to_owned).collect()
}

fn shipped<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).expect("a test reads it")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EveryTable {
    field: Vec<Field>,
}

impl Dictionary {
    /// The tables and life cycles every organisation starts with.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// Reads tables and life cycles, each a file name (for complaints) and its text, in any order.
    ///
    /// # Errors
    /// When a file does not parse or the whole does not fit together; the error names the place.
    pub fn parse(tables: &[(&str, &str)], life_cycle_files: &[(&str, &str)]) -> Result<Self, DictionaryError> {
        let life_cycles = named(life_cycle_files, |life_cycle: &LifeCycle| life_cycle.name.clone())?;
        let declared = named(tables, |table: &Table| table.name.clone())?;
        let every: EveryTable = read(EVERY_TABLE)?;
        let complete = complete(&declared, &every.field, &life_cycles)?;
        let texts = fingerprint_of(life_cycle_files, fingerprint_of(tables, FNV_OFFSET));
        let parts = Parts::new(complete, life_cycles, shipped_roles());
        let dictionary = Self::of(parts, fingerprint(EVERY_TABLE, texts));
        dictionary.check()?;
        Ok(dictionary)
    }

    /// Refuses what does not fit together.
    pub(super) fn check(&self) -> Checked {
        self.parts().life_cycles.values().try_for_each(|life_cycle| check_life_cycle(life_cycle, self.roles()))?;
        self.tables().try_for_each(|table| check_table(self, table))
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a over the texts: nobody attacks it, and it costs less than reading them.
const fn fingerprint_of(files: &[(&str, &str)], mut hash: u64) -> u64 {
    let mut at = 0;
    while at < files.len() {
        hash = fingerprint(files[at], hash);
        at += 1;
    }
    hash
}

pub(super) const fn fingerprint((_, text): (&str, &str), mut hash: u64) -> u64 {
    let mut at = 0;
    while at < text.len() {
        hash = (hash ^ text.as_bytes()[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

fn read<T: DeserializeOwned>((file, text): (&str, &str)) -> Result<T, DictionaryError> {
    toml::from_str(text).map_err(|source| DictionaryError::Syntax { file: file.to_owned(), source: Box::new(source) })
}

fn named<T, N>(files: &[(&str, &str)], name: impl Fn(&T) -> N) -> Result<BTreeMap<N, T>, DictionaryError>
where
    T: DeserializeOwned,
    N: Ord + Clone + std::fmt::Display,
{
    let mut found = BTreeMap::new();
    for file in files {
        let item: T = read(*file)?;
        let key = name(&item);
        let earlier = found.insert(key.clone(), item);
        ensure(earlier.is_none(), file.0, || format!("\"{key}\" is declared by another file already; rename one"))?;
    }
    Ok(found)
}

/// The declared tables, each with what it inherits and with its life cycle's states.
pub(super) fn complete(
    declared: &BTreeMap<TableName, Table>,
    every: &[Field],
    life_cycles: &BTreeMap<String, LifeCycle>,
) -> Result<BTreeMap<TableName, Table>, DictionaryError> {
    let mut complete = BTreeMap::new();
    for name in declared.keys() {
        inherit(name, declared, every, &mut complete, &mut Vec::new())?;
    }
    for table in complete.values_mut() {
        fill_state_choices(table, life_cycles);
    }
    Ok(complete)
}

/// Completes a table with what it inherits, parents first.
fn inherit(
    name: &TableName,
    declared: &BTreeMap<TableName, Table>,
    every: &[Field],
    complete: &mut BTreeMap<TableName, Table>,
    below: &mut Vec<TableName>,
) -> Checked {
    if complete.contains_key(name) {
        return Ok(());
    }
    let mut table = declared[name].clone();
    let place = name.to_string();
    below.push(name.clone());
    let mut fields = every.to_vec();
    if let Some(parent) = &table.extends {
        ensure(declared.contains_key(parent), &place, || format!("extends \"{parent}\", which no file declares"))?;
        ensure(!below.contains(parent), &place, || format!("extends \"{parent}\", which extends it in turn"))?;
        inherit(parent, declared, every, complete, below)?;
        let parent = &complete[parent];
        ensure(parent.kind == table.kind, &place, || format!("is of another kind than \"{}\"", parent.name))?;
        fields.clone_from(&parent.fields);
        table.life_cycle = table.life_cycle.or_else(|| parent.life_cycle.clone());
        if table.rows.is_empty() {
            table.rows.clone_from(&parent.rows);
        }
    }
    table.fields = merge_fields(&table, fields)?;
    complete.insert(name.clone(), table);
    Ok(())
}

fn merge_fields(table: &Table, mut fields: Vec<Field>) -> Result<Vec<Field>, DictionaryError> {
    let mut own = BTreeSet::new();
    for field in &table.fields {
        let place = format!("{}.{}", table.name, field.name);
        ensure(own.insert(&field.name), &place, || "is declared twice; keep one".into())?;
        let mut field = field.clone();
        let writable = matches!(field.merge, Merge::Register | Merge::Set);
        if field.write.is_empty() && writable {
            field.write.clone_from(&table.write);
        }
        match fields.iter_mut().find(|inherited| inherited.name == field.name) {
            Some(inherited) => {
                let same = inherited.field_type == field.field_type;
                ensure(same, &place, || "has another type than the field it inherits".into())?;
                *inherited = field;
            }
            None => fields.push(field),
        }
    }
    Ok(fields)
}

/// The life cycle is the one place that says which states there are and what people call them.
fn fill_state_choices(table: &mut Table, life_cycles: &BTreeMap<String, LifeCycle>) {
    let Some(life_cycle) = table.life_cycle.as_ref().and_then(|name| life_cycles.get(name)) else { return };
    for field in &mut table.fields {
        let choice = |value: String, label: &String| Choice { value, label: label.clone() };
        let stages = life_cycle.stages.iter();
        let choices: Vec<Choice> = match field.name.as_str() {
            "state" => {
                let main = stages.filter(|stage| stage.sub_state.is_none());
                main.map(|stage| choice(stage.state.to_string(), &stage.label)).collect()
            }
            "sub_state" => stages.filter_map(|stage| Some(choice(stage.sub_state.clone()?, &stage.label))).collect(),
            _ => continue,
        };
        field.choices = choices;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_dictionary_fits_together() {
        let dictionary = Dictionary::shipped();
        let parsed = Dictionary::parse(SHIPPED_TABLES, SHIPPED_LIFE_CYCLES).expect("it fits together");
        assert_eq!(*dictionary, parsed);
        assert_eq!((dictionary.tables().count(), dictionary.parts().life_cycles.len()), (246, 11));
        assert!(dictionary.is_a("wm_task", "task"));
        assert_eq!(dictionary.family("task").len(), 18);
        assert!(dictionary.family("nothing").is_empty());
    }

    #[test]
    fn a_table_has_its_ancestors_fields_first_and_may_declare_one_again() {
        let task = Dictionary::shipped().table("wm_task").expect("shipped");
        let names: Vec<&str> = task.fields.iter().take(9).map(|field| field.name.as_str()).collect();
        assert_eq!(names[0], "sys_id");
        assert_eq!(names[7], "number");
        let parents: Vec<&Field> = task.fields.iter().filter(|field| field.name == *"parent").collect();
        assert_eq!(parents.len(), 1);
        assert_eq!(parents[0].reference, Some("wm_order".into()));
    }

    #[test]
    fn states_and_sub_states_are_offered_as_the_life_cycle_declares_them() {
        let task = Dictionary::shipped().table("wm_task").expect("shipped");
        let labels = |field: &str| {
            let choices = &task.field(field).expect("declared").choices;
            choices.iter().map(|choice| format!("{} {}", choice.value, choice.label)).collect::<Vec<_>>()
        };
        assert!(labels("state").contains(&"17 Accepted".to_owned()));
        assert_eq!(labels("sub_state"), ["en_route En Route", "on_site On Site", "paused Paused"]);
    }

    #[test]
    fn roles_of_a_look_up_table_hold_for_all_its_fields() {
        let user = Dictionary::shipped().table("sys_user").expect("shipped");
        let open = |field: &&Field| field.write.is_empty() && field.merge != Merge::Derived;
        assert_eq!(user.fields.iter().find(open), None);
    }
}
