//! A request from JSON.
//!
//! One pass reads each part where it stands, taking the flat parts for the word of all sources. Where `evidence` shows that
//! they are the enforcement point's alone, or anything is wrong, a second pass takes them so: it is the one that counts for
//! such a request, and it fails for one without `evidence`. What depends on a name that comes behind it is marked and passed
//! over, and read then.

use super::cycle::*;
use super::declared::*;
use super::env::*;
use super::gather::*;
use super::hierarchy::*;
use super::json::*;
use super::layout::*;
use super::memory::*;
use super::read::*;
use super::store::*;

/// A byte for each source: 1 if the evidence has its part, 2 more if that names the subject in full.
const BIND_SOURCES: i32 = 1740;

const ALL_ASKED: i32 = 7; // subject, action, resource

/// Binds a request: false if it is invalid.
pub fn bind_request(at: i32, len: i32) -> bool {
    if (len as u32) > (ld32(H_BYTES_MAX) as u32) {
        return false;
    }
    let arena = ld32(ARENA);
    if !bind_document(at, len, SPEAKER_ALL) {
        if ld32(FAILED) != 0 {
            return false;
        }
        st32(ARENA, arena);
        if !bind_document(at, len, SOURCE_PEP) {
            return false;
        }
    }
    return bind_finish();
}

/// Looks up what is asked about: false if what is said closes a cycle.
pub fn bind_finish() -> bool {
    st32(DESCRIBED, ld32(GATHERED));
    st32(DESCRIBED_COUNT, ld32(GATHERED + 4));
    st32(SUBJECT_SAID, said_find(SUBJECT));
    st32(RESOURCE_SAID, said_find(RESOURCE));
    st32(SUBJECT_STORED, store_find(SUBJECT));
    st32(RESOURCE_STORED, store_find(RESOURCE));
    return !cycle_closed() && ld32(FAILED) == 0;
}

/// Bytes that the arena and its scrap have beside what a written document asks for.
const BIND_ARENA: i32 = 65536;
/// Bytes of the longest document of all, whatever a policy's limit: what is made from it has addresses yet.
const BIND_WRITTEN_MAX: i32 = 1 << 26;

/// Binds the document that was written to the text of [`OUT`].
pub fn bind_written() -> bool {
    let len = ld32(OUT + 4);
    if len > ld32(H_BYTES_MAX) || len >= BIND_WRITTEN_MAX {
        return false;
    }
    return bind_room(len) && bind_request(ld32(OUT), len);
}

/// Makes room for what is read from a text of so many bytes; whether there is.
pub fn bind_room(len: i32) -> bool {
    st32(SCRAP, BIND_ARENA + len * 16);
    st32(ARENA_END, (pages() << 16) - ld32(SCRAP));
    if !arena_reserve(BIND_ARENA) {
        // Less scrap, so that it does not reach into what is before the arena.
        st32(SCRAP, BIND_ARENA);
        st32(ARENA_END, (pages() << 16) - BIND_ARENA);
        st32(FAILED, 1);
        return false;
    }
    return true;
}

/// Reads a document whose flat parts are this speaker's word.
fn bind_document(at: i32, len: i32, speaker: i32) -> bool {
    let mut given = 0;
    let mut evidence = -1;
    st32(ERROR, 0);
    json_start(at, len);
    bind_reset();
    json_open(OPEN_OBJECT);
    loop {
        let member = member_next(M_SUBJECT | M_ACTION | M_RESOURCE | M_CONTEXT | M_ENTITIES | M_EVIDENCE, given);
        if member == 0 {
            break;
        }
        given |= member;
        match member {
            M_SUBJECT => {
                bind_entity(speaker, NOWHERE, SUBJECT);
            }
            M_RESOURCE => {
                bind_entity(speaker, NOWHERE, RESOURCE);
            }
            M_ACTION => bind_action(),
            M_CONTEXT => say_context(speaker),
            M_ENTITIES => bind_entities(speaker),
            _ => {
                if speaker == SPEAKER_ALL {
                    return false;
                }
                if ld32(SUBJECT) != T_UNKNOWN && ld32(RESOURCE) != T_UNKNOWN {
                    bind_evidence();
                } else {
                    json_peek();
                    evidence = ld32(JP);
                    json_skip();
                }
            }
        }
    }
    json_finish();
    if given & ALL_ASKED != ALL_ASKED {
        return false;
    }
    if speaker != SPEAKER_ALL && given & M_EVIDENCE == 0 {
        return false;
    }
    if evidence >= 0 && ld32(ERROR) == 0 {
        st32(JP, evidence);
        st32(JDEPTH, 1);
        bind_evidence();
    }
    return ld32(ERROR) == 0 && bind_fits(speaker);
}

/// Nothing is said.
pub fn bind_reset() {
    read_reset();
    gather_reset();
    climb_reset();
    st32(GRANTED, NOWHERE);
    st32(SUBJECT, T_UNKNOWN);
    st32(RESOURCE, T_UNKNOWN);
}

/// Whether the action takes such a subject and such a resource, and the subject's source has named it. Where evidence is
/// sorted, the flat subject is the enforcement point's word alone.
pub fn bind_fits(speaker: i32) -> bool {
    let action = action_row(ld32(ACTION));
    if !has_type(action_subjects(action), ld32(SUBJECT + 4)) {
        return false;
    }
    if !has_type(action_resources(action), ld32(RESOURCE + 4)) {
        return false;
    }
    let from = action_subject_from(action);
    return speaker == SPEAKER_ALL || from == SOURCE_PEP || ld8(ld32(BIND_SOURCES) + from) & 2 != 0;
}

fn bind_action() {
    let mut given = 0;
    json_open(OPEN_OBJECT);
    loop {
        let member = member_next(M_NAME, given);
        if member == 0 {
            break;
        }
        given |= member;
        json_string();
        let action = row_find(ld32(H_ACTIONS), ld32(H_ACTIONS_COUNT), action_width(), ld32(STR), ld32(STR_LEN));
        if action < 0 {
            json_fail();
        }
        st32(ACTION, action);
    }
    if given == 0 {
        json_fail();
    }
}

/// Reads an entity: `known`, or one that must be named. Puts its cell to `out`, if that is somewhere. Gives the cell, and
/// tells in R0 whether it is named in full.
fn bind_entity(speaker: i32, known: i32, out: i32) -> i32 {
    let mut uid = known;
    let mut given = 0;
    let mut ty = -1;
    let mut id = NOWHERE;
    let mut id_len = 0;
    let mut properties = -1;
    let mut parents = -1;
    json_open(OPEN_OBJECT);
    let depth = ld32(JDEPTH);
    loop {
        let member = member_next(M_TYPE | M_ID | M_PROPERTIES | M_PARENTS, given);
        if member == 0 {
            break;
        }
        given |= member;
        if member == M_TYPE {
            read_string();
            ty = entity_type_find();
            if ty < 0 {
                json_fail();
            }
        } else if member == M_ID {
            read_string();
            id = ld32(STR);
            id_len = ld32(STR_LEN);
        } else if uid != NOWHERE {
            bind_body(speaker, uid, member);
        } else {
            json_peek();
            if member == M_PROPERTIES {
                properties = ld32(JP);
            } else {
                parents = ld32(JP);
            }
            json_skip();
        }
        if uid == NOWHERE && given & (M_TYPE | M_ID) == M_TYPE | M_ID && ld32(ERROR) == 0 {
            uid = if out != NOWHERE { out } else { read_alloc(CELL) };
            put_cell(uid, T_ENTITY, ty, span(id, id_len));
        }
    }
    if uid == NOWHERE || ld32(ERROR) != 0 {
        json_fail();
        return CELL_UNKNOWN;
    }
    // The body came before the name.
    let behind = ld32(JP);
    let outside = ld32(JDEPTH);
    if properties >= 0 {
        st32(JP, properties);
        st32(JDEPTH, depth);
        bind_body(speaker, uid, M_PROPERTIES);
    }
    if parents >= 0 {
        st32(JP, parents);
        st32(JDEPTH, depth);
        bind_body(speaker, uid, M_PARENTS);
    }
    st32(JP, behind);
    st32(JDEPTH, outside);
    // What is known already may be named again, but not be another.
    if given & M_TYPE != 0 && ty != ld32(uid + 4) {
        json_fail();
    }
    if given & M_ID != 0 && !bytes_equal(id, id_len, ld32(uid + 8), ld32(uid + 12)) {
        json_fail();
    }
    st32(R0, (given & (M_TYPE | M_ID) == M_TYPE | M_ID) as i32);
    return uid;
}

fn bind_body(speaker: i32, uid: i32, member: i32) {
    if member == M_PROPERTIES {
        say_properties(speaker, uid);
    } else {
        say_parents(speaker, uid);
    }
}

/// Reads a list of entities.
fn bind_entities(speaker: i32) {
    let start = pool_len();
    let mut count = 0;
    json_open(OPEN_ARRAY);
    while json_next(CLOSE_ARRAY, count == 0) {
        count += 1;
        let uid = bind_entity(speaker, NOWHERE, NOWHERE);
        pool_push(uid);
    }
    bind_listed(start, count);
}

/// Takes a list of so many entities from the pool: as many as may be, those that are only named too, and none twice.
pub fn bind_listed(start: i32, count: i32) {
    if (count as u32) > (ld32(H_ENTITIES_MAX) as u32) {
        json_fail();
    }
    if ld32(ERROR) != 0 {
        return;
    }
    let listed = pool_take(start);
    names_sort(listed, count, CELL);
    if !names_ascend(listed, count, CELL) {
        json_fail();
    }
}

/// Reads what each source says.
fn bind_evidence() {
    let count = ld32(H_SOURCES_COUNT);
    let sources = read_alloc(count);
    st32(BIND_SOURCES, sources);
    fill(sources, 0, count);
    let mut is_first = true;
    json_open(OPEN_OBJECT);
    while json_next_member(is_first) {
        is_first = false;
        let source = row_find(ld32(H_SOURCES), count, name_width(), ld32(STR), ld32(STR_LEN));
        if source < 0 || ld8(sources + source) != 0 {
            json_fail();
        } else {
            st8(sources + source, 1);
            if bind_part(source) {
                st8(sources + source, 3);
            }
        }
    }
}

/// Reads what one source says: whether it names the subject in full.
fn bind_part(source: i32) -> bool {
    let mut given = 0;
    let mut is_named = false;
    json_open(OPEN_OBJECT);
    loop {
        let member = member_next(M_SUBJECT | M_RESOURCE | M_CONTEXT | M_ENTITIES, given);
        if member == 0 {
            break;
        }
        given |= member;
        match member {
            M_SUBJECT => {
                bind_entity(source, SUBJECT, NOWHERE);
                is_named = ld32(R0) != 0;
            }
            M_RESOURCE => {
                bind_entity(source, RESOURCE, NOWHERE);
            }
            M_CONTEXT => say_context(source),
            _ => bind_entities(source),
        }
    }
    return is_named;
}

// Members of a request's objects.
pub const M_SUBJECT: i32 = 1;
pub const M_ACTION: i32 = 2;
pub const M_RESOURCE: i32 = 4;
pub const M_CONTEXT: i32 = 8;
pub const M_ENTITIES: i32 = 16;
pub const M_EVIDENCE: i32 = 32;
pub const M_TYPE: i32 = 64;
pub const M_ID: i32 = 128;
pub const M_PROPERTIES: i32 = 256;
pub const M_PARENTS: i32 = 512;
pub const M_NAME: i32 = 1024;

/// Reads to the next of the members that are wanted, passing over others, and its key: 0 at the object's end. `given` are
/// those that came before: none may come twice.
pub fn member_next(wanted: i32, given: i32) -> i32 {
    let mut is_first = given == 0;
    while json_next_member(is_first) {
        is_first = false;
        let member = member_of() & wanted;
        if member & given != 0 {
            json_fail();
            return 0;
        }
        if member != 0 {
            return member;
        }
        json_skip();
    }
    return 0;
}

/// The member with the key that was read last.
fn member_of() -> i32 {
    let at = ld32(STR);
    let len = ld32(STR_LEN);
    // Its first eight bytes, the first the lowest.
    let mut word = ld64(at);
    if len < 8 {
        word = word & first_bytes(len);
    }
    if len == 4 {
        if word == 0x65707974 {
            return M_TYPE;
        }
        if word == 0x656d616e {
            return M_NAME;
        }
    } else if len == 2 {
        if word == 0x6469 {
            return M_ID;
        }
    } else if len == 6 {
        if word == 0x6e6f69746361 {
            return M_ACTION;
        }
    } else if len == 7 {
        if word == 0x7463656a627573 {
            return M_SUBJECT;
        }
        if word == 0x747865746e6f63 {
            return M_CONTEXT;
        }
        if word == 0x73746e65726170 {
            return M_PARENTS;
        }
    } else if len == 8 {
        if word == 0x656372756f736572 {
            return M_RESOURCE;
        }
        if word == 0x7365697469746e65 {
            return M_ENTITIES;
        }
        if word == 0x65636e6564697665 {
            return M_EVIDENCE;
        }
    } else if len == 10 {
        if word == 0x69747265706f7270 && ld16(at + 8) == 0x7365 {
            return M_PROPERTIES;
        }
    }
    return 0;
}
