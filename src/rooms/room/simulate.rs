//! What clients ask for to try out how they bear it (`SimulateScenario`); it concerns nobody but themselves.

use std::time::{Duration, Instant};

use livekit_protocol::{self as proto, DisconnectReason, leave_request::Action, simulate_scenario::Scenario};

use super::{Key, Room};

/// Longer than anybody looks.
const LONGEST_SPEECH_S: i32 = 60;

/// What happens when the client resumes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Simulated {
    /// The signal connection is closed after the first messages.
    Disconnect,
    /// The signal connection is closed before any message.
    DisconnectAtOnce,
}

impl Room {
    pub(super) fn handle_simulation(&mut self, now: Instant, key: Key, request: &proto::SimulateScenario) {
        match request.scenario {
            Some(Scenario::SpeakerUpdate(seconds)) => {
                let seconds = seconds.clamp(0, LONGEST_SPEECH_S).unsigned_abs();
                self.simulate_speech(now, key, Duration::from_secs(seconds.into()));
            }
            // As if this server were gone: who comes back is not known.
            Some(Scenario::NodeFailure(_)) => self.remove(now, key, DisconnectReason::UnknownReason, None),
            Some(Scenario::Migration(_)) => self.close_signal(now, key),
            Some(Scenario::ServerLeave(_)) => {
                self.remove(now, key, DisconnectReason::ServerShutdown, Some(Action::Disconnect));
            }
            Some(Scenario::LeaveRequestFullReconnect(_)) => {
                self.remove(now, key, DisconnectReason::UnknownReason, Some(Action::Reconnect));
            }
            Some(Scenario::DisconnectSignalOnResume(_)) => self.at_resumption(key, Simulated::Disconnect),
            Some(Scenario::DisconnectSignalOnResumeNoMessages(_)) => {
                self.at_resumption(key, Simulated::DisconnectAtOnce);
            }
            Some(Scenario::SwitchCandidateProtocol(_)) => self.restart_ice(now, key),
            // None at all means that there is enough again.
            Some(Scenario::SubscriberBandwidth(bits)) => {
                if let Some(client) = self.client_mut(key) {
                    client.bandwidth.simulated = u64::try_from(bits).ok().filter(|bits| *bits > 0);
                }
            }
            None => {}
        }
    }

    fn at_resumption(&mut self, key: Key, simulated: Simulated) {
        if let Some(client) = self.client_mut(key) {
            client.simulated = Some(simulated);
        }
    }
}
