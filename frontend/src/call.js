// The script of /callcenter/call-with-audio.
import { setLogLevel } from "livekit-client";
import { Page } from "./call/page.js";

// Its logs name rooms and people.
setLogLevel("warn");
new Page().start();
