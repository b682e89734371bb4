//! Two shards behind one demultiplexer, in simulated time: datagrams are handed to it, no socket carries any.

use livekit_protocol::{signal_request::Message as Request, signal_response::Message};

use super::*;
use crate::{
    rooms::{outgoing, room::Output as RoomOutput},
    rtc::{
        net::{Inbox, Net, Options},
        peer::{Output, Side, Transport},
        sim::End,
    },
};

const CLIENT: &str = "198.51.100.7:40000";

struct Two {
    now: Instant,
    net: Net,
    inboxes: Vec<Inbox>,
    shards: Vec<Shard>,
    /// One in a room of each shard, all of them at the same address.
    clients: Vec<End>,
}

impl Two {
    fn new() -> Self {
        let options = Options { loopback_only: true, shards: 2, ..Options::default() };
        let (net, inboxes) = Net::start(&options).unwrap();
        let shard = |(index, inbox): (usize, &Inbox)| {
            let settings = Settings::new(net.addresses().to_vec(), inbox.ufrag_prefix.clone());
            let census = Arc::new(Census::default());
            let outlet = Outlet::new(net.sender(index), census.clone());
            Shard::new(Arc::new(settings), outlet, census, Listeners::default())
        };
        let shards = inboxes.iter().enumerate().map(shard).collect();
        let mut two = Self { now: Instant::now(), net, inboxes, shards, clients: Vec::new() };
        (0..2).for_each(|nth| two.join(nth));
        two
    }

    /// Somebody joins a room of this shard, and answers its offer.
    fn join(&mut self, nth: usize) {
        let room: RoomName = format!("room {nth}").parse().unwrap();
        let claims = Claims::new("ann".parse().unwrap(), room, SystemTime::now(), Duration::from_secs(60));
        let connection = ConnectionId(nth as u64);
        let ((sender, mut outgoing), (answer, _)) = (outgoing::queue(), oneshot::channel());
        let (version, request) = (SignalVersion::V0, Box::default());
        let join = Box::new(Join { connection, claims, version, request, outgoing: sender, answer });
        self.shards[nth].command(self.now, Command::Join(join));
        let offer = std::iter::from_fn(|| outgoing.try_recv()).find_map(|told| match told.message() {
            Some(Message::Offer(offer)) => Some(offer),
            _ => None,
        });
        let offer = offer.expect("the server offers its data channels");
        let mut client = End::new(self.now, Side::Client, CLIENT);
        let sdp = client.peer.accept_offer(self.now, &offer.sdp).unwrap();
        let answer = Request::Answer(proto::SessionDescription { sdp, id: offer.id, ..offer });
        let request = Box::new(proto::SignalRequest { message: Some(answer) });
        self.shards[nth].command(self.now, Command::Signal { connection, request });
        self.clients.push(client);
    }

    /// A client asks whether its peer is there.
    fn ask(&mut self, nth: usize) {
        for _ in 0..100 {
            self.now += Duration::from_millis(100);
            let client = &mut self.clients[nth].peer;
            client.handle_timeout(self.now);
            let sent = std::iter::from_fn(|| match client.poll() {
                Output::Timeout(_) => None,
                other => Some(other),
            });
            let requests = sent.filter_map(|output| match output {
                Output::Transmit(datagram) => Some(datagram),
                Output::Event(_) | Output::Timeout(_) => None,
            });
            let request = requests.into_iter().find(|sent| sent.transport == Transport::Udp && sent.ufrag().is_some());
            if let Some(request) = request {
                self.net.deliver(&request);
                let datagram = self.inboxes[nth].datagrams.try_recv().expect("requests go by their fragment");
                self.shards[nth].datagram(self.now, datagram);
                return;
            }
        }
        panic!("client {nth} does not ask");
    }

    /// Which shard is given the media that comes from the clients' address.
    fn owner(&self) -> Option<usize> {
        let (source, destination) = (CLIENT.parse().unwrap(), self.net.address());
        self.net.deliver(&Datagram { transport: Transport::Udp, source, destination, contents: vec![128, 111, 0] });
        self.inboxes.iter().position(|inbox| inbox.datagrams.try_recv().is_ok())
    }
}

#[test]
fn an_address_is_learnt_again_after_another_shard_had_it() {
    let mut two = Two::new();
    assert_eq!(two.owner(), None);
    for nth in [0, 1, 0, 0, 1] {
        two.ask(nth);
        assert_eq!(two.owner(), Some(nth));
    }
    let leave = Box::new(proto::SignalRequest { message: Some(Request::Leave(proto::LeaveRequest::default())) });
    two.shards[0].command(two.now, Command::Signal { connection: ConnectionId(0), request: leave });
    assert_eq!(two.owner(), Some(1), "what another shard has learnt since is not forgotten");
}

#[test]
fn who_does_not_take_large_messages_loses_the_connection() {
    let mut two = Two::new();
    let (connection, outlet) = (ConnectionId(9), &mut two.shards[0].outlet);
    let (sender, mut outgoing) = outgoing::queue();
    outlet.seat(connection, Seat { room: RoomKey(0), outgoing: sender });
    let response = Arc::new(proto::SignalResponse { message: Some(Message::RefreshToken("x".repeat(1024 * 1024))) });
    for _ in 0..100 {
        outlet.take(RoomKey(0), RoomOutput::Signal { connection, response: response.clone() });
    }
    assert_eq!(outlet.take_lagging(), [connection]);
    assert_eq!(outlet.room_of(connection), None);
    assert_eq!(std::iter::from_fn(|| outgoing.try_recv()).count(), 7, "8 MiB, less a few bytes of each");
}
