//! User stories, one per file, over real HTTP and real files; see `fieldline_stories` for who acts in them.

mod stories {
    mod a_call_to_the_end;
    mod approved_offline;
    mod bad_input;
    mod cancelled_meanwhile;
    mod cancelled_order;
    mod captive_portal;
    mod clock_on_the_phone;
    mod created_offline;
    mod customer_on_the_way;
    mod cut_anywhere;
    mod cut_photo;
    mod damaged_phone;
    mod depot_kiosk;
    mod from_alert_to_acceptance;
    mod hostile_pushes;
    mod https;
    mod killed_phone;
    mod killed_server;
    mod last_part;
    mod last_window;
    mod live;
    mod malformed_import;
    mod on_site;
    mod planned_day;
    mod reassigned;
    mod reassigned_at_work;
    mod resolved_in_a_cellar;
    mod same_checklist;
    mod service_report;
    mod slow_line;
    mod van_count;
    mod wrong_serial;
}
