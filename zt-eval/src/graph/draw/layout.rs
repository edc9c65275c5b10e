//! A layered layout, left to right, after K. Sugiyama, S. Tagawa, M. Toda, *Methods for Visual Understanding of
//! Hierarchical System Structures* (1981): layers by longest path, bends where a line passes a layer, then each layer
//! ordered by where its neighbours are. The crates that lay graphs out do so from top to bottom or with crossing labels.

use std::collections::HashMap;

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use petgraph::{Direction, algo};

use super::{Line, Picture};

/// Sweeps over all layers; more hardly ever help.
const SWEEPS: usize = 8;

/// Something that takes a place in a layer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Cell {
    /// A box.
    Shape(NodeIndex),
    /// Where a line passes a layer between those of its ends.
    Bend(EdgeIndex, usize),
}

/// Which cells stand in which layer, from top to bottom.
pub(super) struct Layout {
    pub layers: Vec<Vec<Cell>>,
}

impl Layout {
    pub fn of(picture: &Picture) -> Self {
        let layers_of = layers_of(picture);
        let count = layers_of.values().max().map_or(0, |last| last + 1);
        let mut layout = Self { layers: vec![Vec::new(); count] };
        for index in picture.node_indices() {
            layout.put(layers_of.get(&index).copied().unwrap_or(0), Cell::Shape(index));
        }
        let mut links = Links::default();
        for edge in picture.edge_references().filter(|edge| *edge.weight() != Line::Overrides) {
            let layer = |index: NodeIndex| layers_of.get(&index).copied().unwrap_or(0);
            let mut last = Cell::Shape(edge.source());
            for at in layer(edge.source()) + 1..layer(edge.target()) {
                let bend = Cell::Bend(edge.id(), at);
                layout.put(at, bend);
                links.add(last, bend);
                last = bend;
            }
            links.add(last, Cell::Shape(edge.target()));
        }
        layout.order(&links);
        layout
    }

    fn put(&mut self, layer: usize, cell: Cell) {
        if let Some(layer) = self.layers.get_mut(layer) {
            layer.push(cell);
        }
    }

    /// Puts each cell near the middle of its neighbours, forth and back. The first layer keeps the order of the source
    /// on the way there.
    fn order(&mut self, links: &Links) {
        for sweep in 0..SWEEPS {
            let mut places = self.places();
            let forth = sweep % 2 == 0;
            let count = self.layers.len();
            for step in 1..count {
                let at = if forth { step } else { count - 1 - step };
                let Some(layer) = self.layers.get_mut(at).filter(|_| forth || at > 0) else {
                    continue;
                };
                let neighbours = if forth { &links.before } else { &links.after };
                let mut keyed: Vec<(f64, Cell)> =
                    layer.iter().map(|cell| (middle(*cell, neighbours, &places), *cell)).collect();
                keyed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
                *layer = keyed.into_iter().map(|(_, cell)| cell).collect();
                for (place, cell) in layer.iter().enumerate() {
                    places.insert(*cell, relative(place, layer.len()));
                }
            }
        }
    }

    fn places(&self) -> HashMap<Cell, f64> {
        let layers = self.layers.iter();
        layers
            .flat_map(|layer| {
                let count = layer.len();
                layer.iter().enumerate().map(move |(place, cell)| (*cell, relative(place, count)))
            })
            .collect()
    }
}

/// A place as a part of its layer's height, so that layers of different lengths compare.
fn relative(place: usize, count: usize) -> f64 {
    (place as f64 + 0.5) / count as f64
}

fn middle(cell: Cell, neighbours: &HashMap<Cell, Vec<Cell>>, places: &HashMap<Cell, f64>) -> f64 {
    let own = places.get(&cell).copied().unwrap_or(0.5);
    match neighbours.get(&cell).map(Vec::as_slice) {
        None | Some([]) => own,
        Some(all) => all.iter().filter_map(|each| places.get(each)).sum::<f64>() / all.len() as f64,
    }
}

#[derive(Default)]
struct Links {
    before: HashMap<Cell, Vec<Cell>>,
    after: HashMap<Cell, Vec<Cell>>,
}

impl Links {
    fn add(&mut self, from: Cell, to: Cell) {
        self.after.entry(from).or_default().push(to);
        self.before.entry(to).or_default().push(from);
    }
}

/// Each box one layer behind the last that points to it. Overrides join rules, which share the first layer.
fn layers_of(picture: &Picture) -> HashMap<NodeIndex, usize> {
    let needs = picture.filter_map(|_, _| Some(()), |_, line| (*line != Line::Overrides).then_some(()));
    // Conditions read earlier nodes only: there is no cycle. Were there one, all boxes would stand in one layer.
    let order = algo::toposort(&needs, None).unwrap_or_default();
    let mut layers = HashMap::new();
    for index in order {
        let before = needs.neighbors_directed(index, Direction::Incoming);
        let layer = before.filter_map(|each| layers.get(&each)).max().map_or(0, |last: &usize| last + 1);
        layers.insert(index, layer);
    }
    layers
}
