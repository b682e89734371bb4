//! Where steps and arrows are: layers by the longest way from the start (arrows that lead back do not count), the order within
//! a layer by the middle of what leads there (Sugiyama's method, two sweeps).

use std::collections::BTreeMap;

use super::{
    super::{Script, StepIndex},
    mirrors,
};

/// Size of a step, in pixels.
pub(super) const WIDTH: i32 = 230;
pub(super) const HEIGHT: i32 = 52;
const GAP_X: i32 = 34;
const GAP_Y: i32 = 64;
const MARGIN: i32 = 24;
/// Arrows that lead back run beside the steps, each in a lane of its own.
const LANE: i32 = 16;

/// Places of everything in a drawing.
pub(super) struct Layout {
    places: Vec<(i32, i32)>,
    arrows: Vec<Arrow>,
    size: (i32, i32),
}

/// An arrow from one step to another.
pub(super) struct Arrow {
    /// As SVG writes paths.
    pub(super) path: String,
    pub(super) label: String,
    pub(super) label_at: (i32, i32),
}

/// All ways between the same two steps are one arrow.
type Edges = BTreeMap<(usize, usize), Vec<String>>;

impl Layout {
    pub(super) fn of(script: &Script) -> Self {
        let count = script.steps.len();
        let edges = edges(script);
        let back = backward(script.start.0, count, &edges);
        let mut layers = layers(count, &edges, &back);
        lower_what_stands_apart(&mut layers, script.start.0, &edges);
        let rows = rows(&layers, &edges, &back);
        let widest = rows.iter().map(Vec::len).max().unwrap_or(1);
        let inner = i32_of(widest) * (WIDTH + GAP_X) - GAP_X;
        let width = inner + 2 * MARGIN + i32_of(back.iter().filter(|back| **back).count().min(12)) * LANE;
        let height = i32_of(rows.len()) * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN;
        let mut places = vec![(0, 0); count];
        for (row, steps) in rows.iter().enumerate() {
            let taken = i32_of(steps.len()) * (WIDTH + GAP_X) - GAP_X;
            let left = MARGIN + (inner - taken) / 2;
            for (column, step) in steps.iter().enumerate() {
                let column = if mirrors(script.language) { steps.len() - 1 - column } else { column };
                places[*step] = (left + i32_of(column) * (WIDTH + GAP_X), MARGIN + i32_of(row) * (HEIGHT + GAP_Y));
            }
        }
        let arrows = arrows(&edges, &back, &places, MARGIN + inner);
        Self { places, arrows, size: (width, height) }
    }

    /// The upper left corner of a step.
    pub(super) fn place(&self, step: StepIndex) -> (i32, i32) {
        self.places[step.0]
    }

    pub(super) fn arrows(&self) -> &[Arrow] {
        &self.arrows
    }

    pub(super) const fn size(&self) -> (i32, i32) {
        self.size
    }
}

/// There are 200 steps at most.
fn i32_of(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 1000)
}

fn edges(script: &Script) -> Edges {
    let mut edges = Edges::new();
    for (from, step) in script.steps() {
        for (label, to) in step.ways() {
            let labels = edges.entry((from.0, to.0)).or_default();
            if !label.is_empty() {
                labels.push(label.to_owned());
            }
        }
    }
    edges
}

/// Which edges lead back to a step that is still being gone through, in the order of `edges`.
fn backward(start: usize, count: usize, edges: &Edges) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        Open,
        Done,
    }
    let following: Vec<Vec<usize>> =
        (0..count).map(|from| edges.range((from, 0)..(from + 1, 0)).map(|((_, to), _)| *to).collect()).collect();
    let mut seen = vec![Seen::Not; count];
    let mut back = BTreeMap::new();
    for root in std::iter::once(start).chain(0..count) {
        if seen[root] != Seen::Not {
            continue;
        }
        seen[root] = Seen::Open;
        let mut open = vec![(root, 0)];
        while let Some((step, next)) = open.pop() {
            let Some(to) = following[step].get(next).copied() else {
                seen[step] = Seen::Done;
                continue;
            };
            open.push((step, next + 1));
            back.insert((step, to), seen[to] == Seen::Open);
            if seen[to] == Seen::Not {
                seen[to] = Seen::Open;
                open.push((to, 0));
            }
        }
    }
    edges.keys().map(|edge| back.get(edge).copied().unwrap_or_default()).collect()
}

/// The layer of each step. Without the edges that lead back there are no rounds, so this comes to rest.
fn layers(count: usize, edges: &Edges, back: &[bool]) -> Vec<usize> {
    let mut layers = vec![0; count];
    for _ in 0..count {
        let mut changed = false;
        for ((from, to), _) in edges.keys().zip(back).filter(|(_, back)| !**back) {
            if layers[*to] <= layers[*from] {
                layers[*to] = layers[*from] + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    layers
}

/// Steps that no arrow from the start leads to, for any step leads there, stand below the others.
fn lower_what_stands_apart(layers: &mut [usize], start: usize, edges: &Edges) {
    let mut reached = vec![false; layers.len()];
    let mut open = vec![start];
    while let Some(step) = open.pop() {
        if !std::mem::replace(&mut reached[step], true) {
            open.extend(edges.range((step, 0)..(step + 1, 0)).map(|((_, to), _)| *to));
        }
    }
    let deepest = layers.iter().zip(&reached).filter(|(_, reached)| **reached).map(|(layer, _)| *layer).max();
    for (layer, _) in layers.iter_mut().zip(&reached).filter(|(_, reached)| !**reached) {
        *layer += deepest.unwrap_or_default() + 1;
    }
}

/// The steps of each layer in their order.
fn rows(layers: &[usize], edges: &Edges, back: &[bool]) -> Vec<Vec<usize>> {
    let count = layers.iter().max().map_or(0, |last| last + 1);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (step, layer) in layers.iter().enumerate() {
        rows[*layer].push(step);
    }
    let forward: Vec<(usize, usize)> =
        edges.keys().zip(back).filter(|(_, back)| !**back).map(|(edge, _)| *edge).collect();
    for _ in 0..2 {
        for row in 1..count {
            sort_row(&mut rows, row, |step| forward.iter().filter(move |(_, to)| *to == step).map(|(from, _)| *from));
        }
        for row in (0..count.saturating_sub(1)).rev() {
            sort_row(&mut rows, row, |step| forward.iter().filter(move |(from, _)| *from == step).map(|(_, to)| *to));
        }
    }
    rows
}

/// Sorts a row by the middle of the neighbours of each step.
fn sort_row<I: Iterator<Item = usize>>(rows: &mut [Vec<usize>], row: usize, neighbours: impl Fn(usize) -> I) {
    let mut position = BTreeMap::new();
    for steps in rows.iter() {
        for (column, step) in steps.iter().enumerate() {
            // In halves of a column from the row's middle, so that rows of different lengths compare.
            position.insert(*step, 2 * i32_of(column) - i32_of(steps.len()));
        }
    }
    let middle = |step: usize| {
        let (sum, count) = neighbours(step).fold((0, 0), |(sum, count), it| (sum + position[&it], count + 1));
        if count == 0 { position[&step] * 1000 } else { sum * 1000 / count }
    };
    rows[row].sort_by_cached_key(|step| (middle(*step), *step));
}

fn arrows(edges: &Edges, back: &[bool], places: &[(i32, i32)], right: i32) -> Vec<Arrow> {
    let mut lane = 0;
    let mut of = |(((from, to), labels), back): ((&(usize, usize), &Vec<String>), &bool)| {
        let label = labels.join(", ");
        let ((x, y), (to_x, to_y)) = (places[*from], places[*to]);
        if *back {
            lane = lane % 12 + 1;
            let (beside, y, to_y) = (right + lane * LANE, y + HEIGHT / 2, to_y + HEIGHT / 2);
            let (x, to_x) = (x + WIDTH, to_x + WIDTH);
            let path = format!("M{x} {y}C{beside} {y} {beside} {to_y} {to_x} {to_y}");
            return Arrow { path, label, label_at: (x + 40, y - 5) };
        }
        let (x, y, to_x) = (x + WIDTH / 2, y + HEIGHT, to_x + WIDTH / 2);
        let bend = GAP_Y / 2;
        let path = format!("M{x} {y}C{x} {} {to_x} {} {to_x} {to_y}", y + bend, to_y - bend);
        // Nearer to where it ends: arrows to one step are fewer than those that leave one.
        Arrow { path, label, label_at: (x + (to_x - x) * 2 / 3, to_y - bend / 2 + i32_of(from % 3) * 9 - 12) }
    };
    edges.iter().zip(back).map(&mut of).collect()
}
