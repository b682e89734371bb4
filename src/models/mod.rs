//! Model files: which ones there are ([`Manifest`]), which of them this machine has ([`Library`]), and how to get the
//! others ([`pull`]). A file stands under its own name in the models folder only when it is whole: its digest was
//! checked, and a child process opened it without falling over ([`probe`]). This module knows nothing of the engines.

mod bundled;
mod checked;
mod digest;
mod error;
mod library;
mod manifest;
mod pins;
pub mod probe;
pub mod pull;

pub use digest::Digest;
pub(crate) use error::size;
pub use error::{ModelError, PullError, UnknownModel};
pub use library::{Installed, Library, ModelState, free_bytes};
pub use manifest::{Kind, Languages, Manifest, ManifestError, Model, ModelFile, Set, Source, Understanding};
