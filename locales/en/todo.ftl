# Promises, callbacks, numbers that nobody calls, messages on their way out.
nav-promises = Promises
nav-callbacks = Callbacks
nav-do-not-call = Do not call
nav-sms = Text messages

due = Due
due-today = today
due-past = overdue
due-until = Due until
due-until-today = Due today or before
agreed-who = With whom
agreed-state = State
agreed-open = Show all that are open

promise-what = What was promised
promise-none-open = No promise is open. The agent notes them in calls, and you on the page of a lead or customer.
promise-state-open = Open
promise-state-kept = Kept
promise-state-broken = Broken
promise-make-kept = It was kept
promise-make-broken = It was broken
promise-make-open = Open again
done-promise-changed = Noted.

callback-what = Why
callback-none-open = No callback is open. The agent notes them in calls, and you on the page of a lead or customer.
callback-state-open = Open
callback-state-done = Done
callback-state-dropped = Dropped
callback-make-done = Done
callback-make-dropped = Drop it
callback-make-open = Open again
done-callback-changed = Noted.

blocked-what = Nobody calls these numbers or writes to them, from whatever page or program.
blocked-search = Telephone number
blocked-not-this = This number is not on the list: it may be called.
blocked-nobody = No number is on the list. Add one below when somebody asks not to be called.
blocked-add = Add a number
blocked-by = By
blocked-since = Since
blocked-erased = A number that was erased
blocked-notice = This number must not be called or written to.
done-blocked = The number is on the list.
done-unblocked = The number is off the list. It may be called again.

sms-not-sending = This server has no transport for text messages: they are kept here, and not sent. An administrator sets one in the configuration (sms.transport).
sms-none = There are no text messages yet. Write one on the page of a lead or customer.
sms-to = To
sms-written = Written
sms-next = Next try:
sms-state = State
sms-state-held = Held
sms-state-queued = Waiting
sms-state-sending = Being sent
sms-state-sent = Sent
sms-state-delivered = Delivered
sms-state-failed = Failed
sms-state-blocked = Blocked
sms-state-unknown = Perhaps sent
sms-retry = Send again
sms-retry-sure = This message may have been sent already. Send it once more? This cannot be undone.
sms-take-back = Take back
sms-take-back-sure = Take this message back? It is not sent then. This cannot be undone: it would have to be written anew.
done-sms-queued = The message is about to be sent.
done-sms-taken-back = The message is taken back.
