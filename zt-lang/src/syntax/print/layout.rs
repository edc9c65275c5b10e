//! From a flat list of layout instructions to lines of text.
//!
//! Instructions come in the order of the text, groups are brackets in that list, and nothing here recurses. A group stays
//! on one line when it fits and no comment stands strictly inside it; otherwise each of its line breaks is taken.
//! What is printed depends on the instructions and on the comments' places among the tokens only, never on the old
//! layout: that is why formatting twice changes nothing.

/// The widest line, in characters, where a break is possible.
pub(super) const WIDTH_MAX: usize = 100;

/// Columns between a line and the comment at its end.
const COMMENT_GAP: usize = 2;

/// Lines wider than this do not push their neighbours' comments further to the right.
const COMMENT_COLUMN_MAX: usize = 72;

/// A word, literal or mark, as it will be printed.
#[derive(Clone, Debug, Default)]
pub(super) struct Token {
    /// Its text.
    pub text: String,
    /// Whether the author may have written the same tree without it.
    pub optional: bool,
    /// The comments around it.
    pub notes: Notes,
}

/// What stood around a token besides tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    /// Comments on lines of their own before it.
    pub before: Vec<Comment>,
    /// Whether an empty line stood directly before it.
    pub blank: bool,
    /// The comment at the end of the line that it ended.
    pub after: Option<String>,
}

/// A comment on a line of its own.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    /// From its slashes to the end of its line.
    pub text: String,
    /// Whether an empty line stood before it.
    pub blank: bool,
    /// Whether it did not start in the first column.
    pub indented: bool,
}

/// Which empty lines of the author's are kept at a line break.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Gap {
    /// None.
    Tight,
    /// Those after the first comment: at the head of a block.
    Inner,
    /// All, one at a time.
    Kept,
}

/// A layout instruction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// Print a token, by position.
    Token(usize),
    /// A space, unless the line ends here.
    Space,
    /// A line break if the group is broken, else so many spaces.
    Line(usize, Gap),
    /// A line break.
    Hard(Gap),
    /// A group starts; `true` if it is to be broken.
    Open(bool),
    /// The group ends.
    Close,
    /// Following lines are indented by so many columns more.
    In(usize),
    /// And less.
    Out(usize),
    /// So many spaces if the group that was opened by that instruction is broken, else one.
    Pad(usize, usize),
    /// The comments before the next token, a closing bracket, stand here: as deep as the entries.
    Dangle,
}

/// A finished line.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// Its text, indented, or a comment that has the line for itself.
    pub code: String,
    /// The comment at its end.
    pub comment: Option<String>,
}

impl Line {
    /// A line without a comment at its end.
    pub(super) fn new(code: String) -> Self {
        Self { code, comment: None }
    }
}

/// The lines that `ops` stand for.
pub(super) fn lay_out(ops: &[Op], tokens: &[Token]) -> Vec<Line> {
    let groups = measure(ops, tokens);
    let mut writer = Writer { ops, tokens, groups, ..Writer::default() };
    for (at, op) in ops.iter().enumerate() {
        writer.step(at, *op);
    }
    writer.newline();
    writer.lines
}

/// What is known of a group before it is laid out.
#[derive(Clone, Copy, Default)]
struct Group {
    /// Its width on one line.
    width: usize,
    /// Whether it cannot stand on one line.
    must_break: bool,
    /// The instruction that ends it.
    close: usize,
    /// Whether a token was seen, whether comments stand before the first, and whether one stands behind the last.
    seen: bool,
    comment_before: bool,
    comment_after: bool,
}

impl Group {
    /// Takes in what follows: so wide, with comments before and behind.
    fn append(&mut self, width: usize, before: bool, after: bool) {
        self.must_break |= self.comment_after || (self.seen && before);
        self.comment_before |= !self.seen && before;
        self.width += width;
        self.seen = true;
        self.comment_after = after;
    }
}

/// Measures every group; the result is parallel to `ops`.
fn measure(ops: &[Op], tokens: &[Token]) -> Vec<Group> {
    let mut groups = vec![Group::default(); ops.len()];
    let mut open: Vec<(usize, Group)> = vec![(0, Group::default())];
    for (at, op) in ops.iter().enumerate() {
        match *op {
            Op::Open(force) => open.push((at, Group { must_break: force, ..Group::default() })),
            Op::Close => {
                let Some((start, mut group)) = open.pop() else { continue };
                group.close = at;
                if let Some(slot) = groups.get_mut(start) {
                    *slot = group;
                }
                if let Some((_, outer)) = open.last_mut() {
                    outer.must_break |= group.must_break;
                    if group.seen {
                        outer.append(group.width, group.comment_before, group.comment_after);
                    }
                }
            }
            _ => {
                if let Some((_, group)) = open.last_mut() {
                    measure_op(group, *op, tokens);
                }
            }
        }
    }
    groups
}

fn measure_op(group: &mut Group, op: Op, tokens: &[Token]) {
    match op {
        Op::Token(index) => {
            if let Some(token) = tokens.get(index) {
                let notes = &token.notes;
                group.append(width(&token.text), !notes.before.is_empty(), notes.after.is_some());
            }
        }
        Op::Space | Op::Pad(..) => group.width += 1,
        Op::Line(flat, _) => group.width += flat,
        Op::Hard(_) => group.must_break = true,
        Op::Open(_) | Op::Close | Op::In(_) | Op::Out(_) | Op::Dangle => {}
    }
}

/// Width in characters.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

#[derive(Default)]
struct Writer<'a> {
    ops: &'a [Op],
    tokens: &'a [Token],
    groups: Vec<Group>,
    lines: Vec<Line>,
    line: Line,
    column: usize,
    indent: usize,
    /// Spaces owed before the next token of this line.
    owed: usize,
    gap: Option<Gap>,
    /// The open groups: where each was opened, and whether it is broken.
    modes: Vec<(usize, bool)>,
    /// The token whose comments have been printed already.
    dangled: Option<usize>,
}

impl Writer<'_> {
    fn step(&mut self, at: usize, op: Op) {
        match op {
            Op::Token(index) => self.token(index),
            Op::Space => self.owed = self.owed.max(1),
            Op::Line(flat, _) if !self.broken() => self.owed = flat,
            Op::Line(_, gap) | Op::Hard(gap) => self.break_line(gap),
            Op::Open(_) => {
                let broken = self.broken() && self.must_break(at);
                self.modes.push((at, broken));
            }
            Op::Close => drop(self.modes.pop()),
            Op::In(columns) => self.indent += columns,
            Op::Out(columns) => self.indent = self.indent.saturating_sub(columns),
            Op::Pad(columns, group) => {
                let broken = self.modes.iter().any(|&(open, broken)| open == group && broken);
                self.owed = if broken { columns } else { 1 };
            }
            Op::Dangle => self.dangle(at),
        }
    }

    fn broken(&self) -> bool {
        self.modes.last().is_none_or(|&(_, broken)| broken)
    }

    fn must_break(&self, at: usize) -> bool {
        let group = self.groups.get(at).copied().unwrap_or_default();
        let column = if self.line.code.is_empty() { self.indent } else { self.column + self.owed };
        let room = WIDTH_MAX.saturating_sub(column);
        group.must_break || group.width > room || self.tail(group.close, room - group.width) > room - group.width
    }

    /// The width of what cannot be parted from the end of a group; counting stops beyond `room`.
    fn tail(&self, close: usize, room: usize) -> usize {
        let mut total = 0;
        for op in self.ops.iter().skip(close + 1) {
            match *op {
                Op::Token(index) => {
                    let Some(token) = self.tokens.get(index) else { break };
                    if !token.notes.before.is_empty() {
                        break;
                    }
                    total += width(&token.text);
                    if token.notes.after.is_some() {
                        break;
                    }
                }
                Op::Space => total += 1,
                Op::Pad(columns, _) => total += columns,
                Op::Line(..) | Op::Hard(_) => break,
                Op::Open(_) | Op::Close | Op::In(_) | Op::Out(_) | Op::Dangle => {}
            }
            if total > room {
                break;
            }
        }
        total
    }

    fn break_line(&mut self, gap: Gap) {
        self.newline();
        self.gap = Some(gap);
    }

    /// Ends the line, if anything stands on it.
    fn newline(&mut self) {
        self.owed = 0;
        if !self.line.code.is_empty() {
            self.lines.push(std::mem::take(&mut self.line));
        }
    }

    fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.code.is_empty()) {
            self.lines.push(Line::default());
        }
    }

    fn token(&mut self, index: usize) {
        let tokens = self.tokens;
        let Some(token) = tokens.get(index) else { return };
        if self.dangled != Some(index) {
            self.comments(&token.notes.before);
        }
        if self.line.comment.is_some() {
            self.newline();
        }
        if self.line.code.is_empty() {
            let kept = self.gap == Some(Gap::Kept);
            if kept && token.notes.blank {
                self.blank();
            }
            self.line.code = " ".repeat(self.indent);
            self.column = self.indent;
        } else {
            self.line.code.push_str(&" ".repeat(self.owed));
            self.column += self.owed;
        }
        (self.owed, self.gap) = (0, None);
        self.line.code.push_str(&token.text);
        self.column += width(&token.text);
        self.line.comment.clone_from(&token.notes.after);
    }

    /// Comments on lines of their own.
    fn comments(&mut self, comments: &[Comment]) {
        for comment in comments {
            self.newline();
            if comment.blank && self.gap == Some(Gap::Kept) {
                self.blank();
            }
            let code = format!("{}{}", " ".repeat(self.indent), comment.text);
            self.lines.push(Line::new(code));
            if self.gap == Some(Gap::Inner) {
                self.gap = Some(Gap::Kept);
            }
        }
    }

    fn dangle(&mut self, at: usize) {
        let next = self.ops.iter().skip(at).find_map(|op| match op {
            Op::Token(index) => Some(*index),
            _ => None,
        });
        let tokens = self.tokens;
        let Some(token) = next.and_then(|index| tokens.get(index)) else { return };
        if !token.notes.before.is_empty() {
            let after_entry = self.lines.last().is_some() && self.entry_precedes(at);
            self.newline();
            self.gap = Some(if after_entry { Gap::Kept } else { Gap::Inner });
            self.comments(&token.notes.before);
            self.gap = None;
            self.dangled = next;
        }
    }

    /// Whether the token before `at` ends an entry, rather than opening the block.
    fn entry_precedes(&self, at: usize) -> bool {
        let last = self.ops.iter().take(at).rev().find_map(|op| match op {
            Op::Token(index) => self.tokens.get(*index),
            _ => None,
        });
        last.is_some_and(|token| !matches!(&*token.text, "{" | "(" | "["))
    }
}

/// Joins lines to text, with comments at the ends of neighbouring lines in one column.
pub(super) fn join(lines: &[Line]) -> String {
    let mut out = String::new();
    for run in lines.chunk_by(|a, b| a.comment.is_some() == b.comment.is_some()) {
        let widths = run.iter().map(|line| width(&line.code)).filter(|&wide| wide <= COMMENT_COLUMN_MAX);
        let column = widths.max().unwrap_or(0) + COMMENT_GAP;
        for line in run {
            out.push_str(line.code.trim_end());
            if let Some(comment) = &line.comment {
                let wide = width(&line.code);
                let too_far = column + width(comment) > WIDTH_MAX;
                let gap = if too_far { COMMENT_GAP } else { column.saturating_sub(wide).max(COMMENT_GAP) };
                out.push_str(&" ".repeat(gap));
                out.push_str(comment);
            }
            out.push('\n');
        }
    }
    out
}
