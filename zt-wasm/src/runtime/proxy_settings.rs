//! Settings of modules for proxies: the plugin's configuration, as JSON text.
//!
//! A host loads a module once for all plugins that have it, and tells them apart by their root contexts, of which each has a
//! configuration of its own; one that is changed comes with a new root context, while requests that began under the old one
//! go on. So the text of each is kept behind the tables, in a block that is used again once its context is gone, and applied
//! when a request of it comes. A request whose root context has no configuration that was taken, not even an empty one, is
//! denied.

use super::bind::*;
use super::env::*;
use super::layout::*;
use super::memory::*;
use super::out::*;
use super::proxy_host::*;
use super::settings::*;

/// The first block.
const PROXY_ROOTS: i32 = 820;
/// The context that was created last for a request, and its root.
const PROXY_STREAM: i32 = 824;
const PROXY_STREAM_ROOT: i32 = 828;

// A block: its root context, or nobody, and
const ROOT_NEXT: i32 = 4; // the next block
const ROOT_ROOM: i32 = 8; // for how many bytes there is room
const ROOT_LEN: i32 = 12; // how many there are; behind it, they
const ROOT_TEXT: i32 = 16;
/// No context has this number.
const NOBODY: i32 = 0;

const PLUGIN_CONFIGURATION: i32 = 7;
const SETTINGS_LOG_ERROR: i32 = 4;

/// A context comes into being: a root, or one for a request.
pub fn proxy_on_context_create(context: i32, parent: i32) {
    if parent != 0 {
        st32(PROXY_STREAM, context);
        st32(PROXY_STREAM_ROOT, parent);
    }
}

/// A context is gone.
pub fn proxy_on_delete(context: i32) {
    let block = proxy_root(context);
    if block != NOWHERE {
        st32(block, NOBODY);
    }
}

/// The block of a root context.
fn proxy_root(context: i32) -> i32 {
    let mut block = if context == NOBODY { NOWHERE } else { ld32(PROXY_ROOTS) };
    while block != NOWHERE {
        if ld32(block) == context {
            return block;
        }
        block = ld32(block + ROOT_NEXT);
    }
    return NOWHERE;
}

/// Takes a configuration of so many bytes for a root context: whether it fits the policy.
pub fn proxy_configure(context: i32, len: i32) -> bool {
    if !proxy_begin() {
        return false;
    }
    let given = if len == 0 { 0 } else { proxy_buffer(PLUGIN_CONFIGURATION, len) };
    if given < 0 {
        return false;
    }
    let at = proxy_given();
    if bind_room(given) && settings_apply(at, given) && proxy_keep_settings(context, at, given) {
        return true;
    }
    proxy_refuse();
    return false;
}

/// Says what is wrong.
fn proxy_refuse() {
    out_start();
    let place = settings_text(SETTINGS_REFUSED);
    out_bytes(ld32(place), ld32(place + 4));
    settings_write_wrong();
    if ld32(FAILED) != 0 {
        let place = settings_text(SETTINGS_NO_MEMORY);
        host_log(SETTINGS_LOG_ERROR, ld32(place), ld32(place + 4));
        return;
    }
    host_log(SETTINGS_LOG_ERROR, ld32(OUT), ld32(OUT + 4));
}

/// Keeps the text of a configuration, in the context's own block, in one that is free, or in a new one.
fn proxy_keep_settings(context: i32, at: i32, len: i32) -> bool {
    let own = proxy_root(context);
    let mut block = own;
    if own == NOWHERE || ld32(own + ROOT_ROOM) < len {
        block = proxy_free_root(len);
    }
    if block == NOWHERE {
        if !arena_reserve(ROOT_TEXT + len + 8) {
            st32(FAILED, 1);
            return false;
        }
        block = (ld32(H_ARENA) + 7) & -8;
        // The text may stand there already, in parts.
        copy(block + ROOT_TEXT, at, len);
        st32(block + ROOT_NEXT, ld32(PROXY_ROOTS));
        st32(block + ROOT_ROOM, (len + 7) & -8);
        st32(PROXY_ROOTS, block);
        st32(H_ARENA, block + ROOT_TEXT + ((len + 7) & -8));
    } else {
        copy(block + ROOT_TEXT, at, len);
    }
    if own != NOWHERE {
        st32(own, NOBODY);
    }
    st32(block, context);
    st32(block + ROOT_LEN, len);
    return true;
}

/// A free block for so many bytes.
fn proxy_free_root(len: i32) -> i32 {
    let mut block = ld32(PROXY_ROOTS);
    while block != NOWHERE {
        if ld32(block) == NOBODY && ld32(block + ROOT_ROOM) >= len {
            return block;
        }
        block = ld32(block + ROOT_NEXT);
    }
    return NOWHERE;
}

/// Applies the settings that hold for a request's context: whether there are those that are needed.
pub fn proxy_settings(context: i32) -> bool {
    // Of a context that nobody announced, only the configuration can hold that is there alone.
    let mut block = ld32(PROXY_ROOTS);
    if ld32(PROXY_STREAM) == context {
        block = proxy_root(ld32(PROXY_STREAM_ROOT));
    } else if block != NOWHERE {
        if ld32(block + ROOT_NEXT) != NOWHERE || ld32(block) == NOBODY {
            return false;
        }
    }
    if block == NOWHERE {
        return false;
    }
    let len = ld32(block + ROOT_LEN);
    return bind_room(len) && settings_apply(block + ROOT_TEXT, len);
}
