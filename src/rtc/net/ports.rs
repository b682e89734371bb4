//! Which sockets there are, and which addresses they are offered under.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket},
};

use socket2::{Domain, Protocol, Socket, Type};

use super::{LocalAddress, Options, Transport};

/// Of the kernel, for datagrams that wait: bursts of a video, a thread that gets no core for a moment.
const BUFFER_BYTES: usize = 2 * 1024 * 1024;
const BACKLOG: i32 = 128;
/// When any port will do, it must be free for both transports at all addresses.
const TRIES: usize = 16;
/// Containers and virtual machines give a host many addresses; each is a candidate that every caller tries.
const MOST_ADDRESSES: usize = 16;

/// A socket, and the addresses that lead to it.
#[derive(Debug)]
pub(super) struct Port<S> {
    pub(super) socket: S,
    /// At least one. What arrives is taken as sent to the first.
    pub(super) advertised: Vec<SocketAddr>,
}

/// All sockets.
#[derive(Debug)]
pub(super) struct Ports {
    pub(super) udp: Vec<Port<UdpSocket>>,
    pub(super) tcp: Vec<Port<TcpListener>>,
}

/// Where a socket is bound, and the addresses that lead there.
type Plan = Vec<(IpAddr, Vec<IpAddr>)>;

impl Ports {
    /// Opens them.
    ///
    /// # Errors
    /// When a port is in use, or no address is left.
    pub(super) fn open(options: &Options) -> io::Result<Self> {
        let plan = plan(options)?;
        if options.port != 0 {
            return Self::bind(&plan, options.port);
        }
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..TRIES {
            let (first, _) = plan.first().ok_or_else(no_address)?;
            let port = udp(SocketAddr::new(*first, 0))?.local_addr()?.port();
            match Self::bind(&plan, port) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
                opened => return opened,
            }
        }
        Err(last)
    }

    fn bind(plan: &Plan, port: u16) -> io::Result<Self> {
        let mut ports = Self { udp: Vec::new(), tcp: Vec::new() };
        for (ip, advertised) in plan {
            let address = SocketAddr::new(*ip, port);
            let advertised: Vec<_> = advertised.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
            let named = |error| named(error, address);
            let (udp, tcp) = match (udp(address), tcp(address)) {
                (Ok(udp), Ok(tcp)) => (udp, tcp),
                // A machine without IPv6, or an address that has just gone.
                (Err(error), _) | (_, Err(error)) if is_missing(&error) => continue,
                (udp, tcp) => (udp.map_err(named)?, tcp.map_err(named)?),
            };
            ports.udp.push(Port { socket: udp, advertised: advertised.clone() });
            ports.tcp.push(Port { socket: tcp, advertised });
        }
        if ports.udp.is_empty() { Err(no_address()) } else { Ok(ports) }
    }

    /// As candidates: UDP first.
    pub(super) fn addresses(&self) -> Vec<LocalAddress> {
        let with = |transport| move |address: &SocketAddr| LocalAddress { transport, address: *address };
        let udp = self.udp.iter().flat_map(|port| &port.advertised).map(with(Transport::Udp));
        let tcp = self.tcp.iter().flat_map(|port| &port.advertised).map(with(Transport::Tcp));
        udp.chain(tcp).collect()
    }
}

/// One socket for each address of this machine, so that an answer leaves from where the question came to. With advertised
/// addresses, which this machine need not have: one for each family, at all of its addresses.
fn plan(options: &Options) -> io::Result<Plan> {
    let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
    if options.loopback_only {
        return Ok(vec![(v4, vec![v4]), (v6, vec![v6])]);
    }
    if !options.advertised.is_empty() {
        let (v4, v6): (Vec<_>, Vec<_>) = options.advertised.iter().copied().partition(IpAddr::is_ipv4);
        let families = [(IpAddr::V4(Ipv4Addr::UNSPECIFIED), v4), (IpAddr::V6(Ipv6Addr::UNSPECIFIED), v6)];
        return Ok(families.into_iter().filter(|(_, advertised)| !advertised.is_empty()).collect());
    }
    let mut own: Vec<_> = if_addrs::get_if_addrs()?.iter().map(if_addrs::Interface::ip).filter(is_reachable).collect();
    own.sort_by_key(IpAddr::is_ipv6);
    own.dedup();
    own.truncate(MOST_ADDRESSES);
    if own.is_empty() {
        own.push(v4);
    }
    Ok(own.into_iter().map(|ip| (ip, vec![ip])).collect())
}

/// Not loopback, and not link-local: those mean something to this machine only.
fn is_reachable(ip: &IpAddr) -> bool {
    !ip.is_loopback()
        && !ip.is_unspecified()
        && match ip {
            IpAddr::V4(ip) => !ip.is_link_local(),
            IpAddr::V6(ip) => !ip.is_unicast_link_local(),
        }
}

fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
    // As much as the system grants.
    let _ = socket.set_recv_buffer_size(BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(BUFFER_BYTES);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(address, Type::STREAM, Protocol::TCP)?;
    // Connections of an earlier run that are not quite over are no reason to refuse.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

fn no_address() -> io::Error {
    let message = "this machine has no address for media: check its network, or set `addresses` under [rtc]";
    io::Error::new(io::ErrorKind::AddrNotAvailable, message)
}

fn named(error: io::Error, address: SocketAddr) -> io::Error {
    let message = if error.kind() == io::ErrorKind::AddrInUse {
        format!("the media port {address} is in use: stop the other program, or choose another port with --rtc-port")
    } else {
        format!("the media port {address} cannot be opened: {error}")
    };
    io::Error::new(error.kind(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(options: &Options) -> Plan {
        plan(options).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn loopback_is_all_that_is_opened_when_nobody_else_may_come() {
        let options = Options { loopback_only: true, advertised: vec![ip("203.0.113.1")], ..Options::default() };
        let bound: Vec<_> = planned(&options).into_iter().map(|(bound, _)| bound).collect();
        assert_eq!(bound, [ip("127.0.0.1"), ip("::1")]);
    }

    #[test]
    fn advertised_addresses_share_a_socket_of_their_family() {
        let advertised = vec![ip("203.0.113.1"), ip("2001:db8::1"), ip("198.51.100.1")];
        let options = Options { advertised, ..Options::default() };
        assert_eq!(
            planned(&options),
            [(ip("0.0.0.0"), vec![ip("203.0.113.1"), ip("198.51.100.1")]), (ip("::"), vec![ip("2001:db8::1")]),]
        );
        let only_v4 = Options { advertised: vec![ip("203.0.113.1")], ..Options::default() };
        assert_eq!(planned(&only_v4).len(), 1);
    }

    #[test]
    fn without_a_word_each_address_has_its_socket() {
        for (bound, advertised) in planned(&Options::default()) {
            assert_eq!(advertised, [bound]);
        }
    }

    #[test]
    fn says_which_port_is_in_use() {
        let taken = Ports::open(&Options { loopback_only: true, ..Options::default() }).unwrap();
        let port = taken.addresses()[0].address.port();
        let error = Ports::open(&Options { loopback_only: true, port, ..Options::default() }).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the media port 127.0.0.1:{port} is in use: stop the other program, or choose another port with --rtc-port"
            )
        );
    }
}
