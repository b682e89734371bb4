// In English.

export const strings = {
  you: "You",
  agent: "Agent",
  guest: "Guest",
  typed: "typed",
  muted: "muted",
  speaking: "speaking",

  check: "Check microphone",
  start: "Start call",
  starting: "Calling …",
  mute: "Mute",
  unmute: "Unmute",
  device: (number) => `Microphone ${number}`,
  levelHeard: "You can be heard.",
  levelWaiting: "Say something: the bar moves when you are heard.",
  levelMuted: "You are muted: nobody hears you.",
  levelSilent: "Nothing is heard from this microphone. Is it switched off, or is another one meant?",

  connection: {
    connecting: "Connecting …",
    connected: "Connected",
    reconnecting: "Connection lost, reconnecting …",
    rejoining: "Connection lost, calling again …",
  },
  quality: { poor: "Weak connection", lost: "No connection" },

  agentState: {
    absent: "Waiting for the agent …",
    initializing: "Getting ready …",
    listening: "Listening",
    thinking: "Thinking …",
    speaking: "Speaking",
    here: "In the call",
    gone: "Has left the call",
  },

  ended: {
    you: "You have ended the call.",
    agent: "The agent has ended the call.",
    elsewhere: "You have joined this call from another window.",
    removed: "You were removed from the call.",
    room: "The call was closed.",
    lost: "The connection was lost and did not come back.",
  },
  lasted: (time) => `It lasted ${time}.`,
  nowMuted: "You are muted.",
  nowUnmuted: "You can be heard again.",

  // What is wrong, what to do, and what the button does that comes with it.
  problems: {
    insecure: {
      title: "The microphone needs a secure connection.",
      advice: "Browsers allow it only on https pages and on localhost. Open this page by https, or call without a microphone.",
      action: "withoutMicrophone",
    },
    denied: {
      title: "The microphone is not allowed.",
      advice: "Allow it for this page in the browser's address bar and try again, or call without a microphone.",
      action: "withoutMicrophone",
    },
    missing: {
      title: "No microphone was found.",
      advice: "Plug one in and try again, or call without a microphone.",
      action: "withoutMicrophone",
    },
    occupied: {
      title: "The microphone cannot be used.",
      advice: "Another program may be using it. Close that and try again, or call without a microphone.",
      action: "withoutMicrophone",
    },
    away: {
      title: "The server does not answer.",
      advice: "Check your network, or try again in a moment.",
      action: "retry",
    },
    full: {
      title: "All lines are busy.",
      advice: "Please try again in a few minutes.",
      action: "retry",
    },
    often: {
      title: "Too many calls were begun from here.",
      advice: "Please try again in a minute.",
      action: "retry",
    },
    starting: {
      title: "The server is still starting.",
      advice: "The call begins by itself when it is ready.",
      action: "cancel",
    },
    stopping: {
      title: "The server is being restarted.",
      advice: "The call begins by itself when it is back.",
      action: "cancel",
    },
    refused: {
      title: "This call is not allowed.",
      advice: "You may need an invitation. Ask whoever runs this server.",
    },
    expired: {
      title: "This invitation has expired.",
      advice: "Ask whoever sent it to you for another one.",
    },
    blocked: {
      title: "The call cannot be connected.",
      advice: "Your network may block calls. Try another network, or ask whoever runs this server about its ports.",
      action: "retry",
    },
    nobody: {
      title: "No agent has come yet.",
      advice: "You can wait, or end the call and try again later.",
    },
    silent: {
      title: "Your browser holds the sound back.",
      advice: "",
      action: "sound",
    },
    unsent: {
      title: "Your message was not sent.",
      advice: "It is still there: send it again.",
    },
    failed: {
      title: "The call did not work.",
      advice: "Try again. If it happens again, load the page anew.",
      action: "retry",
    },
  },
  // What the agent cannot do, as it says itself (attribute `callstead.notice`), and who talks in its place.
  notices: {
    colleague: "A member of staff is talking with you now. The agent is silent meanwhile.",
    busy: "All lines are busy: nobody can answer you now. Please call again in a few minutes.",
    "typed-only": "The agent cannot hear you: type what you want to say. The answer is spoken.",
    unavailable: "The agent cannot answer at the moment. Please call again later.",
  },
  actions: {
    withoutMicrophone: "Call without a microphone",
    retry: "Try again",
    sound: "Turn on the sound",
    cancel: "Do not wait",
  },
};
