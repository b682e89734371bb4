//! Words of the trade as types: languages, media time, turns, text. No I/O, no clock, no other module of the crate.

pub mod cards;
pub(crate) mod ids;
mod language;
mod media_time;
mod network;
mod pii;
mod room;
pub mod text;
mod turn;

pub use ids::{ApiKeyId, BadId, CallId};
pub use language::{Language, UnknownLanguage};
pub use media_time::MediaTime;
pub use network::network;
pub use pii::Pii;
pub use room::{BadName, Identity, RoomName, display_name};
pub use turn::{Message, Role, TurnId};
