//! Tests of the command line and of the examples.

mod commands;
mod examples;
mod process;
