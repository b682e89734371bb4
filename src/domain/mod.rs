//! Words of the trade as types: languages, media time, turns, text, telephone numbers, money. No I/O, no clock, no other
//! module of the crate.

pub mod cards;
mod clock;
mod email;
mod fold;
mod host;
pub(crate) mod ids;
mod language;
mod media_time;
mod money;
mod network;
mod phone;
mod pii;
mod provider;
mod room;
pub mod text;
mod turn;
mod words;

pub use clock::clock;
pub use email::{BadEmail, Email};
pub use fold::{fold, fold_words};
pub use host::{BadHost, Host};
pub use ids::{
    ApiKeyId, BadId, CallId, CallbackId, CommunicationId, CustomerId, DoNotCallId, ImportId, LeadId, PersonId,
    ProfileId, PromiseId, RuleId, ScriptId, SessionId, SmsId, UserId,
};
pub use language::{Language, UnknownLanguage};
pub use media_time::MediaTime;
pub use money::{BadMoney, Currency, Money, UnknownCurrency};
pub use network::network;
pub use phone::{BadPhone, Country, PhoneNumber, UnknownCountry};
pub use pii::Pii;
pub use provider::Provider;
pub use room::{BadName, Identity, RoomName, display_name};
pub use turn::{Message, Role, TurnId};
pub use words::{WordStart, words};
