//! A laid out picture as SVG text, with a legend.

use std::collections::HashMap;
use std::fmt::Write;

use petgraph::graph::NodeIndex;

use super::layout::{Cell, Layout};
use super::{Audit, Kind, Line, Picture, Shape, Shared};
use crate::graph::Effect;

const FONT_WIDTH: f64 = 7.3;
const LINE_HEIGHT: f64 = 16.0;
const PADDING: f64 = 10.0;
const GAP_X: f64 = 70.0;
const GAP_Y: f64 = 14.0;
const MARGIN: f64 = 24.0;
const LEGEND_HEIGHT: f64 = 84.0;
/// Characters of a label's line.
const WRAP_AT: usize = 46;

const HEAD: &str = r##"<style>
text { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 12px; fill: #1f2328; }
.word { fill: #6e40aa; font-size: 10px; }
.title { font-size: 15px; font-weight: bold; }
.line { fill: none; stroke: #8c959f; stroke-width: 1.2; }
.not { stroke-dasharray: 5 3; stroke: #6e40aa; }
.overrides { stroke: #9a6700; stroke-width: 1.6; }
.allow { fill: #d9f2e0; stroke: #1a7f37; stroke-width: 1.5; }
.deny { fill: #fde2e1; stroke: #b42318; stroke-width: 1.5; }
.audit { fill: #ffffff; stroke-dasharray: 4 3; }
.connective { fill: #f6f8fa; stroke: #57606a; }
.test { fill: #ffffff; stroke: #57606a; }
.shared { fill: #eaf2ff; stroke: #0b57d0; }
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#8c959f"/></marker></defs>
"##;

/// Where a cell is: its left top corner and its size.
#[derive(Clone, Copy)]
struct Frame {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    /// Where its column ends: up to there a line runs level, clear of wider boxes.
    column_end: f64,
}

impl Frame {
    fn left(self) -> (f64, f64) {
        (self.x, self.y + self.height / 2.0)
    }

    fn right(self) -> (f64, f64) {
        (self.x + self.width, self.y + self.height / 2.0)
    }
}

pub(super) fn render(name: &str, picture: &Picture) -> String {
    let layout = Layout::of(picture);
    let frames = frames(picture, &layout);
    let bottom = frames.values().map(|frame| frame.y + frame.height).fold(LEGEND_HEIGHT, f64::max);
    let right = frames.values().map(|frame| frame.x + frame.width).fold(760.0, f64::max);
    let (width, height) = (right + MARGIN, bottom + MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>{}</title>\n{HEAD}",
        escaped(&format!("policy {name}"))
    );
    svg.push_str("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
    legend(&mut svg, name);
    lines(&mut svg, picture, layout.layers.len(), &frames);
    for index in picture.node_indices() {
        if let (Some(shape), Some(frame)) = (picture.node_weight(index), frames.get(&Cell::Shape(index))) {
            draw(&mut svg, shape, *frame);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Places for all cells: columns as wide as their widest box, each centred in height.
fn frames(picture: &Picture, layout: &Layout) -> HashMap<Cell, Frame> {
    let sizes: Vec<Vec<(Cell, f64, f64)>> =
        layout.layers.iter().map(|layer| layer.iter().map(|cell| sized(picture, *cell)).collect()).collect();
    let height_of = |layer: &[(Cell, f64, f64)]| layer.iter().map(|(_, _, height)| height + GAP_Y).sum::<f64>();
    let tallest = sizes.iter().map(|layer| height_of(layer)).fold(0.0, f64::max);
    let mut frames = HashMap::new();
    let mut x = MARGIN;
    for layer in &sizes {
        let width = layer.iter().map(|(_, width, _)| *width).fold(0.0, f64::max);
        // Cells of short columns spread, so that lines run more level.
        let spare = (tallest - height_of(layer)) / (layer.len() as f64 + 1.0);
        let mut y = LEGEND_HEIGHT + MARGIN + spare;
        for (cell, own_width, height) in layer {
            let own_width = if matches!(cell, Cell::Bend(..)) { width } else { *own_width };
            frames.insert(*cell, Frame { x, y, width: own_width, height: *height, column_end: x + width });
            y += height + GAP_Y + spare;
        }
        x += width + GAP_X;
    }
    frames
}

fn sized(picture: &Picture, cell: Cell) -> (Cell, f64, f64) {
    let shape = match cell {
        Cell::Shape(index) => picture.node_weight(index),
        Cell::Bend(..) => None,
    };
    let Some(shape) = shape else {
        return (cell, 0.0, 2.0);
    };
    let lines = wrapped(&shape.label);
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    (cell, longest as f64 * FONT_WIDTH + 2.0 * PADDING, lines.len() as f64 * LINE_HEIGHT + PADDING)
}

fn lines(svg: &mut String, picture: &Picture, layers: usize, frames: &HashMap<Cell, Frame>) {
    for edge in picture.edge_indices() {
        let (Some((from, to)), Some(line)) = (picture.edge_endpoints(edge), picture.edge_weight(edge)) else {
            continue;
        };
        if *line == Line::Overrides {
            override_line(svg, frames, from, to);
            continue;
        }
        let mut stops: Vec<Frame> = frames.get(&Cell::Shape(from)).copied().into_iter().collect();
        stops.extend((0..layers).filter_map(|at| frames.get(&Cell::Bend(edge, at))));
        stops.extend(frames.get(&Cell::Shape(to)));
        path(svg, &stops, *line);
    }
}

fn path(svg: &mut String, stops: &[Frame], line: Line) {
    let mut data = String::new();
    for pair in stops.windows(2) {
        let [from, to] = pair else {
            continue;
        };
        let ((x1, y1), (x2, y2)) = (from.right(), to.left());
        let (end, middle) = (from.column_end, (from.column_end + x2) / 2.0);
        let command = if data.is_empty() { 'M' } else { 'L' };
        let _ = write!(data, "{command}{x1:.1},{y1:.1} L{end:.1},{y1:.1} ");
        let _ = write!(data, "C{middle:.1},{y1:.1} {middle:.1},{y2:.1} {x2:.1},{y2:.1} ");
    }
    let class = if line == Line::NeedsNot { "line not" } else { "line" };
    let _ = writeln!(svg, "<path class=\"{class}\" d=\"{data}\" marker-end=\"url(#head)\"/>");
    if let (Line::NeedsNot, Some(last)) = (line, stops.last()) {
        let (x, y) = last.left();
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\" class=\"word\">not</text>", x - 30.0, y - 4.0);
    }
}

/// Rules share a column: the line goes round on their left.
fn override_line(svg: &mut String, frames: &HashMap<Cell, Frame>, from: NodeIndex, to: NodeIndex) {
    let (Some(from), Some(to)) = (frames.get(&Cell::Shape(from)), frames.get(&Cell::Shape(to))) else {
        return;
    };
    let ((x1, y1), (x2, y2)) = (from.left(), to.left());
    let aside = x1.min(x2) - 18.0;
    let _ = writeln!(
        svg,
        "<path class=\"line overrides\" d=\"M{x1:.1},{y1:.1} C{aside:.1},{y1:.1} {aside:.1},{y2:.1} {x2:.1},{y2:.1}\" \
         marker-end=\"url(#head)\"/>"
    );
}

fn draw(svg: &mut String, shape: &Shape, frame: Frame) {
    let Frame { x, y, width, height, .. } = frame;
    let (class, radius) = match shape.kind {
        Kind::Rule(Effect::Allow, Audit::No) => ("allow", 3.0),
        Kind::Rule(Effect::Deny, Audit::No) => ("deny", 3.0),
        Kind::Rule(Effect::Allow, Audit::Yes) => ("allow audit", 3.0),
        Kind::Rule(Effect::Deny, Audit::Yes) => ("deny audit", 3.0),
        Kind::All | Kind::Any | Kind::Not => ("connective", 13.0),
        Kind::Test(Shared::Yes) => ("shared", 7.0),
        Kind::Test(Shared::No) => ("test", 7.0),
    };
    let _ = writeln!(
        svg,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{radius}\"/>"
    );
    for (index, line) in wrapped(&shape.label).iter().enumerate() {
        let baseline = y + PADDING / 2.0 + 12.0 + index as f64 * LINE_HEIGHT;
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{baseline:.1}\" xml:space=\"preserve\">{}</text>",
            x + PADDING,
            escaped(line)
        );
    }
}

fn legend(svg: &mut String, name: &str) {
    let _ = writeln!(svg, "<text class=\"title\" x=\"{MARGIN}\" y=\"26\">policy {}</text>", escaped(name));
    let entries = [
        ("allow", "allow rule"),
        ("deny", "deny rule"),
        ("allow audit", "reported only"),
        ("shared", "shared test"),
        ("test", "test of one rule"),
    ];
    let mut x = MARGIN;
    for (class, text) in entries {
        let _ = writeln!(svg, "<rect class=\"{class}\" x=\"{x:.1}\" y=\"38\" width=\"16\" height=\"14\" rx=\"3\"/>");
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"50\">{text}</text>", x + 22.0);
        x += 22.0 + (text.len() as f64 + 2.0) * FONT_WIDTH;
    }
    let _ = writeln!(
        svg,
        "<text x=\"{MARGIN}\" y=\"72\">a rule needs all that it points to; `not`, dashed: must not hold</text>"
    );
}

/// A label in lines, broken at spaces.
fn wrapped(label: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in label.split(' ') {
        let Some(line) = lines.last_mut() else {
            continue;
        };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= WRAP_AT {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(format!("  {word}"));
        }
    }
    lines
}

fn escaped(text: &str) -> String {
    // XML has no notation for control characters.
    let printable = text.replace(char::is_control, " ");
    printable.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
