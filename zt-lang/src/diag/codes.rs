//! The registry of diagnostic codes.
//!
//! A number is never reused. Each code has a page, `pages/CODE.md`, that `ztc explain CODE` prints: what is wrong, why the
//! language cares, a policy that fails with this code and the same policy mended. Both are compiled in the tests.

use std::fmt;

use super::Severity;

/// A stable code, such as `E0301`. The first digits are the room: 01 text and syntax, 02 names, 03 types,
/// 04 provenance, freshness and step-up, 05 rules and obligations, 06 packages and scopes, 07 literals and patterns,
/// 08 limits, 09 warnings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static Entry);

#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Entry {
    id: &'static str,
    title: &'static str,
    page: &'static str,
}

impl Code {
    /// The code as text.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// What the code stands for, in a phrase.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.0.title
    }

    /// The page that explains it, in Markdown.
    #[must_use]
    pub fn page(self) -> &'static str {
        self.0.page
    }

    /// Codes that start with `W` are warnings.
    #[must_use]
    pub fn severity(self) -> Severity {
        if self.0.id.starts_with('W') { Severity::Warning } else { Severity::Error }
    }

    /// The code that is written `id`, in any case.
    #[must_use]
    pub fn find(id: &str) -> Option<Self> {
        ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

macro_rules! codes {
    ($($id:ident $name:ident $title:literal;)+) => {
        #[expect(missing_docs, reason = "each code's title and page document it")]
        impl Code {
            $(pub const $name: Self = Self(&Entry {
                id: stringify!($id),
                title: $title,
                page: include_str!(concat!("pages/", stringify!($id), ".md")),
            });)+
        }

        /// Every code, in order.
        pub const ALL: &[Code] = &[$(Code::$name),+];
    };
}

codes! {
    E0101 SYNTAX "the text is not what the grammar expects here";
    E0102 UNCLOSED "a bracket or a string is not closed";
    E0103 NESTING "brackets or prefixes are nested too deep";
    E0104 NOT_UTF8 "the file is not UTF-8 text";
    E0105 FOREIGN_OPERATOR "an operator of another language";
    E0106 STRAY_TEXT "text outside any item";
    E0107 RESERVED_WORD "a reserved word where a name is expected";
    E0108 BAD_ESCAPE "an escape that strings do not have";
    E0109 DUPLICATE_CLAUSE "a clause that a rule has already";
    E0110 LETTER_CASE "a name whose first letter has the wrong case";

    E0201 UNKNOWN_NAME "a name that nothing declares";
    E0202 UNKNOWN_TYPE "a type that nothing declares";
    E0203 DUPLICATE "a name that is declared twice";
    E0204 UNKNOWN_ACTION "an action that nothing declares";
    E0205 UNKNOWN_SOURCE "a source that nothing declares";
    E0206 UNKNOWN_OBLIGATION "an obligation that nothing declares";
    E0207 UNKNOWN_FUNCTION "a function that nothing declares";
    E0208 UNKNOWN_RULE "a rule that nothing declares";
    E0209 UNKNOWN_MEMBER "a member that the enum does not have";
    E0210 RECURSION "a function that calls itself";
    E0211 ACTION_CYCLE "an action group that contains itself";

    E0301 UNKNOWN_ATTRIBUTE "an attribute that the type does not have";
    E0302 TYPE_MISMATCH "a value of the wrong type";
    E0303 ARITY "the wrong number of arguments";
    E0304 OPTIONAL_NOT_MET "an optional used before its absence is met";
    E0305 NOT_OPTIONAL "a test for presence on what is always there";
    E0306 NARROW_FIRST "an attribute of a union before it is narrowed";
    E0307 NOT_COMPARABLE "values that cannot be compared";
    E0308 NOT_ORDERED "an order asked of what has none";
    E0309 CANNOT_INFER "a literal whose type is not known";
    E0310 NOT_CONSTANT "a constant is needed here";
    E0311 NOW_MISUSED "`now` outside comparisons and calendar tests";
    E0312 CAPTURE_SCOPE "a capture outside the match that binds it";
    E0313 IMPOSSIBLE_IS "a type test that can never hold";
    E0314 BAD_TYPE "a type that cannot stand here";
    E0315 ONLY_IN_TESTS "an expression that only tests may use";
    E0316 RECURSIVE_RECORD "a record that contains itself";

    E0401 UNVERIFIED "an allow that depends on unverified evidence";
    E0402 FRESHNESS "a freshness declaration that cannot be used";
    E0403 STEP_UP "a step-up that cannot be used";
    E0404 MODIFIER_TWICE "a modifier that the attribute has already";
    E0405 UNVERIFIED_CLOCK "freshness told by an unverified clock";

    E0501 OBLIGATION_ARGUMENTS "arguments that the obligation does not take";
    E0502 NOT_OVERRIDABLE "an override of a rule that does not permit it";
    E0503 OVERRIDE_WITHOUT_DUTY "an override without an obligation";
    E0504 CLAUSE_MISPLACED "a clause that this kind of rule does not have";
    E0505 BAD_TEST "a test that does not make a request";
    E0506 BAD_TARGET "a `for` term that can never hold";

    E0601 UNKNOWN_PACKAGE "a package that is not among the files";
    E0602 PACKAGE_CYCLE "packages that use each other";
    E0603 DELEGATED_DECLARATION "a declaration that a delegated package may not make";
    E0604 SCOPE "a scope that cannot be used";
    E0605 SEVERAL_ROOTS "several packages that no other uses";
    E0606 PACKAGE_LINE "a file without one package line at its head";
    E0607 DELEGATED_TWICE "a package that is delegated to twice";

    E0701 BAD_LITERAL "a literal that is not a value of its type";
    E0702 BAD_PATTERN "a pattern that is not well formed";
    E0703 BAD_REGEX "a regular expression that is not well formed";
    E0704 BAD_RANGE "a range that is not well formed";
    E0705 UNKNOWN_ZONE "a time zone that does not exist";

    E0801 TOO_LARGE "a policy beyond a stated limit";

    W0901 UNUSED "a declaration that nothing uses";
    W0902 CONSTANT_CONDITION "a condition that is always the same";
    W0903 NEVER_APPLIES "a rule that can never apply";
    W0904 SENSITIVE_DUTY "a sensitive attribute handed to an obligation";
    W0905 MISSING_MEMBERS "an `if` chain that leaves out members of an enum";
    W0906 EMPTY_POLICY "a policy that allows nothing";
    W0907 SETTLED "a test that no value changes";
    W0908 FOREIGN_PATTERN "a pattern with the wildcards of another language";
}
