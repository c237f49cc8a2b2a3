//! Records as integrations write them: any field of any table with any text.

use fieldline_service::TableError;
use fieldline_service::table;

use crate::cost::measured;
use crate::dice::Dice;
use crate::house::{House, NOW, input};
use crate::{Border, Guard, Taken};

/// Inputs a house takes before it is built anew.
const INPUTS_A_HOUSE: usize = 300;
const TABLES: [&str; 7] = ["wm_task", "wm_order", "incident", "cmn_location", "sys_user", "cmdb_ci", "no_such_table"];

pub const BORDER: Border = Border {
    name: "tables",
    about: "creates and updates of the record API with any field and text, drawn from the input",
    share: 50,
    open: || Box::new(Tables { house: House::new(), taken: 0 }),
};

struct Tables {
    house: House,
    taken: usize,
}

impl Tables {
    /// A field and its new text: half of them as people write them, half with anything in any field there is.
    fn field(&self, table: &str, dice: &mut Dice<'_>) -> (String, String) {
        const USUAL: [(&str, &str); 6] = [
            ("short_description", "Boiler leaks"),
            ("description", ""),
            ("comments", "On my way"),
            ("work_notes", "Gate code 4711"),
            ("urgency", "2"),
            ("name", "Site"),
        ];
        if dice.below(2) == 0 {
            let (field, text) = dice.one_of(&USUAL);
            return ((*field).to_owned(), (*text).to_owned());
        }
        let dictionary = self.house.server.dictionary();
        let table = dictionary.table(table);
        let known = table.map(|table| &table.fields[..]).unwrap_or_default();
        let field =
            if known.is_empty() || dice.below(8) == 0 { dice.text() } else { dice.one_of(known).name.to_string() };
        (field, if dice.below(2) == 0 { dice.text() } else { dice.number().to_string() })
    }
}

impl Guard for Tables {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        (0_u8..4).map(|seed| (0..120_u8).map(|index| index.wrapping_mul(7 + seed)).collect()).collect()
    }

    fn take(&mut self, input_bytes: &[u8]) -> Result<Taken, String> {
        self.taken += 1;
        if self.taken.is_multiple_of(INPUTS_A_HOUSE) {
            self.house = House::new();
        }
        let mut dice = Dice(input_bytes);
        let name = *dice.one_of(&TABLES);
        let mut fields = Vec::new();
        while !dice.is_empty() && fields.len() < 6 {
            fields.push(self.field(name, &mut dice));
        }
        let update = dice.below(2) == 0;
        let fields = input(fields.into_iter());
        let task = self.house.task.sys_id;
        let house = &mut self.house;
        let (done, cost) = measured(|| {
            house.server.write(&house.server.system(), NOW, &mut house.rng, |call| {
                if update { table::update(call, "wm_task", task, &fields) } else { table::create(call, name, &fields) }
            })
        });
        match done {
            Err(TableError::Service(problem)) => Err(format!("the server failed: {problem}")),
            done => Ok(Taken::when(done.is_ok(), input_bytes.len(), cost)),
        }
    }
}
