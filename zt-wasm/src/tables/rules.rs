//! Rules, as the routines that decide look them up.
//!
//! What a rule reads as in a decision is written beforehand, and so is what stands around the arguments of an obligation.

use std::collections::BTreeSet;

use zt_eval::graph::{DutyTemplate, Effect, Rule};
use zt_eval::id::{ActionId, NodeId, RuleId};
use zt_eval::schema::Field;
use zt_eval::{Policy, codegen};

use super::data::{Data, number};
use super::schema::{Header, Row, SchemaTables, bytes};
use super::{index, nodes};
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
);

/// The tables by which a module decides.
#[derive(Debug)]
pub struct RuleTables {
    /// What they are found by.
    pub header: Header,
    /// What `tag_used` tells apart and is in them.
    pub tags: BTreeSet<i32>,
    /// See [`nodes::conjunctions`].
    pub conjunctions: BTreeSet<NodeId>,
}

/// Writes the tables by which a module decides, and fills in what actions know of them: call it once, after the schema's.
pub fn write(data: &mut Data, policy: &Policy, schema: &mut SchemaTables) -> RuleTables {
    let index = policy.index();
    let rules = policy.rules();
    data.part("rules");
    let conjunctions = nodes::conjunctions(policy, &index);
    let mut rows = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let conjuncts = index.conjuncts.get(at).map_or(&[][..], |conjuncts| conjuncts);
        rows.extend(self::rule(data, policy, schema, RuleId::new(at), rule, (conjuncts, &conjunctions)).0);
    }
    let rows = data.shared(&rows, 4);
    let texts = data.text(TEXTS);
    data.part("kept");
    let kept = data.reserve(policy.kept_count() as usize * bytes(KEPT));
    data.part("index");
    let mut tables = index::write(data, &index);
    data.part("nodes");
    let nodes = nodes::write(data, policy, &conjunctions, &mut tables.tags);
    data.part("actions");
    let actions = schema.header.iter().find(|(cell, _)| *cell == H_ACTIONS).map_or(0, |(_, at)| *at);
    for (at, row) in (0..policy.schema().actions.len()).map(ActionId::new).zip((actions..).step_by(bytes(ACTION_SIZE)))
    {
        fill_action(data, policy, &index, &tables, at, row);
    }
    let mut header = vec![
        (H_RULES, rows),
        (H_RULES_COUNT, number(rules.len())),
        (H_NODES_COUNT, number(policy.nodes().len())),
        (H_INDEX, tables.index),
        (H_TEXTS, texts),
        (H_KEPT, kept),
        (H_STAMPS, policy.kept_count()),
    ];
    header.extend(nodes);
    RuleTables { header, tags: tables.tags, conjunctions }
}

fn rule(
    data: &mut Data,
    policy: &Policy,
    schema: &mut SchemaTables,
    id: RuleId,
    rule: &Rule,
    (conjuncts, conjunctions): (&[NodeId], &BTreeSet<NodeId>),
) -> Row {
    let overriders = policy.overriders_of(id);
    let duties: Vec<u8> = rule.duties.iter().flat_map(|each| duty(data, policy, schema, each).0).collect();
    let mut row = Row::new(RULE);
    row.put64(0, data.span(&rule_json(rule)));
    row.put(RULE_CONJUNCTS, node_numbers(data, conjuncts));
    row.put(RULE_CONJUNCTS_COUNT, number(conjuncts.len()));
    let is_walked = conjunctions.contains(&rule.condition);
    row.put(RULE_CONDITION, if is_walked { u32::MAX } else { number(rule.condition.index()) });
    row.put(RULE_DUTIES, data.shared(&duties, 4));
    row.put(RULE_DUTIES_COUNT, number(rule.duties.len()));
    row.put(RULE_OVERRIDERS, rule_numbers(data, overriders.iter().copied()));
    row.put(RULE_OVERRIDERS_COUNT, number(overriders.len()));
    row.put(RULE_IS_DENY, (rule.effect == Effect::Deny).into());
    row
}

fn node_numbers(data: &mut Data, nodes: &[NodeId]) -> u32 {
    let numbers: Vec<u32> = nodes.iter().map(|node| number(node.index())).collect();
    data.words(&numbers)
}

fn rule_numbers(data: &mut Data, rules: impl Iterator<Item = RuleId>) -> u32 {
    let numbers: Vec<u32> = rules.map(|rule| number(rule.index())).collect();
    data.words(&numbers)
}

/// A text as JSON. A text always has one.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A rule as decisions name it; members are sorted.
fn rule_json(rule: &Rule) -> String {
    let because = rule.because.as_ref().map_or(String::new(), |because| format!(r#""because":{},"#, json(because)));
    format!(r#"{{{because}"place":{},"rule":{}}}"#, json(&rule.place.to_string()), json(&rule.name))
}

fn duty(data: &mut Data, policy: &Policy, schema: &mut SchemaTables, duty: &DutyTemplate) -> Row {
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
        row.put(ARG_NODE, number(node.index()));
        row.put(ARG_TYPE, schema.types.address(data, policy.schema(), &param.ty));
        rows.extend(row.0);
    }
    let mut row = Row::new(DUTY);
    row.put64(0, data.span(r#"{"args":{"#));
    row.put64(DUTY_BEHIND, data.span(&format!(r#"}},"name":{name}}}"#)));
    row.put(DUTY_ARGS, data.shared(&rows, 4));
    row.put(DUTY_NODES, node_numbers(data, &duty.args));
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
    row: u32,
) {
    if let Some(trees) = index.trees(action) {
        let trees = [trees.denies, trees.duties, trees.allows, trees.audits];
        for (tree, at) in trees.into_iter().zip((row + number(bytes(ACTION_TREES))..).step_by(4)) {
            data.patch32(at, tables.division(tree));
        }
    }
    let overrides = |id: &RuleId| policy.rule(*id).is_some_and(|rule| !rule.overrides.is_empty());
    let allows = policy.rules_for(action).map_or(&[][..], |rules| &rules.allows);
    let overriding: Vec<u32> = allows.iter().filter(|id| overrides(id)).map(|id| number(id.index())).collect();
    if !overriding.is_empty() {
        let words: Vec<u32> = std::iter::once(number(overriding.len())).chain(overriding).collect();
        let at = data.words(&words);
        data.patch32(row + number(bytes(ACTION_RULES)), at);
    }
}
