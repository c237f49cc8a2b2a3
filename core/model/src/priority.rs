//! Priority from impact × urgency, by a table each organisation may replace.
//!
//! The shipped table is the documented one; the real log in `tests/data` comes from an organisation that maps low × low to
//! 4, which is why this is data. Source: ServiceNow "Priority lookup rules".

use crate::record::Record;
use crate::value::Value;

/// The priority of each pair of impact and urgency, both 1 (high) to 3 (low).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriorityMatrix([[i64; 3]; 3]);

impl Default for PriorityMatrix {
    fn default() -> Self {
        Self([[1, 2, 3], [2, 3, 4], [3, 4, 5]])
    }
}

impl PriorityMatrix {
    /// The shipped table with the organisation's `dl_u_priority` rows put over it; rows outside 1 to 3 change nothing.
    pub fn from_rows<'a>(rows: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut matrix = Self::default();
        for row in rows {
            let level = |field: &str| row.get(field).and_then(Value::as_integer);
            if let (Some(impact), Some(urgency), Some(priority)) =
                (level("impact"), level("urgency"), level("priority"))
            {
                matrix.set(impact, urgency, priority);
            }
        }
        matrix
    }

    /// The priority, `None` when impact or urgency is outside 1 to 3.
    pub fn priority(&self, impact: i64, urgency: i64) -> Option<i64> {
        let (row, column) = Self::cell(impact, urgency)?;
        Some(self.0[row][column])
    }

    /// Replaces one cell; `false` when impact or urgency is outside 1 to 3.
    pub fn set(&mut self, impact: i64, urgency: i64, priority: i64) -> bool {
        let cell = Self::cell(impact, urgency);
        if let Some((row, column)) = cell {
            self.0[row][column] = priority;
        }
        cell.is_some()
    }

    fn cell(impact: i64, urgency: i64) -> Option<(usize, usize)> {
        let index = |level: i64| (1..=3).contains(&level).then(|| (level - 1) as usize);
        Some((index(impact)?, index(urgency)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{DocumentId, SysId};

    #[test]
    fn an_organisations_rows_are_put_over_the_shipped_table() {
        let row = |levels: [i64; 3]| {
            let mut row = Record::new(DocumentId::new("dl_u_priority", SysId([1; 16])));
            for (field, level) in ["impact", "urgency", "priority"].into_iter().zip(levels) {
                row.set(field, Some(Value::Integer(level)));
            }
            row
        };
        let matrix = PriorityMatrix::from_rows(&[row([3, 3, 4]), row([7, 1, 1])]);
        assert_eq!([matrix.priority(3, 3), matrix.priority(1, 1), matrix.priority(7, 1)], [Some(4), Some(1), None]);
    }

    #[test]
    fn the_shipped_table_is_the_documented_one_and_each_cell_can_be_replaced() {
        let mut matrix = PriorityMatrix::default();
        assert_eq!([matrix.priority(1, 1), matrix.priority(2, 2), matrix.priority(3, 3)], [Some(1), Some(3), Some(5)]);
        assert!(matrix.set(3, 3, 4));
        assert_eq!([matrix.priority(3, 3), matrix.priority(0, 1), matrix.priority(1, 4)], [Some(4), None, None]);
    }
}
