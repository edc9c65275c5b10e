//! Getting data into a memory that the host gives.
//!
//! Such a memory has few pages. A policy whose tables need more begins with a function that makes the memory larger and then
//! puts the tables there; a host whose memory cannot grow so far gets no instance.

use crate::code::{Generated, I32};
use crate::compile::PAGE;
use crate::link::Parts;
use crate::module::Memory;

const START: &str = "start";
/// Pages behind the tables: room for a decision and its scrap, and for the input of hosts that never ask for more memory.
const PAGES_BEHIND: u32 = 5;

/// Adds the function that puts segments at their places, if the memory that the host gives is too small for what ends at an
/// address; its name.
pub(crate) fn generate(
    memory: Memory,
    end: u32,
    segments: &[(u32, Vec<u8>)],
    parts: &mut Parts,
) -> Option<&'static str> {
    match memory {
        Memory::Imported { pages, .. } if end > pages.saturating_mul(PAGE) => {
            parts.generated.insert(START.to_owned(), start(end / PAGE + PAGES_BEHIND, segments));
            Some(START)
        }
        _ => None,
    }
}

fn start(pages: u32, segments: &[(u32, Vec<u8>)]) -> Generated {
    let mut code = Generated::new(&[], None);
    let missing = code.local(I32);
    code.u32(pages);
    code.bytes(&[0x3F, 0]); // memory.size
    code.bytes(&[0x6B]); // sub
    code.tee(missing);
    code.i32(0);
    code.bytes(&[0x4A]); // gt_s
    code.when(0x40);
    code.get(missing);
    code.bytes(&[0x40, 0]); // memory.grow
    code.i32(-1);
    code.bytes(&[0x46]); // eq
    code.when(0x40);
    code.bytes(&[0x00]); // unreachable
    code.end();
    code.end();
    for (number, (at, bytes)) in (0..).zip(segments) {
        code.u32(*at);
        code.i32(0);
        code.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        code.bytes(&[0xFC, 0x08]); // memory.init
        code.unsigned(number);
        code.bytes(&[0]);
        code.bytes(&[0xFC, 0x09]); // data.drop
        code.unsigned(number);
    }
    code
}
