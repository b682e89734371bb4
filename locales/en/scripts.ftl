# Scripts: what agents say and ask, step by step.
nav-scripts = Scripts
script-new = New script
script-search = Name or description
script-name = Name
script-language = Language
script-description = What it is for
script-content = Text
script-content-hint = A guided script is TOML, with a [[step]] for each thing that is said or asked. A text without steps is what a language model is told.
script-live = Live
script-live-is = Version { $count } is live
script-live-none = Not live
script-live-box = New calls run this version
script-live-hint = Without this the new version is a draft. What is live now stays live.
script-latest = Latest
script-version = Version { $count }
scripts-empty = There are no scripts yet. Begin with one of ours and change it, or with a blank one.

script-begin = Begin with one of these and change it as you like. Each has tests of its own.
script-begin-blank = Blank script
script-begin-blank-about = A greeting, a question and an end, to build on.
script-check = Check
script-faults = { $count ->
    [one] { $count } fault: calls cannot run this text.
   *[other] { $count } faults: calls cannot run this text.
}
script-line = line { $count }
script-no-faults = No faults.
script-not-guided = This text has no steps: a language model is told it as it is. Nothing is checked.
script-drawing = Steps
script-no-drawing = The drawing comes when the text has steps and no faults.
script-steps = { $count ->
    [one] { $count } step as a list
   *[other] { $count } steps as a list
}
script-task-say = says
script-task-ask = asks
script-task-converse = talks freely
script-task-branch = decides
script-task-set = notes a value
script-task-tool = asks a program
script-task-record = writes down
script-task-transfer = hands over
script-task-end = ends
script-way-refusal = refuses
script-way-silence = is silent
script-way-other = is not understood
script-way-human = wants a person
script-way-later = wants a call later
script-way-wrong-number = is somebody else
script-way-stop = wants no more calls
script-way-missing = a value is missing
script-way-failed = the program does not answer

script-save-as = Save as version { $count }
script-older = The editor holds version { $count }. Save it to make it the latest one.
leave-sure = What you wrote is not saved. Leave it?
script-merge = Somebody else has saved another text
script-merge-about = Lines with − are stored now, lines with + are yours. Save again to keep yours as the next version, or take what is stored.
script-merge-take = Take what is stored

script-versions = Versions
script-version-column = Version
script-saved-by = Saved by
script-saved-at = When
script-size = Size
script-bytes = { $count } bytes
script-saved = Saved by { $name },
script-go-live = Take live
script-go-live-version = Take version { $count } live
script-unlive = Take off
script-unlive-sure = Shall no version be live? New calls are not led by this script then. You can undo it on the next page.
script-used-by = The agent profile “{ $name }” runs this script: it cannot be deleted.
script-edit-version = Edit this text
script-compare = Compare with
script-compare-do = Compare
script-differences = Differences
script-same = The two texts are the same.
script-delete-sure = Delete this script and its versions? Calls that ran it keep their record, and for an hour you can undo it on the next page.
script-copy-of = { $name } (copy)
duplicate = Duplicate
actions = Actions

script-chat = Try it in writing
script-chat-about = Talk with the text as it stands above, saved or not. You are the caller. Nothing is stored, and nobody is called.
script-chat-open = Try it
script-chat-known = What is known of the caller
script-chat-begin = Begin
script-value-wrong = This is no value of its kind.
script-kind-text = text
script-kind-name = name
script-kind-money = amount, such as 250
script-kind-date = day
script-kind-time = time
script-kind-date-time = day and time
script-kind-phone = telephone number
script-kind-card = last digits of a card
script-kind-digits = digits
script-kind-number = number
script-kind-yes-no = yes or no
script-mend-first = This text cannot be run: it has faults, or no steps. Mend it first.
script-agent = Agent
script-caller = Caller
script-silence = (says nothing)
script-free = (free conversation)
script-at = At step
script-outcome = Outcome
script-say = What the caller says
script-send = Send
script-say-nothing = Say nothing
script-again = From the beginning
script-other-caller = Another caller
script-act-promise = Promise: { $amount } on { $day }
script-act-callback-at = Call back on { $day }, { $time }: { $reason }
script-act-callback = Call back: { $reason }
script-act-do-not-call = Never call again
script-act-outcome = Outcome so far: { $outcome }
script-act-note = Note: { $note }
script-trouble-missing = Step { $step } has no value for { $variable }
script-trouble-no-answer = The program that step { $step } asks did not answer
script-trouble-no-thought = The language model had no answer at step { $step }
script-trouble-not-understood = The caller was not understood at step { $step }
script-trouble-restless = The script did not come to rest at step { $step }
script-trouble-too-long = The caller spoke too often

script-simulated = Simulated callers
script-simulated-about = Runs the tests in the text, and one caller of each manner. It takes a moment.
script-simulate = Run
script-test = Test
script-manner = Manner
script-turns = Turns
script-passed = Passed
script-failed = Failed
script-any-caller = Caller without a test
script-what-was-said = What was said
script-endless = did not end
script-no-tests = This text has no tests. Write a [[test]] for what must never go wrong.
script-tests-passed = { $count ->
    [one] The test passed.
   *[other] All { $count } tests passed.
}
script-tests-failed = { $count } of { $all } tests failed.
script-persona-cooperative = answers as expected
script-persona-terse = says little
script-persona-rambling = wanders from the subject
script-persona-refusing = does not want to answer
script-persona-silent = says nothing
script-persona-hostile = swears and gives orders

done-script-made = The script is saved.
done-script-saved = The script is saved.
done-script-live = New calls run this version now.
done-script-not-live = No version is live now.
done-script-faulty = This version has faults and cannot go live: they stand beside the text. What was live is still live.
done-script-copied = This is the copy. No version of it is live.
done-script-deleted = The script is deleted.
