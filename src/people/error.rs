//! Why people are refused. The texts are for them; none tells whether there is an account.

use std::time::Duration;

use super::BadPassword;
use crate::store::StoreError;

/// Why something of people and rights was not done.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// There is no such account, or this is not its password, or it is disabled.
    #[error("the e-mail address or the password is wrong")]
    Credentials,
    /// Somebody who is logged in was asked for their password again.
    #[error("the password is wrong")]
    WrongPassword,
    /// The password is right, and not enough.
    #[error("this account has a second factor: give its code too")]
    CodeNeeded {
        /// Shows, for some minutes, that the password was given.
        ticket: String,
    },
    /// Not the code of this moment, or one that was used.
    #[error("the code is wrong, or it was used already: wait for the next one")]
    WrongCode,
    /// Between the password and the code too much time went by, or the account was changed.
    #[error("that took too long: log in again")]
    TicketOld,
    /// Too many attempts.
    #[error("too many attempts to log in: try again in {}", in_words(*.0))]
    Wait(Duration),
    /// More log-ins at once than are served.
    #[error("too many people log in at this moment: try again in a few seconds")]
    Busy,
    /// A new password is not good enough.
    #[error("the password {0}")]
    Password(#[from] BadPassword),
    /// Somebody has this e-mail address.
    #[error("somebody else has this e-mail address")]
    EmailTaken,
    /// Nobody could administrate any more.
    #[error("this is the only administrator: make another one first")]
    LastAdmin,
    /// There is no such member of staff.
    #[error("there is no member of staff with this id")]
    UnknownUser,
    /// There is no such session, or it is over.
    #[error("there is no session with this id")]
    UnknownSession,
    /// There is no such key, or it was revoked.
    #[error("there is no valid API key with this id")]
    UnknownKey,
    /// A one-time link is not, or no longer, valid.
    #[error("this link was used already, or its time is over: ask for a new one")]
    LinkOver,
    /// A second factor is set up in two steps, and this is the second.
    #[error("no second factor waits for its first code: begin with a new one")]
    NoPendingFactor,
    /// There is one already.
    #[error("there is a second factor already: take that one off first")]
    HasFactor,
    /// Somebody else has changed it meanwhile.
    #[error("somebody else has changed this since it was read")]
    Stale,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn in_words(wait: Duration) -> String {
    match wait.as_millis().div_ceil(1000) {
        0 | 1 => "a second".to_owned(),
        seconds @ 2..=119 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_times_are_said_as_people_say_them() {
        for (millis, words) in [(0, "a second"), (1001, "2 seconds"), (119_000, "119 seconds"), (120_001, "3 minutes")]
        {
            assert_eq!(in_words(Duration::from_millis(millis)), words);
        }
    }
}
