//! The parser that pest makes of `grammar/zt.pest`.

use pest_derive::Parser;

/// Has a method `parse` and, beside it, an enum `Rule` of all productions.
#[derive(Parser)]
#[grammar = "../../grammar/zt.pest"]
pub(super) struct ZtGrammar;

/// Whether a production is a keyword or a sign that the tree does not keep.
#[inline(always)]
pub(super) fn is_noise(production: Rule) -> bool {
    use Rule as R;
    matches!(
        production,
        R::kw_package
            | R::kw_use
            | R::kw_as
            | R::kw_scope
            | R::kw_enum
            | R::kw_source
            | R::kw_entity
            | R::kw_record
            | R::kw_context
            | R::kw_obligation
            | R::kw_action
            | R::kw_let
            | R::kw_fn
            | R::kw_param
            | R::kw_test
            | R::kw_prove
            | R::kw_from
            | R::kw_fresh
            | R::kw_until
            | R::kw_since
            | R::kw_step_up
            | R::kw_gives
            | R::kw_set
            | R::kw_list
            | R::kw_map
            | R::kw_overridable
            | R::kw_by
            | R::kw_when
            | R::kw_for
            | R::kw_because
            | R::kw_oblige
            | R::kw_overrides
            | R::kw_control
            | R::kw_given
            | R::kw_now
            | R::kw_store
            | R::kw_evidence
            | R::kw_expect
            | R::kw_challenge
            | R::kw_unknown
            | R::kw_reason
            | R::kw_if
            | R::kw_then
            | R::kw_else
            | R::kw_is
            | R::kw_like
            | R::kw_matches
            | R::kw_count
            | R::kw_in
            | R::kw_not
            | R::kw_any
            | R::kw_none
            | R::kw_subject
            | R::kw_resource
            | R::kw_allow
            | R::kw_deny
            | R::at
            | R::open_paren
            | R::close_paren
            | R::open_bracket
            | R::close_bracket
            | R::open_brace
            | R::close_brace
            | R::open_angle
            | R::close_angle
            | R::colon
            | R::double_colon
            | R::comma
            | R::dot
            | R::bar
            | R::arrow
            | R::equals
            | R::EOI
            | R::sensitive_word
            | R::quantifier
    )
}
