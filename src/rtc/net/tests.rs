//! Real sockets on loopback.

use std::{
    io::{Read, Write},
    net::{TcpStream, UdpSocket},
    time::Duration,
};

use super::*;
use crate::rtc::peer::{Event, Kind, Msid, Options as PeerOptions, Output, Peer, Side};

const WAIT: Duration = Duration::from_secs(10);

fn start(shards: usize) -> (Net, Vec<Inbox>) {
    Net::start(&Options { loopback_only: true, shards, ..Options::default() }).unwrap()
}

fn address(net: &Net, transport: Transport) -> SocketAddr {
    net.addresses().iter().find(|local| local.transport == transport).unwrap().address
}

fn request(ufrag: &str) -> Vec<u8> {
    let name = format!("{ufrag}:you");
    let mut contents = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    contents.extend([0; 12]);
    contents.extend([0, 6, 0, u8::try_from(name.len()).unwrap()]);
    contents.extend(name.bytes());
    contents
}

#[test]
fn udp_goes_both_ways_to_the_right_shard() {
    let (net, inboxes) = start(2);
    let server = address(&net, Transport::Udp);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(WAIT)).unwrap();
    // Before it is known, media is dropped: the request overtakes it.
    client.send_to(&[128, 111, 0], server).unwrap();
    client.send_to(&request(&inboxes[1].ufrag_prefix), server).unwrap();
    let first = inboxes[1].datagrams.recv_timeout(WAIT).unwrap();
    assert_eq!((first.source, first.destination), (client.local_addr().unwrap(), server));
    assert_eq!(first.ufrag(), Some(inboxes[1].ufrag_prefix.as_str()));
    let sender = net.sender(1);
    sender.learn(first.transport, first.source);
    client.send_to(&[128, 111, 1], server).unwrap();
    assert_eq!(inboxes[1].datagrams.recv_timeout(WAIT).unwrap().contents, [128, 111, 1]);
    assert!(inboxes[0].datagrams.is_empty());
    let Datagram { source, destination, .. } = first;
    sender.send(&Datagram { source: destination, destination: source, contents: vec![1, 2, 3], ..first });
    let mut buffer = [0; 16];
    assert_eq!(client.recv_from(&mut buffer).unwrap(), (3, server));
}

/// Behind a router: what comes to any of this machine's addresses was sent to the advertised one.
#[test]
fn an_advertised_address_need_not_be_ours() {
    let advertised = vec!["203.0.113.9".parse().unwrap()];
    let (net, inboxes) = Net::start(&Options { advertised, shards: 1, ..Options::default() }).unwrap();
    let public = address(&net, Transport::Udp);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(WAIT)).unwrap();
    client.send_to(&request("00abc"), ("127.0.0.1", public.port())).unwrap();
    let first = inboxes[0].datagrams.recv_timeout(WAIT).unwrap();
    assert_eq!(first.destination, SocketAddr::from(([203, 0, 113, 9], public.port())));
    net.sender(0).send(&Datagram { source: public, destination: first.source, contents: vec![5], ..first });
    assert_eq!(client.recv(&mut [0; 16]).unwrap(), 1);
}

#[test]
fn tcp_goes_both_ways_in_frames_and_ends_when_forgotten() {
    let (net, inboxes) = start(1);
    let server = address(&net, Transport::Tcp);
    let mut client = TcpStream::connect(server).unwrap();
    client.set_read_timeout(Some(WAIT)).unwrap();
    let packet = request(&inboxes[0].ufrag_prefix);
    let mut framed = u16::try_from(packet.len()).unwrap().to_be_bytes().to_vec();
    framed.extend(&packet);
    client.write_all(&framed[..5]).unwrap();
    client.write_all(&framed[5..]).unwrap();
    client.write_all(&framed).unwrap();
    for _ in 0..2 {
        let datagram = inboxes[0].datagrams.recv_timeout(WAIT).unwrap();
        assert_eq!((datagram.transport, &datagram.contents), (Transport::Tcp, &packet));
    }
    let peer = client.local_addr().unwrap();
    let sender = net.sender(0);
    sender.learn(Transport::Tcp, peer);
    let contents = vec![9; 700];
    sender.send(&Datagram { transport: Transport::Tcp, source: server, destination: peer, contents });
    let mut frame = [0; 702];
    client.read_exact(&mut frame).unwrap();
    assert_eq!((&frame[..2], &frame[2..]), (&[2, 188][..], &[9; 700][..]));
    sender.forget(Transport::Tcp, peer);
    assert_eq!(client.read(&mut frame).unwrap(), 0, "closed");
}

#[test]
fn what_is_no_media_loses_its_connection() {
    let (net, _inboxes) = start(1);
    let mut client = TcpStream::connect(address(&net, Transport::Tcp)).unwrap();
    client.set_read_timeout(Some(WAIT)).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let end = client.read(&mut [0; 16]);
    assert!(matches!(&end, Ok(0)) || end.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset));
}

#[test]
fn the_port_is_free_once_all_is_dropped() {
    let (net, inboxes) = start(1);
    let port = net.address().port();
    let sender = net.sender(0);
    let again = Options { port, loopback_only: true, shards: 1, ..Options::default() };
    drop((net, inboxes));
    assert_eq!(Net::start(&again).unwrap_err().kind(), io::ErrorKind::AddrInUse, "a sender is left");
    drop(sender);
    Net::start(&again).unwrap();
}

/// A whole peer behind the sockets: a client by another socket connects, over either transport's candidates.
#[test]
fn a_peer_connects_over_real_sockets() {
    let (net, inboxes) = start(1);
    let sender = net.sender(0);
    let now = std::time::Instant::now;
    let options = PeerOptions {
        side: Side::Server,
        ufrag: Some(format!("{}peer", inboxes[0].ufrag_prefix)),
        addresses: net.addresses().to_vec(),
    };
    let mut server = Peer::new(now(), &options);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let local = LocalAddress { transport: Transport::Udp, address: socket.local_addr().unwrap() };
    let mut client = Peer::new(now(), &PeerOptions { side: Side::Client, ufrag: None, addresses: vec![local] });
    server.add_sender(Kind::Audio, Msid { stream: "PA_1|TR_1".into(), track: "TR_1".into() });
    let offer = server.offer(now()).unwrap();
    let answer = client.accept_offer(now(), &offer).unwrap();
    server.accept_answer(now(), &answer).unwrap();

    let (mut connected, end) = ([false; 2], now() + WAIT);
    while connected != [true; 2] {
        assert!(now() < end, "not connected in time");
        while let Ok(datagram) = inboxes[0].datagrams.try_recv() {
            assert!(server.accepts(&datagram));
            sender.learn(datagram.transport, datagram.source);
            server.handle_datagram(now(), &datagram);
        }
        let mut buffer = [0; 2048];
        if let Ok((length, source)) = socket.recv_from(&mut buffer) {
            let (transport, destination) = (Transport::Udp, local.address);
            let contents = buffer[..length].to_vec();
            client.handle_datagram(now(), &Datagram { transport, source, destination, contents });
        }
        for (end, peer) in [&mut server, &mut client].into_iter().enumerate() {
            peer.handle_timeout(now());
            loop {
                match peer.poll() {
                    Output::Transmit(datagram) if end == 0 => sender.send(&datagram),
                    Output::Transmit(datagram) => drop(socket.send_to(&datagram.contents, datagram.destination)),
                    Output::Event(event) => connected[end] |= matches!(event, Event::Connected),
                    Output::Timeout(_) => break,
                }
            }
        }
    }
}
