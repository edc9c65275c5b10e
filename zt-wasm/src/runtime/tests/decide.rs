//! Decisions, whole: from a request's text to the decision's, beside `zt-eval`.

mod cases;
mod generated;
mod index;
mod module;
