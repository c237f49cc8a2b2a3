//! The files the demo organisation is written down in: one table each, the header names its fields.
//!
//! Beside fields a header may name: `key`, what other rows call the row by; `at`, the stage a document stands at, and
//! `reason`, why. A field marked with `*` tells a row that is there already, however it came there.

use fieldline_model::TableName;

use crate::failed::Failed;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("files/", $name, ".csv")))),*]
    };
}

/// In the order in which they are loaded; a row may refer to a later one all the same.
const FILES: &[(&str, &str)] = files![
    "sys_user_role",
    "core_company",
    "cmn_department",
    "cmn_cost_center",
    "cmn_location",
    "sys_user",
    "sys_user_group",
    "sys_user_grmember",
    "sys_user_has_role",
    "sys_group_has_role",
    "cmn_skill",
    "sys_user_has_skill",
    "alm_stockroom",
    "cmdb_model",
    "cmdb_rel_type",
    "cmdb_ci_ip_router",
    "cmdb_ci_ip_switch",
    "cmdb_ci_linux_server",
    "cmdb_ci_win_server",
    "cmdb_ci_ec2_instance",
    "cmdb_ci_web_server",
    "cmdb_ci_app_server",
    "cmdb_ci_appl",
    "cmdb_ci_db_mysql_instance",
    "cmdb_ci_db_mssql_instance",
    "cmdb_ci_service_auto",
    "cmdb_ci_service",
    "cmdb_ci_business_app",
    "cmdb_ci_ups",
    "cmdb_ci_hardware",
    "cmdb_rel_ci",
    "customer_account",
    "customer_contact",
    "ast_contract",
    "alm_asset",
    "service_entitlement",
    "sc_catalog",
    "sc_category",
    "sc_cat_item",
    "sc_cat_item_producer",
    "std_change_record_producer",
    "std_change_producer_version",
    "item_option_new",
    "question_choice",
    "chg_model",
    "kb_knowledge_base",
    "kb_category",
    "kb_knowledge",
    "problem",
    "problem_task",
    "incident",
    "change_request",
    "change_task",
    "sysapproval_approver",
    "sc_request",
    "sc_req_item",
    "sc_task",
    "sn_customerservice_case",
    "wm_order",
    "wm_task",
    "task_ci",
    "sys_properties",
    "sys_choice",
    "bsm_chart",
];

/// One table's rows.
pub struct Sheet {
    /// The table.
    pub table: TableName,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// One row: what its cells say, by column; empty cells are left out.
pub struct Row {
    cells: Vec<(String, String)>,
}

impl Row {
    /// The text of a column, marked or not.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.cells.iter().find(|(name, _)| name.trim_start_matches('*') == column).map(|(_, text)| text.as_str())
    }

    /// The cells that are fields.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.cells.iter().filter(|(name, _)| !["key", "sys_id", "at", "reason"].contains(&name.as_str()));
        fields.map(|(name, text)| (name.trim_start_matches('*'), text.as_str()))
    }

    /// The cells that tell a row that is there already.
    pub fn marked(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cells.iter().filter_map(|(name, text)| Some((name.strip_prefix('*')?, text.as_str())))
    }

    /// What other rows call it by.
    pub fn key(&self) -> String {
        let marked: Vec<&str> = self.marked().map(|(_, text)| text).collect();
        self.get("key").map_or_else(|| marked.join("."), str::to_owned)
    }
}

/// Every file, read.
///
/// # Errors
/// When a file is no CSV; a test reads them all.
pub fn sheets() -> Result<Vec<Sheet>, Failed> {
    let sheet = |(name, text): &(&str, &str)| {
        let broken = |problem: csv::Error| Failed::Usage(format!("the demo data's {name}: {problem}"));
        Ok(Sheet { table: (*name).into(), rows: rows(text).map_err(broken)? })
    };
    FILES.iter().map(sheet).collect()
}

fn rows(text: &str) -> Result<Vec<Row>, csv::Error> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers()?.clone();
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record?;
        let cells = header.iter().zip(record.iter()).filter(|(_, text)| !text.is_empty());
        Ok(Row { cells: cells.map(|(name, text)| (name.to_owned(), text.to_owned())).collect() })
    };
    reader.records().map(row).collect()
}
