//! Where things are in a module's memory.
//!
//! The first page half holds fixed places: what a decision is working on, and a header by which routines find the policy's
//! tables. Behind them stand the tables, then the arena, which every decision begins anew.

/// No place: nothing is stored at the very start.
pub const NOWHERE: i32 = 0;

// Truths.
pub const FALSE: i32 = 0;
pub const TRUE: i32 = 1;
pub const UNKNOWN: i32 = 2;

// Cells: a datum in 16 bytes. At +0 its tag, at +4 a number `a` (32 bits), at +8 a number `b` (64 bits), or an address in
// the lower and a length in the upper half of `b`. Tags of values are in the order of values of different kinds.
pub const CELL: i32 = 16;
/// Nothing is known.
pub const T_UNKNOWN: i32 = 0;
/// Known not to be there.
pub const T_ABSENT: i32 = 1;
/// a: 0 or 1.
pub const T_BOOL: i32 = 2;
/// b: the integer.
pub const T_INT: i32 = 3;
/// b: millionths.
pub const T_DECIMAL: i32 = 4;
/// b: address and length of its bytes, which are UTF-8.
pub const T_STRING: i32 = 5;
/// b: milliseconds since the epoch.
pub const T_TIMESTAMP: i32 = 6;
/// b: milliseconds.
pub const T_DURATION: i32 = 7;
/// a: 4 or 6. b: the address of its 16 bytes, in network order; of an IPv4 address the first four count.
pub const T_IP: i32 = 8;
/// a: 4 or 6, and 256 times the length of its prefix. b: as of an address, bits beyond the prefix are zero.
pub const T_RANGE: i32 = 9;
/// b: the address of major, minor and patch, 8 bytes each, and of the pre-release and the build, address and length each.
pub const T_VERSION: i32 = 10;
/// b: the address of its 16 bytes, a signed number in units of the smallest amount.
pub const T_QUANTITY: i32 = 11;
/// As of a text.
pub const T_PATH: i32 = 12;
/// As of a text.
pub const T_HOST: i32 = 13;
/// a: the member's position. b: the enum.
pub const T_ENUM: i32 = 14;
/// a: its type. b: address and length of its id.
pub const T_ENTITY: i32 = 15;
/// a: how many. b: the address of their cells, sorted and distinct.
pub const T_SET: i32 = 16;
/// a: how many. b: the address of their cells.
pub const T_LIST: i32 = 17;
/// a: how many. b: the address of pairs of cells, a text and a value, sorted by text.
pub const T_MAP: i32 = 18;
/// a: how many. b: the address of their cells, unknown and absent ones among them.
pub const T_RECORD: i32 = 19;

// Cells that never change, at fixed places.
pub const CELL_UNKNOWN: i32 = 16;
pub const CELL_ABSENT: i32 = 32;
pub const CELL_FALSE: i32 = 48;
pub const CELL_TRUE: i32 = 64;

// The arena.
pub const ARENA: i32 = 80; // where the next block begins
pub const ARENA_END: i32 = 84; // where memory ends
pub const SCRAP: i32 = 92; // bytes behind the arena, for what is written when there is no memory left
pub const FAILED: i32 = 88; // 1 when a block could not be had: the request is then invalid

// The scanner.
pub const JP: i32 = 96; // the next byte
pub const JE: i32 = 100; // behind the last
pub const JDEPTH: i32 = 104; // what is open
pub const STR: i32 = 144; // the text that was read last: its address
pub const STR_LEN: i32 = 148; // and its length
pub const ERROR: i32 = 152; // 1 when the request is invalid
pub const JCLOSERS: i32 = 1280; // 256 bytes: while a value is skipped, the closing byte of each that is open in it

// Registers, in which routines give more than one number. What is in them lasts until the next call.
pub const R0: i32 = 160;
pub const R1: i32 = 168;
pub const R2: i32 = 176;
pub const R3: i32 = 184;

// The request.
pub const NOW: i32 = 192; // milliseconds since the epoch
pub const HAS_NOW: i32 = 200; // whether the host gave the instant
pub const FULL: i32 = 204; // 1 when every field is wanted, and so facts and flips
pub const ACTION: i32 = 208;
pub const SUBJECT: i32 = 224; // a cell
pub const RESOURCE: i32 = 240; // a cell
pub const CONTEXT: i32 = 256; // address of the context's cells, by attribute
pub const DESCRIBED: i32 = 260; // address of the addresses of what is described, in the order of mention
pub const DESCRIBED_COUNT: i32 = 264;
pub const SUBJECT_SAID: i32 = 268; // address of the subject's description, or nowhere
pub const RESOURCE_SAID: i32 = 272;
pub const SUBJECT_STORED: i32 = 276; // address of the subject in the store, or nowhere
pub const RESOURCE_STORED: i32 = 280;
pub const GRANTED: i32 = 284; // address of a byte for each attribute of the context: whether its step-up is taken as done

// The decision.
pub const EFFECT: i32 = 288; // 0 deny, 1 allow
pub const REASON: i32 = 292; // 0 none, 1 rule, 2 unknown, 3 no rule, 4 invalid
pub const HAS_FLIP: i32 = 296;
pub const FLIP: i32 = 304; // valid until
// Lists in the arena: address of an array of 32-bit numbers, how many, and for how many there is room.
pub const LIST: i32 = 12;
pub const RULES: i32 = 312;
pub const OVERRIDDEN: i32 = 324;
pub const AUDIT: i32 = 336;
pub const OBLIGED: i32 = 348; // rules whose obligations there are
pub const FACTS: i32 = 360; // addresses of facts
pub const UNKNOWNS: i32 = 372; // addresses of what is unknown
pub const CHALLENGE: i32 = 384; // attributes of the context
pub const OUT: i32 = 396; // the decision as JSON: address, length, room in bytes

// Quantifiers: of each level, from 1, where it is. A level has 16 bytes: its stamp (+0, a number that is new for each
// element), the collection's cell (+4), the element's position (+8), the collection's node (+12).
pub const LEVELS: i32 = 512; // level 0 first: its stamp is new for each decision and each trial of step-ups
pub const LEVEL: i32 = 16;

// A description of an entity by the request: its cell, and
pub const SAID_ATTRIBUTES: i32 = 16; // address of its attributes' cells
pub const SAID_PARENTS: i32 = 20; // address of its parents' cells
pub const SAID_PARENTS_COUNT: i32 = 24;
pub const SAID_PARENTS_KNOWN: i32 = 28;
pub const SAID: i32 = 32;

// An entity of the store: its cell, and
pub const STORED_ATTRIBUTES: i32 = 16; // address of its attributes' cells
pub const STORED_ABOVE: i32 = 20; // address of all its ancestors' cells, sorted
pub const STORED_ABOVE_COUNT: i32 = 24;
pub const STORED_OPEN: i32 = 28; // address of the cells of those ancestors of which the store holds nothing
pub const STORED_OPEN_COUNT: i32 = 32;
pub const STORED_ANCHORS: i32 = 36; // address of the numbers of the anchors among the ancestors
pub const STORED_ANCHORS_COUNT: i32 = 40;
pub const STORED_IS_WHOLE: i32 = 44; // whether those are all anchors, since nothing above is open
pub const STORED: i32 = 48;

// The header: where the policy's tables are, and its limits.
pub const H_SCHEMA_CONTEXT: i32 = 1024; // attributes of the context: address
pub const H_SCHEMA_CONTEXT_COUNT: i32 = 1028;
pub const H_ENTITY_TYPES: i32 = 1032; // entity types: address
pub const H_ENTITY_TYPES_COUNT: i32 = 1036;
pub const H_ACTIONS: i32 = 1040;
pub const H_ACTIONS_COUNT: i32 = 1044;
pub const H_SOURCES: i32 = 1048;
pub const H_SOURCES_COUNT: i32 = 1052;
pub const H_CLOCK_SKEW: i32 = 1056; // 8 bytes, milliseconds
pub const H_STORE: i32 = 1064; // the store's table: for each bucket of hashes, and behind the last, where it begins in a row of
// addresses of entities, which are sorted by bucket and name
pub const H_STORE_MASK: i32 = 1068; // buckets, less one; -1 for no store
pub const H_RULES: i32 = 1072;
pub const H_RULES_COUNT: i32 = 1076;
pub const H_NODES: i32 = 1080; // what stands for what is unknown: nodes, for explaining
pub const H_DEPTH_MAX: i32 = 1084;
pub const H_STRING_MAX: i32 = 1088;
pub const H_ELEMENTS_MAX: i32 = 1092;
pub const H_ENTITIES_MAX: i32 = 1096;
pub const H_BYTES_MAX: i32 = 1100;
pub const H_KEPT: i32 = 1108; // what is zero at first and goes with stamps: address
pub const H_KEPT_BYTES: i32 = 1112; // and length
pub const H_ANCHORS: i32 = 1116; // entities that rules name in tests of the hierarchy: cells, sorted; behind them, numbers
pub const H_ANCHORS_COUNT: i32 = 1120;
pub const H_ARENA: i32 = 1124; // where the arena begins
// What a policy has any of: without, what is for it only is left out of its module.
pub const H_BOUNDED: i32 = 1128; // bounds of freshness
pub const H_STEPS_UP: i32 = 1132; // step-ups
pub const H_TAKES_PARENTS: i32 = 1136; // types of entities that have parents
pub const H_OVERRIDES: i32 = 1140; // rules that override others
pub const H_OBLIGES: i32 = 1144; // obligations
pub const H_AUDITS: i32 = 1148; // rules that are only watched
pub const H_TIMED: i32 = 1152; // anything that depends on the instant
pub const H_DENIES: i32 = 1604; // deny rules that decide
pub const H_DIVIDES: i32 = 1608; // divisions of the index that have more than entries
pub const H_SCATTERS: i32 = 1612; // candidates that may come in another order than that of rules, or twice
pub const H_NESTS: i32 = 1616; // nodes that are to be asked for what is in others
pub const H_TEXTS_IN_PARTS: i32 = 1156; // texts of nodes that are in parts
// What a module of the target `core` takes from its host beside requests in JSON: without, it is left out as well.
pub const H_TAKES_DATA: i32 = 1160; // entity data
pub const H_TAKES_SLOTS: i32 = 1164; // requests in slots
// For entity data: where they stand, their limits, and the store that is in force: table and mask.
pub const H_DATA: i32 = 1168;
pub const H_DATA_BYTES_MAX: i32 = 1172;
pub const H_DATA_ENTITIES_MAX: i32 = 1176;
pub const H_DATA_HEIGHT_MAX: i32 = 1180; // steps up to the farthest ancestor
pub const DATA_TABLE: i32 = 1184;
pub const DATA_MASK: i32 = 1188;
/// There were data, and there are none any more.
pub const DATA_LOST: i32 = -2;
// For requests in slots: of each, the type of the entity whose attribute it is (-1 for the context) and the attribute.
pub const H_SLOTS: i32 = 1192;
pub const H_SLOTS_COUNT: i32 = 1196;
pub const SLOT: i32 = 8;

// Settings: parameters that the host gives values to.
pub const H_SETTINGS: i32 = 1200; // a row for each: address
pub const H_SETTINGS_COUNT: i32 = 1204;
pub const H_SETTINGS_TEXTS: i32 = 1208; // texts that say what is wrong with them: address and length each
pub const H_SETTINGS_CELLS: i32 = 1212; // all their cells, one behind the other: address
pub const H_SETTINGS_WANTED: i32 = 1228; // whether any has no default, so that nothing is decided without settings
// What modules of the target `core` have beside: where settings stay that are in force.
pub const CORE_BASE: i32 = 1232;

// What modules for hosts of OPA's policies have beside: texts that a zero byte ends, and where their heap begins.
pub const OPA_BASE: i32 = 1240;
pub const OPA_BUILTINS: i32 = 1244;
pub const OPA_ENTRYPOINTS: i32 = 1248;
pub const OPA_NO_ENTRYPOINT: i32 = 1252;
pub const OPA_DATA_GIVEN: i32 = 1256;
pub const OPA_NO_MEMORY: i32 = 1260;
pub const OPA_NO_HEAP: i32 = 1264;
pub const OPA_TRUE: i32 = 1268;
pub const OPA_FALSE: i32 = 1272;
pub const OPA_NO_CONTEXT: i32 = 1276;

// What modules for Kubewarden have beside: texts (address and length each), rules' messages likewise, and whether obligations
// are recorded. They keep what they found in a payload between 832 and 912, where nothing else is.
pub const WAPC_TEXTS: i32 = 1216;
pub const WAPC_MESSAGES: i32 = 1220;
pub const WAPC_RECORDS: i32 = 1224;
// Texts by their position; of keys, the first.
pub const WAPC_PROTOCOL_VERSION: i32 = 0;
pub const WAPC_VALIDATE_SETTINGS: i32 = 1;
pub const WAPC_VALIDATE: i32 = 2;
pub const WAPC_V1: i32 = 3;
pub const WAPC_VALID: i32 = 4;
pub const WAPC_SETTINGS_GIVEN: i32 = 5;
pub const WAPC_NO_OPERATION: i32 = 6;
pub const WAPC_NO_MEMORY: i32 = 7;
pub const WAPC_KEYS_OF_PAYLOAD: i32 = 8;
pub const WAPC_KEYS_OF_REQUEST: i32 = 10;
pub const WAPC_KEYS_OF_USER: i32 = 15;
pub const WAPC_KEYS_OF_RESOURCE: i32 = 17;
pub const WAPC_SUBJECT: i32 = 18;
pub const WAPC_PARENTS: i32 = 19;
pub const WAPC_GROUP: i32 = 20;
pub const WAPC_ACTION: i32 = 21;
pub const WAPC_RESOURCE: i32 = 22;
pub const WAPC_NAMESPACE: i32 = 23;
pub const WAPC_CONTEXT: i32 = 24;
pub const WAPC_END: i32 = 25;
pub const WAPC_ACCEPTED: i32 = 26;
pub const WAPC_ANNOTATIONS: i32 = 27;
pub const WAPC_DENIED: i32 = 28;
pub const WAPC_FORBIDDEN: i32 = 29;
pub const WAPC_BAD_REQUEST: i32 = 30;
pub const WAPC_NO_RULE: i32 = 31;
pub const WAPC_INVALID: i32 = 32;
pub const WAPC_OBLIGED: i32 = 33;
pub const WAPC_BETWEEN: i32 = 34;
pub const WAPC_DENIED_WITHOUT_MEMORY: i32 = 35;
pub const WAPC_NOT_VALID: i32 = 36;
pub const WAPC_BAD_SETTINGS: i32 = 37;
pub const WAPC_MISCONFIGURED: i32 = 38;
pub const WAPC_NOT_VALID_WITHOUT_MEMORY: i32 = 39;

// What modules for proxies have beside. They keep what they found of a request between 912 and 952, at 784 and at 1016.
pub const PROXY_TEXTS: i32 = 952; // texts (address and length each)
pub const PROXY_PROPERTIES: i32 = 956; // what can be asked of the host
pub const PROXY_PROPERTIES_COUNT: i32 = 960;
pub const PROXY_SUBJECTS: i32 = 964; // who may be the subject: the first that is there
pub const PROXY_SUBJECTS_COUNT: i32 = 968;
pub const PROXY_RESOURCE: i32 = 972;
pub const PROXY_CONTEXT: i32 = 976; // where the context's attributes come from
pub const PROXY_CONTEXT_COUNT: i32 = 980;
pub const PROXY_MESSAGES: i32 = 984; // what is said for each rule that denies: address and length
pub const PROXY_DUTIES: i32 = 988; // for each rule, address and number of what it writes to headers
pub const PROXY_HEADERS: i32 = 992; // headers that obligations are written to: rows
pub const PROXY_HEADERS_COUNT: i32 = 996;
pub const PROXY_TOKEN: i32 = 1236; // the property that the token's claims are of
pub const PROXY_ACTION: i32 = 1744; // what a request asks for
pub const PROXY_TELLS: i32 = 1836; // whether decisions are told
// Texts by their position.
pub const PROXY_DENIED: i32 = 0;
pub const PROXY_CHALLENGED: i32 = 1;
pub const PROXY_INVALID: i32 = 2;
pub const PROXY_NO_MEMORY: i32 = 3;
pub const PROXY_SAY_NO_RULE: i32 = 4;
pub const PROXY_SAY_INVALID: i32 = 5;
pub const PROXY_SAY_NO_MEMORY: i32 = 6;
pub const PROXY_PLAIN: i32 = 7;
pub const PROXY_CHALLENGE: i32 = 8;
pub const PROXY_BEARER: i32 = 9;
pub const PROXY_MAX_AGE: i32 = 10;
pub const PROXY_DECISION: i32 = 11;
pub const PROXY_SHORT_ALLOW: i32 = 12;
pub const PROXY_SHORT_DENY: i32 = 13;
pub const PROXY_SHORT_RULES: i32 = 14;
pub const PROXY_LOG_DECISION: i32 = 15;
pub const PROXY_LOG_RESPONSE: i32 = 16;
pub const PROXY_LOG_HEADER: i32 = 17;
pub const PROXY_LOG_CONFIGURED: i32 = 18;
pub const PROXY_OBLIGATION: i32 = 19;
pub const PROXY_SAY_OBLIGATION: i32 = 20;
pub const PROXY_SAY_NO_HEADER: i32 = 21;
pub const PROXY_SHORT_OBLIGATION: i32 = 22;
pub const PROXY_SHORT_REASON: i32 = 23;

// What can be known of a request: its name (address and length), and
pub const PROPERTY_FROM: i32 = 8;
pub const PROPERTY_MEMBER: i32 = 12; // the first of its members that are asked for, -1 for none
pub const PROPERTY_NEXT: i32 = 16; // the next member of what it is a member of, -1 for none
pub const PROPERTY: i32 = 20;
/// The host has it as text, by a path.
pub const FROM_TEXT: i32 = 0;
/// The host has it as a message, whose members are structures.
pub const FROM_MESSAGE: i32 = 1;
/// It is a pair among the headers.
pub const FROM_HEADER: i32 = 2;
/// It is a member of another.
pub const FROM_MEMBER: i32 = 3;

// Where a value comes from: of attributes, the slot; of a record's fields, the name (address and length). And
pub const FILL_KIND: i32 = 8; // one of T_FILL_
pub const FILL_FROM: i32 = 12; // a property; of one header, address of its name's address and length; of records, of their rows
pub const FILL_COUNT: i32 = 16; // of a record's rows
pub const FILL_MISSING: i32 = 20; // what is written when it is not there
pub const FILL: i32 = 24;
/// Nothing.
pub const MISSING_LEFT_OUT: i32 = 0;
/// What is no value of its type: to say nothing would say that there is none.
pub const MISSING_UNKNOWN: i32 = 1;
/// Nothing, if there is a token, which says so; else it is unknown.
pub const MISSING_IN_TOKEN: i32 = 2;
/// That there is none.
pub const MISSING_NULL: i32 = 3;

// An entity that may be asked about: its type, and
pub const WHO_ID_KIND: i32 = 4;
pub const WHO_ID_FROM: i32 = 8; // a property; -1 for none
pub const WHO_WHEN: i32 = 12; // address of conditions
pub const WHO_WHEN_COUNT: i32 = 16;
pub const WHO_FILLS: i32 = 20; // address of its attributes
pub const WHO_FILLS_COUNT: i32 = 24;
pub const WHO_PARENTS: i32 = 28; // address of its parents: type, kind, property
pub const WHO_PARENTS_COUNT: i32 = 32;
pub const WHO: i32 = 36;
/// A condition: a property, and the text that it must be (address and length).
pub const WHEN: i32 = 12;
/// A parent's row.
pub const PARENT: i32 = 12;

// What a rule writes to a header: the node of the value, its type, and the address of the header's row.
pub const HEAD_TYPE: i32 = 4;
pub const HEAD_HEADER: i32 = 8;
pub const HEAD: i32 = 12;
/// A header that carries an argument: its name, and the name of the obligation (address and length).
pub const HEADER_OBLIGATION: i32 = 8;
pub const HEADER: i32 = 16;

// How a value is made of what the host has. Told apart by `tag_used`.
pub const T_FILL_NAME: i32 = 96; // a text that names something: an empty one does not
pub const T_FILL_ADDRESS: i32 = 97; // without its port
pub const T_FILL_PATH: i32 = 98; // what stands before the query
pub const T_FILL_VALUE: i32 = 99; // as it is
pub const T_FILL_TIME: i32 = 100; // a number of seconds, or text
pub const T_FILL_LIST: i32 = 101; // a list, or one
pub const T_FILL_WORDS: i32 = 102; // a list, or words with spaces between
pub const T_FILL_QUERY: i32 = 103;
pub const T_FILL_HEADERS: i32 = 104; // all of them
pub const T_FILL_HEADER: i32 = 105; // the value of one that comes once
pub const T_FILL_HEADER_ALL: i32 = 106; // all values of one
pub const T_FILL_RECORD: i32 = 107;
pub const T_FILL_NOTHING: i32 = 108; // it is never there
pub const T_FILL_TRUST_DOMAIN: i32 = 109; // of a SPIFFE ID
pub const T_FILL_WORKLOAD: i32 = 110; // its path
pub const T_FILL_NAMESPACE: i32 = 111; // in that, of Kubernetes
pub const T_FILL_ACCOUNT: i32 = 112;

// A bound of freshness.
pub const BOUND_IS_UNTIL: i32 = 0;
pub const BOUND_CLOCK: i32 = 4; // the sibling attribute
pub const BOUND_AGE: i32 = 8; // 8 bytes, milliseconds
pub const BOUND_FIELDS: i32 = 16; // address of field positions, 4 bytes each
pub const BOUND_FIELDS_COUNT: i32 = 20;
pub const BOUND: i32 = 24;

// How much of a value is read, if it is no address.
pub const EXTENT_NOTHING: i32 = 0;
pub const EXTENT_WHOLE: i32 = 1;
pub const EXTENT_FIELDS: i32 = 2;
pub const EXTENT_ELEMENTS: i32 = 3;

// Tables of the decision procedure.

pub const H_TEXTS: i32 = 1972; // the text of a decision without what is in it: address
pub const H_NODE_STAMPS: i32 = 1976; // of each node when it was last looked into: address
pub const H_FILES: i32 = 1980; // the names of rules' files, as JSON: rows of an address and a length
// How wide rows are, and what is in them: see `row.rs`.
pub const H_WIDE: i32 = 2032; // whether addresses have 4 bytes, not 2
pub const H_MANY: i32 = 2036; // whether numbers have 4 bytes, not 2
pub const H_FURTHER: i32 = 2040; // whether any entries have further lookups
pub const H_BITS: i32 = 2028; // whether lookups, and what is proven, take more than a byte of an entry
pub const H_LOOKUPS: i32 = 2024; // where lookup number 0 would be: they are numbered from 1
pub const H_WHOLE: i32 = 2044; // whether rules have conditions that are more than their conjuncts
/// A datum that is kept:
pub const KEPT: i32 = 8; // its stamp, and its truth or the address of its cell

// What a rule obliges to: as JSON before the arguments (address and length) and behind them, and
pub const DUTY_BEHIND: i32 = 8; // address and length
pub const DUTY_ARGS: i32 = 16; // address of arguments, in the order in which they are written
pub const DUTY_NODES: i32 = 20; // address of node numbers, in the order in which they are declared
pub const DUTY_COUNT: i32 = 24;
pub const DUTY: i32 = 28;
// An argument: what stands before it (address and length), and
pub const ARG_NODE: i32 = 8;
pub const ARG_TYPE: i32 = 12; // address of its type
pub const ARG: i32 = 16;

// What a list's numbers are, and so their order.
pub const ORDER_NUMBERS: i32 = 84;
/// Addresses of facts.
pub const ORDER_FACTS: i32 = 85;
/// Addresses of what is unknown.
pub const ORDER_UNKNOWNS: i32 = 86;
/// Addresses of candidates.
pub const ORDER_CANDIDATES: i32 = 87;
/// Addresses of parts of a text that were found.
pub const ORDER_PARTS: i32 = 88;
// Facts, in their order.
pub const FACT_CONTEXT: i32 = 76;
pub const FACT_ATTRIBUTE: i32 = 77;
pub const FACT_PARENTS: i32 = 78;
pub const FACT_NOW: i32 = 79;
/// What is added to the tags of what is read of evidence: see `type_used`.
pub const TYPES_READ: i32 = 1000;

// What is not the tag of a value, and yet is told apart by `tag_used`: arms that a policy's tables have nothing for are left
// out of its module.

// Lookups: which keys the value of a slot gives.
pub const T_LOOKUP_KEYS: i32 = 32;
pub const T_LOOKUP_ANCHORS: i32 = 33;
pub const T_LOOKUP_TYPE: i32 = 34;
pub const T_LOOKUP_POINT: i32 = 35;
pub const T_LOOKUP_PATTERNS: i32 = 36;
// Dimensions of divisions.
pub const T_BY_PARTS: i32 = 37;
pub const T_BY_KEYS: i32 = 38;
pub const T_BY_INTERVALS: i32 = 39;
// Sections of the keys of a slot.
pub const T_KEYS_ALWAYS: i32 = 40;
pub const T_KEYS_EQUAL: i32 = 41;
pub const T_KEYS_ELEMENTS: i32 = 42;
pub const T_KEYS_IPS: i32 = 43;
pub const T_KEYS_RANGES: i32 = 44;
pub const T_KEYS_PREFIXES: i32 = 45;
pub const T_KEYS_SUFFIXES: i32 = 46;
pub const T_KEYS_INFIXES: i32 = 47;
pub const T_KEYS_PATHS: i32 = 48;
pub const T_KEYS_HOSTS: i32 = 49;
// Patterns of a slot.
pub const T_PATTERN_GLOB: i32 = 52;
pub const T_PATTERN_REGEX: i32 = 53;
// Kinds of nodes, for what is unknown.
pub const T_NODE_OPERATOR: i32 = 64;
pub const T_NODE_CONTEXT: i32 = 65;
pub const T_NODE_ATTRIBUTE: i32 = 66;
pub const T_NODE_FIELD: i32 = 67;
pub const T_NODE_ELEMENT: i32 = 68;
pub const T_NODE_INDEX: i32 = 69;
pub const T_NODE_WITHIN: i32 = 70;
pub const T_NODE_NOW: i32 = 71;
pub const T_NODE_QUANTIFIED: i32 = 72;
pub const T_NODE_IF: i32 = 73;
pub const T_NODE_OTHERWISE: i32 = 74;

// The rows of the index and of rules are in `row.rs`.

// What a lookup found, beside its row: when it was done last, and
pub const FINDING_IS_ALL: i32 = 4; // whether it is known what the slot is
pub const FINDING_POINT: i32 = 8; // the point, 16 bytes; of others than points, where its keys start and end:
pub const FINDING_START: i32 = 8;
pub const FINDING_END: i32 = 12;
pub const FINDING: i32 = 24;

// Intervals.
pub const INTERVAL_LOW: i32 = 0;
pub const INTERVAL_HIGH: i32 = 16;
pub const INTERVAL_REACH: i32 = 32;
pub const INTERVAL_ENTRIES: i32 = 48; // address

/// Stands for a segment in texts of paths, for a label in those of hosts.
pub const WILD: i32 = 255;

// A node, at the address that the table of nodes has (nowhere for constants): kind (1 byte), flags and the deepest level whose
// variable it depends on (1 byte), how many nodes it reads and their numbers; then of a context attribute its position; of an
// entity's the position and the type; of a field the address of its row; of an element at a key the address and the
// length of what follows the map; of an element or a quantifier its level; and, when the flag says so, address and length of its text.
pub const NODE_CHILDREN: i32 = 2;
pub const NODE_LEVEL: i32 = 31;
/// A condition: `node_truth` gives what it is.
pub const NODE_IS_CONDITION: i32 = 32;
pub const NODE_HAS_TEXT: i32 = 64;
/// The text is in so many parts, of which the addresses and lengths are at the address.
pub const NODE_IN_PARTS: i32 = 128;
