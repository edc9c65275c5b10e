//! From text to the syntax tree and back.
//!
//! [`lex`] cuts any text into tokens; the splitter finds where items start, so that one broken item spoils no other;
//! each item's text is parsed by the grammar (`grammar/zt.pest`) and built into [`ast`].
//!
//! Operators, loosest first; every pair of levels can be told apart by parentheses alone:
//!
//! | level | operators | |
//! |---|---|---|
//! | 1 | `or` | a flat list |
//! | 2 | `and` | a flat list |
//! | 3 | `not` | prefix |
//! | 4 | `== != < <= > >= in`, `not in`, `contains…`, `…_with`, `like`, `matches`, `is …` | not chained |
//! | 5 | `otherwise` | to the right |
//! | 6 | `+ -` | to the left |
//! | 7 | `*` | to the left |
//! | 8 | `..` | not chained |
//! | 9 | `-` | prefix |
//! | 10 | `.name`, `[key]`, `(arguments)` | postfix |
//!
//! `if` stands where a whole expression can stand, and needs parentheses elsewhere. An `and` directly within an `and`
//! is one list, parentheses or not; likewise `or`.

pub mod ast;
mod blocks;
mod grammar;
pub mod lex;
mod matcher;
mod nesting;
mod parse;
mod print;
mod skim;
mod split;
mod unescape;
mod walk;

pub use parse::{SyntaxLimits, is_reserved, parse};
pub use print::{format, print};
pub(crate) use skim::{rules, skim};
pub use unescape::{unescape, unescape_pattern, unescape_regex};
