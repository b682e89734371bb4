//! What this machine is called by those who connect to it.

use std::{
    fmt, fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use rustls::pki_types::ServerName;

/// A host name or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// As DNS has it, in lower case.
    Host(String),
    /// An IP address.
    Address(IpAddr),
}

impl Name {
    fn new(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Host(text.to_ascii_lowercase()), Self::Address)
    }

    /// As TLS clients ask for it; `None` for a name that DNS cannot have.
    pub(super) fn server_name(&self) -> Option<ServerName<'static>> {
        match self {
            Self::Host(name) => ServerName::try_from(name.clone()).ok(),
            Self::Address(ip) => Some(ServerName::from(*ip)),
        }
    }
}

impl fmt::Display for Name {
    /// As it stands in a web address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(name) => f.write_str(name),
            Self::Address(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Address(ip) => write!(f, "{ip}"),
        }
    }
}

/// `wanted` first, then what the machine knows of itself: its host name, also as mDNS has it, and the addresses where it
/// can be reached when it listens on `listen`.
pub(super) fn of_this_machine(wanted: &[String], listen: IpAddr) -> Vec<Name> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim().to_ascii_lowercase();
    let hosts = match host.as_str() {
        "" | "(none)" => Vec::new(),
        name if name.contains('.') => vec![name.to_owned()],
        name => vec![name.to_owned(), format!("{name}.local")],
    };
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let addresses: Vec<IpAddr> = interfaces.into_iter().map(|interface| interface.ip()).collect();
    collect(wanted, &hosts, listen, &addresses)
}

/// Each name once, and none that a certificate cannot have.
fn collect(wanted: &[String], hosts: &[String], listen: IpAddr, interfaces: &[IpAddr]) -> Vec<Name> {
    let is_lasting = |ip: &&IpAddr| match ip {
        IpAddr::V4(ip) => !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_unicast_link_local(),
    };
    let reached = |ip: &&IpAddr| listen.is_unspecified() || **ip == listen;
    let local = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let names = wanted.iter().map(|name| Name::new(name));
    let names = names.chain(hosts.iter().cloned().map(Name::Host));
    let addresses = interfaces.iter().filter(is_lasting).filter(reached).filter(|ip| !ip.is_loopback());
    let names = names.chain(addresses.copied().map(Name::Address));
    let names = names.chain([Name::Host("localhost".to_owned())]).chain(local.map(Name::Address));
    let mut all: Vec<Name> = Vec::new();
    for name in names.filter(|name| name.server_name().is_some()) {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_by_which_the_machine_can_be_reached() {
        let interfaces: Vec<IpAddr> =
            ["127.0.0.1", "192.168.1.20", "169.254.7.7", "fe80::1", "2001:db8::7"].map(|ip| ip.parse().unwrap()).into();
        let shown = |wanted: &[&str], host: &str, listen: &str| {
            let wanted: Vec<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
            let names = collect(&wanted, &[host.to_owned()], listen.parse().unwrap(), &interfaces);
            names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            shown(&["Calls.lan", "192.168.1.20"], "box", "0.0.0.0"),
            "calls.lan 192.168.1.20 box [2001:db8::7] localhost 127.0.0.1 [::1]"
        );
        assert_eq!(shown(&[], "a box", "192.168.1.20"), "192.168.1.20 localhost 127.0.0.1 [::1]");
        assert_eq!(shown(&["localhost"], "localhost", "127.0.0.1"), "localhost 127.0.0.1 [::1]");
        assert!(of_this_machine(&[], local()).contains(&Name::Address(local())));
    }

    fn local() -> IpAddr {
        Ipv4Addr::LOCALHOST.into()
    }
}
