//! How the result looks.

use super::*;

#[test]
fn a_policy_reads_as_the_language_reference_shows_it() {
    assert_formats(include_str!("sample_documents.zt"), include_str!("formatted_documents.zt"));
}

#[test]
fn every_kind_of_item_has_a_layout() {
    assert_formats(include_str!("sample_everything.zt"), include_str!("formatted_everything.zt"));
}

#[test]
fn crowded_items_are_set_apart() {
    assert_formats(
        "package a source b verified source cc unverified enum C{x,y}\nallow r:any when x",
        "package a\n\nsource b  verified\nsource cc unverified\nenum C { x, y }\n\nallow r: any\n  when x\n",
    );
}

#[test]
fn declarations_kept_together_stay_together() {
    assert_stable("let a = 1\nlet b = 2\n\nlet c = 3\n// about d\nlet d = 4\n");
    assert_formats("let a = 1\n\n\n\nlet b = 2", "let a = 1\n\nlet b = 2\n");
}

#[test]
fn neighbours_are_aligned() {
    assert_formats(
        "let a=1\nlet bcd=2\nlet e:Int=3\nparam x:Int\nparam yy:Int=4\n\nparam zzz:Int",
        "let a   = 1\nlet bcd = 2\nlet e: Int = 3\nparam x:  Int\nparam yy: Int = 4\n\nparam zzz: Int\n",
    );
}

#[test]
fn only_parentheses_that_help_stay() {
    assert_formats(
        "let a = ((x))\nlet b = (x and y) or (z)\nlet c = (not (x))\nlet d = (a + b) * c\nlet e = a or (b or c)",
        "let a = x\nlet b = (x and y) or z\nlet c = not x\nlet d = (a + b) * c\nlet e = a or b or c\n",
    );
    let file = parse_whole("let a = (x and y) or (z == (w otherwise v))").unwrap();
    assert_eq!(print(&file), "let a = x and y or z == w otherwise v\n");
}

#[test]
fn names_get_the_backquotes_that_they_need() {
    assert_stable("let `source` = x.source.`a/b`\n");
    assert_formats("let `plain` = `now`.`in`", "let plain = now.in\n");
    assert_stable("let `Office` = { `a b`: 1, \"c\": 2 }\nrecord `lower` { `Upper`: String }\n");
}

#[test]
fn literals_stay_as_they_are_written() {
    assert_stable("let a = [1_000, 3.50, 1h30m, 08:00..18:00, 10.0.0.0/8, fe80::1, \"a\\u{20}b\"]\n");
}

#[test]
fn blocks_keep_the_lines_that_the_author_chose() {
    assert_stable("record A { a: Int  b: String? }\n");
    assert_stable("record A {\n  a:  Int\n  bb: String?\n}\n");
    assert_formats("record A { a: Int,\n bb: String? }", "record A {\n  a:  Int\n  bb: String?\n}\n");
    assert_stable("context { a: Int }\n");
}

#[test]
fn comments_stay_with_their_neighbours() {
    assert_stable(
        "\
// licence

// about a
package a  // the name

entity E {  // opens
  // before the first
  a: Int  // one

  // between
  b: Set<Int>  // two
  // c: Int
}

allow r: read  // head
  // before when
  when a  // first
    // before second
    and b
  // and c

// before d
deny d: any

// the end
",
    );
}

#[test]
fn comments_in_odd_places_are_kept() {
    assert_formats(
        "allow  // name\n r  // colon\n:  // action\n a,  // next\n b  // last\n",
        "allow   // name\n  r     // colon\n  :     // action\n    a,  // next\n    b   // last\n",
    );
    assert_formats("let a = [1  // one\n, 2,  // two\n]", "let a = [\n  1,  // one\n  2   // two\n]\n");
    assert_formats("entity E {  // nothing\n}", "entity E  // nothing\n");
}

#[test]
fn doc_comments_stand_before_annotations() {
    assert_formats(
        "@a(\"b\")\n///doc\nlet a = 1\nobligation o(\n/// p\np: Int)",
        "/// doc\n@a(\"b\")\nlet a = 1\n\nobligation o(\n  /// p\n  p: Int\n)\n",
    );
}

#[test]
fn long_lines_break_where_they_can() {
    assert_formats(
        "let capabilities: Set<String> = [\"AUDIT_WRITE\", \"CHOWN\", \"DAC_OVERRIDE\", \"FOWNER\", \"FSETID\", \"KILL\", \"MKNOD\"]
fn f(u: User) = if u.clearance == secret and u.department == \"law\" then \"a rather long text\" else if x then \"b\" else \"c\"",
        "\
let capabilities: Set<String> = [
  \"AUDIT_WRITE\",
  \"CHOWN\",
  \"DAC_OVERRIDE\",
  \"FOWNER\",
  \"FSETID\",
  \"KILL\",
  \"MKNOD\"
]

fn f(u: User) =
  if u.clearance == secret and u.department == \"law\" then \"a rather long text\"
  else if x then \"b\"
  else \"c\"
",
    );
}

#[test]
fn what_does_not_parse_is_refused() {
    let diagnostics = format("allow a: read when (").unwrap_err();
    assert_eq!(diagnostics.len(), 1);
}

#[test]
fn line_ends_become_plain() {
    assert_formats("// a\r\nlet a = 1 // b\r\n\r\n", "// a\nlet a = 1  // b\n");
    assert_eq!(formatted(""), "");
}
