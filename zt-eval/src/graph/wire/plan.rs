//! The plan of a policy's index: a count, then runs of rules that are filed alike; a count, then rules in the order in which
//! they are filed, each as the difference from the one that follows its predecessor.
//!
//! Most runs are short, and most rules have few conjuncts. So a run is one number: in its three lowest bits 0 for rules that
//! are filed by none, 1 to 6 for the first conjuncts, 7 if a byte follows that says which of the others; above, how many
//! more rules than one there are.

use super::bytes::{Flaw, Reader, Writer, delta, undelta};
use crate::id::RuleId;
use crate::index::{LOOSE, Plan, Run};

/// The code of a conjunct that a byte names.
const OTHER: u8 = 7;

pub(super) fn write(writer: &mut Writer, plan: &Plan) {
    writer.count(plan.runs.len());
    for run in &plan.runs {
        let code = if run.by == LOOSE { 0 } else { run.by.saturating_add(1).min(OTHER) };
        // A run of more rules than a policy can have is refused on reading.
        writer.number(run.rules.saturating_sub(1).min(u32::MAX >> 3) << 3 | u32::from(code));
        if code == OTHER {
            writer.byte(run.by);
        }
    }
    writer.count(plan.order.len());
    let mut expected = 0;
    for rule in &plan.order {
        let rule = u32::try_from(rule.index()).unwrap_or(u32::MAX);
        writer.number(delta(rule, expected));
        expected = rule.wrapping_add(1);
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Plan, Flaw> {
    let mut before = None;
    let runs = reader.list(|reader| {
        let number = reader.number()?;
        let by = match number & u32::from(OTHER) {
            0 => LOOSE,
            code @ 1..7 => (code - 1) as u8,
            _ => Some(reader.byte()?).filter(|by| (OTHER - 1..LOOSE).contains(by)).ok_or(Flaw::Kind)?,
        };
        if before.replace(by) == Some(by) {
            return Err(Flaw::NotCanonical);
        }
        Ok(Run { by, rules: (number >> 3) + 1 })
    })?;
    let mut expected = 0;
    let order = reader.list(|reader| {
        let rule = undelta(reader.number()?, expected);
        expected = rule.wrapping_add(1);
        Ok(RuleId::new(rule as usize))
    })?;
    Ok(Plan { runs, order })
}
