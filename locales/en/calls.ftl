# Calls: the table, one call, and one that is under way.
nav-calls = Calls

calls-search = Name of the caller, or room
calls-since = Since
calls-export = Export as CSV
calls-empty = Nobody has called yet. Whoever opens the caller's page talks with the agent.
calls-try = Open the caller's page

call-about = About the call
call-caller = Caller
call-started = Began
call-answered = Answered
call-length = Length
call-goes-on = Goes on
call-with = With
call-do-not-call = Do not call
call-direction = Way
call-direction-inbound = They called
call-direction-outbound = We called
call-medium-voice = aloud
call-medium-text = in writing
call-language = Language
call-language-recognised = Recognised
call-profile = Agent profile
call-script = Script
call-script-version = version { $count }
call-room = Room
call-seconds = after { $count } s
call-outcome = Outcome
call-outcome-hint = In a word or two of your own: promised, wrong number.

call-end = End
call-end-caller-left = The caller left
call-end-agent-left = The agent hung up
call-end-completed = Completed
call-end-silence = Silence
call-end-too-long = Took too long
call-end-room-closed = Room closed
call-end-busy = All lines busy
call-end-ended-by-staff = Ended by staff
call-end-failed = Failed
call-end-stopped = Server stopped
call-end-interrupted = Cut off

call-said = What was said
call-nothing-said = Nobody has said anything.
call-erased = What was said is erased.
call-who-caller = Caller
call-who-agent = Agent
call-interrupted = Interrupted
call-interrupted-after = Interrupted; { $count } s were heard
call-waterfall = How the answer came about, since the caller's last word
call-step-end-of-turn = End of turn
call-step-transcript = Transcript
call-step-first-words = First words
call-step-first-clause = First clause
call-step-first-audio = First sound
call-step-all-audio = All sound
call-tokens = { $prompt } tokens read, { $cached } of them cached; { $generated } made

call-agreed = What was agreed
call-promise = A promise: { $amount } by { $day }
promise-is-open = Open
promise-is-kept = Kept
promise-is-broken = Broken
call-callback = A callback: { $name }
callback-is-open = Open
callback-is-done = Done
callback-is-dropped = Dropped

call-now = Now
call-state-initializing = Not ready yet
call-state-listening = Listens
call-state-thinking = Thinks
call-state-speaking = Speaks
call-step-now = Where the script is
call-graph = The steps of the script; the present one is marked
call-say-words = A line for the agent to say
call-say-hint = It is said as soon as nobody else speaks, and not interrupted.
call-say = Say it
call-end-it = End the call
call-end-sure = End this call? The agent says goodbye and hangs up. This cannot be undone.
call-delete-sure = Delete this call and what was said in it, for good? This cannot be undone.

done-call-saved = The outcome is saved.
done-call-deleted = The call is deleted.
done-call-said = The agent will say it.
done-call-ending = The agent is saying goodbye.

# What calls came to: the outcomes of our scripts.
outcome-callback = Call back
outcome-cancelled = Cancelled
outcome-complaint = Complaint
outcome-confirmed = Confirmed
outcome-disputed = Disputed
outcome-do-not-call = Do not call
outcome-done = Done
outcome-handed-over = Handed over
outcome-moved = Moved
outcome-no-answer = No answer
outcome-no-data = Data missing
outcome-not-interested = Not interested
outcome-promised = Promised to pay
outcome-qualified = Qualified
outcome-refused = Refused
outcome-urgent = Urgent
outcome-wrong-person = Wrong person
