//! Rules, as the routines that decide look them up.
//!
//! What a rule reads as in a decision is written beforehand, and so is what stands around the arguments of an obligation.

use std::collections::BTreeSet;

use zt_eval::graph::{DutyTemplate, Effect, Rule};
use zt_eval::id::{ActionId, NodeId, RuleId};
use zt_eval::schema::Field;
use zt_eval::{Policy, codegen};

use super::data::{Data, number};
use super::nodes::Numbers;
use super::row::Rows;
use super::schema::{Header, Row, SchemaTables, bytes};
use super::{index, nodes};
use crate::code::write_unsigned;
use crate::layout::*;

/// The text of a decision without what is in it, and parts of other texts.
const TEXTS: &str = concat!(
    r#"{"audit":["#,
    r#"],"challenge":["#,
    r#"],"depends_on":["#,
    r#"],"effect":""#,
    r#"","obligations":["#,
    r#"],"overridden":["#,
    r#"],"reason":""#,
    r#"","rules":["#,
    r#"],"unknown":["#,
    r#"],"valid_until":"#,
    r#"{"acr":"#,
    r#","attribute":"#,
    r#","max_age":"#,
    "context.",
    " parents",
    r#"{"because":""#,
    r#"","place":""#,
    r#"","rule":""#,
    r#""}"#,
);

/// What is known of a policy before its tables are written.
#[derive(Debug)]
pub struct Plan {
    pub index: codegen::Index,
    pub numbers: Numbers,
}

impl Plan {
    /// Of a policy whose rules can be filed.
    #[must_use]
    pub fn of(policy: &Policy) -> Option<Self> {
        let index = policy.index()?;
        let numbers = Numbers::of(policy, &index);
        Some(Self { index, numbers })
    }
}

/// What is zero at first, and goes with stamps.
#[derive(Clone, Copy, Debug)]
pub struct Zeroed {
    /// Where data are kept.
    pub kept: u32,
    /// What lookups found.
    pub found: u32,
    /// When nodes were last looked into.
    pub stamps: u32,
    bytes: u32,
}

impl Zeroed {
    /// Takes its place; before anything is written.
    pub fn reserve(data: &mut Data, policy: &Policy, plan: &Plan) -> Self {
        let kept = policy.kept_count().saturating_mul(KEPT.cast_unsigned());
        let found = number(plan.index.lookups.len()).saturating_mul(FINDING.cast_unsigned());
        // Number 0 is nobody's.
        let stamps = plan.numbers.end().saturating_mul(4);
        let bytes = kept.saturating_add(found).saturating_add(stamps);
        let at = data.zeroed(bytes);
        Self { kept: at, found: at.saturating_add(kept), stamps: at.saturating_add(kept).saturating_add(found), bytes }
    }
}

/// The tables by which a module decides.
#[derive(Debug)]
pub struct RuleTables {
    /// What they are found by.
    pub header: Header,
    /// What `tag_used` tells apart and is in them.
    pub tags: BTreeSet<i32>,
}

/// Writes the tables by which a module decides, and fills in what actions know of them: call it once, after the schema's.
pub fn write(data: &mut Data, policy: &Policy, plan: &Plan, zeroed: &Zeroed, schema: &mut SchemaTables) -> RuleTables {
    let Plan { index, numbers } = plan;
    data.part("rules");
    let rules = Rules::write(data, policy, plan, schema);
    let texts = data.text(TEXTS);
    data.part("index");
    let mut tables = index::write(data, index, numbers, zeroed.found);
    data.part("nodes");
    let nodes = nodes::write(data, policy, numbers, &mut schema.types, &mut tables.tags);
    data.part("actions");
    for (at, trees) in (0..).zip(&schema.actions.trees) {
        fill_action(data, policy, index, &tables, ActionId::new(at), *trees);
    }
    let mut header = vec![
        (H_RULES_COUNT, number(policy.rules().len())),
        (H_TEXTS, texts),
        (H_KEPT, zeroed.kept),
        (H_KEPT_BYTES, zeroed.bytes),
        (H_NODE_STAMPS, zeroed.stamps),
    ];
    header.extend(tables.header);
    header.extend(rules);
    header.extend(nodes);
    RuleTables { header, tags: tables.tags }
}

/// The rows of rules: which columns they have depends on what any of the policy's rules has.
struct Rules<'a> {
    policy: &'a Policy,
    plan: &'a Plan,
    overrides: bool,
    obliges: bool,
    audits: bool,
    /// Whether any has a condition that is more than its conjuncts.
    whole: bool,
    /// The names of files.
    files: Vec<&'a str>,
}

impl<'a> Rules<'a> {
    fn write(data: &mut Data, policy: &'a Policy, plan: &'a Plan, schema: &mut SchemaTables) -> Header {
        let any = |has: fn(&Rule) -> bool| policy.rules().iter().any(has);
        let mut rules = Self {
            policy,
            plan,
            overrides: any(|rule| !rule.extras.overrides.is_empty()),
            obliges: any(|rule| !rule.extras.duties.is_empty()),
            audits: any(|rule| rule.audit),
            whole: policy.rules().iter().any(|rule| plan.numbers.get(rule.condition) != 0),
            files: Vec::new(),
        };
        let mut places = data.rows();
        for (at, rule) in policy.rules().iter().enumerate() {
            let row = rules.row(data, schema, RuleId::new(at), rule);
            places.place(row.write(data));
        }
        let mut files = Vec::new();
        for file in &rules.files {
            let name = json_part(file);
            files.extend([data.text(&name), number(name.len())]);
        }
        let whole = (H_WHOLE, rules.whole.into());
        vec![whole, (H_RULES, places.write(data)), (H_FILES, data.words(&files))]
    }

    fn row(&mut self, data: &mut Data, schema: &mut SchemaTables, id: RuleId, rule: &'a Rule) -> Rows {
        let mut row = data.rows();
        if self.overrides {
            let mut overriders = data.rows();
            let all = self.policy.overriders_of(id);
            overriders.list(&all.iter().map(|rule| number(rule.index())).collect::<Vec<_>>());
            row.place(overriders.share(data));
        }
        if self.obliges {
            row.place(self.duties(data, schema, rule));
        }
        let numbers = &self.plan.numbers;
        if self.whole {
            row.number(numbers.get(rule.condition));
        }
        if self.audits {
            row.byte((rule.effect == Effect::Deny).into());
        }
        let conjuncts = self.plan.index.conjuncts.get(id.index()).map_or(&[][..], |conjuncts| conjuncts);
        row.list(&conjuncts.iter().map(|node| numbers.get(*node)).collect::<Vec<_>>());
        self.texts(rule, &mut row);
        row
    }

    fn duties(&self, data: &mut Data, schema: &mut SchemaTables, rule: &Rule) -> u32 {
        if rule.extras.duties.is_empty() {
            return NOWHERE.cast_unsigned();
        }
        let mut rows = number(rule.extras.duties.len()).to_le_bytes().to_vec();
        for each in &rule.extras.duties {
            rows.extend(duty(data, self.policy, &self.plan.numbers, schema, each).0);
        }
        data.shared(&rows, 1)
    }

    /// What decisions say of a rule, as far as it is its own.
    fn texts(&mut self, rule: &'a Rule, row: &mut Rows) {
        match &rule.extras.because {
            Some(because) => {
                let because = json_part(because);
                length(row, because.len() + 1);
                row.bytes.extend(because.bytes());
            }
            None => length(row, 0),
        }
        let file: &str = rule.place.file();
        let known = self.files.iter().position(|known| *known == file);
        let at = known.unwrap_or(self.files.len());
        if known.is_none() {
            self.files.push(file);
        }
        length(row, at);
        let place = format!(":{}:{}", rule.place.line(), rule.place.column());
        for text in [place, json_part(&rule.name)] {
            length(row, text.len());
            row.bytes.extend(text.bytes());
        }
    }
}

/// A length in as few bytes as it needs.
fn length(row: &mut Rows, len: usize) {
    write_unsigned(number(len), &mut row.bytes);
}

/// A text as it stands between the quotes in JSON.
fn json_part(text: &str) -> String {
    let quoted = json(text);
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

/// A text as JSON. A text always has one.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn duty(data: &mut Data, policy: &Policy, numbers: &Numbers, schema: &mut SchemaTables, duty: &DutyTemplate) -> Row {
    let declared = policy.schema().obligation(duty.obligation);
    let params = declared.map_or(&[][..], |obligation| &obligation.params);
    let name = declared.map_or("null".into(), |obligation| json(&obligation.name));
    let mut args: Vec<(&Field, NodeId)> = params.iter().zip(duty.args.iter().copied()).collect();
    args.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    let mut rows = Vec::with_capacity(args.len() * bytes(ARG));
    for (at, (param, node)) in args.into_iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let mut row = Row::new(ARG);
        row.put64(0, data.span(&format!("{comma}{}:", json(&param.name))));
        row.put(ARG_NODE, numbers.get(node));
        row.put(ARG_TYPE, schema.types.address(data, policy.schema(), &param.ty));
        rows.extend(row.0);
    }
    let mut row = Row::new(DUTY);
    row.put64(0, data.span(r#"{"args":{"#));
    row.put64(DUTY_BEHIND, data.span(&format!(r#"}},"name":{name}}}"#)));
    row.put(DUTY_ARGS, data.shared(&rows, 1));
    let nodes: Vec<u32> = duty.args.iter().map(|node| numbers.get(*node)).collect();
    row.put(DUTY_NODES, data.words(&nodes));
    row.put(DUTY_COUNT, number(duty.args.len()));
    row
}

/// Fills in an action's divisions, and which of its allow rules override any deny rule.
fn fill_action(
    data: &mut Data,
    policy: &Policy,
    index: &codegen::Index,
    tables: &index::IndexTables,
    action: ActionId,
    place: u32,
) {
    let overrides = |id: &RuleId| policy.rule(*id).is_some_and(|rule| !rule.extras.overrides.is_empty());
    let allows = policy.rules_for(action).map_or(&[][..], |rules| &rules.allows);
    let overriding: Vec<u32> = allows.iter().filter(|id| overrides(id)).map(|id| number(id.index())).collect();
    let mut row = data.rows();
    let trees = index.trees(action).map_or([None; 4], |trees| {
        [trees.denies, trees.duties, trees.allows, trees.audits].map(|tree| Some(tables.division(tree)))
    });
    for tree in trees {
        row.place(tree.unwrap_or_default());
    }
    if !overriding.is_empty() {
        let mut rows = data.rows();
        rows.list(&overriding);
        row.place(rows.share(data));
    }
    row.patch(data, place);
}
