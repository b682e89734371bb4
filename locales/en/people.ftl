# Leads and customers: what their pages have in common, and what only customers have.
nav-customers = Customers
close = Close
the-agent = The agent
somebody-gone = Somebody who was deleted
days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}

customer-new = New customer
customer-user-id = Customer number
customer-user-id-hint = As your own books have it. One is made if you leave it empty.
customer-bank = Bank
customer-card = Card
customer-card-hint = Only the first six digits and the last four are kept.
customer-amount = Amount due
customer-due-month = Due month
customer-overdue = Days overdue
customer-overdue-from = Days overdue, at least
customer-search = Name, number, customer number, notes
customer-delete-sure = Delete this customer? What was said with them is kept, and for an hour you can undo it on the next page.
customers-empty = There are no customers yet. Add the first one, or import a list.

done-person-made = Saved.
done-person-saved = Your changes are saved.
done-person-deleted = Deleted. What was said is kept.
done-imported = The file is imported.
done-import-forgotten = The file is forgotten. Nothing was written.

# Beside the form: what passed, and what can be done.
passed = What passed
passed-nothing = Nothing has passed yet. Note something, write, or call.
passed-more = Show older
passed-open-call = Open the call
passed-call = Call
passed-sms = Text message
passed-note = Note
passed-inbound = they called
passed-outbound = from us
passed-outcome-invited = Invited to a call by a link
passed-outcome-caller-left = They hung up
passed-outcome-agent-left = The agent hung up
passed-outcome-completed = Everything was said
passed-outcome-silence = They were silent for too long
passed-outcome-too-long = It took too long
passed-outcome-room-closed = The call was closed
passed-outcome-busy = All lines were busy
passed-outcome-failed = It failed
passed-outcome-stopped = The server was stopped
passed-outcome-interrupted = The server ended in the middle of it

act-note = Note
act-note-do = Save the note
act-note-text = What is worth knowing
did-note = The note is saved.
act-sms = Text message
act-sms-do = Send
act-sms-text = Message
did-sms = The message is kept, and sent where this server can send.
act-callback = Callback
act-callback-do = Save the callback
act-callback-at = Call when
act-callback-why = Why
did-callback = The callback is saved.
act-promise = Promise to pay
act-promise-do = Save the promise
act-promise-amount = Amount
act-promise-by = By when
act-promise-note = Note
did-promise = The promise is saved.
act-block = Do not call
act-block-do = Put on the list
act-block-why = Why
act-block-hint = Nobody calls this number or writes to it any more, whoever it belongs to.
did-block = This number is on the do-not-call list.
act-unblock = Take off the list
act-unblock-do = Take off the list
act-unblock-why = Why they may be called again
act-unblock-hint = The audit log keeps it.
did-unblock = This number may be called again.

act-invite = Invite to a call
invitation-text = We would like to talk to you. Open this link to join the call:
invitation-until = Send them this link: it opens the call, until { $at }.
invitation-no-agent = No agent is there at this moment:

# The call with the agent, as it would call somebody.
agent-call = Agent call
agent-call-what = You talk with the agent in this browser as if you were this person. The call is kept like any other.
agent-call-knows = What the agent will know
agent-call-any-language = As the profile has it
agent-call-no-script = None: the profile's task
agent-call-start = Start call
agent-call-typing = Without a microphone
agent-call-mute = Mute
agent-call-unmute = Unmute
agent-call-end = End call
agent-call-transcript = What is said
agent-call-type = Type to the agent
agent-call-send = Send

# From a file.
import = Import
lead-import = Import leads
lead-import-what = A CSV file with a row for each lead; its first row names the columns. Nothing is written before you have seen what it does.
customer-import = Import customers
customer-import-what = A CSV file with a row for each customer; its first row names the columns. Nothing is written before you have seen what it does.
import-columns = Columns that are known, also by other names and in Arabic:
import-file = File, of 5 MiB at most
import-duplicate = Who is there already
import-duplicate-update = takes over what the file has
import-duplicate-skip = stays as it is
import-on-wrong = Rows that are wrong
import-on-wrong-refuse = stop the import
import-on-wrong-leave = are left out
import-mapping = What the columns are
import-mapping-none = not taken over
import-mapping-again = Look again with these columns
import-wrong-file = Download the wrong rows, to mend them
import-why = What is wrong
import-preview = See what it does
import-refused = This file cannot be taken: it { $name }.
import-would = { $count ->
    [one] What the file's one row ({ $count }) would do
   *[other] What the file's { $count } rows would do
}
import-create = New: { $count }
import-update = Changed: { $count }
import-skip = Left as they are: { $count }
import-error = Wrong: { $count }
import-ignored = These columns are not taken over:
import-ready = Nothing is written yet. This can be confirmed for half an hour.
import-confirm = Import it
import-discard = Forget it
import-wrong = Nothing can be imported while rows are wrong: mend them in the file and choose it again, or have them left out.
import-rows = Rows of the file
import-line = Line
import-does = What it does
import-row-create = New
import-row-update = Changes
import-row-skip = Nothing
import-row-error = Wrong
import-more = The first rows are shown, and those that are wrong.
