//! Encoded queries: whatever text comes, it is read, and SQL and memory agree about what matches.

use crate::cost::measured;
use crate::house::House;
use crate::{Border, Guard, Taken};

pub const BORDER: Border = Border {
    name: "queries",
    about: "encoded queries of the record API, as text",
    share: 50,
    open: || Box::new(Queries(House::new())),
};

struct Queries(House);

impl Guard for Queries {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        const TEXTS: [&str; 11] = [
            "active=true^ORDERBYnumber",
            "short_descriptionLIKEboiler^ORstate=16^NQnumberSTARTSWITHWOT^ORDERBYDESCexpected_start",
            "assigned_to.nameISNOTEMPTY^parent.location.name!=here",
            "priorityIN1,2,3^impactBETWEEN1@3^urgency>=2",
            "expected_start>javascript:gs.daysAgoStart(3)",
            "numberNOT LIKE^^x^short_descriptionSAMEASdescription",
            "JOINwm_task.assigned_to=sys_user.sys_id!nameLIKEmia^RLQUERYtask.parent,>=1,m2m^active=true^ENDRLQUERY",
            "expected_startONToday@javascript:gs.beginningOfToday()@javascript:gs.endOfToday()^ORassigned_toISEMPTY",
            "sys_updated_onRELATIVEGT@hour@ago@2^sys_created_onDATEPARTMonday@javascript:gs.datePart('dayofweek','monday','LE')",
            "expected_startLESSTHANwork_end@day@before@3^priorityGT_FIELDimpact^sys_class_nameINSTANCEOFtask",
            "123TEXTQUERY321=boiler leak^assigned_toDYNAMIC90d1921e5f510100a9ad2572f2b477fe",
        ];
        TEXTS.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        let text = String::from_utf8_lossy(input);
        let (found, cost) = measured(|| self.0.query("wm_task", &text));
        Ok(Taken::when(found.is_ok(), input.len(), cost))
    }
}
