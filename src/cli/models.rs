//! `callstead models`: what there is, getting it, checking it, removing it.

use std::{
    collections::{BTreeMap, HashMap},
    env,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use clap::Subcommand;
use serde::Serialize;

use super::{Context, Output, interrupt::Interrupted, output};
use crate::{
    models::{
        Kind, Languages, Library, Manifest, Model, ModelError, ModelState, probe,
        pull::{self, Options, Outcome, Progress, Report, Step},
        size,
    },
    speech::{self, engines::EngineError},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the models that there are, and how they are on this machine
    List,
    /// Fetch sets or models; what is there and sound is left alone
    Pull {
        /// Names of sets, ids of models
        #[arg(required = true, value_name = "SET|ID")]
        names: Vec<String>,
        /// Take files whose digest nobody knows; it is pinned from then on
        #[arg(long)]
        allow_unverified: bool,
    },
    /// Compare installed models with their digests, every byte
    Verify {
        /// Ids of models; all that are installed unless given
        #[arg(value_name = "ID")]
        ids: Vec<String>,
    },
    /// Remove models
    Rm {
        /// Ids of models
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Open a model file as its engine does (a child process of `pull`)
    #[command(hide = true)]
    Probe {
        /// stt, llm, tts, vad or turn
        kind: Kind,
        /// The file
        file: PathBuf,
    },
}

impl Args {
    /// Whether this is the child process of a pull: it needs no settings, and is not given its parent's flags.
    pub(super) fn is_probe(&self) -> bool {
        matches!(self.command, Command::Probe { .. })
    }
}

pub(super) fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let library = Library::of(&context.config);
    match args.command {
        Command::List => list(&library, &context.output),
        Command::Pull { names, allow_unverified } => pull(&library, &names, allow_unverified, context),
        Command::Verify { ids } => verify(&library, &ids, context),
        Command::Rm { ids } => remove(&library, &ids, &context.output),
        // As for an engine that does not start: the model cannot be used.
        Command::Probe { kind, file } => Ok(speech::local::probe::probe(kind, &file).map_err(EngineError::Speech)?),
    }
}

/// `models list --json`
#[derive(Serialize)]
struct Listing<'a> {
    models_dir: PathBuf,
    models: Vec<Row<'a>>,
    sets: BTreeMap<&'a str, &'a [String]>,
}

/// A model in `models list --json`.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    kind: Kind,
    languages: &'a Languages,
    bytes: Option<u64>,
    licence: &'a str,
    about: &'a str,
    /// Whether all its digests are known.
    verifiable: bool,
    #[serde(flatten)]
    state: ModelState,
    sets: Vec<&'a str>,
}

fn list(library: &Library<'static>, output: &Output) -> anyhow::Result<()> {
    let manifest = library.manifest();
    let row = |model: &'static Model| Row {
        id: &model.id,
        kind: model.kind,
        languages: &model.languages,
        bytes: model.bytes(),
        licence: &model.licence,
        about: &model.about,
        verifiable: model.is_verifiable(),
        state: library.state(model),
        sets: manifest.sets_of(model).collect(),
    };
    let listing = Listing {
        models_dir: library.dir().to_owned(),
        models: manifest.models.iter().map(row).collect(),
        sets: manifest.sets.iter().map(|(name, set)| (name.as_str(), set.models.as_slice())).collect(),
    };
    Ok(output.result(&listing, |listing| table(listing, manifest))?)
}

fn table(listing: &Listing<'_>, manifest: &Manifest) -> String {
    let mut lines = vec![format!(
        "{:22} {:5} {:9} {:>9} {:17} {:11} {}",
        "MODEL", "KIND", "LANGUAGES", "SIZE", "LICENCE", "STATE", "ABOUT"
    )];
    for row in &listing.models {
        let bytes = row.bytes.map_or_else(|| "?".to_owned(), size);
        let state = if row.verifiable { row.state.to_string() } else { format!("{} *", row.state) };
        lines.push(format!(
            "{:22} {:5} {:9} {bytes:>9} {:17} {state:11} {}",
            row.id, row.kind, row.languages, row.licence, row.about
        ));
        if let ModelState::Damaged { why } = &row.state {
            lines.push(format!("{:22} {why}", ""));
        }
    }
    lines.push("\n* its digest is not known: fetched only with --allow-unverified\n\nSETS".to_owned());
    for (name, set) in &manifest.sets {
        lines.push(format!("{name:12} {}\n{:12} {}", set.about, "", set.models.join(" ")));
    }
    lines.join("\n")
}

fn pull(library: &Library<'_>, names: &[String], allow_unverified: bool, context: &Context) -> anyhow::Result<()> {
    let models = library.resolve(names)?;
    let mut options = Options::new(&context.config.models)?;
    options.allow_unverified = allow_unverified;
    let program = env::current_exe()?;
    let probe: pull::Probe = Arc::new(move |kind, file| probe::in_child(&program, kind, file));
    let screen = Screen::new(&context.output);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let show = |progress: Progress<'_>| screen.show(progress);
        tokio::select! {
            result = pull::pull(library, &models, &options, probe, &show) => Some(result),
            () = context.interrupt.raised() => None,
        }
    });
    // A file that is being hashed or probed would hold us up; nothing depends on its end.
    runtime.shutdown_background();
    screen.clear();
    let Some(result) = result else {
        context.output.note("stopped: what was fetched so far is kept, and the same command goes on from there");
        return Err(Interrupted.into());
    };
    let report = result?;
    context.output.result(&report, |report| summary(report, library))?;
    Ok(report.check()?)
}

/// A line a model, and one for each source that failed.
fn summary(report: &Report, library: &Library<'_>) -> String {
    let mut lines = Vec::new();
    for model in &report.models {
        match &model.outcome {
            Outcome::Present => lines.push(format!("{}: already there", model.id)),
            Outcome::Pulled => lines.push(format!("{}: fetched", model.id)),
            Outcome::Failed { attempts } => {
                lines.push(format!("{}: could not be had", model.id));
                lines.extend(attempts.iter().map(|attempt| format!("  {attempt}")));
            }
        }
    }
    lines.push(format!("models are in {}", library.dir().display()));
    lines.join("\n")
}

/// The bars or lines of the files under way.
struct Screen<'a> {
    output: &'a Output,
    files: Mutex<HashMap<String, (output::Progress, u64)>>,
}

impl<'a> Screen<'a> {
    fn new(output: &'a Output) -> Self {
        Self { output, files: Mutex::default() }
    }

    fn show(&self, Progress { file, step, .. }: Progress<'_>) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Bytes { have, total } => {
                // Less than before: begun anew, and so is the bar.
                if files.get(file).is_none_or(|(_, shown)| have < *shown) {
                    files.insert(file.to_owned(), (self.output.progress(file, total), 0));
                }
                if let Some((progress, shown)) = files.get_mut(file) {
                    progress.inc(have - *shown);
                    *shown = have;
                }
            }
            Step::Done => {
                if let Some((progress, _)) = files.remove(file) {
                    progress.finish();
                }
            }
            Step::Failed { source, why } => {
                files.remove(file);
                self.output.note(format_args!("{file} from {source}: {why}"));
            }
            Step::Present | Step::Asking { .. } | Step::Probing => {}
        }
    }

    fn clear(&self) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A model in `models verify --json`.
#[derive(Serialize)]
struct Verdict<'a> {
    id: &'a str,
    #[serde(flatten)]
    state: ModelState,
}

fn verify(library: &Library<'static>, ids: &[String], context: &Context) -> anyhow::Result<()> {
    let installed = |model: &&Model| library.state(model) != ModelState::Missing;
    let models = match ids {
        [] => library.manifest().models.iter().filter(installed).collect(),
        ids => library.resolve(ids)?,
    };
    let mut verdicts = Vec::new();
    for model in models {
        context.interrupt.check()?;
        verdicts.push(Verdict { id: &model.id, state: library.verify(model) });
    }
    context.output.result(&verdicts, |verdicts| {
        let line = |verdict: &Verdict<'_>| match &verdict.state {
            ModelState::Damaged { why } => format!("{}: damaged: {why}", verdict.id),
            ModelState::Installed => format!("{}: as it should be", verdict.id),
            ModelState::Unverified => format!("{}: as it was first fetched; its digest is not known", verdict.id),
            ModelState::Missing => format!("{}: missing", verdict.id),
        };
        let lines: Vec<_> = verdicts.iter().map(line).collect();
        if lines.is_empty() { "no models are installed".to_owned() } else { lines.join("\n") }
    })?;
    match verdicts.iter().find_map(|verdict| problem(verdict, library).transpose()) {
        Some(problem) => Err(problem?.into()),
        None => Ok(()),
    }
}

fn problem(verdict: &Verdict<'_>, library: &Library<'_>) -> Result<Option<ModelError>, ModelError> {
    let (id, command) = (verdict.id.to_owned(), library.pull_command(library.model(verdict.id)?));
    Ok(match &verdict.state {
        ModelState::Damaged { why } => Some(ModelError::Damaged { id, why: why.clone(), command }),
        ModelState::Missing => Some(ModelError::Missing { id, command }),
        ModelState::Installed | ModelState::Unverified => None,
    })
}

/// A model in `models rm --json`.
#[derive(Serialize)]
struct Removed<'a> {
    id: &'a str,
    freed_bytes: u64,
}

fn remove(library: &Library<'_>, ids: &[String], output: &Output) -> anyhow::Result<()> {
    let models: Result<Vec<_>, _> = ids.iter().map(|id| library.model(id)).collect();
    let mut removed = Vec::new();
    for model in models? {
        removed.push(Removed { id: &model.id, freed_bytes: library.remove(model)? });
    }
    Ok(output.result(&removed, |removed| {
        let line = |removed: &Removed<'_>| match removed.freed_bytes {
            0 => format!("{}: was not there", removed.id),
            bytes => format!("{}: removed, {} freed", removed.id, size(bytes)),
        };
        removed.iter().map(line).collect::<Vec<_>>().join("\n")
    })?)
}
