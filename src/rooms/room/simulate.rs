//! What clients ask for to try out how they bear it (`SimulateScenario`); it concerns nobody but themselves.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use livekit_protocol::{
    self as proto, CandidateProtocol, DisconnectReason, leave_request::Action, simulate_scenario::Scenario,
};

use super::{Key, Room};
use crate::{
    domain::Identity,
    rtc::{LocalAddress, Transport},
};

/// Who want one transport for their media; of more, the first is forgotten.
const MOST_CHOOSY: usize = 64;
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

/// Who is to find us over TCP only when they come again, as livekit-server keeps a participant's ICE settings.
#[derive(Debug, Default)]
pub(super) struct Choosy(VecDeque<Identity>);

impl Choosy {
    fn choose(&mut self, identity: &Identity, protocol: CandidateProtocol) {
        self.0.retain(|other| other != identity);
        // What goes through TLS goes through TCP.
        if protocol != CandidateProtocol::Udp {
            self.0.push_back(identity.clone());
        }
        if self.0.len() > MOST_CHOOSY {
            self.0.pop_front();
        }
    }

    /// Where somebody is to find us: all of these, or some.
    pub(super) fn of<'a>(
        &self,
        identity: &Identity,
        addresses: &'a [LocalAddress],
    ) -> impl Iterator<Item = &'a LocalAddress> {
        let is_tcp = |address: &LocalAddress| address.transport == Transport::Tcp;
        let is_limited = self.0.contains(identity) && addresses.iter().any(is_tcp);
        addresses.iter().filter(move |address| !is_limited || is_tcp(address))
    }
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
            Some(Scenario::SwitchCandidateProtocol(protocol)) => {
                let protocol = CandidateProtocol::try_from(protocol).unwrap_or(CandidateProtocol::Udp);
                if let Some(participant) = self.participants.get(&key) {
                    self.choosy.choose(&participant.identity, protocol);
                }
                self.restart_ice(now, key);
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wants_tcp_finds_us_there_only_if_we_are_there() {
        let address = |transport| LocalAddress { transport, address: "192.0.2.1:7881".parse().unwrap() };
        let both = [address(Transport::Udp), address(Transport::Tcp)];
        let name = |nth: usize| format!("somebody {nth}").parse().unwrap();
        let mut choosy = Choosy::default();
        choosy.choose(&name(0), CandidateProtocol::Tcp);
        assert_eq!(choosy.of(&name(0), &both).collect::<Vec<_>>(), [&both[1]]);
        assert_eq!(choosy.of(&name(0), &both[..1]).count(), 1);
        assert_eq!(choosy.of(&name(1), &both).count(), 2);
        choosy.choose(&name(0), CandidateProtocol::Udp);
        assert_eq!(choosy.of(&name(0), &both).count(), 2);
        (0..=MOST_CHOOSY).for_each(|nth| choosy.choose(&name(nth), CandidateProtocol::Tls));
        assert_eq!([0, 1].map(|nth| choosy.of(&name(nth), &both).count()), [2, 1]);
    }
}
