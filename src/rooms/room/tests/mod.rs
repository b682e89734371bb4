//! The room with real peers as clients, under simulated time.
