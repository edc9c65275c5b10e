//! Hosts of OPA's WebAssembly policies: npm `@open-policy-agent/opa-wasm`, the Rust crate and the PyPI package `opa-wasm`.
//!
//! The input is a request document, as for any other engine of this project. The result is the decision, or only whether
//! access is granted. There is one entrypoint, which has the number 0. Entities are in the module: a host that gives data
//! which is not empty gets no decision but an abort, since it expects them to count.

use crate::code::{Generated, I32};
use crate::layout::*;
use crate::link::{Import, Parts};
use crate::module::Export;
use crate::tables::data::Data;
use crate::tables::schema::Header;

/// The target's name.
pub(super) const NAME: &str = "opa";

/// What modules for hosts of OPA's policies are to give.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// `true` or `false` instead of the decision: whether access is granted, and without obligations, of which such a
    /// result cannot tell.
    pub bare: bool,
}

impl Options {
    /// These, but with a bare result or not.
    #[must_use]
    pub fn with_bare(self, bare: bool) -> Self {
        Self { bare }
    }
}

/// The name of the entrypoint.
fn entrypoint(options: Options) -> &'static str {
    if options.bare { "zt/allow" } else { "zt/decision" }
}

pub(super) fn exports(options: Options) -> Vec<Export> {
    let same = [
        "opa_malloc",
        "opa_free",
        "opa_json_parse",
        "opa_json_dump",
        "opa_heap_ptr_get",
        "opa_heap_ptr_set",
        "opa_eval_ctx_new",
        "opa_eval_ctx_set_input",
        "opa_eval_ctx_set_data",
        "opa_eval_ctx_set_entrypoint",
        "opa_eval_ctx_get_result",
    ];
    let (eval, eval_ctx) =
        if options.bare { ("opa_eval_bare", "opa_eval_ctx_bare") } else { ("opa_eval", "opa_eval_ctx") };
    let named =
        [("builtins", "opa_builtins"), ("entrypoints", "opa_entrypoints"), ("opa_eval", eval), ("eval", eval_ctx)];
    let functions = named.into_iter().chain(same.map(|name| (name, name)));
    let mut exports = vec![
        Export::Memory("memory"),
        Export::Global("opa_wasm_abi_version", 1),
        Export::Global("opa_wasm_abi_minor_version", 3),
    ];
    exports.extend(functions.map(|(name, of)| Export::Function { name, of }));
    exports
}

/// The texts that a host reads, and how an evaluation is ended.
pub(super) fn tables(options: Options, data: &mut Data, parts: &mut Parts) -> Header {
    let import = Import { module: "env", name: "opa_abort", params: vec![I32], result: None };
    parts.imports.insert("opa_abort".to_owned(), import);
    let mut abort = Generated::new(&[I32], None);
    abort.get(0);
    abort.call("opa_abort");
    abort.bytes(&[0x00]); // unreachable
    parts.generated.insert("host_abort".to_owned(), abort);
    let entrypoints = format!(r#"{{"{}":0}}"#, entrypoint(options));
    let mut texts = vec![
        (OPA_BUILTINS, "{}"),
        (OPA_ENTRYPOINTS, &entrypoints),
        (OPA_NO_ENTRYPOINT, "zt: this policy has one entrypoint, which has the number 0"),
        (OPA_DATA_GIVEN, "zt: this policy holds its entities: build it anew instead of giving it data"),
        (OPA_NO_MEMORY, "zt: there is no memory left"),
        (OPA_NO_HEAP, "zt: the heap can begin neither in the policy's own tables nor beyond the memory"),
        (OPA_NO_CONTEXT, "zt: there is no evaluation context at this address"),
    ];
    if options.bare {
        texts.extend([(OPA_TRUE, r#"[{"result":true}]"#), (OPA_FALSE, r#"[{"result":false}]"#)]);
    }
    texts.into_iter().map(|(place, text)| (place, data.text(&format!("{text}\0")))).collect()
}
