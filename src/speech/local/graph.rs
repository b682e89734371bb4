//! A small ONNX model on rten: loaded once, shared, run on as many threads as its user has.

use std::{path::Path, sync::Arc};

use rten::{Dimension, LoadErrorKind, Model, NodeId, RunOptions, ThreadPool, Value, ValueOrView};

use crate::speech::SpeechError;

/// Weights and what is to be done with them.
pub(super) struct Graph {
    engine: &'static str,
    model: Model,
    inputs: Vec<NodeId>,
}

/// An input that a model must have.
pub(super) struct Expected {
    /// Its name in the model.
    pub(super) name: &'static str,
    /// Its shape as we feed it.
    pub(super) shape: &'static [usize],
}

impl Graph {
    /// Loads a model for `engine` that has these inputs and no others, and `outputs` outputs.
    ///
    /// # Errors
    /// [`SpeechError::Failed`] when the file cannot be read or is damaged, [`SpeechError::Unsupported`] when it holds
    /// another model.
    pub(super) fn load(
        engine: &'static str,
        path: &Path,
        inputs: &[Expected],
        outputs: usize,
    ) -> Result<Self, SpeechError> {
        let model = Model::load_file(path).map_err(|error| {
            let advice = if error.kind() == LoadErrorKind::IoError { "" } else { ": pull it again" };
            let reason = format!("cannot load {} ({}){advice}", path.display(), one_line(&error.to_string()));
            SpeechError::Failed { engine, reason }
        })?;
        let another = || SpeechError::Unsupported(format!("{} is no {engine} model: pull it again", path.display()));
        if model.input_ids().len() != inputs.len() || model.output_ids().len() != outputs {
            return Err(another());
        }
        let find = |expected: &Expected| model.find_node(expected.name).filter(|id| fits(&model, *id, expected.shape));
        let inputs = inputs.iter().map(find).collect::<Option<Vec<_>>>().ok_or_else(another)?;
        Ok(Self { engine, model, inputs })
    }

    /// Runs the model on the threads of `pool`: `values` for its inputs in the order in which [`load`](Self::load) named
    /// them, the first `N` outputs back.
    pub(super) fn run<const N: usize>(
        &self,
        values: Vec<ValueOrView>,
        pool: Arc<ThreadPool>,
    ) -> Result<[Value; N], SpeechError> {
        let inputs = self.inputs.iter().copied().zip(values).collect();
        let options = RunOptions::default().with_thread_pool(Some(pool));
        let outputs = self.model.output_ids().first_chunk().ok_or_else(|| self.failed("too few outputs"))?;
        self.model.run_n(inputs, *outputs, Some(options)).map_err(|error| self.failed(&error.to_string()))
    }

    pub(super) fn failed(&self, reason: &str) -> SpeechError {
        SpeechError::Failed { engine: self.engine, reason: one_line(reason) }
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// Whether a model's input takes values of this shape. Sizes that a model leaves open take anything.
fn fits(model: &Model, input: NodeId, shape: &[usize]) -> bool {
    let Some(declared) = model.node_info(input).and_then(|info| info.shape()) else {
        return true;
    };
    let size_fits = |(declared, size): (&Dimension, &usize)| match declared {
        Dimension::Fixed(fixed) => fixed == size,
        Dimension::Symbolic(_) => true,
    };
    declared.len() == shape.len() && declared.iter().zip(shape).all(size_fits)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
